"""How a value is kept and comes back equal: UTC times, JSON answers, the exact text of a row."""

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, Numeric, Text, cast, literal
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

SAFE_INTEGER = 2**53
"""Integers beyond this are strings in JSON: other languages read JSON numbers as doubles."""


def now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 text in UTC: `2026-11-22T16:33:35.123456Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class UTCTime(TypeDecorator[datetime]):
    """A column of moments: aware in, aware UTC out, on every engine."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC; a naive one is refused, since it names no moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone names no moment")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """The moment, aware."""
        if value is None:
            return None
        if isinstance(value, str):  # among people's tables on PostgreSQL every time is text
            value = datetime.fromisoformat(value)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Inferred(UserDefinedType[Any]):
    """A column of people's on PostgreSQL: what is compared with it or put into it goes there as untyped text.

    So the server infers the type from the column, and every floor above has one form of each value, as on SQLite.
    """

    cache_ok = True

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def get_col_spec(self, **_: Any) -> str:
        """The type by which it would be cast."""
        return "TEXT"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """The value as text; bytes as they are."""
        return as_text

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """Numbers keep their type beside whole numbers, which may be smaller and are never fractions."""
        if self.kind == "integer" and isinstance(value, int):
            return BigInteger()
        return Numeric() if self.kind == "integer" and isinstance(value, (float, Decimal)) else self


def as_text(value: Any) -> Any:
    """A stored value as the text that PostgreSQL reads as any of its types; bytes as they are."""
    if value is None or isinstance(value, (str, bytes)):
        return value
    return repr(value) if isinstance(value, float) else str(value)


_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")


def storable(text: str) -> str:
    """The text without what no database keeps, written as an escape: NUL and halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Undecoded(bytes):
    """A text of a SQLite file whose bytes are no UTF-8: shown and kept as bytes, and never taken for a text."""


def is_text(found: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        found.decode()
    except UnicodeDecodeError:
        return False
    return True


def bound(value: Any) -> Any:
    """The value as an expression compares and stores it: a text that is no UTF-8 as a text of these bytes."""
    return cast(literal(bytes(value), LargeBinary()), Text()) if isinstance(value, Undecoded) else value


class Plain(list[Any]):
    """A list of what is in JSON's own types already."""


def plain(value: Any) -> Any:
    """The value in JSON's own types: bytes as `{"$base64"}`, NaN as null, big integers and decimals as strings."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _plain_object(value)


def all_plain(values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column in JSON's own types; where all of them are already, that costs a look at their types."""
    kinds = set(map(type, values)) - {type(None)}
    fits = _FITTING.get(kinds.pop()) if len(kinds) == 1 else None
    if fits is not None and all(value is None or fits(value) for value in values):
        return values
    return [plain(value) for value in values]


_FITTING: dict[type, Callable[[Any], bool]] = {
    str: lambda _: True,
    int: lambda value: -SAFE_INTEGER <= value <= SAFE_INTEGER,
    float: math.isfinite,
}
"""Of each type which values JSON has as they are."""


def _plain_object(value: Any) -> Any:
    if isinstance(value, Plain):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return rfc3339(value) if value.tzinfo else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID, PurePath)):
        return str(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: Any) -> str:
    """The value as compact JSON text. Raises TypeError for what has no JSON form."""
    return _encode(plain(value))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def loads(text: str) -> Any:
    """The value of a JSON text."""
    return json.loads(text)


def exact(values: Iterable[Any]) -> str:
    """The values as JSON text from which `exactly` makes the very same ones: what history compares and restores."""
    return json.dumps([_marked(value) for value in values], ensure_ascii=True, separators=(",", ":"))


def exactly(text: str) -> list[Any]:
    """The values that `exact` wrote."""
    return [_unmarked(value) for value in json.loads(text)]


def _marked(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return {"$text" if isinstance(value, Undecoded) else "$base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$real": repr(value)}
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        if "$text" in value:
            return Undecoded(base64.b64decode(value["$text"]))
        return float(value["$real"]) if "$real" in value else base64.b64decode(value["$base64"])
    return value
