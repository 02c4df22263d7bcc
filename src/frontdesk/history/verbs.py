"""Records every change of rows on PostgreSQL: each verb reads the rows before, and writes the history itself.

In the same transaction, with the rows locked that it reads; what a foreign key deletes or changes along is read before
too. What people's own triggers and other programs do is not seen.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import bulk, schema, values
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import writing
from frontdesk.database.schema import ForeignKey, Table
from frontdesk.history import entries
from frontdesk.history.entries import Where, value_names

ROWS = 500
"""Rows that one statement reads or deletes, where there are many."""
MANY = 50
"""Rows from which on they are entered by COPY."""
KEPT_STILL = {"NO ACTION", "RESTRICT"}
"""Actions of foreign keys that change no row."""

Row = dict[str, Any]
_Place = tuple[str, str, int]
_Found = tuple[Table, Row]


@dataclass(frozen=True)
class _Along:
    """A row that changes along, and what a foreign key sets in it."""

    table: Table
    before: Row
    moved: Row


class Recorder:
    """Records what one transaction changes."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection
        self._first: int | None = None
        self._tables: Mapping[str, Table] | None = None  # as they are until a definition changes
        self.defined = False  # whether a definition has changed
        self.begin()

    def begin(self, operation: str | None = None, undoes: int | None = None) -> None:
        """A new transaction: what comes is another change, of this operation."""
        self._first = None
        self._labels: dict[tuple[str, int], dict[tuple[str, str], int]] = {}
        self.label(operation, undoes)

    def label(self, operation: str | None, undoes: int | None = None) -> None:
        """What comes is a change of its own with this operation, in the same transaction."""
        self._changes: dict[tuple[str, str], int] = {}
        self._operation, self._undoes = operation, undoes

    def resume(self, operation: str, undoes: int) -> None:
        """What comes belongs to what was labelled so before in this transaction, where anything was."""
        self.label(operation, undoes)
        self._changes = self._labels.setdefault((operation, undoes), self._changes)

    @property
    def ids(self) -> list[int]:
        """The changes begun since the last label."""
        return sorted(self._changes.values())

    def prepare(self) -> None:
        """Makes the history's tables where there are none. Raises PermissionDenied where nobody may."""
        if not entries.exist(self._connection, entries.blocks):
            writing.make_own(self._connection, entries.metadata)

    def remove(self) -> None:
        """Nothing stands in the way of definitions here; what is known of them may be another soon."""
        self._tables, self.defined = None, True

    def leave_out(self, table: str) -> None:
        """What goes in by other ways than the verbs is recorded by who does it."""

    def rename(self, table: str, new: str) -> None:
        """Carries the history of a table over to its new name."""
        listed = entries.changes
        self._connection.execute(sa.update(listed).where(listed.c.table == table).values(table=new))

    def enter(self, table: str, operation: str, columns: Sequence[str], key: Sequence[str]) -> int:
        """Enters a change whose rows are written by the caller, and gives its number."""
        number = writing.next_number(self._connection, entries.changes)
        self._first = self._first or number
        self._changes[table, operation] = number
        self._connection.execute(
            sa.insert(entries.changes).values(
                id=number,
                table=table,
                operation=operation,
                columns=json.dumps(list(columns)),
                key=json.dumps(list(key)),
                at=values.now(),
                transaction=self._first,
                undoes=self._undoes,
                **entries.asked_by(),
            )
        )
        return number

    def record_schema(
        self, table: str, *, before: str | None = None, after: str | None = None, steps: Sequence[Any] | None = None
    ) -> int:
        """Enters a change of the table's definition, SQL before and after, and gives the change's number.

        `steps` of `database.alterations` take it back; without any it cannot be undone.
        """
        self.remove()
        self.label(self._operation, self._undoes)  # a second change of one table is a change of its own
        number = self.enter(table, self._operation or "schema", entries.DEFINITION, [])
        kept = None if steps is None else json.dumps(steps)
        texts = [None if sql is None else values.exact([sql, kept]) for sql in (before, after)]
        self._connection.execute(sa.insert(entries.rows).values(change=number, before=texts[0], after=texts[1]))
        return number

    def insert(self, connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Inserts a row and gives its key."""
        made = writing.insert(connection, table, row, value_names(table))
        after = dict(zip(value_names(table), made, strict=True))
        self.record(table, "insert", [(None, after)])
        return tuple(after[name] for name in table.key)

    def update(self, connection: Connection, table: Table, where: Where, row: Mapping[str, Any]) -> int:
        """Sets columns of the rows that fit, and gives how many there were."""
        found = self._read(table, where)
        for before in found:
            # A key that is always drawn may not even be set to what it is.
            given = {n: value for n, value in row.items() if value != before[n] or not _is_drawn(table, n)}
            if not given:
                continue
            along: dict[_Place, _Along] = {}
            self._changed_along(table, before, given, along)
            itself = along.pop(_place(table, before), None)  # that refers to itself
            statement = sa.update(table.clause).where(*_at(table, before)).values(given)
            after = connection.execute(statement.returning(*_columns(table))).first()
            if after is None:  # a trigger of people's own kept it from happening
                continue
            changed = dict(zip(value_names(table), after, strict=True))
            if itself is not None:  # it changed once more after the statement
                changed = self._now(_Along(table, before, changed)) or changed
            self._record_changed(along)
            self.record(table, "update", [(before, changed)])
        return len(found)

    def delete(self, connection: Connection, table: Table, where: Where) -> int:
        """Deletes the rows that fit, and gives how many there were.

        A row is entered after those that refer to it: undone the other way round, it is back before them.
        """
        found = self._read(table, where)
        gone = self._gone_along(_placed(table, found))
        changed = self._changed_by(gone)
        order = _referring_first(gone)
        for part in _parts([row for one, row in order if one.name == table.name]):
            self._delete(connection, table, part)
        self._record_changed(changed)
        for _, several in groupby(order, lambda one: one[0].name):
            rows = list(several)
            self.record(rows[0][0], "delete", [(row, None) for _, row in rows])
        return len(found)

    def _delete(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Deletes rows that were read; of rows that are equal and have no key as many as were read."""
        if table.key:
            connection.execute(sa.delete(table.clause).where(_among(table, table.key, rows, table.key)))
            return
        for row in rows:
            connection.execute(sa.delete(table.clause).where(entries.one(table, _at(table, row))))

    def record(self, table: Table, operation: str, rows: Sequence[tuple[Row | None, Row | None]]) -> None:
        """Enters rows as they were and became, as part of the change of this operation that is under way."""
        group = table.name, self._operation or operation
        names, key = value_names(table), list(table.key) or value_names(table)
        number = self._changes.get(group) or self.enter(*group, names, key)
        texts = [
            {
                "change": number,
                "key": values.exact((before or after or {})[name] for name in key),
                "before": None if before is None else values.exact(before[name] for name in names),
                "after": None if after is None else values.exact(after[name] for name in names),
            }
            for before, after in rows
        ]
        if len(texts) > MANY:
            bulk.insert(self._connection, entries.rows, [tuple(row.values()) for row in texts], list(texts[0]))
        elif texts:
            self._connection.execute(sa.insert(entries.rows), texts)

    def _record_changed(self, along: Mapping[_Place, _Along]) -> None:
        for one in along.values():
            after = self._now(one)
            if after is not None and after != one.before:
                self.record(one.table, "update", [(one.before, after)])

    def _now(self, along: _Along) -> Row | None:
        table = along.table
        place = _at(table, along.before | along.moved)
        found = self._connection.execute(sa.select(*_columns(table)).where(*place)).first()
        return None if found is None else dict(zip(value_names(table), found, strict=True))

    def _read(self, table: Table, where: Where) -> list[Row]:
        names = value_names(table)
        found = self._connection.execute(sa.select(*_columns(table)).where(*where).with_for_update()).all()
        return [dict(zip(names, row, strict=True)) for row in found]

    def _gone_along(self, rows: dict[_Place, _Found]) -> dict[_Place, _Found]:
        """These rows and all that is deleted along with them."""
        gone, newest = dict(rows), rows
        while newest:
            found: dict[_Place, _Found] = {}
            for table, several in _by_table(newest.values()):
                for other, key in self._referring(table):
                    if key.on_delete == "CASCADE":
                        found |= _placed(other, self._referring_rows(other, key, several))
            newest = {place: one for place, one in found.items() if place not in gone}
            gone |= newest
        return gone

    def _changed_by(self, gone: Mapping[_Place, _Found]) -> dict[_Place, _Along]:
        """What changes along with the deletion of these rows."""
        changed: dict[_Place, _Along] = {}
        for table, several in _by_table(gone.values()):
            for other, key in self._referring(table):
                if key.on_delete in KEPT_STILL | {"CASCADE"}:
                    continue
                for row in self._referring_rows(other, key, several):
                    if _place(other, row) not in gone:
                        self._changes_along(other, row, self._left(other, key, key.on_delete), changed)
        return changed

    def _changed_along(
        self, table: Table, before: Row, given: Mapping[str, Any], changed: dict[_Place, _Along]
    ) -> None:
        """Adds what changes along when these columns of a row are set."""
        for other, key in self._referring(table):
            pairs = dict(zip(key.columns, key.references, strict=True))
            moved = {name: given[far] for name, far in pairs.items() if far in given and given[far] != before[far]}
            if not moved or key.on_update in KEPT_STILL:
                continue
            moved = moved if key.on_update == "CASCADE" else self._left(other, key, key.on_update)
            for row in self._referring_rows(other, key, [before]):
                self._changes_along(other, row, moved, changed)

    def _changes_along(self, table: Table, row: Row, moved: Row, changed: dict[_Place, _Along]) -> None:
        """Adds a row some of whose columns are set by a foreign key, and what changes along with it."""
        place = _place(table, row)
        known = changed[place].moved if place in changed else None
        if known is not None and moved.items() <= known.items():
            return
        changed[place] = _Along(table, row, (known or {}) | moved)
        self._changed_along(table, row, moved, changed)

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
        for part in _parts(whole):
            found += self._read(table, [_among(table, key.columns, part, key.references)])
        return found


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


def _among(table: Table, names: Sequence[str], rows: Sequence[Row], theirs: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether these columns hold what `theirs` hold in one of the rows."""
    if len(names) == 1:
        return table.clause.c[names[0]].in_([row[theirs[0]] for row in rows])
    pairs = list(zip(names, theirs, strict=True))
    return sa.or_(*(sa.and_(*(table.clause.c[name] == row[far] for name, far in pairs)) for row in rows))


def _placed(table: Table, rows: Iterable[Row]) -> dict[_Place, _Found]:
    """The rows by what tells them apart; of those that are equal and have no key each one."""
    seen: Counter[_Place] = Counter()
    placed: dict[_Place, _Found] = {}
    for row in rows:
        place = _place(table, row)
        placed[_place(table, row, seen[place])] = table, row
        seen[place] += 1
    return placed


def _by_table(rows: Iterable[_Found]) -> Iterator[tuple[Table, list[Row]]]:
    several: dict[str, tuple[Table, list[Row]]] = {}
    for table, row in rows:
        several.setdefault(table.name, (table, []))[1].append(row)
    yield from several.values()


def _referring_first(rows: Mapping[_Place, _Found]) -> list[_Found]:
    """The rows in such an order that each one comes after those among them that refer to it, but for rings."""
    standing: dict[tuple[str, tuple[str, ...], str], _Place] = {}
    keys = {(table.name, key) for table, _ in rows.values() for key in table.foreign_keys}
    wanted = {(key.table, key.references) for _, key in keys}
    for place, (table, row) in rows.items():
        for name, references in wanted:
            if name == table.name:
                standing[name, references, values.exact(row[one] for one in references)] = place
    order: list[_Found] = []
    done: set[_Place] = set()

    def referred(place: _Place) -> Iterator[_Place]:
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


def _is_drawn(table: Table, name: str) -> bool:
    return name == table.row_id or table.column(name).automatic


def _columns(table: Table) -> list[sa.ColumnElement[Any]]:
    return [table.clause.c[name] for name in value_names(table)]


def _at(table: Table, row: Row) -> list[sa.ColumnElement[bool]]:
    """Where this row stands: by its key, or where there is none by all it holds."""
    return [entries.equals(table, name, row[name]) for name in table.key or value_names(table)]


def _place(table: Table, row: Row, number: int = 0) -> _Place:
    """What tells a row from others; where no key does, of rows that are equal a `number`."""
    return table.name, values.exact(row[name] for name in table.key or value_names(table)), 0 if table.key else number
