"""Stored values made those of another kind, where nothing is lost; said to be none where something would be."""

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

Convert: TypeAlias = Callable[[Any], Any]
"""Makes of a stored value, never NULL, one of a kind. Raises ValueError with the reason why it is none."""

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,18})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?", re.ASCII)
_WORDS = {"true": 1, "false": 0, "1": 1, "0": 0}
_EXACT = 2**53
_LARGEST = 2**63


def shown(value: Any) -> str:
    """A value as a sentence says it."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return f"{value[:40]!r}" if isinstance(value, str) else str(value)


def to(kind: str) -> Convert:
    """What makes a value one of this kind."""
    return _TO.get(kind, _same)


def _same(value: Any) -> Any:
    return value


def _refuse(value: Any, what: str) -> ValueError:
    return ValueError(f"{shown(value)} is no {what}.")


def _integer(value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value) and value != "-0" and -_LARGEST <= int(value) < _LARGEST:
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.0+", value, re.ASCII):
        return _integer(value.partition(".")[0])
    raise _refuse(value, "whole number")


def _real(value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and abs(value) <= _EXACT:
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        found = float(value)
        if math.isfinite(found) and Decimal(repr(found)) == Decimal(value):
            return found
        raise ValueError(f"{shown(value)} has more digits than a real number holds.")
    raise _refuse(value, "number")


def _number(value: Any) -> Any:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise _refuse(value, "number")
        whole = _WHOLE.fullmatch(value) and value != "-0" and -_LARGEST <= int(value) < _LARGEST
        return int(value) if whole else _real(value)
    if isinstance(value, bytes):
        raise _refuse(value, "number")
    return value


def exact(value: Any) -> Any:
    """A number with all its digits, as PostgreSQL's numeric keeps them."""
    if isinstance(value, bytes) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise _refuse(value, "number")
    return value


def _boolean(value: Any) -> int:
    found = _WORDS.get(value.lower()) if isinstance(value, str) else value
    if found not in (0, 1) or isinstance(found, bytes):
        raise _refuse(value, "true and no false")
    return int(found)


def _date(value: Any) -> str:
    midnight = isinstance(value, str) and _MIDNIGHT.fullmatch(value)
    text = midnight[1] if midnight else value
    try:
        if isinstance(text, str) and _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise _refuse(value, "date such as 2026-01-31")


def _datetime(value: Any) -> str:
    text = f"{value} 00:00:00" if isinstance(value, str) and _DAY.fullmatch(value) else value
    try:
        if isinstance(text, str) and _TIME.fullmatch(text):
            datetime.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise _refuse(value, "time such as 2026-01-31 17:30:00")


def _json(value: Any) -> str:
    text = str(value) if type(value) is int else repr(value) if isinstance(value, float) else value
    try:
        if isinstance(text, str):
            json.loads(text, parse_constant=_no_constant)
            return text
    except (ValueError, RecursionError):
        pass
    raise _refuse(value, "JSON")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        return value if isinstance(value, str) else repr(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{shown(value)} are no text.") from None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode()


_TO: dict[str, Convert] = {
    "integer": _integer,
    "real": _real,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "json": _json,
    "text": _text,
    "file": _bytes,
}
