import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import InputError
from frontdesk.history import capture, changes
from frontdesk.tables import rows
from tests import engines, places

ADA = Caller("ada", "admin")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    write(tmp_path / "home.db", "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    opened = Database("home", tmp_path / "home.db")
    yield opened
    opened.close()


def write(path: Path, script: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()


def names(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        found = [name for (name,) in connection.execute("SELECT name FROM people ORDER BY id")]
    connection.close()
    return found


def test_what_a_script_wrote_stays_without_a_commit_as_with_the_driver(database: Database, tmp_path: Path) -> None:
    connection = capture.connect("home", tmp_path)
    connection.executescript("INSERT INTO people (name) VALUES ('Krish'); INSERT INTO people (name) VALUES ('Bob');")
    connection.close()

    assert names(database.path) == ["Krish", "Bob"]
    assert sum(change.rows for change in changes.search(database).changes) == 2


def test_a_column_added_by_another_program_is_recorded_though_the_first_transaction_that_met_it_failed(
    place: Path | str,
) -> None:
    database = places.opened(place, "CREATE TABLE people (id DRAWN, name TEXT)", "home")
    rows.insert(database, "people", [{"name": "Krish"}], ADA)
    places.execute(place, "ALTER TABLE people ADD COLUMN age BIGINT DEFAULT 32")
    with pytest.raises(InputError), capture.recording(database, ADA):
        raise InputError("Something is wrong.")
    with capture.recording(database, ADA) as connection:
        capture.delete(connection, schema.find(database, connection, "people"), [])
    (gone,) = (change for change in changes.search(database).changes if change.operation == "delete")
    ((row,), _) = changes.rows(database, gone.number)
    assert row.before == {"id": 1, "name": "Krish", "age": 32}
    database.close()


def test_a_trial_leaves_neither_rows_nor_history(place: Path | str) -> None:
    database = places.opened(place, "CREATE TABLE people (id DRAWN, name TEXT)", "home")
    people = schema.table(database, "people")
    with capture.recording(database, ADA, trial=True) as connection:
        capture.insert(connection, people, {"name": "Krish"})
        assert [change.rows for change in changes.since(connection, "home", 0)] == [1]
    assert engines.rows(database, "people") == []
    assert changes.search(database).changes == []
    database.close()


def test_a_script_may_begin_and_end_transactions_by_itself(database: Database, tmp_path: Path) -> None:
    connection = capture.connect("home", tmp_path)
    connection.executescript(
        "INSERT INTO people (name) VALUES ('Krish'); BEGIN; INSERT INTO people (name) VALUES ('Bob'); ROLLBACK;"
    )
    assert connection.isolation_level == "DEFERRED"
    connection.close()

    assert names(database.path) == ["Krish"]


def test_a_connection_that_gives_rows_as_dictionaries_and_texts_as_bytes_is_recorded(
    database: Database, tmp_path: Path
) -> None:
    def as_dictionary(cursor: Any, row: Any) -> dict[str, Any]:
        return {description[0]: value for description, value in zip(cursor.description, row, strict=True)}

    connection = capture.connect("home", tmp_path)
    connection.row_factory, connection.text_factory = as_dictionary, bytes
    connection.execute("INSERT INTO people (name) VALUES ('Krish')")
    connection.commit()

    assert connection.execute("SELECT name FROM people").fetchall() == [{"name": b"Krish"}]
    connection.close()
    assert [change.rows for change in changes.search(database).changes] == [1]


def test_what_was_rolled_back_by_sql_is_not_mixed_with_what_another_one_changed(
    database: Database, tmp_path: Path
) -> None:
    mine, other = capture.connect("home", tmp_path), capture.connect("home", tmp_path)
    with context.bind(run=1):
        mine.execute("INSERT INTO people (name) VALUES ('Krish')")
        mine.execute("ROLLBACK")
    with context.bind(run=2):
        other.execute("INSERT INTO people (name) VALUES ('Bob')")
        other.commit()
    with context.bind(run=1):
        mine.execute("INSERT INTO people (name) VALUES ('Charlie')")
        mine.commit()
    mine.close()
    other.close()

    assert [(change.run, change.rows) for change in changes.search(database).changes] == [(1, 1), (2, 1)]


@pytest.mark.parametrize("odd", ["VIRTUAL TABLE odd USING fts5(text)", "TABLE odd (rowid, _rowid_, oid)"])
def test_beside_a_table_that_cannot_be_recorded_the_others_are(database: Database, tmp_path: Path, odd: str) -> None:
    write(database.path, f"CREATE {odd}")
    with capture.connect("home", tmp_path) as connection:
        connection.execute("INSERT INTO people (name) VALUES ('Krish')")
    connection.close()

    assert [change.table for change in changes.search(database).changes] == ["people"]
