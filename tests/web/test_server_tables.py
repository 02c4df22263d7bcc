"""Pages of a PostgreSQL database: fields made from its types, schemas in addresses, and what may not be read."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests import places
from tests.conftest import signed_in
from tests.postgresql import Server

SCRIPT = """
CREATE SCHEMA sales;
CREATE TYPE mood AS ENUM ('sad', 'Sad', 'very "happy"');
CREATE TABLE sales.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(5), mood mood, tags text[], u uuid, js json,
  price numeric(8,2) NOT NULL DEFAULT 9.90, paid boolean DEFAULT true);
INSERT INTO sales.orders (name, mood, tags, js) VALUES ('one', 'Sad', '{a,"b c"}', '{"a": 1}');
CREATE TABLE sales.lines (number int PRIMARY KEY, "order" bigint REFERENCES sales.orders);
INSERT INTO sales.lines VALUES (7, 1);
CREATE TABLE nokey (x int);
CREATE VIEW v AS SELECT * FROM sales.orders;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM sales.orders;
CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS x WITH NO DATA;
CREATE TABLE hidden (id int PRIMARY KEY);
"""
ORDERS = "/databases/shop/tables/sales.orders"


@pytest.fixture(scope="module")
def client(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """An admin's client of a desk that reaches the database as a user who may do everything but read `hidden`."""
    url = postgresql.create()
    name = url.rpartition("/")[2]
    places.opened(url, SCRIPT).close()
    postgresql.execute(
        f"""CREATE ROLE {name} LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA sales TO {name};
        GRANT ALL ON ALL TABLES IN SCHEMA sales, public TO {name}; REVOKE ALL ON hidden FROM {name};
        GRANT ALL ON ALL SEQUENCES IN SCHEMA sales TO {name}; GRANT CREATE ON DATABASE {name} TO {name}""",
        database=url,
    )
    folder: Path = tmp_path_factory.mktemp("desk")
    databases = {"shop": postgresql.url(name, user=name, password="x")}
    with closing(Desk(folder, functions={"workers": 1}, logs={"console": False}, databases=databases)) as desk:
        made = signed_in(create_app(desk), desk, "admin")
        made.environ_base["HTTP_ACCEPT"] = "text/html"
        yield made
    postgresql.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}", database=url)
    postgresql.drop(url)


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_a_table_of_another_schema_is_reached_by_links_from_its_list_to_its_rows(client: FlaskClient) -> None:
    assert f'href="{ORDERS}"' in page(client, "/databases/shop")
    row = re.findall(r'<tr data-href="([^"]+)"', page(client, ORDERS))[0]
    assert row == f"{ORDERS}/rows/1"
    assert "sales.orders 1" in page(client, row)
    assert f'href="{ORDERS}/rows/1"' in page(client, "/databases/shop/tables/sales.lines")


def test_the_form_offers_the_labels_of_an_enumeration_and_a_list_as_json(client: FlaskClient) -> None:
    form = page(client, f"{ORDERS}/rows/1")
    assert re.findall(
        r'<option value="([^"]*)"( selected)?', form.partition('name="mood"')[2].partition("</select>")[0]
    ) == [
        ("", ""),
        ("sad", ""),
        ("Sad", " selected"),
        ("very &#34;happy&#34;", ""),
    ]
    assert "[&#34;a&#34;,&#34;b c&#34;]</textarea>" in form
    assert 'maxlength="5"' in form
    assert "[&quot;a&quot;,&quot;b c&quot;]" in page(client, ORDERS)


def test_a_row_is_typed_changed_and_undone_and_a_wrong_value_is_said_at_its_field(client: FlaskClient) -> None:
    wrong = client.post(f"{ORDERS}/new", data={"u": "x", "u__null_shown": "1", "price": "1.5"})
    assert wrong.status_code == 422
    assert 'id="field-u-error">&#34;x&#34; is no uuid.' in wrong.get_data(as_text=True)
    typed = {
        "name": "two",
        "mood": 'very "happy"',
        "tags": '["x", null]',
        "price": "1.5",
        "u": "",
        "u__null_shown": "1",
    }
    made = client.post(f"{ORDERS}/new", data=typed)
    assert made.status_code == 303
    path = made.headers["Location"]
    assert client.post(path, data={"tags": "[]"}).status_code == 303
    history = client.get("/api/databases/shop/tables/sales.orders/history").get_json()
    changed = history["changes"][0]
    assert (changed["before"]["tags"], changed["after"]["tags"]) == (["x", None], [])
    assert client.post(f"/api/changes/{changed['id']}/undo").status_code in {200, 201}
    found = client.get(f"/api{path}").get_json()["row"]
    assert (found["tags"], found["price"], found["mood"], found["u"]) == (["x", None], "1.50", 'very "happy"', None)


def test_history_shows_values_as_the_table_does(client: FlaskClient) -> None:
    assert client.post(f"{ORDERS}/rows/1", data={"paid": "false", "tags": '["a"]'}).status_code == 303
    change = client.get("/api/databases/shop/tables/sales.orders/rows/1/history").get_json()["changes"][0]["id"]
    for path in (f"{ORDERS}/rows/1", f"{ORDERS}/history", f"/changes/{change}"):
        shown = page(client, path)
        assert "<del>true</del>" in shown and "<ins>false</ins>" in shown
        assert "<del>[&#34;a&#34;,&#34;b c&#34;]</del>" in shown and "<ins>[&#34;a&#34;]</ins>" in shown
    past = page(client, f"{ORDERS}/rows/1/past?at=2020-01-01")
    assert "<td>true</td><td><ins>false</ins></td>" in past
    assert client.post(f"/api/changes/{change}/undo").status_code == 200


def test_the_structure_of_a_table_without_a_key_says_so_and_can_be_altered(client: FlaskClient) -> None:
    shown = page(client, "/databases/shop/tables/nokey/structure")
    assert "without a primary key" in shown
    address = re.findall(r'<a href="([^"]+)">look at it and run it', shown)[0].replace("&amp;", "&")
    assert "ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY</textarea>" in page(client, address)
    assert "Add columns" in shown and "Change column x" in shown


@pytest.mark.parametrize("name", ["v", "mv", "nokey"])
def test_what_has_no_key_is_read_without_a_way_to_change_it(client: FlaskClient, name: str) -> None:
    shown = page(client, f"/databases/shop/tables/{name}")
    assert "New row" not in shown
    assert ("ADD COLUMN id bigint GENERATED ALWAYS" in shown) == (name == "nokey")
    answer = client.post(f"/api/databases/shop/tables/{name}/rows", json={"rows": [{"x": 1}]})
    assert answer.status_code == 403
    assert page(client, f"/databases/shop/tables/{name}/structure")


def test_a_view_that_was_never_filled_says_so(client: FlaskClient) -> None:
    assert "has not been populated" in page(client, "/databases/shop/tables/unfilled", 422)


def test_a_table_without_rights_is_listed_without_a_count_and_its_pages_are_403(client: FlaskClient) -> None:
    listed = {one["name"]: one["rows"] for one in client.get("/api/databases/shop").get_json()["tables"]}
    assert (listed["hidden"], listed["sales.lines"]) == (None, 1)
    assert "hidden" in page(client, "/databases/shop")
    for path in ("", "/export", "/rows/1"):
        assert "Permission denied for table hidden" in page(client, f"/databases/shop/tables/hidden{path}", 403)
    for path in ("rows", "export.csv", "rows/1"):
        assert client.get(f"/api/databases/shop/tables/hidden/{path}").status_code == 403


def test_what_cannot_be_sorted_by_has_no_link_for_it(client: FlaskClient) -> None:
    shown = page(client, ORDERS)
    assert "_sort=name" in shown
    assert "_sort=js" not in shown
    assert "js cannot be sorted by" in page(client, f"{ORDERS}?_sort=js", 422)


def test_the_health_page_stands_for_a_user_who_may_not_read_every_table(client: FlaskClient) -> None:
    assert "Health of shop" in page(client, "/databases/shop/health")
    checked = client.post("/databases/shop/health")
    assert (checked.status_code, "Health of shop" in checked.text) == (200, True)
