"""What each kind of field accepts: as text from a form or a command line, as a value from JSON."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from frontdesk.errors import InputError

WHOLE = "Write a whole number, such as 42."
REAL = "Write a number with a point, such as 0.01."
NUMBER = "Write a number, such as 42 or 0.01."
BOOLEAN = "Write true or false."
DATE = "Write a date as year-month-day, such as 2024-03-31."
DATETIME = "Write a date and a time, such as 2024-03-31T14:30."
JSON = 'Write JSON, such as {"a": 1}.'
TEXT = "Write a text."
FILE = "Send a file."
IMAGE = "Send a picture: PNG, JPEG or WebP."

_TRUE = {"true", "1", "on", "yes"}
_FALSE = {"false", "0", "off", "no"}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|z|[+-][0-9]{2}:?[0-9]{2})?"
)
_FILE = re.compile(r"/api/files/[0-9a-f]{64}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGITS = 1000
"""Numbers with more digits than this are no numbers that a person means."""
_DEPTH = 100
"""JSON that is nested more deeply than this is refused, before it exhausts the stack."""


def parse(kind: str, text: str) -> Any:
    """The value that `text` stands for. Raises InputError with a sentence that says what to write."""
    try:
        return _PARSERS[kind](text)
    except KeyError:
        raise InputError(f"There is no kind {kind}.") from None


def check(kind: str, value: Any) -> Any:
    """The value of `kind` that a JSON value is; texts stand for the kinds that JSON does not have."""
    if isinstance(value, str) and kind in _FROM_TEXT:
        return parse(kind, value)
    return _CHECKS[kind](value)


def decimal(text: str) -> Decimal:
    """An exact decimal number."""
    text = text.strip()
    if not _REAL.fullmatch(text) or len(text) > _DIGITS:
        raise InputError(NUMBER)
    return Decimal(text)


def text(value: Any) -> str:
    """The text itself, unless it holds what no database and no page can keep."""
    if not isinstance(value, str):
        raise InputError(TEXT)
    if "\0" in value:
        raise InputError("Remove the NUL character (\\u0000); it cannot be kept.")
    if _SURROGATE.search(value):
        raise InputError("Remove the half character (a lone surrogate); it is no text.")
    return value


def _parse_integer(text: str) -> int:
    text = text.strip()
    if not _WHOLE.fullmatch(text) or len(text) > _DIGITS:
        raise InputError(WHOLE)
    return int(text)


def _parse_real(text: str) -> float:
    text = text.strip()
    if not _REAL.fullmatch(text) or len(text) > _DIGITS or not math.isfinite(float(text)):
        raise InputError(REAL)
    return float(text)


def _parse_number(text: str) -> int | float:
    try:
        return _parse_integer(text) if _WHOLE.fullmatch(text.strip()) else _parse_real(text)
    except InputError:
        raise InputError(NUMBER) from None


def _parse_boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise InputError(BOOLEAN)
    return word in _TRUE


def _parse_date(text: str) -> date:
    return date.fromisoformat(_matched(_DATE, text, DATE))


def _parse_datetime(text: str) -> datetime:
    return datetime.fromisoformat(_matched(_DATETIME, text, DATETIME).upper())


def _matched(pattern: re.Pattern[str], text: str, sentence: str) -> str:
    text = text.strip()
    try:
        if pattern.fullmatch(text):
            datetime.fromisoformat(text.upper())
            return text
    except ValueError:
        pass
    raise InputError(sentence)


def _parse_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, character {error.colno}"
        raise InputError(f"{JSON[:-1]}: {error.msg} at {place}.") from None
    except (ValueError, RecursionError):
        raise InputError(JSON) from None
    return _check_json(value)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _parse_any(given: str) -> Any:
    try:
        return _parse_json(given)
    except InputError:
        return text(given)


def _check_json(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH:
        raise InputError(f"Write JSON that is nested at most {_DEPTH} levels deep.")
    if isinstance(value, str):
        text(value)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            text(name)
            _check_json(item, depth + 1)
    elif isinstance(value, Sequence):
        for item in value:
            _check_json(item, depth + 1)
    return value


def _check_integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(WHOLE)
    return value


def _check_real(value: Any) -> float:
    try:
        return float(_check_number(value))
    except OverflowError:
        raise InputError(REAL) from None


def _check_number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(REAL)
    return value


def _check_boolean(value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    raise InputError(BOOLEAN)


def _check_date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise InputError(DATE)


def _check_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    raise InputError(DATETIME)


def _check_file(value: Any) -> dict[str, str]:
    """A kept file, or one that comes along: `{"$file": "/api/files/SHA256"}`, with its name and type where known."""
    if not isinstance(value, Mapping) or not isinstance(value.get("$file"), str) or not _FILE.fullmatch(value["$file"]):
        raise InputError(FILE)
    known = {name: value[name] for name in ("$file", "name", "type") if name in value}
    if len(known) < len(value):
        raise InputError('Name a kept file as {"$file": "/api/files/SHA256"}.')
    return {name: text(item) for name, item in known.items()}


def _check_image(value: Any) -> dict[str, str]:
    try:
        return _check_file(value)
    except InputError as error:
        raise InputError(IMAGE if error.message == FILE else error.message) from None


def _parse_file(text: str) -> dict[str, str]:
    return _check_file({"$file": text.strip()})


def _parse_image(text: str) -> dict[str, str]:
    return _check_image({"$file": text.strip()})


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": text,
    "integer": _parse_integer,
    "real": _parse_real,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "datetime": _parse_datetime,
    "choice": text,
    "json": _parse_json,
    "group": _parse_json,
    "any": _parse_any,
    "file": _parse_file,
    "image": _parse_image,
}
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": text,
    "integer": _check_integer,
    "real": _check_real,
    "number": _check_number,
    "boolean": _check_boolean,
    "date": _check_date,
    "datetime": _check_datetime,
    "choice": _check_json,
    "json": _check_json,
    "group": _check_json,
    "any": _check_json,
    "file": _check_file,
    "image": _check_image,
}
_FROM_TEXT = {"integer", "real", "number", "boolean", "date", "datetime"}
