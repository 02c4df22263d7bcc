"""Cells of a file as a column of a table keeps them."""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from frontdesk.database.postgresql import arrays
from frontdesk.database.schema import Column
from frontdesk.errors import InputError
from frontdesk.forms import kinds, parsing
from frontdesk.tables import columns, detection, numbers
from frontdesk.tables.formats.inputs import Json

Read = Callable[[Sequence[Any]], Sequence[Any]]


def reader(column: Column, *, typed: bool, empty_text: bool = False, written: bool = False) -> Read:
    """What makes cells the values of a column; raises InputError with a sentence for a cell that does not fit.

    Cells are texts, or the values of JSON (`typed`). An empty text is NULL; in a column of texts it may stay what it is
    (`empty_text`). `written` says that JSON, and bytes where there are none, stand there as texts.
    """
    one = _kept_times(column, _typed(column, written) if typed else _text(column))
    if not typed and column.kind in {"boolean", "date", "datetime", "choice"}:
        one = lru_cache(4096)(one)
    fast = None if typed else _fast(column)
    keeps_empty = empty_text and column.kind == "text"
    needs = column.required or (column.primary_key and not column.automatic)

    def read(cells: Sequence[Any]) -> Sequence[Any]:
        some = cells if typed or keeps_empty else [cell for cell in cells if cell != ""]
        values = fast(some) if some and fast else None
        if values is None:
            values = [None if cell is None else one(cell) for cell in some]
        if len(some) < len(cells):
            following = iter(values)
            values = [None if cell == "" else next(following) for cell in cells]
        if needs and None in values:
            raise InputError("This needs a value.")
        return values

    return read


def _kept_times(column: Column, one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Days and times stay as they are written, a time that is a day alone too, where the database keeps texts."""
    if column.kind not in {"date", "datetime"} or column.array or column.zoned is not None or column.length is not None:
        return one
    kinds_of = [detection.dates] if column.kind == "date" else [detection.datetimes, detection.dates]

    def read(value: Any) -> Any:
        return value if isinstance(value, str) and any(known((value,)) for known in kinds_of) else one(value)

    return read


def _integers(cells: Sequence[str]) -> list[int] | None:
    try:
        values = list(map(int, cells))
    except ValueError:
        return None
    fits = numbers.INTEGERS[0] <= min(values) and max(values) <= numbers.INTEGERS[1]
    return values if fits and list(map(str, values)) == list(cells) else None


def _reals(cells: Sequence[str]) -> list[float] | None:
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    return values if list(map(repr, values)) == list(cells) and all(map(math.isfinite, values)) else None


def _exact(cells: Sequence[str]) -> list[str] | None:
    """Numbers of which every digit is kept."""
    text = "\n".join(cells) + "\n"
    return list(cells) if _DIGITS.fullmatch(text) and text.count("\n") == len(cells) else None


_DIGITS = re.compile(r"(?:-?(?:[1-9][0-9]{0,99}+|0)(?:\.[0-9]{1,99}+)?\n)*+")


def _fast(column: Column) -> Callable[[Sequence[str]], list[Any] | None] | None:
    """What reads many cells at once, and nothing where one of them needs a closer look."""
    plain = _exact if column.exact else _FAST.get(column.kind)
    if plain is None or column.digits:
        return None
    limits, length = column.limits, column.length

    def read(cells: Sequence[str]) -> list[Any] | None:
        if length is not None and max(map(len, cells)) > length:
            return None
        values = plain(cells)
        if values and limits and not limits[0] <= min(map(int, values)) <= max(map(int, values)) <= limits[1]:
            return None
        return values

    return read if limits or length is not None else plain


_FAST: dict[str, Callable[[Sequence[str]], list[Any] | None]] = {
    "integer": _integers,
    "real": _reals,
    "number": _integers,
    "text": list,
}


def _is_limited(column: Column) -> bool:
    """Whether the column says more of its values than their kind, as PostgreSQL's do."""
    return bool(column.exact or column.choices or column.limits or column.length is not None)


def _text(column: Column) -> Callable[[str], Any]:
    field = columns.field(column)

    def read(cell: str) -> Any:
        if column.kind == "any":
            return _narrowest(cell)
        if column.array:
            return _list(column, cell)
        if column.kind == "file":
            return _bytes(cell)
        if column.kind == "json":
            kinds.parse("json", cell)
            return cell
        if cell == "" or not _is_limited(column):
            return _checked(column, kinds.parse(column.kind, cell))
        return columns.stored(column, parsing.value_of_text(field, cell))

    return read


def _list(column: Column, cell: str) -> str:
    """A list as JSON has it, or as PostgreSQL itself writes it."""
    try:
        arrays.read(cell)
    except ValueError:
        return str(columns.stored(column, kinds.parse("json", cell)))
    return cell


def _checked(column: Column, value: Any) -> Any:
    if isinstance(value, int) and not numbers.INTEGERS[0] <= value <= numbers.INTEGERS[1]:
        raise InputError("This number is beyond what the database can hold.")
    return columns.stored(column, value)


def _narrowest(cell: str) -> Any:
    """A value without a declared type: a number where nothing is lost, else the text."""
    for read in (_integers, _reals):
        values = read([cell])
        if values is not None:
            return values[0]
    return cell


def _json(cell: str) -> str:
    """The text of JSON; a text that is none is one in JSON."""
    try:
        json.loads(cell)
    except (ValueError, RecursionError):
        return json.dumps(cell, ensure_ascii=False)
    return cell


def _bytes(cell: str) -> bytes:
    try:
        return base64.b64decode(cell, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("Write bytes as base64.") from None


def _typed(column: Column, written: bool) -> Callable[[Any], Any]:
    field = columns.field(column)

    def read(value: Any) -> Any:
        if written and isinstance(value, str) and column.kind in {"json", "file"} and not column.array:
            return _bytes(value) if column.kind == "file" else _json(value)
        if column.array:
            given = value.value if isinstance(value, Json) else value
            return _list(column, given) if isinstance(given, str) else columns.stored(column, given)
        if isinstance(value, bytes):
            if column.kind not in {"file", "any"}:
                raise InputError("This column takes no bytes.")
            return value
        if isinstance(value, Json):
            if column.kind not in {"json", "any", "text"}:
                raise InputError("This column takes no objects and lists.")
            return str(value)
        if column.kind == "json":
            return json.dumps(value, ensure_ascii=False)
        if column.kind == "file":
            raise InputError('Write bytes as {"$base64": "…"}.')
        if column.kind == "text" and isinstance(value, (int, float)):
            value = detection.values([value], "TEXT")[0]
        if _is_limited(column):
            parse = parsing.value_of_text if isinstance(value, str) and value else parsing.value_of_json
            return columns.stored(column, parse(field, value))
        if column.kind in {"integer", "real", "number"} and isinstance(value, str):
            return _checked(column, kinds.parse(column.kind, value))
        return _checked(column, kinds.check(column.kind, value))

    return read
