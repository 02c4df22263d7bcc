"""The first tables, as they were: they stay as they are here."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

from frontdesk.database.values import UTCTime

revision = "0001"
down_revision = None

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("folded", String(100), nullable=False, unique=True),  # the name without regard to case
    Column("password", Text, nullable=False),  # argon2's encoded hash
    Column("role", String(10), nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created", UTCTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # sha256 of the cookie's secret
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", UTCTime, nullable=False),
    Column("used", UTCTime, nullable=False),
    Column("expires", UTCTime, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the secret
    Column("prefix", String(12), nullable=False),  # the secret's first characters, to know it by
    Column("role", String(10), nullable=False),
    Column("maker_id", ForeignKey("users.id", ondelete="CASCADE")),  # NULL: made by the command line
    Column("maker", String(110), nullable=False),
    Column("created", UTCTime, nullable=False),
    Column("used", UTCTime),
    Column("expires", UTCTime),
)

links = Table(
    "links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("purpose", String(10), nullable=False),  # setup or signin
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    Column("created", UTCTime, nullable=False),
    Column("expires", UTCTime, nullable=False),
    Column("used", UTCTime),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account", String(100), nullable=False, index=True),
    Column("address", String(50), nullable=False, index=True),
    Column("at", UTCTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", UTCTime, nullable=False),
    Column("who", String(110), nullable=False),
    Column("action", String(50), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("address", String(50), nullable=False, default=""),
    Column("request", String(16)),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("function", String(200), nullable=False),
    Column("file", Text, nullable=False),
    Column("version", String(80), nullable=False, default=""),  # of the file: its time and size
    Column("status", String(10), nullable=False),  # queued, running, done, failed or stopped
    Column("arguments", Text, nullable=False),  # JSON
    Column("result", Text),  # JSON
    Column("result_kind", String(20)),
    Column("error", Text),
    Column("traceback", Text),
    Column("started", UTCTime, nullable=False),
    Column("ended", UTCTime),
    Column("milliseconds", Float),
    Column("user", String(110), nullable=False),
    Column("request", String(16)),
    Column("replays", _Id),  # the run whose arguments were used again
    Column("seconds", Float),  # its limit
    Column("progress", Text),  # JSON
    Column("node", String(255), nullable=False, default=""),  # the owner: the machine,
    Column("pid", Integer),  # the process on it
    Column("process_started", Float),  # and when that process began, since pids come back
    Column("heartbeat", UTCTime),
    Column("stop_requested", String(110)),  # by whom
    Index("runs_function", "function", "id"),
    Index("runs_request", "request"),
    Index("runs_user", "user", "id"),
    Index("runs_status", "status", "id"),
    sqlite_autoincrement=True,  # an id is never given twice: records and changes refer to it
)

levels = Table(
    "levels",
    metadata,
    Column("logger", String(255), primary_key=True),
    Column("level", String(10), nullable=False),
    Column("until", UTCTime),
    Column("by", String(110), nullable=False),
    Column("at", UTCTime, nullable=False),
)


def upgrade() -> None:
    """Makes every table of the first release."""
    metadata.create_all(op.get_bind())
