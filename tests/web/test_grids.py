"""A page of rows as HTML: whatever stands in a cell or a name comes out as it is, and nothing of it as markup."""

import re
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from frontdesk.database import connections, values
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.tables import columns, rows
from frontdesk.web import grids

CELLS: list[list[Any]] = [
    [1, 2, 3],
    [1.5, -0.0, 1e300],
    [1, 2.5, None],
    ["a", "b", "c"],
    ["<b>", "\"'&", "a\x1fb"],
    ["a", None, ""],
    ["x" * 500, "y", "<" * 200],
    [b"\x00\xff", "a", 1],
    ["%s", "%(a)d", "{0}"],
    [2**60, float("inf"), "1"],
]


def test_every_value_of_a_column_comes_out_as_it_is(app: Flask, tmp_path: Path) -> None:
    for number, given in enumerate(CELLS):
        for name in ("c", 'a "100%s" <b>'):
            with app.test_request_context():
                body = filled(tmp_path / f"{number}{name[0]}.db", name, given)
            found = re.findall(r"<tr data-href=\"[^\"]*/rows/(\d)\"><td.*?</td><td[^>]*>(.*?)</td></tr>", body)
            assert [key for key, _ in found] == ["1", "2", "3"]
            assert [unescape(re.sub(r"<[^>]*>", "", cell)) for _, cell in found] == [shown(value) for value in given]
            assert "<b>" not in body


def filled(path: Path, column: str, given: list[Any]) -> str:
    """The page of a table that has these values in a column."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {connections.quoted(column)})")
        connection.executemany("INSERT INTO t VALUES (NULL, ?)", [(value,) for value in given])
    with closing(Database("t", path)) as database:
        page = rows.page(database, "t")
        return grids.body("t", page.table, page.names, page.rows, page.keys())


def shown(value: Any) -> str:
    """What a reader sees of a value."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = "NULL" if value is None else str(value)
    return text if len(text) <= 160 else text[:160] + "…"


@pytest.mark.parametrize("given", CELLS)
def test_a_page_in_json_is_what_each_value_by_itself_would_be(tmp_path: Path, given: list[Any]) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("CREATE TABLE t (c, yes BOOLEAN, doc JSON)")
        connection.executemany("INSERT INTO t VALUES (?, 1, '[1]')", [(value,) for value in given])
    with closing(Database("t", tmp_path / "t.db")) as database:
        page = rows.page(database, "t")
    one_by_one = [values.plain(columns.named(page.table, row, page.names)) for row in page.rows]
    assert page.json()["rows"] == one_by_one
    assert one_by_one[0]["yes"] is True and one_by_one[0]["doc"] == [1]


def test_the_count_of_a_page_is_right_right_after_a_row_was_written(desk: Desk) -> None:
    database = desk.database("example")
    desk.summaries()
    assert rows.page(database, "employees", count="10000").count == 3
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute("INSERT INTO employees (name) VALUES ('Zoe')")
    assert rows.page(database, "employees", count="10000").count == 4
