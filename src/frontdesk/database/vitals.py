"""What a database says of its own state: room, indexes, waits, statistics, references that lead nowhere."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from sqlalchemy import Connection

from frontdesk.database.definitions import Table
from frontdesk.database.sqlite import vitals as sqlite
from frontdesk.database.states import Dangling, Index, Room, Size, Statistic, Wait

__all__ = ["Dangling", "Index", "Room", "Size", "Statistic", "Wait"]


class _Engine(Protocol):
    """What an engine is asked."""

    def room(self, connection: Connection) -> Room: ...
    def sizes(self, connection: Connection) -> list[Size] | None: ...
    def indexes(self, connection: Connection, tables: Iterable[Table]) -> list[Index]: ...
    def waits(self, connection: Connection) -> list[Wait]: ...
    def statistics(self, connection: Connection) -> list[Statistic]: ...
    def unproven(self, connection: Connection) -> list[tuple[str, str]]: ...
    def dangling(self, connection: Connection, table: Table, tables: Mapping[str, Table]) -> list[Dangling]: ...


def _engine(connection: Connection) -> _Engine:
    if connection.dialect.name == "sqlite":
        return sqlite
    from frontdesk.database.postgresql import vitals as postgresql  # its driver is an extra

    return postgresql


def room(connection: Connection) -> Room:
    """The engine, the bytes it takes, and how it keeps its journal."""
    return _engine(connection).room(connection)


def sizes(connection: Connection) -> list[Size] | None:
    """The bytes of each table and of its indexes, the largest first; None where this SQLite cannot tell them."""
    return _engine(connection).sizes(connection)


def indexes(connection: Connection, tables: Iterable[Table]) -> list[Index]:
    """Every index of these tables."""
    return _engine(connection).indexes(connection, tables)


def waits(connection: Connection) -> list[Wait]:
    """Who waits for whose lock, the longest first; SQLite keeps no list of them."""
    return _engine(connection).waits(connection)


def statistics(connection: Connection) -> list[Statistic]:
    """When each table was last looked through for the planner and cleared of dead rows; empty where never."""
    return _engine(connection).statistics(connection)


def unproven(connection: Connection) -> list[tuple[str, str]]:
    """Tables with the name of a foreign key that older rows were never held against."""
    return _engine(connection).unproven(connection)


def dangling(connection: Connection, table: Table, tables: Mapping[str, Table]) -> list[Dangling]:
    """By foreign key of the table the rows that refer to rows which are not there; reads the whole table."""
    return _engine(connection).dangling(connection, table, tables)
