"""Many rows at once over HTTP: by JSON, and by forms that need no JavaScript."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Client

T = "/databases/example/tables/employees"
API = f"/api{T}/rows"


def names(client: FlaskClient) -> list[str]:
    return [row["name"] for row in client.get(API).get_json()["rows"]]


SCENES: list[tuple[str, Any, int, Any]] = [
    ("edit", {"rows": [{"key": 1, "set": {"age": 33}}]}, 200, {"updated": 1, "cells": 1, "change": "example.1"}),
    ("edit", {"rows": [{"key": 1, "set": {"age": "33"}}], "text": True, "dry_run": True}, 200, {"change": None}),
    ("edit", {"insert": [{"name": "Dana"}]}, 200, {"inserted": 1, "updated": 0}),
    ("edit", {"keys": [1, 2], "set": {"age": 40}}, 200, {"updated": 2}),
    ("edit", {"where": {"age__gt": 30}, "count": 2, "set": {"department": None}}, 200, {"updated": 2, "cells": 2}),
    ("edit", {"where": {"age__gt": 30}, "count": 3, "set": {"department": None}}, 409, {"errors": {}}),
    ("edit", {"rows": [{"key": 1, "set": {"age": 3}, "etag": "x"}]}, 409, {"errors": {}}),
    ("edit", {"rows": [{"key": 9, "set": {"age": 3}}]}, 409, {}),
    ("edit", {"rows": [{"key": 1}]}, 422, {}),
    ("edit", {"rows": [{"key": {"a": 1}, "set": {}}]}, 422, {}),
    ("edit", {"rows": [{"key": [], "set": {}}]}, 422, {}),
    ("edit", {"rows": 5}, 422, {"errors": {"rows": "Write a list of objects."}}),
    ("edit", {"rows": [5]}, 422, {}),
    ("edit", {}, 422, {"errors": {"rows": "Give 1 to 10,000 rows."}}),
    ("edit", {"keys": [1], "set": {}}, 422, {}),
    ("edit", {"keys": [1], "set": {"nose": 1}}, 422, {}),
    ("edit", {"set": {"age": 1}}, 422, {}),
    ("edit", {"keys": [1], "where": {}, "set": {"age": 1}}, 422, {}),
    ("edit", {"rows": [{"key": 1, "set": {"age": 3}}], "text": True}, 422, {}),
    ("edit", {"rows": [], "nose": 1}, 422, {}),
    ("edit", {"rows": [], "dry_run": 1}, 422, {"errors": {"dry_run": "Write true or false."}}),
    ("delete", {"keys": [2]}, 200, {"deleted": 1, "change": "example.1"}),
    ("delete", {"keys": [2], "dry_run": True}, 200, {"deleted": 1, "change": None}),
    ("delete", {"where": {"nose": 1}}, 422, {}),
    ("delete", {}, 422, {}),
    ("duplicate", {"keys": [2, 1]}, 200, {"inserted": 2, "change": "example.1"}),
    ("duplicate", {"keys": []}, 422, {}),
]


@pytest.mark.parametrize(("verb", "body", "status", "told"), SCENES)
def test_each_verb_answers_what_it_did_or_why_not(
    client: Client, verb: str, body: Any, status: int, told: dict[str, Any]
) -> None:
    editor = client("editor")
    before = editor.get(API).get_json()["rows"]
    answer = editor.post(f"{API}/{verb}", json=body)
    assert answer.status_code == status, answer.text
    found = answer.get_json()
    assert {name: found[name] for name in told} == told
    if status != 200 or body.get("dry_run"):
        assert editor.get(API).get_json()["rows"] == before


def test_a_refused_value_names_its_row_and_column(client: Client) -> None:
    block = {"rows": [{"key": 1, "set": {"age": "40"}}, {"key": 2, "set": {"age": "old", "name": None}}], "text": True}
    errors = client("editor").post(f"{API}/edit", json=block).get_json()["errors"]
    assert errors == {"rows.1.age": "Write a whole number, such as 42.", "rows.1.name": "name needs a value."}


def test_a_cell_is_sent_as_it_was_typed(client: Client) -> None:
    editor = client("editor")
    row = f"{API}/1"
    assert editor.patch(f"{row}?_text=1", json={"age": "44"}).get_json()["row"]["age"] == 44
    assert editor.patch(f"{row}?_text=1", json={"department": ""}).get_json()["row"]["department"] == ""
    assert editor.patch(f"{row}?_text=1", json={"department": None}).get_json()["row"]["department"] is None
    assert editor.patch(f"{row}?_text=1", json={"age": "x"}).get_json()["errors"] == {
        "age": "Write a whole number, such as 42."
    }
    assert editor.patch(f"{row}?_text=maybe", json={"age": "1"}).status_code == 422


def test_ticked_rows_are_deleted_and_duplicated_by_a_form_with_a_way_back(client: Client) -> None:
    editor = client("editor")
    done = editor.post(f"{T}/selected?_sort=-age", data={":key": ["1", "3"], ":act": "delete"})
    assert done.status_code == 303 and done.location == f"{T}?_sort=-age"
    assert names(editor) == ["Bob"]
    page = editor.get(done.location).text
    assert "Deleted 2 rows." in page and "/changes/example.1/undo" in page
    editor.post("/changes/example.1/undo")
    editor.post(f"{T}/selected", data={":key": ["2"], ":act": "duplicate"})
    assert names(editor) == ["Krish", "Bob", "Charlie", "Bob"]


def test_many_rows_are_edited_after_count_and_sample_were_shown(client: Client) -> None:
    editor = client("editor")
    chosen = {":all": "on", ":count": "2", ":act": "edit"}
    asked = editor.post(f"{T}/selected?age__gt=30", data=chosen)
    assert asked.status_code == 200 and "Edit 2 rows that the filters select" in re.sub(r"\s+", " ", asked.text)
    wrong = editor.post(f"{T}/selected?age__gt=30", data=chosen | {":column": "age", ":value": "x", ":step": "do"})
    assert wrong.status_code == 422 and "Write a whole number" in wrong.text and 'value="x"' in wrong.text
    given = chosen | {":column": "department", ":value": "IT"}
    shown = editor.post(f"{T}/selected?age__gt=30", data=given | {":step": "show"}).text
    assert "2 rows" in shown and "<del>Finance</del> <ins>IT</ins>" in shown
    assert "Finance" in editor.get(API).text
    done = editor.post(f"{T}/selected?age__gt=30", data=given | {":step": "do"})
    assert done.status_code == 303
    assert [row["department"] for row in editor.get(API).get_json()["rows"]] == ["IT", "Engineering", "IT"]
    null = {":key": "1", ":act": "edit", ":column": "department", ":value": "", ":null": "on", ":step": "do"}
    editor.post(f"{T}/selected", data=null)
    assert editor.get(f"{API}/1").get_json()["row"]["department"] is None


def test_all_rows_are_deleted_only_after_their_number_was_shown(client: Client) -> None:
    editor = client("editor")
    chosen = {":all": "on", ":count": "3", ":act": "delete"}
    assert "Delete 3 rows" in editor.post(f"{T}/selected", data=chosen).text
    assert len(names(editor)) == 3
    editor.delete(f"{API}/1")
    late = editor.post(f"{T}/selected", data=chosen | {":step": "do"})
    assert late.status_code == 409 and "2 rows by now, and not 3" in late.text
    editor.post(f"{T}/selected", data=chosen | {":count": "2", ":step": "do"})
    assert names(editor) == []


@pytest.mark.parametrize("form", [{}, {":act": "delete"}, {":act": "nose"}, {":key": "~", ":act": "delete"}])
def test_a_form_that_names_no_row_says_so(client: Client, form: dict[str, str]) -> None:
    editor = client("editor")
    answer = editor.post(f"{T}/selected", data=form | {":step": "do"})
    assert 400 <= answer.status_code < 500, answer.text
    assert len(names(editor)) == 3


def test_who_only_looks_gets_no_boxes(client: Client) -> None:
    assert "data-edit" not in client("viewer").get(T).text and 'name=":key"' not in client("viewer").get(T).text
    assert client("editor").get(T).text.count('name=":key"') == 3
