from pathlib import Path
from typing import Any

import pytest

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.errors import ConflictError, DatabaseError, InputError, IntegrityError, PermissionDenied
from frontdesk.history import changes, undo
from frontdesk.tables import alterations, rows, structure
from frontdesk.tables.keys import KeyText
from tests import engines, places

ADA = Caller("ada", "admin")


def people(column: str) -> dict[str, object]:
    boss = {"name": "boss", "type": "INTEGER", "references": {"table": "people", "column": column}}
    return {"name": "people", "columns": [{"name": "id", "type": "INTEGER", "primary_key": True}, boss]}


def test_a_new_table_can_refer_to_itself(place: Path | str) -> None:
    database = places.opened(place)
    with pytest.raises(InputError) as refused:
        structure.create(database, people("nosuch"), ADA)
    assert list(refused.value.errors) == ["columns.1.references"]

    made = structure.create(database, people("id"), ADA)
    assert made.column("boss").references == ("people", "id")
    rows.insert(database, "people", [{"id": 1, "boss": None}, {"id": 2, "boss": 1}], ADA)
    with pytest.raises(IntegrityError):
        rows.insert(database, "people", [{"boss": 77}], ADA)
    database.close()


ALL = {
    "i": ("INTEGER", -(2**62)),
    "t": ("TEXT", "it's %s \\ \""),
    "r": ("REAL", 1.5e300),
    "n": ("NUMERIC", "12345678901234567890.25"),
    "b": ("BOOLEAN", True),
    "d": ("DATE", "2026-11-22"),
    "w": ("DATETIME", "2026-11-22 10:00:00"),
    "j": ("JSON", {"a": [1, None]}),
    "f": ("BLOB", {"$base64": "AP8="}),
}


def test_a_new_column_of_each_type_begins_with_its_default_and_the_table_goes_and_comes_by_undo(
    place: Path | str,
) -> None:
    database = places.opened(place)
    columns = [
        {"name": name, "type": declared, "default": default, "nullable": False}
        for name, (declared, default) in ALL.items()
    ]
    table = structure.create(database, {"name": 'al%l "', "columns": columns}, ADA)
    assert [column.kind for column in table.columns] == [
        *("integer", "text", "real", "number", "boolean", "date", "datetime", "json", "file")
    ]
    assert not any(column.nullable for column in table.columns)
    made = engines.dump(database)
    for number in (1, 2, 3, 4):  # what undoes, does again, undoes …
        undo.undo(database, [number], ADA)
        assert (engines.dump(database) == made) == (number % 2 == 0)
    rows.insert(database, table.name, [{}], ADA)
    row = rows.find(database, table.name, KeyText(("1",), "1")).json() | {"f": ALL["f"][1]}
    if database.dialect == "sqlite":  # where a number has as many digits as a real
        row["n"] = ALL["n"][1]
    assert {name: row[name] for name in ALL} == {name: default for name, (_, default) in ALL.items()}
    with pytest.raises(ConflictError, match="holds rows"):
        undo.undo(database, [5], ADA)
    database.close()


def test_several_columns_are_a_key_and_refer_to_one(place: Path | str) -> None:
    database = places.opened(place, "CREATE TABLE people (id DRAWN); INSERT INTO people VALUES (7)")
    who = {"name": "who", "type": "INTEGER", "primary_key": True, "references": {"table": "people", "column": "id"}}
    day = {"name": "day", "type": "DATE", "primary_key": True}
    table = structure.create(database, {"name": "days", "columns": [who, day]}, ADA)
    assert table.primary_key == ("who", "day")
    assert rows.insert(database, "days", [{"who": 7, "day": "2026-11-22"}], ADA).keys == [(7, "2026-11-22")]
    with pytest.raises((InputError, IntegrityError)):
        rows.insert(database, "days", [{"who": 7}], ADA)
    with pytest.raises(IntegrityError):
        rows.insert(database, "days", [{"who": 8, "day": "2026-11-22"}], ADA)
    database.close()


def test_a_name_that_is_taken_or_too_long_is_refused(place: Path | str) -> None:
    database = places.opened(place, "CREATE TABLE people (id DRAWN)")
    column = {"name": "a", "type": "TEXT"}
    with pytest.raises(ConflictError, match="already"):
        structure.create(database, {"name": "People", "columns": [column]}, ADA)
    for name in ("é" * 32, "_frontdesk_x", "a\0b", "\ud800", "", 5, None):
        with pytest.raises(InputError) as refusal:
            structure.create(database, {"name": name, "columns": [column]}, ADA)
        assert list(refusal.value.errors) == ["name"]
    long = {"name": "é" * 31, "columns": [{"name": "ü" * 31, "type": "TEXT"}]}
    assert structure.create(database, long, ADA).columns[0].name == "ü" * 31
    assert [change.table for change in changes.search(database).changes] == ["é" * 31]
    database.close()


@pytest.fixture
def server(postgresql_url: str) -> Any:
    return places.opened(
        postgresql_url,
        """CREATE SCHEMA "big shop"; CREATE TABLE "big shop".people (id DRAWN, name text);
        CREATE TABLE people (id DRAWN, name text)""",
    )


def test_a_table_is_made_in_another_schema_by_its_name_and_refers_across(server: Any) -> None:
    columns = [
        {"name": "here", "type": "INTEGER", "references": {"table": "people", "column": "id"}},
        {"name": "there", "type": "INTEGER", "references": {"table": "big shop.people", "column": "id"}},
    ]
    table = structure.create(server, {"name": "big shop.or.ders", "columns": columns}, ADA)
    assert (table.schema, table.bare_name, table.name) == ("big shop", "or.ders", "big shop.or.ders")
    assert [key.table for key in table.foreign_keys] == ["people", "big shop.people"]
    assert structure.create(server, {"name": "nosuch.t", "columns": columns[:1]}, ADA).schema == "public"
    assert structure.create(server, {"name": "public.plain", "columns": columns[:1]}, ADA).name == "plain"
    longest = structure.create(server, {"name": f"big shop.{'x' * 63}", "columns": columns[:1]}, ADA)
    assert longest.bare_name == "x" * 63
    undo.undo(server, [1], ADA)
    assert "big shop.or.ders" not in schema.tables(server)
    server.close()


@pytest.mark.parametrize(
    "name", ["frontdesk.x", "pg_catalog.x", "information_schema.x", "big shop._frontdesk_x", f"big shop.{'x' * 64}"]
)
def test_a_schema_that_is_not_for_tables_of_people_is_refused(server: Any, name: str) -> None:
    with pytest.raises(InputError) as refusal:
        structure.create(server, {"name": name, "columns": [{"name": "a"}]}, ADA)
    assert list(refusal.value.errors) == ["name"]
    server.close()


def test_what_the_server_refuses_is_said_in_its_words_and_leaves_nothing(server: Any) -> None:
    for given, sentence in (
        ({"name": "a", "type": "TEXT", "references": {"table": "people", "column": "name"}}, "no unique constraint"),
        ({"name": "a", "type": "TEXT", "references": {"table": "people", "column": "id"}}, "incompatible types"),
    ):
        with pytest.raises((ConflictError, DatabaseError), match=sentence):
            structure.create(server, {"name": "t", "columns": [given]}, ADA)
    with pytest.raises(ConflictError, match="people_pkey"):
        structure.create(server, {"name": "people_pkey", "columns": [{"name": "a"}]}, ADA)
    assert sorted(schema.tables(server)) == ["big shop.people", "people"]
    assert changes.search(server).changes == []
    server.close()


def test_who_owns_no_table_is_told_so(server: Any) -> None:
    places.execute(
        server.place,
        """DROP ROLE IF EXISTS frontdesk_test_clerk; CREATE ROLE frontdesk_test_clerk LOGIN PASSWORD 'x';
        CREATE SCHEMA frontdesk AUTHORIZATION frontdesk_test_clerk;
        GRANT SELECT, INSERT, UPDATE, DELETE ON people TO frontdesk_test_clerk;
        GRANT CREATE ON SCHEMA public TO frontdesk_test_clerk""",
    )
    address = server.place.partition("//")[2].partition("@")[2]
    clerk = places.opened(f"postgresql+psycopg://frontdesk_test_clerk:x@{address}")
    rows.insert(clerk, "people", [{"name": "Krish"}], ADA)
    for deed in (
        lambda: alterations.delete(clerk, "people", ADA),
        lambda: alterations.alter(clerk, "people", {"add": [{"name": "age"}]}, ADA),
    ):
        with pytest.raises(PermissionDenied, match="owner"):
            deed()
    structure.create(clerk, {"name": "own", "columns": [{"name": "a"}]}, ADA)
    undo.undo(clerk, [2], ADA)
    assert [change.table for change in changes.search(clerk).changes] == ["own", "own", "people"]
    clerk.close()
    places.execute(server.place, "DROP OWNED BY frontdesk_test_clerk CASCADE; DROP ROLE frontdesk_test_clerk")
    server.close()
