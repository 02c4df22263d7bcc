import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.history import changes
from frontdesk.tables import imports, rows, sources

BY = Caller("ada", "admin")


def load(folder: Path, text: str | bytes, name: str = "sales.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    database = Database("sales", folder / "sales.db", create=True)
    with closing(database):
        count = imports.load(database, sources.open(path), "sales", BY, imports.Wish(create=True)).inserted
        table = schema.table(database, "sales")
        found = rows.page(database, "sales").json()["rows"]
        assert count == len(found)
        return {column.name: column.type for column in table.columns}, found, table.primary_key


def left(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "sales.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


def test_each_column_has_the_narrowest_type_that_its_values_fit(tmp_path: Path):
    types, found, _ = load(
        tmp_path,
        "n,x,day,at,word,zip\n1,1.5,2023-01-01,2023-01-01 10:00,a,01234\n-2,3,2024-02-29,2023-01-01T10:00:30,,7\n",
    )
    assert types == {"n": "INTEGER", "x": "REAL", "day": "DATE", "at": "DATETIME", "word": "TEXT", "zip": "TEXT"}
    assert [row["n"] for row in found] == [1, -2]
    assert [row["x"] for row in found] == [1.5, 3.0]
    assert [row["zip"] for row in found] == ["01234", "7"]
    assert [row["word"] for row in found] == ["a", None]


def test_a_day_that_is_not_in_the_calendar_makes_the_column_text(tmp_path: Path):
    assert load(tmp_path, "day\n2023-02-30\n")[0] == {"day": "TEXT"}


def test_an_id_that_is_whole_and_never_twice_becomes_the_primary_key(tmp_path: Path):
    assert load(tmp_path, "id,name\n7,a\n8,b\n")[2] == ("id",)


def test_an_id_that_comes_twice_stays_a_column(tmp_path: Path):
    assert load(tmp_path, "id,name\n7,a\n7,b\n")[2] == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(tmp_path: Path, delimiter: str):
    types, found, _ = load(tmp_path, f"a{delimiter}b\n1{delimiter}x\n")
    assert (list(types), found[0]["b"]) == (["a", "b"], "x")


def test_quotes_newlines_and_a_byte_order_mark_are_read_as_spreadsheets_write_them(tmp_path: Path):
    types, found, _ = load(tmp_path, '\ufeff"a","b"\r\n"say ""hi"", twice","two\r\nlines"\r\n')
    assert list(types) == ["a", "b"]
    assert (found[0]["a"], found[0]["b"]) == ('say "hi", twice', "two\r\nlines")


def test_names_that_are_missing_or_come_twice_are_made_different(tmp_path: Path):
    assert list(load(tmp_path, "a,A,,a\n1,2,3,4\n")[0]) == ["a", "A_2", "column3", "a_3"]


def test_odd_names_are_kept_as_they_are(tmp_path: Path):
    assert list(load(tmp_path, '"a ""b]"" %/",select,größe\n1,2,3\n')[0]) == ['a "b]" %/', "select", "größe"]


def test_a_line_of_another_width_is_named_and_nothing_is_left(tmp_path: Path):
    with pytest.raises(errors.InputError, match=r"sales\.csv, line 3: 1 value, but 2 columns"):
        load(tmp_path, "a,b\n1,2\n3\n")
    assert left(tmp_path) == []


def test_a_file_without_a_first_line_is_refused(tmp_path: Path):
    with pytest.raises(errors.InputError, match="is empty"):
        load(tmp_path, "")


def test_a_table_that_is_there_is_not_loaded_over(tmp_path: Path):
    load(tmp_path, "a\n1\n")
    with pytest.raises(errors.ConflictError):
        load(tmp_path, "a\n2\n")


def test_the_load_is_in_the_history_by_who_did_it(tmp_path: Path):
    load(tmp_path, "a\n1\n")
    with closing(Database("sales", tmp_path / "sales.db")) as database:
        assert [(change.table, change.user) for change in changes.search(database).changes] == [("sales", "ada")]
