import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, InputError, IntegrityError, NotFoundError
from frontdesk.tables import rows, structure
from frontdesk.tables.keys import KeyText
from tests import places
from tests.postgresql import Server

ADA = Caller("ada", "admin")
MIXED = [None, 1, 2, 3, 2.5, "x", "É", "y"]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def mixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """500 rows without a primary key, with NULLs; on SQLite also with numbers and texts in the same column."""
    drawn = random.Random(1)
    data = [(drawn.choice(MIXED), drawn.choice([None, "q", "w"]), number) for number in range(500)]
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("mixed") / "mixed.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t (a, b, c)")
            connection.executemany("INSERT INTO t VALUES (?, ?, ?)", data)
        connection.close()
        with closing(Database("mixed", path)) as database:
            yield database
        return
    server: Server = request.getfixturevalue("postgresql")
    url = server.create()
    with closing(Database("mixed", url)) as database:
        columns = [{"name": "a"}, {"name": "b"}, {"name": "c", "type": "INTEGER"}]
        structure.create(database, {"name": "t", "columns": columns}, ADA)
        given = [{"a": a if a is None else str(a), "b": b, "c": c} for a, b, c in data]
        rows.insert(database, "t", given, ADA)
        yield database
    server.drop(url)


SHOP = """
CREATE TABLE people (id DRAWN, name TEXT NOT NULL, age INTEGER, ok BOOLEAN, born DATE);
CREATE TABLE orders (
  person INTEGER REFERENCES people (id), number INTEGER, note TEXT, PRIMARY KEY (person, number));
CREATE VIEW adults AS SELECT name FROM people WHERE age >= 18;
INSERT INTO people (name, age, ok, born) VALUES
  ('Krish', 32, TRUE, '1990-01-02'), ('Bob', 25, FALSE, NULL), ('Élodie', NULL, NULL, NULL);
INSERT INTO orders VALUES (1, 1, 'a,b'), (1, 2, NULL);
"""


@pytest.fixture
def shop(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SHOP)) as database:
        yield database


@pytest.fixture
def shop_file(tmp_path: Path) -> Iterator[Database]:
    """The same on SQLite, whose columns hold whatever they are given."""
    with closing(places.opened(tmp_path / "shop.db", SHOP)) as database:
        yield database


def key(text: str) -> KeyText:
    return KeyText(tuple(text.split(",")), text)


@given(
    sort=st.lists(
        st.sampled_from(["a", "-a", "b", "-b", "c", "-c"]), max_size=3, unique_by=lambda name: name.lstrip("-")
    ),
    size=st.integers(20, 300),
)
def test_pages_put_together_are_the_whole_table_forwards_and_backwards(
    mixed: Database, sort: list[str], size: int
) -> None:
    order = ",".join(sort)
    whole = [row[2] for row in rows.page(mixed, "t", sort=order, size=1000).rows]
    page = rows.page(mixed, "t", sort=order, size=size)
    forwards = [row[2] for row in page.rows]
    while page.next:
        page = rows.page(mixed, "t", sort=order, size=size, token=page.next)
        forwards += [row[2] for row in page.rows]
    backwards = [row[2] for row in page.rows]
    while page.previous:
        page = rows.page(mixed, "t", sort=order, size=size, token=page.previous)
        backwards = [row[2] for row in page.rows] + backwards
    assert sorted(whole) == list(range(500))
    assert forwards == backwards == whole


def test_nulls_come_last_in_both_directions(mixed: Database) -> None:
    for order in ("a", "-a"):
        values = [row[0] for row in rows.page(mixed, "t", sort=order, size=1000).rows]
        first = values.index(None)
        assert set(values[first:]) == {None}


def test_a_token_of_another_sort_or_filter_is_refused(mixed: Database) -> None:
    token = rows.page(mixed, "t", sort="a", size=10).next
    for other in ({"sort": "-a"}, {"sort": "a", "where": [("b", "q")]}):
        with pytest.raises(InputError, match="another sort or filter"):
            rows.page(mixed, "t", token=token, size=10, **other)


@pytest.mark.parametrize("token", ["nonsense", "", "W10", "é", "A" * 500])
def test_a_token_that_is_none_is_refused_or_the_first_page(shop: Database, token: str) -> None:
    if token:
        with pytest.raises(InputError):
            rows.page(shop, "people", token=token)
    else:
        assert len(rows.page(shop, "people", token=token).rows) == 3


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([("age", "32")], ["Krish"]),
        ([("age__gte", "25"), ("age__lt", "32")], ["Bob"]),
        ([("age__not", "25")], ["Krish", "Élodie"]),
        ([("name__contains", "ob")], ["Bob"]),
        ([("name__contains", "é")], ["Élodie"]),
        ([("name__startswith", "k")], ["Krish"]),
        ([("name__endswith", "IE")], ["Élodie"]),
        ([("name__contains", "%")], []),
        ([("age__in", "25,32")], ["Krish", "Bob"]),
        ([("name__in", '"Bob","a,b"')], ["Bob"]),
        ([("age__isnull", "1")], ["Élodie"]),
        ([("age__isnull", "0")], ["Krish", "Bob"]),
        ([("ok", "true")], ["Krish"]),
        ([("age__contains", "2")], ["Krish", "Bob"]),
    ],
)
def test_filters_find_the_rows_that_a_person_means(
    shop: Database, filters: list[tuple[str, str]], names: list[str]
) -> None:
    assert [row[1] for row in rows.page(shop, "people", where=filters).rows] == names


@pytest.mark.parametrize(
    "filters",
    [[("nosuch", "1")], [("age__nosuch", "1")], [("_nosuch", "1")], [("age__gt", "old")], [("age__isnull", "2")]],
)
def test_an_unknown_column_operator_or_value_is_named(shop: Database, filters: list[tuple[str, str]]) -> None:
    with pytest.raises(InputError) as wrong:
        rows.page(shop, "people", where=filters)
    assert list(wrong.value.errors) == [filters[0][0]]


def test_rows_of_a_composite_key_are_found_by_its_parts(shop: Database) -> None:
    assert rows.find(shop, "orders", key("1,1")).json() == {"person": 1, "number": 1, "note": "a,b"}
    with pytest.raises(NotFoundError):
        rows.find(shop, "orders", key("1"))


def test_inserting_names_every_wrong_column_and_inserts_nothing(shop: Database) -> None:
    with pytest.raises(InputError) as wrong:
        rows.insert(shop, "people", [{"name": "Ann"}, {"name": None, "age": "old", "extra": 1, "born": "02/03"}], ADA)
    assert set(wrong.value.errors) == {"rows.1.name", "rows.1.age", "rows.1.extra", "rows.1.born"}
    assert len(rows.page(shop, "people").rows) == 3


def test_a_key_that_is_there_is_an_error_ignored_or_updated_as_asked(shop: Database) -> None:
    row: dict[str, Any] = {"id": 2, "name": "Bobby"}
    with pytest.raises(IntegrityError):
        rows.insert(shop, "people", [{"name": "Ann"}, row], ADA)
    assert rows.insert(shop, "people", [row], ADA, "ignore").json() == {"inserted": 0, "updated": 0, "keys": []}
    assert rows.insert(shop, "people", [row], ADA, "update").json() == {"inserted": 0, "updated": 1, "keys": [2]}
    assert [found[1] for found in rows.page(shop, "people").rows] == ["Krish", "Bobby", "Élodie"]


def test_a_stale_edit_is_refused_with_the_row_as_it_is_now(shop: Database) -> None:
    seen = rows.find(shop, "people", key("1"))
    rows.update(shop, "people", key("1"), {"age": 33}, ADA, seen.etag)
    with pytest.raises(ConflictError) as stale:
        rows.update(shop, "people", key("1"), {"age": 99}, ADA, seen.etag)
    assert stale.value.current is not None and stale.value.current["age"] == 33
    assert rows.find(shop, "people", key("1")).values["age"] == 33


def test_a_form_changes_only_what_was_typed_anew(shop_file: Database) -> None:
    shop = shop_file
    places.execute(shop.path, "UPDATE people SET born = 'in spring' WHERE id = 1")
    typed = {"name": "Krish", "age": "34", "ok": "true", "born": "in spring"}
    assert rows.update_typed(shop, "people", key("1"), typed, ADA).json()["age"] == 34
    with pytest.raises(InputError) as wrong:
        rows.update_typed(shop, "people", key("1"), {**typed, "age": "3O", "born": "May"}, ADA)
    assert set(wrong.value.errors) == {"age", "born"}


def test_empty_text_and_null_can_both_be_typed(shop: Database) -> None:
    shown = {"note__null_shown": "1"}
    assert rows.update_typed(shop, "orders", key("1,1"), {"note": "", **shown}, ADA).values["note"] == ""
    assert (
        rows.update_typed(shop, "orders", key("1,1"), {"note": "", "note__null": "1", **shown}, ADA).values["note"]
        is None
    )


def test_a_row_that_others_refer_to_is_not_deleted(shop: Database) -> None:
    with pytest.raises(ConflictError, match="refer to this one"):
        rows.delete(shop, "people", key("1"), ADA)
    rows.delete(shop, "people", key("2"), ADA)
    assert [row[0] for row in rows.page(shop, "people").rows] == [1, 3]


NAMES = [
    'a"b',
    "a]b",
    "a'b",
    "a b",
    "a%b",
    "a/b",
    "a,b",
    "select",
    "é漢😀",
    "a;b--c",
    "a.b",
    ":x",
    "?",
    "%s",
    "{{7*7}}",
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_of_tables_and_columns_work_from_creation_to_undo(shop: Database, name: str) -> None:
    columns = [{"name": "id", "type": "INTEGER", "primary_key": True}, {"name": name + "c", "default": "it's"}]
    table = structure.create(shop, {"name": name, "columns": columns}, ADA)
    made = rows.insert(shop, name, [{}, {name + "c": "two"}], ADA)
    assert made.keys == [(1,), (2,)]
    rows.update(shop, name, key("1"), {name + "c": "one"}, ADA)
    rows.delete(shop, name, key("2"), ADA)
    page = rows.page(shop, name, where=[(name + "c", "one")], sort="-" + name + "c" if "," not in name else "")
    assert page.json()["rows"] == [{"id": 1, name + "c": "one"}]
    assert [summary.name for summary in structure.summaries(shop) if summary.name == name] == [table.name]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "", "columns": [{"name": "a"}]}, "name"),
        ({"name": "_frontdesk_x", "columns": [{"name": "a"}]}, "name"),
        ({"name": "x" * 64, "columns": [{"name": "a"}]}, "name"),
        ({"name": "t", "columns": []}, "columns"),
        ({"name": "t", "columns": [{"name": "a", "type": "MONEY"}]}, "columns.0.type"),
        ({"name": "t", "columns": [{"name": "a"}, {"name": "A"}]}, "columns.1.name"),
        ({"name": "t", "columns": [{"name": "a", "type": "INTEGER", "default": "x"}]}, "columns.0.default"),
        (
            {"name": "t", "columns": [{"name": "a", "references": {"table": "no", "column": "id"}}]},
            "columns.0.references",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused_naming_the_field(shop: Database, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as wrong:
        structure.create(shop, given, ADA)
    assert field in wrong.value.errors


def test_a_view_is_read_but_never_written(shop: Database) -> None:
    assert rows.page(shop, "adults", sort="name").json()["rows"] == [{"name": "Bob"}, {"name": "Krish"}]
    assert not schema.table(shop, "adults").editable


def test_rows_without_a_primary_key_carry_their_key(mixed: Database) -> None:
    (row,) = rows.page(mixed, "t", size=1).json()["rows"]
    assert row["_key"] == 1
    assert rows.find(mixed, "t", key("1")).json() == row


def test_rows_whose_key_is_null_are_all_shown_and_none_is_changed_for_another(tmp_path: Path) -> None:
    script = "CREATE TABLE t (id TEXT PRIMARY KEY, n); INSERT INTO t VALUES (NULL, 1), (NULL, 2), (NULL, 3), ('a', 4)"
    with closing(places.opened(tmp_path / "shop.db", script)) as database:
        seen: list[Any] = []
        token: str | None = None
        while token or not seen:
            page = rows.page(database, "t", size=1, token=token)
            seen, token = seen + [row[1] for row in page.rows], page.next
        assert seen == [4, 1, 2, 3]
        null = KeyText((None,), None)
        for act in (
            lambda: rows.find(database, "t", null),
            lambda: rows.update(database, "t", null, {"n": 9}, ADA),
            lambda: rows.delete(database, "t", null, ADA),
        ):
            with pytest.raises(ConflictError, match="Several rows of t have the key NULL"):
                act()
