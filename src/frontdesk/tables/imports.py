"""A file of rows becomes a table, or rows of one: all of it or nothing, as one change that can be undone."""

import itertools
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import bulk, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import ConflictError, InputError, PermissionDenied
from frontdesk.history import blocks, capture
from frontdesk.history.blocks import Digest
from frontdesk.tables import conversion, detection, sources, structure
from frontdesk.tables.sources import MOST_LINES, Source
from frontdesk.workers import owners
from frontdesk.workers.owners import Owner

SUFFIXES = tuple(sources.FORMATS)
HIDDEN = f"{schema.OWN}import_"
"""What the names of tables begin with that are being loaded."""
ON_CONFLICT = ("error", "ignore", "update")
AT_ONCE = 10
"""Blocks of one transaction: the lock is held some 20 ms."""
SAMPLE = 10
"""Blocks that are looked at before a load begins; should a later row not fit what they show, it begins again."""

Progress = Callable[[int, int, int], object]
"""Hears of bytes read, bytes in all, and rows."""


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Loaded:
    """What a load did; `change` is its id, None when nothing changed."""

    table: str
    inserted: int
    updated: int
    ignored: int
    columns: list[dict[str, str]]  # name and type of each, and the file's own name where it was another
    change: str | None

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Preview:
    """A file before it is imported: its columns with the types found over all rows, and the first rows."""

    source: Source
    columns: list[Column]
    rows: list[Sequence[Any]]
    count: int
    key: tuple[str, ...]  # the column that can be the primary key for sure


@dataclass(frozen=True)
class Wish:
    """How a file is to be loaded."""

    types: Mapping[str, str] = field(default_factory=dict)  # by column; what is not named is found
    create: bool = False
    key: Sequence[str] = ()
    on_conflict: str = "error"
    empty_text: bool = False  # empty text in columns of texts stays empty text
    progress: Progress = sources.silent


def load(database: Database, source: Source, table: str, by: Caller, wish: Wish = Wish()) -> Loaded:
    """Loads all rows of the file, or none: into a table that is there, or with `create` into a new one.

    Raises InputError naming every bad line, ConflictError when a new table's name is taken, PermissionDenied when one
    who is no admin asks for a new table.
    """
    _check(source, wish)
    if not wish.create:
        return _Rows(database, source, schema.table(database, table), by, wish).load()
    if not by.may("admin"):
        raise PermissionDenied(f"A new table needs the role admin; you are {by.role}.", "Import into a table instead.")
    structure.check_name(table)
    _check_free(database, table)
    drop_leftovers(database)
    return _NewTable(database, source, table, by, wish).load()


def _check(source: Source, wish: Wish) -> None:
    wrong = {}
    if wish.on_conflict not in ON_CONFLICT:
        wrong["on_conflict"] = "Write error, ignore or update."
    unknown = [name for name in wish.types if name not in source.names]
    if unknown:
        wrong["types"] = f"{source.name} has no column {unknown[0]!r}."
    types = [declared for declared in wish.types.values() if declared not in schema.TYPES]
    if types:
        wrong["types"] = f"{types[0]!r} is no type; choose one of: {', '.join(schema.TYPES)}."
    if wrong:
        raise InputError(errors=wrong)


def _check_free(database: Database, table: str, connection: Connection | None = None) -> None:
    known = schema.read(database, connection) if connection else schema.tables(database)
    if table.casefold() in {name.casefold() for name in known}:
        raise ConflictError(f"{database.name} has a table {table!r} already.", "Choose another name.")


def preview(source: Source, rows: int = 20) -> Preview:
    """The file's columns and first rows, after all rows were read once. Raises InputError naming bad lines."""
    found = detection.find(source)
    first = list(islice((row for block in source.blocks() for row in block), rows))
    return Preview(source, found.columns, first, found.rows, found.key)


def drop_leftovers(database: Database) -> None:
    """Drops what loads left behind whose process died."""
    if database.read_only:
        return
    with database.connect() as connection:
        left = [name for name in schema.names(connection, HIDDEN) if not _is_alive(name)]
    for name in left:
        with database.transaction(durable=False) as connection:
            if name in schema.names(connection, HIDDEN):
                schema.drop(connection, name)


def _is_alive(name: str) -> bool:
    pid, _, rest = name.removeprefix(HIDDEN).partition("_")
    started = rest.partition("_")[0]
    return pid.isdigit() and started.isdigit() and owners.alive(Owner(platform.node(), int(pid), float(started)))


class _WiderError(Exception):
    """A row does not fit what the first ones showed."""


class _Load:
    """One load on its way."""

    def __init__(self, database: Database, source: Source, by: Caller, wish: Wish) -> None:
        self.database, self.source, self.by, self.wish = database, source, by, wish
        self.size = source.path.stat().st_size
        self.rows = 0

    def tell(self, done: int, rows: int | None = None) -> None:
        self.wish.progress(done, self.size, self.rows if rows is None else rows)

    def insert(
        self,
        connection: Connection,
        table: str,
        names: tuple[str, ...],
        values: Sequence[Sequence[Any]],
        digest: Digest,
    ) -> int:
        """Inserts a block; gives how many rows were inserted or updated. Raises InputError naming lines."""
        conflict = bulk.on_conflict(names, self.wish.key, self.wish.on_conflict)
        try:
            with connection.begin_nested():
                affected = 0
                for part in bulk.parts(values):
                    digest.add(part)
                    affected += bulk.insert_flat(connection, table, names, part, conflict)
                return affected
        except errors.ProgrammingError as error:
            raise self._explained(error) from error
        except errors.OperationalError as error:
            raise self._explained(error) from error
        except errors.IntegrityError as error:
            wrong = {}
            for place, row in enumerate(zip(*values, strict=True)):
                try:
                    with connection.begin_nested():
                        bulk.insert_flat(connection, table, names, row, conflict)
                except errors.IntegrityError as refusal:
                    wrong[self.rows + place] = refusal.message
                    if len(wrong) == MOST_LINES:
                        break
            if not wrong:
                raise
            raise _Refused(self.source, wrong) from error

    def _explained(self, error: errors.DatabaseError) -> errors.Error:
        if "ON CONFLICT" in error.message:
            listed = ", ".join(self.wish.key)
            return InputError(errors={"key": f"Rows are not kept apart by {listed}: name columns that are unique."})
        return error

    def refuse(self, readers: Sequence[conversion.Read]) -> InputError:
        """Reads all again, line by line, and names those that do not fit."""
        wrong: dict[int, str] = {}
        for line, cells in self.source.numbered():
            if len(cells) != len(readers):
                wrong[line] = f"{len(cells):,} values, but {len(readers):,} columns."
                continue
            for name, read, cell in zip(self.source.names, readers, cells, strict=True):
                try:
                    read([cell])
                except _WiderError:
                    continue
                except InputError as error:
                    wrong[line] = f"{wrong.get(line, '')} {name}: {error.message}".strip()
            if len(wrong) == MOST_LINES:
                break
        return sources.refused(self.source, wrong)


class _Refused(InputError):
    """Rows, counted from 0, that the database refused, as lines."""

    def __init__(self, source: Source, rows: Mapping[int, str]) -> None:
        last = max(rows)
        numbered = enumerate(source.numbered())
        lines = {
            line: rows[row]
            for row, (line, _) in itertools.takewhile(lambda one: one[0] <= last, numbered)
            if row in rows
        }
        made = sources.refused(source, lines)
        super().__init__(made.message, errors=made.errors)


class _NewTable(_Load):
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

    def load(self) -> Loaded:
        given = all(name in self.wish.types for name in self.source.names)
        found = detection.find(self.source, 0 if given else None if self.source.typed else SAMPLE)
        try:
            try:
                columns, digest = self._fill(self._columns(found, self.wish.key or self._id(found)), found)
            except _WiderError:
                found = detection.find(self.source, tell=self.tell)
                columns, digest = self._fill_surely(found)
            return self._finish(columns, digest)
        finally:
            self._drop()

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
        except _WiderError:  # the ids are not unique
            return self._fill(self._columns(found, self.wish.key), found)

    def _columns(self, found: detection.Found, key: Sequence[str]) -> list[Column]:
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
            conversion.reader(column, typed=typed, empty_text=empty_text)
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
                raise _WiderError from error
            self._refuse(names, waiting)
        self.rows += sum(len(values[0]) for values in waiting)

    def _refuse(self, names: tuple[str, ...], waiting: list[list[Sequence[Any]]]) -> None:
        """Does it once more, row by row where it fails, for the lines."""
        with self.database.transaction(durable=False) as connection:
            for values in waiting:
                self.insert(connection, self._hidden, names, values, Digest())
                self.rows += len(values[0])

    def _finish(self, columns: list[Column], digest: Digest) -> Loaded:
        with self.database.connect() as connection:
            loaded = schema.read_own(connection, self._hidden)
            place = blocks.order(loaded)
            bounds = sa.select(sa.func.min(place), sa.func.max(place)).select_from(loaded.clause)
            first, last = connection.execute(bounds).one() if self.rows else (1, 0)
            rows, text = self.rows, digest.text()
            if not self._ascending or self.wish.on_conflict != "error":
                rows, text = blocks.digest_of(connection, loaded, first, last)
        with capture.recording(self.database, self.by, "import") as connection:
            _check_free(self.database, self._table, connection)
            capture.recorder_of(connection).remove()
            made = schema.rename(connection, self._hidden, self._table)
            number = blocks.record(connection, replace(loaded, name=self._table), rows, first, last, text, made)
        self.tell(self.size)
        return Loaded(
            self._table,
            rows,
            self._affected - rows,
            self.rows - self._affected,
            described(self.source, columns),
            f"{self.database.name}.{number}",
        )

    def _drop(self) -> None:
        with self.database.connect() as connection:
            there = not self.database.read_only and self._hidden in schema.names(connection, self._hidden)
        if there:
            with self.database.transaction(durable=False) as connection:
                schema.drop(connection, self._hidden)


def _found(column: Column, finder: detection.Finder, wish: Wish) -> conversion.Read:
    """The values of cells whose type was found; cells that show another one are a _WiderError."""

    def read(cells: Sequence[Any]) -> Sequence[Any]:
        values = finder.read(cells)
        if finder.type != column.type:
            raise _WiderError
        if wish.empty_text and column.type == "TEXT":
            values = cells
        if column.primary_key and None in values:
            raise InputError("This is the key and needs a value.") if wish.key else _WiderError
        return values

    return read


def described(source: Source, columns: Sequence[Column]) -> list[dict[str, str]]:
    """The columns as the API gives them, with the file's own name where it was changed."""
    written = dict(zip(source.names, source.written_names, strict=True))
    return [
        {"name": column.name, "type": column.type}
        | ({"label": written[column.name]} if written.get(column.name, column.name) != column.name else {})
        for column in columns
    ]


class _Rows(_Load):
    """Into a table that is there, in one transaction."""

    def __init__(self, database: Database, source: Source, table: Table, by: Caller, wish: Wish) -> None:
        if table.kind != "table":
            raise PermissionDenied(f"{table.name} is a {table.kind}; nothing can be loaded into it.")
        key = tuple(wish.key) or (table.primary_key if wish.on_conflict != "error" else ())
        super().__init__(database, source, by, replace(wish, key=key))
        self._table = table
        self._columns = _matched(source, table)
        self._keys: tuple[int, int] | None = None
        if wish.on_conflict == "update" and not key:
            raise InputError(errors={"key": f"{table.name} has no primary key: name the column that is unique."})
        missing = [name for name in key if name not in {column.name for column in self._columns if column}]
        if missing and (wish.key or wish.on_conflict == "update"):
            raise InputError(errors={"key": f"{source.name} has no column {missing[0]!r}."})
        if missing:
            self.wish = replace(self.wish, key=())
        self._readers: list[conversion.Read] = [
            conversion.reader(column, typed=source.typed, empty_text=wish.empty_text) if column else lambda cells: cells
            for column in self._columns
        ]

    def load(self) -> Loaded:
        contiguous = self._checked()
        names = tuple(column.name for column in self._columns if column)
        with capture.recording(self.database, self.by, "import") as connection:
            if schema.read(self.database, connection).get(self._table.name) != self._table:
                raise ConflictError(f"{self._table.name} was changed or dropped meanwhile.", "Nothing was imported.")
            plain = contiguous and not schema.has_triggers(connection, self._table.name)
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
        change = f"{self.database.name}.{changes[0]}" if changes else None
        columns = described(self.source, [column for column in self._columns if column])
        return Loaded(self._table.name, inserted, affected - inserted, self.rows - affected, columns, change)

    def _checked(self) -> bool:
        """Checks every value before anyone is kept waiting; whether the rows' keys will follow one another."""
        table = self._table
        place, follows = None, self.wish.on_conflict == "error" and (table.row_id is not None or _has_row_key(table))
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
        return follows

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


def _has_row_key(table: Table) -> bool:
    return len(table.primary_key) == 1 and table.column(table.primary_key[0]).automatic


def _matched(source: Source, table: Table) -> list[Column | None]:
    """The table's column for each of the file's; None for one that the database computes itself.

    Raises InputError naming columns that the table does not have, and those that it needs.
    """
    known = {column.name.casefold(): column for column in table.columns} | {one.name: one for one in table.columns}
    found = [known.get(name) or known.get(name.casefold()) for name in source.names]
    wrong = {
        name: f"{table.name} has no such column."
        for name, column in zip(source.names, found, strict=True)
        if column is None
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
