import logging
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from frontdesk import errors
from frontdesk.database.connections import Database

PEOPLE = sa.table("people", sa.column("id"), sa.column("name"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    connection.close()
    return Database("people", tmp_path / "people.db")


def journal(database: Database) -> str:
    with sqlite3.connect(database.path) as connection:
        found: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    connection.close()
    return found


def test_looking_at_a_database_leaves_its_journal_mode_and_the_first_write_switches_to_wal(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(sa.select(PEOPLE)).all()
    assert journal(database) == "delete"
    with database.transaction() as connection:
        connection.execute(sa.insert(PEOPLE).values(name="Krish"))
    assert journal(database) == "wal"


def test_an_error_takes_the_whole_transaction_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute(sa.insert(PEOPLE).values(name="Krish"))
        _ = 1 / 0
    with database.connect() as connection:
        assert connection.execute(sa.select(PEOPLE)).all() == []


def test_a_broken_rule_is_named_with_its_columns(database: Database) -> None:
    with pytest.raises(errors.IntegrityError) as missing, database.transaction() as connection:
        connection.execute(sa.insert(PEOPLE).values(name=None))
    assert (missing.value.rule, missing.value.columns) == ("not_null", ("name",))
    with pytest.raises(errors.IntegrityError) as double, database.transaction() as connection:
        connection.execute(sa.insert(PEOPLE).values(name="Krish"))
        connection.execute(sa.insert(PEOPLE).values(name="Krish"))
    assert (double.value.rule, double.value.columns) == ("unique", ("name",))


def test_another_programs_lock_is_a_busy_error(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.database.connections.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(errors.BusyError), database.transaction():
        pass
    other.close()


def test_a_file_that_is_no_database_is_named_so(tmp_path: Path) -> None:
    (tmp_path / "fake.db").write_bytes(b"These are notes, not a database." * 20)
    fake = Database("fake", tmp_path / "fake.db")
    with pytest.raises(errors.OperationalError, match="not a SQLite database"), fake.connect() as connection:
        connection.execute(sa.select(PEOPLE))


def test_a_read_only_database_refuses_to_begin_a_writing_transaction(database: Database) -> None:
    with pytest.raises(errors.PermissionDenied), Database("people", database.path, read_only=True).transaction():
        pass


def test_our_own_statements_are_in_no_log_even_at_debug(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with database.transaction() as connection:
        connection.execute(sa.insert(PEOPLE).values(name="secret"))
    with database.connect() as connection:
        connection.execute(sa.select(PEOPLE)).all()
    assert caplog.records == []
