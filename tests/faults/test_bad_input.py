"""Bad input gets a clear answer and loses nothing; settings stand in test_config.py, a port in use in test_serve.py."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from frontdesk.desk import Desk
from frontdesk.errors import ConfigError
from tests.conftest import Client

NAMES = [
    "it's",
    'a "quoted" name',
    "a]b[c",
    "100%",
    "a/b\\c",
    "a,b;c",
    "größe 日本 🎲",
    "select",
    "DROP TABLE employees; --",
    "~2C~",
    "a?b=c&d#e",
    "<script>alert(1)</script>",
]


def address(app: Flask, endpoint: str, **names: Any) -> str:
    with app.test_request_context():
        return url_for(endpoint, **names)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_and_a_column_of_any_name_live_like_others(app: Flask, client: Client, name: str) -> None:
    admin, place = client("admin"), {"database": "example", "table": name}
    columns = [{"name": "id", "type": "INTEGER", "primary_key": True}, {"name": name, "type": "TEXT"}]
    made = admin.post("/api/databases/example/tables", json={"name": name, "columns": columns})
    assert made.status_code == 201, made.text
    rows = address(app, "rows.rows_json", **place)
    assert admin.post(rows, json={"rows": [{name: "b"}, {name: "a"}]}).get_json()["keys"] == [1, 2]
    found = admin.get(rows, query_string={"_sort": "-id", f"{name}__contains": "B"}).get_json()["rows"]
    assert found == [{"id": 1, name: "b"}]
    row = address(app, "rows.row_json", **place, key=(1,))
    assert admin.patch(row, json={name: "c"}).get_json()["row"] == {"id": 1, name: "c"}
    newest = admin.get(address(app, "changes.history_json", **place)).get_json()["changes"][0]
    assert (newest["table"], newest["before"][name], newest["after"][name]) == (name, "b", "c")
    assert admin.post(f"/api/changes/{newest['id']}/undo").status_code == 200
    assert admin.get(row).get_json()["row"] == {"id": 1, name: "b"}
    for endpoint in ("rows.index", "rows.new", "changes.index", "structures.show"):
        assert admin.get(address(app, endpoint, **place)).status_code == 200, endpoint
    assert admin.get(address(app, "rows.row", **place, key=(1,))).status_code == 200
    assert len(admin.get("/api/databases/example/tables/employees/rows").get_json()["rows"]) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_any_text_leads_to_its_row(app: Flask, client: Client, name: str) -> None:
    admin, place = client("admin"), {"database": "example", "table": "words"}
    columns = [{"name": "word", "type": "TEXT", "primary_key": True}, {"name": "n", "type": "INTEGER"}]
    admin.post("/api/databases/example/tables", json={"name": "words", "columns": columns})
    admin.post(address(app, "rows.insert_json", **place), json={"rows": [{"word": name, "n": 1}, {"word": "-"}]})
    row = address(app, "rows.row_json", **place, key=(name,))
    assert admin.get(row).get_json()["row"] == {"word": name, "n": 1}
    assert admin.get(address(app, "rows.row", **place, key=(name,))).status_code == 200
    assert admin.delete(row).status_code == 204
    assert [one["word"] for one in admin.get(address(app, "rows.rows_json", **place)).get_json()["rows"]] == ["-"]


@pytest.mark.parametrize("name", ["it's", "a b", "100%", "a,b", "größe", "select"])
def test_a_database_file_of_any_name_is_served(app: Flask, client: Client, folder: Path, desk: Desk, name: str) -> None:
    (folder / "example.db").rename(folder / f"{name}.db")
    admin = client("admin")
    row = address(app, "rows.row_json", database=name, table="employees", key=(1,))
    assert admin.patch(row, json={"age": 34}).get_json()["row"]["age"] == 34
    change = address(app, "changes.undo_json", change=f"{name}.1")
    assert admin.post(change).get_json()["undone"] == 1


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/databases/nope", 404, "There is no database 'nope'."),
        ("/databases/example/tables/nope", 404, "example has no table 'nope'."),
        ("/databases/example/tables/employees/rows/99", 404, "employees has no row 99."),
        ("/functions/nope", 404, "There is no function nope."),
        ("/pages/nope", 404, "There is no page 'nope'."),
        ("/runs/99", 404, "There is no run 99."),
        ("/changes/example.99", 404, "There is no change example.99."),
        ("/nowhere", 404, "There is nothing at this address."),
        ("/databases/example/tables/employees?wage=3", 422, "employees has no column 'wage'."),
        ("/databases/example/tables/employees?age__near=3", 422, "Unknown operator"),
        ("/databases/example/tables/employees?age__gt=old", 422, "number"),
        ("/databases/example/tables/employees?_sort=wage", 422, "wage"),
    ],
)
def test_what_is_not_there_is_named_on_the_page(client: Client, path: str, status: int, sentence: str) -> None:
    answer = client("admin").get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert sentence in answer.text.replace("&#39;", "'")


def test_every_wrong_field_of_a_row_is_named_and_what_was_typed_stays(client: Client) -> None:
    typed = {"name": "", "age": "old", "department": "Späti & Söhne"}
    answer = client("editor").post("/databases/example/tables/employees/new", data=typed)
    assert answer.status_code == 422
    assert "Write a whole number, such as 42." in answer.text
    assert 'value="old"' in answer.text or ">old<" in answer.text
    assert "Späti &amp; Söhne" in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


@pytest.fixture
def spoilt(folder: Path, client: Client) -> FlaskClient:
    """An editor of a desk with one file that works and several that do not."""
    (folder / "works.py").write_text("import frontdesk\n\n@frontdesk.function\ndef works():\n    return 'it works'\n")
    (folder / "syntax.py").write_text("import frontdesk\n\n@frontdesk.function\ndef broken(:\n    pass\n")
    (folder / "lacks.py").write_text("import frontdesk\nimport nothing_of_this_name\n")
    (folder / "notes.db").write_text("no database at all")
    (folder / "pages").mkdir()
    (folder / "pages" / "good.html").write_text('{{ call("works") }}')
    (folder / "pages" / "bad.html").write_text("one\n{% if %}")
    return client("editor")


def test_a_function_file_with_a_mistake_is_shown_with_line_and_message_and_the_rest_works(spoilt: FlaskClient) -> None:
    page = spoilt.get("/functions").text.replace("&#39;", "'")
    assert "syntax.py, line 4" in page
    assert "SyntaxError: invalid syntax" in page
    assert "lacks.py, line 2" in page
    assert "No module named 'nothing_of_this_name'" in page
    assert spoilt.post("/api/functions/works", json={}).get_json()["result"] == "it works"
    assert "syntax.py has a fault" in spoilt.post("/api/functions/broken", json={}).get_json()["detail"]


def test_a_page_with_a_mistake_is_shown_with_its_line_and_the_others_work(spoilt: FlaskClient) -> None:
    answer = spoilt.get("/pages/bad")
    assert answer.status_code == 422
    assert "bad.html, line 2" in answer.text
    assert spoilt.get("/pages/good").text == "it works"


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(spoilt: FlaskClient, folder: Path) -> None:
    page = spoilt.get("/databases")
    assert page.status_code == 200
    assert "notes.db is not a SQLite database." in page.text
    assert "employees" in page.text
    assert "notes.db is not a SQLite database." in spoilt.get("/api/databases/notes").get_json()["detail"]
    assert (folder / "notes.db").read_text() == "no database at all"


def test_a_desk_that_cannot_be_written_is_said_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / ".frontdesk").write_text("a file in its place")
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        Desk(tmp_path)
    assert "mend its permissions" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == [".frontdesk"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frontdesk", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=False)


def test_a_single_file_that_is_no_database_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database at all")
    answer = run("serve", "notes.db", "--port", "0", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.splitlines()[0] == "Error: notes.db is not a SQLite database."


def test_a_command_names_each_wrong_value_once(folder: Path) -> None:
    (folder / "works.py").write_text("import frontdesk\n\n@frontdesk.function\ndef f(a: int, b: int = 1): ...\n")
    answer = run("call", "f", "a=x", "b=y", cwd=folder)
    assert answer.returncode == 1
    assert answer.stderr.count("Write a whole number") == 2
    assert "Traceback" not in answer.stderr
