import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture, undo
from frontdesk.tables import alterations, rows, searches
from frontdesk.tables.keys import KeyText
from tests import engines, places
from tests.conftest import ADA

NOTES = """
CREATE TABLE notes (id DRAWN, title TEXT, body TEXT, stars INTEGER);
INSERT INTO notes (title, body, stars) VALUES ('Hello', 'A wonderful world', 5), ('Größe', 'O''Brien said so', 4);
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, NOTES)) as opened:
        yield opened


def found(database: Database, text: str) -> list[int]:
    return [row["id"] for row in rows.page(database, "notes", search=text).json()["rows"]]


def undone(database: Database, change: str | None) -> str:
    return undo.undo(database, [int(str(change).rpartition(".")[2])], ADA).changes[0]


def test_an_index_finds_words_by_their_beginning_in_whatever_column(database: Database) -> None:
    table, change = searches.create(database, "notes", [], ADA)
    assert table.search and table.search.columns == ("title", "body") and change
    assert found(database, "WONDER hello") == [1]
    assert found(database, "größe brien") == [2]
    assert found(database, "o'brien") == [2]
    assert found(database, "onderful") == []
    assert found(database, "absent") == []
    assert found(database, '" OR *') == []
    assert found(database, "'") == [2]
    assert list(schema.tables(database)) == ["notes"]


def test_an_index_follows_every_change_of_the_rows(database: Database) -> None:
    searches.create(database, "notes", ["body"], ADA)
    made = rows.insert(database, "notes", [{"title": "x", "body": "fresh bread"}], ADA).keys[0][0]
    assert found(database, "bread") == [made]
    rows.update(database, "notes", _key(made), {"body": "stale cake"}, ADA)
    assert (found(database, "bread"), found(database, "cake")) == ([], [made])
    rows.delete(database, "notes", _key(made), ADA)
    assert found(database, "cake") == []
    undone(database, f"shop.{_newest(database)}")
    assert found(database, "cake") == [made]


def test_making_and_dropping_an_index_are_undone_and_done_again(database: Database) -> None:
    before = engines.everything(database)
    _, made = searches.create(database, "notes", [], ADA)
    back = undone(database, made)
    assert engines.everything(database) == before
    assert not schema.table(database, "notes").search
    again = undone(database, back)
    assert found(database, "wond") == [1]
    dropped = searches.drop(database, "notes", ADA)
    assert found(database, "onder") == [1]
    undone(database, dropped)
    assert found(database, "wond") == [1] and found(database, "onder") == []
    assert again


def test_another_choice_of_columns_takes_the_place_of_the_index(database: Database) -> None:
    searches.create(database, "notes", ["title"], ADA)
    table, change = searches.create(database, "notes", ["body"], ADA)
    assert table.search and table.search.columns == ("body",)
    assert searches.create(database, "notes", ["body"], ADA)[1] is None
    undone(database, change)
    search = schema.table(database, "notes").search
    assert search and search.columns == ("title",)


def test_a_table_that_is_renamed_or_comes_back_is_searched_as_before(database: Database) -> None:
    searches.create(database, "notes", ["title", "body"], ADA)
    _, change = alterations.alter(database, "notes", {"name": "pages", "rename": {"body": "text"}}, ADA)
    assert [row["id"] for row in rows.page(database, "pages", search="wond").json()["rows"]] == [1]
    rows.insert(database, "pages", [{"title": "x", "text": "fresh bread"}], ADA)
    assert [row["id"] for row in rows.page(database, "pages", search="bread").json()["rows"]] == [3]
    undone(database, change)
    assert found(database, "bread") == [3]
    gone = alterations.delete(database, "notes", ADA)
    undone(database, gone)
    assert found(database, "bread hello") == [] and found(database, "bread") == [3]


def test_what_cannot_be_indexed_is_refused_with_the_reason(database: Database) -> None:
    with pytest.raises(InputError) as wrong:
        searches.create(database, "notes", ["nosuch"], ADA)
    assert "'nosuch' cannot be in a search index" in wrong.value.errors["columns"]
    with pytest.raises(ConflictError, match="no search index"):
        searches.drop(database, "notes", ADA)


def _key(value: int) -> KeyText:
    return KeyText((str(value),), str(value))


def _newest(database: Database) -> int:
    return int(engines.query(database.place, _NEWEST[database.dialect])[0][0])


_NEWEST = {
    "sqlite": "SELECT max(id) FROM _frontdesk_changes",
    "postgresql": "SELECT max(id) FROM frontdesk._frontdesk_changes",
}


# Of files that other programs made


def opened(tmp_path: Path, script: str) -> Database:
    return places.opened(tmp_path / "theirs.db", script)


THEIRS = """
CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE VIRTUAL TABLE found USING fts5(title, "body", content='notes', content_rowid='id', tokenize="porter unicode61");
CREATE TRIGGER a AFTER INSERT ON notes BEGIN
  INSERT INTO found (rowid, title, body) VALUES (new.id, new.title, new.body); END;
CREATE TRIGGER b AFTER DELETE ON notes BEGIN
  INSERT INTO found (found, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END;
"""
KEPT = """
CREATE TRIGGER c AFTER UPDATE OF title, body ON notes BEGIN
  INSERT INTO found (found, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
  INSERT INTO found (rowid, title, body) VALUES (new.id, new.title, new.body); END;
"""
ROWS = "INSERT INTO notes (title, body) VALUES ('Hello', 'A wonderful world');"


def test_an_index_that_others_made_is_used_as_long_as_triggers_keep_it(tmp_path: Path) -> None:
    with closing(opened(tmp_path, THEIRS + KEPT + ROWS)) as database:
        search = schema.table(database, "notes").search
        assert search and (search.name, search.own) == ("found", False)
        assert found(database, "wonders") == [1]  # its stemming
        assert found(database, "onder") == []
        with pytest.raises(ConflictError, match="made here"):
            searches.drop(database, "notes", ADA)
        places.execute(tmp_path / "theirs.db", "DROP TRIGGER c")
        assert not schema.table(database, "notes").search
        assert found(database, "onder") == [1]
        assert list(schema.tables(database)) == ["found", "notes"]


@pytest.mark.parametrize(
    ("script", "indexed"),
    [
        ("CREATE TABLE notes (code TEXT PRIMARY KEY, body TEXT)", True),
        ("CREATE TABLE notes (body TEXT)", True),
        ("CREATE TABLE notes (rowid TEXT, body TEXT)", True),
        ("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT) STRICT", True),
        ("CREATE TABLE notes (a TEXT, body TEXT GENERATED ALWAYS AS ('x' || a) VIRTUAL)", True),
        ("CREATE TABLE notes (code TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID", False),
        ("CREATE TABLE notes (rank TEXT)", False),
        ("CREATE VIEW notes AS SELECT 'a' AS body", False),
    ],
)
def test_every_table_whose_rows_have_a_number_can_have_one(tmp_path: Path, script: str, indexed: bool) -> None:
    with closing(opened(tmp_path, script)) as database:
        if not indexed:
            with pytest.raises(ConflictError, match="cannot have a search index"):
                searches.create(database, "notes", [], ADA)
            return
        searches.create(database, "notes", [], ADA)
        table = schema.table(database, "notes")
        first = "a" if table.column("body").generated else "body"
        rows.insert(database, "notes", [{first: "xwonder"}], ADA)
        assert len(rows.page(database, "notes", search="xw").rows) == 1


def test_names_of_every_kind_are_indexed(tmp_path: Path) -> None:
    with closing(
        opened(tmp_path, """CREATE TABLE "it's "" a" (id INTEGER PRIMARY KEY, "q""uo'te" TEXT, "a b" TEXT)""")
    ) as one:
        name = "it's \" a"
        _, change = searches.create(one, name, [], ADA)
        rows.insert(one, name, [{"q\"uo'te": "wonder"}], ADA)
        alterations.alter(one, name, {"rename": {"a b": "c, d"}, "name": "x;y"}, ADA)
        assert len(rows.page(one, "x;y", search="won").rows) == 1
        assert change


def test_a_replaced_row_is_no_longer_found_and_its_index_stays_whole(tmp_path: Path) -> None:
    with closing(opened(tmp_path, NOTES.replace("DRAWN", "INTEGER PRIMARY KEY"))) as database:
        searches.create(database, "notes", [], ADA)
        with capture.recording(database, ADA) as connection:
            connection.exec_driver_sql("INSERT OR REPLACE INTO notes (id, title) VALUES (1, 'other')")
        assert found(database, "wonderful") == [] and found(database, "other") == [1]
        with sqlite3.connect(tmp_path / "theirs.db") as raw:
            raw.execute("INSERT INTO _frontdesk_search_1 (_frontdesk_search_1, rank) VALUES ('integrity-check', 1)")


def test_a_column_in_the_index_is_not_dropped_before_it(tmp_path: Path) -> None:
    with closing(opened(tmp_path, NOTES.replace("DRAWN", "INTEGER PRIMARY KEY"))) as database:
        searches.create(database, "notes", ["body"], ADA)
        with pytest.raises(ConflictError, match="body is in the search index"):
            alterations.alter(database, "notes", {"drop": ["body"]}, ADA)
        alterations.alter(database, "notes", {"drop": ["stars"]}, ADA)
        assert found(database, "wond") == [1]
        rows.insert(database, "notes", [{"title": "x", "body": "fresh bread"}], ADA)
        assert len(found(database, "bread")) == 1
