"""The log index: every log record, its loggers, and counts by minute that serve as histogram and time index."""

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, String, Table, Text, literal_column

from frontdesk.config import Config
from frontdesk.database import migrations
from frontdesk.database.connections import Database

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")

loggers = Table(
    "loggers",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("level", _Id, nullable=False, default=0),  # as user code set it; 0 is inherited
    info={"distribution": "local"},
)

records = Table(
    "records",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),  # order of arrival: who follows it misses no late record
    Column("time", BigInteger, nullable=False),  # microseconds since 1970
    Column("level", _Id, nullable=False),  # any number, as people's code gives it
    Column("logger_id", _Id, nullable=False),
    Column("pid", _Id, nullable=False),
    Column("message", Text, nullable=False),
    Column("exception", Text),
    Column("fields", Text),  # JSON
    Column("request", String(16)),
    Column("run", _Id),
    Column("user", String(110)),
    info={"distribution": "local"},
)

SEVERE: ColumnElement[int] = literal_column("30")
"""WARNING as it must stand in the SQL: a bound parameter would not qualify for the partial indexes."""

_severe = records.c.level >= SEVERE
Index("records_logger", records.c.logger_id)
Index("records_severe", records.c.id, records.c.level, sqlite_where=_severe, postgresql_where=_severe)
Index(
    "records_logger_severe",
    records.c.logger_id,
    records.c.id,
    records.c.level,
    sqlite_where=_severe,
    postgresql_where=_severe,
)
for _column in (records.c.run, records.c.request):
    _given = _column.is_not(None)
    Index(f"records_{_column.name}", _column, sqlite_where=_given, postgresql_where=_given)

minutes = Table(
    "minutes",
    metadata,
    Column("minute", _Id, primary_key=True, autoincrement=False),  # since 1970
    Column("level", _Id, primary_key=True, autoincrement=False),
    Column("n", _Id, nullable=False),
    Column("min_id", _Id, nullable=False),
    Column("max_id", _Id, nullable=False),
    sqlite_with_rowid=False,
    info={"distribution": "local"},
)

carried = Table(
    "carried",
    metadata,
    Column("file", String(255), primary_key=True),
    Column("offset", BigInteger, nullable=False),  # bytes of the file whose records are in the index
    info={"distribution": "local"},
)

REVISION = "0001"
"""The newest migration in migrations/logs."""


def open(config: Config) -> Database:  # noqa: A001 - called as `logs.open`
    """The database of these tables, on the server that the settings name or in a file; made and migrated where needed.

    Raises ConfigError where it cannot be made, BusyError or OperationalError while its server cannot be reached.
    """
    return migrations.upgraded(_database(config), REVISION)


def _database(config: Config) -> Database:
    config.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if config.log_index:
        return Database("logs", config.log_index, own=True)
    return Database("logs", config.state_folder / "logs.db", create=True)
