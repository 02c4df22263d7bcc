"""What a row refers to, what refers to it, and the files and texts that it holds, as pages show them."""

import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from frontdesk.desk import Desk
from tests.conftest import Client, signed_in

SCRIPT = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, site TEXT, facts JSON, photo BLOB, born DATE);
CREATE TABLE books (
  id INTEGER PRIMARY KEY, author INTEGER REFERENCES authors (id), name TEXT, shop REFERENCES shops (code));
CREATE TABLE written (author INTEGER REFERENCES authors, book INTEGER REFERENCES books, PRIMARY KEY (author, book));
CREATE TABLE shops (id INTEGER PRIMARY KEY, code TEXT UNIQUE, title TEXT);
INSERT INTO authors VALUES (1, '<b>Ada</b>', 'https://example.org/?a=1&b=2', '{"a": [1, "<i>"]}', x'00ff',
  '2024-01-31'), (2, 'Eve', 'javascript:alert(1)', 'no', x'89504e470d0a1a0a00', 'soon'),
  (3, 'Gif', 'http://a b', '[1]', 'text', NULL);
INSERT INTO books VALUES (1, 1, 'First', 'a/b'), (2, 1, 'Second', NULL), (3, NULL, 'Third', NULL);
INSERT INTO written VALUES (1, 1);
INSERT INTO shops VALUES (7, 'a/b', 'Corner shop');
"""
ROOT = "/databases/library/tables"


@pytest.fixture
def folder(folder: Path) -> Path:
    with sqlite3.connect(folder / "library.db") as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return folder


@pytest.fixture
def viewer(app: Flask, desk: Desk) -> FlaskClient:
    return signed_in(app, desk, "viewer")


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_a_cell_shows_what_it_refers_to_by_its_label_and_leads_there(viewer: FlaskClient) -> None:
    text = page(viewer, f"{ROOT}/books")
    link = f'<a class="reference" href="{ROOT}/authors/rows/1">&lt;b&gt;Ada&lt;/b&gt;</a> <span class="beside">1</span>'
    assert text.count(link) == 2
    assert f'<a class="reference" href="{ROOT}/shops?code=a%2Fb">Corner shop</a>' in text
    assert viewer.get(f"{ROOT}/shops?code=a%2Fb").status_code == 200
    both = page(viewer, f"{ROOT}/written")
    assert f'href="{ROOT}/written/rows/1,1">1</a> <a class="reference" href="{ROOT}/authors/rows/1">' in both


def test_a_row_links_both_ways_with_counts(viewer: FlaskClient) -> None:
    text = page(viewer, f"{ROOT}/authors/rows/1")
    assert re.search(rf'<a href="{ROOT}/books\?author=1">2 rows point here</a>', text)
    assert "no rows point here" in page(viewer, f"{ROOT}/authors/rows/3")
    assert f'<a href="{ROOT}/shops?code=a%2Fb">Corner shop</a>' in page(viewer, f"{ROOT}/books/rows/1")


def test_addresses_of_the_web_are_links_and_no_other_scheme_is(viewer: FlaskClient) -> None:
    text = page(viewer, f"{ROOT}/authors")
    assert 'href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer" target="_blank"' in text
    assert 'href="javascript' not in text and 'href="http://a' not in text


def test_a_row_shows_json_dates_and_files_to_be_read(client: Client, viewer: FlaskClient) -> None:
    for reader in (viewer, client("editor")):
        text = page(reader, f"{ROOT}/authors/rows/1")
        assert '<pre class="json" tabindex="0">{\n  &#34;a&#34;: [\n    1,\n    &#34;&lt;i&gt;&#34;\n' in text
        assert "2 bytes" in text and f'{ROOT}/authors/rows/1/files/photo?download=1"' in text
        assert f'<img src="{ROOT}/authors/rows/1/files/photo"' not in text
        assert f'<img src="{ROOT}/authors/rows/2/files/photo"' in page(reader, f"{ROOT}/authors/rows/2")
    assert "Wednesday, 31 January 2024" in page(viewer, f"{ROOT}/authors/rows/1")
    assert f'href="{ROOT}/authors/rows/1/files/photo">2 bytes</a>' in page(viewer, f"{ROOT}/authors")


def test_only_a_real_picture_is_shown_and_everything_else_is_saved(viewer: FlaskClient) -> None:
    picture = viewer.get(f"{ROOT}/authors/rows/2/files/photo")
    assert (picture.mimetype, picture.headers["Content-Disposition"]) == (
        "image/png",
        "inline; filename=authors-photo.png",
    )
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    other = viewer.get(f"{ROOT}/authors/rows/1/files/photo")
    assert (other.mimetype, other.data) == ("application/octet-stream", b"\x00\xff")
    assert other.headers["Content-Disposition"] == "attachment; filename=authors-photo.bin"
    saved = viewer.get(f"/api{ROOT}/authors/rows/2/files/photo")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    for path in ("rows/3/files/photo", "rows/1/files/name", "rows/1/files/nosuch", "rows/9/files/photo"):
        assert viewer.get(f"/api{ROOT}/authors/{path}").status_code == 404
