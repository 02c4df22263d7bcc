"""Which records a person asks for: read from text, as an address or a command line holds it."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from frontdesk.config import LEVELS
from frontdesk.database.values import now
from frontdesk.errors import InputError

_RELATIVE = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_REQUEST = re.compile(r"[0-9a-f]{1,16}")
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


@dataclass(frozen=True)
class Filter:
    """Which records: `level` means at least, `logger` with its children, `text` without regard to case."""

    level: str = ""
    logger: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    run: int | None = None
    request: str = ""
    user: str = ""


def parse(given: Mapping[str, str]) -> Filter:
    """The filter of texts such as `{"level": "warning", "since": "15m"}`. Raises InputError naming every wrong one."""
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, text in given.items():
        read = _READ.get(name)
        if read is None:
            wrong[name] = f"Unknown here; known: {', '.join(_READ)}."
        elif "\0" in text:
            wrong[name] = "Leave out the sign NUL (U+0000)."
        elif text:
            try:
                found[name] = read(text)
            except (ValueError, OverflowError) as error:
                wrong[name] = str(error)
            except InputError as error:
                wrong[name] = error.message
    if wrong:
        raise InputError(errors=wrong)
    return Filter(**found)


def level_number(level: str) -> int:
    """The number of a level's name, in any case. Raises InputError."""
    name = level.strip().upper()
    if name not in LEVELS:
        raise InputError(errors={"level": f"Write one of {', '.join(LEVELS)}."})
    return logging.getLevelNamesMapping()[name]


def _level(text: str) -> str:
    level_number(text)
    return text.strip().upper()


def _moment(text: str) -> datetime:
    """`15m`, `2h` and `7d` before now, a date, or RFC 3339; without a zone it is UTC."""
    if relative := _RELATIVE.fullmatch(text):
        return now() - timedelta(**{_UNITS[relative[2]]: int(relative[1])})
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub("+", text))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except ValueError as error:
        raise ValueError("Write 15m, 2h or 7d, or a time such as 2026-01-31T14:30:00Z.") from error


def _run(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("Write a run's number, such as 4812.")
    return int(text)


def _request(text: str) -> str:
    if not _REQUEST.fullmatch(text):
        raise ValueError("Write a request's id of 16 hexadecimal digits.")
    return text


_READ: dict[str, Callable[[str], Any]] = {
    "level": _level,
    "logger": str,
    "text": str,
    "since": _moment,
    "until": _moment,
    "run": _run,
    "request": _request,
    "user": str,
}
