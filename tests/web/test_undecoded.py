"""A text of a SQLite file whose bytes are no UTF-8 makes nothing unreadable, and is changed by nobody."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.tables import exports
from tests.conftest import Client

TABLE = "/databases/example/tables/texts"
LATIN = b"caf\xe9"
BASE64 = {"$base64": "Y2Fm6Q=="}


@pytest.fixture(autouse=True)
def texts(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        connection.execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, a TEXT, n INTEGER)")
        connection.execute("CREATE TABLE keyed (a TEXT PRIMARY KEY) WITHOUT ROWID")
        for number, text in enumerate([b"tea", LATIN, b"milk", LATIN + b"!", b"beer", b"caf\xc3\xa9"], 1):
            connection.execute("INSERT INTO texts VALUES (?, CAST(? AS TEXT), ?)", (number, text, number))
            connection.execute("INSERT OR IGNORE INTO keyed VALUES (CAST(? AS TEXT))", (text,))
        connection.commit()


def rows(client: Client, query: str) -> list[Any]:
    found: list[Any] = []
    after = ""
    while after is not None:
        page = client("viewer").get(f"/api{TABLE}/rows?{query}{after and f'&_next={after}'}").get_json()
        found += page["rows"]
        after = page["next"]
    return found


@pytest.mark.parametrize(
    "path",
    ["", "?_sort=a", "?_facet=a", "?a__contains=f%C3%A9", "/rows/2", "/chart", "/structure", "/columns/a", "/export"],
)
def test_every_page_of_its_table_is_there(client: Client, path: str) -> None:
    assert client("editor").get(TABLE + path).status_code == 200


def test_it_is_shown_with_a_mark_and_given_as_bytes(client: Client) -> None:
    page = client("viewer").get(TABLE).text
    assert '<span class="undecoded" title="4 bytes that are no UTF-8 text">caf\ufffd</span>' in page
    assert [row["a"] for row in rows(client, "")][:3] == ["tea", BASE64, "milk"]


def test_the_pages_of_a_table_sorted_by_it_hold_each_row_once(client: Client) -> None:
    for sort, expected in (("a", [5, 6, 2, 4, 3, 1]), ("-a", [1, 3, 4, 2, 6, 5])):
        assert [row["id"] for row in rows(client, f"_sort={sort}&_size=1")] == expected


def test_a_row_whose_key_it_is_has_its_page(client: Client) -> None:
    page = client("viewer").get("/databases/example/tables/keyed").text
    assert "keyed/rows/636166e9" in page
    assert client("viewer").get("/api/databases/example/tables/keyed/rows/636166e9").get_json()["row"] == {"a": BASE64}
    assert client("viewer").get("/api/databases/example/tables/keyed/rows/746561").status_code == 404  # "tea" in digits


def test_its_row_is_only_read_and_says_why(client: Client, folder: Path) -> None:
    for answer in (
        client("editor").patch(f"/api{TABLE}/rows/2", json={"n": 7}),
        client("editor").delete(f"/api{TABLE}/rows/2"),
    ):
        assert answer.status_code == 409
        assert "no UTF-8" in answer.get_json()["detail"]
    assert client("editor").patch(f"/api{TABLE}/rows/1", json={"n": 7}).status_code == 200
    form = client("editor").get(f"{TABLE}/rows/2").text
    assert 'name="n"' in form
    assert 'name="a"' not in form  # nobody overwrites it by saving the rest


@pytest.mark.parametrize("form", exports.FORMATS)
def test_it_comes_out_in_every_format_with_the_same_bytes(client: Client, tmp_path: Path, form: str) -> None:
    written = client("viewer").get(f"/api{TABLE}/export.{form}").data
    if form in {"csv", "json", "ndjson"}:
        assert b"Y2Fm6Q==" in written
    if form in {"sql", "sqlite"}:
        with closing(sqlite3.connect(tmp_path / "out.db")) as connection:
            if form == "sql":
                connection.executescript(written.decode())
            else:
                (tmp_path / "out.db").write_bytes(written)
            found = connection.execute("SELECT hex(a), typeof(a) FROM texts WHERE id = 2").fetchone()
            assert found == (LATIN.hex().upper(), "text")
