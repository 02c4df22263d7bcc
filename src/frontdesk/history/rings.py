"""Rows that refer to one another, set back on PostgreSQL, which looks at references at once: each when it can be."""

from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database.schema import Table
from frontdesk.history import capture, entries


class Rings:
    """The rows of one undo that wait for others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._recorder = capture.recorder_of(connection)
        self._waiting: list[tuple[errors.IntegrityError, int, Table, dict[str, Any]]] = []
        self._loose: list[tuple[int, Table, entries.Where, dict[str, Any]]] = []

    def set_back(self, change: int, table: Table, place: entries.Where, row: dict[str, Any]) -> None:
        """Sets a row's columns; later where it would refer to one that is still to come."""
        if not (table.schema and table.foreign_keys):
            capture.update(self._connection, table, place, row)
            return
        try:
            with self._connection.begin_nested():
                capture.update(self._connection, table, place, row)
        except errors.IntegrityError as error:
            if error.rule != "foreign_key":
                raise
            self._loose.append((change, table, place, row))

    def bring_back(self, change: int, table: Table, row: dict[str, Any]) -> None:
        """Inserts a row, on PostgreSQL, which looks at references at once, also where it refers to one still to come.

        It comes without the reference at first, where that may be, or else later.
        """
        if not (table.schema and table.foreign_keys):
            capture.insert(self._connection, table, row)
            return
        try:
            with self._connection.begin_nested():
                capture.insert(self._connection, table, row)
        except errors.IntegrityError as error:
            if error.rule != "foreign_key":
                raise
            columns = {name for key in table.foreign_keys for name in key.columns} - set(table.key)
            loose = {name: row[name] for name in columns if table.column(name).nullable and row[name] is not None}
            if loose and table.key:
                self._insert_loose(change, table, row, loose)
            else:
                self._waiting.append((error, change, table, row))

    def _insert_loose(self, change: int, table: Table, row: dict[str, Any], loose: dict[str, Any]) -> None:
        try:
            with self._connection.begin_nested():
                capture.insert(self._connection, table, row | dict.fromkeys(loose))
        except errors.IntegrityError as error:
            if error.rule != "foreign_key":
                raise
            self._waiting.append((error, change, table, row))
        else:
            self._loose.append((change, table, [entries.equals(table, name, row[name]) for name in table.key], loose))

    def close(self) -> None:
        """Inserts the rows that waited for others, and sets the references that were left out."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for _, change, table, row in waiting:
                self._recorder.resume("undo", change)
                self.bring_back(change, table, row)
            if len(self._waiting) == len(waiting):
                raise self._waiting[0][0]
        for change, table, place, loose in self._loose:
            self._recorder.resume("undo", change)
            capture.update(self._connection, table, place, loose)
        self._loose = []
