"""A server is killed while clients insert rows under Idempotency-Keys: what they send again is never done twice."""

import http.client
import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import EMPLOYEES
from tests.journeys import served
from tests.journeys.served import Server

PATH = "/api/databases/example/tables/employees/rows"


def post(server: Server, token: str, key: str) -> tuple[int, str] | None:
    """The answer to the row of this key; None when the server went away before it answered."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    address = server.address.partition("//")[2]
    try:
        with closing(http.client.HTTPConnection(address, timeout=20)) as connection:
            connection.request("POST", PATH, json.dumps({"rows": [{"name": key}]}), headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
    except (OSError, http.client.HTTPException):
        return None


def work(server: Server, token: str, keys: list[str], answers: dict[str, tuple[int, str] | None]) -> None:
    for key in keys:
        answers[key] = post(server, token, key)
        if answers[key] is None:
            return


def kill_and_send_again(server: Server, token: str, number: int) -> tuple[int, int, int]:
    """How many keys were answered before the kill, how many were done or not known to be at the second try."""
    answers: dict[str, tuple[int, str] | None] = {}
    keys = [[f"r{number}-{client}-{row}" for row in range(1000)] for client in range(4)]
    clients = [threading.Thread(target=work, args=(server, token, one, answers)) for one in keys]
    for client in clients:
        client.start()
    time.sleep(0.3 + 0.05 * (number % 7))
    server.kill()
    for client in clients:
        client.join()
    server.start()
    again = {key: post(server, token, key) for key in answers}
    for key, first in answers.items():
        second = again[key]
        assert second is not None
        if first is not None:
            assert (first[0], second) == (201, first)
        else:
            assert second[0] == 201 or "not known" in second[1]
    unknown = sum(1 for one in again.values() if one and one[0] == 409)
    return sum(1 for one in answers.values() if one), len(again) - unknown, unknown


def kill_rounds(folder: Path, rounds: int) -> None:
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        connection.executescript(EMPLOYEES)
    token = served.introduce(folder)["eve"].token
    server = Server(folder)
    try:
        told = [kill_and_send_again(server, token, number) for number in range(rounds)]
    finally:
        server.kill()
    print("answered, done, not known:", told)
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        twice = connection.execute("SELECT name, count(*) FROM employees GROUP BY name HAVING count(*) > 1").fetchall()
    assert twice == []
    assert sum(answered for answered, _, _ in told) > rounds


def test_two_kills_do_nothing_twice(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 2)


@pytest.mark.long
def test_a_hundred_kills_do_nothing_twice(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 100)
