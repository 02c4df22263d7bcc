"""`frontdesk.progress(done, total)`: how far the run has come, for the page that shows it.

People's files import this: what it needs is imported only once there is a run.
"""

import time
from typing import TYPE_CHECKING, Any

from frontdesk import context

if TYPE_CHECKING:
    from frontdesk.config import Config

PAUSE = 0.2
"""Seconds between two writes."""

config: "Config | None" = None
"""The desk of this worker; elsewhere there is no run whose progress could be told."""

_state: Any = None
_last = 0.0


def progress(done: float, total: float | None = None) -> None:
    """Tells how much is done, of how much in total; outside a run it does nothing."""
    global _state, _last
    run, now = context.run.get(), time.monotonic()
    if run is None or config is None or (now - _last < PAUSE and done != total):
        return
    from frontdesk.database import state
    from frontdesk.functions import runs

    _state = _state or state.open(config)
    _last = now
    runs.tell_progress(_state, run, done, total)
