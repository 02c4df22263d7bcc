from pathlib import Path

from sqlalchemy import inspect

from frontdesk import config
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.migrations.state.versions import r0001_first


def tables(database: Database) -> dict[str, set[str]]:
    with database.connect() as connection:
        found = inspect(connection)
        return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


def test_a_new_state_database_has_every_table_as_it_is_declared(tmp_path: Path) -> None:
    made = tables(state.open(config.load(tmp_path)))
    assert made.pop("alembic_version")
    assert made == {table.name: set(table.columns.keys()) for table in state.metadata.tables.values()}


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
