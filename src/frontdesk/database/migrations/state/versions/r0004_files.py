"""Which run holds which kept file."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table of the runs' files."""
    op.create_table(
        "run_files",
        Column(
            "run",
            BigInteger().with_variant(Integer, "sqlite"),
            ForeignKey("runs.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("sha256", String(64), primary_key=True, index=True),
        Column("name", String(200), nullable=False),
        Column("type", String(100), nullable=False),
        Column("bytes", BigInteger, nullable=False),
    )
