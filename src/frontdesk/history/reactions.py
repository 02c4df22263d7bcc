"""What people's own triggers do to rows while an undo sets others back: it is taken back as well."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError
from frontdesk.history import capture, entries

MOST_TIMES = 5
"""How often rows are set back that triggers change again."""


class Reactions:
    """Begun before the rows of some changes are set back; `settle` comes after."""

    def __init__(self, database: Database, connection: Connection, headers: Sequence[Any]) -> None:
        self._database, self._connection = database, connection
        self._recorder = capture.recorder_of(connection)
        self._changes = [header.id for header in headers]
        self._transactions = {header.transaction for header in headers}
        self._newest = connection.scalar(sa.select(sa.func.max(entries.changes.c.id))) or 0

    def settle(self) -> None:
        """Sets rows back again that triggers changed meanwhile, and those beside them to before the change, if it is
        known, or to before the undo.

        Raises ConflictError where they never come to rest.
        """
        oldest = self._oldest(entries.changes.c.id.in_(self._changes))
        for _ in range(MOST_TIMES):
            since = self._oldest(entries.changes.c.id > self._newest)
            beside = {place: row for place, row in since.items() if place not in oldest}
            known = self._oldest(entries.changes.c.transaction.in_(self._transactions)) if beside else {}
            wanted = oldest | {place: known.get(place, row) for place, row in beside.items()}
            if not sum([self._set_back(row) for row in wanted.values()]):
                return
        raise ConflictError("It cannot be undone: a trigger of the database changes rows again and again.")

    def _oldest(self, where: sa.ColumnElement[bool]) -> dict[tuple[str, str], Any]:
        """The first entry of each row among these changes, by table and key."""
        listed, rows = entries.changes.c, entries.rows
        joined = sa.select(rows, listed.table, listed.columns, listed.key.label("key_names"))
        joined = joined.join(entries.changes, listed.id == rows.c.change).where(where, listed.key != "[]")
        found = self._connection.execute(joined.order_by(rows.c.id.desc())).all()
        return {(row.table, row.key): row for row in found}

    def _set_back(self, row: Any) -> bool:
        """Whether the row was not as it was before the change."""
        table = schema.read(self._database, self._connection).get(row.table)
        if table is None or not table.key:
            return False
        names, key = json.loads(row.columns), json.loads(row.key_names)
        before = dict(zip(names, values.exactly(row.before or row.after), strict=True))
        place = entries.place(table, key, before)
        current = self._connection.execute(sa.select(*(table.clause.c[name] for name in names)).where(*place)).first()
        if (values.exact(current) if current else None) == row.before:
            return False
        self._recorder.resume("undo", self._changes[0])
        given = {name: value for name, value in before.items() if name not in entries.generated(table)}
        if row.before is None:
            capture.delete(self._connection, table, place)
        elif current is None:
            capture.insert(self._connection, table, given)
        else:
            capture.update(self._connection, table, place, given)
        return True
