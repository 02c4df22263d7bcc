"""Brings Frontdesk's own databases to the newest revision, one process at a time."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from frontdesk import urls
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import OWN_SCHEMA
from frontdesk.errors import BusyError, ConfigError, OperationalError, PermissionDenied

MOST_SECONDS = 60
"""How long a process waits for another one's migrations."""

logging.getLogger("alembic").setLevel(logging.WARNING)  # what it migrates is no news to who reads the logs


def upgraded(database: Database, newest: str) -> Database:
    """The database after the migrations of `migrations/NAME` in one transaction; closed where they cannot be run.

    A second process waits and finds nothing to do. Raises ConfigError for a database of a newer Frontdesk, or where
    this one may not make its tables; OperationalError, which names the setting, while a server cannot be reached.
    """
    try:
        with _named(database):
            if revision_of(database) != newest:
                _upgrade(database, newest)
    except BaseException:
        database.close()
        raise
    database.lock_by(version_table(database.dialect, database.name).name)
    return database


@contextmanager
def _named(database: Database) -> Iterator[None]:
    """A server's refusal with the setting that leads to it."""
    setting = f"[databases] {database.name}, {urls.masked(str(database.place))}"
    try:
        yield
    except PermissionDenied as error:
        hint = f"Its owner runs, once: CREATE SCHEMA {OWN_SCHEMA} AUTHORIZATION the_user_of_the_url;"
        raise ConfigError(f"{setting}: Frontdesk may not make its own tables there. {error.message}", hint) from error
    except OperationalError as error:
        if database.dialect == "sqlite":
            raise
        away = "Frontdesk's own tables are there, so it does not start without: look at the server, and at the URL."
        hint = away if isinstance(error, BusyError) else error.hint
        raise OperationalError(f"{setting}: {error.message}", hint) from error


def revision_of(database: Database) -> str | None:
    """The revision that the database is at; None where there is none yet."""
    if not database.is_there():
        return None
    with database.connect() as connection:
        return _revision(connection, database.name)


def version_table(dialect: str, name: str) -> Table:
    """Where the revision stands: on a server each of Frontdesk's own databases has its own, so that they share one."""
    on_server = dialect == "postgresql"
    table, place = (f"{name}_version", OWN_SCHEMA) if on_server else ("alembic_version", None)
    return Table(table, MetaData(), Column("version_num", String(32)), schema=place)


def _upgrade(database: Database, newest: str) -> None:
    """Waits for another process that migrates longer than a writer waits for one row's change."""
    place = database.path.name if database.dialect == "sqlite" else f"The database of {database.name}"
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        try:
            with database.transaction() as connection:
                make(connection, database.name, newest, place)
            return
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def make(connection: Connection, name: str, newest: str, place: str) -> None:
    """Runs the migrations of `migrations/NAME` in the caller's transaction, where there is something to do.

    Raises ConfigError for tables of a newer Frontdesk, naming the place.
    """
    revision = _revision(connection, name)
    if revision is not None and revision > newest:
        raise ConfigError(f"{place} was made by a newer Frontdesk (revision {revision}).", "Install that one.")
    if revision != newest:
        _migrate(connection, name)


def _revision(connection: Connection, name: str) -> str | None:
    version = version_table(connection.dialect.name, name)
    if not inspect(connection).has_table(version.name, schema=version.schema):
        return None
    return connection.scalar(select(version.c.version_num))


def _migrate(connection: Connection, name: str) -> None:
    from alembic import command  # imported only when there is something to migrate: it takes 0.2 s
    from alembic.config import Config

    version = version_table(connection.dialect.name, name)
    if version.schema and not inspect(connection).has_schema(version.schema):
        connection.execute(sa.schema.CreateSchema(version.schema))
    if version.schema:  # what alters a table, unlike what makes one, does not know the schema of the connection
        connection.execute(sa.select(sa.func.set_config("search_path", version.schema, True)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / name))
    config.attributes["context"] = {
        "connection": connection,
        "version_table": version.name,
        "version_table_schema": version.schema,
    }
    command.upgrade(config, "head")
