"""Input that no database can hold, sent to a table on either engine: one clear 4xx, and nothing is changed."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests import places
from tests.conftest import signed_in
from tests.postgresql import Server

SCRIPT = """
CREATE TABLE things (id DRAWN, name TEXT, number BIGINT, price DOUBLE PRECISION, born DATE, at TIMESTAMP, ok BOOLEAN,
  extra JSON);
INSERT INTO things (name, number) VALUES ('one', 1);
"""
TABLE = "/api/databases/shop/tables/things"
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module", params=ENGINES)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """An admin's client of a desk whose database shop is on the engine."""
    folder = tmp_path_factory.mktemp("desk")
    server: Server | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    place: Path | str = server.create() if server else folder / "shop.db"
    places.opened(place, SCRIPT).close()
    databases = {"shop": place} if server else {}
    settings: dict[str, Any] = {"functions": {"workers": 1}, "logs": {"console": False}, "databases": databases}
    with closing(Desk(folder, **settings)) as desk:
        yield signed_in(create_app(desk), desk, "admin")
    if server:
        server.drop(str(place))


def rows_now(client: FlaskClient) -> Any:
    return client.get(f"{TABLE}/rows").get_json()["rows"]


WRONG: list[tuple[str, Any]] = [
    ("name", "a\0b"),
    ("name", "\ud800"),
    ("name", 5),
    ("number", 2**63),
    ("number", -(2**63) - 1),
    ("number", str(2**63)),
    ("number", 1e300),
    ("number", 0.5),
    ("number", True),
    ("price", "NaN"),
    ("price", "Infinity"),
    ("price", 10**400),
    ("born", "2026-02-30"),
    ("born", "10000-01-01"),
    ("born", "0000-01-01"),
    ("born", "spring"),
    ("at", "2026-01-01T25:00"),
    ("at", "0001-01-01T00:00:00+10:00"),
    ("at", "9999-12-31T23:59:59-10:00"),
    ("ok", "perhaps"),
    ("extra", {"a": "\0"}),
    ("extra", ["\udfff"]),
]


@pytest.mark.parametrize(("column", "value"), WRONG, ids=repr)
def test_a_value_that_cannot_be_is_refused_with_its_column(client: FlaskClient, column: str, value: Any) -> None:
    before = rows_now(client)
    for answer in (
        client.post(f"{TABLE}/rows", json={"rows": [{"name": "two"}, {column: value}]}),
        client.patch(f"{TABLE}/rows/1", json={column: value}),
    ):
        assert answer.status_code == 422, answer.get_data(as_text=True)
        assert [name.rpartition(".")[2] for name in answer.get_json()["errors"]] == [column]
    assert rows_now(client) == before


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_refused(client: FlaskClient, literal: str) -> None:
    before = rows_now(client)
    for body in (f'{{"rows": [{{"price": {literal}}}]}}', f'{{"rows": [{{"extra": [{literal}]}}]}}'):
        answer = client.post(f"{TABLE}/rows", data=body, content_type="application/json")
        assert 400 <= answer.status_code < 500
    assert rows_now(client) == before


@pytest.mark.parametrize(
    "form", [{"name": "a\0b"}, {"number": str(2**63)}, {"price": "NaN"}, {"born": "2026-02-30"}, {"extra": "{"}]
)
def test_a_form_with_it_comes_back_with_a_sentence(client: FlaskClient, form: dict[str, str]) -> None:
    before = rows_now(client)
    for path in ("/databases/shop/tables/things/new", "/databases/shop/tables/things/rows/1"):
        answer = client.post(path, data=form, headers={"Accept": "text/html"})
        assert answer.status_code == 422
        assert 'class="error"' in answer.get_data(as_text=True)
    assert rows_now(client) == before


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("number=9223372036854775808", "number"),
        ("number__gt=NaN", "number__gt"),
        ("price=1e400", "price"),
        ("name=a%00b", "name"),
        ("name__contains=%00", "name__contains"),
        ("name__in=a,%00", "name__in"),
        ("ok=perhaps", "ok"),
        ("_sort=nosuch", "_sort"),
        ("_next=nonsense", "_next"),
        ("a%00=1", "a\0"),
        ("_search=%00", "_search"),
        ("_facet=nosuch", "_facet"),
        (f"{'x' * 300}=1", "x" * 300),
    ],
)
def test_a_filter_with_it_is_named(client: FlaskClient, query: str, named: str) -> None:
    for path in (f"{TABLE}/rows?{query}", f"{TABLE}/export.csv?{query}"):
        if query.startswith(("_next", "_search", "_facet")) and "export" in path:
            continue
        answer = client.get(path)
        assert answer.status_code == 422, answer.get_data(as_text=True)
        assert list(answer.get_json()["errors"]) == [named]


@pytest.mark.parametrize("key", ["9223372036854775808", "99999999999999999999999999", "one", "~00", "%00", "1.5", "~0"])
def test_a_key_that_no_row_can_have_is_not_found(client: FlaskClient, key: str) -> None:
    assert client.get(f"{TABLE}/rows/{key}").status_code == 404
    assert client.patch(f"{TABLE}/rows/{key}", json={"name": "x"}).status_code == 404
    assert client.delete(f"{TABLE}/rows/{key}").status_code == 404
    assert client.get(f"/databases/shop/tables/things/rows/{key}", headers={"Accept": "text/html"}).status_code == 404


@pytest.mark.parametrize("name", ["x" * 64, "é" * 32, "a\0b", "\ud800", "", " ", "_frontdesk_x"], ids=ascii)
def test_a_name_that_cannot_be_is_refused_for_a_table_and_for_a_column(client: FlaskClient, name: str) -> None:
    before = client.get("/api/databases/shop").get_json()["tables"]
    body = {"name": name, "columns": [{"name": "a"}]}
    answer = client.post("/api/databases/shop/tables", json=body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["name"])
    answer = client.post("/api/databases/shop/tables", json={"name": "fine", "columns": [{"name": name}]})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["columns.0.name"])
    assert client.get("/api/databases/shop").get_json()["tables"] == before


@pytest.mark.parametrize("name", ["x" * 64, "x" * 5000, "~00", "é" * 40])
def test_a_table_of_such_a_name_is_not_there(client: FlaskClient, name: str) -> None:
    for path in ("", "/rows", "/export.csv"):
        assert client.get(f"/api/databases/shop/tables/{name}{path}").status_code == 404
    answer = client.post(f"/api/databases/shop/tables/{name}/rows", json={"rows": [{"a": 1}]})
    assert answer.status_code == 404


def test_a_name_of_63_bytes_is_kept_whole_and_one_that_begins_alike_is_another(client: FlaskClient) -> None:
    long = "é" * 31 + "x"
    made = client.post("/api/databases/shop/tables", json={"name": long, "columns": [{"name": long}]})
    assert made.status_code == 201
    path = f"/api/databases/shop/tables/{long}"
    client.post(f"{path}/rows", json={"rows": [{long: "v"}]})
    assert json.loads(client.get(f"{path}/rows").data)["rows"][0][long] == "v"
    assert client.get(f"{path}y").status_code == 404
    assert client.delete(path).status_code == 204
