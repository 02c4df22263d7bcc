"""The first tables. Until the first release this follows state.py; from then on it stays as it is."""

from alembic import op

from frontdesk.database import state

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table of the first release."""
    state.metadata.create_all(op.get_bind())
