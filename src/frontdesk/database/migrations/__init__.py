"""Brings Frontdesk's own databases to the newest revision, one process at a time."""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from frontdesk.database.connections import Database
from frontdesk.errors import ConfigError

_version = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def upgrade(database: Database, name: str, newest: str) -> None:
    """Runs the migrations of `migrations/NAME` in one transaction; a second process waits and finds nothing to do.

    Raises ConfigError for a database of a newer Frontdesk.
    """
    if revision_of(database) == newest:
        return
    with database.transaction() as connection:
        revision = _revision(connection)
        if revision is not None and revision > newest:
            raise ConfigError(
                f"{database.path.name} was made by a newer Frontdesk (revision {revision}).", "Install that one."
            )
        if revision != newest:
            _migrate(connection, name)


def revision_of(database: Database) -> str | None:
    """The revision that the database is at; None where there is none yet."""
    if not database.path.exists():
        return None
    with database.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.scalar(select(_version.c.version_num))


def _migrate(connection: Connection, name: str) -> None:
    from alembic import command  # imported only when there is something to migrate: it takes 0.2 s
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / name))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
