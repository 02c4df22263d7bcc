"""A desk with functions of every sort, shared by the tests of functions and of runs: a start takes half a second."""

import re
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient

from frontdesk.accounts import tokens
from frontdesk.context import Caller
from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests.conftest import EMPLOYEES

ARITHMETIC = '''
import dataclasses
import logging
import time
from typing import Annotated, Literal

import frontdesk
import pydantic

logger = logging.getLogger("ArithmeticApp")


@frontdesk.function
def divide(a: int | float, b: int | float = 2):
    """Divide a by b.

    Logs what it does.
    """
    try:
        result = a / b
        logger.warning(f"Dividing {a} / {b} = {result}")
        return result
    except ZeroDivisionError:
        logger.error("Division by zero error")
        raise


@frontdesk.function(roles=("viewer",))
def hello(name: str = "you"):
    return f"<b>Hello {name}</b>"


@frontdesk.function
def table(n: Annotated[int, pydantic.Field(ge=1, le=300)]):
    return [{"n": i, "square": i * i} for i in range(n)]


@frontdesk.function(seconds=0.3)
def spin():
    while True:
        pass


@frontdesk.function
def slow(seconds: float):
    time.sleep(seconds)


@dataclasses.dataclass
class Point:
    x: float


@frontdesk.function
def move(point: Point, way: Literal["left", "right"] = "left", words: list[str] = []):
    return {"x": point.x, "way": way, "words": words}


@frontdesk.function
def scores():
    return frontdesk.Label("cat", {"dog": 0.2, "cat": 0.8})


@frontdesk.function
def grow(id: int):
    with frontdesk.connect("example") as connection:
        connection.execute("UPDATE employees SET age = age + 1 WHERE id = ?", (id,))


@frontdesk.function
def busy(times: int):
    for turn in range(times):
        logger.warning(f"turn {turn}")
        with frontdesk.connect("example") as connection:
            connection.execute("UPDATE employees SET age = age + 1 WHERE id = 3")
'''


@contextmanager
def served(folder):
    """The desk, and clients by role."""
    import sqlite3

    connection = sqlite3.connect(folder / "example.db")
    connection.executescript(EMPLOYEES)
    connection.close()
    (folder / "arithmetic.py").write_text(ARITHMETIC)
    desk = Desk(folder, functions={"workers": 1}, logs={"console": False})
    try:
        app = create_app(desk)
        yield {role: _client(app, desk, role) for role in ("viewer", "editor", "admin", "nobody")} | {"desk": desk}
    finally:
        desk.close()


def _client(app: Flask, desk: Desk, role: str) -> FlaskClient:
    client = app.test_client()
    if role != "nobody":
        secret = tokens.create(desk.state, role, role, Caller("cli:test", "admin"))
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def words(response):
    """What a person reads on the page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.get_data(as_text=True)))
