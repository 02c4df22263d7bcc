import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.context import Caller
from frontdesk.database import schema, steps
from frontdesk.database.connections import Database
from frontdesk.database.sqlite import drivers
from frontdesk.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from frontdesk.history import capture, changes, undo
from frontdesk.tables import alterations

ADA = Caller("ada", "admin")

SCRIPT = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, town TEXT DEFAULT 'Pune');
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people (id), name TEXT,
  boss INTEGER REFERENCES pets (id));
CREATE TABLE notes (text, stars REAL);
CREATE INDEX pets_name ON pets (name);
CREATE TRIGGER pets_renamed AFTER UPDATE ON pets BEGIN UPDATE people SET town = 'Bonn'; END;
CREATE VIEW named AS SELECT name FROM pets;
CREATE VIRTUAL TABLE words USING fts5 (text);
INSERT INTO people VALUES (1, 'Krish', 32, 'Pune'), (2, 'Bob', NULL, 'Ulm');
INSERT INTO pets VALUES (1, 1, 'Rex', NULL), (2, 2, 'Tom', 1);
INSERT INTO notes VALUES ('a', 1.5), (x'00ff', 9007199254740993), (3, 'x');
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(sqlite3.connect(tmp_path / "home.db")) as connection:
        connection.executescript(SCRIPT)
    opened = Database("home", tmp_path / "home.db")
    yield opened
    opened.close()


def dump(database: Database) -> list[str]:
    with closing(sqlite3.connect(database.path)) as connection:
        return sorted(line for line in connection.iterdump() if "_frontdesk_" not in line)


def take_back(database: Database, change: str) -> str:
    return undo.undo(database, [int(change.rpartition(".")[2])], ADA).changes[0]


@pytest.mark.parametrize("table", ["pets", "notes", "named"])
def test_a_deleted_table_comes_back_with_its_rows_indexes_and_triggers(database: Database, table: str) -> None:
    before = dump(database)
    change = alterations.delete(database, table, ADA)
    without = dump(database)
    assert not any(f"TABLE {table}" in line or f"VIEW {table}" in line for line in without)
    redo = take_back(database, change)
    assert dump(database) == before
    again = take_back(database, redo)
    assert dump(database) == without
    take_back(database, again)
    assert dump(database) == before


def test_a_table_that_others_refer_to_is_not_deleted(database: Database) -> None:
    before = dump(database)
    with pytest.raises(ConflictError, match="pets refers to people"):
        alterations.delete(database, "people", ADA)
    assert dump(database) == before


def test_a_deletion_is_not_taken_back_over_another_table_of_the_name(database: Database) -> None:
    change = alterations.delete(database, "notes", ADA)
    alterations.alter(database, "pets", {"name": "notes"}, ADA)
    with pytest.raises(ConflictError, match="another table notes"):
        take_back(database, change)


def test_a_table_too_large_to_keep_is_said_to_be_lost_before_and_after(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MOST_KEPT", 2)
    assert alterations.is_kept(database, schema.table(database, "pets"))
    assert not alterations.is_kept(database, schema.table(database, "notes"))
    change = alterations.delete(database, "notes", ADA)
    with pytest.raises(ConflictError, match="not kept"):
        take_back(database, change)


def test_only_an_admin_takes_a_deletion_back(database: Database) -> None:
    alterations.delete(database, "notes", ADA)
    with pytest.raises(PermissionDenied):
        undo.undo(database, [1], Caller("eve", "editor"))


def test_everything_asked_for_is_one_change_that_is_taken_back_and_made_again(database: Database) -> None:
    before = sorted(line.replace('"', "") for line in dump(database))
    wish: dict[str, Any] = {
        "name": "persons",
        "rename": {"name": "full name"},
        "drop": ["age"],
        "add": [
            {"name": "mail", "type": "TEXT"},
            {"name": "level", "type": "INTEGER", "nullable": False, "default": 1},
            {"name": "pet", "type": "INTEGER", "references": {"table": "pets", "column": "id"}},
        ],
    }
    table, change = alterations.alter(database, "people", wish, ADA)
    assert [column.name for column in table.columns] == ["id", "full name", "town", "mail", "level", "pet"]
    assert table.column("pet").references == ("pets", "id")
    (kept,) = changes.search(database).changes
    assert (kept.id, kept.operation, kept.table) == (change, "schema", "persons")
    altered = sorted(line.replace('"', "") for line in dump(database))
    redo = take_back(database, change)
    with closing(sqlite3.connect(database.path)) as connection:
        rows = connection.execute("SELECT id, name, age, town FROM people").fetchall()
    assert rows == [(1, "Krish", 32, "Pune"), (2, "Bob", None, "Ulm")]
    assert [one.table for one in changes.search(database).changes] == ["people", "people"]
    assert len(dump(database)) == len(before)
    take_back(database, redo)
    assert sorted(line.replace('"', "") for line in dump(database)) == altered


def test_the_values_of_a_dropped_column_come_back_to_rows_that_are_still_there(database: Database) -> None:
    _, change = alterations.alter(database, "notes", {"drop": ["stars"]}, ADA)
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("DELETE FROM notes WHERE text = 'a'")
        connection.execute("INSERT INTO notes VALUES ('new')")
        connection.commit()
    take_back(database, change)
    with closing(sqlite3.connect(database.path)) as connection:
        rows = connection.execute("SELECT text, stars FROM notes").fetchall()
    assert rows == [(b"\x00\xff", 9007199254740992.0), (3, "x"), ("new", None)]


def test_a_deleted_table_comes_back_and_draws_no_key_twice(database: Database) -> None:
    with closing(sqlite3.connect(database.path)) as connection:
        connection.executescript(
            "CREATE TABLE bills (id INTEGER PRIMARY KEY AUTOINCREMENT, of TEXT);"
            "INSERT INTO bills (of) VALUES ('a'), ('b'), ('c'); DELETE FROM bills WHERE id > 1"
        )
    take_back(database, alterations.delete(database, "bills", ADA))
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("INSERT INTO bills (of) VALUES ('d')").lastrowid == 4


def test_a_dropped_column_waits_for_the_rows_that_were_deleted_since_and_gives_no_other_row_their_values(
    database: Database,
) -> None:
    _, dropped = alterations.alter(database, "notes", {"drop": ["stars"]}, ADA)
    for sql in ("DELETE FROM notes WHERE text = 'a'", "INSERT INTO notes (rowid, text) VALUES (1, 'new')"):
        with capture.recording(database, ADA) as connection:
            drivers.driver_of(connection).execute(sql)
    made, gone, _ = (one.id for one in changes.search(database).changes)
    with pytest.raises(ConflictError, match="changed since") as refusal:
        take_back(database, dropped)
    assert refusal.value.refused == [{"key": 1, "reason": "The row was deleted since."}]
    for change in (made, gone, dropped):
        take_back(database, change)
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("SELECT text, stars FROM notes WHERE rowid = 1").fetchall() == [("a", 1.5)]


def test_a_dropped_reference_comes_back_with_what_it_does_when_its_row_is_deleted(database: Database) -> None:
    with closing(sqlite3.connect(database.path)) as connection:
        connection.executescript(
            "CREATE TABLE beds (id INTEGER PRIMARY KEY, pet INTEGER REFERENCES pets (id) ON DELETE CASCADE);"
            "INSERT INTO beds VALUES (1, 2)"
        )
    before = schema.table(database, "beds")
    _, change = alterations.alter(database, "beds", {"drop": ["pet"]}, ADA)
    take_back(database, change)
    assert schema.table(database, "beds") == before


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        ("made TEXT DEFAULT CURRENT_TIMESTAMP", "id INTEGER PRIMARY KEY"),
        ("made TEXT DEFAULT (datetime('now'))", "id INTEGER PRIMARY KEY"),
        ("made INTEGER REFERENCES pets (id) DEFERRABLE INITIALLY DEFERRED", "id INTEGER PRIMARY KEY"),
        ("made TEXT", "id TEXT PRIMARY KEY"),
    ],
)
def test_a_dropped_column_that_would_not_be_as_it_was_says_so_and_leaves_nothing_hidden(
    database: Database, definition: str, key: str
) -> None:
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute(f"CREATE TABLE logs ({key}, {definition})")
        connection.execute("INSERT INTO logs VALUES (NULL, 1)")
        connection.commit()
    _, change = alterations.alter(database, "logs", {"drop": ["made"]}, ADA)
    with pytest.raises(ConflictError, match="cannot be brought back"):
        take_back(database, change)
    with database.connect() as connection:
        assert schema.names(connection, steps.KEPT) == []


def test_a_required_column_without_a_default_cannot_come_back_and_the_undo_says_so(database: Database) -> None:
    _, change = alterations.alter(database, "people", {"drop": ["name"]}, ADA)
    with pytest.raises(ConflictError, match="cannot be brought back"):
        take_back(database, change)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "name"),
    ({"name": ""}, "name"),
    ({"name": None}, "name"),
    ({"name": "_frontdesk_x"}, "name"),
    ({"nosuch": 1}, "nosuch"),
    ({"rename": 5, "drop": ["age"]}, "rename"),
    ({"rename": {"nosuch": "a"}}, "rename.nosuch"),
    ({"rename": {"age": "NAME"}}, "rename.age"),
    ({"rename": {"age": "x", "town": "X"}}, "rename.town"),
    ({"rename": {"age": 3}}, "rename.age"),
    ({"drop": "age"}, "drop"),
    ({"drop": ["nosuch"]}, "drop"),
    ({"drop": [[1]]}, "drop"),
    ({"drop": ["id"]}, "drop"),
    ({"drop": ["age", "age"]}, "drop"),
    ({"drop": ["age"], "rename": {"age": "b"}}, "drop"),
    ({"add": {}, "rename": {"age": "b"}, "name": 7}, "name"),
    ({"add": [{"name": "age"}]}, "add.0.name"),
    ({"add": [{"name": "a"}, {"name": "A"}]}, "add.1.name"),
    ({"add": [{"name": "a", "type": "NOSUCH"}]}, "add.0.type"),
    ({"add": [{"name": "a", "primary_key": True}]}, "add.0.primary_key"),
    ({"add": [{"name": "a", "nullable": False}]}, "add.0.default"),
    ({"add": [3]}, "add.0.name"),
    ({"add": 3}, "add"),
    ({"add": [{"name": "a", "references": {"table": "no", "column": "no"}}]}, "add.0.references"),
]


@pytest.mark.parametrize(("wish", "field"), WRONG)
def test_what_cannot_be_is_named_and_nothing_is_changed(database: Database, wish: dict[str, Any], field: str) -> None:
    before = dump(database)
    with pytest.raises(InputError) as refusal:
        alterations.alter(database, "people", wish, ADA)
    assert field in refusal.value.errors
    assert dump(database) == before


def test_what_stands_in_the_way_is_a_conflict_with_the_databases_sentence(database: Database) -> None:
    before = dump(database)
    for table, wish, sentence in (
        ("people", {"name": "Pets"}, "has a table"),
        ("pets", {"drop": ["name"]}, "pets_name"),
        ("words", {"name": "terms"}, "virtual table"),
        ("named", {"name": "titled"}, "is a view"),
    ):
        with pytest.raises(ConflictError, match=sentence):
            alterations.alter(database, table, wish, ADA)
    with pytest.raises(ConflictError, match="virtual table"):
        alterations.delete(database, "words", ADA)
    with pytest.raises(NotFoundError):
        alterations.delete(database, "nosuch", ADA)
    assert dump(database) == before
