"""One load of a file: what is wished, what came of it, and how rows go in."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import bulk
from frontdesk.database.connections import Database
from frontdesk.errors import InputError
from frontdesk.history.blocks import Digest
from frontdesk.tables import bad_lines, conversion
from frontdesk.tables.formats import inputs
from frontdesk.tables.formats.inputs import Attempt
from frontdesk.tables.sources import Source

ON_CONFLICT = ("error", "ignore", "update")

Progress = Callable[[int, int, int], object]
"""Hears of bytes read, bytes in all, and rows."""


@dataclass(frozen=True)
class Loaded:
    """What a load did; `change` is its id, None when nothing changed."""

    table: str
    inserted: int
    updated: int
    ignored: int
    columns: list[dict[str, Any]]  # name and type of each, the file's own name where it was another, and why the type
    change: str | None
    bad_lines: dict[str, Any] | None = None  # the table of lines that were not loaded, and how many
    command: str = ""  # the command line that loads the file so once more

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Wish:
    """How a file is to be loaded."""

    types: Mapping[str, str] = field(default_factory=dict)  # by column; what is not named is found
    create: bool = False
    key: Sequence[str] = ()
    on_conflict: str = "error"
    columns: Mapping[str, str] = field(default_factory=dict)  # the table's column by the file's; empty is left out
    empty_text: bool = False  # empty text in columns of texts stays empty text
    bad_lines: str = "error"  # or keep: they go to a table of their own
    progress: Progress = inputs.silent


class WiderError(Exception):
    """A row does not fit what the first ones showed."""


class Load:
    """One load on its way."""

    def __init__(self, database: Database, source: Source, by: Caller, wish: Wish) -> None:
        self.database, self.source, self.by, self.wish = database, source, by, wish
        self.size = source.path.stat().st_size
        self.rows = 0
        self.bad: list[Attempt] = []
        self.refused: dict[int, str] = {}  # rows from 0 that the database refuses, where bad lines are kept

    @property
    def keeps(self) -> bool:
        """Whether bad lines are kept apart."""
        return self.wish.bad_lines == "keep"

    def sift(self, readers: Sequence[conversion.Read], key: Sequence[int] = ()) -> None:
        """Sets the lines aside that cannot be loaded, where bad lines are kept."""
        if self.keeps:
            self.source, self.bad = bad_lines.sift(self.source, readers, key)

    def keep_bad(self, connection: Connection, done: Loaded) -> Loaded:
        """Enters the lines that were not loaded into a table of their own, as a part of the change."""
        lines = [*self.bad, *bad_lines.named(self.source, self.refused)]
        told, number = bad_lines.keep(self.database, connection, done.table, self.source, lines)
        change = done.change or (None if number is None else f"{self.database.name}.{number}")
        return replace(done, bad_lines=told, change=change)

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
            wrong, affected = {}, 0
            for place, row in enumerate(zip(*values, strict=True)):
                try:
                    with connection.begin_nested():
                        affected += bulk.insert_flat(connection, table, names, row, conflict)
                except errors.IntegrityError as refusal:
                    wrong[self.rows + place] = refusal.message
                    if len(wrong) == inputs.MOST_LINES and not self.keeps:
                        break
            if not wrong:
                raise
            if self.keeps:
                self.refused |= wrong
                return affected
            raise Refused(self.source, wrong) from error

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
                except WiderError:
                    continue
                except InputError as error:
                    wrong[line] = f"{wrong.get(line, '')} {name}: {error.message}".strip()
            if len(wrong) == inputs.MOST_LINES:
                break
        return inputs.refused(self.source.name, wrong)


class Refused(InputError):
    """Rows, counted from 0, that the database refused, as lines."""

    def __init__(self, source: Source, rows: Mapping[int, str]) -> None:
        last = max(rows)
        numbered = enumerate(source.numbered())
        lines = {
            line: rows[row]
            for row, (line, _) in itertools.takewhile(lambda one: one[0] <= last, numbered)
            if row in rows
        }
        made = inputs.refused(source.name, lines)
        super().__init__(made.message, errors=made.errors)
