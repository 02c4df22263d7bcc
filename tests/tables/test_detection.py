import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.tables import detection
from frontdesk.tables.detection import Until

TYPES = [
    (["1", "-20", "0"], "INTEGER"),
    (["9223372036854775807", "-9223372036854775808"], "INTEGER"),
    (["02134", "10115"], "TEXT"),
    (["+1"], "TEXT"),
    (["-0"], "TEXT"),
    (["1_000"], "TEXT"),
    ([" 1"], "TEXT"),
    (["١"], "TEXT"),
    (["12345678901234567890"], "TEXT"),
    (["9223372036854775808"], "TEXT"),
    (["1.5", "3"], "REAL"),
    (["9007199254740993", "1.5"], "TEXT"),
    (["1.50", "2.00", "-3.25"], "REAL"),
    (["1.9", "1.10"], "TEXT"),
    (["1.50", "2"], "TEXT"),
    (["01.5"], "TEXT"),
    (["0.1", "1e-07"], "REAL"),
    (["1e5"], "TEXT"),
    (["1e309"], "TEXT"),
    (["nan"], "TEXT"),
    (["inf", "1.5"], "TEXT"),
    (["-0.0"], "TEXT"),
    (["1,5"], "TEXT"),
    (["0.12345678901234567890"], "TEXT"),
    (["true", "False"], "BOOLEAN"),
    (["true", "1"], "TEXT"),
    (["yes", "no"], "TEXT"),
    (["2024-02-29"], "DATE"),
    (["2023-02-29"], "TEXT"),
    (["2024-2-29"], "TEXT"),
    (["2024-W01-1"], "TEXT"),
    (["02/03/2024"], "TEXT"),
    (["2024-02-29T10:00", "2024-02-29 10:00:30.5Z"], "DATETIME"),
    (["2016-12-31T23:59:60"], "TEXT"),
    (["2024-02-29", "2024-02-29T10:00"], "TEXT"),
    (["", "", "7"], "INTEGER"),
    (["", ""], "TEXT"),
    (["=1+1"], "TEXT"),
]


@pytest.mark.parametrize(("cells", "declared"), TYPES)
def test_a_column_has_a_type_only_where_every_value_reads_back_identically(cells: list[str], declared: str) -> None:
    for sizes in (1, len(cells)):
        column = detection.Column()
        for start in range(0, len(cells), sizes):
            column.read(cells[start : start + sizes])
        assert column.type == declared


numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, places=2).map(str),
    st.text("0123456789.-+eE_ ", max_size=25),
    st.sampled_from(["", "true", "nan", "2024-02-29", "1.0"]),
)


@given(st.lists(numbers, min_size=1, max_size=8), st.integers(1, 8))
def test_no_number_is_changed_by_becoming_one(cells: list[str], size: int) -> None:
    column = detection.Column()
    for start in range(0, len(cells), size):
        column.read(cells[start : start + size])
    for cell, value in zip(cells, column.read(cells), strict=True):
        if cell == "":
            assert value is None
        elif column.type == "INTEGER":
            assert str(value) == cell
        elif column.type == "REAL":
            assert Decimal(repr(value)) == Decimal(cell)
        elif column.type != "BOOLEAN":
            assert value == cell


CELLS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=True).map(repr),
    st.decimals(-(10**16), 10**16, places=2, allow_nan=False).map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.sampled_from(
        ["", "-0", "-0.0", "-0.00", "01", "+1", "1e5", "2023-02-29", "2024-02-29", "1900-02-29", "true", "T"]
    ),
    st.text(max_size=3),
)


@given(st.lists(CELLS, min_size=1, max_size=5), CELLS)
def test_what_looks_as_if_it_surely_fits_does(cells: list[str], cell: str) -> None:
    column, other = detection.Column(), detection.Column()
    for one in (column, other):
        one.read(cells)
    pattern = column.pattern('^,"\\t\\n\\r\\\\', needed=False)
    looks = pattern is not None and re.fullmatch(pattern, cell) is not None
    before, fits = other.type, column.fits([cell])
    other.read([cell])
    assert not fits or other.type == before
    assert not looks or fits


@pytest.mark.parametrize(
    ("cells", "until"),
    [
        (["1", "2"], None),
        (["a", "1"], None),
        (["1", "", "0012"], Until("INTEGER", 3, "0012")),
        (["1", "2.5", "3"], Until("INTEGER", 2, "2.5")),
        (["1", "2.5", "x"], Until("REAL", 3, "x")),
        (["1.9", "1.10"], Until("REAL", 2, "1.10")),
        (["true", "no"], Until("BOOLEAN", 2, "no")),
        (["2024-01-31", "31.1.2024"], Until("DATE", 2, "31.1.2024")),
        (["2024-01-31 10:00", "2024-01-31"], Until("DATETIME", 2, "2024-01-31")),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_column_tells_the_first_row_that_a_narrower_type_does_not_fit(
    cells: list[str], until: Until | None, size: int
) -> None:
    column = detection.Column()
    for start in range(0, len(cells), size):
        column.read(cells[start : start + size])
    assert column.until == until


def test_a_column_of_json_tells_the_first_value_of_another_type() -> None:
    column = detection.TypedColumn()
    column.read([None, 1, 2])
    column.read([2.5, "x"])
    assert (column.type, column.until) == ("TEXT", Until("REAL", 5, "x"))
