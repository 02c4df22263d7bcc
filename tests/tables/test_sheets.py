import io
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, sources
from frontdesk.tables.formats import sheets
from tests import places

BY = Caller("ada", "admin")
SCRIPT = """
CREATE TABLE things (id DRAWN, name TEXT, price NUMERIC(10, 2), sold BOOLEAN, photo BYTES, made DATE, at TIMESTAMP,
  big bigint);
INSERT INTO things (name, price, sold, made, at, big) VALUES
  ('=1+1', 12.5, TRUE, '2024-02-29', '2024-02-29 10:30:59', 9007199254740993),
  ('  two spaces', -3, FALSE, '1850-01-01', '2024-02-29 10:30:59.5', 7),
  (NULL, NULL, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(places.opened(place, SCRIPT)) as opened:
        yield opened


def cells(written: bytes) -> list[list[Any]]:
    """What another program reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = openpyxl.load_workbook(io.BytesIO(written))
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def exported(database: Database, table: str, **wanted: Any) -> bytes:
    return b"".join(exports.export(database, table, "xlsx", **wanted))


def texts(database: Database, *given: str) -> list[str]:
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE texts (a TEXT)")
        for text in given:
            connection.exec_driver_sql("INSERT INTO texts VALUES (?)", (text,))
    return [row[0] for row in cells(exported(database, "texts"))[1:]]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    with closing(Database("shop", tmp_path / "shop.db", create=True)) as opened:
        yield opened


def test_numbers_days_moments_and_booleans_are_such_in_the_sheet(database: Database) -> None:
    header, first, second, third = cells(exported(database, "things", sort="id"))
    assert header == ["id", "name", "price", "sold", "photo", "made", "at", "big"]
    assert first[2:4] == [12.5, True]
    assert first[5:7] == [datetime(2024, 2, 29), datetime(2024, 2, 29, 10, 30, 59)]
    assert second[2:4] == [-3, False]
    assert third == [3, *[None] * 7]


def test_what_a_spreadsheet_would_change_stays_text(database: Database) -> None:
    _, first, second, _ = cells(exported(database, "things", sort="id"))
    assert first[7] == "9007199254740993"  # it shows 15 digits
    assert second[5:8] == ["1850-01-01", "2024-02-29 10:30:59.5", 7]
    assert second[1] == "  two spaces"


def test_a_text_is_never_a_formula(database: Database) -> None:
    found = openpyxl.load_workbook(io.BytesIO(exported(database, "things", sort="id"))).worksheets[0]
    assert (found["B2"].value, found["B2"].data_type) == ("=1+1", "s")
    assert found["B2"].quotePrefix  # also when somebody opens the cell and leaves it again


@pytest.mark.parametrize("text", ["a\x01b", "_x0041_", "a\rb", "<b>&amp;", "\ufffe", "é😀\n\tz", "", " "])
def test_odd_texts_come_back_as_they_were(file: Database, tmp_path: Path, text: str) -> None:
    texts(file, text, "end")
    (tmp_path / "out.xlsx").write_bytes(exported(file, "texts"))
    found = sources.open(tmp_path / "out.xlsx")
    assert [row for block in found.blocks() for row in block] == [[text], ["end"]]


def test_a_sheet_goes_in_again_as_the_same_rows(file: Database, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript(SCRIPT.replace("DRAWN", "INTEGER PRIMARY KEY").replace("BYTES", "BLOB"))
        connection.executescript(
            SCRIPT.partition(";")[0].replace("things", "again").replace("DRAWN", "INTEGER PRIMARY KEY")
        )
    (tmp_path / "out.xlsx").write_bytes(exported(file, "things", shown="id,name,price,sold,made,at,big"))
    imports.load(file, sources.open(tmp_path / "out.xlsx"), "again", BY)
    with file.connect() as connection:
        one, two = (connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in ("things", "again"))
    assert one == two


def test_what_does_not_fit_into_a_spreadsheet_is_refused_before_anything_is_sent(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with file.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE long (a TEXT, b TEXT)")
        connection.exec_driver_sql("INSERT INTO long VALUES (?, ''), ('', '')", ("😀" * 16_384,))
    with pytest.raises(errors.InputError, match="32,768 characters"):
        next(iter(exports.export(file, "long", "xlsx")))
    assert len(cells(exported(file, "long", shown="b"))) == 3
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    with pytest.raises(errors.InputError, match="2 rows are too many"):
        next(iter(exports.export(file, "long", "xlsx", shown="b")))
    monkeypatch.setattr(sheets, "MOST_COLUMNS", 1)
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    with pytest.raises(errors.InputError, match="2 columns are too many"):
        next(iter(exports.export(file, "long", "xlsx")))


def test_a_table_whose_name_no_sheet_can_have_comes_out_all_the_same(file: Database) -> None:
    with file.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE \"a/b [c] 'd' & <e> and a name that is longer\" (x)")
    assert cells(exported(file, "a/b [c] 'd' & <e> and a name that is longer")) == [["x"]]
