"""What all tests share: a desk in a folder of its own, and clients signed in with each role."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from frontdesk.accounts import tokens
from frontdesk.context import Caller
from frontdesk.desk import Desk
from frontdesk.web import create_app

settings.register_profile("short", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("FRONTDESK_HYPOTHESIS", "short"))

ADA = Caller("ada", "admin")
EVE = Caller("eve", "editor")
VIC = Caller("vic", "viewer")

EMPLOYEES = """
CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, department TEXT);
INSERT INTO employees (name, age, department) VALUES
  ('Krish', 32, 'Data Scientist'), ('Bob', 25, 'Engineering'), ('Charlie', 35, 'Finance');
"""

Client = Callable[[str], FlaskClient]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk's folder that holds example.db with three employees."""
    made = tmp_path / "shop"
    made.mkdir()
    with sqlite3.connect(made / "example.db") as connection:
        connection.executescript(EMPLOYEES)
    connection.close()
    return made


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    """The desk of that folder, with one worker."""
    opened = Desk(folder, functions={"workers": 1}, logs={"console": False})
    yield opened
    opened.close()


@pytest.fixture
def app(desk: Desk) -> Flask:
    """The desk's WSGI application."""
    return create_app(desk)


def signed_in(app: Flask, desk: Desk, role: str) -> FlaskClient:
    """A client that sends a token of this role; `nobody` sends none."""
    made = app.test_client()
    if role != "nobody":
        secret = tokens.create(desk.state, f"{role}-{os.urandom(4).hex()}", role, Caller("cli:test", "admin"))
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return made


@pytest.fixture
def client(app: Flask, desk: Desk) -> Client:
    """Gives a client of the role asked for."""
    return lambda role: signed_in(app, desk, role)
