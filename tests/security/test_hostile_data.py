import re
import sqlite3
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import Client

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}",
    "${7*7}",
    "a\u202eb\u2028c",
    "</textarea><script>alert(1)</script>",
    "x onmouseover=alert(1)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_names_and_values_are_shown_as_text_on_every_page(client: Client, folder: Path, payload: str) -> None:
    quoted = payload.replace('"', '""')
    with sqlite3.connect(folder / "example.db") as connection:
        connection.execute(f'CREATE TABLE "{quoted}" (id INTEGER PRIMARY KEY, "{quoted}" TEXT)')
        connection.execute(f'INSERT INTO "{quoted}" VALUES (1, ?)', [payload])
    connection.close()
    admin = client("admin")
    names = [table["name"] for table in admin.get("/api/databases/example").get_json()["tables"]]
    assert payload in names
    listed = admin.get("/databases/example").get_data(as_text=True)
    paths = [urlsplit(unescape(path)).path for path in re.findall(r'href="(/databases/example/tables/[^"]+)"', listed)]
    (table,) = {path for path in paths if path != "/databases/example/tables/employees"}
    changed = admin.patch(f"/api{table}/rows/1", json={payload: payload + "!"})
    assert changed.get_json() == {"row": {"id": 1, payload: payload + "!"}}
    for path in (
        "/",
        "/databases",
        table,
        f"{table}/new",
        f"{table}/rows/1",
        f"{table}/structure",
        f"{table}/history",
        f"{table}/chart",
    ):
        page = admin.get(path)
        assert page.status_code == 200, path
        text = page.get_data(as_text=True)
        for mark in ("<script>alert", "<img src=x", "<svg onload", "</textarea><script", 'href="javascript:'):
            assert mark not in text, (path, mark)
        assert payload in unescape(text), path


@pytest.mark.parametrize(
    "after", ["//evil", "/\\evil", "////evil", "/\t/evil", "https:evil", "http://evil", "\\\\evil", "javascript:x"]
)
def test_signing_in_never_leads_off_this_site(client: Client, after: str) -> None:
    page = client("nobody").get("/login", query_string={"next": after}).get_data(as_text=True)
    assert "evil" not in re.sub(r'value="[^"]*"', "", page)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%252e%252e/app.py",
        "/pages/..%2f..%2fx",
        "/pages/~2E~2E",
    ],
)
def test_no_path_leads_out_of_its_folder(client: Client, path: str) -> None:
    assert client("admin").get(path).status_code == 404


def test_an_own_page_cannot_reach_pythons_insides(client: Client, folder: Path) -> None:
    (folder / "pages").mkdir()
    for number, expression in enumerate(
        [
            "''.__class__.__mro__",
            "rows.__globals__",
            "rows.__self__.desk",
            "cycler.__init__.__globals__",
            "csv('../secret.csv')",
        ]
    ):
        text = '{% extends "frontdesk/page.html" %}{% block content %}{{ ' + expression + " }}{% endblock %}"
        (folder / "pages" / f"p{number}.html").write_text(text)
        answer = client("viewer").get(f"/pages/p{number}")
        assert answer.status_code in {404, 422}, expression
        assert "&lt;class" not in answer.get_data(as_text=True)
