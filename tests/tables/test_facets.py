from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.errors import InputError
from frontdesk.tables import facets, rows, structure

ADA = Caller("ada", "admin")
REGIONS = ["North", "South", "North", "École", None, "North"]


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(Database("shop", place, create=True)) as opened:
        columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
        structure.create(opened, {"name": "sales", "columns": [KEY, *columns]}, ADA)
        given = [{"region": region, "paid": number % 2 == 0, "sum": number} for number, region in enumerate(REGIONS)]
        rows.insert(opened, "sales", given, ADA)
        yield opened


KEY = {"name": "id", "type": "INTEGER", "primary_key": True}
COLUMNS = {"region": "TEXT", "paid": "BOOLEAN", "sum": "INTEGER"}


def counts(database: Database, column: str, **given: object) -> list[tuple[object, int, bool]]:
    found = rows.page(database, "sales", counted=[column], **given).facets[column]  # type: ignore[arg-type]
    return [(one["value"], one["count"], one["selected"]) for one in found]


def test_the_values_of_a_column_are_counted_the_most_frequent_first(database: Database) -> None:
    assert counts(database, "region")[0] == ("North", 3, False)
    assert sorted(counts(database, "region")[1:], key=str) == [
        ("South", 1, False),
        ("École", 1, False),
        (None, 1, False),
    ]
    assert counts(database, "paid") == [(False, 3, False), (True, 3, False)]


def test_a_chosen_value_is_marked_and_the_others_stay_to_be_chosen(database: Database) -> None:
    found = counts(database, "region", where=[("region", "South"), ("sum__lt", "3")])
    assert found == [("North", 2, False), ("South", 1, True)]
    assert ("École", 1, True) in counts(database, "region", where=[("region__in", "École,North")])


def test_words_are_searched_for_in_every_column_without_regard_to_case(database: Database) -> None:
    assert [row["sum"] for row in rows.page(database, "sales", search="éCO").json()["rows"]] == [3]
    assert [row["sum"] for row in rows.page(database, "sales", search="north 5").json()["rows"]] == [5]
    assert counts(database, "region", search="north") == [("North", 3, False)]
    assert rows.page(database, "sales", search="%").json()["rows"] == []


def test_a_page_of_a_search_goes_on_with_the_same_search_alone(database: Database) -> None:
    first = rows.page(database, "sales", search="north", size=2)
    assert first.next
    assert [row["sum"] for row in rows.page(database, "sales", search="north", size=2, token=first.next).named()] == [5]
    with pytest.raises(InputError, match="another sort or filter"):
        rows.page(database, "sales", search="south", size=2, token=first.next)


def test_an_unknown_column_has_no_facet(database: Database) -> None:
    with pytest.raises(InputError) as caught:
        rows.page(database, "sales", counted=["nothing"])
    assert caught.value.errors == {"_facet": "sales has no column 'nothing'."}


def test_a_count_that_takes_too_long_is_ended_with_a_sentence(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "SECONDS", 0.001)
    for _ in range(12):
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO sales (region, sum) SELECT region || sum, sum + 1 FROM sales")
    with pytest.raises(InputError) as caught:
        rows.page(database, "sales", counted=["region"])
    assert "filter first" in caught.value.errors["_facet"]
    assert rows.page(database, "sales", size=1).rows
