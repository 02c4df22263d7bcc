"""A row as it was at a moment, on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.errors import InputError, NotFoundError
from frontdesk.history import changes
from frontdesk.tables import alterations, imports, past, rows, sources
from frontdesk.tables.imports import Wish
from frontdesk.tables.keys import KeyText
from tests import places

ADA = Caller("ada", "admin")
SCRIPT = """
CREATE TABLE people (id DRAWN, name TEXT, age BIGINT);
INSERT INTO people (name, age) VALUES ('Krish', 32), ('Bob', 25);
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    opened = places.opened(place, SCRIPT, "home")
    yield opened
    opened.close()


def key(number: int) -> KeyText:
    return KeyText((str(number),), str(number))


def moments(database: Database, number: int) -> list[str]:
    """When the row changed, oldest first."""
    found = changes.search(database, table="people", key=[number]).changes
    return [change.at.isoformat() for change in reversed(found)]


def test_a_row_is_what_it_was_after_each_of_its_changes(database: Database) -> None:
    before = datetime.now(UTC).isoformat()
    rows.update(database, "people", key(1), {"age": 33}, ADA)
    rows.update(database, "people", key(1), {"age": 34, "name": "K."}, ADA)
    rows.delete(database, "people", key(1), ADA)
    ages = []
    for at in (before, *moments(database, 1)):
        found = past.find(database, "people", key(1), at)
        ages.append(found.then and found.then["age"])
        assert found.now is None
    assert ages == [32, 33, 34, None]


def test_it_says_between_which_changes_the_row_was_so(database: Database) -> None:
    (made,) = rows.insert(database, "people", [{"name": "Dora"}], ADA).keys
    rows.update(database, "people", key(made[0]), {"age": 41}, ADA)
    first, second = moments(database, made[0])
    found = past.find(database, "people", key(made[0]), first)
    assert found.began and found.ended
    assert (found.began.operation, found.ended.operation) == ("insert", "update")
    assert (found.then or {})["age"] is None and (found.now or {})["age"] == 41
    assert found.json()["row"] == {"id": made[0], "name": "Dora", "age": None}
    assert past.find(database, "people", key(made[0]), second).ended is None
    assert past.find(database, "people", key(made[0]), "2020-01-01").then is None, "it was not there yet"


def test_a_loaded_row_was_not_there_before_its_load(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("id,name,age\n7,Ann,1\n8,Ben,2\n")
    before = datetime.now(UTC).isoformat()
    imports.load(database, sources.open(file), "people", ADA, Wish())
    assert past.find(database, "people", key(7), before).then is None
    assert (past.find(database, "people", key(7), datetime.now(UTC).isoformat()).then or {})["name"] == "Ann"


def test_a_column_that_is_gone_stands_beside_those_of_today(database: Database) -> None:
    before = datetime.now(UTC).isoformat()
    rows.update(database, "people", key(2), {"age": 26}, ADA)
    alterations.alter(database, "people", {"drop": ["age"]}, ADA)
    found = past.find(database, "people", key(2), before)
    assert (found.then or {})["age"] == 25
    assert found.names == ["id", "name", "age"]


def test_what_is_no_moment_and_what_never_was_are_said(database: Database) -> None:
    with pytest.raises(InputError) as wrong:
        past.find(database, "people", key(1), "yesterday")
    assert "at" in wrong.value.errors
    with pytest.raises(NotFoundError, match="history knows of none"):
        past.find(database, "people", key(99), "2026-01-01")
