"""What goes in comes out: equal values, and with every column taken as text the same bytes."""

import csv
import io
from contextlib import closing
from decimal import Decimal, InvalidOperation
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, sources

BY = Caller("ada", "admin")
WORDS = ["0012", "1.50", "2.00", "1e309", "NaN", "9223372036854775808", "1,5", "02/03", "true", "TRUE", "-0", "+1"]
WORDS += [
    "2024-02-29",
    "2023-02-29",
    "2024-02-29 10:00",
    "23:59:60",
    "=1+1",
    "'x",
    "a\r\nb",
    'q"',
    " ",
    "\u2028",
    "1_0",
]
cells = st.one_of(
    st.sampled_from(WORDS),
    st.integers().map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """The rows of a file, the first of which names the columns."""
    width = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))
    return [[f"c{at}" for at in range(width)], *rows]


def written(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def through(folder: Path, body: bytes, *, as_text: bool) -> bytes:
    """The file after it was imported and exported."""
    path, place = folder / "in.csv", folder / "in.db"
    path.write_bytes(body)
    place.unlink(missing_ok=True)
    source = sources.open(path, encoding="utf-8", delimiter=",")
    types = dict.fromkeys(source.names, "TEXT") if as_text else {}
    with closing(Database("in", place, create=True)) as database:
        imports.load(database, source, "t", BY, imports.Wish(types, create=True, empty_text=as_text))
        table = schema.table(database, "t")
        return b"".join(exports.export(database, table.name, "csv", raw=True))


def same(before: str, after: str) -> bool:
    """Whether a number lost nothing but zeros at its end, and a truth nothing but its capitals."""
    if before == after or (before in {"TRUE", "True", "FALSE", "False"} and before.lower() == after):
        return True
    try:
        return Decimal(before) == Decimal(after)
    except InvalidOperation:
        return False


@EXAMPLES
@given(tables())
def test_with_every_column_taken_as_text_the_same_bytes_come_out(tmp_path: Path, rows: list[list[str]]) -> None:
    body = written(rows)
    assert through(tmp_path, body, as_text=True) == body


@EXAMPLES
@given(tables())
def test_with_the_types_that_are_found_equal_values_come_out(tmp_path: Path, rows: list[list[str]]) -> None:
    out = list(csv.reader(io.StringIO(through(tmp_path, written(rows), as_text=False).decode(), newline="")))
    assert len(out) == len(rows)
    for before, after in zip(rows, out, strict=True):
        assert all(map(same, before, after)), (before, after)
