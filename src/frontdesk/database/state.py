"""Frontdesk's own tables: users and how they sign in, the audit, runs, logger levels, what people keep, answers."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from frontdesk.config import Config
from frontdesk.database import migrations
from frontdesk.database.connections import Database
from frontdesk.database.values import UTCTime

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
    info={"distribution": "reference"},
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # sha256 of the cookie's secret
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", UTCTime, nullable=False),
    Column("used", UTCTime, nullable=False),
    Column("expires", UTCTime, nullable=False),
    info={"distribution": "reference"},
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
    info={"distribution": "reference"},
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
    info={"distribution": "reference"},
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account", String(100), nullable=False, index=True),
    Column("address", String(50), nullable=False, index=True),
    Column("at", UTCTime, nullable=False),
    info={"distribution": "reference"},
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
    info={"distribution": "reference"},
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
    info={"distribution": "id"},
)

levels = Table(
    "levels",
    metadata,
    Column("logger", String(255), primary_key=True),
    Column("level", String(10), nullable=False),
    Column("until", UTCTime),
    Column("by", String(110), nullable=False),
    Column("at", UTCTime, nullable=False),
    info={"distribution": "reference"},
)

queries = Table(
    "queries",
    metadata,
    Column("database", String(255), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("sql", Text, nullable=False),
    Column("by", String(110), nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("role", String(10), nullable=False, default="viewer"),  # the lowest that may see and ask it
    info={"distribution": "reference"},
)

query_stops = Table(
    "query_stops",
    metadata,
    Column("database", String(255), primary_key=True),
    Column("user", String(110), primary_key=True),
    Column("at", UTCTime, nullable=False),  # what this user began before then in the database is to end
    info={"distribution": "reference"},
)

asked = Table(
    "asked",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user", String(110), nullable=False),
    Column("database", String(255), nullable=False),
    Column("sql", Text, nullable=False),
    Column("parameters", Text, nullable=False),  # JSON
    Column("at", UTCTime, nullable=False),
    Column("milliseconds", Float),
    Column("rows", Integer),
    Column("error", Text),
    Index("asked_user", "user", "database", "id"),
    info={"distribution": "reference"},
)

views = Table(
    "views",
    metadata,
    Column("database", String(255), primary_key=True),
    Column("table", String(255), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("question", Text, nullable=False),  # the page's address behind the question mark
    Column("by", String(110), nullable=False),
    Column("at", UTCTime, nullable=False),
    info={"distribution": "reference"},
)

layouts = Table(
    "layouts",
    metadata,
    Column("user", String(110), primary_key=True),
    Column("database", String(255), primary_key=True),
    Column("table", String(255), primary_key=True),
    Column("columns", Text, nullable=False),  # JSON: names in order, with widths, and which are hidden
    Column("at", UTCTime, nullable=False),
    info={"distribution": "reference"},
)

charts = Table(
    "charts",
    metadata,
    Column("database", String(255), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("table", String(255)),  # drawn of this table,
    Column("sql", Text),  # or of this query
    Column("question", Text, nullable=False),  # the chart page's address behind the question mark
    Column("role", String(10), nullable=False),  # the lowest that may see it
    Column("by", String(110), nullable=False),
    Column("at", UTCTime, nullable=False),
    info={"distribution": "reference"},
)

answers = Table(
    "answers",
    metadata,
    Column("user", String(110), primary_key=True),
    Column("key", String(255), primary_key=True),  # what the client sent as Idempotency-Key
    Column("asked", String(64), nullable=False),  # sha256 of path, content type and body
    Column("at", UTCTime, nullable=False, index=True),
    Column("node", String(255), nullable=False),  # who carries it out: the machine,
    Column("pid", Integer, nullable=False),  # the process on it
    Column("process_started", Float, nullable=False),
    Column("status", Integer),  # NULL: not answered yet
    Column("content_type", String(200)),
    Column("body", LargeBinary),  # NULL beside a status: too large to be kept
    info={"distribution": "reference"},
)

run_files = Table(
    "run_files",
    metadata,
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", String(64), primary_key=True, index=True),
    Column("name", String(200), nullable=False),
    Column("type", String(100), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    info={"distribution": "run"},
)

REVISION = "0005"
"""The newest migration in migrations/state."""


def open(config: Config) -> Database:  # noqa: A001 - `state.open` says it
    """The database of these tables, on the server that the settings name or in a file; made and migrated where needed.

    Raises ConfigError where it cannot be made, BusyError or OperationalError while its server cannot be reached.
    """
    return migrations.upgraded(_database(config), REVISION)


def open_made(config: Config) -> Database:
    """The same where it was opened before, as by the process that began this one; nothing is asked of a server yet."""
    database = _database(config)
    database.lock_by(migrations.version_table(database.dialect, "state").name)
    return database


def _database(config: Config) -> Database:
    config.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if config.state:
        return Database("state", config.state, own=True)
    return Database("state", config.state_folder / "state.db", create=True)
