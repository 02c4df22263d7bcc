"""The notes on Jinja2 name the form that takes a name and a password and verifies them against a database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from frontdesk.accounts import users
from frontdesk.desk import Desk

PASSWORD = "correct horse battery staple"


def signed_in(app: Flask, name: str, password: str) -> tuple[FlaskClient, int, str]:
    """Somebody who fills in the form, and what came of it."""
    visitor = app.test_client()
    answer = visitor.post("/login", data={"name": name, "password": password}, headers={"Origin": "http://localhost"})
    return visitor, answer.status_code, answer.text


def test_the_right_password_signs_in(app: Flask, desk: Desk):
    users.add(desk.state, "krish", PASSWORD, "editor")
    visitor, status, _ = signed_in(app, "krish", PASSWORD)
    assert status == 303
    assert visitor.get("/api/me").json == {"name": "krish", "role": "editor"}
    assert "example" in visitor.get("/").text


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(app: Flask, desk: Desk):
    users.add(desk.state, "krish", PASSWORD, "editor")
    wrong, wrong_status, wrong_page = signed_in(app, "krish", "a wrong horse battery staple")
    unknown, unknown_status, unknown_page = signed_in(app, "nobody", PASSWORD)
    assert wrong_status == unknown_status == 401
    assert wrong_page.replace("krish", "NAME") == unknown_page.replace("nobody", "NAME")
    assert 'value="krish"' in wrong_page, "the name that was typed is kept"
    assert wrong.get("/api/me").status_code == unknown.get("/api/me").status_code == 401


def test_the_form_is_shown_to_whoever_is_not_signed_in_and_leads_on(app: Flask, desk: Desk):
    users.add(desk.state, "krish", PASSWORD, "editor")
    visitor = app.test_client()
    sent = visitor.get("/databases/example/tables/employees")
    assert sent.status_code == 303 and sent.location.startswith("/login?next=")
    form = {"name": "krish", "password": PASSWORD, "next": "/databases/example/tables/employees"}
    answer = visitor.post("/login", data=form, headers={"Origin": "http://localhost"})
    assert answer.location == "/databases/example/tables/employees"


def test_the_database_holds_the_name_and_no_password(app: Flask, desk: Desk, folder: Path):
    users.add(desk.state, "krish", PASSWORD, "editor")
    with closing(sqlite3.connect(folder / ".frontdesk" / "state.db")) as connection:
        rows = connection.execute("SELECT * FROM users").fetchall()
    assert "krish" in rows[0]
    assert PASSWORD not in str(rows)
