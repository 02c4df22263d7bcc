"""Any table that SQLite can hold is shown, taken out, put in again, and equal."""

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from frontdesk.context import Caller
from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, keyset, rows, sources
from frontdesk.upkeep import dumps
from frontdesk.web import cells
from tests.tables.holding import asked, held, quoted

BY = Caller("ada", "admin")
TYPES = [
    "",
    "TEXT",
    "INTEGER",
    "REAL",
    "BLOB",
    "NUMERIC",
    "DECIMAL(6,2)",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "JSON",
    "VARCHAR(9)",
]
STRICT = ["ANY", "TEXT", "INTEGER", "REAL", "BLOB"]
WORDS = [
    "",
    "0012",
    "1.0",
    "1e5",
    "true",
    "2024-02-29",
    "2024-02-29 10:00:00",
    "2024-02-29T10:00:00.5Z",
    "=1+1",
    "'",
    "null",
]
WORDS += ["[1,2]", '"a"', "NaN", "-0", "_x0041_", "9007199254740993", "a,b", "\ufeff", "\r\n", "\u2028", " ", "{}"]

texts = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 10**15, 2**63 - 1, -(2**63)]),
    st.floats(allow_nan=False),
    st.sampled_from([math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 0.1, 1e15, 1e16]),
)
stored = st.one_of(st.none(), numbers, texts, st.binary(max_size=6))
names = st.one_of(
    st.sampled_from(
        ["id", "a b", "it's", 'quo"te', "a,b", "_sort", "a__gt", "", "rowid", "select", "%41", "~", "x/y", "[br]"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6),
)


@dataclass(frozen=True)
class Made:
    """A table's SQL, and the rows that it was given."""

    name: str
    sql: str
    rows: list[tuple[Any, ...]]


@st.composite
def tables(draw: st.DrawFn) -> Made:
    """A table with odd names, any key, any storage class in any column, and perhaps a generated column."""
    name = draw(names.filter(lambda one: one and not one.lower().startswith(("sqlite_", "_frontdesk_"))))
    folded = draw(st.lists(names, min_size=1, max_size=4, unique_by=lambda one: one.casefold().encode().lower()))
    strict = draw(st.booleans())
    types = [draw(st.sampled_from(STRICT if strict else TYPES)) for _ in folded]
    parts = [f"{quoted(column)} {declared}" for column, declared in zip(folded, types, strict=True)]
    keyed = draw(st.lists(st.sampled_from(folded), max_size=2, unique=True))
    without = bool(keyed) and draw(st.booleans())
    if draw(st.booleans()):
        generated = quoted("gen" + "x" * 20)
        parts.append(
            f"{generated} TEXT GENERATED ALWAYS AS (typeof({quoted(folded[0])}) || '!') "
            + draw(st.sampled_from(["STORED", "VIRTUAL"]))
        )
    if keyed:
        parts.append(f"PRIMARY KEY ({', '.join(map(quoted, keyed))})")
    options = ", ".join(["STRICT"] * strict + ["WITHOUT ROWID"] * without)
    given_rows = draw(st.lists(st.tuples(*[stored] * len(folded)), max_size=6))
    return Made(name, f"CREATE TABLE {quoted(name)} ({', '.join(parts)}) {options}", given_rows)


@contextmanager
def opened(folder: Path, made: Made) -> Iterator[Database]:
    """A database with the table and as many of the rows as it takes."""
    path = folder / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        try:
            connection.execute(made.sql)
        except sqlite3.Error:
            assume(False)
        shown = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", [made.name])
        own = [quoted(row[0]) for row in shown]
        insert = f"INSERT INTO {quoted(made.name)} ({', '.join(own)}) VALUES ({', '.join('?' * len(own))})"
        for row in made.rows:
            with suppress(sqlite3.Error):  # of two with one key the first stays
                connection.execute(insert, row)
        connection.commit()
    with closing(Database("shop", path)) as database:
        yield database


def imported(folder: Path, database: Database, made: Made, form: str, plain: Callable[[Any], Any]) -> None:
    """Takes the table out and puts it into one without types: the values are equal, as far as the format can say."""
    found = schema.table(database, made.name)
    own = [column.name for column in found.columns if not column.generated]
    before = [
        tuple(map(plain, row))
        for row in asked(database.path, f"SELECT {', '.join(map(quoted, own))} FROM {quoted(made.name)}")
    ]
    out = folder / f"out.{form}"
    out.write_bytes(b"".join(exports.export(database, made.name, form, raw=True)))
    if not before and form in {"ndjson", "json"}:
        return  # no rows, no names
    with closing(sqlite3.connect(folder / "again.db")) as connection:
        listed = ", ".join(quoted(column.name) for column in found.columns)
        connection.execute(f"CREATE TABLE again ({listed})")
    with closing(Database("again", folder / "again.db")) as again:
        source = sources.open(out, delimiter="," if form == "csv" else "")
        imports.load(again, source, "again", BY, imports.Wish(empty_text=True))
    after = asked(folder / "again.db", f"SELECT {', '.join(map(quoted, own))} FROM again")
    assert _comparable(after) == _comparable(before)


def _comparable(found: list[Any]) -> list[Any]:
    return sorted(([_same(value) for value in row] for row in found), key=repr)


def _same(value: Any) -> Any:
    """Numbers are equal whatever their storage class."""
    return float(value) if isinstance(value, int) and float(value) == value and abs(value) <= 2**53 else value


@given(made=tables())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_table_is_shown_in_full(tmp_path_factory: pytest.TempPathFactory, made: Made) -> None:
    with opened(tmp_path_factory.mktemp("trip"), made) as database:
        count = len(held(database.path, made.name))
        for column in ["", *(column.name for column in schema.table(database, made.name).columns)]:
            seen, token = 0, None
            sort = keyset.written_sort(column, True) if column else ""
            while token or not seen:
                page = rows.page(database, made.name, sort=sort, size=2, token=token, count="1")
                assert page.count == count
                page.json()
                cells.plain(page.rows, [False] * len(page.names))
                seen, token = seen + len(page.rows), page.next
                if token is None:
                    break
            assert seen == count


@given(made=tables(), form=st.sampled_from(["sql", "sqlite"]), whole=st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_table_comes_out_as_a_database_that_is_equal(
    tmp_path_factory: pytest.TempPathFactory, made: Made, form: str, whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    with opened(folder, made) as database:
        taken = dumps.dump(database, form) if whole else exports.export(database, made.name, form)
        written = b"".join(taken)
        if form == "sqlite":
            (folder / "out.db").write_bytes(written)
        else:
            with closing(sqlite3.connect(folder / "out.db")) as connection:
                connection.executescript(written.decode())
        assert held(folder / "out.db", made.name) == held(database.path, made.name)
        everything = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
        assert asked(folder / "out.db", everything) == asked(database.path, everything)


@given(made=tables())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_table_goes_through_parquet_as_it_is(tmp_path_factory: pytest.TempPathFactory, made: Made) -> None:
    folder = tmp_path_factory.mktemp("trip")
    with opened(folder, made) as database:
        imported(folder, database, made, "parquet", lambda value: value)


@given(made=tables(), form=st.sampled_from(["ndjson", "json"]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_table_goes_through_json_as_far_as_it_can_say(
    tmp_path_factory: pytest.TempPathFactory, made: Made, form: str
) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, float) and math.isinf(value):
            return None
        if isinstance(value, int) and abs(value) > values.SAFE_INTEGER:
            return str(value)
        return value

    folder = tmp_path_factory.mktemp("trip")
    with opened(folder, made) as database:
        kinds = {column.kind for column in schema.table(database, made.name).columns}
        assume(not kinds & {"json", "boolean"})  # which are values of JSON's own there
        imported(folder, database, made, form, plain)
