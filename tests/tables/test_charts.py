"""Charts and profiles on both engines: what is guessed, grouped in the database, told and refused."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk import errors
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import InputError, NotFoundError
from frontdesk.tables import charts, drawings, profiles
from frontdesk.tables.charts import Chart, Wish
from tests import places

SALES = """
CREATE TABLE sales (id DRAWN, day DATE, at TIMESTAMP, noted TEXT, region TEXT, quantity INTEGER, price REAL,
  amount NUMERIC(12,2), paid BOOLEAN, photo BYTES);
INSERT INTO sales (day, at, noted, region, quantity, price, amount, paid) VALUES
  ('2024-01-05', '2024-01-05 10:30:00', '2024-01-05', 'North', 1, 0.5, 12.50, true),
  ('2024-01-07', '2024-01-07 23:30:00', '2024-02-31', 'South', 2, 1.5, 10.25, false),
  ('2024-01-08', '2024-01-08 00:00:00', '2024-02-28 10:00', 'North', 30, 100, 1, NULL),
  ('2025-12-31', '2025-12-31 23:59:59', '2024-03-01', 'South', 4, 0.3, 1, true),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, true);
CREATE VIEW totals AS SELECT region, sum(quantity) AS total FROM sales GROUP BY region;
CREATE TABLE blank (photo BYTES);
"""


@pytest.fixture
def sales(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SALES)) as database:
        yield database


def drawn(database: Database, table: str = "sales", where: Any = (), **wish: Any) -> Chart:
    return charts.draw(database, table, Wish(**wish), where=where)


def pairs(chart: Chart) -> list[tuple[Any, Any]]:
    return [(one["x"], one["y"]) for one in chart.data]


def guessed(chart: Chart) -> tuple[str, str, str | None, str | None]:
    return chart.kind, chart.x.name, chart.y.name if chart.y else None, chart.aggregate


def test_a_date_and_a_number_are_drawn_as_a_line_of_sums(sales: Database) -> None:
    chart = drawn(sales)
    assert guessed(chart) == ("line", "day", "quantity", "sum")
    assert chart.bucket == "month"
    assert pairs(chart) == [("2024-01-01", 33), ("2025-12-01", 4), (None, None)]
    assert "without a date" in chart.notes[0]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"kind": "bar"}, ("bar", "region", None, "count")),
        ({"kind": "histogram"}, ("histogram", "quantity", None, "count")),
        ({"kind": "scatter"}, ("scatter", "quantity", "price", None)),
        ({"x": "region"}, ("bar", "region", None, "count")),
        ({"x": "region", "y": "amount"}, ("bar", "region", "amount", "sum")),
        ({"x": "region", "aggregate": "mean"}, ("bar", "region", "quantity", "mean")),
        ({"x": "price"}, ("histogram", "price", None, "count")),
        ({"x": "price", "y": "amount"}, ("scatter", "price", "amount", None)),
        ({"x": "noted"}, ("line", "noted", None, "count")),
        ({"y": "price"}, ("line", "day", "price", "sum")),
    ],
)
def test_what_is_left_open_is_guessed(sales: Database, wish: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert guessed(drawn(sales, **wish)) == expected


def test_a_view_is_drawn_by_what_it_holds(sales: Database) -> None:
    chart = drawn(sales, "totals", x="region", y="total")
    assert sorted(pairs(chart), key=str) == [("North", 31), ("South", 6), (None, None)]


def test_bars_are_grouped_by_values_the_largest_first(sales: Database) -> None:
    assert pairs(drawn(sales, x="region", y="amount")) == [("North", 13.5), ("South", 11.25), (None, None)]
    paid = pairs(drawn(sales, kind="bar", x="paid"))
    assert paid[0] == (True, 3)
    assert set(paid) == {(True, 3), (False, 1), (None, 1)}


@pytest.mark.parametrize(
    ("aggregate", "north", "south"),
    [("count", 2, 2), ("sum", 31, 6), ("mean", 15.5, 3), ("median", 15.5, 3), ("min", 1, 2), ("max", 30, 4)],
)
def test_each_aggregate_is_taken_in_the_database(sales: Database, aggregate: str, north: float, south: float) -> None:
    found = dict(pairs(drawn(sales, kind="bar", x="region", y="quantity", aggregate=aggregate)))
    assert (found["North"], found["South"]) == (north, south)


@pytest.mark.parametrize(
    ("bucket", "starts"),
    [
        ("hour", ["2024-01-05T10:00:00", "2024-01-07T23:00:00", "2024-01-08T00:00:00", "2025-12-31T23:00:00"]),
        ("day", ["2024-01-05", "2024-01-07", "2024-01-08", "2025-12-31"]),
        ("week", ["2024-01-01", "2024-01-08", "2025-12-29"]),
        ("month", ["2024-01-01", "2025-12-01"]),
        ("year", ["2024-01-01", "2025-01-01"]),
    ],
)
def test_times_are_put_into_buckets_weeks_from_monday(sales: Database, bucket: str, starts: list[str]) -> None:
    assert [one["x"] for one in drawn(sales, kind="bar", x="at", bucket=bucket).data] == [*starts, None]


def test_texts_that_are_dates_are_put_into_buckets_too(sales: Database) -> None:
    assert pairs(drawn(sales, x="noted", bucket="month")) == [
        ("2024-01-01", 1),
        ("2024-02-01", 1),
        ("2024-03-01", 2),
        (None, 1),
    ]
    starts = [one["x"] for one in drawn(sales, x="noted", bucket="hour").data]
    assert starts == ["2024-01-05T00:00:00", "2024-02-28T10:00:00", "2024-03-01T00:00:00", "2024-03-02T00:00:00", None]


def test_numbers_are_put_into_bins_of_a_round_width(sales: Database) -> None:
    chart = drawn(sales, kind="histogram", x="price", bins="10")
    assert chart.step == 10
    assert [(one["x"], one["x_end"], one["y"]) for one in chart.data] == [(0, 10, 3), (100, 110, 1), (None, None, 1)]
    whole = drawn(sales, kind="histogram", x="quantity")
    assert [(one["x"], one["x_end"]) for one in whole.data][:2] == [(0, 2), (2, 4)]
    assert drawings.place(whole, whole.data[0]) == "0 – 1"


def test_what_is_at_the_edge_of_a_bin_lies_right_of_it(place: Path | str) -> None:
    script = "CREATE TABLE t (v REAL); INSERT INTO t VALUES (0.1), (0.2), (0.3), (0.6), (0.7), (1.0), (0.0);"
    with closing(places.opened(place, script.replace("REAL", "DOUBLE PRECISION"))) as database:
        chart = charts.draw(database, "t", Wish("histogram", "v", bins="10"))
    assert [one["x"] for one in chart.data] == [0, 0.1, 0.2, 0.3, 0.6, 0.7, 1]
    assert {one["y"] for one in chart.data} == {1}


def test_filters_and_search_narrow_a_chart_as_they_do_the_rows(sales: Database) -> None:
    assert pairs(drawn(sales, x="region", where=[("quantity__gt", "2")])) == [("North", 1), ("South", 1)]
    assert pairs(charts.draw(sales, "sales", Wish(x="region"), search="north 12.5")) == [("North", 1)]


def test_a_colour_has_its_most_frequent_values_and_one_for_all_others(place: Path | str) -> None:
    rows = ", ".join(f"('a', '{letter}')" for number, letter in enumerate("abcdefghijkl") for _ in range(20 - number))
    with closing(places.opened(place, f"CREATE TABLE t (x TEXT, c TEXT); INSERT INTO t VALUES {rows}")) as database:
        chart = charts.draw(database, "t", Wish("bar", "x", colour="c"))
    assert {one["colour"]: one["y"] for one in chart.data if not one["other"]} == {
        letter: 20 - number for number, letter in enumerate("abcdefgh")
    }
    assert [one["y"] for one in chart.data if one["other"]] == [12 + 11 + 10 + 9]
    assert "8 most frequent" in chart.notes[0]
    assert drawings.OTHER in {one["colour"] for one in drawings.spec(chart)["data"]["values"]}


def test_at_most_a_thousand_groups_are_told_and_that_there_are_more(place: Path | str) -> None:
    rows = ", ".join(f"('n{number}', {number})" for number in range(1100))
    with closing(places.opened(place, f"CREATE TABLE t (x TEXT, v INTEGER); INSERT INTO t VALUES {rows}")) as database:
        chart = charts.draw(database, "t", Wish("bar", "x", "v"))
        points = charts.draw(database, "t", Wish("scatter", "v", "v"))
    assert len(chart.data) == 1000
    assert chart.data[0] == {"x": "n1099", "y": 1099}
    assert "more than 1,000 groups" in chart.notes[0]
    assert len(drawings.spec(chart)["data"]["values"]) == drawings.MOST_BARS
    assert len(points.data) == 1100


def test_a_scatter_chart_has_two_thousand_points_at_most(place: Path | str) -> None:
    rows = ", ".join(f"({number}, {number % 7})" for number in range(2100))
    with closing(
        places.opened(place, f"CREATE TABLE t (a INTEGER, b INTEGER); INSERT INTO t VALUES {rows}")
    ) as database:
        chart = charts.draw(database, "t", Wish())
    assert (chart.kind, len(chart.data)) == ("scatter", 2000)
    assert chart.notes == ("Only the first 2,000 rows are drawn.",)


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({"kind": "pie"}, "_kind"),
        ({"aggregate": "mode"}, "_aggregate"),
        ({"bucket": "fortnight"}, "_bucket"),
        ({"bins": "0"}, "_bins"),
        ({"bins": "9" * 30}, "_bins"),
        ({"x": "nothing"}, "_x"),
        ({"y": "nothing"}, "_y"),
        ({"colour": "photo"}, "_colour"),
        ({"x": "photo"}, "_x"),
        ({"kind": "histogram", "x": "region"}, "_x"),
        ({"x": "day", "y": "region", "aggregate": "sum"}, "_y"),
        ({"kind": "scatter", "x": "price", "y": "region"}, "_y"),
    ],
)
def test_what_cannot_be_drawn_is_named(sales: Database, wish: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        drawn(sales, **wish)
    assert set(caught.value.errors) == {wrong}


def test_tables_that_are_not_there_or_hold_nothing_to_draw_are_refused(sales: Database) -> None:
    with pytest.raises(NotFoundError):
        drawn(sales, "nothing")
    with pytest.raises(InputError, match="no column that can be drawn"):
        drawn(sales, "blank")
    with pytest.raises(InputError) as caught:
        drawn(sales, where=[("quantity__gt", "many")])
    assert "quantity__gt" in caught.value.errors


def test_a_chart_without_rows_has_no_groups(sales: Database) -> None:
    wishes: list[dict[str, Any]] = [
        {},
        {"x": "price"},
        {"x": "region"},
        {"kind": "scatter", "x": "price", "y": "quantity"},
    ]
    for wish in wishes:
        assert drawn(sales, where=[("region", "nowhere")], **wish).data == []


def test_a_chart_that_takes_too_long_is_ended_with_a_sentence(sales: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "SECONDS", 0.001)
    fill = "INSERT INTO sales (region, quantity) SELECT region, quantity FROM sales;" * 12
    places.execute(sales.place, fill)
    began = time.monotonic()
    with pytest.raises(InputError, match="takes more than"):
        drawn(sales, kind="bar", x="region", y="quantity")
    assert time.monotonic() - began < 10


HOSTILE = [
    "a.b[c]",
    "__proto__",
    "constructor",
    '"quoted"',
    "it's",
    "<script>alert(1)</script>",
    "x\\y",
    "a:b %s {d}",
    "_x",
    "ü 你",
]


def test_names_and_values_of_all_kinds_are_drawn_as_they_are(place: Path | str) -> None:
    named = ", ".join('"' + name.replace('"', '""') + '" TEXT' for name in HOSTILE)
    texts = ", ".join("'" + name.replace("'", "''") + "'" for name in HOSTILE)
    with closing(
        places.opened(place, f"CREATE TABLE t ({named}, n INTEGER); INSERT INTO t VALUES ({texts}, 3)")
    ) as database:
        for name in HOSTILE:
            chart = charts.draw(database, "t", Wish("bar", name, "n", colour=name))
            assert chart.data == [{"x": name, "colour": name, "other": False, "y": 3}]
            spec = json.loads(json.dumps(chart.json()["spec"], allow_nan=False))
            assert {one["field"] for one in spec["encoding"].values()} <= {"x", "y", "colour", "tip", "rank"}
            assert spec["data"]["values"][0]["tip"] == f"{name}: {name}\n{name}: {name}\nsum of n: 3"


def test_infinities_and_texts_among_numbers_are_left_out(place: Path | str) -> None:
    real, beyond = ("REAL", "9e999") if isinstance(place, Path) else ("DOUBLE PRECISION", "'Infinity'")
    strange = "INSERT INTO t VALUES ('many', 'b');" if isinstance(place, Path) else "INSERT INTO t VALUES ('NaN', 'b');"
    script = (
        f"CREATE TABLE t (v {real}, g TEXT); INSERT INTO t VALUES (1.5, 'a'), (2.5, 'a'), ({beyond}, 'b');{strange}"
    )
    with closing(places.opened(place, script)) as database:
        assert dict(pairs(charts.draw(database, "t", Wish("bar", "g", "v")))) == {"a": 4.0, "b": None}
        assert sum(one["y"] for one in charts.draw(database, "t", Wish("histogram", "v")).data) == 4
        found = profiles.describe(database, "t", "v")
        assert (found.least, found.most, found.mean) == (1.5, 2.5, 2.0)


def test_sums_beyond_what_the_database_holds_are_said(place: Path | str) -> None:
    script = f"CREATE TABLE t (g TEXT, v BIGINT); INSERT INTO t VALUES ('a', {2**63 - 1}), ('a', {2**63 - 1})"
    with closing(places.opened(place, script)) as database:
        if isinstance(place, Path):
            with pytest.raises(InputError, match="beyond what the database can hold"):
                charts.draw(database, "t", Wish("bar", "g", "v"))
        else:
            assert pairs(charts.draw(database, "t", Wish("bar", "g", "v"))) == [("a", 2.0 * (2**63 - 1))]
        assert pairs(charts.draw(database, "t", Wish("histogram", "v")))[0][1] == 2


numbers = st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1))
lines = st.lists(
    st.tuples(st.sampled_from(["a", "b", "A", "", "NULL", None]), numbers, st.dates().map(str) | st.none()), max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=lines)
def test_the_bars_add_up_to_the_rows(adding: Database, rows: list[tuple[Any, ...]]) -> None:
    with adding.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM t")
        for row in rows:
            written = [
                "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value) for value in row
            ]
            connection.exec_driver_sql(f"INSERT INTO t VALUES ({', '.join(written)})")
    total = sum(row[1] or 0 for row in rows)
    for wish in (
        Wish("bar", "g", "v"),
        Wish("bar", "d", "v"),
        Wish("bar", "v", "v"),
        Wish("bar", "d", "v", colour="g"),
    ):
        chart = charts.draw(adding, "t", wish)
        assert sum(one["y"] or 0 for one in chart.data) == total
    for wish in (Wish("bar", "g"), Wish("line", "d"), Wish("histogram", "v"), Wish("histogram", "v", bins="7")):
        chart = charts.draw(adding, "t", wish)
        assert sum(one["y"] for one in chart.data) == len(rows)
        json.dumps(chart.json(), allow_nan=False)
    binned = charts.draw(adding, "t", Wish("histogram", "v"))
    for one in binned.data:
        inside = [
            row[1] for row in rows if row[1] is not None and one["x"] is not None and one["x"] <= row[1] < one["x_end"]
        ]
        assert one["x"] is None or one["y"] == len(inside)


@pytest.fixture
def adding(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, "CREATE TABLE t (g TEXT, v INTEGER, d DATE)")) as database:
        yield database


# Profiles


def test_a_profile_of_numbers_counts_measures_and_spreads_them(sales: Database) -> None:
    found = profiles.describe(sales, "sales", "quantity").json()
    assert (found["kind"], found["count"], found["missing"], found["distinct"]) == ("number", 5, 1, 4)
    assert (found["min"], found["max"], found["mean"]) == (1, 30, 9.25)
    assert {one["share"]: one["value"] for one in found["quantiles"]} == {
        0.01: 1, 0.05: 1, 0.25: 1, 0.5: 2, 0.75: 4, 0.95: 30, 0.99: 30,
    }  # fmt: skip
    assert sum(one["y"] for one in found["histogram"]) == 5
    assert {one["value"] for one in found["frequent"]} == {1, 2, 30, 4, None}
    assert found["missed"] == []


def test_a_profile_of_times_texts_and_truths(sales: Database) -> None:
    days = profiles.describe(sales, "sales", "day").json()
    assert (days["kind"], days["min"], days["max"]) == ("time", "2024-01-05", "2025-12-31")
    assert profiles.describe(sales, "sales", "at").most == "2025-12-31T23:59:59"
    texts = profiles.describe(sales, "sales", "region").json()
    assert texts["lengths"] == {"min": 5, "mean": 5, "max": 5}
    assert texts["frequent"][0]["count"] == 2
    assert profiles.describe(sales, "sales", "paid").json()["frequent"][0] == {"value": True, "count": 3}
    photo = profiles.describe(sales, "sales", "photo").json()
    assert (photo["kind"], photo["count"], photo["missing"], photo["frequent"]) == ("other", 5, 5, [])


def test_a_profile_is_of_the_rows_that_fit(sales: Database) -> None:
    assert profiles.describe(sales, "sales", "quantity", where=[("region", "North")]).count == 2
    assert profiles.describe(sales, "sales", "quantity", where=[("region", "nowhere")]).json()["quantiles"] == []
    with pytest.raises(NotFoundError):
        profiles.describe(sales, "sales", "nothing")


def test_a_part_of_a_profile_that_takes_too_long_is_left_out_and_named(
    sales: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: Any) -> None:
        raise errors.InterruptedError("The statement was interrupted.")

    monkeypatch.setattr(profiles._Making, "quantiles", too_long)
    found = profiles.describe(sales, "sales", "quantity")
    assert found.quantiles is None
    assert found.missed == ("quantiles",)
    assert found.distinct == 4


STRANGE = {
    "sqlite": """
CREATE TABLE strange (x, y REAL, j JSON, t DATETIME, d DECIMAL(10,2), bl BLOB, bo BOOLEAN, s TEXT, n INTEGER);
INSERT INTO strange VALUES (9e999, 1.5, '{"a": 1}', '2020-01-01 00:00:00', 12.34, x'00', 1, 'now', 9223372036854775807);
INSERT INTO strange VALUES (9223372036854775807, 2, NULL, 1577836800, 'much', NULL, 7, '', -9223372036854775808);
INSERT INTO strange VALUES (x'00ff', NULL, '[', '12:00', 1e300, x'ff', 'yes', '0000-00-00', 0);
INSERT INTO strange VALUES ('2024-13-45', -1e308, '1', '9999-12-31T23:59:59Z', NULL, x'', 0, '2024-01-01', 1);
INSERT INTO strange VALUES ('text', 1e308, '1', '-4713-11-24', -5, x'', NULL, x'ff', NULL);
""",
    "postgresql": """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE strange (si smallint, bi bigint, r real, f double precision, n numeric, p numeric(8,2), ok boolean, m mood,
  d date, ti time, tt timestamp, tz timestamptz, iv interval, u uuid, ip inet, rng int4range, mon money, o oid,
  tsv tsvector, bits bit(3), pt point, j jsonb, js json, b bytea, ai integer[], s text, c char(5), v varchar);
INSERT INTO strange (bi, f, r, n, d, tt, tz, s, v, o) VALUES
  (9223372036854775807, 'Infinity', 'NaN', 'NaN', 'infinity', '-infinity', 'infinity', '0000-00-00', '9999-99-99', 1),
  (-9223372036854775808, 1e308, 1e38, 1e400, '0044-03-15 BC', '294276-12-31', '9999-12-31 23:59:59+00', '', 'now', 2),
  (0, -1e308, -1e38, -1e400, '5874897-12-31', '2024-01-01', '0001-01-01 00:00:00+00', '2024-02-31 25:61',
  '2024-02-31', 3);
INSERT INTO strange VALUES (1, 2, 3, 4, 5.5, 6.25, true, 'ok', '2024-01-01', '10:00', now(), now(), '1 day',
  gen_random_uuid(), '::1', '[1,5)', 12.5, 7, 'a', B'101', '(1,2)', '{}', '{}', 'x', '{1}', '2024-01-01', 'ab',
  '2024-01-01');
""",
}


def test_whatever_is_chosen_of_whatever_table_is_drawn_or_refused(engine: str, place: Path | str) -> None:
    with closing(places.opened(place, STRANGE[engine])) as database:
        names = [column.name for column in schema.table(database, "strange").columns]
        for name in names:
            profiles.describe(database, "strange", name).json()
        for number, x in enumerate(names):
            for kind in ("", *charts.KINDS):
                y = names[(number * 7 + len(kind)) % len(names)]
                for wish in (
                    Wish(kind, x),
                    Wish(kind, x, y),
                    Wish(kind, x, y, "mean", colour=y, bucket="hour", bins="7"),
                    Wish(kind, x, y, "max", colour=x, bucket="week"),
                ):
                    with suppress(InputError):
                        made = charts.draw(database, "strange", wish).json()
                        assert json.dumps(made, allow_nan=False)
