"""Nothing that a client sends is answered by a 500, or outside what the description of the API promises."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi import checks

from frontdesk.desk import Desk
from frontdesk.web import create_app
from tests.conftest import EMPLOYEES, signed_in

ROLES = ("nobody", "viewer", "editor", "admin")
EXAMPLES = {"nobody": 1, "viewer": 3, "editor": 4, "admin": 5}
"""So many requests to each route."""

TABLES = (
    EMPLOYEES
    + """
CREATE TABLE notes (a TEXT, b INTEGER, v, j JSON, t DATETIME, d DECIMAL(10,2), bl BLOB, bo BOOLEAN, PRIMARY KEY (a, b))
  WITHOUT ROWID;
INSERT INTO notes VALUES ('a', 1, x'00ff', '{"a": 1}', '2020-01-01 00:00:00', 12.34, x'00', 1);
CREATE VIEW seen AS SELECT * FROM employees;
CREATE TABLE loose (x, y REAL);
INSERT INTO loose VALUES (9e999, 1.5), (NULL, NULL), (9223372036854775807, 2);
"""
)
FUNCTIONS = """
import dataclasses
from typing import Literal

import frontdesk


@frontdesk.function
def add(a: int | float, b: int | float = 2) -> float:
    return a + b


@frontdesk.function(roles=("viewer",))
def hello(name: str = "you") -> str:
    return f"Hello {name}"


@dataclasses.dataclass
class Point:
    x: float


@frontdesk.function
def move(point: Point, way: Literal["left", "right"] = "left", words: list[str] = []) -> dict:
    return {"x": point.x, "way": way, "words": words}


@frontdesk.function(roles=("viewer",))
def look(photo: frontdesk.Image, word: str = "") -> frontdesk.Label:
    return frontdesk.Label({"cat": photo.open().width / 10_000, "dog": 0})


@frontdesk.function
def change(id: int):
    with frontdesk.connect("example") as connection:
        connection.execute("UPDATE employees SET age = 7 WHERE id = ?", (id,))
    if id > 100:
        raise ValueError("too large")
"""
KNOWN: dict[str, list[Any]] = {
    "database": ["example"],
    "table": ["employees", "notes", "seen", "loose"],
    "column": ["id", "name", "age", "department", "nothing"],
    "key": ["1", "2", "a,1"],
    "function": ["add", "move"],
    "run": [1, 2, 3],
    "change": ["example.1", "example.2"],
    "query": ["saved"],
    "chart": ["ages"],
    "view": ["old"],
    "user": ["eve"],
    "token": ["nightly"],
    "name": ["root", "a.b"],
    "form": ["csv", "json", "ndjson", "xlsx", "parquet", "sql", "sqlite"],
    "kind": ["sqlite", "sql"],
    "sha256": ["0" * 64],
}
"""Parts of a path that are there: what is drawn at random never is."""

load_all_checks()
PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


@contextmanager
def served(folder: Path) -> Iterator[tuple[Desk, Flask]]:
    """A desk in which most paths lead somewhere."""
    connection = sqlite3.connect(folder / "example.db")
    connection.executescript(TABLES)
    connection.close()
    (folder / "functions.py").write_text(FUNCTIONS)
    quick = {"functions": {"workers": 1, "seconds": 2.0}, "queries": {"seconds": 1.0}}
    desk = Desk(folder, logs={"console": False}, **quick)
    try:
        app = create_app(desk)
        admin = signed_in(app, desk, "admin")
        admin.post("/api/databases/example/queries", json={"name": "saved", "sql": "SELECT 1"})
        admin.put("/api/databases/example/tables/employees/views/old", json={"question": "age__gt=30"})
        admin.put("/api/databases/example/charts/ages", json={"table": "employees", "question": "_x=age"})
        admin.post("/api/users", json={"name": "eve", "password": "correct horse 1", "role": "editor"})
        admin.patch("/api/databases/example/tables/employees/rows/1", json={"age": 5})
        for _ in range(3):
            assert admin.post("/api/functions/change", json={"id": 1}).status_code == 200
        yield desk, app
    finally:
        desk.close()


def requests(operation: Any) -> st.SearchStrategy[Any]:
    """Requests as the description allows them and as it does not, to places that are there and to others."""
    names = re.findall(r"{(\w+)}", operation.path)
    modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    there = st.fixed_dictionaries({name: st.sampled_from(KNOWN[name]) for name in names})
    found = [
        st.tuples(modes, there).flatmap(lambda drawn: operation.as_strategy(drawn[0], path_parameters=drawn[1] or None))
    ]
    if names:
        found.append(modes.flatmap(lambda mode: operation.as_strategy(mode)))
    return st.one_of(found)


def check_all(folder: Path, role: str, examples: int, start: int) -> None:
    """Sends every route so many requests as this role, and checks each answer against the description."""
    with served(folder) as (desk, app):
        client = signed_in(app, desk, role)
        sent = {"Authorization": client.environ_base["HTTP_AUTHORIZATION"]} if role != "nobody" else {}
        document = signed_in(app, desk, "viewer").get("/api/openapi.json").get_json()
        described = schemathesis.openapi.from_dict(document)
        described.app = app
        for found in described.get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]

            @seed(start)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=requests(operation))
            def check(case: Case) -> None:
                case.validate_response(case.call(headers=sent), checks=PROMISES, headers=sent)

            check()
        assert client.get("/api/me").status_code == (401 if role == "nobody" else 200)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_description_promises(tmp_path: Path, role: str) -> None:
    check_all(tmp_path, role, EXAMPLES[role], 1)


@pytest.mark.long
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("start", range(3))
@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_description_promises_for_long(tmp_path: Path, role: str, start: int) -> None:
    check_all(tmp_path, role, 100, start)
