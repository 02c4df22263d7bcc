"""The version of a schema that was read last, taken for the present one for a second."""

import threading
import time
from collections.abc import Hashable
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

LOOK_SECONDS = 1.0
"""How old the known version of a schema may be, where one only reads."""

_known: WeakKeyDictionary[Engine, tuple[float, Hashable]] = WeakKeyDictionary()
_looking = threading.Lock()


def known(engine: Engine) -> Hashable | None:
    """The version of the engine's schema, where it was read just now."""
    with _looking:
        read, version = _known.get(engine, (float("-inf"), None))
    return version if time.monotonic() - read < LOOK_SECONDS else None


def keep(engine: Engine, version: Hashable) -> None:
    """Takes this version, read now, for the engine's schema."""
    with _looking:
        _known[engine] = time.monotonic(), version


def forget() -> None:
    """Has the next one who reads look whether the schema has changed."""
    with _looking:
        _known.clear()
