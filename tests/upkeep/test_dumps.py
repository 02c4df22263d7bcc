"""A whole database taken out: as SQL that makes it again, and as a SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import rows
from frontdesk.tables.keys import KeyText
from frontdesk.upkeep import dumps
from tests import places

BY = Caller("ada", "admin")
ODD = """
CREATE TABLE "a ""b
'c;" (id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT, g TEXT GENERATED ALWAYS AS (n || '!') STORED, r REAL, b BLOB);
INSERT INTO "a ""b
'c;" (id, n, r, b) VALUES (7, 'it''s
two lines', 1.1000000000000002e+300, x'00ff'), (9, '', 5e-324, x''), (11, NULL, 9e999, NULL),
  (12, 'a' || char(0), -0.1, 1);
DELETE FROM "a ""b
'c;" WHERE id = 12;
CREATE TABLE pairs (a, b INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID;
INSERT INTO pairs VALUES (-9223372036854775808, 1), ('x', 2), (CAST(x'63e9' AS TEXT), 3);
CREATE TABLE strict (a ANY, b INTEGER NOT NULL CHECK (b > 0)) STRICT;
INSERT INTO strict (rowid, a, b) VALUES (50, 1, 1), (40, '1', 2), (30, x'31', 3), (20, 1.0, 4);
CREATE TABLE child (id INTEGER PRIMARY KEY, pair INTEGER REFERENCES missing(id));
INSERT INTO child VALUES (1, 99);
CREATE UNIQUE INDEX "odd index" ON pairs (b DESC, a COLLATE NOCASE) WHERE b > 1;
CREATE VIEW "a view" AS SELECT a, b FROM pairs;
CREATE TABLE log (n INTEGER);
CREATE TRIGGER counted AFTER INSERT ON pairs BEGIN INSERT INTO log VALUES (new.b); SELECT ';'; END;
CREATE VIRTUAL TABLE words USING fts5(t);
INSERT INTO words VALUES ('hello there'), ('general');
"""
SELECTS = [
    '''SELECT *, rowid, typeof(n), typeof(r), typeof(b) FROM "a ""b\n'c;"''',
    "SELECT a, b, typeof(a) FROM pairs",
    "SELECT *, rowid, typeof(a) FROM strict",
    "SELECT * FROM child",
    'SELECT * FROM "a view"',
    "SELECT * FROM log",
    "SELECT *, rowid FROM words WHERE words MATCH 'hello'",
    "SELECT * FROM sqlite_sequence",
    "SELECT type, name, sql FROM sqlite_master WHERE sql NOTNULL AND tbl_name NOT GLOB '_frontdesk*' ORDER BY name",
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(places.opened(tmp_path / "shop.db", ODD)) as opened:
        rows.update(opened, "log", _inserted(opened), {"n": 2}, BY)  # so that there is a history
        yield opened


def _inserted(opened: Database) -> KeyText:
    key = str(rows.insert(opened, "log", [{"n": 1}], BY).keys[0][0])
    return KeyText((key,), key)


def everything(path: Path | str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return [connection.execute(select).fetchall() for select in SELECTS]


def test_the_sql_makes_a_database_that_is_equal_in_all(database: Database, tmp_path: Path) -> None:
    script = b"".join(dumps.dump(database, "sql")).decode()
    assert "_frontdesk" not in script
    with closing(sqlite3.connect(tmp_path / "again.db")) as connection:
        connection.executescript(script)
    assert everything(tmp_path / "again.db") == everything(tmp_path / "shop.db")


def test_the_file_is_equal_in_all_and_holds_nothing_of_frontdesks(database: Database, tmp_path: Path) -> None:
    written = b"".join(dumps.dump(database, "sqlite"))
    (tmp_path / "again.db").write_bytes(written)
    assert everything(tmp_path / "again.db") == everything(tmp_path / "shop.db")
    assert b"_frontdesk" not in written  # no page of the history is left, not even a free one
    with closing(sqlite3.connect(tmp_path / "again.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_another_format_is_refused_with_those_that_are(database: Database) -> None:
    with pytest.raises(errors.InputError, match="sqlite or sql"):
        dumps.dump(database, "csv")


def test_a_database_of_a_server_comes_out_as_a_sqlite_file(postgresql_url: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE a (id bigint PRIMARY KEY, n numeric, at timestamptz, tags text[]);"
        "INSERT INTO a VALUES (1, 1.50, '2024-01-31 10:00+00', '{x,y}');"
        "CREATE VIEW v AS SELECT id FROM a;"
    )
    with closing(places.opened(postgresql_url, script)) as database:
        rows.update(database, "a", KeyText(("1",), "1"), {"n": "2.50"}, BY)
        (tmp_path / "out.db").write_bytes(b"".join(dumps.dump(database, "sqlite")))
        with pytest.raises(errors.InputError, match="pg_dump"):
            dumps.dump(database, "sql")
    with closing(sqlite3.connect(tmp_path / "out.db")) as connection:
        assert connection.execute("SELECT id, n FROM a").fetchall() == [(1, 2.5)]
        assert connection.execute("SELECT id FROM v").fetchall() == [(1,)]
        assert not connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '\\_front%' ESCAPE '\\'"
        ).fetchall()
