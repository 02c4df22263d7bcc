"""The key of a row as it stands in a path, and as values."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from frontdesk.database.schema import Table
from frontdesk.database.values import Undecoded, is_text
from frontdesk.errors import InputError, NotFoundError
from frontdesk.forms import kinds

MOST_READINGS = 64
"""So many meanings of a key are tried."""


@dataclass(frozen=True)
class KeyText:
    """A key as a path holds it: parts for composite keys, the whole for a key of one column."""

    parts: tuple[str | None, ...]
    whole: str | None


def values(table: Table, key: KeyText) -> tuple[Any, ...]:
    """The values of the key. Raises NotFoundError when the table has no key of so many columns."""
    given = (key.whole,) if len(table.key) == 1 else key.parts
    if not table.key or len(given) != len(table.key):
        raise NotFoundError(f"{table.name} has no row {key.whole}.")
    return tuple(_value(table, name, part) for name, part in zip(table.key, given, strict=True))


def readings(table: Table, key: KeyText) -> Iterator[tuple[Any, ...]]:
    """What the text may mean, the likeliest first: SQLite keeps texts, numbers and bytes in every column.

    Raises NotFoundError when the table has no key of so many columns.
    """
    first = values(table, key)
    yield first
    if table.schema is None:
        given = (key.whole,) if len(first) == 1 else key.parts
        yield from islice(product(*map(_others, first, given)), 1, MOST_READINGS)


def _others(first: Any, part: str | None) -> list[Any]:
    found = [first] if first == part else [first, part]
    with suppress(InputError, TypeError, AttributeError):
        found.append(_parsed("any", part))  # type: ignore[arg-type]
    with suppress(ValueError, TypeError):
        found.append(bytes.fromhex(part))  # type: ignore[arg-type]
        found += [] if is_text(found[-1]) else [Undecoded(found[-1])]
    return found


def text(value: Any) -> str:
    """One value of a key as text, NULL in words; bytes as hexadecimal digits."""
    if value is None:
        return "NULL"
    return value.hex() if isinstance(value, bytes) else str(value)


def json(key: Sequence[Any]) -> Any:
    """The key as the API gives it: its value, or an array when composite."""
    return key[0] if len(key) == 1 else list(key)


def of_json(given: Any) -> KeyText:
    """The key that the API writes as its value, or as an array when composite. Raises InputError."""
    parts = given if isinstance(given, list) else [given]
    texts = tuple(_part(part) for part in parts)
    if not texts:
        raise InputError("Write the key of a row: its value, or an array of values.")
    return KeyText(texts, None if None in texts else ",".join(text or "" for text in texts))


def _part(given: Any) -> str | None:
    if isinstance(given, Mapping) and isinstance(given.get("$base64"), str):
        return base64.b64decode(given["$base64"]).hex()
    if isinstance(given, (Mapping, list)):
        raise InputError("Write the key of a row: its value, or an array of values.")
    return None if given is None else text(given)


def _value(table: Table, name: str, part: str | None) -> Any:
    if part is None:
        return None
    kind = "integer" if name == table.row_id else table.column(name).kind
    if name != table.row_id and table.column(name).exact:
        return part
    try:
        if kind == "boolean":
            return int(kinds.parse(kind, part))
        if kind == "file":
            return bytes.fromhex(part)
        return _parsed(kind, part) if kind in {"integer", "real", "number", "any"} else part
    except (InputError, ValueError):  # SQLite keeps any value in any column
        return part


def _parsed(kind: str, part: str) -> Any:
    value = kinds.parse(kind, part)
    return part if isinstance(value, int) and not -(2**63) <= value < 2**63 else value  # no database holds it
