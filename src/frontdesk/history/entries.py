"""The tables that history keeps in each database: a change, the rows that it changed, and what it loaded."""

import getpass
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, Text

from frontdesk import context
from frontdesk.database import schema, values
from frontdesk.database.postgresql import OWN_SCHEMA
from frontdesk.database.values import UTCTime

Where: TypeAlias = Sequence[sa.ColumnElement[bool]]
"""Conditions that all must hold."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")


def _some(name: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows in which the last of these columns has a value."""
    given = sa.column(columns[-1]).isnot(None)
    return Index(f"_frontdesk_changes_{name}", *columns, unique=unique, sqlite_where=given, postgresql_where=given)


changes = Table(
    "_frontdesk_changes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("table", Text, nullable=False),
    Column("operation", String(10), nullable=False),  # insert, update, delete, import, batch, schema or undo
    Column("columns", Text, nullable=False),  # JSON: the names of the values in before and after
    Column("key", Text, nullable=False),  # JSON: which of them are the key
    Column("at", UTCTime, nullable=False),
    Column("user", String(110), nullable=False),
    Column("request", String(16)),
    Column("run", _Id),
    Column("part", Integer),
    Column("transaction", _Id, nullable=False),  # the first change of the same transaction
    Column("undoes", _Id),
    Index("_frontdesk_changes_table", "table", "id"),
    _some("run", "run"),
    _some("request", "request"),
    _some("part", "run", "part", unique=True),
    _some("undoes", "undoes"),
    info={"distribution": "local"},
)

rows = Table(
    "_frontdesk_history",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("change", _Id, nullable=False, index=True),
    Column("key", Text),  # JSON, as values.exact writes it; before the change, or after an insert
    Column("before", Text),  # JSON of the values; NULL for an insert
    Column("after", Text),  # JSON of the values; NULL for a delete
    Index("_frontdesk_history_key", "key", postgresql_using="hash"),  # a key may be longer than a tree's entry
    info={"distribution": "local"},
)

blocks = Table(
    "_frontdesk_blocks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("change", _Id, nullable=False, index=True),
    Column("rows", _Id, nullable=False),
    Column("first", _Id, nullable=False),  # the keys of the first row and of the last: the rows between were loaded
    Column("last", _Id, nullable=False),
    Column("digest", Text, nullable=False),  # of their values, in the order of their keys
    Column("made", Text),  # the SQL that created the table, when the load did
    info={"distribution": "local"},
)

purges = Table(
    "_frontdesk_purges",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=False),  # the newest change that was not kept
    Column("at", UTCTime, nullable=False),  # when it was made
    info={"distribution": "local"},
)

DEFINITION = ("sql", "steps")
"""What is kept of a definition before and after its change: SQL, and as JSON the steps that take it back."""


def exist(connection: Connection, table: Table = changes) -> bool:
    """Whether anything was ever recorded in this database."""
    place = OWN_SCHEMA if connection.dialect.name == "postgresql" else None
    return sa.inspect(connection).has_table(table.name, schema=place)


def asked_by() -> dict[str, Any]:
    """Who changes something now, and within which request and run."""
    return {
        "user": context.user.get() or f"cli:{getpass.getuser()}",
        "request": context.request.get(),
        "run": context.run.get(),
    }


def equals(table: schema.Table, name: str, value: Any) -> sa.ColumnElement[bool]:
    """Whether a column, or the hidden key, holds this value."""
    if value is None:
        return table.place(name).is_(sa.null())
    held: sa.ColumnElement[bool] = table.ordered(name) == values.bound(value)
    return held


def among(
    table: schema.Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]], theirs: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Whether these columns hold what `theirs` hold in one of the rows, none of which is NULL."""
    if len(names) == 1:
        return table.ordered(names[0]).in_([row[theirs[0]] for row in rows])
    pairs = list(zip(names, theirs, strict=True))
    return sa.or_(*(sa.and_(*(equals(table, name, row[far]) for name, far in pairs)) for row in rows))


def place(table: schema.Table, key: Sequence[str], row: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Whether the columns of the key hold what they hold in the row."""
    return [equals(table, name, row[name]) for name in key]


def generated(table: schema.Table) -> set[str]:
    """The columns that the database computes."""
    return {column.name for column in table.columns if column.generated}


def in_order(table: schema.Table) -> list[sa.ColumnElement[Any]]:
    """The order of the keys, in which whoever locks several rows locks them: so none waits for who waits for it."""
    return [table.ordered(name) for name in table.key]


def one(table: schema.Table, where: Where) -> sa.ColumnElement[bool]:
    """One of the rows that fit, on PostgreSQL, where no key tells them apart."""
    place: sa.ColumnElement[Any] = sa.literal_column("ctid")
    return place == sa.select(place).select_from(table.clause).where(*where).limit(1).correlate(None).scalar_subquery()


def value_names(table: schema.Table) -> list[str]:
    """The names of the values that history keeps of a row: its columns, and the hidden key where there is one."""
    return [column.name for column in table.columns] + ([table.row_id] if table.row_id else [])
