"""Every kind of column, on both engines: in, out, changed, undone, sorted, filtered, refused."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.context import Caller
from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import arrays
from frontdesk.errors import InputError, NotFoundError, PermissionDenied, ProgrammingError
from frontdesk.history import changes, undo
from frontdesk.tables import columns, exports, rows, structure
from frontdesk.tables.keys import KeyText
from tests import places
from tests.postgresql import Server

ADA = Caller("ada", "admin")
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]

COMMON = {
    "t": "TEXT",
    "i": "INTEGER",
    "r": "REAL",
    "n": "NUMERIC",
    "ok": "BOOLEAN",
    "d": "DATE",
    "at": "DATETIME",
    "j": "JSON",
    "b": "BLOB",
}
SERVERS = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'Very happy', '');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE kinds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  v varchar(5), si smallint, i integer, bi bigint, r real, f double precision, n numeric, p numeric(8,2), ok boolean,
  m mood, d date, ti time, tt timestamp, tz timestamptz, iv interval, u uuid, ip inet, rng int4range, mon money,
  tsv tsvector, bits bit(3), pt point, j jsonb, js json, b bytea, em email, pr pair,
  ai integer[], atx text[], am mood[], an numeric[], ab boolean[], ad date[], atz timestamptz[], aby bytea[],
  aj jsonb[], af double precision[], twice integer GENERATED ALWAYS AS (i::bigint % 1000 * 2) STORED);
"""

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
small = st.integers(-(2**31), 2**31 - 1)
safe = st.integers(-(2**53), 2**53)
finite = st.floats(allow_nan=False, allow_infinity=False)
dates = st.dates().map(str)
instants = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)).map(
    lambda at: (
        at.replace(tzinfo=None).isoformat().rstrip("0").rstrip(".") + "Z"
        if at.microsecond
        else at.replace(tzinfo=None).isoformat() + "Z"
    )
)
plain = st.datetimes().map(lambda at: str(at).rstrip("0").rstrip(".") if at.microsecond else str(at))
digits = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=7).map(
    lambda number: format(abs(number) if number == 0 else number, "f")
)
money = st.decimals(min_value=-999999, max_value=999999, places=2).map(
    lambda number: format(abs(number) if number == 0 else number, "f")
)
blobs = st.binary(max_size=8).map(lambda data: {"$base64": values.plain(data)["$base64"]})
answers = st.recursive(
    st.booleans() | safe | text,
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(text, inner | st.none(), max_size=3),
    max_leaves=5,
)


def lists(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    one = item | st.none()
    return st.lists(one, max_size=3) | st.lists(st.tuples(one, one).map(list), min_size=1, max_size=2)


VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sqlite": {
        "t": text,
        "i": st.integers(-(2**63), 2**63 - 1).map(values.plain),
        "r": finite,
        "n": st.integers(-(10**15), 10**15),
        "ok": st.booleans(),
        "d": dates,
        "at": st.datetimes().map(str),
        "j": answers,
        "b": blobs,
    },
    "postgresql": {
        "v": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
        "si": st.integers(-(2**15), 2**15 - 1),
        "i": small,
        "bi": st.integers(-(2**63), 2**63 - 1).map(values.plain),
        "r": st.integers(-(10**6), 10**6).map(lambda number: number / 8),
        "f": finite,
        "n": digits,
        "p": money,
        "ok": st.booleans(),
        "m": st.sampled_from(["sad", "ok", "Very happy", ""]),
        "d": dates,
        "ti": st.times().map(lambda at: at.strftime("%H:%M:%S")),
        "tt": plain,
        "tz": instants,
        "iv": st.sampled_from(["1 day", "-02:00:00", "1 mon 3 days 04:05:06.7"]),
        "u": st.uuids().map(str),
        "ip": st.ip_addresses(v=4).map(str),
        "rng": st.sampled_from(["empty", "[1,5)", "(,3)", "[7,)"]),
        "mon": st.sampled_from(["$1.50", "-$1,000.00"]),
        "tsv": st.sampled_from(["", "'a' 'b'", "'a':1,2"]),
        "bits": st.text("01", min_size=3, max_size=3),
        "pt": st.sampled_from(["(1,2)", "(0.5,-1e+30)"]),
        "j": answers,
        "js": answers,
        "b": blobs,
        "em": st.sampled_from(["a@b", "@"]),
        "pr": st.sampled_from(["(1,x)", "(,)", '(2,"a ""b"", c")']),
        "ai": lists(small),
        "atx": lists(text | st.sampled_from(["NULL", '"', "\\", "{}", ","])),
        "am": lists(st.sampled_from(["sad", "Very happy", ""])),
        "an": lists(digits),
        "ab": lists(st.booleans()),
        "ad": lists(dates),
        "atz": lists(instants),
        "aby": lists(blobs),
        "aj": st.lists(answers | st.none(), max_size=3),
        "af": lists(finite),
    },
}
filled = {
    engine: st.fixed_dictionaries({name: st.none() | value for name, value in named.items()})
    for engine, named in VALUES.items()
}


@pytest.fixture(scope="module", params=ENGINES)
def kinds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A table with every kind of column that the engine has."""
    if request.param == "sqlite":
        with closing(Database("kinds", tmp_path_factory.mktemp("kinds") / "kinds.db", create=True)) as database:
            given = [{"name": name, "type": kind} for name, kind in COMMON.items()]
            key = {"name": "id", "type": "INTEGER", "primary_key": True}
            structure.create(database, {"name": "kinds", "columns": [key, *given]}, ADA)
            yield database
        return
    server: Server = request.getfixturevalue("postgresql")
    url = server.create()
    with closing(places.opened(url, SERVERS)) as database:
        yield database
    server.drop(url)


@pytest.fixture
def server_kinds(postgresql_url: str) -> Iterator[Database]:
    with closing(places.opened(postgresql_url, SERVERS)) as database:
        yield database


def key(text: str) -> KeyText:
    return KeyText((text,), text)


def undo_last(database: Database) -> None:
    undo.undo(database, [changes.search(database, size=1).changes[0].number], ADA)


@given(data=st.data())
def test_every_kind_goes_in_comes_out_changes_and_is_undone(kinds: Database, data: st.DataObject) -> None:
    first, second = (data.draw(filled[kinds.dialect]) for _ in range(2))
    (number,) = rows.insert(kinds, "kinds", [first], ADA).keys[0]

    def now() -> dict[str, Any]:
        found = rows.find(kinds, "kinds", key(str(number))).json()
        return {name: values.plain(value) for name, value in found.items() if name in first}

    assert now() == first
    exported = json.loads(b"".join(exports.export(kinds, "kinds", "ndjson", where=[("id", str(number))])))
    assert {name: exported[name] for name in first} == first
    rows.update(kinds, "kinds", key(str(number)), second, ADA)
    assert now() == second
    undo_last(kinds)
    assert now() == first
    rows.delete(kinds, "kinds", key(str(number)), ADA)
    undo_last(kinds)
    assert now() == first


def test_pages_of_every_kind_that_has_an_order_are_the_whole_table_both_ways_with_null_last(kinds: Database) -> None:
    table = schema.table(kinds, "kinds")
    before = {row["id"] for row in rows.page(kinds, "kinds", size=1000).json()["rows"]}
    drawn = _examples(kinds.dialect)
    rows.insert(kinds, "kinds", drawn, ADA)
    for column in table.columns:
        for sort in (column.name, f"-{column.name}"):
            if not column.sortable:
                with pytest.raises(InputError, match="has no order"):
                    rows.page(kinds, "kinds", sort=sort)
                continue
            whole = [row["id"] for row in rows.page(kinds, "kinds", sort=sort, size=1000).json()["rows"]]
            assert len(set(whole)) == len(whole) == len(before) + len(drawn)
            size = max(5, len(whole) // 3)
            forwards: list[int] = []
            backwards: list[int] = []
            page = rows.page(kinds, "kinds", sort=sort, size=size)
            while True:
                forwards += [row["id"] for row in page.json()["rows"]]
                if not page.next:
                    break
                page = rows.page(kinds, "kinds", sort=sort, size=size, token=page.next)
            while True:
                backwards = [row["id"] for row in page.json()["rows"]] + backwards
                if not page.previous:
                    break
                page = rows.page(kinds, "kinds", sort=sort, size=size, token=page.previous)
            assert forwards == backwards == whole, sort
            found = [row[column.name] for row in rows.page(kinds, "kinds", sort=sort, size=1000).json()["rows"]]
            assert None not in found[: len(found) - found.count(None)], sort


def _examples(engine: str) -> list[dict[str, Any]]:
    common: dict[str, list[Any]] = {
        "integer": [3, -1, 3],
        "real": [0.5, -1.5, 0.5],
        "number": ["12.50", "-3", "12.50"],
        "boolean": [True, False, True],
        "date": ["2026-01-02", "0044-03-15", "2026-01-02"],
        "datetime": ["2026-01-02T10:00:00.25Z", "1999-01-01T00:00:00Z", "2026-01-02T10:00:00.25Z"],
        "choice": ["ok", "Very happy", "ok"],
        "json": [{"a": 1}, [1], {"a": 1}],
        "file": [{"$base64": "AP8="}, {"$base64": ""}, {"$base64": "AP8="}],
    }
    texts = {
        "ti": "10:00", "iv": "1 day", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ip": "10.0.0.1", "rng": "[1,5)",
        "mon": "1.50", "tsv": "a b", "bits": "101", "pt": "(1,2)", "em": "a@b", "pr": "(1,x)",
    }  # fmt: skip
    items = {"ai": [1, None], "atx": ["É", "e"], "am": ["ok"], "an": ["1.5"], "ab": [True], "ad": ["2026-01-01"]}
    items |= {"atz": ["2026-01-01T10:00:00Z"], "aby": [{"$base64": "AP8="}], "aj": [{"a": 1}], "af": [0.5]}
    made = []
    for number in range(3):
        row: dict[str, Any] = {}
        for name in VALUES[engine]:
            kind = _KINDS.get(name, "text")
            row[name] = items[name] if name in items else texts.get(name) or common.get(kind, ["É", "e", "É"])[number]
        made.append(row)
    return [*made, dict.fromkeys(VALUES[engine]), *made]


_KINDS = {
    "i": "integer", "si": "integer", "bi": "integer", "r": "real", "f": "real", "n": "number", "p": "number",
    "ok": "boolean", "m": "choice", "d": "date", "tt": "datetime", "tz": "datetime", "at": "datetime", "j": "json",
    "js": "json", "b": "file",
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("v", "abcdef"), ("si", 40000), ("i", 2**31), ("bi", 2**63), ("r", 1e39), ("n", "1e400000"), ("p", 10**6),
        ("p", "999999.999"), ("n", "NaN"), ("f", "Infinity"), ("ok", 5), ("m", "OK"), ("m", "nosuch"), ("d", "spring"),
        ("d", "2026-02-30"), ("ti", "25:61"), ("tt", "2026-13-01T10:00"), ("tz", "0001-01-01T00:00:00+05:00"),
        ("iv", "x"), ("u", "x"), ("ip", "x"), ("rng", "[5,1)"), ("mon", "x"), ("pt", "x"), ("b", "x"), ("em", "nobody"),
        ("pr", "x"), ("ai", ["x"]), ("ai", [2**31]), ("ai", "x"), ("ai", [[1], [2, 3]]), ("am", ["nosuch"]),
        ("ab", [3]), ("ad", ["x"]), ("aby", ["x"]), ("af", ["x"]), ("v", "a\0b"), ("v", "\ud800"), ("atx", ["a\0b"]),
        ("j", {"a": "\ud800"}), ("twice", 3),
    ],
)  # fmt: skip
def test_a_value_that_its_column_cannot_hold_is_named_and_changes_nothing(
    server_kinds: Database, column: str, value: Any
) -> None:
    rows.insert(server_kinds, "kinds", [{"i": 1}], ADA)
    with pytest.raises(InputError) as wrong:
        rows.insert(server_kinds, "kinds", [{column: value}], ADA)
    assert list(wrong.value.errors) == [column]
    with pytest.raises(InputError) as wrong:
        rows.insert(server_kinds, "kinds", [{"i": 2}, {column: value}], ADA)
    assert list(wrong.value.errors) == [f"rows.1.{column}"]
    with pytest.raises(InputError) as wrong:
        rows.update(server_kinds, "kinds", key("1"), {column: value}, ADA)
    assert list(wrong.value.errors) == [column]
    assert [row["i"] for row in rows.page(server_kinds, "kinds").json()["rows"]] == [1]


def test_numbers_keep_every_digit_and_times_say_their_zone(server_kinds: Database) -> None:
    given = {"n": "1234567890.12345678901234567890", "tz": "2026-01-01T10:00", "tt": "2026-01-01T10:00:00+02:00"}
    rows.insert(server_kinds, "kinds", [given, {"n": 0.1, "tz": "2026-07-01T10:00:00+02:00"}], ADA)
    first, second = rows.page(server_kinds, "kinds").json()["rows"]
    assert (first["n"], second["n"]) == (given["n"], "0.1")
    assert (first["tz"], first["tt"]) == ("2026-01-01T10:00:00Z", "2026-01-01 08:00:00")
    assert second["tz"] == "2026-07-01T08:00:00Z"
    table = schema.table(server_kinds, "kinds")
    assert "UTC where no zone is given" in columns.field(table.column("tz")).help


def test_a_form_writes_lists_labels_and_the_null_of_json(server_kinds: Database) -> None:
    typed = {"ai": "[1, null]", "m": "Very happy", "j": "null", "js": "", "n": "1.50", "atx": '["a b", "\\"c"]'}
    (number,) = rows.insert_typed(server_kinds, "kinds", typed, ADA)
    found = rows.find(server_kinds, "kinds", key(str(number)))
    assert (found.values["ai"], found.values["m"], found.values["n"]) == ("{1,NULL}", "Very happy", "1.50")
    assert (found.values["j"], found.values["js"]) == ("null", None)
    left_empty = rows.insert_typed(server_kinds, "kinds", {"u": "", "u__null_shown": "1", "ip": ""}, ADA)
    assert rows.find(server_kinds, "kinds", key(str(left_empty[0]))).values["u"] is None
    shown = {name: columns.written(found.table.column(name), found.values[name]) for name in typed}
    assert (shown["ai"], shown["atx"]) == ("[1,null]", '["a b","\\"c"]')
    again = rows.update_typed(server_kinds, "kinds", key(str(number)), shown | {"ai": "[[1, 2], [3, 4]]"}, ADA)
    assert again.json()["ai"] == [[1, 2], [3, 4]]
    with pytest.raises(InputError) as wrong:
        rows.update_typed(server_kinds, "kinds", key(str(number)), {"ai": "[0.5]", "am": '["no"]', "u": "x"}, ADA)
    assert set(wrong.value.errors) == {"ai", "am"}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (("i", "2.5"), []), (("i__in", "1,2.5"), [1]), (("i__in", "2.5"), []), (("i__gt", "99999999999"), []),
        (("i__lt", "1.5"), [1]), (("n__gt", "12.4999999999"), [1]), (("n", "12.5"), [1]), (("ok", "true"), [1]),
        (("m", "ok"), [1]), (("m__in", "ok,sad"), [1, 2]), (("m__not", "ok"), [2, 3]), (("m__gt", "sad"), [1]),
        (("tz__gte", "2026-01-01T12:00:00+02:00"), [1]), (("tz__gte", "2026-01-02"), []),
        (("tt", "2026-01-01T12:00:00+02:00"), [1]), (("d__lt", "2026-01-02"), [1]), (("em__contains", "B"), [1]),
        (("ai", "[1, 2]"), [1]), (("ai", "{1,2}"), [1]), (("ai__contains", "2"), [1]), (("j__contains", "KEY"), [1]),
        (("j", '{"key":1}'), [1]), (("js", '{"key": 1}'), [1]), (("u__isnull", "0"), [1]), (("pr", "(1,x)"), [1]),
        (("u", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"), [1]), (("ip__lt", "10.0.0.2"), [1]), (("i__in", ""), []),
    ],
)  # fmt: skip
def test_filters_compare_by_the_kind_of_the_column(
    filtered: Database, where: tuple[str, str], found: list[int]
) -> None:
    assert [row["id"] for row in rows.page(filtered, "kinds", where=[where]).json()["rows"]] == found


@pytest.mark.parametrize(
    "where",
    [
        ("d", "spring"), ("d__in", "2026-01-01,spring"), ("u", "x"), ("m", "nosuch"), ("m__in", "ok,nosuch"),
        ("n", "x"), ("i", str(2**63)), ("tz", "x"), ("ip", "x"), ("ai", '["x"]'), ("ai", "{1"), ("j", "{x"),
        ("v", "a\0b"), ("v__contains", "a\0b"), ("v", "\ud800"), ("v__contains", "\ud800"), ("f", "NaN"), ("rng", "x"),
    ],
)  # fmt: skip
def test_a_filter_that_no_value_of_the_column_can_be_is_named(filtered: Database, where: tuple[str, str]) -> None:
    for read in (
        lambda: rows.page(filtered, "kinds", where=[("i__gt", "0"), where]),
        lambda: b"".join(exports.export(filtered, "kinds", "csv", where=[("i__gt", "0"), where])),
        lambda: exports.export(filtered, "kinds", "csv", where=[where]).count(),
    ):
        with pytest.raises(InputError) as wrong:
            read()
        assert list(wrong.value.errors) == [where[0]]


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (("n", "x"), "Write a number, such as 42 or 0.01."),
        (("i__in", "1,x"), "Write a number, such as 42 or 0.01."),
        (("d", "2026-02-31"), "Write a date as year-month-day, such as 2024-03-31."),
        (("tz__gt", "soon"), "Write a date and a time, such as 2024-03-31T14:30."),
        (("j", "{"), 'Write JSON, such as {"a": 1}.'),
        (("atx", "a"), "Write a list, such as [1, 2, 3]."),
        (("u__in", "a,b"), '"a" is no uuid.'),
        (("iv", "long"), '"long" is no interval.'),
    ],
)
def test_a_filter_that_no_value_of_the_column_can_be_says_what_to_write(
    filtered: Database, where: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(InputError) as wrong:
        rows.page(filtered, "kinds", where=[where])
    assert wrong.value.errors == {where[0]: sentence}


@pytest.fixture(scope="module")
def filtered(postgresql: Server) -> Iterator[Database]:
    url = postgresql.create()
    with closing(places.opened(url, SERVERS)) as database:
        one = {"i": 1, "n": "12.50", "ok": True, "m": "ok", "d": "2026-01-01", "tz": "2026-01-01T10:00:00Z"}
        one |= {"tt": "2026-01-01T10:00:00", "em": "a@b", "ai": [1, 2], "j": {"key": 1}, "js": {"key": 1}}
        one |= {"u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "pr": "(1,x)", "ip": "10.0.0.1", "v": "É"}
        rows.insert(database, "kinds", [one, {"i": 7, "ok": False, "m": "sad", "n": "-1"}, {}], ADA)
        yield database
    postgresql.drop(url)


@pytest.mark.parametrize(
    ("kind", "value", "path", "none"),
    [
        ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "x"),
        ("boolean", "true", "1", "x"),
        ("date", "2026-01-01", "2026-01-01", "x"),
        ("timestamptz", "2026-01-01 10:00:00.25+00", "2026-01-01T10:00:00.25Z", "x"),
        ("numeric(40,20)", "1234567890.12345678901234567890", "1234567890.12345678901234567890", "x"),
        ("bytea", "\\x00ff", "00ff", "zz"),
        ("mood", "ok", "ok", "x"),
        ("integer", "5", "5", "99999999999999999999"),
        ("bigint", "-1", "-1", "x"),
        ("integer[]", "{1,2}", "{1,2}", "x"),
        ("pair", "(1,x)", "(1,x)", "x"),
        ("text", "a,b/c", "a,b/c", "a"),
        ("varchar(9)", "é ~", "é ~", ""),
    ],
)
def test_a_row_is_found_by_a_key_of_any_kind_and_what_is_none_names_no_row(
    postgresql_url: str, kind: str, value: str, path: str, none: str
) -> None:
    types = "CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE pair AS (a integer, b text)"
    script = f"{types}; CREATE TABLE t (k {kind} PRIMARY KEY, v text);"
    with closing(places.opened(postgresql_url, f"{script} INSERT INTO t VALUES ('{value}', 'x')")) as database:
        rows.update(database, "t", key(path), {"v": "y"}, ADA)
        assert rows.find(database, "t", key(path)).values["v"] == "y"
        for reading in (none, "\0"):
            with pytest.raises(NotFoundError):
                rows.find(database, "t", key(reading))
            with pytest.raises(NotFoundError):
                rows.update(database, "t", key(reading), {"v": "z"}, ADA)
            with pytest.raises(NotFoundError):
                rows.delete(database, "t", key(reading), ADA)
        rows.delete(database, "t", key(path), ADA)
        undo_last(database)
        assert rows.find(database, "t", key(path)).values["v"] == "y"


def test_rows_with_a_key_of_a_composite_type_are_read_page_by_page(postgresql_url: str) -> None:
    script = "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id pair PRIMARY KEY);"
    every = "INSERT INTO t SELECT (n, 'x, y')::pair FROM generate_series(1, 5) AS n"
    with closing(places.opened(postgresql_url, script + every)) as database:
        found, token = [], None
        for _ in range(3):
            page = rows.page(database, "t", size=2, token=token)
            found += [row[0] for row in page.rows]
            token = page.next
    assert (found, token) == ([f'({n},"x, y")' for n in range(1, 6)], None)


def test_keys_are_drawn_by_identity_and_serial_and_go_on_after_one_that_was_given(postgresql_url: str) -> None:
    script = """
    CREATE TABLE always (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
    CREATE TABLE byhand (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text);
    CREATE TABLE old (id serial PRIMARY KEY, v text);
    """
    with closing(places.opened(postgresql_url, script)) as database:
        for name in ("always", "byhand", "old"):
            assert not columns.field(schema.table(database, name).column("id")).required
            given: list[dict[str, Any]] = [{"v": "a"}, {"id": 7, "v": "b"}, {"v": "c"}, {"id": None}]
            assert rows.insert(database, name, given, ADA).keys == [(1,), (7,), (8,), (9,)]


def test_schemas_views_and_tables_without_a_key_are_read_and_say_why_they_are_not_changed(postgresql_url: str) -> None:
    script = """
    CREATE SCHEMA sales; CREATE TABLE sales.orders (a text, b integer, note text, PRIMARY KEY (a, b));
    INSERT INTO sales.orders VALUES ('x,y', 1, 'n');
    CREATE VIEW v AS SELECT * FROM sales.orders; CREATE MATERIALIZED VIEW mv AS SELECT * FROM sales.orders;
    CREATE MATERIALIZED VIEW empty AS SELECT 1 AS x WITH NO DATA; CREATE TABLE nokey (x integer, j json);
    INSERT INTO nokey VALUES (1, '{}'), (2, '[]');
    """
    with closing(places.opened(postgresql_url, script)) as database:
        found = rows.update(database, "sales.orders", KeyText(("x,y", "1"), "x,y,1"), {"note": "m"}, ADA)
        assert found.key == ("x,y", 1)
        for name in ("v", "mv"):
            assert rows.page(database, name).json()["rows"][0]["a"] == "x,y"
            with pytest.raises(PermissionDenied, match="is a view"):
                rows.insert(database, name, [{"a": "z"}], ADA)
        with pytest.raises(ProgrammingError, match="has not been populated"):
            rows.page(database, "empty")
        assert [row["x"] for row in rows.page(database, "nokey", sort="-x").json()["rows"]] == [2, 1]
        with pytest.raises(PermissionDenied, match="no primary key"):
            rows.insert(database, "nokey", [{"x": 3}], ADA)


def test_a_table_that_may_not_be_read_is_listed_without_its_count(postgresql: Server, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    postgresql.execute(
        f"CREATE ROLE {name}_r LOGIN PASSWORD 'x'; CREATE TABLE mine (id integer PRIMARY KEY);"
        f"CREATE TABLE hidden (id integer PRIMARY KEY); INSERT INTO mine VALUES (1); GRANT SELECT ON mine TO {name}_r",
        database=postgresql_url,
    )
    try:
        with closing(Database("shop", postgresql.url(name, user=f"{name}_r", password="x"))) as database:
            counts = {one.name: one.rows for one in structure.summaries(database)}
            assert counts == {"hidden": None, "mine": 1}
            with pytest.raises(PermissionDenied, match="hidden"):
                rows.page(database, "hidden")
            with pytest.raises(PermissionDenied):
                rows.insert(database, "mine", [{"id": 2}], ADA)
    finally:
        postgresql.execute(f"DROP OWNED BY {name}_r; DROP ROLE {name}_r", database=postgresql_url)


@pytest.mark.parametrize("text", ["", "{", "}", "{1}}", "1", "{1}{2}", "[1:2]", "(1,2)", '{"a}', "{1} "])
def test_what_is_no_array_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="no array"):
        arrays.read(text)


def test_an_array_is_read_without_the_numbers_of_its_places(server_kinds: Database) -> None:
    places.execute(str(server_kinds.place), "INSERT INTO kinds (ai) VALUES ('[2:3][0:1]={{1,2},{NULL,4}}'), ('{}')")
    first, second = rows.page(server_kinds, "kinds").json()["rows"]
    assert (first["ai"], second["ai"]) == ([[1, 2], [None, 4]], [])
    rows.update(server_kinds, "kinds", key("1"), {"v": "x"}, ADA)
    assert rows.find(server_kinds, "kinds", key("1")).values["ai"].startswith("[2:3][0:1]=")


@pytest.mark.parametrize(
    "collation",
    ['"C"', "pg_unicode_fast", pytest.param("nocase", id="one that takes no notice of case")],
)
def test_pages_follow_the_order_of_any_collation(postgresql: Server, postgresql_url: str, collation: str) -> None:
    if collation == "nocase":
        try:
            made = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            postgresql.execute(made, database=postgresql_url)
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL was built without ICU: set FRONTDESK_TEST_POSTGRESQL=URL of one that has it")
    script = f"CREATE TABLE t (k text COLLATE {collation} PRIMARY KEY, v text COLLATE {collation});"
    names = ["b", "B1", "a", "É", "e", "_", "Z", "ä", "A1", "ß"]
    with closing(places.opened(postgresql_url, script)) as database:
        rows.insert(database, "t", [{"k": name, "v": name.swapcase() if "1" in name else None} for name in names], ADA)
        for sort in ("k", "-k", "v", "-v"):
            whole = [row[0] for row in rows.page(database, "t", sort=sort).rows]
            page = rows.page(database, "t", sort=sort, size=3)
            found = [row[0] for row in page.rows]
            while page.next:
                page = rows.page(database, "t", sort=sort, size=3, token=page.next)
                found += [row[0] for row in page.rows]
            assert found == whole
            assert sorted(found) == sorted(names)
        assert [row[0] for row in rows.page(database, "t", where=[("k__contains", "é")]).rows] == ["É"]


def test_no_kind_of_column_is_too_odd_to_be_searched_or_counted(kinds: Database) -> None:
    for column in schema.table(kinds, "kinds").columns:
        assert column.name in rows.page(kinds, "kinds", counted=[column.name], search="a").facets


def test_numbers_of_every_digit_are_no_formulas_and_lists_are_json_in_a_csv_file(server_kinds: Database) -> None:
    rows.insert(server_kinds, "kinds", [{"n": "-5.50", "v": "-x", "ai": [1, None], "j": {"a": 1}, "ok": True}], ADA)
    out = b"".join(exports.export(server_kinds, "kinds", "csv", shown="n,v,ai,j,ok")).decode()
    assert out == 'n,v,ai,j,ok\r\n-5.50,\'-x,"[1,null]","{""a"": 1}",true\r\n'
