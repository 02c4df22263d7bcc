"""The tables that history keeps in each database: a change, the rows that it changed, and what it loaded."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

from frontdesk.database.values import UTCTime

metadata = MetaData()

changes = Table(
    "_frontdesk_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("table", Text, nullable=False),
    Column("operation", String(10), nullable=False),  # insert, update, delete, import, batch, schema or undo
    Column("columns", Text, nullable=False),  # JSON: the names of the values in before and after
    Column("key", Text, nullable=False),  # JSON: which of them are the key
    Column("at", UTCTime, nullable=False),
    Column("user", String(110), nullable=False),
    Column("request", String(16)),
    Column("run", Integer),
    Column("part", Integer),
    Column("transaction", Integer, nullable=False),  # the first change of the same transaction
    Column("undoes", Integer),
    Index("_frontdesk_changes_table", "table", "id"),
    Index("_frontdesk_changes_run", "run", sqlite_where=sa.column("run").isnot(None)),
    Index("_frontdesk_changes_request", "request", sqlite_where=sa.column("request").isnot(None)),
    Index("_frontdesk_changes_part", "run", "part", unique=True, sqlite_where=sa.column("part").isnot(None)),
    Index("_frontdesk_changes_undoes", "undoes", sqlite_where=sa.column("undoes").isnot(None)),
)

rows = Table(
    "_frontdesk_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change", Integer, nullable=False, index=True),
    Column("key", Text),  # JSON, as values.exact writes it; before the change, or after an insert
    Column("before", Text),  # JSON of the values; NULL for an insert
    Column("after", Text),  # JSON of the values; NULL for a delete
    Index("_frontdesk_history_key", "key"),
)

blocks = Table(
    "_frontdesk_blocks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change", Integer, nullable=False, index=True),
    Column("rows", Integer, nullable=False),
    Column("first", Integer, nullable=False),  # the keys of the first row and of the last: the rows between were loaded
    Column("last", Integer, nullable=False),
    Column("digest", Text, nullable=False),  # of their values, in the order of their keys
    Column("made", Text),  # the SQL that created the table, when the load did
)
