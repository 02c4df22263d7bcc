"""The pages and the JSON of charts and profiles."""

import json
import re
from html import unescape

import pytest

from frontdesk.web import rendering
from tests.conftest import Client

CHART = "/databases/example/tables/employees/chart"
AGE = "/databases/example/tables/employees/columns/age"


def test_a_chart_is_told_in_json_with_its_specification(client: Client) -> None:
    found = client("viewer").get(f"/api{CHART}?_kind=bar&_x=department&_y=age&age__gt=30").get_json()
    assert {name: found[name] for name in ("kind", "x", "y", "aggregate")} == {
        "kind": "bar",
        "x": "department",
        "y": "age",
        "aggregate": "sum",
    }
    assert found["data"] == [{"x": "Finance", "y": 35}, {"x": "Data Scientist", "y": 32}]
    assert [one["x"] for one in found["spec"]["data"]["values"]] == ["Finance", "Data Scientist"]


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("_kind=pie", "_kind"),
        ("_x=wages", "_x"),
        ("wages=1", "wages"),
        ("_sort=age", "_sort"),
        ("age__gt=old", "age__gt"),
        ("_kind=histogram&_x=name", "_x"),
    ],
)
def test_what_cannot_be_drawn_is_a_422_that_names_it(client: Client, asked: str, wrong: str) -> None:
    answer = client("viewer").get(f"/api{CHART}?{asked}")
    assert (answer.status_code, set(answer.get_json()["errors"])) == (422, {wrong})


def test_the_page_says_what_is_wrong_at_its_field_and_keeps_what_was_chosen(client: Client) -> None:
    answer = client("viewer").get(f"{CHART}?_kind=histogram&_x=name&age__gt=3")
    text = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert re.search(r'id="chart_x-error">A histogram needs numbers or dates, and name holds neither', text)
    assert '<option value="histogram" selected>' in text
    assert '<input type="hidden" name="age__gt" value="3">' in text


def test_the_page_has_the_figures_and_the_specification(client: Client) -> None:
    text = client("viewer").get(f"{CHART}?_kind=bar&_x=department&_sort=-age&_columns=name").get_data(as_text=True)
    assert re.findall(r"<td>([^<]*)</td><td class=\"number\">(\d)</td>", text) == [
        ("Data Scientist", "1"),
        ("Engineering", "1"),
        ("Finance", "1"),
    ]
    if rendering.has_bundle("chart.js"):
        spec = re.search(r'data-spec="([^"]*)"', text)
        assert spec
        assert json.loads(unescape(spec[1]))["mark"] == {"type": "bar"}


def test_without_the_bundle_the_figures_stay_and_the_page_says_how_to_build_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_manifest", dict)
    text = client("viewer").get(f"{CHART}?_kind=bar&_x=department").get_data(as_text=True)
    assert "Node.js 20" in text
    assert "data-spec" not in text
    assert "Engineering" in text


def test_a_table_without_rows_says_so(client: Client) -> None:
    assert "No rows to draw" in client("viewer").get(f"{CHART}?name=nobody").get_data(as_text=True)


def test_a_view_of_rows_leads_to_its_chart_and_back(client: Client) -> None:
    rows = client("viewer").get("/databases/example/tables/employees?age__gt=30&_search=a&_sort=-age")
    assert f'href="{CHART}?age__gt=30&amp;_search=a"' in rows.get_data(as_text=True)
    chart = client("viewer").get(f"{CHART}?age__gt=30&_search=a&_kind=histogram").get_data(as_text=True)
    assert 'href="/databases/example/tables/employees?age__gt=30&amp;_search=a"' in chart


def test_a_profile_stands_on_a_page_and_in_json(client: Client) -> None:
    found = client("viewer").get(f"/api{AGE}?age__lt=35").get_json()
    assert (found["count"], found["distinct"], found["min"], found["max"], found["mean"]) == (2, 2, 25, 32, 28.5)
    text = client("viewer").get(AGE).get_data(as_text=True)
    assert "50 % (median)" in text
    assert 'href="/databases/example/tables/employees?age=32"' in text
    assert client("viewer").get(AGE.replace("age", "wages")).status_code == 404
