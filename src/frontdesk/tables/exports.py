"""Rows of a table as a file of one of the formats, in constant memory however many there are."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import copying, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.database.sqlite import dumps
from frontdesk.errors import InputError
from frontdesk.tables import columns, facets, filters, keyset
from frontdesk.tables.formats import row_groups, sheets, texts
from frontdesk.tables.formats.texts import Rows

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "sql": "application/sql; charset=utf-8",
    "sqlite": "application/vnd.sqlite3",
}
"""The formats and their content types."""
BLOCK = 1000
"""Rows that are held in memory at a time."""


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
    whole: bool = False  # whether all columns are there from which the table can be made again

    @property
    def content_type(self) -> str:
        """The content type of the bytes."""
        return FORMATS[self.format]

    @property
    def disposition(self) -> str:
        """The header that makes a browser save the bytes under the table's name."""
        return disposition(f"{self.table.name}.{self.format}")

    def count(self) -> int:
        """How many rows there are now."""
        explained = filters.explained(self.database, self.table, self.where)
        with self.database.connect() as connection, explained:
            counted = sa.select(sa.func.count()).select_from(self.statement.order_by(None).subquery())
            return connection.scalar(counted) or 0

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in one view of the database: what is written meanwhile is not among them."""
        explained = filters.explained(self.database, self.table, self.where)
        with self.database.snapshot() as connection, copying.reader(connection).moment(connection), explained:
            yield from self._written(connection, lambda: self._blocks(connection))

    def _written(self, connection: Connection, blocks: Callable[[], Iterator[Rows]]) -> Iterator[bytes]:
        match self.format:
            case "csv":
                return _encoded(texts.write_csv(self.shown, blocks(), raw=self.raw))
            case "ndjson":
                return _encoded(texts.write_ndjson(self.shown, blocks()))
            case "json":
                return _encoded(texts.write_json(self.shown, blocks()))
            case "xlsx":
                return sheets.write(self.table.name, self.shown, self.count, blocks())
            case "parquet":
                return row_groups.write(self.shown, blocks)
            case "sql":
                return _encoded(self._script(connection, blocks()))
        return dumps.file(lambda path: dumps.make(path, self._script(connection, blocks())))

    def _script(self, connection: Connection, blocks: Iterator[Rows]) -> Iterator[str]:
        """The table in SQLite's SQL: as it is defined where all of its columns are there, else with no rules."""
        known = self.whole and self.database.dialect == "sqlite"
        definition, after = dumps.definitions(connection, self.table.name) if known else ("", [])
        shown = [column for column in self.shown if definition or column.name != self.table.row_id]
        names = [column.name for column in shown]
        blocks = ([row[-len(names) :] for row in block] for block in blocks)
        definition = definition or dumps.plain_definition(self.table.name, shown)
        return dumps.table(definition, after, self.table.name, names, blocks)

    def _blocks(self, connection: Connection) -> Iterator[Rows]:
        if self.database.dialect == "sqlite":  # which makes each row when it is fetched; a server has to be told
            cursor = connection.execute(self.statement).cursor
            yield from iter(lambda: cursor.fetchmany(BLOCK), [])
        else:
            with connection.execution_options(yield_per=BLOCK).execute(self.statement) as found:
                yield from found.partitions()


def disposition(name: str) -> str:
    """The header that makes a browser save a file under this name."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip(".") or "export"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _encoded(parts: Iterator[str]) -> Iterator[bytes]:
    for text in parts:
        yield text.encode("utf-8", "replace")


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
    order = keyset.order(table, keyset.complete(table, keyset.parse_sort(table, sort)))
    chosen, whole = _chosen(table, shown), format in {"sql", "sqlite"} and not shown
    if format == "sql":
        check_sql(database)
    if whole and table.kind == "table" and database.dialect == "sqlite":
        hidden = (Column(table.row_id, "INTEGER", "integer"),) if table.row_id else ()
        chosen = (*hidden, *(column for column in chosen if not column.generated))
    selected = sa.select(*(table.clause.c[column.name] for column in chosen)).select_from(table.clause)
    return Export(database, table, chosen, format, raw, selected.where(*conditions).order_by(*order), wanted, whole)


def check_sql(database: Database) -> None:
    """Raises InputError where the server's own program makes dumps."""
    if database.dialect != "sqlite":
        raise InputError(
            f"{database.name} is on PostgreSQL, whose SQL dumps pg_dump makes.",
            "Run pg_dump with the database's address, or export it as sqlite, ndjson or csv.",
        )


def _chosen(table: Table, text: str) -> tuple[Column, ...]:
    names = [name for name in columns.listed(text) if name] or [column.name for column in table.columns]
    known = {column.name: column for column in table.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(errors={"_columns": f"{table.name} has no column {unknown[0]!r}."})
    return tuple(known[name] for name in names)
