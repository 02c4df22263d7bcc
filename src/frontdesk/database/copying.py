"""Both engines' sides of a copy, by the connection that reads or fills."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import REGCLASS

from frontdesk.database import canonical
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Table as Known
from frontdesk.database.outlines import Form, Outline, Table
from frontdesk.database.postgresql import OWN_SCHEMA
from frontdesk.database.sqlite import catalog as sqlite_catalog
from frontdesk.database.sqlite import copying as sqlite
from frontdesk.database.sqlite import outlines as sqlite_outlines


class Reader(Protocol):
    """How an engine is read for a copy."""

    def moment(self, connection: Connection) -> AbstractContextManager[None]: ...
    def outline(self, connection: Connection, *, as_text: bool = False) -> Outline: ...
    def blocks(self, connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]: ...


class Writer(Protocol):
    """How an engine is filled by a copy."""

    def make(self, connection: Connection, found: Outline) -> Outline: ...
    def put(self, connection: Connection, table: Table, found: Iterator[Sequence[Sequence[Any]]]) -> None: ...
    def finish(self, connection: Connection, made: Outline) -> list[str]: ...


def reader(connection: Connection) -> Reader:
    """How this connection's engine is read."""
    if connection.dialect.name == "sqlite":
        return sqlite_outlines
    from frontdesk.database.postgresql import outlines  # its driver is an extra

    return outlines


def writer(connection: Connection) -> Writer:
    """How this connection's engine is filled."""
    if connection.dialect.name == "sqlite":
        return sqlite
    from frontdesk.database.postgresql import copying

    return copying


def take_time(connection: Connection) -> None:
    """Lets a transaction on PostgreSQL rest for as long as others are copied."""
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def known(connection: Connection) -> dict[str, Known]:
    """Every table and view as the connection sees them now."""
    if connection.dialect.name == "sqlite":
        return sqlite_catalog.read(connection)
    from frontdesk.database.postgresql import catalog

    return catalog.read(connection)


def giver(connection: Connection, form: Form) -> canonical.Read | None:
    """What makes of a value as `canonical` writes it the one that this engine gives; None where it is the same."""
    return canonical.for_sqlite(form) if connection.dialect.name == "sqlite" else canonical.for_postgresql(form)


def draw_on(reading: Connection, writing: Connection, table: sa.Table) -> None:
    """Numbers that one of Frontdesk's own tables draws go on after those that were drawn."""
    if table.autoincrement_column is None or not isinstance(table.autoincrement_column.type, sa.Integer):
        return
    last = max(_last(reading, table), writing.scalar(sa.select(sa.func.max(table.autoincrement_column))) or 0)
    if not last:
        return
    if writing.dialect.name != "sqlite":
        writing.execute(sa.select(sa.func.setval(_sequence(table), last)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        drawn = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        writing.execute(sa.delete(drawn).where(drawn.c.name == table.name))
        writing.execute(sa.insert(drawn).values(name=table.name, seq=last))


def _last(connection: Connection, table: sa.Table) -> int:
    """The last number that was drawn, where that is known."""
    if connection.dialect.name != "sqlite":
        return connection.scalar(sa.select(sa.func.pg_sequence_last_value(sa.cast(_sequence(table), REGCLASS)))) or 0
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    drawn = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    return connection.scalar(sa.select(drawn.c.seq).where(drawn.c.name == table.name)) or 0


def _sequence(table: sa.Table) -> sa.ColumnElement[str]:
    assert table.autoincrement_column is not None
    return sa.func.pg_get_serial_sequence(f"{OWN_SCHEMA}.{quoted(table.name)}", table.autoincrement_column.name)
