"""Tables altered in steps, each with the step that takes it back, on either engine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count
from typing import Any, Protocol

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import dialects
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Column, Table
from frontdesk.database.details import Details
from frontdesk.database.sqlite import alterations as sqlite
from frontdesk.database.steps import Step

_AS_THEY_ARE = (errors.ConflictError, errors.InputError, errors.NotFoundError, errors.PermissionDenied)
_PASSING = (errors.BusyError, errors.DiskFullError)


class _Engine(Protocol):
    """How an engine alters its tables."""

    def apply(self, connection: Connection, step: Step) -> Step | None: ...
    def sql_of(self, connection: Connection, name: str, kind: str = "table") -> str | None: ...
    def stands(self, connection: Connection, name: str, sql: str) -> bool: ...
    def referring(self, connection: Connection, name: str) -> list[str]: ...
    def check_unreferred(self, connection: Connection, name: str) -> None: ...
    def definition(self, connection: Connection, column: Column) -> str: ...
    def holds(self, connection: Connection, kept: str, key: Sequence[Any]) -> bool: ...
    def details(self, connection: Connection, name: str) -> Details: ...
    def index_step(
        self, connection: Connection, table: str, name: str, columns: Sequence[str], *, unique: bool, where: str
    ) -> Step: ...


def _engine(connection: Connection) -> _Engine:
    if connection.dialect.name == "sqlite":
        return sqlite
    from frontdesk.database.postgresql import alterations as postgresql  # its driver is an extra

    return postgresql


def apply(connection: Connection, step: Step) -> Step | None:
    """Carries out a step and gives the one that takes it back; None when nothing does.

    Raises ConflictError when something stands in the way.
    """
    with refusals():
        return _engine(connection).apply(connection, step)


@contextmanager
def refusals() -> Iterator[None]:
    """What the database says against a definition is a ConflictError."""
    try:
        yield
    except _AS_THEY_ARE:
        raise
    except Exception as error:
        translated = error if isinstance(error, errors.Error) else dialects.translate(error)
        if isinstance(translated, (*_AS_THEY_ARE, *_PASSING)):
            raise translated from error
        raise errors.ConflictError(f"The database refuses: {translated.message.rstrip('.')}.") from error


def sql_of(connection: Connection, name: str, kind: str = "table") -> str | None:
    """The SQL that makes the table, index, view or trigger of this name; None when there is none."""
    return _engine(connection).sql_of(connection, name, kind)


def stands(connection: Connection, name: str, sql: str) -> bool:
    """Whether the schema still holds what this SQL made, that of this table or view on PostgreSQL."""
    return _engine(connection).stands(connection, name, sql)


def referring(connection: Connection, name: str) -> list[str]:
    """The other tables whose rows refer to rows of this table; on PostgreSQL the views that show it, too."""
    return _engine(connection).referring(connection, name)


def check_unreferred(connection: Connection, name: str) -> None:
    """Raises ConflictError naming the tables that refer to this one."""
    _engine(connection).check_unreferred(connection, name)


def definition(connection: Connection, column: Column) -> str:
    """The column as SQL defines it."""
    return _engine(connection).definition(connection, column)


def holds(connection: Connection, kept: str, key: Sequence[Any]) -> bool:
    """Whether a value is kept of the row that had this key."""
    return _engine(connection).holds(connection, kept, key)


def details(connection: Connection, name: str) -> Details:
    """What stands on a table or view: indexes, rules, triggers, what refers to it and shows it, its SQL."""
    return _engine(connection).details(connection, name)


def index_step(
    connection: Connection, table: str, name: str, columns: Sequence[str], *, unique: bool = False, where: str = ""
) -> Step:
    """The step that makes an index of columns, under this name or the next one that is free."""
    return _engine(connection).index_step(connection, table, name, columns, unique=unique, where=where)


def view_step(connection: Connection, name: str, select: str) -> Step:
    """The step that makes a view of a SELECT."""
    at = _written(connection, name)
    return ["create", [["view", name, f"CREATE VIEW {at} AS\n{select}"]]]


def keying(table: Table) -> str:
    """The SQL that gives a table of PostgreSQL which has none a key, so that its rows can be named."""
    taken, names = {column.name for column in table.columns}, chain(["id", "row_id"], (f"row_id_{n}" for n in count(2)))
    name = next(name for name in names if name not in taken)
    at = f"{quoted(str(table.schema))}.{quoted(table.bare_name)}"
    return f"ALTER TABLE {at} ADD COLUMN {name} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"


def _written(connection: Connection, name: str) -> str:
    """The name of a table or view as SQL writes it."""
    if connection.dialect.name == "sqlite":
        return quoted(name)
    from frontdesk.database.postgresql import catalog

    return catalog.written(connection, name)
