"""The first tables."""

from alembic import op

from frontdesk.database import logs

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table of the first release."""
    logs.metadata.create_all(op.get_bind())
