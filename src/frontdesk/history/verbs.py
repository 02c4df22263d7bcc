"""Records every change of rows on PostgreSQL: each verb reads the rows before, and writes the history itself.

In the same transaction, with the rows locked that it reads; what a foreign key deletes or changes along is read before
too. What people's own triggers and other programs do is not seen.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import bulk, schema, values
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import writing
from frontdesk.database.schema import Table
from frontdesk.history import cascades, entries
from frontdesk.history.cascades import Along, Place, Row
from frontdesk.history.entries import Where, value_names
from frontdesk.history.labels import Labels

MANY = 50
"""Rows from which on they are entered by COPY."""


class Recorder(Labels):
    """Records what one transaction changes."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._connection = connection
        self._cascades = cascades.Cascades(database, connection)
        self.defined = False  # whether a definition has changed
        self.begin()

    def prepare(self) -> None:
        """Makes the history's tables where there are none. Raises PermissionDenied where nobody may."""
        if not entries.exist(self._connection, entries.blocks):
            writing.make_own(self._connection, entries.metadata)

    def remove(self) -> None:
        """Nothing stands in the way of definitions here; what is known of them may be another soon."""
        self._cascades.forget()
        self.defined = True

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

    def _redefined(self) -> None:
        self.remove()

    def _enter_definition(self, number: int, before: str | None, after: str | None) -> None:
        self._connection.execute(sa.insert(entries.rows).values(change=number, before=before, after=after))

    def lock(self, table: Table, keys: Iterable[Sequence[Any]]) -> None:
        """Locks the rows with these keys, whichever there are, in the order of the keys."""
        rows = [dict(zip(table.key, key, strict=True)) for key in sorted(set(map(tuple, keys)), key=_by_kind)]
        for part in cascades.parts(rows if table.key else []):
            self._cascades.lock(table, [entries.among(table, table.key, part, table.key)])

    def insert(self, connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Inserts a row and gives its key."""
        made = writing.insert(connection, table, row, value_names(table))
        after = dict(zip(value_names(table), made, strict=True))
        self.record(table, "insert", [(None, after)])
        return tuple(after[name] for name in table.key)

    def update(self, connection: Connection, table: Table, where: Where, row: Mapping[str, Any]) -> int:
        """Sets columns of the rows that fit, and gives how many there were."""
        found = self._cascades.read(table, where)
        for before in found:
            # A key that is always drawn may not even be set to what it is.
            given = {n: value for n, value in row.items() if value != before[n] or not _is_drawn(table, n)}
            if not given:
                continue
            along: dict[Place, Along] = {}
            self._cascades.changed_along(table, before, given, along)
            itself = along.pop(cascades.place_of(table, before), None)  # that refers to itself
            statement = sa.update(table.clause).where(*cascades.at(table, before)).values(given)
            after = connection.execute(statement.returning(*cascades.columns(table))).first()
            if after is None:  # a trigger of people's own kept it from happening
                continue
            changed = dict(zip(value_names(table), after, strict=True))
            if itself is not None:  # it changed once more after the statement
                changed = self._now(Along(table, before, changed)) or changed
            self._record_changed(along)
            self.record(table, "update", [(before, changed)])
        return len(found)

    def delete(self, connection: Connection, table: Table, where: Where) -> int:
        """Deletes the rows that fit, and gives how many there were.

        A row is entered after those that refer to it: undone the other way round, it is back before them.
        """
        found = self._cascades.read(table, where)
        gone = self._cascades.gone_along(cascades.placed(table, found))
        changed = self._cascades.changed_by(gone)
        order = cascades.referring_first(gone)
        for part in cascades.parts([row for one, row in order if one.name == table.name]):
            self._delete(connection, table, part)
        if schema.has_triggers(connection, table):  # one of which may have kept a row
            kept = {cascades.place_of(table, row) for row in self._standing(table, found)}
            order = [(one, row) for one, row in order if cascades.place_of(one, row) not in kept]
        self._record_changed(changed)
        for _, several in groupby(order, lambda one: one[0].name):
            rows = list(several)
            self.record(rows[0][0], "delete", [(row, None) for _, row in rows])
        return len(found)

    def _standing(self, table: Table, rows: Sequence[Row]) -> list[Row]:
        if not table.key:
            return []
        found = (entries.among(table, table.key, part, table.key) for part in cascades.parts(rows))
        return [row for where in found for row in self._cascades.read(table, [where])]

    def _delete(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Deletes rows that were read; of rows that are equal and have no key as many as were read."""
        if table.key:
            connection.execute(sa.delete(table.clause).where(entries.among(table, table.key, rows, table.key)))
            return
        for row in rows:
            connection.execute(sa.delete(table.clause).where(entries.one(table, cascades.at(table, row))))

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

    def _record_changed(self, along: Mapping[Place, Along]) -> None:
        for one in along.values():
            after = self._now(one)
            if after is not None and after != one.before:
                self.record(one.table, "update", [(one.before, after)])

    def _now(self, along: Along) -> Row | None:
        table = along.table
        place = cascades.at(table, along.before | along.moved)
        found = self._connection.execute(sa.select(*cascades.columns(table)).where(*place)).first()
        return None if found is None else dict(zip(value_names(table), found, strict=True))


def _by_kind(key: Sequence[Any]) -> list[tuple[str, Any]]:
    """Sorts keys of any values."""
    return [(type(value).__name__, value) for value in key]


def _is_drawn(table: Table, name: str) -> bool:
    return name == table.row_id or table.column(name).automatic
