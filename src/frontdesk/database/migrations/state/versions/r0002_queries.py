"""Saved queries, and requests to stop running ones."""

from alembic import op
from sqlalchemy import Column, String, Text

from frontdesk.database.values import UTCTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the two tables of queries."""
    op.create_table(
        "queries",
        Column("database", String(255), primary_key=True),
        Column("name", String(100), primary_key=True),
        Column("sql", Text, nullable=False),
        Column("by", String(110), nullable=False),
        Column("at", UTCTime, nullable=False),
    )
    op.create_table(
        "query_stops",
        Column("database", String(255), primary_key=True),
        Column("user", String(110), primary_key=True),
        Column("at", UTCTime, nullable=False),
    )
