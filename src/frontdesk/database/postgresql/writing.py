"""Rows written to PostgreSQL as SQLite takes them: keys given or drawn, and Frontdesk's own tables made."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData

from frontdesk import errors
from frontdesk.database import values
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Table
from frontdesk.database.postgresql import OWN_LOCK, OWN_SCHEMA


def insert(connection: Connection, table: Table, row: Mapping[str, Any], returned: Sequence[str]) -> tuple[Any, ...]:
    """Inserts a row and gives the values of these columns; a key that was given is not drawn once more later."""
    names = ", ".join(map(_name, row))
    given = f"({names}) OVERRIDING SYSTEM VALUE VALUES ({', '.join(['%s'] * len(row))})" if row else "DEFAULT VALUES"
    shown = ", ".join(map(_name, returned))
    sql = f"INSERT INTO {_place(table)} {given} RETURNING {shown}"
    made = connection.exec_driver_sql(sql, tuple(map(values.as_text, row.values()))).first()
    if made is None:
        raise errors.IntegrityError("A trigger of the table keeps this row out.", rule="check")
    draw_beyond(connection, table, row)
    return tuple(made)


# A sequence knows no transactions: setval could set it back beside what others draw meanwhile. Numbers are therefore
# drawn, and only a value far ahead is set.
_BEYOND = """
SELECT CASE WHEN steps > 10000 THEN setval(name, %(value)s::bigint)
  ELSE (SELECT max(n) FROM (SELECT nextval(name) AS n FROM generate_series(1, steps)) AS drawn) END
FROM (
  SELECT name, trunc(
    (%(value)s::numeric - coalesce(pg_sequence_last_value(name), seqstart - seqincrement)) / seqincrement) AS steps
  FROM pg_get_serial_sequence(%(table)s, %(column)s) AS name
  JOIN pg_sequence ON seqrelid = name::regclass AND %(value)s::numeric BETWEEN seqmin AND seqmax) AS behind"""


def draw_beyond(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Has the sequences of columns whose value was given go on after it. A sequence that is not ours stays."""
    drawn = {name for name in row if name == table.row_id or (name in _drawn(table) and row[name] is not None)}
    for name in drawn:
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(_BEYOND, {"value": row[name], "table": _plain(table), "column": name})
        except errors.PermissionDenied:
            continue


def defaults(connection: Connection, table: Table, names: Sequence[str]) -> dict[str, Any]:
    """What the database puts into these columns where no value is given."""
    found: dict[str, Any] = dict.fromkeys(names)
    given = [name for name in names if table.column(name).default is not None]
    if given:
        # As the column has it, which may have fewer digits than the default's text.
        listed = ", ".join(f"CAST({table.column(name).default} AS {table.column(name).type})" for name in given)
        row = connection.exec_driver_sql(f"SELECT {listed}".replace("%", "%%")).one()
        found |= dict(zip(given, row, strict=True))
    return found


def _drawn(table: Table) -> set[str]:
    return {column.name for column in table.columns if column.automatic}


def _place(table: Table) -> str:
    return f"{_name(str(table.schema))}.{_name(table.bare_name)}"


def _plain(table: Table) -> str:
    """The table's name as `pg_get_serial_sequence` reads it."""
    return f"{quoted(str(table.schema))}.{quoted(table.bare_name)}"


def _name(name: str) -> str:
    """A name in SQL that goes with parameters, where a percent sign is doubled."""
    return quoted(name).replace("%", "%%")


_REFUSED = (errors.DataError, errors.IntegrityError, errors.NotSupportedError, errors.ProgrammingError)


def misfits(connection: Connection, table: Table, row: Mapping[str, Any]) -> dict[str, str]:
    """By column what the server says against a value by itself; those that fit are left out.

    `connection` reads: each refusal ends a transaction.
    """
    wrong: dict[str, str] = {}
    for column in table.columns:
        if row.get(column.name) is None:
            continue
        try:
            cast = f"SELECT CAST(%s AS {column.type.replace('%', '%%')}) IS NULL"
            connection.exec_driver_sql(cast, (values.as_text(row[column.name]),))
        except _REFUSED as error:
            wrong[column.name] = error.message
    return wrong


def next_number(connection: Connection, table: sa.Table) -> int:
    """The next number of one of Frontdesk's own tables."""
    drawn = sa.func.pg_get_serial_sequence(f"{OWN_SCHEMA}.{quoted(table.name)}", "id")
    return int(connection.execute(sa.select(sa.func.nextval(drawn))).scalar_one())


def make_own(connection: Connection, metadata: MetaData) -> None:
    """Makes tables of Frontdesk's own in their schema. Raises PermissionDenied where the user may not."""
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({OWN_LOCK})")
        if not sa.inspect(connection).has_schema(OWN_SCHEMA):
            connection.exec_driver_sql(f"CREATE SCHEMA {OWN_SCHEMA}")
        metadata.create_all(connection)
    except errors.PermissionDenied as error:
        raise errors.PermissionDenied(
            f"The database's user may not make the schema {OWN_SCHEMA}, where the history is kept.",
            f"Have its owner say: CREATE SCHEMA {OWN_SCHEMA} AUTHORIZATION the_user.",
        ) from error
