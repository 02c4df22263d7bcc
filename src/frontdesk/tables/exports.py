"""Rows of a table as CSV, NDJSON or JSON, in constant memory however many there are."""

import base64
import csv
import io
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.tables import columns, facets, filters, keyset

FORMATS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson", "json": "application/json"}
"""The formats and their content types."""
BLOCK = 1000
"""Rows that are held in memory at a time."""
FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""A spreadsheet takes a text that begins so for a formula."""

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Export:
    """Rows on their way out: iterate over it for the bytes."""

    database: Database
    table: Table
    shown: tuple[Column, ...]
    format: str
    raw: bool
    statement: sa.Select[Any]
    where: Sequence[filters.Filter] = ()

    @property
    def content_type(self) -> str:
        """The content type of the bytes."""
        return FORMATS[self.format]

    @property
    def disposition(self) -> str:
        """The header that makes a browser save the bytes under the table's name."""
        name = f"{self.table.name}.{self.format}"
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip(".") or "export"
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

    def count(self) -> int:
        """How many rows there are now."""
        explained = filters.explained(self.database, self.table, self.where)
        with self.database.connect() as connection, explained:
            counted = sa.select(sa.func.count()).select_from(self.statement.order_by(None).subquery())
            return connection.scalar(counted) or 0

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in one view of the database: what is written meanwhile is not among them."""
        write = {"csv": self._csv, "ndjson": self._ndjson, "json": self._json}[self.format]
        for text in write(self._blocks()):
            yield text.encode("utf-8", "replace")

    def _blocks(self) -> Iterator[Rows]:
        with self.database.snapshot() as connection, filters.explained(self.database, self.table, self.where):
            if self.database.dialect == "sqlite":  # which makes each row when it is fetched; a server has to be told
                cursor = connection.execute(self.statement).cursor
                yield from iter(lambda: cursor.fetchmany(BLOCK), [])
            else:
                with connection.execution_options(yield_per=BLOCK).execute(self.statement) as found:
                    yield from found.partitions()

    def _csv(self, blocks: Iterator[Rows]) -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        names = [column.name for column in self.shown]
        writer.writerow(names if self.raw else _harmless(names))
        for block in blocks:
            writer.writerows(self._cells(block))
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    def _cells(self, block: Rows) -> Rows:
        """The rows as CSV has them; what needs no change is not touched."""
        made = [*zip(*block, strict=True)]
        same = True
        for place, column in enumerate(self.shown):
            cells = _written(column, made[place])
            if not self.raw and not column.exact:  # whose texts are numbers
                cells = _harmless(cells)
            same = same and cells is made[place]
            made[place] = cells  # type: ignore[call-overload]
        return block if same else list(zip(*made, strict=True))

    def _ndjson(self, blocks: Iterator[Rows]) -> Iterator[str]:
        for block in blocks:
            yield "\n".join(map(_ENCODE, self._objects(block))) + "\n"

    def _json(self, blocks: Iterator[Rows]) -> Iterator[str]:
        begin = "["
        for block in blocks:
            yield begin + ",\n".join(map(_ENCODE, self._objects(block)))
            begin = ",\n"
        yield "]\n" if begin != "[" else "[]\n"

    def _objects(self, block: Rows) -> list[dict[str, Any]]:
        names = [column.name for column in self.shown]
        made = [_plain(column, cells) for column, cells in zip(self.shown, zip(*block, strict=True), strict=True)]
        return [dict(zip(names, row, strict=True)) for row in zip(*made, strict=True)]


_ENCODE: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_first = operator.itemgetter(slice(0, 1))


def _written(column: Column, cells: Sequence[Any]) -> Sequence[Any]:
    types = set(map(type, cells))
    if bytes in types:
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


def export(
    database: Database,
    name: str,
    format: str,  # noqa: A002 - as people call it
    *,
    where: Sequence[tuple[str, str]] = (),
    search: str = "",
    sort: str = "",
    shown: str = "",
    raw: bool = False,
) -> Export:
    """The rows that fit the filters and hold the words, in the order of the page; without `raw` no cell is a formula.

    Raises NotFoundError for the table, InputError for a format, column, operator or value that does not fit.
    """
    if format not in FORMATS:
        raise InputError(errors={"format": f"Choose one of: {', '.join(FORMATS)}."})
    table = schema.table(database, name)
    wanted = filters.parse(table, where)
    conditions = [*filters.conditions(table, wanted), *facets.search(table, search)]
    order = [term for one in keyset.complete(table, keyset.parse_sort(table, sort)) for term in _nulls_last(table, one)]
    chosen = _chosen(table, shown)
    selected = sa.select(*(table.clause.c[column.name] for column in chosen)).select_from(table.clause)
    return Export(database, table, chosen, format, raw, selected.where(*conditions).order_by(*order), wanted)


def _chosen(table: Table, text: str) -> tuple[Column, ...]:
    names = [name for name in text.split(",") if name] or [column.name for column in table.columns]
    known = {column.name: column for column in table.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(errors={"_columns": f"{table.name} has no column {unknown[0]!r}."})
    return tuple(known[name] for name in names)


def _nulls_last(table: Table, sort: keyset.Sort) -> list[sa.ColumnElement[Any]]:
    column = table.clause.c[sort.column]
    ordered = column.desc() if sort.descending else column.asc()
    nullable = sort.column not in table.key and table.column(sort.column).nullable
    return [column.is_(None), ordered] if nullable else [ordered]
