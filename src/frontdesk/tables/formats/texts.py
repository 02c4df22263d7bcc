"""CSV, NDJSON and JSON, written block by block."""

import base64
import csv
import io
import json
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from frontdesk.database import values
from frontdesk.database.schema import Column
from frontdesk.tables import columns

FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""A spreadsheet takes a text that begins so for a formula."""

Rows = Sequence[Sequence[Any]]
"""Some rows; all of one length."""


def write_csv(shown: Sequence[Column], blocks: Iterable[Rows], *, raw: bool) -> Iterator[str]:
    """The rows as CSV; without `raw` no cell and no name is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [column.name for column in shown]
    writer.writerow(names if raw else _harmless(names))
    for block in blocks:
        writer.writerows(_cells(shown, block, raw=raw))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(shown: Sequence[Column], block: Rows, *, raw: bool) -> Rows:
    """The rows as CSV has them; what needs no change is not touched."""
    made = [*zip(*block, strict=True)]
    same = True
    for place, column in enumerate(shown):
        cells = as_texts(column, made[place])
        if not raw and not column.exact:  # whose texts are numbers
            cells = _harmless(cells)
        same = same and cells is made[place]
        made[place] = cells  # type: ignore[call-overload]
    return block if same else list(zip(*made, strict=True))


def write_ndjson(shown: Sequence[Column], blocks: Iterable[Rows]) -> Iterator[str]:
    """A JSON object a line."""
    for block in blocks:
        yield "\n".join(map(_ENCODE, _objects(shown, block))) + "\n"


def write_json(shown: Sequence[Column], blocks: Iterable[Rows]) -> Iterator[str]:
    """An array of objects, one a line."""
    begin = "["
    for block in blocks:
        yield begin + ",\n".join(map(_ENCODE, _objects(shown, block)))
        begin = ",\n"
    yield "]\n" if begin != "[" else "[]\n"


def _objects(shown: Sequence[Column], block: Rows) -> list[dict[str, Any]]:
    names = [column.name for column in shown]
    made = [_plain(column, cells) for column, cells in zip(shown, zip(*block, strict=True), strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*made, strict=True)]


_ENCODE: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_first = operator.itemgetter(slice(0, 1))


def as_texts(column: Column, cells: Sequence[Any]) -> Sequence[Any]:
    """The cells with bytes as base64, booleans and lists as words and JSON; numbers and texts stay."""
    types = set(map(type, cells))
    if bytes in types or values.Undecoded in types:
        cells = [base64.b64encode(cell).decode() if isinstance(cell, bytes) else cell for cell in cells]
    if column.kind == "boolean" and int in types:
        words = {0: "false", 1: "true"}
        cells = [words.get(cell, cell) if isinstance(cell, int) else cell for cell in cells]
    if column.array:
        cells = [cell if cell is None else values.dumps(columns.shown(column, cell)) for cell in cells]
    return cells


def _harmless(cells: Sequence[Any]) -> Sequence[Any]:
    """Texts that would be formulas with a quotation mark in front; numbers are left alone."""
    types = set(map(type, cells))
    if str not in types:
        return cells
    texts = cells if len(types) == 1 else [cell for cell in cells if isinstance(cell, str)]
    if FORMULA.isdisjoint(map(_first, texts)):
        return cells
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in FORMULA else cell for cell in cells]


def _plain(column: Column, cells: Sequence[Any]) -> Sequence[Any]:
    """The cells in JSON's own types."""
    types = set(map(type, cells)) - {type(None)}
    if column.kind not in {"boolean", "json"}:
        if types <= {str}:
            return cells
        if types <= {str, int} and max(abs(cell) for cell in cells if type(cell) is int) <= values.SAFE_INTEGER:
            return cells
        if types <= {float} and all(cell is None or math.isfinite(cell) for cell in cells):
            return cells
    return [values.plain(columns.shown(column, cell)) for cell in cells]
