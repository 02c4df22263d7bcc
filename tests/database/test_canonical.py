"""One way of writing each value, whatever engine it comes from."""

from typing import Any

import pytest

from frontdesk.database import canonical
from frontdesk.database.outlines import Form


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        ("number", [12.5, "12.50", "12.5", "0012.500"]),
        ("number", [1000, "1e3", 1000.0, "1000.000"]),
        ("number", [0, "-0", -0.0, "0.00"]),
        ("real", [0.0, -0.0]),
        ("timestamp", ["2026-01-31T10:00", "2026-01-31 10:00:00", "20260131T100000.000"]),
        ("timestamptz", ["2026-01-31T10:00:00Z", "2026-01-31 12:00:00+02:00", "2026-01-31T10:00:00.000000Z"]),
        ("jsonb", ['{"bb":1.0,"a":[ ]}', '{ "a" : [], "bb": 1.0 }', '{"a": 2, "bb": 1.0, "a": []}']),
        ("jsonb", ["1e2", "100", 100]),
    ],
)
def test_equal_values_are_written_alike(kind: str, same: list[Any]) -> None:
    assert len({canonical.value(Form(kind))(one) for one in same}) == 1


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("integer", "1"),
        ("integer", 1.0),
        ("real", float("nan")),
        ("boolean", 2),
        ("text", "a\0"),
        ("text", "\ud800"),
        ("bytes", "x"),
        ("number", "1,5"),
        ("date", "2026-02-30"),
        ("date", "2026-W01-1"),
        ("timestamp", "2026-01-31 10:00:00.1234567"),
        ("timestamp", "2026-01-31T10:00Z"),
        ("timestamptz", "2026-01-31T10:00"),
        ("timestamptz", "0001-01-01T00:00+05:00"),
        ("json", "NaN"),
        ("jsonb", '"\\u0000"'),
        ("jsonb", "[" * 100_000),
        ("uuid", "12345678-1234-1234-1234-123456789ABC"),
    ],
)
def test_what_is_no_value_of_the_kind_is_refused(kind: str, wrong: Any) -> None:
    with pytest.raises(ValueError):
        canonical.value(Form(kind))(wrong)


@pytest.mark.parametrize("text", ["infinity", "-infinity", "0044-03-15 BC", "20000-01-01"])
def test_days_that_only_postgresql_knows_are_kept(text: str) -> None:
    assert canonical.value(Form("date"))(text) == text


@pytest.mark.parametrize(("text", "kept"), [("12", 12), ("-0.5", -0.5), ("10000000000000000000", 1e19)])
def test_a_number_is_on_sqlite_what_sqlite_makes_of_it(text: str, kept: Any) -> None:
    keep = canonical.for_sqlite(Form("number"))
    assert keep and (type(keep(text)), keep(text)) == (type(kept), kept)


def test_a_number_of_too_many_digits_is_refused_on_sqlite() -> None:
    keep = canonical.for_sqlite(Form("number"))
    assert keep
    with pytest.raises(ValueError, match="more digits"):
        keep("12345678901234567890.25")


def test_the_checksum_knows_rows_apart_and_not_their_order() -> None:
    def of(*columns: list[Any]) -> str:
        made = canonical.Checksum()
        made.add(columns)
        return made.text()

    assert of([1, 2], ["a", "b"]) == of([2, 1], ["b", "a"])
    different = [of([1, 2], ["b", "a"]), of([1], ["a"]), of([1, 1], ["a", "a"]), of(["1"], ["a"]), of([None], ["a"])]
    assert len(set(different)) == len(different)
