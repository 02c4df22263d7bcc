"""Cells of a file as a column of a table keeps them."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from frontdesk.database.schema import Column
from frontdesk.errors import InputError
from frontdesk.forms import kinds
from frontdesk.tables import columns, detection
from frontdesk.tables.sources import Json

Read = Callable[[Sequence[Any]], Sequence[Any]]


def reader(column: Column, *, typed: bool, empty_text: bool = False) -> Read:
    """What makes cells the values of a column; raises InputError with a sentence for a cell that does not fit.

    Cells are texts, or the values of JSON (`typed`). An empty text is NULL; in a column of texts it may stay what it is
    (`empty_text`).
    """
    one = _typed(column) if typed else _text(column)
    if not typed and column.kind in {"boolean", "date", "datetime"}:
        one = lru_cache(4096)(one)
    fast = None if typed else _FAST.get(column.kind)
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


def _integers(cells: Sequence[str]) -> list[int] | None:
    try:
        values = list(map(int, cells))
    except ValueError:
        return None
    fits = detection.INTEGERS[0] <= min(values) and max(values) <= detection.INTEGERS[1]
    return values if fits and list(map(str, values)) == list(cells) else None


def _reals(cells: Sequence[str]) -> list[float] | None:
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    return values if list(map(repr, values)) == list(cells) and all(map(math.isfinite, values)) else None


_FAST: dict[str, Callable[[Sequence[str]], list[Any] | None]] = {
    "integer": _integers,
    "real": _reals,
    "number": _integers,
    "text": list,
}


def _text(column: Column) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        if column.kind == "any":
            return _narrowest(cell)
        if column.kind == "file":
            return _bytes(cell)
        if column.kind == "json":
            kinds.parse("json", cell)
            return cell
        return _checked(column, kinds.parse(column.kind, cell))

    return read


def _checked(column: Column, value: Any) -> Any:
    if isinstance(value, int) and not detection.INTEGERS[0] <= value <= detection.INTEGERS[1]:
        raise InputError("This number is beyond what the database can hold.")
    return columns.stored(column, value)


def _narrowest(cell: str) -> Any:
    """A value without a declared type: a number where nothing is lost, else the text."""
    for read in (_integers, _reals):
        values = read([cell])
        if values is not None:
            return values[0]
    return cell


def _bytes(cell: str) -> bytes:
    try:
        return base64.b64decode(cell, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("Write bytes as base64.") from None


def _typed(column: Column) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
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
            return detection.values([value], "TEXT")[0]
        if column.kind in {"integer", "real", "number"} and isinstance(value, str):
            return _checked(column, kinds.parse(column.kind, value))
        return _checked(column, kinds.check(column.kind, value))

    return read
