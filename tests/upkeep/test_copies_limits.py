"""What a copy does not carry, or not as it is: said, refused, or gone without a trace."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from frontdesk import errors
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import copying
from frontdesk.tables.formats import inputs
from frontdesk.upkeep import copies
from tests.postgresql import Server
from tests.upkeep.carrying import SHOP, copy, held, made


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("INTEGER", "'abc'", "'abc' is no integer"),
        ("BOOLEAN", "'yes'", "'yes' is neither 0 nor 1"),
        ("DATE", "'soon'", "'soon' is no date"),
        ("DATETIME", "'2026-01-31T25:00'", "is no time"),
        ("JSON", "'{'", "is no JSON"),
        ("REAL", "'x'", "'x' is no real"),
        ("NUMERIC", "'x'", "'x' is no number"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_kept_as_text_on_demand(
    tmp_path: Path, postgresql_url: str, column: str, value: str, said: str
) -> None:
    path = made(
        tmp_path / "shop.db",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {column}); INSERT INTO t VALUES (5, {value}), (6, NULL)",
    )
    with pytest.raises(errors.InputError) as refused:
        copy(path, postgresql_url)
    assert said in refused.value.errors["t.c"] and "1 row" in refused.value.errors["t.c"]
    assert "id 5" in refused.value.errors["t.c"]
    copied = copy(path, postgresql_url, as_text=True)
    assert copied.notes == ("t.c: kept as text.",)
    copy(postgresql_url, tmp_path / "back.db")
    assert held(tmp_path / "back.db")["t"] == held(path)["t"]


def test_bytes_and_nul_in_a_text_are_refused_whatever_is_asked(tmp_path: Path, postgresql_url: str) -> None:
    path = made(tmp_path / "shop.db", "CREATE TABLE t (c TEXT, d TEXT); INSERT INTO t VALUES (x'00', 'a' || char(0))")
    with pytest.raises(errors.InputError) as refused:
        copy(path, postgresql_url, as_text=True)
    assert set(refused.value.errors) == {"t.c", "t.d"}


def test_a_table_of_that_name_there_is_in_the_way_and_nothing_is_changed(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    postgresql.execute("CREATE TABLE orders (x int)", database=postgresql_url)
    with pytest.raises(errors.ConflictError, match="There is a table orders already"):
        copy(made(tmp_path / "shop.db", SHOP), postgresql_url)
    listed = postgresql.execute("SELECT relname FROM pg_class WHERE relnamespace = 2200", database=postgresql_url)
    assert listed == [("orders",)]
    with pytest.raises(errors.ConflictError, match="There is a file"):
        copy(postgresql_url, tmp_path / "shop.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.db"]


def test_what_numbers_sqlite_cannot_keep_is_said(tmp_path: Path, postgresql_url: str, postgresql: Server) -> None:
    script = (
        "CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 12345678901234567890.25), (2, 0.10)"
    )
    postgresql.execute(script, database=postgresql_url)
    with pytest.raises(errors.InputError) as refused:
        copy(postgresql_url, tmp_path / "back.db")
    assert "12345678901234567890.25 has more digits" in refused.value.errors["t.n"]
    assert not list(tmp_path.iterdir())
    copy(postgresql_url, tmp_path / "back.db", as_text=True)
    assert held(tmp_path / "back.db")["t"] == [(1, "12345678901234567890.25"), (2, "0.10")]


def test_postgresqls_own_types_come_as_text_and_what_is_left_out_is_said(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    script = """
    CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE SCHEMA sales;
    CREATE TABLE sales.t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), m mood NOT NULL DEFAULT 'glad', at timestamptz,
      tags int[], raw json, long interval, CHECK (m <> 'sad' OR at IS NOT NULL), name varchar(5) CHECK (name ~ '^a'));
    INSERT INTO sales.t VALUES ('12345678-1234-1234-1234-123456789abc', 'sad', '2026-01-31 10:00+02', '{1,NULL}',
      '{"b":1,  "a":2}', '1 day', 'abc');
    CREATE INDEX by_tags ON sales.t USING gin (tags)"""
    postgresql.execute(script, database=postgresql_url)
    copied = copy(postgresql_url, tmp_path / "back.db")
    assert held(tmp_path / "back.db")["sales.t"] == [
        (
            "12345678-1234-1234-1234-123456789abc",
            "sad",
            "2026-01-31T08:00:00Z",
            "{1,NULL}",
            '{"b":1,  "a":2}',
            "1 day",
            "abc",
        )
    ]
    assert sorted(note.split(": ")[1][:30] for note in copied.notes) == [
        "integer[] is kept as text.",
        "interval is kept as text.",
        "the default gen_random_uuid() ",
        "the index by_tags (gin) is lef",
        "the rule CHECK (((name)::text ",
    ]
    with closing(sqlite3.connect(tmp_path / "back.db")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO \"sales.t\" (id, m) VALUES ('x', 'angry')")


def test_references_that_lead_nowhere_are_carried_and_said(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    script = """CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p);
    CREATE TABLE d (x INTEGER REFERENCES gone(id)); INSERT INTO c VALUES (9);
    CREATE TABLE e (a INTEGER, b TEXT, PRIMARY KEY (b, a)); INSERT INTO e VALUES (1, 'x');
    CREATE TABLE f (b TEXT, a INTEGER, FOREIGN KEY (b, a) REFERENCES e ON UPDATE CASCADE ON DELETE SET NULL);
    INSERT INTO f VALUES ('x', 1), ('y', NULL)"""
    copied = copy(made(tmp_path / "shop.db", script), postgresql_url)
    assert copied.notes == (
        "c: rows of p refer to rows that p does not have.",
        "d: x refers to gone, which is not there; left out.",
    )
    for wrong in ("INSERT INTO c VALUES (10)", "INSERT INTO f VALUES ('x', 2)"):
        with pytest.raises(Exception, match="violates foreign key"):
            postgresql.execute(wrong, database=postgresql_url)
    rule = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'f'::regclass AND contype = 'f'"
    assert postgresql.execute(rule, database=postgresql_url) == [
        ("FOREIGN KEY (b, a) REFERENCES e(b, a) ON UPDATE CASCADE ON DELETE SET NULL",)
    ]


def test_what_postgresql_does_not_take_is_said_and_the_rest_is_there(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    script = """
    CREATE TABLE t ([a b] INTEGER, Kind TEXT CHECK (kind IN ('x', 'y')), long VARCHAR(3), n DECIMAL(3, 1), x,
      twice INTEGER AS ([a b] * 2), shown TEXT AS (printf('%d', [a b])) STORED, low TEXT DEFAULT "abc",
      CHECK (Kind GLOB 'x*'));
    CREATE UNIQUE INDEX folded ON t (Kind COLLATE NOCASE); CREATE INDEX many ON t (`a b` + 1) WHERE Kind = 'x';
    CREATE VIRTUAL TABLE words USING fts5(word);
    CREATE VIEW v AS SELECT Kind FROM t; CREATE VIEW w AS SELECT rowid FROM t;
    CREATE TRIGGER gone AFTER INSERT ON t BEGIN SELECT 1; END;
    INSERT INTO t ([a b], Kind, long, n, x) VALUES (1, 'x', 'four', 123.45, 1.5)"""
    copied = copy(made(tmp_path / "shop.db", script), postgresql_url)
    assert set(copied.notes) == {
        "t: the rule CHECK (\"Kind\" GLOB 'x*') is left out.",
        "t: the trigger gone is left out.",
        "t.shown: generated there, plain values here.",
        "w: the view is left out, PostgreSQL does not take its SQL.",
        "words: a virtual table is left out.",
    }
    rows = postgresql.execute("SELECT * FROM t LIMIT 1", database=postgresql_url)
    assert [str(value) for value in rows[0]] == ["1", "x", "four", "123.45", "1.5", "2", "1", "abc", "1"]
    listed = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ 'pkey' ORDER BY indexname DESC"
    )
    indexes = postgresql.execute(listed, database=postgresql_url)
    assert [sql.partition("btree ")[2] for (sql,) in indexes] == [
        '((("a b" + 1))) WHERE ("Kind" = \'x\'::text)',
        '(lower("Kind"))',
    ]
    assert postgresql.execute("SELECT * FROM v", database=postgresql_url) == [("x",)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("CREATE TABLE t (k TEXT PRIMARY KEY); INSERT INTO t VALUES (NULL)", "1 row has no key"),
        (f'CREATE TABLE "{"n" * 64}" (a)', "which takes 1 to 63 bytes"),
        ('CREATE TABLE t ("" INTEGER)', "which takes 1 to 63 bytes"),
        ("CREATE TABLE t (c TEXT); INSERT INTO t VALUES (CAST(x'ff41' AS TEXT))", "a text that is not UTF-8"),
        (
            "CREATE TABLE t (at DATETIME); INSERT INTO t VALUES ('2026-01-31 10:00Z'), ('2026-01-31 10:00')",
            "has a zone",
        ),
        ("CREATE TABLE t (x); INSERT INTO t VALUES (1), ('a')", "1 is no text"),
    ],
)
def test_what_postgresql_cannot_hold_is_one_sentence(
    tmp_path: Path, postgresql_url: str, script: str, said: str
) -> None:
    with pytest.raises(errors.Error) as refused:
        copy(made(tmp_path / "shop.db", script), postgresql_url)
    assert said in " ".join([refused.value.message, *getattr(refused.value, "errors", {}).values()])


@pytest.mark.parametrize(
    "script", ['CREATE TABLE "T" (a int); CREATE TABLE t (a int)', 'CREATE TABLE t (a int, "A" int)']
)
def test_names_that_sqlite_takes_for_one_are_refused(
    tmp_path: Path, postgresql_url: str, postgresql: Server, script: str
) -> None:
    postgresql.execute(script, database=postgresql_url)
    with pytest.raises(errors.InputError, match="one name but for its capitals"):
        copy(postgresql_url, tmp_path / "back.db")
    assert not list(tmp_path.iterdir())


def test_a_row_that_is_lost_on_the_way_takes_all_back(
    tmp_path: Path, postgresql_url: str, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying.copy_in

    def without_first(connection: Any, place: str, names: Any, found: Any) -> None:
        whole(connection, place, names, iter(list(found)[1:]))

    monkeypatch.setattr(copying, "copy_in", without_first)
    with pytest.raises(errors.DatabaseError, match="is not the same on both sides"):
        copy(made(tmp_path / "shop.db", SHOP), postgresql_url)
    listed = "SELECT 1 FROM pg_class WHERE relnamespace = 2200"
    assert postgresql.execute(listed, database=postgresql_url) == []


def test_what_others_change_meanwhile_is_not_in_the_copy(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    shop = made(tmp_path / "shop.db", SHOP)
    made(shop, "PRAGMA journal_mode = WAL")
    more = "INSERT INTO notes VALUES ('late', 9)"

    @contextmanager
    def writing_beside(_: str) -> Iterator[Any]:
        yield lambda *_: made(shop, more)

    with closing(Database("shop", shop)) as database:
        copied = copies.copy(database, postgresql_url, writing_beside)
    assert {proof.table: proof.rows for proof in copied.tables}["notes"] == 3
    assert len(held(shop)["notes"]) > 3

    @contextmanager
    def writing_there(_: str) -> Iterator[Any]:
        yield lambda *_: postgresql.execute(f"{more.replace('notes', 'notes (text, n)')}", database=postgresql_url)

    with closing(Database("shop", postgresql_url)) as database:
        copied = copies.copy(database, tmp_path / "back.db", writing_there)
    assert {proof.table: proof.rows for proof in copied.tables}["notes"] == 3
    assert postgresql.execute("SELECT count(*) > 3 FROM notes", database=postgresql_url) == [(True,)]


def test_two_copies_into_one_file_do_not_meet(tmp_path: Path, postgresql_url: str) -> None:
    copy(made(tmp_path / "shop.db", SHOP), postgresql_url)
    refused: list[str] = []

    @contextmanager
    def second(_: str) -> Iterator[Any]:
        with pytest.raises(errors.BusyError) as error:
            copy(postgresql_url, tmp_path / "back.db")
        refused.append(error.value.message)
        yield inputs.silent

    with closing(Database("shop", postgresql_url)) as database:
        copies.copy(database, tmp_path / "back.db", second)
    assert refused == ["Another copy to the same place is under way."]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.db", "shop.db"]


def test_two_of_one_engine_are_not_copied(tmp_path: Path) -> None:
    with pytest.raises(errors.InputError, match="Both are SQLite"):
        copy(made(tmp_path / "shop.db", SHOP), tmp_path / "new.db")


KILLED = """
import sys, time
from contextlib import closing, contextmanager
from pathlib import Path
from frontdesk.database.connections import Database
from frontdesk.tables.keys import KeyText
from frontdesk.upkeep import copies

@contextmanager
def bar(name):
    def tell(done, size, rows):
        print(done, flush=True)
        time.sleep(60)
    yield tell

source, target = (text if "://" in text else Path(text) for text in sys.argv[1:])
with closing(Database("shop", source)) as database:
    copies.copy(database, target, bar)
"""


@contextmanager
def killed_midway(source: Path | str, target: Path | str) -> Iterator[None]:
    """A copy of another process that ends by kill -9 after some rows."""
    started = subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(target)], stdout=subprocess.PIPE)
    assert started.stdout and started.stdout.readline()
    started.send_signal(signal.SIGKILL)
    started.wait()
    started.stdout.close()
    yield


def test_a_copy_that_is_killed_leaves_nothing(tmp_path: Path, postgresql_url: str, postgresql: Server) -> None:
    shop = made(tmp_path / "shop.db", SHOP)
    listed = "SELECT count(*) FROM pg_class WHERE relnamespace = 2200"
    with killed_midway(shop, postgresql_url):
        assert postgresql.execute(listed, database=postgresql_url) == [(0,)]
    until = time.monotonic() + 10
    while True:  # the server hears of it when it writes to the connection that is gone
        try:
            copy(shop, postgresql_url)
            break
        except errors.BusyError:
            assert time.monotonic() < until
    back = tmp_path / "back.db"
    with killed_midway(postgresql_url, back):
        assert not back.exists()
    copy(postgresql_url, back)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.db", "shop.db"]
    assert os.stat(back).st_size
