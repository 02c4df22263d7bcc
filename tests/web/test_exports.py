"""The pages that take rows, tables and databases out, and what they lead to."""

import re
import shlex
import sqlite3
import sys
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from frontdesk.cli import group
from frontdesk.tables import exports
from frontdesk.tables.formats import extras
from tests.conftest import Client

PAGE = "/databases/example/tables/employees/export"


def test_the_page_offers_every_format_of_what_is_in_force_and_each_link_works(client: Client) -> None:
    page = client("viewer").get(f"{PAGE}?age__gt=30&_sort=-age&_search=a&_columns=name,age").text
    for shown in ("age &gt; 30", "sorted by -age", "holds a", "only name,age"):
        assert shown in page
    links = [unescape(link) for link in re.findall(r'href="(/api/[^"]+/export[^"]+)"', page)]
    assert {link.partition("?")[0].rpartition(".")[2] for link in links} == set(exports.FORMATS)
    for link in links:
        assert client("viewer").get(link).status_code == 200, link


def test_the_command_on_the_page_repeats_the_export(client: Client, folder: Path) -> None:
    told = client("viewer").get(f"{PAGE}?age__gt=30&_sort=-age&_search=finance+charlie&_columns=name,age").text
    command = unescape(re.findall(r"<code>(frontdesk export [^<]+)</code>", told)[0])
    words = shlex.split(command.replace("\\\n", " "))[1:]
    out = folder / "out.csv"
    done = CliRunner().invoke(group, [*words[:-1], str(out), "--desk", str(folder)])
    assert done.exit_code == 0, done.output
    assert out.read_bytes() == b"name,age\r\nCharlie,35\r\n"


def test_the_curl_line_names_an_address_that_a_token_opens(client: Client, app: Flask) -> None:
    told = client("viewer").get(f"{PAGE}?name=O%27Brien&department=a+b").text
    line = unescape(re.findall(r"<code>(curl [^<]+)</code>", told)[0])
    words = shlex.split(line.replace("\\\n", " "))
    assert "Authorization: Bearer $FRONTDESK_TOKEN" in words
    address = words[-1].removeprefix("http://localhost")
    assert client("viewer").get(address).data == b"id,name,age,department\r\n"
    assert app.test_client().get(address).status_code == 401


def test_without_pyarrow_the_page_says_how_to_have_parquet(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda _: False)
    page = client("viewer").get(PAGE).text
    assert "export.parquet" not in page
    assert "pip install &#39;frontdesk[files]&#39;" in page
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = client("viewer").get(f"/api{PAGE}.parquet")
    assert answer.status_code == 422
    assert "pyarrow" in answer.get_json()["detail"]


def test_a_whole_database_comes_out_of_its_page(client: Client, tmp_path: Path) -> None:
    assert "/databases/example/export" in client("viewer").get("/databases/example").text
    page = client("viewer").get("/databases/example/export").text
    for link in re.findall(r'href="(/api/[^"]+/export[^"]+)"', page):
        answer = client("viewer").get(link)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client("viewer").get("/api/databases/example/export.csv").status_code == 422
    assert client("viewer").get("/api/databases/nosuch/export.sql").status_code == 404
    written = client("viewer").get("/api/databases/example/export.sqlite")
    assert written.headers["Content-Disposition"].startswith('attachment; filename="example.sqlite"')
    (tmp_path / "out.db").write_bytes(written.data)
    with closing(sqlite3.connect(tmp_path / "out.db")) as connection:
        assert connection.execute("SELECT count(*) FROM employees").fetchone() == (3,)


def test_a_spreadsheet_that_would_not_hold_a_text_is_refused_before_anything_is_sent(client: Client) -> None:
    rows = {"rows": [{"name": "x" * 40_000}]}
    assert client("editor").post("/api/databases/example/tables/employees/rows", json=rows).status_code == 201
    answer = client("viewer").get(f"/api{PAGE}.xlsx")
    assert answer.status_code == 422
    assert "32,767" in answer.get_json()["detail"]
