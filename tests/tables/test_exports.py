import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, rows, sources
from frontdesk.tables.keys import KeyText
from tests import places

BY = Caller("ada", "admin")


SCRIPT = """
CREATE TABLE things (id DRAWN, name TEXT, price REAL, sold BOOLEAN, photo BYTES, "=odd" TEXT);
INSERT INTO things (name, price, sold, "=odd") VALUES
  ('=1+1', -5.5, TRUE, '9007199254740993'), ('+a', -5, FALSE, '@x'),
  ('-b', NULL, NULL, '＝x'), ('plain, "quoted"', 0.125, TRUE, NULL);
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SCRIPT)) as opened:
        rows.update(opened, "things", KeyText(("1",), "1"), {"photo": {"$base64": "AP8="}}, BY)
        yield opened


def text(database: Database, form: str, **wanted: object) -> str:
    return b"".join(exports.export(database, "things", form, **wanted)).decode()  # type: ignore[arg-type]


def test_cells_and_headers_that_a_spreadsheet_would_run_are_made_harmless_but_numbers_stay(database: Database) -> None:
    header, *found = csv.reader(io.StringIO(text(database, "csv"), newline=""))
    assert header == ["id", "name", "price", "sold", "photo", "'=odd"]
    assert found[0] == ["1", "'=1+1", "-5.5", "true", "AP8=", "9007199254740993"]
    assert found[1] == ["2", "'+a", "-5.0", "false", "", "'@x"]
    assert found[2] == ["3", "'-b", "", "", "", "'＝x"]
    assert found[3] == ["4", 'plain, "quoted"', "0.125", "true", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_text_that_begins_like_a_formula_gets_out_unless_asked_for_raw(database: Database, start: str) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE things SET name = :name WHERE id = 4"), {"name": f"{start}x"})
    found = list(csv.reader(io.StringIO(text(database, "csv"), newline="")))
    assert found[4][1] == f"'{start}x"
    found = list(csv.reader(io.StringIO(text(database, "csv", raw=True), newline="")))
    assert found[4][1] == f"{start}x"


def test_json_and_ndjson_hold_the_same_rows_as_the_api_gives_them(database: Database) -> None:
    found = json.loads(text(database, "json"))
    assert found == [json.loads(line) for line in text(database, "ndjson").splitlines()]
    assert found[0] == {
        "id": 1,
        "name": "=1+1",
        "price": -5.5,
        "sold": True,
        "photo": {"$base64": "AP8="},
        "=odd": "9007199254740993",
    }


def test_only_what_the_filters_select_comes_out_in_the_order_of_the_page(database: Database) -> None:
    out = text(database, "csv", where=[("price__isnull", "0")], sort="-price", shown="id,price")
    assert out == "id,price\r\n4,0.125\r\n2,-5.0\r\n1,-5.5\r\n"
    assert exports.export(database, "things", "csv", where=[("price__isnull", "0")]).count() == 3
    assert text(database, "json", where=[("id", "99")]) == "[]\n"


def test_an_unknown_format_column_or_table_is_named(database: Database) -> None:
    with pytest.raises(errors.InputError, match="csv, ndjson, json"):
        text(database, "xml")
    with pytest.raises(errors.InputError, match="nosuch"):
        text(database, "csv", shown="nosuch")
    with pytest.raises(errors.NotFoundError):
        exports.export(database, "nosuch", "csv")


def test_what_is_written_while_rows_go_out_is_not_among_them(database: Database) -> None:
    blocks = iter(exports.export(database, "things", "ndjson"))
    first = next(blocks)
    with database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM things")
    assert first.count(b"\n") == 4
    assert b"".join(blocks) == b""


cells = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False).map(repr),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", "02134", "12345678901234567890", "1e309", "NaN", "true", "2024-02-29", "1,5", "=1+1", "1.50"]),
)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_texts_comes_out_byte_for_byte_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("a", "b"), *rows])
    (folder / "in.csv").write_bytes(written.getvalue().encode())
    with closing(Database("trip", folder / "trip.db", create=True)) as database:
        wish = imports.Wish(create=True, types={"a": "TEXT", "b": "TEXT"}, empty_text=True)
        imports.load(database, sources.open(folder / "in.csv", delimiter=","), "t", BY, wish)
        assert b"".join(exports.export(database, "t", "csv", raw=True)) == written.getvalue().encode()


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6), form=st.sampled_from(["csv", "ndjson", "json"]))
def test_what_came_out_goes_in_again_as_the_same_rows_with_the_same_types(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], form: str
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("a", "b"), *rows])
    (folder / "in.csv").write_bytes(written.getvalue().encode())
    with closing(Database("trip", folder / "trip.db", create=True)) as database:
        first = imports.load(
            database, sources.open(folder / "in.csv", delimiter=","), "one", BY, imports.Wish(create=True)
        )
        out = folder / f"out.{form}"
        out.write_bytes(b"".join(exports.export(database, "one", form, raw=True)))
        types = {column["name"]: column["type"] for column in first.columns}
        wish = imports.Wish(create=True, types=types)
        imports.load(database, sources.open(out, delimiter="," if form == "csv" else ""), "two", BY, wish)
        with database.connect() as connection:
            one, two = (
                connection.exec_driver_sql(f"SELECT a, typeof(a), b, typeof(b) FROM {name}").all()
                for name in ("one", "two")
            )
        assert one == two


@pytest.mark.parametrize("form", ["sqlite", "sql"])
def test_a_table_comes_out_as_a_database_with_its_rules_indexes_and_the_rows_that_fit(
    tmp_path: Path, form: str
) -> None:
    script = (
        "CREATE TABLE t (a TEXT CHECK (a <> ''), b REAL, g AS (b + 1));"
        "CREATE INDEX i ON t (a DESC);"
        "INSERT INTO t (rowid, a, b) VALUES (7, 'it''s', 1), (8, 'y', 2), (9, 'z', 3);"
        "CREATE VIEW v AS SELECT a || '!' AS c, b FROM t;"
        "CREATE TABLE other (x);"
    )

    def taken(table: str, **wanted: Any) -> sqlite3.Connection:
        out = tmp_path / f"{table}{len(wanted)}.db"
        written = b"".join(exports.export(shop, table, form, where=[("b__lt", "3")], **wanted))
        if form == "sqlite":
            out.write_bytes(written)
            return sqlite3.connect(out)
        connection = sqlite3.connect(":memory:")
        connection.executescript(written.decode())
        return connection

    with closing(places.opened(tmp_path / "shop.db", script)) as shop:
        with closing(taken("t", sort="-b")) as out:
            assert out.execute("SELECT rowid, * FROM t").fetchall() == [(7, "it's", 1.0, 2.0), (8, "y", 2.0, 3.0)]
            made = out.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
            assert made == [
                ("i", "CREATE INDEX i ON t (a DESC)"),
                ("t", "CREATE TABLE t (a TEXT CHECK (a <> ''), b REAL, g AS (b + 1))"),
            ]
        with closing(taken("t", shown="g,a")) as out:
            assert out.execute("SELECT * FROM t ORDER BY g").fetchall() == [(2.0, "it's"), (3.0, "y")]
        with closing(taken("v")) as out:
            assert out.execute("SELECT * FROM v ORDER BY b").fetchall() == [("it's!", 1.0), ("y!", 2.0)]


def test_a_table_of_a_server_comes_out_as_a_sqlite_file_with_every_digit(postgresql_url: str, tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t (id bigint PRIMARY KEY, n numeric, at timestamp, tags text[], ok boolean, b bytea, r float8);"
        "INSERT INTO t VALUES (1, 12345678901234567890.10, '2024-01-31 10:00', '{x,y}', true, '\\x00', 'inf');"
    )
    with closing(places.opened(postgresql_url, script)) as database:
        (tmp_path / "t.db").write_bytes(b"".join(exports.export(database, "t", "sqlite")))
        with pytest.raises(errors.InputError, match="pg_dump"):
            exports.export(database, "t", "sql")
    with closing(sqlite3.connect(tmp_path / "t.db")) as out:
        found = out.execute("SELECT * FROM t").fetchall()
    assert found == [(1, "12345678901234567890.10", "2024-01-31 10:00:00", "{x,y}", 1, b"\0", float("inf"))]
