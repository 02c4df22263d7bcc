"""Records every change of rows on PostgreSQL: each verb reads the rows before, and writes the history itself.

In the same transaction, with the rows locked that it reads; what a foreign key deletes or changes along is read before
too. What people's own triggers and other programs do is not seen.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

Row = dict[str, Any]


@dataclass(frozen=True)
class _Along:
    """A row of another table that is deleted or changed along."""

    table: Table
    before: Row
    key: Where | None  # where it will stand; None where it is deleted


class Recorder:
    """Records what one transaction changes."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection
        self._first: int | None = None
        self._tables: Mapping[str, Table] | None = None  # as they are until a definition changes
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
        self._tables = None

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
            along = list(self._changed_along(table, before, row))
            # A key that is always drawn may not even be set to what it is.
            given = {n: value for n, value in row.items() if value != before[n] or not _is_drawn(table, n)}
            statement = sa.update(table.clause).where(*_at(table, before)).values(given)
            after = connection.execute(statement.returning(*_columns(table))).first()
            if after is None:  # a trigger of people's own kept it from happening
                continue
            self._record_along(along)
            self.record(table, "update", [(before, dict(zip(value_names(table), after, strict=True)))])
        return len(found)

    def delete(self, connection: Connection, table: Table, where: Where) -> int:
        """Deletes the rows that fit, and gives how many there were.

        What goes along is entered before: undone the other way round, rows are back before those that refer to them.
        """
        found = self._read(table, where)
        for start in range(0, len(found), ROWS):
            rows = found[start : start + ROWS]
            along = self._gone_along(table, rows, {(table.name, _key(table, row)) for row in rows})
            connection.execute(sa.delete(table.clause).where(sa.or_(*(sa.and_(*_at(table, row)) for row in rows))))
            self._record_along(along)
            self.record(table, "delete", [(row, None) for row in rows])
        return len(found)

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
        if texts:
            self._connection.execute(sa.insert(entries.rows), texts)

    def _record_along(self, along: Sequence[_Along]) -> None:
        for one in along:
            after = None
            if one.key is not None:
                found = self._connection.execute(sa.select(*_columns(one.table)).where(*one.key)).first()
                after = None if found is None else dict(zip(value_names(one.table), found, strict=True))
            self.record(one.table, "delete" if after is None else "update", [(one.before, after)])

    def _read(self, table: Table, where: Where) -> list[Row]:
        names = value_names(table)
        found = self._connection.execute(sa.select(*_columns(table)).where(*where).with_for_update()).all()
        return [dict(zip(names, row, strict=True)) for row in found]

    def _gone_along(self, table: Table, rows: Sequence[Row], seen: set[tuple[str, str]]) -> list[_Along]:
        """What the deletion of these rows deletes or changes, the farthest first."""
        along: list[_Along] = []
        for other, key in self._referring(table):
            if key.on_delete in KEPT_STILL:
                continue
            found = [
                row for row in self._referring_rows(other, key, rows) if (other.name, _key(other, row)) not in seen
            ]
            if not found:
                continue
            seen |= {(other.name, _key(other, row)) for row in found}
            if key.on_delete == "CASCADE":
                along += self._gone_along(other, found, seen)
                along += [_Along(other, row, None) for row in found]
            else:
                along += [_Along(other, row, _at(other, row)) for row in found]
        return along

    def _changed_along(self, table: Table, before: Row, given: Mapping[str, Any]) -> Iterator[_Along]:
        """What changes along when these columns of a row are set."""
        for other, key in self._referring(table):
            pairs = dict(zip(key.columns, key.references, strict=True))
            moved = {name: given[far] for name, far in pairs.items() if far in given and given[far] != before[far]}
            if not moved or key.on_update in KEPT_STILL:
                continue
            moved = moved if key.on_update == "CASCADE" else dict.fromkeys(pairs)
            for row in self._referring_rows(other, key, [before]):
                yield from self._changed_along(other, row, moved)
                yield _Along(other, row, _at(other, row | moved))

    def _referring(self, table: Table) -> Iterator[tuple[Table, ForeignKey]]:
        """The tables that refer to this one, with the keys by which they do."""
        if self._tables is None:
            self._tables = schema.read(self._database, self._connection)
        for other in self._tables.values():
            for key in other.foreign_keys:
                if key.table == table.name and other.kind == "table":
                    yield other, key

    def _referring_rows(self, table: Table, key: ForeignKey, rows: Sequence[Row]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(rows), ROWS):
            places = [
                sa.and_(
                    *(table.clause.c[name] == row[far] for name, far in zip(key.columns, key.references, strict=True))
                )
                for row in rows[start : start + ROWS]
            ]
            found += self._read(table, [sa.or_(*places)])
        return found


def _is_drawn(table: Table, name: str) -> bool:
    return name == table.row_id or table.column(name).automatic


def _columns(table: Table) -> list[sa.ColumnElement[Any]]:
    return [table.clause.c[name] for name in value_names(table)]


def _at(table: Table, row: Row) -> Where:
    """Where this row stands: by its key, or where there is none by all it holds."""
    names = table.key or value_names(table)
    return [_equals(table.clause.c[name], row[name]) for name in names]


def _equals(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    return column.is_(sa.null()) if value is None else column == value


def _key(table: Table, row: Row) -> str:
    return values.exact(row[name] for name in table.key or value_names(table))
