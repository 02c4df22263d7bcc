import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from frontdesk.config import HistorySettings
from frontdesk.database import steps
from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests import places
from tests.conftest import Client, signed_in

EMPLOYEES = "/api/databases/example/tables/employees"


def test_databases_and_tables_are_listed_with_their_counts(client: Client) -> None:
    viewer = client("viewer")
    listed = viewer.get("/api/databases").get_json()
    assert [(one["name"], one["tables"]) for one in listed["databases"]] == [("example", 1)]
    assert listed["next"] is None
    (table,) = viewer.get("/api/databases/example").get_json()["tables"]
    assert (table["name"], table["rows"]) == ("employees", 3)


def test_a_table_is_described_by_its_columns_and_key(client: Client) -> None:
    found = client("viewer").get(EMPLOYEES).get_json()
    assert found["primary_key"] == ["id"]
    name = found["columns"][1]
    assert {key: name[key] for key in ("name", "type", "kind", "nullable", "default", "primary_key", "references")} == {
        "name": "name",
        "type": "TEXT",
        "kind": "text",
        "nullable": False,
        "default": None,
        "primary_key": False,
        "references": None,
    }


def test_rows_come_as_objects_with_next_count_and_facets(client: Client) -> None:
    found = client("viewer").get(f"{EMPLOYEES}/rows?_sort=-age&_size=2&_count=1").get_json()
    assert [row["name"] for row in found["rows"]] == ["Charlie", "Krish"]
    assert (found["count"], found["facets"]) == (3, {})
    rest = client("viewer").get(f"{EMPLOYEES}/rows", query_string={"_sort": "-age", "_size": 2, "_next": found["next"]})
    assert [row["name"] for row in rest.get_json()["rows"]] == ["Bob"]
    assert rest.get_json()["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nosuch=1", "nosuch"),
        ("age__nosuch=1", "age__nosuch"),
        ("_nosuch=1", "_nosuch"),
        ("_sort=nosuch", "_sort"),
        ("_columns=nosuch", "_columns"),
        ("_size=0", "_size"),
        ("_size=1001", "_size"),
        ("_size=x", "_size"),
        ("_count=x", "_count"),
        ("_next=x", "_next"),
        ("age__gt=old", "age__gt"),
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_breaks(client: Client, query: str, field: str) -> None:
    answer = client("viewer").get(f"{EMPLOYEES}/rows?{query}")
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [field]
    page = client("viewer").get(f"/databases/example/tables/employees?{query}")
    assert page.status_code == 422
    assert "Krish" in page.get_data(as_text=True)


def test_a_row_lives_through_insert_read_update_delete_history_and_undo(client: Client) -> None:
    editor = client("editor")
    made = editor.post(f"{EMPLOYEES}/rows", json={"rows": [{"name": "Dora", "age": 41}]})
    assert (made.status_code, made.get_json()) == (201, {"inserted": 1, "updated": 0, "keys": [4]})
    read = editor.get(f"{EMPLOYEES}/rows/4")
    assert read.get_json() == {"row": {"id": 4, "name": "Dora", "age": 41, "department": None}}
    changed = editor.patch(f"{EMPLOYEES}/rows/4", json={"age": 42}, headers={"If-Match": read.headers["ETag"]})
    assert changed.get_json()["row"]["age"] == 42
    assert changed.headers["ETag"] != read.headers["ETag"]
    gone = editor.delete(f"{EMPLOYEES}/rows/4")
    assert (gone.status_code, gone.data) == (204, b"")
    assert editor.get(f"{EMPLOYEES}/rows/4").status_code == 404
    history = editor.get(f"{EMPLOYEES}/rows/4/history").get_json()["changes"]
    assert [change["operation"] for change in history] == ["delete", "update", "insert"]
    assert history[1]["before"]["age"] == 41 and history[1]["after"]["age"] == 42
    assert history[0]["request"] == gone.headers["X-Request-ID"]
    assert set(history[0]) >= {
        "id",
        "table",
        "rows",
        "key",
        "before",
        "after",
        "at",
        "user",
        "request",
        "run",
        "undoes",
    }
    undone = editor.post(f"/api/changes/{history[0]['id']}/undo").get_json()
    assert undone["undone"] == 1
    assert editor.get(f"{EMPLOYEES}/rows/4").get_json()["row"]["age"] == 42
    last = editor.get(f"/api/changes/{undone['changes'][0]}").get_json()
    assert (last["operation"], last["undoes"]) == ("undo", history[0]["id"])


def test_an_undo_of_an_undo_is_called_what_it_is(client: Client) -> None:
    editor = client("editor")
    editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 31})
    change = editor.get(f"{EMPLOYEES}/history").get_json()["changes"][0]["id"]
    for wanted in ("Undone: 1 row.", "Redone: 1 row."):
        assert wanted in editor.post(f"/changes/{change}/undo", follow_redirects=True).get_data(as_text=True)
        change = editor.get(f"{EMPLOYEES}/history").get_json()["changes"][0]["id"]


def test_a_stale_edit_and_an_impossible_undo_are_409_and_change_nothing(client: Client) -> None:
    editor = client("editor")
    first = editor.get(f"{EMPLOYEES}/rows/1").headers["ETag"]
    editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 33})
    stale = editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 99}, headers={"If-Match": first})
    assert stale.status_code == 409
    assert stale.get_json()["current"] == {"id": 1, "name": "Krish", "age": 33, "department": "Data Scientist"}
    editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 34})
    older = editor.get(f"{EMPLOYEES}/history").get_json()["changes"][1]["id"]
    refused = editor.post(f"/api/changes/{older}/undo")
    assert refused.status_code == 409
    assert [one["key"] for one in refused.get_json()["refused"]] == [1]
    assert editor.get(f"{EMPLOYEES}/rows/1").get_json()["row"]["age"] == 34


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"rows": [{"name": NaN}]}', 400),
        (b'{"rows": 1, "rows": 2}', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b'{"rows": {}}', 422),
        (b'{"rows": [1]}', 422),
        (b'{"rows": []}', 422),
        (b'{"row": []}', 422),
        (b'{"rows": [{"name": "x", "age": 9223372036854775808}]}', 422),
        (b'{"rows": [{"name": "x\\u0000"}]}', 422),
        (b'{"rows": [{"name": "\\ud800"}]}', 422),
        (b'{"rows": [{"name": "x", "id": 1}]}', 409),
    ],
)
def test_a_body_that_is_wrong_gets_its_status_and_inserts_nothing(client: Client, body: bytes, status: int) -> None:
    answer = client("editor").post(f"{EMPLOYEES}/rows", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.get_json()["detail"]
    assert len(client("viewer").get(f"{EMPLOYEES}/rows").get_json()["rows"]) == 3


def test_another_content_type_is_not_read(client: Client) -> None:
    assert client("editor").post(f"{EMPLOYEES}/rows", data=b"name=x", content_type="text/plain").status_code == 415


def test_a_table_is_created_found_and_its_creation_undone(client: Client) -> None:
    admin = client("admin")
    columns: list[dict[str, Any]] = [
        {"name": "id", "type": "INTEGER", "primary_key": True},
        {"name": "employee", "type": "INTEGER", "references": {"table": "employees", "column": "id"}},
        {"name": "paid", "type": "BOOLEAN", "nullable": False, "default": False},
    ]
    made = admin.post("/api/databases/example/tables", json={"name": "bonus", "columns": columns})
    assert made.status_code == 201
    assert made.get_json()["columns"][1]["references"] == {"table": "employees", "column": "id"}
    admin.post("/api/databases/example/tables/bonus/rows", json={"rows": [{"employee": 1}]})
    assert admin.get("/api/databases/example/tables/bonus/rows").get_json()["rows"] == [
        {"id": 1, "employee": 1, "paid": False}
    ]
    wrong = admin.post("/api/databases/example/tables/bonus/rows", json={"rows": [{"employee": 77}]})
    assert wrong.status_code == 422
    history = admin.get("/api/databases/example/tables/bonus/history").get_json()["changes"]
    assert [change["operation"] for change in history] == ["insert", "schema"]
    assert admin.post(f"/api/changes/{history[1]['id']}/undo").status_code == 409
    admin.post(f"/api/changes/{history[0]['id']}/undo")
    assert admin.post(f"/api/changes/{history[1]['id']}/undo").status_code == 200
    assert admin.get("/api/databases/example/tables/bonus").status_code == 404


def test_keys_in_a_path_hold_every_text(client: Client, folder: Path) -> None:
    keys = ["a,b", "a/b", "~", "", ".", "..", "a%2Fb", "é漢", " ", "a\tb", "?x=1#y"]
    with sqlite3.connect(folder / "example.db") as connection:
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(key, number) for number, key in enumerate(keys)])
    connection.close()
    editor = client("editor")
    page = editor.get("/databases/example/tables/t").get_data(as_text=True)
    paths = [part.split('"')[0] for part in page.split('data-href="')[1:] if "/rows/" in part.split('"')[0]]
    found = {editor.get(f"/api{path}").get_json()["row"]["k"] for path in paths}
    assert found == set(keys)


def test_composite_keys_and_hidden_keys_lead_to_their_rows(client: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "example.db") as connection:
        connection.executescript("""
            CREATE TABLE pairs (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b));
            INSERT INTO pairs VALUES ('x,y', 1, 'found'), (NULL, 2, 'null');
            CREATE TABLE loose (v TEXT);
            INSERT INTO loose VALUES ('one');
        """)
    connection.close()
    viewer = client("viewer")
    assert viewer.get("/api/databases/example/tables/pairs/rows/x~2Cy,1").get_json()["row"]["c"] == "found"
    assert viewer.get("/api/databases/example/tables/pairs/rows/~0,2").get_json()["row"]["c"] == "null"
    (row,) = viewer.get("/api/databases/example/tables/loose/rows").get_json()["rows"]
    assert row == {"v": "one", "_key": 1}
    assert viewer.get("/api/databases/example/tables/loose/rows/1").get_json() == {"row": row}


def test_values_that_json_cannot_hold_are_written_as_was_promised(client: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "example.db") as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, big INTEGER, bytes BLOB, flag BOOLEAN, doc JSON)")
        connection.execute("INSERT INTO t VALUES (1, ?, x'00ff', 1, ?)", [2**60, json.dumps({"a": [1]})])
    connection.close()
    (row,) = client("viewer").get("/api/databases/example/tables/t/rows").get_json()["rows"]
    assert row == {"id": 1, "big": str(2**60), "bytes": {"$base64": "AP8="}, "flag": True, "doc": {"a": [1]}}
    back = client("editor").post("/api/databases/example/tables/t/rows", json={"rows": [{**row, "id": 2}]})
    assert back.status_code == 201
    again = client("viewer").get("/api/databases/example/tables/t/rows/2").get_json()["row"]
    assert again == {**row, "id": 2}


def test_a_form_keeps_what_was_typed_and_names_every_wrong_field(client: Client) -> None:
    page = client("editor").post(
        "/databases/example/tables/employees/new", data={"name": "", "age": "forty", "department": "IT"}
    )
    text = page.get_data(as_text=True)
    assert page.status_code == 422
    assert text.count('aria-invalid="true"') == 2
    assert 'value="forty"' in text and 'value="IT"' in text


def test_a_broken_file_spoils_nothing_but_itself(client: Client, folder: Path, desk: Desk) -> None:
    (folder / "broken.db").write_bytes(b"no database" * 100)
    desk._looked = float("-inf")
    viewer = client("viewer")
    listed = {one["name"]: one["problem"] for one in viewer.get("/api/databases").get_json()["databases"]}
    assert listed == {"broken": "broken.db is not a SQLite database.", "example": None}
    assert viewer.get("/api/databases/broken").status_code == 503
    assert viewer.get("/databases").status_code == 200
    assert viewer.get("/api/databases/nosuch").status_code == 404
    assert viewer.get(f"{EMPLOYEES}/rows").status_code == 200


def test_a_desk_served_read_only_shows_everything_and_changes_nothing(folder: Path) -> None:
    desk = Desk(folder, read_only=True, functions={"workers": 1}, logs={"console": False})
    try:
        editor = signed_in(create_app(desk), desk, "editor")
        kept = (folder / "example.db").read_bytes()
        assert editor.get(f"{EMPLOYEES}/rows").status_code == 200
        assert editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 1}).status_code == 403
        assert editor.get("/databases/example/tables/employees/history").status_code == 200
        assert (folder / "example.db").read_bytes() == kept
    finally:
        desk.close()


def test_history_shows_booleans_and_json_as_the_rows_do(client: Client) -> None:
    columns = [
        {"name": "id", "type": "INTEGER", "primary_key": True},
        {"name": "ok", "type": "BOOLEAN"},
        {"name": "doc", "type": "JSON"},
    ]
    client("admin").post("/api/databases/example/tables", json={"name": "t", "columns": columns})
    row = {"ok": True, "doc": {"a": [1]}}
    client("editor").post("/api/databases/example/tables/t/rows", json={"rows": [row]})
    change = client("viewer").get("/api/databases/example/tables/t/history").get_json()["changes"][0]
    assert change["after"] == {"id": 1, **row}
    (listed,) = client("viewer").get(f"/api/changes/{change['id']}/rows").get_json()["rows"]
    assert listed == {"key": 1, "before": None, "after": {"id": 1, **row}}


def test_a_column_with_a_comma_in_its_name_is_sorted_and_chosen(client: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "example.db") as connection:
        connection.executescript(
            """CREATE TABLE t ("a,b" INTEGER, "-z" INTEGER); INSERT INTO t VALUES (1, 2), (2, 1);"""
        )
    connection.close()
    viewer = client("viewer")
    for sort, first in (('"a,b"', 1), ('"-a,b"', 2), ("-z", 2), ("--z", 1)):
        found = viewer.get("/api/databases/example/tables/t/rows", query_string={"_sort": sort, "_columns": '"a,b"'})
        assert found.get_json()["rows"][0]["a,b"] == first
    page = viewer.get("/databases/example/tables/t").get_data(as_text=True)
    assert "_sort=%22a%2Cb%22" in page


STRUCTURE = "/databases/example/tables/employees/structure"


def test_an_admin_changes_a_table_by_its_form_and_undoes_it(client: Client, folder: Path) -> None:
    admin = client("admin")
    assert "Rename this table" not in client("editor").get(STRUCTURE).get_data(as_text=True)
    assert "Rename this table" in admin.get(STRUCTURE).get_data(as_text=True)
    form = {"name": "staff", "was.0": "id", "column.0": "id", "was.1": "name", "column.1": "full name"}
    form |= {"was.2": "age", "column.2": "age", "drop.2": "on", "was.3": "department", "column.3": "department"}
    form |= {"add.1.name": "mail", "add.1.type": "TEXT", "add.1.default": "none"}
    done = admin.post(STRUCTURE, data=form, follow_redirects=True)
    assert "Changed the definition of staff." in done.get_data(as_text=True)
    columns = admin.get("/api/databases/example/tables/staff").get_json()["columns"]
    assert [column["name"] for column in columns] == ["id", "full name", "department", "mail"]
    assert admin.post("/changes/example.1/undo", follow_redirects=True).status_code == 200
    row = admin.get("/api/databases/example/tables/employees/rows/1").get_json()["row"]
    assert row == {"id": 1, "name": "Krish", "age": 32, "department": "Data Scientist"}


FORMS: list[tuple[dict[str, str], str, str]] = [
    (
        {"column": "age", "type": "REAL", "required_shown": "1", "default_is": "value", "default": "1.5"},
        "age REAL",
        "1.5",
    ),
    ({"column": "age", "after": "", "order": "id\r\nname\r\nage\r\ndepartment"}, "CREATE TABLE", "age"),
    (
        {"column": "age", "new_name": "years", "after": "department", "order": "id\nname\nage\ndepartment"},
        "years",
        "years",
    ),
    ({"column": "department", "drop": "1"}, "DROP COLUMN", "employees"),
    (
        {"index.0": "age", "index.1": "name", "index_unique": "on", "index_where": "age > 1"},
        "CREATE UNIQUE INDEX",
        "age",
    ),
    ({"key.0": "age", "key_table": "offices", "on_delete": "SET NULL"}, "ON DELETE SET NULL", "offices"),
    ({"check": "age > 0"}, "CHECK (age &gt; 0)", "age &gt; 0"),
    ({"add.0.name": "mail", "add.0.type": "TEXT"}, "ADD COLUMN", "mail"),
    ({"name": "staff"}, "RENAME TO", "staff"),
]


@pytest.mark.parametrize(("form", "told", "shown"), FORMS)
def test_each_small_form_shows_its_sql_first_then_is_carried_out_and_undone(
    client: Client, folder: Path, form: dict[str, str], told: str, shown: str
) -> None:
    with sqlite3.connect(folder / "example.db") as connection:
        connection.executescript(
            "CREATE TABLE offices (id INTEGER PRIMARY KEY); INSERT INTO offices SELECT DISTINCT age FROM employees;"
        )
    connection.close()
    admin = client("admin")
    before = admin.get("/api/databases/example/tables/employees/structure").get_json()
    preview = admin.post(f"{STRUCTURE}/preview", data=form)
    assert preview.status_code == 200
    assert told in preview.text
    assert admin.get("/api/databases/example/tables/employees/structure").get_json() == before
    done = admin.post(STRUCTURE, data=form, follow_redirects=True)
    assert "Changed the definition of" in done.text
    assert shown in done.text
    assert admin.post("/api/changes/example.1/undo").status_code == 200
    again = admin.get("/api/databases/example/tables/employees/structure").get_json()
    assert again.pop("sql").replace('"', "").replace(" (", "(") == before.pop("sql").replace('"', "").replace(" (", "(")
    assert again == before


def test_what_stands_in_the_way_is_shown_with_its_rows(client: Client) -> None:
    admin = client("admin")
    for place in (STRUCTURE, f"{STRUCTURE}/preview"):
        answer = admin.post(place, data={"column": "name", "type": "INTEGER"})
        assert answer.status_code == 409
        assert "Some values of name do not fit: 3 rows stand in the way." in answer.text
        assert "&#39;Krish&#39; is no whole number." in answer.text
    wrong = admin.post(f"{STRUCTURE}/preview", data={"check": "age > (SELECT 1)"})
    assert wrong.status_code == 422
    assert "A condition holds no query" in wrong.text and 'value="age &gt; (SELECT 1)"' in wrong.text


def test_programs_try_a_change_of_a_definition_out_and_carry_it_out(client: Client) -> None:
    admin, path = client("admin"), "/api/databases/example/tables/employees"
    wish = {"columns": {"age": {"type": "REAL"}}, "add_indexes": [{"columns": ["age"]}], "order": [1]}
    assert set(admin.patch(path, json=wish | {"dry_run": True}).get_json()["errors"]) == {"order"}
    del wish["order"]
    tried = admin.patch(path, json=wish | {"dry_run": True}).get_json()
    assert (tried["change"], tried["undoable"], tried["columns"][2]["type"]) == (None, True, "REAL")
    assert 'CREATE INDEX "employees_age" ON "employees" ("age")' in tried["statements"]
    assert admin.get(path).get_json()["columns"][2]["type"] == "INTEGER"
    assert admin.patch(path, json=wish).get_json()["change"] == "example.1"
    found = client("viewer").get(f"{path}/structure").get_json()
    assert [index["name"] for index in found["indexes"]] == ["employees_age"]
    refused = admin.patch(path, json={"columns": {"name": {"type": "INTEGER"}}})
    assert refused.status_code == 409
    assert refused.get_json()["refused"][0] == {"key": 1, "reason": "'Krish' is no whole number."}


def test_a_new_table_is_filled_in_from_pasted_lines_and_its_sql_shown(client: Client) -> None:
    admin, place = client("admin"), "/databases/example/new"
    pasted = "id;name;born;paid\n1;Krish;1992-04-30;1.50\n2;Bob;1988-11-02;20.25\n"
    page = admin.post(f"{place}/lines", data={"lines": pasted, "name": "people"}).text
    assert (
        'value="born"' in page and "<option selected>DATE</option>" in page and "<option selected>REAL</option>" in page
    )
    assert admin.post(f"{place}/lines", data={"lines": " "}).status_code == 422
    shown = admin.post(place, data={"name": "people", "name.0": "born", "type.0": "DATE", "show": "1"}).text
    assert "CREATE TABLE people" in shown and "DATE" in shown
    assert len(admin.get("/api/databases/example").get_json()["tables"]) == 1
    made = admin.post("/api/databases/example/tables", json={"name": "people", "lines": pasted}).get_json()
    assert [column["type"] for column in made["columns"]] == ["INTEGER", "TEXT", "DATE", "REAL"]
    assert made["primary_key"] == ["id"]


def test_a_view_is_made_by_form_and_by_program(client: Client) -> None:
    admin = client("admin")
    refused = admin.post("/databases/example/new/view", data={"view": "adults", "sql": "SELECT nosuch FROM employees"})
    assert refused.status_code == 422 and "No such column: nosuch." in refused.text
    sql = "SELECT name FROM employees WHERE age > 30"
    done = admin.post("/databases/example/new/view", data={"view": "adults", "sql": sql}, follow_redirects=True)
    assert "Created adults." in done.text and "Krish" in done.text
    assert "adults" in admin.get(STRUCTURE).text
    made = admin.post("/api/databases/example/tables", json={"name": "more", "sql": sql})
    assert (made.status_code, made.get_json()["kind"]) == (201, "view")
    assert admin.post("/api/databases/example/tables", json={"name": "more", "sql": sql}).status_code == 409


def test_a_wrong_change_is_told_at_its_field_and_keeps_what_was_typed(client: Client) -> None:
    form = {"name": "employees", "was.1": "name", "column.1": "age", "add.0.name": "<b>", "add.0.required": "on"}
    answer = client("admin").post(STRUCTURE, data=form)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "There is a column &#39;age&#39; already." in text
    assert "Give a default" in text
    assert 'value="&lt;b&gt;"' in text


def test_a_table_is_deleted_once_its_name_was_typed_and_comes_back(client: Client) -> None:
    admin = client("admin")
    path = "/databases/example/tables/employees/delete"
    for typed in ("", "employee"):
        answer = admin.post(path, data={"typed": typed})
        assert answer.status_code == 422
        assert "Type employees to delete it." in answer.get_data(as_text=True)
    done = admin.post(path, data={"typed": "employees"}, follow_redirects=True).get_data(as_text=True)
    assert "Deleted employees." in done
    assert admin.get("/api/databases/example").get_json()["tables"] == []
    assert admin.get("/changes/example.1").status_code == 200
    listed = "/changes/example.1/undo"
    assert listed in admin.get("/databases/example").get_data(as_text=True)
    assert listed not in client("viewer").get("/databases/example").get_data(as_text=True)
    assert admin.post("/api/changes/example.1/undo").status_code == 200
    assert listed not in admin.get("/databases/example").get_data(as_text=True)
    assert len(admin.get("/api/databases/example/tables/employees/rows").get_json()["rows"]) == 3


def test_programs_change_and_delete_tables(client: Client) -> None:
    admin, path = client("admin"), "/api/databases/example/tables/employees"
    wish = {"rename": {"age": "years"}, "add": [{"name": "boss", "references": {"table": "employees", "column": "id"}}]}
    answer = admin.patch(path, json=wish)
    assert answer.status_code == 200
    assert [column["name"] for column in answer.get_json()["columns"]] == ["id", "name", "years", "department", "boss"]
    assert answer.get_json()["change"] == "example.1"
    assert admin.patch(path, json={"drop": ["id"]}).status_code == 422
    notes = [{"name": "who", "type": "INTEGER", "references": {"table": "employees", "column": "id"}}]
    assert admin.post("/api/databases/example/tables", json={"name": "notes", "columns": notes}).status_code == 201
    refused = admin.delete(path)
    assert refused.status_code == 409
    assert "notes refers to employees" in refused.get_json()["detail"]
    assert "notes refers to employees" in admin.get(STRUCTURE).get_data(as_text=True)
    assert admin.delete("/api/databases/example/tables/notes").status_code == 204
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404


def test_an_undo_that_cannot_be_is_told_in_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MOST_KEPT", 1)
    admin = client("admin")
    admin.patch("/api/databases/example/tables/employees", json={"drop": ["name"]})
    answer = admin.post("/changes/example.1/undo")
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert "What employees was before cannot be brought back." in text
    assert "None" not in text
    refused = admin.post("/api/changes/example.1/undo").get_json()
    assert refused["refused"] == [{"key": None, "reason": "What employees was before cannot be brought back."}]


def test_bytes_are_shown_wherever_a_change_of_them_is(client: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "example.db") as connection:
        connection.execute("CREATE TABLE photos (id INTEGER PRIMARY KEY, data BLOB)")
    connection.close()
    admin = client("admin")
    sql = "INSERT INTO photos VALUES (1, x'00ff')"
    admin.post("/api/databases/example/query", json={"sql": sql, "write": True})
    for page in ("history", "rows/1"):
        shown = admin.get(f"/databases/example/tables/photos/{page}")
        assert shown.status_code == 200
        assert "2 bytes" in shown.get_data(as_text=True)


@pytest.mark.parametrize("key", ["99999999999999999999", "-9223372036854775809"])
def test_a_key_that_no_database_holds_is_no_row(client: Client, key: str) -> None:
    assert client("editor").get(f"{EMPLOYEES}/rows/{key}").status_code == 404
    assert client("editor").delete(f"{EMPLOYEES}/rows/{key}").status_code == 404


def test_an_export_holds_what_was_searched_for_and_the_page_leads_there(client: Client) -> None:
    place = "/databases/example/tables/employees"
    page = client("viewer").get(f"{place}?_search=eng&_facet=department").text
    assert f"{place}/export?_search=eng" in page and "Bob" in page and "Krish" not in page
    told = client("viewer").get(f"/api{place}/export.csv?_search=eng").text
    assert "Bob" in told and "Krish" not in told
    assert "Data Scientist" in client("viewer").get(f"{place}?_facet=department").text


def test_a_value_of_a_facet_is_chosen_and_left_by_its_link(client: Client) -> None:
    place = "/databases/example/tables/employees"
    chosen = client("viewer").get(f"{place}?_facet=department&department=Finance").text
    assert f'href="{place}?_facet=department" aria-current="true"' in chosen
    assert f'href="{place}?_facet=department&amp;department=Engineering"' in chosen
    nulls = client("viewer").get(f"{place}?_facet=age&_facet=nothing")
    assert nulls.status_code == 422 and "has no column" in nulls.text


def test_a_new_rows_text_is_null_until_one_writes_or_unticks_it(client: Client) -> None:
    place = "/databases/example/tables/employees/new"
    page = client("editor").get(place).text
    assert 'name="department__null" checked' in page
    sent = {"name": "Eva", "department": "", "department__null_shown": "1", "age": "x"}
    refused = client("editor").post(place, data=sent)
    assert refused.status_code == 422 and 'name="department__null">' in refused.text
    kept = client("editor").post(place, data=sent | {"department__null": "on"})
    assert 'name="department__null" checked' in kept.text


def test_a_row_is_shown_as_it_was_beside_what_it_is(client: Client) -> None:
    editor = client("editor")
    before = editor.post(f"{EMPLOYEES}/rows", json={"rows": [{"name": "Dora", "age": 41}]}).get_json()["keys"][0]
    made = editor.get(f"{EMPLOYEES}/rows/{before}/history").get_json()["changes"][0]
    editor.patch(f"{EMPLOYEES}/rows/{before}", json={"age": 42})
    past = editor.get(f"{EMPLOYEES}/rows/{before}/past", query_string={"at": made["at"]}).get_json()
    assert (past["row"]["age"], past["began"]) == (41, made["id"])
    row = f"/databases/example/tables/employees/rows/{before}"
    assert "row then" in editor.get(row).get_data(as_text=True)
    page = editor.get(f"{row}/past", query_string={"at": made["at"]}).get_data(as_text=True)
    assert "<td>41</td><td><ins>42</ins></td>" in page
    wrong = editor.get(f"{row}/past?at=yesterday")
    assert wrong.status_code == 422 and "Write a date and a time" in wrong.get_data(as_text=True)
    assert editor.get(f"{EMPLOYEES}/rows/{before}/past").status_code == 422


@pytest.mark.parametrize(
    ("query", "status", "count"),
    [
        ("", 200, 2),
        ("operation=update", 200, 1),
        ("operation=nosuch", 422, 0),
        ("database=example&table=employees", 200, 2),
        ("database=nosuch", 422, 0),
        ("user=nobody", 200, 0),
        ("run=x", 422, 0),
        ("_next=x", 422, 0),
    ],
)
def test_the_changes_of_the_desk_are_found_by_what_is_known_of_them(
    client: Client, query: str, status: int, count: int
) -> None:
    editor = client("editor")
    editor.post(f"{EMPLOYEES}/rows", json={"rows": [{"name": "Dora", "age": 41}]})
    editor.patch(f"{EMPLOYEES}/rows/1", json={"age": 31})
    answer = editor.get(f"/api/changes?{query}")
    assert (answer.status_code, len(answer.get_json().get("changes", []))) == (status, count)
    page = editor.get(f"/changes?{query}")
    assert page.status_code == status
    if status == 200:
        assert page.get_data(as_text=True).count('class="operation ') == count


def test_pages_say_where_a_history_was_cut(client: Client, desk: Desk) -> None:
    editor, table = client("editor"), EMPLOYEES.removeprefix("/api")
    for age in (41, 42):
        editor.patch(f"{EMPLOYEES}/rows/1", json={"age": age})
    pages = ("/changes", f"{table}/history", f"{table}/rows/1")
    assert not any("were not kept" in editor.get(page).text for page in pages)
    desk.changes.purge(HistorySettings(keep_changes=1), seconds=60)
    assert all("were not kept" in editor.get(page).text for page in pages)


def test_the_filter_of_a_page_knows_which_operators_a_kind_has_and_all_rows_are_counted_on_demand(
    client: Client, folder: Path
) -> None:
    places.execute(
        folder / "example.db",
        "CREATE TABLE kinds (id INTEGER PRIMARY KEY, sure BOOLEAN, day DATE, photo BLOB, word TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10002)"
        " INSERT INTO kinds (id) SELECT i FROM n",
    )
    page = client("viewer").get("/databases/example/tables/kinds").text
    found = re.findall(r'<option data-kind="[a-z]+" data-operators="([^"]+)">(\w+)', page)
    offered = {name: operators for operators, name in found}
    assert (offered["sure"], offered["photo"]) == ("exact not isnull", "isnull")
    assert offered["day"] == "exact not gt gte lt lte in isnull"
    assert "contains" in offered["word"]
    link = re.search(r'href="([^"]*_count=1)"', page)
    assert link and "10,000+" in page
    assert "<strong>10,002</strong> rows" in client("viewer").get(link[1].replace("&amp;", "&")).text
