"""The description of the API tells of every route, is valid, and names each function with its own input."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from frontdesk.web import access
from frontdesk.web.operations import OPERATIONS
from tests.conftest import Client
from tests.web import arithmetic
from tests.web.arithmetic import words

OWN_TYPES = '''
import dataclasses
from decimal import Decimal
import frontdesk


@dataclasses.dataclass
class Point:
    x: float
    next: "Point | None" = None


@frontdesk.function
def nearest(point: Point, others: list[Point], cost: Decimal = Decimal("1.5")) -> Point:
    """Finds the nearest."""
    return others[0]


@frontdesk.function
def look(photo: frontdesk.Image, note: str = "") -> frontdesk.Label:
    return frontdesk.Label("cat", {"cat": 1.0})
'''


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "own.py").write_text(OWN_TYPES)
    with arithmetic.served(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def document(shared: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shared["viewer"].get("/api/openapi.json").get_json()
    return found


def test_every_route_of_the_api_is_described_and_no_other(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")}
    assert routes == set(OPERATIONS)


def test_every_method_of_every_route_stands_in_the_description(app: Flask, document: dict[str, Any]) -> None:
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if rule.rule.startswith("/api"):
                described = document["paths"][re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)]
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                    assert described[method.lower()]["x-role"] == access.allowed(rule.endpoint)
                    assert described[method.lower()]["operationId"] == rule.endpoint


def test_the_description_is_valid_and_of_the_version_that_it_says(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie"}


def test_a_function_has_a_path_with_its_own_input_and_output(document: dict[str, Any]) -> None:
    divide = document["paths"]["/api/functions/divide"]["post"]
    taken = divide["requestBody"]["content"]["application/json"]["schema"]
    assert set(taken["properties"]) == {"a", "b"}
    assert taken["required"] == ["a"]
    assert divide["x-role"] == "editor"
    assert document["paths"]["/api/functions/hello"]["post"]["x-role"] == "viewer"


def test_the_types_of_a_function_are_found_where_its_schema_points(document: dict[str, Any]) -> None:
    nearest = document["paths"]["/api/functions/nearest"]["post"]
    text = json.dumps(nearest)
    assert "$defs" not in text
    for target in re.findall(r"#/components/schemas/([\w.-]+)", text):
        assert target in document["components"]["schemas"]
    assert any(name.startswith("nearest.") for name in document["components"]["schemas"])


def test_a_function_that_takes_a_picture_says_each_way_to_send_it(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/functions/look"]["post"]["requestBody"]["content"]
    assert list(content) == ["multipart/form-data", "application/json", "image/png", "image/jpeg", "image/webp"]
    assert {"$ref": "#/components/schemas/File"} in content["application/json"]["schema"]["properties"].values()


def test_any_signed_in_viewer_reads_the_description_and_nobody_else(client: Client) -> None:
    for path in ("/api/openapi.json", "/api/docs"):
        assert client("viewer").get(path).status_code == 200
        assert client("nobody").get(path).status_code == 401


def test_the_page_shows_every_route_with_who_may_a_call_and_an_answer(
    shared: dict[str, Any], document: dict[str, Any]
) -> None:
    page = words(shared["viewer"].get("/api/docs"))
    for path in document["paths"]:
        assert path in page
    assert "This desk's functions" in page.replace("&#39;", "'")
    assert "-H &#34;Authorization: Bearer $FRONTDESK_TOKEN&#34;" in page
    assert "&#34;department&#34;: &#34;Data Scientist&#34;" in page


def test_functions_lead_to_the_page(shared: dict[str, Any]) -> None:
    for path in ("/functions", "/functions/divide/api"):
        assert 'href="/api/docs"' in shared["viewer"].get(path).get_data(as_text=True)
