"""Frontdesk: a team's tables, typed functions, models and their logs behind one sign-in, joined by one id.

Importing it imports no third-party package; each name brings its own room when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontdesk.desk.desks import Desk as Desk
    from frontdesk.errors import Error as Error
    from frontdesk.functions.marks import function as function
    from frontdesk.functions.media import File as File
    from frontdesk.functions.media import Image as Image
    from frontdesk.functions.media import Label as Label
    from frontdesk.functions.progress import progress as progress
    from frontdesk.history.capture import connect as connect
    from frontdesk.logs.handlers import logging_handler as logging_handler

__version__ = "0.1.0"

_PLACES = {
    "Desk": "frontdesk.desk.desks",
    "Error": "frontdesk.errors",
    "File": "frontdesk.functions.media",
    "Image": "frontdesk.functions.media",
    "Label": "frontdesk.functions.media",
    "connect": "frontdesk.history.capture",
    "function": "frontdesk.functions.marks",
    "logging_handler": "frontdesk.logs.handlers",
    "progress": "frontdesk.functions.progress",
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'frontdesk' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
