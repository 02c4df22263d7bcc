"""Charts of queries on both engines: guessed from what the query gives, grouped in the database, and refused."""

from collections.abc import Callable
from typing import Any

import pytest

from frontdesk.tables.figures import Chart
from tests.tables.asking import Asking

SCRIPT = """
CREATE TABLE sales (id DRAWN, day DATE, region TEXT, quantity INTEGER, amount NUMERIC(12,2), paid BOOLEAN, photo BYTES);
INSERT INTO sales (day, region, quantity, amount, paid) VALUES
  ('2024-01-05', 'North', 1, 12.50, true), ('2024-01-07', 'South', 2, 10.25, false),
  ('2024-01-08', 'North', 30, 1, NULL), ('2025-12-31', 'South', 4, 1, true), (NULL, NULL, NULL, NULL, true);
CREATE TABLE bare (name TEXT);
INSERT INTO bare VALUES ('a'), ('a'), ('b'), ('b');
"""
HOSTILE = [
    "a.b[c]",
    "x:y",
    "it's",
    'say ""hi""',
    "100%",
    "c0",
    "c0_1",
    "typed0x",
    "; DROP TABLE sales",
    "-- x",
    "%(a)s",
]


@pytest.fixture
def shop(asking: Callable[[str], Asking]) -> Asking:
    return asking(SCRIPT)


def pairs(chart: Chart) -> list[tuple[Any, Any]]:
    return [(one["x"], one["y"]) for one in chart.data]


def guessed(chart: Chart) -> tuple[str, str, str | None, str | None]:
    return chart.kind, chart.x.name, chart.y.name if chart.y else None, chart.aggregate


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT day AS at, quantity FROM sales", ("line", "at", "quantity", "sum")),
        ("SELECT region, paid FROM sales UNION ALL SELECT region, paid FROM sales", ("bar", "region", None, "count")),
        ("SELECT amount, quantity * 2 AS twice FROM sales", ("scatter", "amount", "twice", None)),
        ("SELECT quantity FROM sales", ("histogram", "quantity", None, "count")),
        ("WITH x AS (SELECT amount FROM sales) SELECT * FROM x -- c", ("histogram", "amount", None, "count")),
        ("SELECT * FROM bare;", ("bar", "name", None, "count")),
        ("VALUES ('a', 1), ('a', 2), ('b', 3), ('b', 3)", ("bar", "column1", None, "count")),
    ],
)
def test_the_kind_is_guessed_from_what_the_query_gives(
    shop: Asking, sql: str, expected: tuple[str, str, str | None, str | None]
) -> None:
    assert guessed(shop.draw(sql)) == expected


def test_groups_are_made_in_the_database_with_the_values_of_parameters(shop: Asking) -> None:
    sql = "SELECT region, amount, ':no' AS c FROM sales WHERE quantity < :most AND region <> :param_1"
    wish = {"x": "region", "y": "amount"}
    assert pairs(shop.draw(sql, {"most": 10, "param_1": "x"}, **wish)) == [("North", 12.5), ("South", 11.25)]
    many = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n, n % 3 AS r FROM c"
    assert pairs(shop.draw(many, kind="bar", x="r", y="n", aggregate="median")) == [(0, 2500.5), (1, 2500), (2, 2501)]
    points = shop.draw(many, kind="scatter", x="n", y="r")
    assert (len(points.data), "first 2,000" in points.notes[0]) == (2000, True)


@pytest.mark.parametrize(("bucket", "first"), [("month", ("2024-01-01", 33)), ("year", ("2024-01-01", 33))])
def test_times_are_put_into_buckets(shop: Asking, bucket: str, first: tuple[str, int]) -> None:
    assert pairs(shop.draw("SELECT day, quantity FROM sales", bucket=bucket))[0] == first


def test_colours_and_truth_are_told_as_the_columns_are(shop: Asking) -> None:
    chart = shop.draw("SELECT region, paid, quantity FROM sales", x="region", y="quantity", colour="paid")
    assert {one["colour"] for one in chart.data} <= {True, False, None}
    assert sum(one["y"] or 0 for one in chart.data) == 37


def test_names_of_columns_are_only_names(shop: Asking) -> None:
    listed = ", ".join(f'quantity AS "{name}"' for name in HOSTILE)
    for name in HOSTILE:
        shown = name.replace('""', '"')
        chart = shop.draw(f"SELECT {listed}, region FROM sales", x=shown, y=shown, kind="bar", colour=shown)
        assert sum(one["y"] or 0 for one in chart.data) == 37, name
    assert shop.read("SELECT count(*) FROM sales").rows == [(5,)]


def test_two_columns_of_one_name_are_told_apart(shop: Asking) -> None:
    chart = shop.draw("SELECT region AS a, quantity AS a FROM sales", x="a", y="a (2)")
    assert pairs(chart)[0] == ("North", 31)


@pytest.mark.parametrize(
    ("sql", "wish", "field"),
    [
        ("SELECT region FROM sales", {"x": "nosuch"}, "_x"),
        ("SELECT region FROM sales", {"kind": "pie"}, "_kind"),
        ("SELECT region FROM sales", {"kind": "histogram"}, "_x"),
        ("SELECT region FROM sales; SELECT 1", {}, "sql"),
        ("EXPLAIN SELECT region FROM sales", {}, "sql"),
        ("DELETE FROM sales", {}, "sql"),
        ("DELETE FROM sales RETURNING region", {}, "sql"),
        ("SELECT 1) SELECT 1 --", {}, "sql"),
        ("SELECT 1) , pwned AS (SELECT 1", {}, "sql"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_changes_nothing(
    shop: Asking, sql: str, wish: dict[str, str], field: str
) -> None:
    assert field in shop.refused(lambda: shop.draw(sql, **wish)).errors
    assert shop.read("SELECT count(*) FROM sales").rows == [(5,)]


def test_a_query_without_rows_has_a_chart_without_groups(shop: Asking) -> None:
    assert shop.draw("SELECT region, quantity FROM sales WHERE 1 = 0").data == []
