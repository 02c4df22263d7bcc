"""A file becomes a new table."""

import itertools
import platform
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import bulk, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import blocks, capture
from frontdesk.history.blocks import Digest
from frontdesk.tables import conversion, detection, reports
from frontdesk.tables.loads import Load, Loaded, WiderError, Wish
from frontdesk.tables.sources import Source
from frontdesk.workers import owners
from frontdesk.workers.owners import Owner

HIDDEN = f"{schema.OWN}import_"
"""What the names of tables begin with that are being loaded."""
AT_ONCE = 10
"""Blocks of one transaction: the lock is held some 20 ms."""
SAMPLE = 10
"""Blocks that are looked at before a load begins; should a later row not fit what they show, it begins again."""

_numbers = itertools.count(1)


def check_free(database: Database, table: str, connection: Connection | None = None) -> None:
    """Raises ConflictError when there is such a table."""
    known = schema.read(database, connection) if connection else schema.tables(database)
    if table.casefold() in {name.casefold() for name in known}:
        raise taken(database, table)


def taken(database: Database, table: str) -> ConflictError:
    """What is said when there is such a table."""
    return ConflictError(f"{database.name} has a table {table!r} already.", "Choose another name.")


def leftovers(database: Database) -> list[str]:
    """The hidden tables of loads whose process died."""
    with database.connect() as connection:
        return [name for name in schema.names(connection, HIDDEN) if not _is_alive(name)]


def drop_leftovers(database: Database) -> None:
    """Drops what loads left behind whose process died."""
    for name in () if database.read_only else leftovers(database):
        with database.transaction(durable=False) as connection:
            if name in schema.names(connection, HIDDEN):
                schema.drop(connection, name)


def _is_alive(name: str) -> bool:
    pid, _, rest = name.rpartition(HIDDEN)[2].partition("_")
    started = rest.partition("_")[0]
    return pid.isdigit() and started.isdigit() and owners.alive(Owner(platform.node(), int(pid), float(started)))


class NewTable(Load):
    """Into a hidden table in committed blocks, which gets its name at the end, together with its history entry.

    So no other writer waits for long, and what does not end leaves nothing.
    """

    def __init__(self, database: Database, source: Source, table: str, by: Caller, wish: Wish) -> None:
        super().__init__(database, source, by, wish)
        this = owners.this()
        self._table = table
        self._hidden = f"{HIDDEN}{this.pid}_{int(this.started)}_{next(_numbers)}"
        self._updated = self._affected = 0
        self._ascending = True
        self._finders: Sequence[detection.Finder] = ()

    def load(self) -> Loaded:
        self.sift_given()
        given = all(name in self.wish.types for name in self.source.names)
        found = detection.find(self.source, 0 if given else None if self.source.typed else SAMPLE)
        try:
            try:
                columns, digest = self._fill(self._columns(found, self.wish.key or self._id(found)), found)
            except WiderError:
                found = detection.find(self.source, tell=self.tell)
                columns, digest = self._fill_surely(found)
            return self._finish(columns, digest)
        finally:
            self._drop()

    def sift_given(self) -> None:
        """Sets the lines aside that the types and the key do not fit that are given, where bad lines are kept."""
        if self.keeps:
            types, names = self.wish.types, self.source.names
            readers = [self._given(types[name], name) if name in types else _as_they_are for name in names]
            unique = self.wish.key if self.wish.on_conflict == "error" else ()
            self.sift(readers, [names.index(name) for name in unique if name in names])

    def _given(self, declared: str, name: str) -> conversion.Read:
        return conversion.reader(
            detection.column(name, declared),
            typed=self.source.typed,
            empty_text=self.wish.empty_text,
            written=self.source.written,
        )

    def _id(self, found: detection.Found) -> Sequence[str]:
        """The column `id`, where it can be a key."""
        return [
            column.name
            for column, finder in zip(found.columns, found.finders, strict=True)
            if column.name.casefold() == "id"
            and column.name not in self.wish.types
            and column.type == "INTEGER"
            and not finder.empty
        ]

    def _fill_surely(self, found: detection.Found) -> tuple[list[Column], Digest]:
        try:
            return self._fill(self._columns(found, self.wish.key or self._id(found)), found)
        except WiderError:  # the ids are not unique
            return self._fill(self._columns(found, self.wish.key), found)

    def _columns(self, found: detection.Found, key: Sequence[str]) -> list[Column]:
        self._finders = found.finders
        unknown = [name for name in key if name not in self.source.names]
        if unknown:
            raise InputError(errors={"key": f"{self.source.name} has no column {unknown[0]!r}."})
        columns = [
            detection.column(column.name, self.wish.types[column.name]) if column.name in self.wish.types else column
            for column in found.columns
        ]
        return [
            replace(column, nullable=False, primary_key=list(key).index(column.name) + 1)
            if column.name in key
            else column
            for column in columns
        ]

    def _readers(self, columns: Sequence[Column], found: detection.Found) -> list[conversion.Read]:
        typed, empty_text = self.source.typed, self.wish.empty_text
        return [
            conversion.reader(column, typed=typed, empty_text=empty_text, written=self.source.written)
            if column.name in self.wish.types
            else _found(column, finder, self.wish)
            for column, finder in zip(columns, found.finders, strict=True)
        ]

    def _fill(self, columns: list[Column], found: detection.Found) -> tuple[list[Column], Digest]:
        self._drop()
        with self.database.transaction(durable=False) as connection:
            schema.create(connection, self._hidden, columns)
        readers = self._readers(columns, found)
        key = next((place for place, one in enumerate(columns) if one.primary_key and one.type == "INTEGER"), None)
        names = tuple(column.name for column in columns)
        digest, self.rows, self._affected, self._ascending, last = Digest(), 0, 0, True, None
        waiting: list[list[Sequence[Any]]] = []
        for block in self.source.blocks(self.tell):
            try:
                values = [read(cells) for read, cells in zip(readers, zip(*block, strict=True), strict=True)]
            except InputError as error:
                raise self.refuse(readers) from error
            if key is not None:
                keys = values[key]
                self._ascending = self._ascending and detection.rises(keys, last)
                last = keys[-1]
            waiting.append(values)
            if len(waiting) == AT_ONCE:
                self._insert(names, waiting, digest)
                waiting = []
        self._insert(names, waiting, digest)
        return columns, digest

    def _insert(self, names: tuple[str, ...], waiting: list[list[Sequence[Any]]], digest: Digest) -> None:
        conflict = bulk.on_conflict(names, self.wish.key, self.wish.on_conflict)
        try:
            with self.database.transaction(durable=False) as connection:
                for part in (part for values in waiting for part in bulk.parts(values)):
                    digest.add(part)
                    self._affected += bulk.insert_flat(connection, self._hidden, names, part, conflict)
        except errors.IntegrityError as error:
            if not self.wish.key:
                raise WiderError from error
            self._refuse(names, waiting)
        self.rows += sum(len(values[0]) for values in waiting)

    def _refuse(self, names: tuple[str, ...], waiting: list[list[Sequence[Any]]]) -> None:
        """Does it once more, row by row where it fails, for the lines."""
        with self.database.transaction(durable=False) as connection:
            for values in waiting:
                self._affected += self.insert(connection, self._hidden, names, values, Digest())
                self.rows += len(values[0])

    def _finish(self, columns: list[Column], digest: Digest) -> Loaded:
        with self.database.connect() as connection:
            loaded = schema.read_own(connection, self._hidden)
            place = blocks.order(loaded)
            bounds = sa.select(sa.func.min(place), sa.func.max(place)).select_from(loaded.clause)
            first, last = connection.execute(bounds).one() if self.rows else (1, 0)
            rows, text = self.rows, digest.text()
            if not self._ascending or self.wish.on_conflict != "error" or self.refused:
                rows, text = blocks.digest_of(connection, loaded, first, last)
        with capture.recording(self.database, self.by, "import") as connection:
            check_free(self.database, self._table, connection)
            capture.recorder_of(connection).remove()
            made = schema.rename(connection, self._hidden, self._table)
            number = blocks.record(connection, replace(loaded, name=self._table), rows, first, last, text, made)
            described = reports.described(self.source, columns, self.wish, self._finders)
            change, ignored = f"{self.database.name}.{number}", self.rows - self._affected - len(self.refused)
            done = Loaded(self._table, rows, self._affected - rows, ignored, described, change)
            done = self.keep_bad(connection, done)
        self.tell(self.size)
        return done

    def _drop(self) -> None:
        with self.database.connect() as connection:
            there = not self.database.read_only and self._hidden in schema.names(connection, self._hidden)
        if there:
            with self.database.transaction(durable=False) as connection:
                schema.drop(connection, self._hidden)


def _as_they_are(cells: Sequence[Any]) -> Sequence[Any]:
    return cells


def _found(column: Column, finder: detection.Finder, wish: Wish) -> conversion.Read:
    """The values of cells whose type was found; cells that show another one are a WiderError."""

    def read(cells: Sequence[Any]) -> Sequence[Any]:
        values = finder.read(cells)
        if finder.type != column.type:
            raise WiderError
        if wish.empty_text and column.type == "TEXT":
            values = cells
        if column.primary_key and None in values:
            raise InputError("This is the key and needs a value.") if wish.key else WiderError
        return values

    return read
