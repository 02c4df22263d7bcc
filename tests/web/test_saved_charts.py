"""Saved charts: of a table's view and of a query, listed, drawn on pages of the desk's own, by whom they are for."""

from html import unescape
from pathlib import Path

import pytest

from frontdesk.web import rendering
from tests.conftest import Client

CHARTS = "/api/databases/example/charts"
TABLE = {"table": "employees", "question": "_kind=bar&_x=department&_y=age&age__gt=30"}
QUERY = {"sql": "SELECT department, age FROM employees WHERE age > :least", "question": "p.least=30&_x=department"}


def page(folder: Path, text: str, parent: str = "frontdesk/page.html") -> None:
    (folder / "pages").mkdir(exist_ok=True)
    body = f'{{% extends "{parent}" %}}{{% block content %}}{text}{{% endblock %}}'
    (folder / "pages" / "report.html").write_text(body, "utf-8")


def test_charts_are_kept_listed_drawn_and_forgotten_as_json(client: Client) -> None:
    editor, viewer = client("editor"), client("viewer")
    made = editor.put(f"{CHARTS}/Ages", json=TABLE)
    assert (made.status_code, made.get_json()["table"], made.get_json()["role"]) == (201, "employees", "viewer")
    assert editor.put(f"{CHARTS}/Ages", json=TABLE).status_code == 200
    assert editor.put(f"{CHARTS}/by%20query", json=QUERY).status_code == 201
    listed = viewer.get(CHARTS).get_json()
    assert [(one["name"], one["sql"]) for one in listed["charts"]] == [("Ages", None), ("by query", QUERY["sql"])]
    found = viewer.get(f"{CHARTS}/Ages").get_json()
    assert found["chart"]["data"] == [{"x": "Finance", "y": 35}, {"x": "Data Scientist", "y": 32}]
    assert viewer.get(found["page"]).status_code == 200
    drawn = viewer.get(f"{CHARTS}/by%20query").get_json()
    assert {one["x"]: one["y"] for one in drawn["chart"]["data"]} == {"Finance": 1, "Data Scientist": 1}
    assert "Finance" in viewer.get(drawn["page"]).text
    assert editor.delete(f"{CHARTS}/Ages").status_code == 204
    assert viewer.get(f"{CHARTS}/Ages").status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "status", "field"),
    [
        ("x", {}, 422, "table"),
        ("x", {**TABLE, "sql": "SELECT 1"}, 422, "table"),
        ("x", {**TABLE, "role": "king"}, 422, "role"),
        ("x", {**TABLE, "role": "admin"}, 422, "role"),
        ("x", {**TABLE, "nosuch": 1}, 422, "nosuch"),
        ("x" * 101, TABLE, 422, "name"),
        ("x", {"sql": "  "}, 422, "sql"),
    ],
)
def test_what_is_no_chart_is_refused_and_nothing_kept(
    client: Client, name: str, body: dict[str, object], status: int, field: str
) -> None:
    answer = client("editor").put(f"{CHARTS}/{name}", json=body)
    assert (answer.status_code, field in answer.get_json()["errors"]) == (status, True)
    assert client("editor").get(CHARTS).get_json()["charts"] == []
    assert client("viewer").put(f"{CHARTS}/x", json=TABLE).status_code == 403


def test_who_may_not_see_a_chart_does_not_find_it(client: Client) -> None:
    client("editor").put(f"{CHARTS}/Ages", json={**TABLE, "role": "editor"})
    viewer = client("viewer")
    assert viewer.get(CHARTS).get_json()["charts"] == []
    assert viewer.get(f"{CHARTS}/Ages").status_code == 404
    assert "Ages" not in viewer.get("/databases/example").text
    assert "Ages" in client("editor").get("/databases/example").text


def test_a_chart_is_saved_from_its_page_and_listed_where_its_table_is(client: Client) -> None:
    editor, viewer = client("editor"), client("viewer")
    here = "/databases/example/tables/employees/chart"
    assert 'name="question" value="age__gt=30&amp;_kind=bar"' in editor.get(f"{here}?_kind=bar&age__gt=30").text
    saved = editor.post("/databases/example/charts", data={"name": "Old <ones>", **TABLE})
    assert saved.status_code == 303
    told = unescape(viewer.get(saved.headers["Location"]).text)
    assert "Old <ones>" in told
    assert "Finance" in told
    assert 'chart("Old <ones>")' in told or 'chart("Old \\u003cones\\u003e")' in told
    assert "Old &lt;ones&gt;" in viewer.get(here).text
    assert "Old &lt;ones&gt;" in viewer.get("/databases/example").text
    assert "Save this chart" not in viewer.get(here).text


def test_a_chart_of_what_is_gone_says_so(client: Client) -> None:
    client("editor").put(f"{CHARTS}/lost", json={"table": "nosuch"})
    client("editor").put(f"{CHARTS}/wrong", json={"sql": "SELECT nosuch FROM employees"})
    assert client("viewer").get("/databases/example/charts/lost").status_code == 404
    answer = client("viewer").get("/databases/example/charts/wrong")
    assert (answer.status_code, "o such column: nosuch" in answer.text) == (422, True)


@pytest.mark.parametrize("parent", ["frontdesk/page.html", "frontdesk/bare.html"])
def test_a_page_of_ones_own_draws_saved_charts_with_their_figures(client: Client, folder: Path, parent: str) -> None:
    client("editor").put(f"{CHARTS}/Ages", json=TABLE)
    client("editor").put(f"{CHARTS}/by%20query", json=QUERY)
    page(folder, '{{ chart("Ages") }}{{ chart("example/by query") }}', parent)
    answer = client("viewer").get("/pages/report")
    assert answer.status_code == 200
    assert answer.text.count("<figure") == 2
    assert "<td>Finance</td>" in answer.text
    if rendering.has_bundle("chart.js"):
        assert answer.text.count("data-spec=") == 2
        assert answer.text.count("dist/chart") == 1


def test_without_the_bundle_a_page_has_the_figures(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client("editor").put(f"{CHARTS}/Ages", json=TABLE)
    page(folder, '{{ chart("Ages") }}')
    monkeypatch.setattr(rendering, "_manifest", dict)
    text = client("viewer").get("/pages/report").text
    assert "<td>Finance</td>" in text
    assert "data-spec" not in text


def test_the_readers_role_applies_and_a_mistake_names_file_and_line(client: Client, folder: Path) -> None:
    client("editor").put(f"{CHARTS}/Ages", json={**TABLE, "role": "editor"})
    page(folder, '{{ chart("Ages") }}')
    assert client("editor").get("/pages/report").status_code == 200
    refused = client("viewer").get("/pages/report")
    assert refused.status_code == 404
    assert "report.html, line 1" in refused.text


def test_a_chart_of_a_table_that_is_not_there_is_not_kept(client: Client) -> None:
    answer = client("editor").put(f"{CHARTS}/lost", json={"table": "nothing"})
    assert (answer.status_code, client("viewer").get(CHARTS).get_json()["charts"]) == (404, [])
