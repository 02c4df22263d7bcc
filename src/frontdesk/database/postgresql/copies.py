"""Many rows at once by COPY, eight times as fast as INSERT through expressions."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table

from frontdesk.database.postgresql import OWN_SCHEMA, drivers


def insert(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Copies the rows into a table of Frontdesk's own; their values stand in the order of its columns."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(OWN_SCHEMA, table.name), names)
    with drivers.driver_of(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
