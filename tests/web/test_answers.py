"""A POST that is sent twice with one Idempotency-Key is carried out once."""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from frontdesk.database import state
from frontdesk.desk import Desk
from tests.conftest import Client
from tests.web import arithmetic

ROWS = "/api/databases/example/tables/employees/rows"
DANA = {"rows": [{"name": "Dana", "age": 41}]}


def send(client: FlaskClient, path: str, key: str, **more: Any) -> TestResponse:
    return client.post(path, headers={"Idempotency-Key": key}, **more)


def count(client: FlaskClient) -> int:
    found: int = client.get(f"{ROWS}?_count=1").get_json()["count"]
    return found


def kept(desk: Desk) -> int:
    with desk.state.connect() as connection:
        return connection.scalar(select(func.count()).select_from(state.answers)) or 0


def test_the_second_gets_the_answer_of_the_first_and_changes_nothing(client: Client) -> None:
    editor = client("editor")
    first, second = (send(editor, ROWS, "k1", json=DANA) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.data, second.content_type) == (first.data, first.content_type)
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(editor) == 4


def test_what_was_refused_is_refused_in_the_same_words(client: Client) -> None:
    editor = client("editor")
    first, second = (send(editor, ROWS, "k1", json={"rows": [{"name": None}]}) for _ in range(2))
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert second.content_type == "application/problem+json"


def test_another_body_or_path_is_in_the_way_and_another_person_is_not(client: Client) -> None:
    editor = client("editor")
    send(editor, ROWS, "k1", json=DANA)
    assert send(editor, ROWS, "k1", json={"rows": [{"name": "Eva"}]}).status_code == 409
    assert send(editor, "/api/databases/example/query", "k1", json=DANA).status_code == 409
    assert count(editor) == 4
    assert send(client("editor"), ROWS, "k1", json=DANA).status_code == 201
    assert count(editor) == 5


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ä", "a\tb"])
def test_a_key_that_is_none_is_refused_and_nothing_done(client: Client, key: str) -> None:
    editor = client("editor")
    answer = send(editor, ROWS, key, json=DANA)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["Idempotency-Key"])
    assert count(editor) == 3


def test_requests_without_a_key_and_those_refused_before_keep_nothing(client: Client, desk: Desk) -> None:
    client("editor").post(ROWS, json=DANA)
    client("viewer").get(ROWS, headers={"Idempotency-Key": "k1"})
    assert send(client("viewer"), ROWS, "k1", json=DANA).status_code == 403
    assert send(client("nobody"), ROWS, "k1", json=DANA).status_code == 401
    assert send(client("editor"), "/api/nosuch", "k1").status_code == 404
    assert kept(desk) == 0


def test_secrets_are_not_kept(client: Client, desk: Desk) -> None:
    for path in ("/api/tokens", "/api/users"):
        answer = send(client("admin"), path, "k1", json={"name": "a", "role": "viewer", "password": "correct horse 1"})
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.get_json()["errors"]
    assert kept(desk) == 0


def test_a_file_is_loaded_once_as_a_body_and_as_part_of_a_form(client: Client) -> None:
    editor = client("editor")
    path = ROWS.replace("/rows", "/import")
    for _ in range(2):
        csv = {"data": b"name,age\nDana,41\n", "content_type": "text/csv"}
        assert send(editor, path, "k1", **csv).get_json()["inserted"] == 1
        form = {"file": (io.BytesIO(b"name,age\nEva,51\n"), "more.csv")}
        assert send(editor, path, "k2", data=form).get_json()["inserted"] == 1
    assert count(editor) == 5
    other = {"file": (io.BytesIO(b"name,age\nEva,52\n"), "more.csv")}
    assert send(editor, path, "k2", data=other).status_code == 409


def test_a_large_body_arrives_whole(client: Client) -> None:
    lines = "".join(f"Dana{n},41\n" for n in range(200_000))
    path = ROWS.replace("/rows", "/import")
    answer = send(client("editor"), path, "k1", data=f"name,age\n{lines}".encode(), content_type="text/csv")
    assert answer.get_json()["inserted"] == 200_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("desk")
    with arithmetic.served(folder) as opened:
        yield opened


def test_a_request_in_progress_is_not_begun_again(shared: dict[str, Any]) -> None:
    eve: FlaskClient = shared["editor"]
    found: list[TestResponse] = []
    body = {"json": {"seconds": 0.7}}
    first = threading.Thread(target=lambda: found.append(send(eve, "/api/functions/slow", "k1", **body)))
    first.start()
    time.sleep(0.3)
    assert send(eve, "/api/functions/slow", "k1", **body).status_code == 409
    first.join()
    assert send(eve, "/api/functions/slow", "k1", **body).get_json()["run"] == found[0].get_json()["run"]


def test_what_failed_on_our_side_is_tried_again(shared: dict[str, Any]) -> None:
    first, second = (send(shared["editor"], "/api/functions/spin", "k2", json={}) for _ in range(2))
    assert (first.status_code, second.status_code) == (504, 504)
    assert first.get_json()["run"] != second.get_json()["run"]
