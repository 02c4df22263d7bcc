"""One journey in one sitting: a level, a function without an end, runs, records and changes that lead to each other,
and a server that is killed; in a browser, against a desk with two web processes.
"""

import http.client
import itertools
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EMPLOYEES
from tests.journeys import served
from tests.journeys.conftest import OpenTab, Served, Tab
from tests.journeys.served import Client, Poll, Server, eventually

LIMIT = 2.0
"""Seconds that `forever` may take."""

FUNCTIONS = '''
import logging
import os
import time
from contextlib import closing

import frontdesk

logger = logging.getLogger("ArithmeticApp")


@frontdesk.function
def divide(a: int | float = 20, b: int | float = 0):
    """Divide a by b."""
    try:
        return a / b
    except ZeroDivisionError:
        logger.error("Division by zero error")
        return None


@frontdesk.function
def birthday(name: str = "Krish"):
    """Makes an employee a year older."""
    with closing(frontdesk.connect("example")) as connection, connection:
        connection.execute("UPDATE employees SET age = age + 1 WHERE name = ?", (name,))
    logging.getLogger("staff").info(f"{name} is a year older.")


@frontdesk.function(seconds=2.0)
def forever():
    """Never ends."""
    while True:
        pass


@frontdesk.function
def whisper(number: int):
    """Says something at the lowest level, and in which process."""
    logging.getLogger("classroom").debug(f"whisper {number}")
    time.sleep(0.1)
    return os.getpid()


@frontdesk.function
def note(number: int):
    """Logs a numbered record."""
    logging.getLogger("numbered").info(f"number {number}.")


@frontdesk.function
def sleep(seconds: float = 30):
    """Takes its time."""
    logging.getLogger("numbered").warning("sleeping")
    time.sleep(seconds)
'''
SETTINGS = "[logs]\nconsole = false\n[functions]\nworkers = 2\n"
ROWS = "/api/databases/example/tables/employees/rows"


def make_desk(folder: Path) -> Path:
    """A desk's folder with the employees and these functions."""
    folder.mkdir()
    (folder / "sitting.py").write_text(FUNCTIONS)
    (folder / "frontdesk.toml").write_text(SETTINGS)
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        connection.executescript(EMPLOYEES)
    return folder


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Served]:
    """A desk that two web processes serve."""
    folder = make_desk(tmp_path / "desk")
    people = served.introduce(folder)
    server = Server(folder, "--processes", "2")
    try:
        yield Served(server, people)
    finally:
        server.stop()


def test_one_journey_in_one_sitting(sitting: Served, open_tab: OpenTab):
    tab = open_tab(sitting.server)
    sign_in(tab)
    a_level_set_on_the_page_holds_everywhere_within_a_second(tab, sitting)
    a_function_without_an_end_is_stopped_at_its_limit(tab, sitting)
    a_run_and_its_error_record_lead_to_each_other(tab)
    a_run_its_change_and_its_record_lead_to_each_other_and_the_run_is_undone(tab, sitting)
    what_was_acknowledged_survives_a_kill(tab, sitting)


def sign_in(tab: Tab) -> None:
    tab.go("/functions")
    assert tab.path == "/login"
    tab.page.get_by_label("Name").fill("ada")
    tab.page.get_by_label("Password").fill(served.PASSWORD)
    tab.follow(tab.page.get_by_role("button", name="Sign in"))
    assert tab.path == "/functions"


# A level


def a_level_set_on_the_page_holds_everywhere_within_a_second(tab: Tab, there: Served) -> None:
    ada = there.server.client(there.people["ada"])
    quiet = [send_whisper(ada, number) for number in range(2)]
    assert [one for run, _ in quiet for one in records(ada, run=run)] == []
    for logger in ("classroom", "frontdesk.web"):
        tab.go("/loggers")
        tab.page.get_by_label("Logger", exact=True).fill(logger)
        tab.page.get_by_label("Level", exact=True).select_option("DEBUG")
        with tab.page.expect_navigation():
            tab.button("Set level").click()
        told = time.monotonic()
    time.sleep(max(0.0, told + 1.0 - time.monotonic()))
    with ThreadPoolExecutor(8) as several:
        whispers = list(several.map(lambda number: send_whisper(ada, number), range(100, 124)))
        requests = list(several.map(lambda _: ada.ask("GET", "/healthz").headers["X-Request-ID"], range(24)))
    assert len({process for _, process in whispers}) >= 3, "the workers of more than one web process were asked"
    for number, (run, _) in enumerate(whispers, 100):
        assert [one["message"] for one in records(ada, run=run)] == [f"whisper {number}"]
    answered = [one for request in requests for one in records(ada, request=request)]
    assert len(answered) == len(requests), "every request was logged at DEBUG"
    assert len({one["process"] for one in answered}) == 2, "by both web processes"
    tab.go("/loggers")
    row = tab.page.locator("tr", has=tab.page.get_by_role("link", name="classroom", exact=True))
    assert "debug" in row.inner_text().lower()


def send_whisper(client: Client, number: int) -> tuple[int, int]:
    """The run and the process that answered."""
    called = client.call("whisper", number=number)
    return called["run"], called["result"]


def records(client: Client, **wanted: Any) -> list[dict[str, Any]]:
    """The records of a run or a request, oldest first."""
    [(name, value)] = wanted.items()
    found: list[dict[str, Any]] = client.get(f"/api/logs?{name}={value}&_after=0")["records"]
    return found


# A function without an end


def a_function_without_an_end_is_stopped_at_its_limit(tab: Tab, there: Served) -> None:
    ada = there.server.client(there.people["ada"])
    tab.go("/functions/forever")
    tab.follow(tab.button("Run"))
    assert re.fullmatch(r"/runs/\d+", tab.path), "what takes longer than a second has a page of its own"
    tab.page.locator("main .badge.failed").wait_for()
    check_stopped(ada, int(tab.path.rpartition("/")[2]))

    late: list[float] = []
    for _ in range(3):  # other tests share the machine
        with Poll(there.server) as poll:
            refused = ada.ask("POST", "/api/functions/forever", {})
        assert (refused.status, refused.json["error"]) == (504, f"timed out after {LIMIT:g} s")
        check_stopped(ada, refused.json["run"])
        assert poll.statuses == {200} and len(poll.seconds) > 20
        late = [seconds for seconds in poll.seconds if seconds >= 0.1]
        if len(late) <= len(poll.seconds) // 50:
            return
    raise AssertionError(f"/healthz was answered late: {late}")


def check_stopped(client: Client, run: int) -> None:
    """The run of `forever` was ended within half a second of its limit."""
    found = client.get(f"/api/runs/{run}")
    assert (found["status"], found["error"]) == ("failed", f"timed out after {LIMIT:g} s")
    assert LIMIT * 1000 <= found["milliseconds"] < (LIMIT + 0.5) * 1000


# Runs, records and changes


def call_by_form(tab: Tab, function: str) -> int:
    """Calls a function with its defaults and follows the link to its run."""
    tab.go(f"/functions/{function}")
    tab.follow(tab.button("Run"))
    assert tab.path == f"/functions/{function}"
    tab.follow(tab.link(re.compile(r"^run \d+$")))
    assert re.fullmatch(r"/runs/\d+", tab.path)
    return int(tab.path.rpartition("/")[2])


def a_run_and_its_error_record_lead_to_each_other(tab: Tab) -> None:
    run = call_by_form(tab, "divide")
    record = tab.page.locator("table.records tr", has_text="Division by zero error")
    assert "error" in record.inner_text().lower()
    tab.follow(tab.link("In the logs"))
    assert tab.path == "/logs"
    record = tab.page.locator("table.records tr", has_text="Division by zero error")
    assert record.count() == 1, "the logs show this run's record alone"
    tab.follow(record.get_by_role("link", name=f"run {run}"))
    assert tab.path == f"/runs/{run}"


def a_run_its_change_and_its_record_lead_to_each_other_and_the_run_is_undone(tab: Tab, there: Served) -> None:
    ada = there.server.client(there.people["ada"])
    before = ada.get(f"{ROWS}/1")["row"]
    run = call_by_form(tab, "birthday")
    after = ada.get(f"{ROWS}/1")["row"]
    assert after == before | {"age": before["age"] + 1}

    change = ada.get(f"/api/runs/{run}")["changes"][0]["id"]
    tab.follow(tab.link(f"change {change}"))
    assert tab.path == f"/changes/{change}"
    assert f"{before['age']}" in tab.page.locator("del").inner_text()
    assert f"{after['age']}" in tab.page.locator("ins").inner_text()
    tab.follow(tab.link(f"run {run}"))
    assert tab.path == f"/runs/{run}"

    tab.follow(tab.link(f"change {change}"))
    tab.follow(tab.link(re.compile("^request ")))
    assert tab.path == "/logs", "the request's records, with what it changed"
    assert tab.link(f"change {change}").is_visible()
    record = tab.page.locator("table.records tr", has_text="Krish is a year older.")
    tab.follow(record.get_by_role("link", name=f"run {run}"))

    tab.go("/databases/example/tables/employees/rows/1")
    tab.follow(tab.link(f"run {run}"))
    tab.follow(tab.button("Undo changes"))
    assert tab.page.get_by_text("Undone: 1 row").is_visible()
    assert ada.get(f"{ROWS}/1")["row"] == before
    undo = ada.get(f"{ROWS}/1/history")["changes"][0]
    assert (undo["operation"], undo["undoes"]) == ("undo", change)


# The end of a server


def what_was_acknowledged_survives_a_kill(tab: Tab, there: Served) -> None:
    run = kill_and_check(there, numbers=itertools.count(1000))
    tab.go(f"/runs/{run}")
    assert tab.page.locator("main .badge.failed").is_visible()
    assert tab.page.get_by_text("worker died").is_visible()


def kill_and_check(there: Served, numbers: Iterator[int], seconds: float = 0.7) -> int:
    """Four clients work, the server is killed and started again: nothing that was acknowledged is lost.

    Gives the run that was live.
    """
    server, ada = there.server, there.server.client(there.people["ada"])
    live = ada.send("POST", "/api/functions/sleep?wait=0", {"seconds": 30})["run"]
    assert eventually(lambda: records(ada, run=live)), "it runs"
    edited: dict[int, list[int]] = {1: [], 3: []}
    noted: list[tuple[int, int]] = []
    tried: dict[int, list[int]] = {1: [], 3: []}

    def edit(key: int) -> None:
        number = next(numbers)
        tried[key].append(number)
        if ada.ask("PATCH", f"{ROWS}/{key}", {"age": number}).status == 200:
            edited[key].append(number)

    def log(_: int) -> None:
        number = next(numbers)
        noted.append((number, ada.call("note", number=number)["run"]))

    threads = [
        threading.Thread(target=again, args=(deed, which)) for deed, which in ((edit, 1), (edit, 3), (log, 0), (log, 1))
    ]
    for thread in threads:
        thread.start()
    assert eventually(lambda: all(edited.values()) and noted), "something was acknowledged"
    time.sleep(seconds)
    workers = server.descendants()
    server.kill()
    for thread in threads:
        thread.join()
    assert eventually(lambda: not any(served.lives(pid) for pid in workers)), "no worker goes on by itself"

    server.start(server.port)
    check_changes(ada, edited, tried)
    check_records(ada, noted)
    lost = eventually(lambda: (run := ada.get(f"/api/runs/{live}"))["status"] == "failed" and run)
    assert lost and lost["error"] == "worker died"
    assert [one["message"] for one in lost["records"]] == ["sleeping"]
    with closing(sqlite3.connect(server.folder / "example.db")) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    return int(live)


def again(deed: Callable[[int], None], which: int) -> None:
    """Does something until the server is gone."""
    while True:
        try:
            deed(which)
        except (OSError, http.client.HTTPException):
            return


def check_changes(client: Client, edited: dict[int, list[int]], tried: dict[int, list[int]]) -> None:
    """Each acknowledged edit is in the history once, and the row is as its last edit left it."""
    for key, acknowledged in edited.items():
        changes = every(client, f"{ROWS}/{key}/history", "changes")
        ages = [change["after"]["age"] for change in changes if change["operation"] == "update"]
        assert all(ages.count(number) == 1 for number in acknowledged)
        assert not [number for number in ages if number in tried[key] and ages.count(number) > 1]
        assert client.get(f"{ROWS}/{key}")["row"]["age"] == ages[0]


def check_records(client: Client, noted: list[tuple[int, int]]) -> None:
    """Each acknowledged record is in the logs once, with its run."""
    found = every(client, "/api/logs?logger=numbered", "records")
    kept = [(one["message"], one["run"]) for one in found if one["message"].startswith("number ")]
    assert len(kept) == len(set(kept)), "no record is there twice"
    missing = {(f"number {number}.", run) for number, run in noted} - set(kept)
    assert not missing


def every(client: Client, path: str, noun: str) -> list[dict[str, Any]]:
    """All of a list, page by page."""
    sign = "&" if "?" in path else "?"
    found: list[dict[str, Any]] = []
    token = None
    while True:
        page = client.get(f"{path}{sign}_size=1000" + (f"&_next={token}" if token else ""))
        found += page[noun]
        token = page["next"]
        if not token:
            return found


def kill_rounds(there: Served, rounds: int) -> None:
    numbers = itertools.count(1000)
    for number in range(rounds):
        kill_and_check(there, numbers, seconds=0.3 + 0.05 * (number % 7))


def test_three_kills_lose_nothing_that_was_acknowledged(sitting: Served):
    kill_rounds(sitting, 3)


@pytest.mark.long
def test_two_hundred_kills_lose_nothing_that_was_acknowledged(sitting: Served):
    kill_rounds(sitting, 200)
