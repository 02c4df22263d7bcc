"""Frontdesk's own tables are made and migrated, on either engine, by one process at a time and wholly or not at all."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import MetaData, inspect, select

from frontdesk import config
from frontdesk.accounts import users
from frontdesk.config import Config
from frontdesk.database import logs, migrations, state
from frontdesk.database.connections import Database
from frontdesk.database.migrations.state.versions import r0001_first
from frontdesk.errors import BusyError, ConfigError
from tests.postgresql import Server

OPENS = """
import sys
from pathlib import Path
from frontdesk import config
from frontdesk.accounts import attempts
from frontdesk.database import logs, migrations, state
settings = config.load(Path(sys.argv[1]), environment={})
print("ready", flush=True)
sys.stdin.readline()
database = state.open(settings)
logs.open(settings)
attempts.begin(database, "ada", "127.0.0.1")
"""
DIES = """
import os, signal, sys
from pathlib import Path
from alembic import op
from frontdesk import config
from frontdesk.database import state
made = op.create_table
def die(name, *columns, **given):
    if name == "answers":
        os.kill(os.getpid(), signal.SIGKILL)
    made(name, *columns, **given)
op.create_table = die
state.open(config.load(Path(sys.argv[1]), environment={}))
"""


def tables(database: Database) -> dict[str, set[str]]:
    with database.connect() as connection:
        found = inspect(connection)
        place = "frontdesk" if database.dialect == "postgresql" else None
        names = found.get_table_names(place)
        return {name: {column["name"] for column in found.get_columns(name, place)} for name in names}


@pytest.fixture
def settings(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> Config:
    """The settings of a desk whose own tables are not made yet; on a server state and logs share a database."""
    if engine == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        (tmp_path / "frontdesk.toml").write_text(f'[databases]\nstate = "{url}"\nlogs = "{url}"\n')
    return config.load(tmp_path, environment={})


@pytest.fixture
def opened(settings: Config) -> Iterator[Database]:
    """The state of that desk, made."""
    with closing(state.open(settings)) as database:
        yield database


def test_a_new_state_database_has_every_table_as_it_is_declared(opened: Database) -> None:
    made = tables(opened)
    assert made.pop("alembic_version" if opened.dialect == "sqlite" else "state_version")
    assert made == {table.name: set(table.columns.keys()) for table in state.metadata.tables.values()}


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)])
@pytest.mark.parametrize("metadata", [state.metadata, logs.metadata], ids=["state", "logs"])
def test_on_a_server_every_column_has_the_type_and_every_table_the_indexes_as_declared(
    settings: Config, metadata: MetaData
) -> None:
    with closing(state.open(settings)) as database, closing(logs.open(settings)), database.connect() as connection:
        found, dialect = inspect(connection), connection.dialect
        for table in metadata.tables.values():
            columns = {column["name"]: column for column in found.get_columns(table.name, "frontdesk")}
            assert {name: column["type"].compile(dialect) for name, column in columns.items()} == {
                column.name: column.type.compile(dialect).replace("FLOAT", "DOUBLE PRECISION")
                for column in table.columns
            }
            assert {name: column["nullable"] for name, column in columns.items()} == {
                column.name: column.nullable for column in table.columns
            }
            assert {index["name"] for index in found.get_indexes(table.name, "frontdesk")} >= {
                index.name for index in table.indexes
            }


def test_two_nodes_that_start_at_once_make_the_tables_once(settings: Config) -> None:
    command = [sys.executable, "-c", OPENS, str(settings.folder)]
    nodes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in "abc"
    ]
    for node in nodes:
        assert node.stdout
        assert node.stdout.readline() == "ready\n"
    for node in nodes:
        assert node.stdin
        node.stdin.write("go\n")
        node.stdin.flush()
    said = [node.communicate(timeout=30)[1] for node in nodes]
    assert (said, [node.returncode for node in nodes]) == (["", "", ""], [0, 0, 0])
    with closing(state.open(settings)) as database, database.connect() as connection:
        assert len(connection.execute(state.attempts.select()).all()) == 3


def test_a_migration_that_is_killed_in_the_middle_leaves_nothing_and_the_next_one_makes_all(settings: Config) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(settings.folder)], check=False, env=os.environ, timeout=30)
    assert done.returncode == -signal.SIGKILL
    with closing(state.open_made(settings)) as database:
        assert tables(database) == {}
    with closing(state.open(settings)) as database:
        assert state.metadata.tables.keys() <= tables(database).keys()


def test_a_state_database_of_a_newer_frontdesk_is_refused(settings: Config, opened: Database) -> None:
    version = "alembic_version" if opened.dialect == "sqlite" else "frontdesk.state_version"
    with opened.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE {version} SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"was made by a newer Frontdesk \(revision 9999\)"):
        state.open(settings)


def test_a_user_who_may_not_make_the_schema_is_told_what_its_owner_runs(
    tmp_path: Path, postgresql: Server, postgresql_url: str
) -> None:
    postgresql.execute("DROP ROLE IF EXISTS frontdesk_poor; CREATE ROLE frontdesk_poor LOGIN PASSWORD 'poor'")
    name = postgresql_url.rpartition("/")[2]
    postgresql.execute(f'REVOKE CREATE ON DATABASE "{name}" FROM PUBLIC')
    settings = Config(tmp_path, state=postgresql.url(name, user="frontdesk_poor", password="poor"))
    with pytest.raises(ConfigError, match="may not make its own tables") as refused:
        state.open(settings)
    assert "CREATE SCHEMA frontdesk AUTHORIZATION" in refused.value.hint
    postgresql.execute("CREATE SCHEMA frontdesk AUTHORIZATION frontdesk_poor", database=name)
    with closing(state.open(settings)) as database:
        users.add(database, "ada", "correct horse 1", "admin")
    postgresql.drop(postgresql_url)
    postgresql.execute("DROP ROLE frontdesk_poor")


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_writer_of_one_node_waits_for_that_of_another_while_all_read(settings: Config, opened: Database) -> None:
    with closing(Database("state", settings.state, own=True, patience=0.2)) as other:
        other.lock_by("state_version")
        with opened.transaction():
            assert users.list_all(other) == []
            with pytest.raises(BusyError), other.transaction():
                pass
        users.add(other, "ada", "correct horse 1", "admin")


def test_a_state_database_of_the_first_revision_gets_what_is_missing_and_keeps_its_rows(tmp_path: Path) -> None:
    settings = config.load(tmp_path)
    settings.state_folder.mkdir()
    old = Database("state", settings.state_folder / "state.db", create=True)
    with old.transaction() as connection:
        r0001_first.metadata.create_all(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
        connection.exec_driver_sql("INSERT INTO levels VALUES ('module1', 'DEBUG', NULL, 'ada', '2026-01-01')")
    old.close()
    opened = state.open(settings)
    assert {"queries", "query_stops", "answers"} <= tables(opened).keys()
    with opened.connect() as connection:
        assert connection.exec_driver_sql("SELECT logger FROM levels").all() == [("module1",)]
    opened.close()


def test_a_saved_query_of_an_older_frontdesk_is_kept_for_every_viewer(settings: Config, opened: Database) -> None:
    place = "frontdesk." if opened.dialect == "postgresql" else ""
    version = "frontdesk.state_version" if place else "alembic_version"
    with opened.transaction() as connection:
        for table in ("views", "layouts", "charts", "asked"):
            connection.exec_driver_sql(f"DROP TABLE {place}{table}")
        for column in ("description", "role"):
            connection.exec_driver_sql(f"ALTER TABLE {place}queries DROP COLUMN {column}")
        connection.exec_driver_sql(
            f"INSERT INTO {place}queries VALUES ('shop', 'old', 'SELECT 1', 'ada', '2026-01-01')"
        )
        connection.exec_driver_sql(f"UPDATE {version} SET version_num = '0004'")
    with closing(state.open(settings)) as again, again.connect() as connection:
        kept = connection.execute(select(state.queries)).one()
        assert (kept.name, kept.description, kept.role) == ("old", "", "viewer")
        assert {"views", "layouts", "charts", "asked"} <= tables(again).keys()


def test_who_starts_while_another_migrates_waits_longer_than_for_a_row(settings: Config) -> None:
    settings.state_folder.mkdir(exist_ok=True)
    place = settings.state or settings.state_folder / "state.db"
    first, hasty = (
        Database("state", place, own=bool(settings.state), create=not settings.state, patience=seconds)
        for seconds in (5, 0.05)
    )
    with closing(hasty), closing(first):
        with first.transaction() as connection:
            migrations.make(connection, "state", state.REVISION, "state.db")
            waiting = threading.Thread(target=migrations.upgraded, args=(hasty, state.REVISION))
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive()
        waiting.join(30)
        assert migrations.revision_of(hasty) == state.REVISION
