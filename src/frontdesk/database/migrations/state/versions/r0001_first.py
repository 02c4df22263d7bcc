"""The first tables."""

from alembic import op

from frontdesk.database import state

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table of the first release."""
    state.metadata.create_all(op.get_bind())
