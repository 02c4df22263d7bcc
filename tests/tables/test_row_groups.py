import io
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, rows, sources
from frontdesk.tables.formats import row_groups
from frontdesk.tables.keys import KeyText
from tests import places

BY = Caller("ada", "admin")
SCRIPT = """
CREATE TABLE things (id DRAWN, name TEXT, price NUMERIC(10, 2), sold BOOLEAN, photo BYTES, made DATE, at TIMESTAMP,
  big bigint, weight DOUBLE PRECISION);
INSERT INTO things (name, price, sold, made, at, big, weight) VALUES
  ('=1+1', 12.5, TRUE, '2024-02-29', '2024-02-29 10:30:59', 9007199254740993, 0.1),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""
KINDS = {
    "id": pa.int64(),
    "name": pa.string(),
    "price": pa.decimal128(10, 2),
    "sold": pa.bool_(),
    "photo": pa.binary(),
    "made": pa.date32(),
    "at": pa.timestamp("us"),
    "big": pa.int64(),
    "weight": pa.float64(),
}


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SCRIPT)) as opened:
        rows.update(opened, "things", KeyText(("1",), "1"), {"photo": {"$base64": "AP8="}}, BY)
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    with closing(Database("shop", tmp_path / "shop.db", create=True)) as opened:
        yield opened


def exported(database: Database, table: str, **wanted: Any) -> pa.Table:
    written = b"".join(exports.export(database, table, "parquet", **wanted))
    return pyarrow.parquet.read_table(io.BytesIO(written))


def column(file: Database, declared: str, *given: object) -> pa.ChunkedArray:
    """What a column of this type, which holds these values, becomes."""
    with file.transaction() as connection:
        connection.exec_driver_sql(f"CREATE TABLE one (c {declared})")
        for value in given:
            connection.exec_driver_sql("INSERT INTO one VALUES (?)", (value,))
    return exported(file, "one")["c"]


def test_every_kind_of_column_has_its_own_type(database: Database) -> None:
    found = exported(database, "things", sort="id")
    assert dict(zip(found.schema.names, found.schema.types, strict=True)) == KINDS
    assert found.to_pylist()[0] == {
        "id": 1,
        "name": "=1+1",
        "price": Decimal("12.50"),
        "sold": True,
        "photo": b"\x00\xff",
        "made": date(2024, 2, 29),
        "at": datetime(2024, 2, 29, 10, 30, 59),
        "big": 9007199254740993,
        "weight": 0.1,
    }
    assert set(found.to_pylist()[1].values()) == {2, None}


def test_a_column_whose_values_do_not_all_fit_its_kind_loses_none_of_them(file: Database) -> None:
    found = column(file, "DATE", "2024-01-31", "soon")
    assert (found.type, found.to_pylist()) == (pa.string(), ["2024-01-31", "soon"])


def test_times_with_a_zone_are_moments(file: Database) -> None:
    found = column(file, "DATETIME", "2024-01-31T10:00:00Z", "2024-01-31T10:00:00.000001Z")
    assert found.type == pa.timestamp("us", "UTC")
    assert found[0].as_py() == datetime(2024, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("", [1, "1", b"1", 1.5, None]),
        ("", [2**53 + 1, 0.5]),
        ("DECIMAL(5, 2)", [1.25, 3, 999.99]),
        ("DECIMAL(5, 2)", [1.255, "x"]),
        ("BOOLEAN", [0, 1, 2]),
        ("DATETIME", ["2024-01-31 10:00:00.5", "2024-01-31 10:00"]),
        ("REAL", [float("inf"), -float("inf"), 5e-324]),
        ("TEXT", ["é😀", "", None]),
    ],
)
def test_a_parquet_file_goes_in_again_as_the_same_values(
    file: Database, tmp_path: Path, declared: str, given: list[object]
) -> None:
    column(file, declared, *given)
    (tmp_path / "out.parquet").write_bytes(b"".join(exports.export(file, "one", "parquet")))
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(
            "CREATE TABLE again (c)" if declared in {"", "REAL"} else f"CREATE TABLE again (c {declared})"
        )
    if "x" in given or 2 in given:
        with pytest.raises(errors.InputError):  # what does not fit the column is named
            imports.load(file, sources.open(tmp_path / "out.parquet"), "again", BY)
        return
    imports.load(file, sources.open(tmp_path / "out.parquet"), "again", BY)
    with file.connect() as connection:
        one, two = (connection.exec_driver_sql(f"SELECT c, typeof(c) FROM {name}").all() for name in ("one", "again"))
    assert one == two


def test_a_large_table_is_written_group_by_group(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "ROWS", 1000)
    with file.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE many (n INTEGER)")
        connection.exec_driver_sql(
            "INSERT INTO many WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c LIMIT 5500) SELECT n FROM c"
        )
    parts = list(exports.export(file, "many", "parquet"))
    read = pyarrow.parquet.ParquetFile(io.BytesIO(b"".join(parts)))
    assert (read.num_row_groups, len(parts)) == (6, 7)
    assert read.read()["n"].to_pylist() == list(range(1, 5501))


def test_without_pyarrow_one_sentence_says_how_to_add_it(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(errors.InputError) as refused:
        column(file, "TEXT")
    assert "pip install 'frontdesk[files]'" in refused.value.hint
