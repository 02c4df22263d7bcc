"""Many rows at once, on both engines: all of it or nothing, one change, and every refusal at its row and column."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, Error, InputError, IntegrityError
from frontdesk.history import changes, undo
from frontdesk.tables import edits, rows, selections
from frontdesk.tables.keys import KeyText
from frontdesk.tables.selections import Chosen
from tests import places
from tests.conftest import EVE

PEOPLE = """
CREATE TABLE people (
  id DRAWN, name TEXT NOT NULL UNIQUE, age INTEGER CONSTRAINT grown CHECK (age > 0), photo BYTES,
  boss INTEGER REFERENCES people (id));
CREATE TABLE visits (place TEXT, number INTEGER, note TEXT NOT NULL, PRIMARY KEY (place, number));
INSERT INTO people (name, age, boss) VALUES ('Krish', 32, NULL), ('Bob', 25, 1), ('Zoe', NULL, 1);
INSERT INTO visits VALUES ('a,b', 1, ''), ('a', 2, 'x');
"""


@pytest.fixture
def shop(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, PEOPLE)) as database:
        yield database


Block = list[dict[str, Any]]


def all_of(database: Database, table: str = "people", names: str = "name,age") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows.page(database, table, shown=names).rows]


def keys(*given: int) -> Chosen:
    return Chosen([KeyText((str(one),), str(one)) for one in given])


def refused(error: Error) -> dict[str, str]:
    if isinstance(error, IntegrityError):
        return dict.fromkeys(error.columns, error.message)
    assert isinstance(error, InputError)
    return error.errors


def test_a_block_with_new_rows_is_one_change_that_is_undone_as_one(shop: Database) -> None:
    block: Block = [{"key": 1, "set": {"name": "Krish", "age": "33"}}, {"key": "2", "set": {"age": None}}]
    new = [{"name": "Ann", "age": "7"}, {"name": "Bea", "age": ""}]
    tried = edits.update_many(shop, "people", block, EVE, insert=new, texts=True, trial=True)
    assert (tried.updated, tried.inserted, tried.cells, tried.change) == (2, 2, 2, None)
    before = all_of(shop)
    assert before == [("Krish", 32), ("Bob", 25), ("Zoe", None)]
    done = edits.update_many(shop, "people", block, EVE, insert=new, texts=True)
    assert all_of(shop) == [("Krish", 33), ("Bob", None), ("Zoe", None), ("Ann", 7), ("Bea", None)]
    (change,) = changes.search(shop).changes
    assert (change.id, change.rows) == (done.change, 4)
    undo.undo(shop, [change.number], EVE)
    assert [row[:2] for row in all_of(shop)] == before


REFUSED: list[tuple[list[dict[str, Any]], list[dict[str, Any]], set[str]]] = [
    ([{"key": 1, "set": {"age": "50"}}, {"key": 2, "set": {"age": "-1"}}], [], {"rows.1.age"}),
    ([{"key": 2, "set": {"name": "Krish"}}], [], {"rows.0.name"}),
    ([{"key": 2, "set": {"name": None}}], [], {"rows.0.name"}),
    ([{"key": 2, "set": {"boss": "99"}}], [], {"rows.0.boss"}),
    ([{"key": 1, "set": {"age": "x", "nose": "1"}}], [{"age": "1"}], {"rows.0.age", "rows.0.nose", "insert.0.name"}),
    ([{"key": 1, "set": {"age": "50"}}], [{"name": "Bob"}], {"insert.0.name"}),
    ([{"key": 1, "set": {"age": "5"}}, {"key": "1", "set": {"age": "6"}}], [], {"rows.1"}),
    ([{"key": 1, "set": {"photo": "x"}}], [], {"rows.0.photo"}),
]


@pytest.mark.parametrize(("block", "new", "where"), REFUSED)
def test_what_is_refused_names_row_and_column_and_changes_nothing(
    shop: Database, block: list[dict[str, Any]], new: list[dict[str, Any]], where: set[str]
) -> None:
    before = all_of(shop)
    with pytest.raises((InputError, IntegrityError)) as error:
        edits.update_many(shop, "people", block, EVE, insert=new, texts=True)
    assert set(refused(error.value)) == where
    assert all(refused(error.value).values())
    assert all_of(shop) == before and not changes.search(shop).changes


@pytest.mark.parametrize(
    ("given", "where"),
    [({"age": "0"}, "age"), ({"boss": "99"}, "boss"), ({"name": None}, "name"), ({"name": "Bob"}, "name")],
)
def test_a_cell_and_many_rows_are_refused_at_the_column(
    shop: Database, given: dict[str, str | None], where: str
) -> None:
    for attempt in (
        lambda: rows.update(shop, "people", KeyText(("1",), "1"), given, EVE, texts=True),
        lambda: selections.update(shop, "people", keys(1, 3), given, EVE, texts=True),
    ):
        with pytest.raises((InputError, IntegrityError)) as error:
            attempt()
        assert list(refused(error.value)) == [where]


def test_a_row_that_changed_since_it_was_read_or_is_gone_stops_the_block(shop: Database) -> None:
    block = [{"key": 1, "set": {"age": 5}}, {"key": 2, "set": {"age": 6}, "etag": "old"}]
    with pytest.raises(ConflictError) as stale:
        edits.update_many(shop, "people", block, EVE)
    assert stale.value.current is not None and stale.value.current["name"] == "Bob"
    with pytest.raises(ConflictError, match="no row 77"):
        edits.update_many(shop, "people", [block[0], {"key": 77, "set": {"age": 6}}], EVE)
    assert all_of(shop)[0] == ("Krish", 32)


def test_empty_text_and_null_are_two_things(shop: Database) -> None:
    block = [{"key": ["a,b", 1], "set": {"note": "y"}}, {"key": ["a", 2], "set": {"note": ""}}]
    edits.update_many(shop, "visits", block, EVE, texts=True)
    assert sorted(all_of(shop, "visits", "place,note")) == [("a", "", "a", 2)[:2], ("a,b", "y")]
    with pytest.raises(InputError, match="note needs a value"):
        edits.update_many(shop, "visits", [{"key": ["a", 2], "set": {"note": None}}], EVE, texts=True)


def test_the_same_is_set_in_all_rows_that_a_filter_selects(shop: Database) -> None:
    chosen = Chosen(where=[("boss", "1")], count=2)
    tried = selections.update(shop, "people", chosen, {"age": 25}, EVE, trial=True)
    assert (tried.updated, tried.cells) == (1, 1)  # Bob is 25 already
    assert [(one.before["age"], one.after["age"]) for one in tried.told if one.before and one.after] == [(None, 25)]
    done = selections.update(shop, "people", chosen, {"age": 26}, EVE)
    assert all_of(shop) == [("Krish", 32), ("Bob", 26), ("Zoe", 26)]
    assert done.change is not None
    undo.undo(shop, [int(done.change.rpartition(".")[2])], EVE)
    assert all_of(shop) == [("Krish", 32), ("Bob", 25), ("Zoe", None)]


def test_other_rows_than_were_counted_are_left_alone(shop: Database) -> None:
    with pytest.raises(ConflictError, match="2 rows by now, and not 3"):
        selections.delete(shop, "people", Chosen(where=[("boss", "1")], count=3), EVE)
    with pytest.raises(ConflictError, match="no longer there"):
        selections.delete(shop, "people", keys(2, 99), EVE)
    for nothing in (Chosen([]), Chosen(where=[("name", "Nobody")])):
        with pytest.raises(InputError, match="No row is chosen"):
            selections.delete(shop, "people", nothing, EVE)
    assert len(all_of(shop)) == 3


def test_chosen_rows_are_deleted_together_and_come_back_together(shop: Database) -> None:
    with pytest.raises(ConflictError, match="Other rows refer"):
        selections.delete(shop, "people", keys(1, 2), EVE)
    done = selections.delete(shop, "people", keys(1, 2, 3), EVE)  # which refer to one another
    assert done.deleted == 3 and all_of(shop) == []
    undo.undo(shop, [change.number for change in changes.search(shop).changes], EVE)
    assert len(all_of(shop)) == 3


def test_rows_are_duplicated_under_new_keys_unless_a_value_may_be_there_once(shop: Database) -> None:
    with pytest.raises(IntegrityError) as error:
        selections.duplicate(shop, "people", keys(1), EVE)
    assert error.value.columns == ("name",)
    with pytest.raises(InputError, match="by hand"):
        selections.duplicate(shop, "visits", Chosen([KeyText(("a", "2"), None)]), EVE)


def test_a_copy_holds_all_but_the_key(place: Path | str) -> None:
    script = "CREATE TABLE t (id DRAWN, a TEXT, b BYTES); INSERT INTO t (a) VALUES ('x'), (NULL);"
    with closing(places.opened(place, script)) as database:
        done = selections.duplicate(database, "t", keys(1, 2), EVE)
        assert done.inserted == 2
        assert all_of(database, "t", "id,a") == [(1, "x"), (2, None), (3, "x"), (4, None)]


def test_no_more_rows_are_changed_at_once_than_is_said(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
    numbers += " INSERT INTO t SELECT i, 0 FROM n;"
    with closing(
        places.opened(tmp_path / "t.db", f"CREATE TABLE t (id INTEGER PRIMARY KEY, a); {numbers}")
    ) as database:
        with pytest.raises(InputError, match="More than 10,000"):
            selections.update(database, "t", Chosen(), {"a": 1}, EVE)
        done = selections.update(database, "t", Chosen(where=[("id__gt", "1")], count=10_000), {"a": 1}, EVE)
        assert done.updated == 10_000
        assert selections.delete(database, "t", Chosen(where=[("a", "1")]), EVE).deleted == 10_000
