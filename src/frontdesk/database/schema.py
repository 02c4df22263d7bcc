"""Tables, columns and foreign keys: read as they are, and created."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import dialects
from frontdesk.database.connections import Database
from frontdesk.database.definitions import OWN, Column, ForeignKey, Search, Table, row_id
from frontdesk.database.sqlite import catalog as sqlite
from frontdesk.database.sqlite import drivers, fulltext

__all__ = ["OWN", "Column", "ForeignKey", "Search", "Table", "row_id"]

_cache: WeakKeyDictionary[Database, tuple[Hashable, dict[str, Table]]] = WeakKeyDictionary()


class _Catalog(Protocol):
    """What an engine says of its tables."""

    def version(self, connection: Connection) -> Hashable: ...
    def read(self, connection: Connection) -> dict[str, Table]: ...
    def rename(self, connection: Connection, name: str, new: str) -> str: ...
    def names(self, connection: Connection, prefix: str) -> list[str]: ...
    def has_triggers(self, connection: Connection, table: Table) -> bool: ...
    def read_own(self, connection: Connection, name: str) -> Table: ...
    def concerned(self, connection: Connection, table: Table, constraint: str) -> list[str]: ...


def _catalog(connection: Connection) -> _Catalog:
    if connection.dialect.name == "sqlite":
        return sqlite
    from frontdesk.database.postgresql import catalog  # its driver is an extra

    return catalog


def tables(database: Database) -> dict[str, Table]:
    """Every table and view of a database by name, read again only when its schema has changed."""
    with database.connect() as connection:
        return read(database, connection)


def table(database: Database, name: str) -> Table:
    """The table or view of this name. Raises NotFoundError."""
    with database.connect() as connection:
        return find(database, connection, name)


def find(database: Database, connection: Connection, name: str) -> Table:
    """The table or view of this name as this connection sees it. Raises NotFoundError."""
    found = read(database, connection).get(name)
    if found is None:
        raise errors.NotFoundError(
            f"{database.name} has no table {name!r}.", "Its tables are listed at the database's page."
        )
    return found


def forget(database: Database) -> None:
    """Has the next one who reads look whether a schema was changed from elsewhere."""
    if database.dialect == "postgresql":
        from frontdesk.database.postgresql import catalog

        catalog.forget()


def version(connection: Connection) -> Hashable:
    """What changes with every change of the schema."""
    return _catalog(connection).version(connection)


def read(database: Database, connection: Connection) -> dict[str, Table]:
    """Every table and view as this connection sees them."""
    catalog = _catalog(connection)
    try:
        now = catalog.version(connection)
        known = _cache.get(database)
        if known is None or known[0] != now:
            known = _cache[database] = (now, catalog.read(connection))
    except errors.Error:
        raise
    except Exception as error:
        raise dialects.translate(error) from error
    return known[1]


TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "INTEGER": sa.Integer,
    "TEXT": sa.Text,
    "REAL": sa.REAL,
    "NUMERIC": sa.Numeric,
    "BOOLEAN": sa.Boolean,
    "DATE": sa.Date,
    "DATETIME": sa.DateTime,
    "JSON": sa.JSON,
    "BLOB": sa.LargeBinary,
}
"""The types that a new column may have, by the names that a person writes."""


def create(connection: Connection, name: str, columns: Sequence[Column]) -> str:
    """Creates a table and gives the SQL that did it."""
    if connection.dialect.name == "postgresql":
        from frontdesk.database.postgresql import catalog

        return catalog.create(connection, name, columns)
    metadata = sa.MetaData()
    made = sa.Table(name, metadata, *(_new_column(column) for column in columns))
    connection.execute(sa.schema.CreateTable(made))
    return str(sa.schema.CreateTable(made).compile(connection)).strip()


def _new_column(column: Column) -> sa.Column[Any]:
    constraints = [sa.ForeignKey(_target(column.references))] if column.references else []
    return sa.Column(
        column.name,
        TYPES[column.type](),
        *constraints,
        primary_key=bool(column.primary_key),
        nullable=column.nullable,
        server_default=sa.literal_column(column.default) if column.default is not None else None,
    )


def _target(references: tuple[str, str]) -> Any:
    return sa.Table(references[0], sa.MetaData(), sa.Column(references[1])).c[references[1]]


def defer_foreign_keys(connection: Connection) -> None:
    """References are looked at when the transaction ends; on PostgreSQL those that were made so."""
    if connection.dialect.name == "sqlite":
        drivers.driver_of(connection).execute("PRAGMA defer_foreign_keys = ON")
    else:
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")


def drop(connection: Connection, name: str) -> None:
    """Drops a table."""
    if connection.dialect.name == "postgresql":
        from frontdesk.database.postgresql import catalog

        return catalog.drop(connection, name)
    connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData())))
    fulltext.mend(drivers.driver_of(connection))
    return None


def rename(connection: Connection, name: str, new: str) -> str:
    """Renames a table that nothing refers to, and gives the SQL that creates it."""
    return _catalog(connection).rename(connection, name, new)


def names(connection: Connection, prefix: str) -> list[str]:
    """The names of tables that begin so, our own ones too."""
    return _catalog(connection).names(connection, prefix)


def place(database: Database, name: str) -> tuple[str | None, str]:
    """The schema in which a table of this name stands, None on SQLite, and its name there."""
    if database.dialect == "sqlite":
        return None, name
    from frontdesk.database.postgresql import catalog

    with database.connect() as connection:
        return catalog.place(connection, name)


def listed(database: Database, name: str) -> str:
    """The name by which a table is listed that is named so: that of the default schema goes without it."""
    if database.dialect == "sqlite":
        return name
    from frontdesk.database.postgresql import catalog

    with database.connect() as connection:
        return catalog.listed(connection, name)


def has_triggers(connection: Connection, table: Table) -> bool:
    """Whether the database itself does something when rows of this table change."""
    return _catalog(connection).has_triggers(connection, table)


def read_own(connection: Connection, name: str) -> Table:
    """One of our own tables, which are never listed."""
    return _catalog(connection).read_own(connection, name)


def misfits(database: Database, table: Table, row: Mapping[str, Any]) -> dict[str, str]:
    """By column what an engine with strict types says against stored values, each by itself; SQLite takes any."""
    if database.dialect == "sqlite":
        return {}
    from frontdesk.database.postgresql import writing

    with database.connect() as connection:
        return writing.misfits(connection, table, row)


def concerned(database: Database, table: Table, constraint: str) -> list[str]:
    """The columns that a CHECK of the table is about, by the name that an IntegrityError gives it."""
    with database.connect() as connection:
        return _catalog(connection).concerned(connection, table, constraint)
