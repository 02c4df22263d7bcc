"""The one way in which a value is written whatever engine it comes from: so that two databases can be compared."""

import hashlib
import json
import marshal
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from frontdesk.database.outlines import Form
from frontdesk.database.values import Undecoded

Read: TypeAlias = Callable[[Any], Any]
Row: TypeAlias = Sequence[Any]

_PLAIN: dict[str, type] = {
    "integer": int,
    "boolean": int,
    "real": float,
    "text": str,
    "bytes": bytes,
    "uuid": str,
    "json": str,
}
"""Forms whose values are as they are, by the type that they then have."""
_WHOLE = 2**63
_DAY_BEYOND = re.compile(r"-?infinity|\d{5,}-\d\d-\d\d|\d{4,}-\d\d-\d\d BC")
_TIME_BEYOND = re.compile(
    r"-?infinity|(?:\d{5,}|\d{4}(?=.* BC$))-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?:\+00)?(?: BC)?"
)
"""Days and times as PostgreSQL writes those that Python does not know."""
_WRITTEN = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "timestamp": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?"),
    "timestamptz": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?Z"),
}
"""What is written so already: whether there is such a day is asked when it is looked at for the first time."""
_TOO_FINE = re.compile(r"\.\d{7}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_HALVES = re.compile("[\ud800-\udfff\x00]")


def value(form: Form) -> Read:
    """What writes a value of this form, never NULL. Raises ValueError saying why it is none."""
    if form.loose:
        return _as_text
    return _READ[form.kind]


def columns(forms: Sequence[Form], rows: Sequence[Row]) -> list[Sequence[Any]]:
    """The values of some rows, column by column, as they are written here. Raises ValueError for what does not fit."""
    return [_column(form, found) for form, found in zip(forms, zip(*rows, strict=True), strict=True)]


def _column(form: Form, found: Sequence[Any]) -> Sequence[Any]:
    kinds = set(map(type, found)) - {type(None)}
    if not kinds or (kinds == {_PLAIN.get(form.kind, str)} and _fits(form, found)):
        return found
    read = value(form)
    return [None if one is None else read(one) for one in found]


def _fits(form: Form, found: Sequence[Any]) -> bool:
    """Whether values of the right type are surely written as they are: seen at a glance where that can be."""
    if form.kind == "text":
        joined = "".join(filter(None, found))
        return not _HALVES.search(joined)
    if form.kind == "real":
        return 0.0 not in found and math.inf > sum(map(abs, filter(None, found)))  # no -0.0, no NaN
    if form.kind == "boolean":
        return set(found) <= {0, 1, None}
    written = _WRITTEN.get(form.kind)
    return form.kind in {"integer", "bytes"} or (
        written is not None and all(one is None or written.fullmatch(one) for one in found)
    )


def _plain(kind: str) -> Read:
    expected = _PLAIN[kind]

    def read(given: Any) -> Any:
        if type(given) is not expected:
            raise ValueError(f"{_shown(given)} is no {kind}")
        return given

    return read


def _shown(given: Any) -> str:
    return f"{str(given)[:40]!r}" if isinstance(given, str) else "bytes" if isinstance(given, bytes) else str(given)


def _text(given: Any) -> str:
    if type(given) is Undecoded:
        raise ValueError("a text that is not UTF-8")
    if type(given) is not str:
        raise ValueError(f"{_shown(given)} is no text")
    if _HALVES.search(given):
        raise ValueError("a text holds NUL or half a character")
    return given


def _as_text(given: Any) -> str:
    if isinstance(given, bytes):
        raise ValueError("bytes are no text")  # noqa: TRY004 - every misfit is a ValueError
    if isinstance(given, float) and not math.isfinite(given):
        return _number(given)
    return _text(given if isinstance(given, str) else repr(given))


def _real(given: Any) -> float:
    if type(given) is not float:
        raise ValueError(f"{_shown(given)} is no real")
    return given + 0.0 if given == given else _not_a_number()


def _not_a_number() -> float:
    raise ValueError("NaN is no value on SQLite")


def _boolean(given: Any) -> int:
    if type(given) is not int or given not in {0, 1}:
        raise ValueError(f"{_shown(given)} is neither 0 nor 1")
    return given


def _number(given: Any) -> str:
    try:
        found = Decimal(repr(given) if isinstance(given, float) else given)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"{_shown(given)} is no number") from None
    if not found.is_finite():
        return "NaN" if found.is_nan() else "Infinity" if found > 0 else "-Infinity"
    text = format(found, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _date(given: Any) -> str:
    text = _text(given)
    try:
        if _WRITTEN["date"].fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    return _beyond(_DAY_BEYOND, text, "date")


def _beyond(known: re.Pattern[str], text: str, what: str) -> str:
    if not known.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no {what}")
    return text


def _moment(text: str) -> datetime:
    if _TOO_FINE.search(text):
        raise ValueError(f"{text[:40]!r} is finer than a microsecond")
    return datetime.fromisoformat(text)


def _timestamp(given: Any) -> str:
    text = _text(given)
    try:
        found = _moment(text)
    except ValueError:
        return _beyond(_TIME_BEYOND, text, "time")
    if found.tzinfo:
        raise ValueError(f"{text!r} has a zone, others have none")
    return _trimmed(found.isoformat(" "))


def _timestamptz(given: Any) -> str:
    text = _text(given)
    try:
        found = _moment(text)
    except ValueError:
        return _beyond(_TIME_BEYOND, text, "time")
    if not found.tzinfo:
        raise ValueError(f"{text!r} has no zone, others have one")
    try:
        return _trimmed(found.astimezone(UTC).replace(tzinfo=None).isoformat("T")) + "Z"
    except OverflowError:
        raise ValueError(f"{text!r} is beyond the years") from None


def _trimmed(text: str) -> str:
    return text.rstrip("0") if "." in text else text


def _uuid(given: Any) -> str:
    if type(given) is not str or not _UUID.fullmatch(given):
        raise ValueError(f"{_shown(given)} is no UUID")
    return given


def _json(given: Any) -> str:
    """The text as it is; PostgreSQL's json keeps it so."""
    text = str(given) if type(given) is int else repr(given) if type(given) is float else given
    _parsed(text)
    return _text(text)


def _jsonb(given: Any) -> str:
    """As PostgreSQL's jsonb writes it: keys by length, then by letters, numbers exactly."""
    text = str(given) if type(given) is int else repr(given) if type(given) is float else given
    return "".join(_written(_parsed(text)))


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError(f"{_shown(text)} is no JSON")  # noqa: TRY004 - every misfit is a ValueError
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation):
        raise ValueError(f"{_shown(text)} is no JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _written(given: Any) -> Iterable[str]:
    if isinstance(given, dict):
        yield "{"
        for place, name in enumerate(sorted(given, key=_weight)):
            yield f"{', ' if place else ''}{_string(name)}: "
            yield from _written(given[name])
        yield "}"
    elif isinstance(given, list):
        yield "["
        for place, one in enumerate(given):
            yield ", " if place else ""
            yield from _written(one)
        yield "]"
    elif isinstance(given, Decimal):
        text = format(given, "f")
        yield text if given else text.lstrip("-")
    else:
        yield _string(given) if isinstance(given, str) else json.dumps(given)


def _weight(name: str) -> tuple[int, bytes]:
    raw = name.encode("utf-8", "surrogatepass")
    return len(raw), raw


def _string(given: str) -> str:
    return json.dumps(_text(given), ensure_ascii=False)


_READ: dict[str, Read] = {
    "integer": _plain("integer"),
    "bytes": _plain("bytes"),
    "text": _text,
    "real": _real,
    "boolean": _boolean,
    "number": _number,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "uuid": _uuid,
    "json": _json,
    "jsonb": _jsonb,
}


def for_sqlite(form: Form) -> Read | None:
    """What makes of a value that is written here the one that SQLite keeps; None where it is the same.

    Raises ValueError where none keeps every digit.
    """
    return _sqlite_number if form.kind == "number" else None


def _sqlite_number(text: str) -> Any:
    if text in {"NaN", "Infinity", "-Infinity"}:
        return text if text == "NaN" else float(text)
    if "." not in text and -_WHOLE <= int(text) < _WHOLE:
        return int(text)
    found = float(text)
    if _number(found) != text:
        raise ValueError(f"{text[:40]} has more digits than a real holds")
    return found


def for_postgresql(form: Form) -> Read | None:
    """What makes of a value that is written here the one that PostgreSQL gives; None where it is the same."""
    if form.kind != "number" or form.digits is None:
        return None
    places = form.digits[1]
    return lambda text: text if text == "NaN" else format(Decimal(text), f".{max(places, 0)}f")


class Checksum:
    """How many rows were seen, and the sum of their hashes, which is equal in whatever order the same rows come."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, found: Sequence[Sequence[Any]]) -> None:
        """Goes on with some rows, given column by column."""
        for row in zip(*found, strict=True):
            self.rows += 1
            self._sum += int.from_bytes(hashlib.blake2b(marshal.dumps(row, 2), digest_size=16).digest(), "big")

    def text(self) -> str:
        """As 32 hex digits."""
        return f"{self._sum % 2**128:032x}"
