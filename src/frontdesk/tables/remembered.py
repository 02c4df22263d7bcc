"""What is read from the state for every page of rows: kept in memory until anybody has written there."""

import threading
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

from frontdesk.database.connections import Database

MOST = 5000
"""Answers that are kept."""

_known: WeakKeyDictionary[Database, tuple[Hashable, dict[Hashable, Any]]] = WeakKeyDictionary()
_lock = threading.Lock()


def read(state: Database, question: Hashable, answer: Callable[[], Any]) -> Any:
    """The answer to a question about the state, asked again only when something was written since.

    On a server, where to ask whether something was written takes as long, it is always asked.
    """
    if state.dialect != "sqlite":
        return answer()
    stamp = state.stamp()
    with _lock:
        kept = _known.get(state)
        if kept is None or kept[0] != stamp or len(kept[1]) > MOST:
            kept = _known[state] = (stamp, {})
    if question not in kept[1]:
        kept[1][question] = answer()
    return kept[1][question]
