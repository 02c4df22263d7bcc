"""What foreign keys on PostgreSQL delete or change along with rows: read and locked before it happens."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import writing
from frontdesk.database.schema import ForeignKey, Table
from frontdesk.history import entries
from frontdesk.history.entries import Where, value_names

ROWS = 500
"""Rows that one statement reads or deletes, where there are many."""
KEPT_STILL = {"NO ACTION", "RESTRICT"}
"""Actions of foreign keys that change no row."""

Row: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, str, int]
"""What tells a row from others: its table, its key as text, and a number where rows are equal and have no key."""
Found: TypeAlias = tuple[Table, Row]


@dataclass(frozen=True)
class Along:
    """A row that changes along, and what a foreign key sets in it."""

    table: Table
    before: Row
    moved: Row


class Cascades:
    """What changes along, in one transaction."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection
        self._tables: Mapping[str, Table] | None = None  # as they are until a definition changes

    def forget(self) -> None:
        """A definition changes: what refers to what may be another soon."""
        self._tables = None

    def read(self, table: Table, where: Where) -> list[Row]:
        """The rows that fit, locked in the order of their keys."""
        names = value_names(table)
        fitting = sa.select(*columns(table)).where(*where).order_by(*entries.in_order(table))
        found = self._connection.execute(fitting.with_for_update()).all()
        return [dict(zip(names, row, strict=True)) for row in found]

    def lock(self, table: Table, where: Where) -> None:
        """Locks the rows that fit in the order of their keys."""
        key = [table.clause.c[name] for name in table.key]
        self._connection.execute(sa.select(*key).where(*where).order_by(*entries.in_order(table)).with_for_update())

    def gone_along(self, rows: dict[Place, Found]) -> dict[Place, Found]:
        """These rows and all that is deleted along with them."""
        gone, newest = dict(rows), rows
        while newest:
            found: dict[Place, Found] = {}
            for table, several in _by_table(newest.values()):
                for other, key in self._referring(table):
                    if key.on_delete == "CASCADE":
                        found |= placed(other, self._referring_rows(other, key, several))
            newest = {place: one for place, one in found.items() if place not in gone}
            gone |= newest
        return gone

    def changed_by(self, gone: Mapping[Place, Found]) -> dict[Place, Along]:
        """What changes along with the deletion of these rows."""
        changed: dict[Place, Along] = {}
        for table, several in _by_table(gone.values()):
            for other, key in self._referring(table):
                if key.on_delete in KEPT_STILL | {"CASCADE"}:
                    continue
                for row in self._referring_rows(other, key, several):
                    if place_of(other, row) not in gone:
                        self._changes_along(other, row, self._left(other, key, key.on_delete), changed)
        return changed

    def changed_along(self, table: Table, before: Row, given: Mapping[str, Any], changed: dict[Place, Along]) -> None:
        """Adds what changes along when these columns of a row are set."""
        for other, key in self._referring(table):
            pairs = dict(zip(key.columns, key.references, strict=True))
            moved = {name: given[far] for name, far in pairs.items() if far in given and given[far] != before[far]}
            if not moved or key.on_update in KEPT_STILL:
                continue
            moved = moved if key.on_update == "CASCADE" else self._left(other, key, key.on_update)
            for row in self._referring_rows(other, key, [before]):
                self._changes_along(other, row, moved, changed)

    def _changes_along(self, table: Table, row: Row, moved: Row, changed: dict[Place, Along]) -> None:
        """Adds a row some of whose columns are set by a foreign key, and what changes along with it."""
        place = place_of(table, row)
        known = changed[place].moved if place in changed else None
        if known is not None and moved.items() <= known.items():
            return
        changed[place] = Along(table, row, (known or {}) | moved)
        self.changed_along(table, row, moved, changed)

    def _left(self, table: Table, key: ForeignKey, action: str) -> Row:
        """What the columns of a reference hold whose row is gone: nothing, or their defaults."""
        if action != "SET DEFAULT":
            return dict.fromkeys(key.columns)
        return writing.defaults(self._connection, table, key.columns)

    def _referring(self, table: Table) -> Iterator[tuple[Table, ForeignKey]]:
        """The tables that refer to this one, with the keys by which they do."""
        if self._tables is None:
            self._tables = schema.read(self._database, self._connection)
        for other in self._tables.values():
            for key in other.foreign_keys:
                if key.table == table.name and other.kind == "table":
                    yield other, key

    def _referring_rows(self, table: Table, key: ForeignKey, rows: Sequence[Row]) -> list[Row]:
        pairs = list(zip(key.columns, key.references, strict=True))
        whole = [row for row in rows if all(row[far] is not None for _, far in pairs)]
        found: list[Row] = []
        for part in parts(whole):
            found += self.read(table, [entries.among(table, key.columns, part, key.references)])
        return found


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """So many rows at a time as one statement takes."""
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


def placed(table: Table, rows: Iterable[Row]) -> dict[Place, Found]:
    """The rows by what tells them apart; of those that are equal and have no key each one."""
    seen: Counter[Place] = Counter()
    placed: dict[Place, Found] = {}
    for row in rows:
        place = place_of(table, row)
        placed[place_of(table, row, seen[place])] = table, row
        seen[place] += 1
    return placed


def _by_table(rows: Iterable[Found]) -> Iterator[tuple[Table, list[Row]]]:
    several: dict[str, tuple[Table, list[Row]]] = {}
    for table, row in rows:
        several.setdefault(table.name, (table, []))[1].append(row)
    yield from several.values()


def referring_first(rows: Mapping[Place, Found]) -> list[Found]:
    """The rows in such an order that each one comes after those among them that refer to it, but for rings."""
    standing: dict[tuple[str, tuple[str, ...], str], Place] = {}
    keys = {(table.name, key) for table, _ in rows.values() for key in table.foreign_keys}
    wanted = {(key.table, key.references) for _, key in keys}
    for place, (table, row) in rows.items():
        for name, references in wanted:
            if name == table.name:
                standing[name, references, values.exact(row[one] for one in references)] = place
    order: list[Found] = []
    done: set[Place] = set()

    def referred(place: Place) -> Iterator[Place]:
        table, row = rows[place]
        for key in table.foreign_keys:
            found = standing.get((key.table, key.references, values.exact(row[name] for name in key.columns)))
            if found is not None:
                yield found

    for first in rows:
        # By hand: a chain may be longer than Python's own calls go deep.
        ways = [] if first in done else [(first, referred(first))]
        done.add(first)
        while ways:
            place, further = ways[-1]
            following = next((one for one in further if one not in done), None)
            if following is None:
                order.append(rows[place])
                ways.pop()
            else:
                done.add(following)
                ways.append((following, referred(following)))
    order.reverse()
    return order


def columns(table: Table) -> list[sa.ColumnElement[Any]]:
    """The columns of a row as history keeps it."""
    return [table.clause.c[name] for name in value_names(table)]


def at(table: Table, row: Row) -> list[sa.ColumnElement[bool]]:
    """Where this row stands: by its key, or where there is none by all it holds."""
    return [entries.equals(table, name, row[name]) for name in table.key or value_names(table)]


def place_of(table: Table, row: Row, number: int = 0) -> Place:
    """What tells a row from others; where no key does, of rows that are equal a `number`."""
    return table.name, values.exact(row[name] for name in table.key or value_names(table)), 0 if table.key else number
