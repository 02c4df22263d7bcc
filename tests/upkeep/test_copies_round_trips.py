"""Any table goes to PostgreSQL and back, and is the same."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.database import canonical
from frontdesk.database.outlines import Form
from tests.postgresql import Server
from tests.upkeep.carrying import copy, held

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "INTEGER": INTEGERS,
    "TEXT": TEXTS,
    "REAL": st.floats(allow_nan=False),
    "NUMERIC": INTEGERS | st.floats(allow_nan=False),
    "BOOLEAN": st.integers(0, 1),
    "BLOB": st.binary(),
    "DATE": st.dates().map(str),
    "DATETIME": st.datetimes().map(lambda one: one.isoformat(" ").rstrip("0") if one.microsecond else str(one)),
    "": INTEGERS,
    "JSONB TEXT": JSON.map(lambda one: canonical.value(Form("jsonb"))(json.dumps(one))),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[str], int, list[list[Any]]]:
    """Names and types of columns, how many of them are the key, and rows."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=5))
    names = draw(
        st.lists(
            NAMES.filter(lambda name: len(name.encode()) <= 63),
            min_size=len(kinds),
            max_size=len(kinds),
            unique_by=lambda name: name.casefold(),
        )
    )
    found = draw(st.lists(st.tuples(*(st.none() | KINDS[kind] for kind in kinds)), max_size=6))
    return names, kinds, draw(st.integers(0, 1)), [list(row) for row in found]


def round_trip(server: Server, folder: Path, table: tuple[list[str], list[str], int, list[list[Any]]]) -> None:
    """A table goes to PostgreSQL and back, and is the same."""
    names, kinds, keyed, given_rows = table
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(quoted, kinds, strict=True))
    key = ', "_k" INTEGER PRIMARY KEY' if keyed and "_k" not in names else ""
    source, back = folder / "a.db", folder / "b.db"
    for path in (source, back):
        path.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f'CREATE TABLE "t %s" ({columns}{key})')
        marks = ", ".join("?" * len(names))
        connection.executemany(f'INSERT INTO "t %s" ({", ".join(quoted)}) VALUES ({marks})', given_rows)
        connection.commit()
    url = server.create()
    try:
        copy(source, url)
        copy(url, back)
    finally:
        server.drop(url)
    before, after = held(source)["t %s"], held(back)["t %s"]
    assert [[(type(one), one) for one in row] for row in after] == [[(type(one), one) for one in row] for row in before]


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=6, suppress_health_check=CHECKS)
@given(table=tables())
def test_any_table_goes_there_and_back(postgresql: Server, tmp_path: Path, table: Any) -> None:
    round_trip(postgresql, tmp_path, table)


@pytest.mark.long
@settings(max_examples=300, suppress_health_check=CHECKS)
@given(table=tables())
def test_any_of_many_tables_goes_there_and_back(postgresql: Server, tmp_path: Path, table: Any) -> None:
    round_trip(postgresql, tmp_path, table)


@settings(max_examples=30, suppress_health_check=CHECKS)
@given(texts=st.lists(JSON.map(lambda one: json.dumps(one)) | st.sampled_from(["1e3", "-0.0", "1.50e1", "2E-3"])))
def test_json_is_written_as_postgresql_writes_it(postgresql: Server, texts: list[str]) -> None:
    wanted = [text for text in texts if "\\u0000" not in text]
    listed = ", ".join("('" + text.replace("'", "''") + "'::jsonb::text)" for text in wanted)
    found = [row[0] for row in postgresql.execute(f"VALUES {listed}")] if wanted else []
    assert found == [canonical.value(Form("jsonb"))(text) for text in wanted]
