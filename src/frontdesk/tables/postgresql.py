"""Files into PostgreSQL: by COPY and in one transaction, so that a load that does not end leaves nothing.

Every value is checked here before it goes; what the server alone knows of is refused by it, and named by line too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import bulk, schema
from frontdesk.database.postgresql import catalog, copies
from frontdesk.database.postgresql import loads as server
from frontdesk.database.postgresql.loads import Stage, Turn
from frontdesk.database.schema import Column
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import blocks, capture, cascades, verbs
from frontdesk.history.entries import value_names
from frontdesk.tables import additions, conversion, creation, detection, loads, reports, stages
from frontdesk.tables.formats.inputs import MOST_LINES, Block
from frontdesk.tables.loads import Loaded, Refused, WiderError

AT_ONCE = 5000
"""Rows of one statement from a stage into a table."""
SENT = 1 << 15
"""Characters that go to the server at a time, at least."""


class NewTable(creation.NewTable):
    """Into a hidden table, which gets its name at the end, together with its history entry: all in one transaction."""

    def load(self) -> Loaded:
        self.sift_given()
        given = all(name in self.wish.types for name in self.source.names)
        found = detection.find(self.source, 0 if given else None if self.source.typed else creation.SAMPLE)
        _prepare(self)
        try:
            return self._load(found, self.wish.key or self._id(found), sure=False)
        except WiderError:
            found = detection.find(self.source, tell=self.tell)
        try:
            return self._load(found, self.wish.key or self._id(found), sure=True)
        except WiderError:  # the ids are not unique
            return self._load(found, self.wish.key, sure=True)

    def _load(self, found: detection.Found, key: Sequence[str], *, sure: bool) -> Loaded:
        columns = self._columns(found, key)
        try:
            with capture.recording(self.database, self.by, "import") as connection:
                self._table, hidden = server.hidden_name(connection, self._table, self._hidden)
                creation.check_free(self.database, self._table, connection)
                schema.create(connection, hidden, columns)
                gone = self._copy_all(connection, hidden, columns, found, sure=sure)
                return self._named(connection, hidden, columns, gone)
        except copies.Refused as refusal:
            raise self._explained_refusal(refusal, columns, found) from refusal

    def _columns(self, found: detection.Found, key: Sequence[str]) -> list[Column]:
        """As on SQLite; times that all have a zone are moments, and of those of both kinds none may lose its zone."""
        columns = super()._columns(found, key)
        for place, (column, finder) in enumerate(zip(columns, found.finders, strict=True)):
            if column.type == "DATETIME" and column.name in self.wish.types:
                columns[place] = replace(column, zoned=False)
            elif column.type == "DATETIME" and True in finder.zones:
                declared = "TEXT" if False in finder.zones else "TIMESTAMPTZ"
                columns[place] = replace(column, type=declared, kind="text" if declared == "TEXT" else "datetime")
        return columns

    def _copy_all(
        self, connection: Connection, hidden: str, columns: list[Column], found: detection.Found, *, sure: bool
    ) -> int:
        """Fills the hidden table; gives how many rows of keys that came before or after went."""
        if self.wish.on_conflict == "error" or not self.wish.key:
            self._copy(connection, hidden, columns, found, sure=sure)
            return 0
        server.drop_key(connection, hidden)
        self._copy(connection, hidden, columns, found, sure=sure)
        gone = server.keep_one(connection, hidden, self.wish.key, self.wish.on_conflict)
        server.add_key(connection, hidden, self.wish.key)
        return gone

    def _copy(
        self, connection: Connection, hidden: str, columns: list[Column], found: detection.Found, *, sure: bool
    ) -> None:
        self.rows = 0
        numbered = not any(column.primary_key for column in columns)
        names = [*([catalog.ROW_ID] if numbered else []), *(column.name for column in columns)]
        plain = not (self.source.typed or self.wish.types or self.wish.empty_text)
        lines = self._plain_lines(columns, found, sure) if plain else self._lines(columns, found)
        if numbered:
            lines = _numbered(lines, mark=self.source.delimiter if plain else "\t")
        table = catalog.written(connection, hidden)
        signs = ("", self.source.delimiter) if plain else (copies.NULL, "\t")
        with copies.copying(connection, table, names, *signs, new=True) as write:
            _send(write, lines)

    def _plain_lines(self, columns: list[Column], found: detection.Found, sure: bool) -> Iterator[str]:
        """The cells as they are, after a look whether they fit."""
        keys = [place for place, column in enumerate(columns) if column.primary_key]
        checks: list[tuple[int, Callable[[Sequence[str]], bool]]] = [
            (place, finder.fits)
            for place, finder in enumerate(found.finders)
            if isinstance(finder, detection.Column) and not (sure or (finder.type == "TEXT" and finder.found))
        ]
        pieces = self._pieces(columns, found)
        for text, block in pieces:
            if text:
                self.rows += text.count("\n")
                yield text
                continue
            cells = list(zip(*block, strict=True))
            for place in keys:
                if "" in cells[place]:
                    self._refuse_bare(columns, found)
            for place, fits in checks:
                if not fits(cells[place]):
                    raise WiderError
            self.rows += len(block)
            yield copies.plain_lines(block, self.source.delimiter)

    def _pieces(self, columns: list[Column], found: detection.Found) -> Iterator[tuple[str, Block]]:
        """The rows, taken apart only where they need a closer look; the lines of others are what COPY reads."""
        mark = self.source.delimiter
        plain = rf'^{re.escape(mark)}"\t\n\r\\'
        parts = [
            finder.pattern(plain, needed=bool(column.primary_key)) if isinstance(finder, detection.Column) else None
            for column, finder in zip(columns, found.finders, strict=True)
        ]
        patterns = [part for part in parts if part is not None]
        if len(patterns) < len(parts) or len(parts) == 1:
            yield from (("", block) for block in self.source.blocks(self.tell))
            return
        line = re.escape(mark).join(patterns)
        yield from self.source.pieces(re.compile(f"(?:{line}\\n)*+"), self.tell)

    def _lines(self, columns: list[Column], found: detection.Found) -> Iterator[str]:
        """The cells as the values of their columns."""
        readers = self._readers(columns, found)
        for block in self.source.blocks(self.tell):
            try:
                values = [read(cells) for read, cells in zip(readers, zip(*block, strict=True), strict=True)]
            except InputError as error:
                raise self.refuse(readers) from error
            self.rows += len(block)
            yield copies.lines(values)

    def _readers(self, columns: Sequence[Column], found: detection.Found) -> list[conversion.Read]:
        readers = super()._readers(columns, found)
        for place, (column, finder) in enumerate(zip(columns, found.finders, strict=True)):
            if finder.type == "DATETIME" and column.name not in self.wish.types:
                readers[place] = _times(finder)
        return readers

    def _refuse_bare(self, columns: list[Column], found: detection.Found) -> None:
        """A key without a value."""
        if not self.wish.key:
            raise WiderError
        raise self.refuse(self._readers(columns, found))

    def _explained_refusal(self, refusal: copies.Refused, columns: list[Column], found: detection.Found) -> Exception:
        error = refusal.error
        if isinstance(error, errors.IntegrityError) and not self.wish.key:
            return WiderError()
        if isinstance(error, errors.IntegrityError) and error.rule == "unique":
            return self._repeated(columns, found, error)
        if refusal.row is not None and isinstance(error, (errors.DataError, errors.IntegrityError)):
            return Refused(self.source, {refusal.row: refusal.sentence})
        return error

    def _repeated(self, columns: list[Column], found: detection.Found, error: errors.Error) -> Exception:
        """Copies once more without the key, for the lines."""
        with self.database.trial() as connection:
            hidden = server.hidden_name(connection, self._table, self._hidden)[1]
            schema.create(connection, hidden, columns)
            server.drop_key(connection, hidden)
            self._copy(connection, hidden, columns, found, sure=True)
            places = server.repeated(connection, hidden, self.wish.key, MOST_LINES)
        return Refused(self.source, dict.fromkeys(places, error.message)) if places else error

    def _named(self, connection: Connection, hidden: str, columns: list[Column], gone: int) -> Loaded:
        loaded = schema.read_own(connection, hidden)
        drawn = [column.name for column in loaded.columns if column.automatic]
        server.go_on(connection, loaded, [*drawn, *filter(None, [loaded.row_id])])
        first, last = blocks.bounds(connection, loaded) or (1, 0)
        rows, digest = blocks.digest_of(connection, loaded, first, last, whole=True)
        creation.check_free(self.database, self._table, connection)
        try:
            with connection.begin_nested():
                sql = server.rename(connection, hidden, self._table)
        except errors.IntegrityError as error:
            raise creation.taken(self.database, self._table) from error
        number = blocks.record(connection, replace(loaded, name=self._table), rows, first, last, digest, sql)
        self.tell(self.size)
        affected = rows if self.wish.on_conflict == "ignore" else self.rows
        described = reports.described(self.source, columns, self.wish, self._finders)
        change = f"{self.database.name}.{number}"
        done = Loaded(self._table, rows, affected - rows, self.rows - affected, described, change)
        return self.keep_bad(connection, done)


class Rows(additions.Rows):
    """Into a table that is there: by one COPY where the rows' keys follow one another, else through a stage."""

    def load(self) -> Loaded:
        self.sift(self._readers)
        contiguous = self._checked()
        _prepare(self)
        keys = self._reserved() if contiguous and self.rows else None
        with capture.recording(self.database, self.by, "import") as connection:
            self._hold(connection)
            number = self._copy_block(connection, keys) if keys else None
            if number is not None:
                return self._loaded(self.rows, 0, [number])
            inserted, updated = self._go_in(connection)
            done = self._loaded(inserted, updated, capture.recorder_of(connection).ids)
            return self.keep_bad(connection, done)

    def _loaded(self, inserted: int, updated: int, changes: Sequence[int]) -> Loaded:
        self.tell(self.size)
        ignored = self.rows - inserted - updated - len(self.refused)
        return self._done(inserted, updated, ignored, changes)

    def _hold(self, connection: Connection) -> None:
        """Raises ConflictError where the table is no longer what the file was checked against."""
        self._check_same(connection)
        server.lock(connection, self._table, alone=self.wish.on_conflict == "update")
        self._check_same(connection)

    def _has_row_key(self) -> bool:
        table = self._table
        return len(table.primary_key) == 1 and table.column(table.primary_key[0]).kind == "integer"

    def _reserved(self) -> tuple[int, int] | None:
        """The keys of the file, or as many of the table's sequence; None where there is none to be had."""
        if self._keys:
            return self._keys
        with self.database.transaction() as connection:
            self._check_same(connection)
            try:
                with connection.begin_nested():
                    first = server.draw(connection, self._table, self._table.key[0], self.rows)
            except errors.PermissionDenied:
                first = None
        return None if first is None else (first, first + self.rows - 1)

    def _copy_block(self, connection: Connection, keys: tuple[int, int]) -> int | None:
        """Copies all rows and enters them as one block; None where rows must be looked at one by one."""
        table = self._table
        if schema.has_triggers(connection, table):
            return None
        names = [column.name for column in self._columns if column]
        lines: Iterable[str] = (copies.lines(values) for values, _ in self._told_values())
        if not self._keys:
            names, lines = [table.key[0], *names], _numbered(lines, keys[0])
        try:
            with connection.begin_nested(), copies.copying(connection, server.written(table), names) as write:
                _send(write, lines)
        except copies.Refused as refusal:
            if refusal.row is not None and isinstance(refusal.error, errors.DataError):
                raise Refused(self.source, {refusal.row: refusal.sentence}) from refusal
            if not isinstance(refusal.error, errors.IntegrityError):
                raise refusal.error from refusal
            return None
        server.go_on(connection, table, [one.name for one in table.columns if one.automatic and one.name in names])
        rows, digest = blocks.digest_of(connection, table, *keys)
        if rows != self.rows:
            raise ConflictError(f"{table.name} draws keys out of order.", "Write the keys in the file.")
        return blocks.record(connection, table, rows, *keys, digest)

    def _told_values(self) -> Iterator[tuple[list[Sequence[Any]], int]]:
        done = 0
        for values, rows in self._values():
            done += rows
            self.tell(self.size, done)
            yield values, rows

    def _go_in(self, connection: Connection) -> tuple[int, int]:
        """Puts all rows in through a stage, recorded one by one; gives how many were inserted and updated."""
        names = tuple(column.name for column in self._columns if column)
        stage = Stage(connection, self._table, names)
        stage.make()
        lines = (copies.lines(values) for values, _ in self._told_values())
        if self.keeps:
            for text in _numbered(lines, 0):
                self.refused |= stages.fill(connection, names, text.split("\n")[:-1])
            return self._take_all(stage)
        try:
            with copies.copying(connection, server.STAGE, (server.PLACE, *names)) as write:
                _send(write, _numbered(lines, 0))
        except copies.Refused as refusal:
            if refusal.row is None or not isinstance(refusal.error, (errors.DataError, errors.IntegrityError)):
                raise refusal.error from refusal
            raise Refused(self.source, {refusal.row: refusal.sentence}) from refusal
        return self._take_all(stage)

    def _take_all(self, stage: Stage) -> tuple[int, int]:
        stage.filled()
        inserted = updated = 0
        for first in range(0, self.rows, AT_ONCE):
            more = self._take(stage, (first, min(first + AT_ONCE, self.rows) - 1))
            inserted, updated = inserted + more[0], updated + more[1]
        return inserted, updated

    def _take(self, stage: Stage, places: tuple[int, int]) -> tuple[int, int]:
        key = tuple(self.wish.key)
        if self.wish.on_conflict != "update":
            return self._put(stage, places, None)
        if self._moves(stage.connection):
            return self._put_singly(stage, places)
        done = [self._put(stage, places, Turn(key, turn + 1)) for turn in range(stage.turns(places, key))]
        return sum(one for one, _ in done), sum(two for _, two in done)

    def _put(self, stage: Stage, places: tuple[int, int], turn: Turn | None) -> tuple[int, int]:
        """Inserts or updates the rows of these places and enters them. Raises InputError naming their lines."""
        names, key = value_names(self._table), self.wish.key
        conflict = bulk.on_conflict(stage.columns, key, self.wish.on_conflict)
        before = {}
        if turn is not None:
            standing = (dict(zip(names, row, strict=True)) for row in stage.standing(places, key, names, turn))
            before = {tuple(row[name] for name in key): row for row in standing}
        try:
            with stage.connection.begin_nested():
                made = stage.insert(places, conflict, names, turn)
        except (errors.IntegrityError, errors.DataError) as error:
            wrong = self._wrong(stage, places, conflict)
            if wrong and self.keeps:
                self.refused |= wrong
                stage.leave_out(list(wrong))
                return self._put(stage, places, turn)
            raise (Refused(self.source, wrong) if wrong else error) from error
        except errors.ProgrammingError as error:
            raise self._explained(error) from error
        after = [dict(zip(names, row, strict=True)) for row in made]
        pairs = [(before.get(tuple(row[name] for name in key)) if before else None, row) for row in after]
        self._enter(stage.connection, pairs)
        updated = sum(old is not None for old, _ in pairs)
        return len(pairs) - updated, updated

    def _enter(self, connection: Connection, pairs: Sequence[tuple[dict[str, Any] | None, dict[str, Any]]]) -> None:
        recorder = capture.recorder_of(connection)
        assert isinstance(recorder, verbs.Recorder)
        recorder.record(self._table, "import", pairs)

    def _wrong(self, stage: Stage, places: tuple[int, int], conflict: str) -> dict[int, str]:
        """The rows that the database refuses, each tried by itself after those before it."""
        wrong: dict[int, str] = {}
        trial = stage.connection.begin_nested()
        for place in range(places[0], places[1] + 1):
            try:
                with stage.connection.begin_nested():
                    stage.insert((place, place), conflict, value_names(self._table))
            except (errors.IntegrityError, errors.DataError) as refusal:
                wrong[place] = refusal.message
                if len(wrong) == MOST_LINES and not self.keeps:
                    break
        trial.rollback()
        return wrong

    def _moves(self, connection: Connection) -> bool:
        """Whether rows of other tables may change along with what is updated: then each row is updated by itself."""
        given = {column.name for column in self._columns if column} - set(self.wish.key)
        tables = schema.read(self.database, connection).values()
        keys = [key for table in tables for key in table.foreign_keys if key.table == self._table.name]
        return any(key.on_update not in cascades.KEPT_STILL and given & set(key.references) for key in keys)

    def _put_singly(self, stage: Stage, places: tuple[int, int]) -> tuple[int, int]:
        connection, table = stage.connection, self._table
        inserted = updated = 0
        wrong: dict[int, str] = {}
        self._enter(connection, [])  # before what changes along, whose changes belong to this one
        for place, row in stage.rows(places):
            where = [table.clause.c[name] == row[name] for name in self.wish.key]
            try:
                with connection.begin_nested():
                    if capture.update(connection, table, where, row):
                        updated += 1
                    else:
                        capture.insert(connection, table, row)
                        inserted += 1
            except (errors.IntegrityError, errors.DataError) as refusal:
                wrong[place] = refusal.message
                if len(wrong) == MOST_LINES and not self.keeps:
                    break
        if self.keeps:
            self.refused |= wrong
        elif wrong:
            raise Refused(self.source, wrong)
        return inserted, updated


class Replacement(Rows):
    """In place of the rows of a table that is there, in one transaction and as one change."""

    def load(self) -> Loaded:
        self._checked()
        with capture.recording(self.database, self.by, "import") as connection:
            self._hold(connection)
            additions.check_alone(self.database, connection, self._table.name)
            schema.defer_foreign_keys(connection)
            capture.delete(connection, self._table, [])
            inserted, updated = self._go_in(connection)
            return self._loaded(inserted, updated, capture.recorder_of(connection).ids)


def _prepare(load: loads.Load) -> None:
    """Makes the history's tables where there are none: a long transaction would keep other writers from theirs."""
    with capture.recording(load.database, load.by):
        pass


def _times(finder: detection.Finder) -> conversion.Read:
    """Times as they are written, as long as they have zones, or have none, as before."""
    zones = set(finder.zones)

    def read(cells: Sequence[Any]) -> Sequence[Any]:
        values = finder.read(cells)
        if finder.type != "DATETIME" or finder.zones != zones:
            raise WiderError
        return values

    return read


def _numbered(blocks_of_lines: Iterable[str], first: int = 1, mark: str = "\t") -> Iterator[str]:
    """The lines, each after its number."""
    number = first
    for text in blocks_of_lines:
        lines = text.split("\n")[:-1]
        yield "".join([f"{place}{mark}{line}\n" for place, line in enumerate(lines, number)])
        number += len(lines)


def _send(write: copies.Write, blocks_of_lines: Iterable[str]) -> None:
    waiting: list[str] = []
    size = 0
    for text in blocks_of_lines:
        waiting.append(text)
        size += len(text)
        if size > SENT:
            write("".join(waiting))
            waiting, size = [], 0
    write("".join(waiting))
