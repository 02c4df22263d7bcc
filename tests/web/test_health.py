import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from frontdesk.desk import Desk
from frontdesk.upkeep import examinations
from frontdesk.web import create_app
from tests import places
from tests.conftest import signed_in

AILING = """
CREATE TABLE people (id DRAWN, name TEXT, town TEXT);
CREATE TABLE pets (id DRAWN, owner BIGINT REFERENCES people (id), name TEXT);
CREATE INDEX people_town ON people (town);
CREATE INDEX people_town_name ON people (town, name);
INSERT INTO people (name, town) VALUES ('Krish', 'Oslo');
"""
LOST = {
    "sqlite": "PRAGMA foreign_keys = OFF; INSERT INTO pets (owner, name) VALUES (99, 'Rex')",
    "postgresql": "ALTER TABLE pets DISABLE TRIGGER ALL; INSERT INTO pets (owner, name) VALUES (99, 'Rex')",
}


@pytest.fixture
def served(place: Path | str, engine: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with the ailing database `home` on the engine."""
    folder = tmp_path / "desk"
    folder.mkdir()
    at = folder / "home.db" if engine == "sqlite" else place
    places.opened(at, AILING).close()
    places.execute(at, LOST[engine])
    databases: dict[str, Any] = {} if engine == "sqlite" else {"databases": {"home": place}}
    with closing(Desk(folder, functions={"workers": 1}, logs={"console": False}, **databases)) as desk:
        yield desk


def client(desk: Desk, role: str) -> FlaskClient:
    return signed_in(create_app(desk), desk, role)


def test_everything_that_ails_is_told_with_links_and_what_to_do(served: Desk) -> None:
    page = client(served, "editor").post("/databases/home/health")
    assert page.status_code == 200
    assert "1 to mend" in page.text
    assert "1 row of pets refers to a row that people does not have" in page.text
    assert 'href="/databases/home/tables/pets/rows/1"' in page.text
    assert "pets refers to people by owner without an index" in page.text
    assert "The index people_town of people finds nothing" in page.text
    assert "never by Frontdesk" in page.text
    assert "All was looked through" in page.text


def test_an_admin_mends_an_index_from_the_page_and_then_it_is_no_finding(served: Desk) -> None:
    admin = client(served, "admin")
    wanted = {("people", "drop_index", "people_town"), ("pets", "index.0", "owner")}
    assert wanted <= offered(admin)
    for table, name, value in wanted:
        shown = admin.post(f"/databases/home/tables/{table}/structure/preview", data={name: value})
        assert shown.status_code == 200 and "INDEX" in shown.text
        assert admin.post(f"/databases/home/tables/{table}/structure", data={name: value}).status_code == 303
    assert not wanted & offered(admin)


def offered(admin: FlaskClient) -> set[tuple[str, ...]]:
    """The table, name and value of each form of the page that mends something."""
    page = admin.get("/databases/home/health").text
    return set(
        re.findall(r'tables/(\w+)/structure/preview"><textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', page)
    )


def test_what_mends_a_finding_is_taken_by_the_table_as_it_stands(served: Desk) -> None:
    admin = client(served, "admin")
    for one in admin.get("/api/databases/home/health").get_json()["findings"]:
        if one["mend"]:
            answer = admin.patch(f"/api/databases/home/tables/{one['table']}", json=one["mend"])
            assert answer.status_code == 200, answer.text
    left = admin.get("/api/databases/home/health").get_json()["findings"]
    assert not [one for one in left if "index" in one["message"]]


def test_viewers_see_it_and_change_nothing(served: Desk) -> None:
    viewer = client(served, "viewer")
    page = viewer.get("/databases/home/health").text
    assert "without an index" in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    assert viewer.post("/databases/home/health").status_code == 403


def test_the_api_gives_what_the_page_shows(served: Desk) -> None:
    editor = client(served, "editor")
    glance = editor.get("/api/databases/home/health").get_json()
    assert (glance["name"], glance["checked"], glance["backup"], glance["waits"]) == ("home", False, None, [])
    assert {"people", "pets"} <= {one["table"] for one in glance["sizes"]}
    health = editor.post("/api/databases/home/health").get_json()
    assert health["checked"] and health["left"] == []
    (lost,) = [one for one in health["findings"] if one["level"] == "warning"]
    assert (lost["table"], lost["keys"]) == ("pets", [1])


def test_a_second_check_at_the_same_time_is_refused_with_the_page(served: Desk) -> None:
    editor = client(served, "editor")
    with examinations._checking:
        page = editor.post("/databases/home/health")
        assert (page.status_code, "Another check is under way." in page.text) == (409, True)
        assert editor.post("/api/databases/home/health").status_code == 409


def test_a_database_leads_to_its_health(served: Desk) -> None:
    assert 'href="/databases/home/health"' in client(served, "viewer").get("/databases/home").text


def test_a_healthy_database_is_well(folder: Path) -> None:
    with closing(Desk(folder, functions={"workers": 1}, logs={"console": False})) as desk:
        page = client(desk, "editor").post("/databases/example/health").text
        assert "All is well" in page
        assert "every page of the file" in page
