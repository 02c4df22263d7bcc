from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import InputError, PermissionDenied
from frontdesk.history import undo
from frontdesk.tables import bad_lines, imports, rows, sources
from frontdesk.tables.imports import Loaded, Wish
from tests import places

BY = Caller("ada", "admin")


@pytest.fixture
def database(place: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with people, whose ages a rule of the table holds below 150."""
    monkeypatch.chdir(tmp_path)
    made = "CREATE TABLE people (id DRAWN, name TEXT NOT NULL UNIQUE, age INTEGER CHECK (age < 150), born DATE)"
    places.opened(place, f"{made}; INSERT INTO people (name, age) VALUES ('Krish', 30);").close()
    with closing(Database("sales", place)) as found:
        yield found


def load(database: Database, text: str, table: str = "people", name: str = "people.csv", **wish: Any) -> Loaded:
    Path(name).write_text(text)
    return imports.load(database, sources.open(Path(name)), table, BY, Wish(bad_lines="keep", **wish))


def found(database: Database, table: str = "people_bad_lines") -> list[tuple[int, str, str]]:
    return [(row["line"], row["reason"], row["text"]) for row in rows.page(database, table).json()["rows"]]


def names(database: Database, table: str = "people") -> list[str]:
    return [row["name"] for row in rows.page(database, table).json()["rows"]]


PEOPLE = (
    'name,age,born\nBob,40,2001-02-03\n"Eve,1\nAda,old,\nKrish,5,\nZoe,200,\nUma,1,2,3\n\nIda,7,2001-02-30\nLea,8,\n'
)


def test_bad_lines_go_to_a_table_of_their_own_and_the_others_in(database: Database) -> None:
    done = load(database, PEOPLE)
    assert (done.inserted, done.updated, done.ignored) == (2, 0, 0)
    assert done.bad_lines == {"table": "people_bad_lines", "rows": 6}
    assert done.command.endswith("--bad-lines keep")
    assert names(database) == ["Krish", "Bob", "Lea"]
    kept = found(database)
    assert [(line, text) for line, _, text in kept] == [
        (3, '"Eve,1'),
        (4, "Ada,old,"),
        (5, "Krish,5,"),
        (6, "Zoe,200,"),
        (7, "Uma,1,2,3"),
        (9, "Ida,7,2001-02-30"),
    ]
    assert [reason for _, reason, _ in kept if reason.startswith(("age:", "born:"))] == [kept[1][1], kept[5][1]]
    assert kept[4][1] == "4 values, but 3 columns."


def test_the_table_of_bad_lines_is_a_part_of_the_change_that_is_undone_and_redone(database: Database) -> None:
    done = load(database, PEOPLE)
    assert done.change is not None
    undone = undo.undo(database, [int(done.change.partition(".")[2])], BY)
    assert names(database) == ["Krish"]
    assert "people_bad_lines" not in schema.tables(database)
    _, *again = [int(one.partition(".")[2]) for one in undone.changes]
    undo.undo(database, again, BY)
    assert names(database) == ["Krish", "Bob", "Lea"]


def test_a_load_whose_bad_lines_were_mended_and_dropped_is_still_undone(database: Database) -> None:
    done = load(database, PEOPLE)
    assert done.change is not None
    with database.transaction() as connection:
        schema.drop(connection, "people_bad_lines")
    undo.undo(database, [int(done.change.partition(".")[2])], BY)
    assert names(database) == ["Krish"]


def test_a_file_without_bad_lines_makes_no_such_table(database: Database) -> None:
    done = load(database, "name,age\nBob,40\n")
    assert (done.inserted, done.bad_lines) == (1, None)
    assert list(schema.tables(database)) == ["people"]


def test_where_all_lines_are_bad_the_change_is_the_table_of_them(database: Database) -> None:
    done = load(database, "name,age\nBob,x\n")
    assert (done.inserted, done.bad_lines) == (0, {"table": "people_bad_lines", "rows": 1})
    assert done.change is not None
    undo.undo(database, [int(done.change.partition(".")[2])], BY)
    assert list(schema.tables(database)) == ["people"]


def test_each_load_has_its_own_table_of_bad_lines(database: Database) -> None:
    load(database, "name,age\nBob,x\n")
    assert load(database, "name,age\nLea,y\n").bad_lines == {"table": "people_bad_lines_2", "rows": 1}


def test_of_a_new_table_lines_are_kept_apart_that_its_types_and_key_do_not_fit(database: Database) -> None:
    text = "code,n\n1,5\n2,six\n1,7\n,8\n3,9,\n4,10\n"
    done = load(database, text, "codes", key=("code",), create=True, types={"n": "INTEGER"})
    assert (done.inserted, done.bad_lines) == (2, {"table": "codes_bad_lines", "rows": 4})
    kept = found(database, "codes_bad_lines")
    assert [(line, text) for line, _, text in kept] == [(3, "2,six"), (4, "1,7"), (5, ",8"), (6, "3,9,")]
    assert [row["code"] for row in rows.page(database, "codes").json()["rows"]] == [1, 4]
    assert done.change is not None
    undo.undo(database, [int(done.change.partition(".")[2])], BY)
    assert list(schema.tables(database)) == ["people"]


@pytest.mark.parametrize("wish", ["ignore", "update"])
def test_rows_whose_key_is_there_are_no_bad_lines_where_one_says_so(database: Database, wish: str) -> None:
    done = load(database, "name,age\nKrish,31\nBob,300\nLea,4\n", on_conflict=wish, key=("name",))
    assert done.inserted == 1
    assert (done.updated, done.ignored) == ((1, 0) if wish == "update" else (0, 1))
    assert [line for line, _, _ in found(database)] == [3]


def test_ndjson_goes_on_after_a_line_that_is_none(database: Database) -> None:
    text = '{"name": "Bob", "age": 4}\n{"name": \n7\n{"name": "Lea", "age": "x"}\n{"name": "Ida"}\n'
    done = load(database, text, name="people.ndjson")
    assert (done.inserted, done.bad_lines) == (2, {"table": "people_bad_lines", "rows": 3})
    assert [(line, text) for line, _, text in found(database)] == [
        (2, '{"name": '),
        (3, "7"),
        (4, '{"name": "Lea", "age": "x"}'),
    ]


def test_a_file_that_is_read_in_a_wrong_way_is_refused_as_a_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bad_lines, "MOST", 2)
    with pytest.raises(InputError, match="more than 2 bad lines"):
        load(database, PEOPLE)
    assert names(database) == ["Krish"]
    assert list(schema.tables(database)) == ["people"]


def test_who_makes_no_tables_keeps_no_bad_lines(database: Database) -> None:
    Path("people.csv").write_text(PEOPLE)
    with pytest.raises(PermissionDenied, match="admin"):
        imports.load(
            database, sources.open(Path("people.csv")), "people", Caller("eve", "editor"), Wish(bad_lines="keep")
        )
    assert names(database) == ["Krish"]
