"""How somebody has a table's columns, views saved under a name, rows sorted by several columns: pages and JSON."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import Client

PAGE = "/databases/example/tables/employees"
LAYOUT = f"/api{PAGE}/layout"
VIEWS = f"/api{PAGE}/views"


def heads(text: str) -> list[str]:
    """The names at the heads of the columns."""
    head = text[text.index('class="grid rows') :].partition("</thead>")[0]
    return re.findall(r"<th [^>]*><a [^>]*>([^<]+)", head)


def test_columns_are_shown_as_somebody_wants_them_and_to_nobody_else(client: Client) -> None:
    viewer, editor = client("viewer"), client("editor")
    wish = {"columns": [{"name": "department", "width": 90}, {"name": "name", "hidden": True}]}
    kept = viewer.put(LAYOUT, json=wish)
    assert (kept.status_code, viewer.get(LAYOUT).get_json()) == (200, kept.get_json())
    page = viewer.get(PAGE).text
    assert heads(page) == ["department", "id", "age"]
    assert '<colgroup><col width="90"><col><col></colgroup>' in page
    assert "1 hidden" in page
    assert heads(editor.get(PAGE).text) == ["id", "name", "age", "department"]
    assert heads(viewer.get(f"{PAGE}?_columns=id,name").text) == ["id", "name"]
    assert list(viewer.get(f"/api{PAGE}/rows?_size=1").get_json()["rows"][0]) == ["id", "name", "age", "department"]
    assert viewer.delete(LAYOUT).status_code == 204
    assert heads(viewer.get(PAGE).text) == ["id", "name", "age", "department"]


def test_a_layout_is_kept_by_the_form_and_reset(client: Client) -> None:
    viewer = client("viewer")
    form = {f"name.{at}": name for at, name in enumerate(("id", "name", "age", "department"))}
    form |= {"order.0": "1", "order.1": "4", "order.2": "2", "order.3": "3", "width.2": "120"}
    form |= {"shown.0": "on", "shown.1": "on", "shown.2": "on"}
    kept = viewer.post(f"{PAGE}/layout?age__gt=30", data=form)
    assert (kept.status_code, kept.headers["Location"]) == (303, f"{PAGE}?age__gt=30")
    assert heads(viewer.get(PAGE).text) == ["id", "age", "name"]
    viewer.post(f"{PAGE}/layout", data={"reset": "1"})
    assert heads(viewer.get(PAGE).text) == ["id", "name", "age", "department"]
    viewer.post(f"{PAGE}/layout", data=form | {"width.2": "wide"})
    assert "A width is 40 to 1200 pixels. Nothing was kept." in viewer.get(PAGE).text


def test_a_column_that_is_gone_is_no_matter_and_one_of_the_key_is_never_hidden(client: Client) -> None:
    admin = client("admin")
    admin.put(LAYOUT, json={"columns": [{"name": "age"}, {"name": "id", "hidden": True}]})
    assert admin.patch(f"/api{PAGE}", json={"drop": ["age"]}).status_code == 200
    assert heads(admin.get(PAGE).text) == ["id", "name", "department"]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([{"name": "nothing"}], "columns.0"),
        ([{"name": "age", "width": 5}], "columns.0"),
        ([{"name": "age", "wide": 5}], "columns.0"),
        ([{"name": "age", "hidden": 1}], "columns.0"),
        ([{"name": "age"}, {"name": "age"}], "columns"),
        ("age", "columns"),
    ],
)
def test_a_wrong_layout_is_refused(client: Client, given: object, wrong: str) -> None:
    answer = client("viewer").put(LAYOUT, json={"columns": given})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [wrong])
    assert client("viewer").get(LAYOUT).get_json() == {"columns": []}


def test_a_view_is_saved_listed_opened_by_its_link_changed_and_forgotten(client: Client) -> None:
    editor, viewer = client("editor"), client("viewer")
    made = editor.put(f"{VIEWS}/Old ones", json={"question": "age__gt=30&_sort=-age"})
    assert (made.status_code, made.get_json()["question"]) == (201, "age__gt=30&_sort=-age")
    assert editor.put(f"{VIEWS}/Old ones", json={"question": "age__gt=31"}).status_code == 200
    (listed,) = viewer.get(VIEWS).get_json()["views"]
    assert listed == viewer.get(f"{VIEWS}/Old ones").get_json()
    link = re.search(r'href="([^"]*/views/[^"]*)"', viewer.get(PAGE).text)
    assert link
    assert viewer.get(link[1]).headers["Location"] == f"{PAGE}?age__gt=31"
    assert viewer.put(f"{VIEWS}/mine", json={"question": ""}).status_code == 403
    assert editor.delete(f"{VIEWS}/Old ones").status_code == 204
    assert viewer.get(f"{VIEWS}/Old ones").status_code == viewer.get(link[1]).status_code == 404


def test_the_page_saves_what_its_address_shows(client: Client) -> None:
    editor = client("editor")
    saved = editor.post(f"{PAGE}/views?age__gt=30&_sort=name&_next=x", data={"name": " Named "})
    assert saved.headers["Location"] == f"{PAGE}?age__gt=30&_sort=name"
    page = editor.get(saved.headers["Location"]).text
    assert "Saved as Named." in page and 'aria-current="true">Named</a>' in page
    gone = editor.post(f"{PAGE}/views/Named/delete?age__gt=30")
    assert gone.headers["Location"] == f"{PAGE}?age__gt=30"
    editor.post(f"{PAGE}/views?age__gt=30", data={"name": ""})
    assert "Write a name of 1 to 100 characters. Nothing was saved." in editor.get(PAGE).text


@pytest.mark.parametrize("question", ["nothing=1", "_sort=nothing", "a" * 9000, "age__like=1"])
def test_a_view_that_fits_nothing_is_not_saved(client: Client, question: str) -> None:
    answer = client("editor").put(f"{VIEWS}/wrong", json={"question": question})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["question"])
    assert client("viewer").get(VIEWS).get_json()["views"] == []


def test_rows_are_sorted_by_several_columns_by_form_and_by_heads(client: Client) -> None:
    viewer = client("viewer")
    lines = ":by=department&:way=up&:by=&:way=up&:by=age&:way=down&:by=department&:way=up"
    address = viewer.get(f"{PAGE}/sort?{lines}&age__gt=1&_sort=x").headers["Location"]
    assert parse_qs(urlsplit(address).query) == {"age__gt": ["1"], "_sort": ["department,-age"]}
    page = viewer.get(address).text
    assert [int(one) for one in re.findall(r"<sup>(\d)</sup>", page)] == [2, 1]
    also = re.findall(r'data-also="([^"]*)"', page)
    sorts = [parse_qs(urlsplit(one.replace("&amp;", "&")).query)["_sort"] for one in also]
    assert sorts == [["department,-age,id"], ["department,-age,name"], ["department,age"], ["-department,-age"]]
    assert viewer.get(f"{PAGE}/sort?:by=&:way=up&_sort=age").headers["Location"] == PAGE
