"""Rows that were loaded at once: kept as the keys of the first and the last, and a digest of all values.

So a load of a million rows is one entry, and still it is known whether any of them has changed since.
"""

import hashlib
import marshal
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema
from frontdesk.database.schema import Table
from frontdesk.history import capture, entries

_VERSION = 2
"""Of marshal: equal values have equal bytes in it, since it knows no references."""
_HEAD = 5
"""Bytes that say how many values follow."""
_ROWS = 500
"""Rows that are read at a time."""


class Digest:
    """The digest of rows, fed with their values one after the other, as many at a time as one likes."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, values: tuple[Any, ...]) -> None:
        """Goes on with the values of some rows."""
        self._hash.update(memoryview(marshal.dumps(values, _VERSION))[_HEAD:])

    def text(self) -> str:
        """The digest of all that was fed."""
        return self._hash.hexdigest()


def digest_of(connection: Connection, table: Table, first: int, last: int, *, whole: bool = False) -> tuple[int, str]:
    """How many rows have keys from `first` to `last`, and the digest of their values; of all where none is a number.

    `whole` says that the table is to hold nothing else: PostgreSQL reads it through at once, by several processes.
    """
    if connection.dialect.name == "postgresql":
        key = None if whole or _number(table) is None else order(table)
        return _server_digest(connection, table, [] if key is None else [key.between(first, last)])
    key = order(table)
    found = Digest()
    rows = 0
    names = [column.name for column in table.columns]
    statement = sa.select(*(table.clause.c[name] for name in names)).where(key.between(first, last)).order_by(key)
    for part in connection.execute(statement.execution_options(yield_per=_ROWS)).partitions():
        rows += len(part)
        found.add(tuple(chain.from_iterable(part)))
    return rows, found.text()


def _server_digest(connection: Connection, table: Table, where: Sequence[sa.ColumnElement[bool]]) -> tuple[int, str]:
    """As PostgreSQL reckons it by itself: the sum of what each row hashes to, in 64 bits.

    Rows of types whose equal values are written alike are hashed as they are, four times as fast as their text.
    """
    row = sa.func.row(*(table.clause.c[column.name] for column in table.columns))
    plain = all(column.type in _HASHED for column in table.columns)
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    hashed = sa.func.hash_record_extended(row, zero) if plain else sa.func.hashtextextended(sa.cast(row, sa.Text), zero)
    total = sa.cast(sa.func.coalesce(sa.func.sum(hashed), zero), sa.Text)
    rows, found = connection.execute(sa.select(sa.func.count(), total).select_from(table.clause).where(*where)).one()
    return rows, f"rows {found}" if plain else found


_HASHED = {
    "bigint",
    "integer",
    "smallint",
    "text",
    "double precision",
    "boolean",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "bytea",
    "uuid",
}


def bounds(connection: Connection, table: Table) -> tuple[int, int] | None:
    """The integers by which the first and the last row stand; None without rows."""
    if table.schema is not None and _number(table) is None:
        rows = connection.scalar(sa.select(sa.func.count()).select_from(table.clause))
        return (1, rows) if rows else None
    key = order(table)
    first, last = connection.execute(sa.select(sa.func.min(key), sa.func.max(key)).select_from(table.clause)).one()
    return None if first is None else (first, last)


def order(table: Table) -> sa.ColumnElement[Any]:
    """The integer by which the rows of a loaded table stand: its integer key, else the hidden one.

    PostgreSQL has no hidden one beside a key of another type: rows are counted there in the order of the key.
    """
    name = _number(table)
    if name is not None:
        return table.clause.c[name]
    if table.schema is not None:
        return sa.func.row_number().over(order_by=[table.clause.c[one] for one in table.key])
    hidden: sa.ColumnClause[Any] = sa.column(schema.row_id(table.columns) or "rowid", _selectable=table.clause)
    return hidden


def _number(table: Table) -> str | None:
    """The column of integers that is the table's key."""
    if len(table.key) == 1 and table.key[0] == table.row_id:
        return None if table.schema is None else table.row_id
    if len(table.primary_key) != 1:
        return None
    key = table.column(table.primary_key[0])
    return key.name if key.automatic or (table.schema is not None and key.kind == "integer") else None


def record(
    connection: Connection, table: Table, rows: int, first: int, last: int, digest: str, made: str | None = None
) -> int:
    """Enters the load of these rows as one change, `made` by the SQL that created the table; gives its number."""
    number = capture.recorder_of(connection).enter(
        table.name, "import", [column.name for column in table.columns], table.key
    )
    written = {"rows": rows, "first": first, "last": last, "digest": digest, "made": made}
    connection.execute(sa.insert(entries.blocks).values(change=number, **written))
    return number


def exist(connection: Connection) -> bool:
    """Whether anything was ever loaded into this database, or could have been."""
    return entries.exist(connection, entries.blocks)


def find(connection: Connection, changes: Iterable[int]) -> dict[int, Any]:
    """The blocks of these changes, by change."""
    if not exist(connection):
        return {}
    statement = sa.select(entries.blocks).where(entries.blocks.c.change.in_(list(changes)))
    return {block.change: block for block in connection.execute(statement)}


def stands(connection: Connection, table: Table, block: Any) -> bool:
    """Whether the rows are still as they were loaded, and the table holds nothing else when the load made it."""
    if connection.dialect.name == "postgresql":  # what is committed after the look would go unseen
        from frontdesk.database.postgresql import loads  # its driver is an extra

        loads.lock(connection, table, alone=True)
    found = digest_of(connection, table, block.first, block.last, whole=block.made is not None)
    if found != (block.rows, block.digest):
        return False
    return block.made is None or connection.scalar(sa.select(sa.func.count()).select_from(table.clause)) == block.rows


def rows(connection: Connection, table: Table, block: Any, *, size: int, after: int) -> Sequence[Any]:
    """The loaded rows as they are now, each after the integer that it stands by; `after` is that of the last seen."""
    names = [column.name for column in table.columns]
    listed = sa.select(order(table).label(f"{schema.OWN}place"), *(table.clause.c[name] for name in names))
    numbered = listed.select_from(table.clause).subquery()
    key = numbered.c[0]
    begin = key > after if after else key >= block.first
    return connection.execute(sa.select(numbered).where(begin, key <= block.last).order_by(key).limit(size)).all()
