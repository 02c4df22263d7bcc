from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.tables import references, rows
from frontdesk.tables.keys import KeyText
from tests import places

SCRIPT = """
CREATE TABLE authors (id DRAWN, born TEXT, name TEXT);
CREATE TABLE shelves (room TEXT, place INTEGER, title TEXT, PRIMARY KEY (room, place));
CREATE TABLE "the books" (
  id DRAWN, author bigint REFERENCES authors (id), sequel_of bigint REFERENCES "the books" (id), name TEXT,
  room TEXT, place INTEGER, FOREIGN KEY (room, place) REFERENCES shelves (room, place));
INSERT INTO authors (born, name) VALUES ('1900', 'Ada'), ('1901', NULL);
INSERT INTO shelves VALUES ('a', 1, 'Novels'), ('a, b', 2, 'Maps');
INSERT INTO "the books" (author, sequel_of, name, room, place) VALUES
  (1, NULL, 'First', 'a', 1), (1, 1, 'Second', 'a, b', 2), (2, 1, 'Third', NULL, 2);
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SCRIPT)) as opened:
        yield opened


def key_of(*parts: str) -> KeyText:
    return KeyText(parts, ",".join(parts))


def test_what_a_page_refers_to_is_called_by_its_label(database: Database) -> None:
    page = rows.page(database, "the books")
    found = references.labels(database, page.table, page.names, page.rows)
    assert {key.columns: dict(known) for key, known in found.items()} == {
        ("author",): {(1,): "Ada"},
        ("sequel_of",): {(1,): "First"},
        ("room", "place"): {("a", 1): "Novels", ("a, b", 2): "Maps"},
    }


def test_a_page_without_the_referring_column_asks_for_no_label(database: Database) -> None:
    page = rows.page(database, "the books", shown="id,room")
    assert references.labels(database, page.table, page.names, page.rows) == {}


def test_a_row_knows_what_it_refers_to(database: Database) -> None:
    row = rows.find(database, "the books", key_of("2"))
    found = references.refers(database, row.table, row.values)
    assert [(one.columns, one.table, one.key, one.label) for one in found] == [
        (("author",), "authors", (1,), "Ada"),
        (("sequel_of",), "the books", (1,), "First"),
        (("room", "place"), "shelves", ("a, b", 2), "Maps"),
    ]


def test_a_row_knows_how_many_rows_point_to_it(database: Database) -> None:
    row = rows.find(database, "the books", key_of("1"))
    found = references.referring(database, row.table, row.values)
    assert [(one.table, one.columns, one.where, one.count) for one in found] == [
        ("the books", ("sequel_of",), (("sequel_of", "1"),), 2)
    ]
    shelf = rows.find(database, "shelves", key_of("a, b", "2"))
    (one,) = references.referring(database, shelf.table, shelf.values)
    assert (one.where, one.count, one.capped) == ((("room", "a, b"), ("place", "2")), 1, False)
    assert len(rows.page(database, "the books", where=one.where).rows) == 1


def test_the_count_of_what_points_here_ends_where_it_is_costly(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = rows.find(database, "authors", key_of("1"))
    monkeypatch.setattr(references, "MOST", 1)
    (one,) = references.referring(database, author.table, author.values)
    assert (one.count, one.capped) == (1, True)
    monkeypatch.setattr(references, "SECONDS", 0)
    (one,) = references.referring(database, author.table, author.values)
    assert one.count is None


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ("id INTEGER PRIMARY KEY, notes TEXT, Title TEXT, name TEXT", "name"),
        ("id INTEGER PRIMARY KEY, notes TEXT, last_name TEXT", "last_name"),
        ("id INTEGER PRIMARY KEY, age INTEGER, notes TEXT", "notes"),
        ("code TEXT PRIMARY KEY, age INTEGER", "code"),
        ("id INTEGER PRIMARY KEY, age INTEGER", None),
    ],
)
def test_the_label_is_the_column_that_people_know_a_row_by(tmp_path: Path, columns: str, label: str | None) -> None:
    with closing(places.opened(tmp_path / "a.db", f"CREATE TABLE t ({columns})")) as database:
        assert references.label_column(schema.table(database, "t")) == label


def test_references_to_what_is_not_there_do_no_harm(tmp_path: Path) -> None:
    script = """
    CREATE TABLE a (x REFERENCES gone (id), y REFERENCES b (nosuch), z REFERENCES B (code));
    CREATE TABLE b (id INTEGER PRIMARY KEY, code INTEGER UNIQUE, name TEXT);
    INSERT INTO a VALUES (1, 2, 3); INSERT INTO b VALUES (1, 3, 'three');
    """
    with closing(places.opened(tmp_path / "a.db", script)) as database:
        row = rows.find(database, "a", key_of("1"))
        found = references.refers(database, row.table, row.values)
        assert [(one.table, one.key, one.where, one.label) for one in found if one.label] == [
            ("b", None, (("code", "3"),), "three")
        ]
