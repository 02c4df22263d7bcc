"""What one asked lately: kept per person, with errors, to be taken again; and saved queries with who may see them."""

from pathlib import Path

import pytest
from flask import Flask

from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests.conftest import Client, signed_in

API = "/api/databases/example/query"
PAGE = "/databases/example/query"
SAVED = "/api/databases/example/queries"


def test_what_one_asked_is_listed_newest_first_with_its_errors(client: Client) -> None:
    vic, eve = client("viewer"), client("editor")
    vic.post(API, json={"sql": "SELECT name FROM employees WHERE age > :age", "parameters": {"age": 30}})
    vic.get(PAGE, query_string={"sql": "SELECT nosuch"})
    found = vic.get(f"{API}/history?_size=1").get_json()
    assert "nosuch" in found["queries"][0]["error"]
    (older,) = vic.get(f"{API}/history?_next={found['next']}").get_json()["queries"]
    assert (older["parameters"], older["rows"], older["error"]) == ({"age": 30}, 2, None)
    assert eve.get(f"{API}/history").get_json()["queries"] == []
    text = vic.get(f"{PAGE}/history").text
    assert f'href="{PAGE}?sql=SELECT+name+FROM+employees+WHERE+age+%3E+%3Aage&amp;p.age=30"' in text
    assert "o such column: nosuch" in text
    assert vic.delete(f"{API}/history").status_code == 204
    assert "Nothing asked yet" in vic.get(f"{PAGE}/history").text


def test_the_same_question_twice_is_kept_once_and_only_the_last_are(folder: Path) -> None:
    desk = Desk(folder, functions={"workers": 1}, logs={"console": False}, queries={"keep": 2})
    try:
        vic = signed_in(create_app(desk), desk, "viewer")
        for number in (1, 2, 2, 3):
            assert vic.post(API, json={"sql": f"SELECT {number}"}).status_code == 200
        assert [one["sql"] for one in vic.get(f"{API}/history").get_json()["queries"]] == ["SELECT 3", "SELECT 2"]
    finally:
        desk.close()


def test_what_writes_is_kept_among_ones_own_too(client: Client) -> None:
    ada = client("admin")
    ada.post(API, json={"sql": "UPDATE employees SET age = 1", "write": True})
    assert ada.get(f"{API}/history").get_json()["queries"][0]["sql"] == "UPDATE employees SET age = 1"


def test_a_shared_query_has_a_description_and_is_seen_from_its_role_on(client: Client) -> None:
    editor, viewer = client("editor"), client("viewer")
    body = {"name": "old", "sql": "SELECT 1", "description": "All <of> them.", "role": "editor"}
    made = editor.post(SAVED, json=body).get_json()
    assert {name: made[name] for name in body} == body
    assert viewer.get(SAVED).get_json()["queries"] == []
    assert viewer.get(f"{SAVED}/old").status_code == 404
    assert "All &lt;of&gt; them." in editor.get(PAGE).text
    assert "them." not in viewer.get(PAGE).text
    assert editor.patch(f"{SAVED}/old", json={"role": "viewer"}).get_json()["description"] == "All <of> them."
    assert viewer.get(f"{SAVED}/old").get_json()["sql"] == "SELECT 1"
    assert editor.patch(f"{SAVED}/old", json={"role": "admin"}).status_code == 422
    assert viewer.patch(f"{SAVED}/old", json={"role": "viewer"}).status_code == 403


def test_an_admins_query_is_not_an_editors_to_replace(client: Client) -> None:
    form = {"name": "kept", "sql": "SELECT 1", "role": "admin"}
    assert client("admin").post("/databases/example/queries", data=form).status_code == 303
    taken = client("editor").post("/databases/example/queries", data={"name": "kept", "sql": "SELECT 2"})
    assert taken.status_code == 409
    assert client("editor").delete(f"{SAVED}/kept").status_code == 404


def test_a_fault_is_told_with_line_column_and_near_names(client: Client) -> None:
    viewer = client("viewer")
    found = viewer.post(API, json={"sql": "SELECT name,\n  agee\nFROM employees"})
    problem = found.get_json()
    assert (found.status_code, problem["line"], problem["column"], problem["near"]) == (422, 2, 3, ["age"])
    assert problem["errors"]["sql"].endswith("Did you mean age?")
    page = viewer.get(PAGE, query_string={"sql": "SELECT name,\r\n  agee\r\nFROM employees"}).text
    assert 'data-line="2" data-column="3" data-length="4"' in page
    assert '<span class="caret" aria-hidden="true">  ^^^^</span>' in page


def test_several_answers_stand_under_each_other(client: Client) -> None:
    sql = "SELECT 1 AS a; SELECT 2 AS b"
    found = client("viewer").post(API, json={"sql": sql}).get_json()
    assert [(one["sql"], one["rows"]) for one in found["answers"]] == [
        ("SELECT 1 AS a", [[1]]),
        ("SELECT 2 AS b", [[2]]),
    ]
    assert found["columns"] == ["b"]
    page = client("viewer").get(PAGE, query_string={"sql": sql}).text
    assert page.count('<table class="grid">') == 2
    assert "query.csv?sql=SELECT+1+AS+a" in page


def test_a_plan_is_told_as_json_and_drawn_as_a_tree(client: Client) -> None:
    asked = {"sql": "SELECT * FROM employees WHERE age > :age", "parameters": {"age": 1}}
    found = client("viewer").post(f"{API}/plan", json=asked).get_json()
    assert found["sentences"] == ["Reads all 3 rows of employees: no index serves age > …"]
    assert found["plan"][0]["step"] == "SCAN employees"
    page = client("viewer").get(PAGE, query_string={"sql": asked["sql"], "p.age": "1", "as": "plan"}).text
    assert "Reads all 3 rows of employees: no index serves age &gt; …" in page


def test_an_answer_is_drawn_as_a_chart(client: Client) -> None:
    viewer, sql = client("viewer"), "SELECT department, age FROM employees"
    found = viewer.post(f"{API}/chart", json={"sql": sql, "_kind": "bar", "_x": "department", "_y": "age"}).get_json()
    assert (found["kind"], found["aggregate"], len(found["data"])) == ("bar", "sum", 3)
    page = viewer.get(PAGE, query_string={"sql": sql, "as": "chart", "_x": "department"})
    assert "<td>Finance</td>" in page.text
    wrong = viewer.get(PAGE, query_string={"sql": sql, "as": "chart", "_x": "nosuch"})
    assert (wrong.status_code, 'id="chart_x-error"' in wrong.text) == (422, True)
    assert '<option value="department">' in wrong.text
    assert viewer.post(f"{API}/chart", json={"sql": sql, "_x": 1.5}).status_code == 422
    assert viewer.post(f"{API}/chart", json={"sql": "DELETE FROM employees"}).status_code == 422


@pytest.fixture
def hasty(folder: Path) -> tuple[Desk, Flask]:
    desk = Desk(folder, functions={"workers": 1}, logs={"console": False}, queries={"seconds": 0.5})
    return desk, create_app(desk)


def test_what_took_too_long_is_told_with_its_plan(hasty: tuple[Desk, Flask]) -> None:
    desk, app = hasty
    try:
        endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c)"
        sql = f"{endless} SELECT count(*) FROM c, employees WHERE age = n"
        page = signed_in(app, desk, "viewer").get(PAGE, query_string={"sql": sql})
        assert page.status_code == 422
        assert "stopped after 0.5 s" in page.text
        assert "Reads all 3 rows of employees" in page.text or "into an index" in page.text
    finally:
        desk.close()
