import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, PermissionDenied
from frontdesk.history import capture, changes, entries, undo
from frontdesk.tables import structure
from tests import engines, places

ADA = Caller("ada", "admin")


SCRIPT = """
CREATE TABLE people (id DRAWN, name TEXT, age BIGINT);
CREATE TABLE pets (id DRAWN, owner BIGINT REFERENCES people (id) ON DELETE CASCADE, name TEXT);
INSERT INTO people (name, age) VALUES ('Krish', 32), ('Bob', 25);
INSERT INTO pets (owner, name) VALUES (1, 'Rex'), (1, 'Tom'), (2, 'Kit');
"""


@pytest.fixture
def both(place: Path | str) -> Iterator[Database]:
    opened = places.opened(place, SCRIPT, "home")
    yield opened
    opened.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = places.opened(tmp_path / "home.db", SCRIPT.replace("age BIGINT", "age"), "home")
    yield opened
    opened.close()


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {name: engines.rows(database, name) for name in ("people", "pets")}


def people_at(database: Database, key: int) -> tuple[Table, list[sa.ColumnElement[bool]]]:
    table = schema.table(database, "people")
    return table, [table.clause.c.id == key]


def numbers(database: Database, **wanted: object) -> list[int]:
    return [change.number for change in changes.search(database, **wanted).changes]  # type: ignore[arg-type]


def test_a_change_names_who_made_it_by_which_request_and_run(database: Database, tmp_path: Path) -> None:
    with context.bind(request="00000000000000aa", run=7, user="eve"):
        connection = capture.connect("home", tmp_path)
        connection.execute("UPDATE people SET age = 34 WHERE name = 'Krish'")
        connection.commit()
        connection.close()
    (change,) = changes.search(database, run=7).changes
    assert (change.id, change.table, change.operation, change.rows) == ("home.1", "people", "update", 1)
    assert (change.user, change.request, change.run) == ("eve", "00000000000000aa", 7)
    assert change.row is not None
    assert change.row.before == {"id": 1, "name": "Krish", "age": 32}
    assert change.row.after == {"id": 1, "name": "Krish", "age": 34}


def test_what_was_rolled_back_is_not_in_the_history(database: Database, tmp_path: Path) -> None:
    connection = capture.connect("home", tmp_path)
    connection.execute("DELETE FROM people")
    connection.rollback()
    connection.execute("UPDATE people SET age = 26 WHERE id = 2")
    connection.commit()
    connection.close()
    assert [change.operation for change in changes.search(database).changes] == ["update"]


def test_each_commit_is_a_change_of_its_own(database: Database, tmp_path: Path) -> None:
    connection = capture.connect("home", tmp_path)
    for age in (40, 41):
        with connection:
            connection.execute("UPDATE people SET age = ?", [age])
    connection.close()
    assert [(change.operation, change.rows) for change in changes.search(database).changes] == [("update", 2)] * 2


def test_a_table_made_on_the_way_is_recorded_too_and_insert_or_replace_shows_the_old_row(
    database: Database, tmp_path: Path
) -> None:
    connection = capture.connect("home", tmp_path)
    connection.executescript("CREATE TABLE toys (name TEXT); INSERT INTO toys VALUES ('a;b'), ('c')")
    connection.execute("ALTER TABLE toys RENAME COLUMN name TO title")
    connection.execute("INSERT OR REPLACE INTO people VALUES (2, 'Bobby', 25)")
    connection.commit()
    connection.close()
    found = {(change.table, change.operation): change for change in changes.search(database).changes}
    assert found["toys", "insert"].rows == 2
    old = found["people", "delete"].row
    assert old is not None and old.before == {"id": 2, "name": "Bob", "age": 25}


def test_other_programs_never_meet_our_triggers(database: Database, tmp_path: Path) -> None:
    connection = capture.connect("home", tmp_path)
    connection.execute("UPDATE people SET age = 1")
    connection.commit()
    connection.close()
    with sqlite3.connect(database.path) as other:
        assert other.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()[0] == 0
        other.execute("UPDATE people SET age = 2")
    other.close()
    assert len(numbers(database)) == 1


def test_undoing_a_delete_brings_back_what_it_cascaded_to_and_undoing_the_undo_is_redo(both: Database) -> None:
    before = dump(both)
    with capture.recording(both, ADA) as connection:
        assert capture.delete(connection, *people_at(both, 1)) == 1
    deleted = dump(both)
    (change,) = numbers(both, table="people")
    done = undo.undo(both, [change], ADA)
    assert dump(both) == before
    assert done.undone == 3
    undo.undo(both, [int(made.rpartition(".")[2]) for made in done.changes], ADA)
    assert dump(both) == deleted


def test_an_undo_is_refused_naming_the_row_when_it_has_changed_since(both: Database) -> None:
    for age in (33, 34):
        with capture.recording(both, ADA) as connection:
            capture.update(connection, *people_at(both, 1), {"age": age})
    newest, older = numbers(both)
    standing = dump(both)
    with pytest.raises(ConflictError) as refused:
        undo.undo(both, [older], ADA)
    assert refused.value.refused == [{"key": 1, "reason": "The row has changed since."}]
    assert dump(both) == standing
    undo.undo(both, [newest, older], ADA)
    assert dump(both)["people"][0] == (1, "Krish", 32)


def test_values_come_back_by_type_when_an_undo_restores_them(database: Database) -> None:
    people = schema.table(database, "people").clause
    kinds = [1, 1.0, "1", b"\x00\xff", 0.1 + 0.2, None, 2**62]
    with capture.recording(database, ADA) as connection:
        for number, value in enumerate(kinds, 10):
            connection.execute(sa.insert(people).values(id=number, name=None, age=value))
    before = dump(database)
    with capture.recording(database, ADA) as connection:
        connection.execute(sa.delete(people).where(people.c.id >= 10))
    undo.undo(database, numbers(database, table="people")[:1], ADA)
    assert dump(database) == before
    assert [type(row[2]) for row in before["people"] if row[0] >= 10] == [type(value) for value in kinds]


def test_values_come_back_by_type_on_postgresql(postgresql_url: str) -> None:
    kinds = {
        "smallint": "-32768",
        "real": "'0.1'",
        "float8": "'0.30000000000000004'",
        "float4": "'NaN'",
        "double precision": "'-Infinity'",
        "numeric": "'123456789012345678901234567890.120'",
        "bytea": "'\\x00ff'",
        "boolean": "false",
        "date": "'4713-01-01 BC'",
        "timestamp": "'infinity'",
        "timestamptz": "'2026-11-22 10:00:00.123456+05:30'",
        "time": "'24:00'",
        "interval": "'1 mon -3 days'",
        "json": '\'{"b":  1, "a": null, "b": 2}\'',
        "jsonb": "'[1.50, \"x\"]'",
        "uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "text[]": '\'{a,NULL,"b \\"c"}\'',
        "int4range": "'[1,5)'",
        "inet": "'10.0.0.1/8'",
        "point": "'(1,2)'",
        "bit varying": "'101'",
        "char(5)": "'a'",
        "money": "'12.5'",
        "tsvector": "'a:1 b:2'",
        "mood": "'so so'",
        "text": "''",
        "varchar(9)": "NULL",
    }
    columns = ", ".join(f'"c %{number}" {name}' for number, name in enumerate(kinds))
    database = places.opened(
        postgresql_url,
        f"""CREATE TYPE mood AS ENUM ('well', 'so so'); CREATE TABLE people (id DRAWN, {columns});
        CREATE TABLE bare (who bigint REFERENCES people ON DELETE CASCADE, {columns});
        INSERT INTO people VALUES (1, {", ".join(kinds.values())});
        INSERT INTO bare VALUES (1, {", ".join(kinds.values())});""",
    )
    before = [engines.query(postgresql_url, f"SELECT t::text FROM {name} AS t") for name in ("people", "bare")]
    with capture.recording(database, ADA) as connection:
        capture.delete(connection, *people_at(database, 1))
    assert engines.rows(database, "bare") == []
    undo.undo(database, numbers(database, table="people")[:1], ADA)
    assert [engines.query(postgresql_url, f"SELECT t::text FROM {name} AS t") for name in ("people", "bare")] == before
    database.close()


def test_more_columns_than_a_function_takes_arguments_are_recorded(tmp_path: Path) -> None:
    columns = [f"c{number}" for number in range(250)]
    connection = capture.connect("wide", tmp_path)
    connection.execute(f"CREATE TABLE wide ({', '.join(columns)})")
    connection.execute(f"INSERT INTO wide VALUES ({', '.join(map(str, range(250)))})")
    connection.commit()
    connection.close()
    (change,) = changes.search(Database("wide", tmp_path / "wide.db")).changes
    assert change.row is not None and change.row.after is not None
    assert [change.row.after[name] for name in columns] == list(range(250))


def test_undoing_back_and_forth_brings_cascaded_rows_along_each_time(both: Database) -> None:
    whole = dump(both)
    with capture.recording(both, ADA) as connection:
        capture.delete(connection, *people_at(both, 1))
    without = dump(both)
    for expected in (whole, without, whole, without):
        newest = next(change for change in changes.search(both).changes if change.table == "people")
        undo.undo(both, [newest.number], ADA)
        assert dump(both) == expected


def test_only_an_admin_undoes_the_creation_of_a_table(both: Database) -> None:
    structure.create(both, {"name": "toys", "columns": [{"name": "id", "type": "INTEGER"}]}, ADA)
    made = changes.search(both).changes[0].number

    with pytest.raises(PermissionDenied):
        undo.undo(both, [made], Caller("eve", "editor"))
    assert "toys" in schema.tables(both)
    undo.undo(both, [made], ADA)
    assert "toys" not in schema.tables(both)


def test_a_trigger_of_the_databases_own_that_writes_its_own_table_goes_on_working(tmp_path: Path) -> None:
    connection = capture.connect("stamped", tmp_path)
    connection.executescript("""
        CREATE TABLE t (id INTEGER PRIMARY KEY, a, updated INTEGER DEFAULT 0);
        CREATE TRIGGER stamp AFTER UPDATE ON t BEGIN UPDATE t SET updated = updated + 1 WHERE id = NEW.id; END;
        INSERT INTO t (a) VALUES (1);
    """)
    with connection:
        connection.execute("UPDATE t SET a = 2")
    assert connection.execute("SELECT a, updated FROM t").fetchall() == [(2, 1)]
    connection.close()
    with Database("stamped", tmp_path / "stamped.db").connect() as other:
        assert entries.exist(other)
