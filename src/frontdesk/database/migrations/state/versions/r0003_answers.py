"""Answers kept for an Idempotency-Key."""

from alembic import op
from sqlalchemy import Column, Float, Integer, LargeBinary, String

from frontdesk.database.values import UTCTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table of kept answers."""
    op.create_table(
        "answers",
        Column("user", String(110), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("asked", String(64), nullable=False),
        Column("at", UTCTime, nullable=False, index=True),
        Column("node", String(255), nullable=False),
        Column("pid", Integer, nullable=False),
        Column("process_started", Float, nullable=False),
        Column("status", Integer),
        Column("content_type", String(200)),
        Column("body", LargeBinary),
    )
