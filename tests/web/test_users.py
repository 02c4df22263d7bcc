import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from frontdesk.accounts import audit, sessions, users
from frontdesk.desk import Desk
from frontdesk.web import access
from tests.conftest import Client
from tests.web.arithmetic import words

GOOD = {"name": "eve", "password": "correct horse 1", "role": "editor"}


@pytest.fixture
def ada(app: Flask, desk: Desk) -> FlaskClient:
    """The admin, signed in as a browser is."""
    user = users.add(desk.state, "ada", "correct horse battery", "admin")
    made = app.test_client()
    made.set_cookie(access.COOKIE, sessions.start(desk.state, user, desk.config.sessions))
    made.environ_base["HTTP_ORIGIN"] = "http://localhost"
    return made


def test_a_user_is_added_listed_changed_and_removed(ada: FlaskClient, desk: Desk) -> None:
    made = ada.post("/api/users", json=GOOD)
    assert (made.status_code, made.get_json()["name"], made.get_json()["role"]) == (201, "eve", "editor")
    assert "password" not in made.get_json()
    listed = ada.get("/api/users").get_json()
    assert ([user["name"] for user in listed["users"]], listed["next"]) == (["ada", "eve"], None)
    session = sessions.start(desk.state, users.find(desk.state, "eve"))
    changed = ada.patch("/api/users/eve", json={"role": "viewer", "password": "another horse 2"})
    assert changed.get_json()["role"] == "viewer"
    assert sessions.find(desk.state, session) is None
    assert users.verify(desk.state, "eve", "another horse 2").role == "viewer"
    assert ada.delete("/api/users/eve").status_code == 204
    assert ada.delete("/api/users/eve").status_code == 404
    deeds = {(entry.who, entry.action, entry.detail) for entry in audit.list_all(desk.state)}
    assert ("ada", "user added", "eve (editor)") in deeds
    assert {action for _, action, _ in deeds} >= {"password changed", "role changed", "user removed"}
    assert "horse" not in str(deeds)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        (GOOD | {"name": " eve"}, "name"),
        (GOOD | {"name": 7}, "name"),
        (GOOD | {"password": "short"}, "password"),
        (GOOD | {"password": None}, "password"),
        (GOOD | {"role": "king"}, "role"),
        (GOOD | {"odd": 1}, "odd"),
    ],
)
def test_a_user_that_cannot_be_is_refused_field_by_field(ada: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = ada.post("/api/users", json=body)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]
    assert len(ada.get("/api/users").get_json()["users"]) == 1


def test_a_wrong_role_leaves_the_password_as_it_was(ada: FlaskClient, desk: Desk) -> None:
    ada.post("/api/users", json=GOOD)
    assert ada.patch("/api/users/eve", json={"password": "another horse 2", "role": "king"}).status_code == 422
    assert users.verify(desk.state, "eve", GOOD["password"]).name == "eve"
    assert ada.patch("/api/users/nosuch", json={"role": "viewer"}).status_code == 404


def test_names_that_are_taken_and_the_last_admin_are_in_the_way(ada: FlaskClient) -> None:
    assert ada.post("/api/users", json=GOOD | {"name": "ADA"}).status_code == 409
    assert ada.patch("/api/users/ada", json={"role": "viewer"}).status_code == 409
    assert ada.delete("/api/users/ada").status_code == 409


def test_a_token_is_shown_once_and_holds_until_it_is_revoked(ada: FlaskClient, app: Flask) -> None:
    made = ada.post("/api/tokens", json={"name": "nightly", "role": "viewer", "days": 30})
    assert made.status_code == 201
    secret = made.get_json()["token"]
    bearer = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/me", headers=bearer).get_json() == {"name": "token:nightly", "role": "viewer"}
    listed = ada.get("/api/tokens")
    assert [token["name"] for token in listed.get_json()["tokens"]] == ["nightly"]
    assert secret not in listed.get_data(as_text=True)
    assert ada.post("/api/tokens", json={"name": "nightly", "role": "viewer"}).status_code == 409
    assert ada.delete(f"/api/tokens/{made.get_json()['id']}").status_code == 204
    assert app.test_client().get("/api/me", headers=bearer).status_code == 401
    assert ada.delete("/api/tokens/nightly").status_code == 404


def test_a_token_is_revoked_by_its_name_before_anothers_number(ada: FlaskClient) -> None:
    first = ada.post("/api/tokens", json={"name": "first", "role": "viewer"}).get_json()["id"]
    ada.post("/api/tokens", json={"name": str(first), "role": "viewer"})
    assert ada.delete(f"/api/tokens/{first}").status_code == 204
    assert [token["name"] for token in ada.get("/api/tokens").get_json()["tokens"]] == ["first"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "a"},
        {"name": "", "role": "viewer"},
        {"name": "a", "role": "king"},
        {"name": "a", "role": "viewer", "days": 0},
        {"name": "a", "role": "viewer", "days": 1.5},
        {"name": "a", "role": "viewer", "days": 99_999},
    ],
)
def test_a_token_that_cannot_be_is_refused(ada: FlaskClient, body: dict[str, Any]) -> None:
    assert ada.post("/api/tokens", json=body).status_code == 422
    assert ada.get("/api/tokens").get_json()["tokens"] == []


def test_a_token_makes_no_token(client: Client) -> None:
    assert client("admin").post("/api/tokens", json={"name": "b", "role": "viewer"}).status_code == 403


def test_an_admin_adds_changes_and_removes_users_on_the_pages(ada: FlaskClient, desk: Desk) -> None:
    assert "Added eve as editor." in words(ada.post("/users", data=GOOD, follow_redirects=True))
    assert "eve" in words(ada.get("/users"))
    assert "eve is viewer." in words(ada.post("/users/eve", data={"role": "viewer"}, follow_redirects=True))
    told = words(ada.post("/users/eve", data={"password": "another horse 2"}, follow_redirects=True))
    assert "eve has a new password." in told
    assert users.verify(desk.state, "eve", "another horse 2").role == "viewer"
    kept = ada.post("/users/eve/remove", data={"typed": "ev"})
    assert (kept.status_code, "Type eve to remove them." in words(kept)) == (422, True)
    assert "Removed eve." in words(ada.post("/users/eve/remove", data={"typed": "eve"}, follow_redirects=True))
    assert not users.is_there(desk.state, "eve")


def test_what_is_wrong_stands_at_its_field_and_keeps_what_was_typed(ada: FlaskClient) -> None:
    answer = ada.post("/users", data=GOOD | {"password": "short"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="password-error"' in text
    assert 'value="eve"' in text
    assert "short" not in text
    assert ada.post("/users", data=GOOD | {"name": "Ada"}).status_code == 409
    last = ada.post("/users/ada", data={"role": "viewer"})
    assert (last.status_code, "ada is the last admin." in words(last)) == (409, True)


def test_an_admin_makes_a_token_on_the_page_sees_it_once_and_revokes_it(ada: FlaskClient, app: Flask) -> None:
    made = ada.post("/tokens", data={"name": "nightly", "role": "viewer", "days": "30"})
    secret = re.search(r"fd_[\w-]{43}", made.get_data(as_text=True))
    assert made.status_code == 201
    assert secret
    bearer = {"Authorization": f"Bearer {secret[0]}"}
    assert app.test_client().get("/api/me", headers=bearer).status_code == 200
    page = ada.get("/tokens")
    assert "nightly" in words(page)
    assert secret[0] not in page.get_data(as_text=True)
    assert ada.post("/tokens", data={"name": "nightly", "role": "viewer", "days": ""}).status_code == 409
    assert ada.post("/tokens", data={"name": "", "role": "viewer", "days": ""}).status_code == 422
    assert "Revoked nightly." in words(ada.post("/tokens/nightly/revoke", follow_redirects=True))
    assert app.test_client().get("/api/me", headers=bearer).status_code == 401


def test_only_admins_find_these_pages_in_their_menu(client: Client) -> None:
    for role, shown in (("admin", True), ("editor", False)):
        text = client(role).get("/").get_data(as_text=True)
        assert ('href="/users"' in text, 'href="/tokens"' in text) == (shown, shown)
