"""Parquet, spreadsheets and packed files come in as they are, and broken ones change nothing."""

import datetime as dt
import gzip
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.tables import imports, sources
from frontdesk.tables.formats import packed

BY = Caller("ada", "admin")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database("formats", tmp_path / "formats.db", create=True)) as made:
        yield made


def load(database: Database, path: Path, sheet: str = "") -> dict[str, str]:
    """Imports as table `t`; gives the columns' types."""
    done = imports.load(database, sources.open(path, sheet=sheet), "t", BY, imports.Wish(create=True))
    return {column["name"]: column["type"] for column in done.columns}


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM t ORDER BY rowid")]


def test_typed_columns_of_parquet_keep_their_types_and_values(database: Database, tmp_path: Path) -> None:
    day, moment = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3, 5)
    columns = {
        "whole": pa.array([2**63 - 1, None]),
        "huge": pa.array([2**64 - 1, 1], pa.uint64()),
        "real": [0.1, None],
        "price": [Decimal("1.50"), None],
        "exact": pa.array([Decimal("12345678901234567890.12"), None]),
        "yes": [True, None],
        "day": [day, None],
        "local": [moment, None],
        "zoned": pa.array([moment, None], pa.timestamp("us", "Europe/Berlin")),
        "nano": pa.array([1, None], pa.timestamp("ns")),
        "text": ["0012", "2024-01-01"],
        "bytes": [b"\x00\xff", None],
        "list": [[1, 2], None],
        "none": pa.array([None, None], pa.int32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "in.parquet", row_group_size=1)
    types = load(database, tmp_path / "in.parquet")
    assert list(types.values()) == (
        "INTEGER TEXT REAL REAL TEXT BOOLEAN DATE DATETIME DATETIME TEXT TEXT BLOB JSON INTEGER".split()
    )
    first = (2**63 - 1, str(2**64 - 1), 0.1, 1.5, "12345678901234567890.12", 1, "2024-02-29")
    first += ("2024-02-29 01:02:03.000005", "2024-02-29T01:02:03.000005Z", "1970-01-01 00:00:00.000000001")  # type: ignore[assignment]
    assert rows(database)[0] == (*first, "0012", b"\x00\xff", "[1, 2]", None)
    assert set(rows(database)[1]) == {None, "1", "2024-01-01"}


def test_a_sheet_is_read_below_its_names_with_dates_as_dates(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append([None])
    second = book.create_sheet("Prices")
    for row in (["id", "price", "day", "both"], [1, 1.5, dt.date(2024, 2, 29), None], [], [2, None, None, "x"]):
        second.append(row)
    second.merge_cells("D2:E2")
    book.save(tmp_path / "in.xlsx")
    with pytest.raises(errors.InputError, match="no row that names"):
        load(database, tmp_path / "in.xlsx")
    with pytest.raises(errors.InputError, match="it has Sheet, Prices"):
        load(database, tmp_path / "in.xlsx", "nosuch")
    assert load(database, tmp_path / "in.xlsx", "Prices")["day"] == "DATE"
    assert rows(database) == [(1, 1.5, "2024-02-29", None), (2, None, None, "x")]


def test_packed_files_are_read_and_names_inside_lead_nowhere(database: Database, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "in.csv.gz", "wt") as file:
        file.write("a;b\n1;2\n")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("../../evil.ndjson", '{"a": 1, "b": 2}\n')
        archive.writestr("readme.txt", "not rows")
    for name in ("in.csv.gz", "in.zip"):
        load(database, tmp_path / name)
        assert rows(database) == [(1, 2)]
        with database.transaction() as connection:
            schema.drop(connection, "t")
    assert not (tmp_path.parent.parent / "evil.ndjson").exists()


def test_two_files_in_a_zip_need_a_name(database: Database, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("two.csv", "a\n2\n")
    with pytest.raises(errors.InputError, match="2 files of rows"):
        load(database, tmp_path / "in.zip")
    load(database, tmp_path / "in.zip", "two.csv")
    assert rows(database) == [(2,)]


def test_what_inflates_too_far_is_refused(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gzip.open(tmp_path / "in.csv.gz", "wb") as file:
        file.write(b"a\n" + b"0\n" * 30_000_000)
    with pytest.raises(errors.TooLargeError, match="100 times its size"):
        load(database, tmp_path / "in.csv.gz")
    monkeypatch.setattr(packed, "LARGEST", 1_000_000)
    with pytest.raises(errors.TooLargeError, match="more than 1 MB"):
        load(database, tmp_path / "in.csv.gz")
    with zipfile.ZipFile(tmp_path / "in.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 2_000_000)
    with pytest.raises(errors.TooLargeError, match="more than 1 MB"):
        load(database, tmp_path / "in.xlsx")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.csv", "")
    with pytest.raises(errors.TooLargeError, match="1,001 files"):
        load(database, tmp_path / "many.zip")
    assert not schema.tables(database)


@pytest.mark.parametrize("ending", ["parquet", "xlsx", "csv.gz", "zip"])
def test_a_damaged_file_is_said_to_be_damaged(database: Database, tmp_path: Path, ending: str) -> None:
    whole = tmp_path / f"whole.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"a": list(range(1000))}), whole)
    elif ending == "csv.gz":
        whole.write_bytes(gzip.compress(b"a\n1\n" * 1000))
    else:
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("a.csv", "a\n1\n")
    cut = tmp_path / f"cut.{ending}"
    for content in (whole.read_bytes()[:-9], b"PAR1 not at all", whole.read_bytes()[:20] + b"x" * 50):
        cut.write_bytes(content)
        with pytest.raises(errors.InputError, match=f"cut.{ending} is damaged"):
            load(database, cut)
    assert not schema.tables(database)


def test_encrypted_and_nested_packs_are_refused(database: Database, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("inner.zip", b"")
    with pytest.raises(errors.InputError) as refusal:
        load(database, tmp_path / "in.zip")
    assert "not opened" in refusal.value.hint
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
    content = bytearray((tmp_path / "in.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "in.zip").write_bytes(content)
    with pytest.raises(errors.InputError, match="is encrypted"):
        load(database, tmp_path / "in.zip")


def test_without_the_extra_one_command_is_named(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "in.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(errors.InputError) as refusal:
        load(database, tmp_path / "in.parquet")
    assert "pip install 'frontdesk[files]'" in refusal.value.hint


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_how_much_of_a_file_of_values_is_read_can_be_told(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"in.{form}"
    if form == "parquet":
        pq.write_table(pa.table({"n": list(range(2000))}), path)
    else:
        book = openpyxl.Workbook()
        for n in ["n", *range(2000)]:
            book.active.append([n])
        book.save(path)
    heard: list[int] = []
    for source in (sources.open(path), sources.open(path, tolerant=True)):
        heard.clear()
        assert sum(map(len, source.blocks(heard.append))) == 2000
        assert heard == sorted(heard) and 0 < heard[0] < heard[-1]
        assert heard[-1] >= path.stat().st_size * 0.99
