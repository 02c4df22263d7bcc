"""What people keep of tables and queries: views, layouts, charts, and the queries that each one asked."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Text

from frontdesk.database.values import UTCTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes four tables, and gives saved queries a description and a role."""
    op.add_column("queries", Column("description", Text, nullable=False, server_default=""))
    op.add_column("queries", Column("role", String(10), nullable=False, server_default="viewer"))
    op.create_table(
        "views",
        Column("database", String(255), primary_key=True),
        Column("table", String(255), primary_key=True),
        Column("name", String(100), primary_key=True),
        Column("question", Text, nullable=False),
        Column("by", String(110), nullable=False),
        Column("at", UTCTime, nullable=False),
    )
    op.create_table(
        "layouts",
        Column("user", String(110), primary_key=True),
        Column("database", String(255), primary_key=True),
        Column("table", String(255), primary_key=True),
        Column("columns", Text, nullable=False),
        Column("at", UTCTime, nullable=False),
    )
    op.create_table(
        "charts",
        Column("database", String(255), primary_key=True),
        Column("name", String(100), primary_key=True),
        Column("table", String(255)),
        Column("sql", Text),
        Column("question", Text, nullable=False),
        Column("role", String(10), nullable=False),
        Column("by", String(110), nullable=False),
        Column("at", UTCTime, nullable=False),
    )
    op.create_table(
        "asked",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("user", String(110), nullable=False),
        Column("database", String(255), nullable=False),
        Column("sql", Text, nullable=False),
        Column("parameters", Text, nullable=False),
        Column("at", UTCTime, nullable=False),
        Column("milliseconds", Float),
        Column("rows", Integer),
        Column("error", Text),
        Index("asked_user", "user", "database", "id"),
    )
