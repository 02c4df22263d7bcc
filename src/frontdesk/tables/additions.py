"""The rows of a file go into a table that is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import ConflictError, InputError, PermissionDenied
from frontdesk.history import blocks, capture
from frontdesk.history.blocks import Digest
from frontdesk.tables import conversion, reports
from frontdesk.tables.loads import Load, Loaded, Wish
from frontdesk.tables.sources import Source


class Rows(Load):
    """Into a table that is there, in one transaction."""

    def __init__(self, database: Database, source: Source, table: Table, by: Caller, wish: Wish) -> None:
        if table.kind != "table":
            raise PermissionDenied(f"{table.name} is a {table.kind}; nothing can be loaded into it.")
        key = tuple(wish.key) or (table.primary_key if wish.on_conflict != "error" else ())
        super().__init__(database, source, by, replace(wish, key=key))
        self._table = table
        self._columns = _matched(source, table, wish.columns)
        self._keys: tuple[int, int] | None = None
        if wish.on_conflict == "update" and not key:
            raise InputError(errors={"key": f"{table.name} has no primary key: name the column that is unique."})
        missing = [name for name in key if name not in {column.name for column in self._columns if column}]
        if missing and (wish.key or wish.on_conflict == "update"):
            raise InputError(errors={"key": f"{source.name} has no column {missing[0]!r}."})
        if missing:
            self.wish = replace(self.wish, key=())
        self._readers: list[conversion.Read] = [
            conversion.reader(column, typed=source.typed, empty_text=wish.empty_text, written=source.written)
            if column
            else lambda cells: cells
            for column in self._columns
        ]

    def load(self) -> Loaded:
        self.sift(self._readers)
        contiguous = self._checked()
        names = tuple(column.name for column in self._columns if column)
        with capture.recording(self.database, self.by, "import") as connection:
            self._check_same(connection)
            plain = contiguous and not schema.has_triggers(connection, self._table)
            if plain:
                capture.recorder_of(connection).leave_out(self._table.name)
            before = self._count(connection)
            self.rows = affected = 0
            for values, rows in self._values():
                affected += self.insert(connection, self._table.name, names, values, Digest())
                self.rows += rows
                self.tell(self.size)
            inserted = self._count(connection) - before
            changes = self._record(connection) if plain else capture.recorder_of(connection).ids
            ignored = self.rows - affected - len(self.refused)
            return self.keep_bad(connection, self._done(inserted, affected - inserted, ignored, changes))

    def _done(self, inserted: int, updated: int, ignored: int, changes: Sequence[int]) -> Loaded:
        change = f"{self.database.name}.{changes[0]}" if changes else None
        columns = reports.described(self.source, [column for column in self._columns if column], self.wish)
        return Loaded(self._table.name, inserted, updated, ignored, columns, change)

    def _check_same(self, connection: Connection) -> None:
        if schema.read(self.database, connection).get(self._table.name) != self._table:
            raise ConflictError(f"{self._table.name} was changed or dropped meanwhile.", "Nothing was imported.")

    def _checked(self) -> bool:
        """Checks every value before anyone is kept waiting; whether the rows' keys will follow one another."""
        table = self._table
        place, follows = None, self.wish.on_conflict == "error" and (table.row_id is not None or self._has_row_key())
        if follows and table.row_id is None:
            place = next((at for at, one in enumerate(self._columns) if one and one.primary_key), None)
        last: int | None = None
        for block in self.source.blocks(self.tell):
            try:
                values = self._read(block)
            except InputError as error:
                raise self.refuse(self._readers) from error
            self.rows += len(block)
            if place is not None and follows:
                given = zip(values, filter(None, self._columns), strict=True)
                keys = next(keys for keys, column in given if column.primary_key)
                follows = None not in keys and list(keys) == list(range(keys[0], keys[0] + len(keys)))
                follows = follows and (last is None or keys[0] == last + 1)
                last = keys[-1]
                self._keys = (self._keys[0] if self._keys else keys[0], last)
        return follows and not self.keeps  # what is left out is known only when all is in

    def _has_row_key(self) -> bool:
        """Whether the table's key is an integer that can be drawn."""
        table = self._table
        return len(table.primary_key) == 1 and table.column(table.primary_key[0]).automatic

    def _read(self, block: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        found = zip(self._columns, self._readers, zip(*block, strict=True), strict=True)
        return [read(cells) for column, read, cells in found if column]

    def _values(self) -> Iterator[tuple[list[Sequence[Any]], int]]:
        for block in self.source.blocks():
            yield self._read(block), len(block)

    def _count(self, connection: Connection) -> int:
        return connection.scalar(sa.select(sa.func.count()).select_from(self._table.clause)) or 0

    def _record(self, connection: Connection) -> list[int]:
        """Enters the rows as one block: the keys of the file's, or those that the database has drawn last."""
        if not self.rows:
            return []
        key = blocks.order(self._table)
        drawn = connection.scalar(sa.select(sa.func.max(key)).select_from(self._table.clause)) or 0
        first, last = self._keys or (drawn - self.rows + 1, drawn)
        rows, digest = blocks.digest_of(connection, self._table, first, last)
        if rows != self.rows:
            raise ConflictError(f"{self._table.name} draws keys out of order.", "Write the keys in the file.")
        return [blocks.record(connection, self._table, rows, first, last, digest)]


class Replacement(Rows):
    """In place of the rows of a table that is there, in one transaction and as one change."""

    def load(self) -> Loaded:
        self._checked()
        names = tuple(column.name for column in self._columns if column)
        self.rows = 0
        with capture.recording(self.database, self.by, "import") as connection:
            self._check_same(connection)
            check_alone(self.database, connection, self._table.name)
            schema.defer_foreign_keys(connection)
            capture.delete(connection, self._table, [])
            for values, rows in self._values():
                self.insert(connection, self._table.name, names, values, Digest())
                self.rows += rows
            return self._done(self.rows, 0, 0, capture.recorder_of(connection).ids)


def check_alone(database: Database, connection: Connection, name: str) -> None:
    """Refuses where rows of other tables would be deleted or changed along with those of the table."""
    for other in schema.read(database, connection).values():
        for key in other.foreign_keys:
            if key.table == name and not {key.on_delete, key.on_update} <= {"NO ACTION", "RESTRICT"}:
                raise ConflictError(
                    f"Rows of {other.name} would be deleted or changed along with those of {name}.",
                    "Import the file with --on-conflict update instead.",
                )


def matches(source: Source, table: Table) -> list[Column | None]:
    """The table's column for each of the file's, by its name whatever its capitals; None where there is none."""
    known = {column.name.casefold(): column for column in table.columns} | {one.name: one for one in table.columns}
    named = zip(source.written_names, source.names, strict=True)
    return [known.get(written) or known.get(name) or known.get(name.casefold()) for written, name in named]


def _matched(source: Source, table: Table, chosen: Mapping[str, str]) -> list[Column | None]:
    """The same as it was chosen; None for one that is left out, or that the database computes itself.

    Raises InputError naming columns that the table does not have, has twice, or needs.
    """
    columns = {column.name: column for column in table.columns}
    found = [
        columns.get(chosen[name]) if name in chosen else column
        for name, column in zip(source.names, matches(source, table), strict=True)
    ]
    wrong = {
        name: f"{table.name} has no such column."
        for name, column in zip(source.names, found, strict=True)
        if column is None and chosen.get(name) != ""
    }
    wrong |= {
        name: f"{column.name} is given twice."
        for at, (name, column) in enumerate(zip(source.names, found, strict=True))
        if column is not None and column in found[:at]
    }
    given = {column.name for column in found if column}
    wrong |= {
        column.name: f"{source.name} has no such column, and {table.name} needs it."
        for column in table.columns
        if column.required and column.name not in given
    }
    if wrong:
        raise InputError(errors=wrong)
    return [None if column is None or column.generated else column for column in found]
