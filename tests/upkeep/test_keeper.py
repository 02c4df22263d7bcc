"""What goes by the clock is done, in one process at a time, whichever of them dies."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from frontdesk import config
from frontdesk.accounts import answers, passwords, sessions, users
from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database import logs, state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import BusyError
from frontdesk.logs import handlers, records
from frontdesk.upkeep import keeper
from frontdesk.upkeep.keeper import Keeper


@pytest.fixture
def settings(tmp_path: Path, own: dict[str, Any]) -> Iterator[Config]:
    """The settings of a desk whose handlers are on the root logger."""
    made = config.load(tmp_path, environment={}, logs={"console": False}, **own)
    handlers.configure(made, "test")
    logging.getLogger("a").setLevel("DEBUG")
    yield made
    logging.getLogger("a").setLevel("NOTSET")
    handlers.remove()


@pytest.fixture
def index(settings: Config) -> Iterator[Database]:
    opened = logs.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def accounts(settings: Config) -> Iterator[Database]:
    opened = state.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def keep(settings: Config, accounts: Database, index: Database) -> Iterator[Callable[..., Keeper]]:
    """Starts keepers and stops them at the end."""
    started: list[Keeper] = []

    def keep(*also: Callable[[], object]) -> Keeper:
        started.append(Keeper(settings, accounts, index, also))
        started[-1].start()
        return started[-1]

    yield keep
    for one in started:
        one.stop()


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_what_is_logged_comes_into_the_index_by_itself(keep, index):
    keep()
    logging.getLogger("a").info("carried")
    until(lambda: [record for record in records.search(index).records if record.message == "carried"], 1.0)


def test_what_was_logged_last_is_carried_when_the_keeper_stops(keep, index):
    kept = keep()
    until(lambda: kept.keeps)
    logging.getLogger("a").info("last")
    kept.stop()
    assert records.search(index).records[0].message == "last"


def test_files_of_processes_that_are_gone_are_carried_and_removed(keep, index, settings):
    program = """
import logging, sys
from frontdesk.logs import handlers
logging.getLogger().addHandler(handlers.logging_handler(sys.argv[1]))
logging.error("from elsewhere")
"""
    subprocess.run([sys.executable, "-c", program, settings.folder], check=True)
    keep()
    until(lambda: list(handlers.folder_of(settings).glob("*.app.*")) == [])
    assert [record.message for record in records.search(index).records] == ["from elsewhere"]


def test_old_records_and_ended_sessions_are_forgotten(keep, index, accounts, monkeypatch):
    with accounts.transaction() as connection:
        eve = users.insert_into(connection, "eve", passwords.STAND_IN, "editor")
    sessions.start(accounts, eve)
    logging.getLogger("a").info("old")
    logging.getLogger("a").info("newest")
    first = keep()
    until(lambda: records.newest(index) == 2)
    first.stop()
    later = now() + timedelta(days=31)
    monkeypatch.setattr(keeper, "now", lambda: later)
    monkeypatch.setattr(sessions, "now", lambda: later)
    keep()
    until(lambda: [record.message for record in records.search(index).records] == ["newest"])
    until(lambda: not ids(accounts))


def test_answers_kept_for_a_day_are_removed_after_it(keep, accounts, monkeypatch):
    eve = Caller("eve", "editor")
    answers.reserve(accounts, eve, "k1", "asked")
    later = now() + timedelta(hours=25)
    monkeypatch.setattr(answers, "now", lambda: later)
    answers.reserve(accounts, eve, "k2", "asked")
    keep()
    until(lambda: keys(accounts) == ["k2"])


def keys(accounts: Database) -> list[str]:
    with accounts.connect() as connection:
        return list(connection.scalars(select(state.answers.c.key)))


def ids(accounts: Database) -> list[str]:
    with accounts.connect() as connection:
        return list(connection.scalars(select(state.sessions.c.hash)))


def test_what_others_gave_it_to_do_is_done_again_and_again(keep, monkeypatch):
    monkeypatch.setattr(keeper, "SECOND", 0.01)
    done: list[int] = []
    keep(lambda: done.append(1))
    until(lambda: len(done) > 1)


def test_a_task_that_fails_is_said_once_and_stops_nothing(keep, index, monkeypatch):
    monkeypatch.setattr(keeper, "SECOND", 0.01)
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        raise BusyError("The database is busy.")

    keep(fail)
    until(lambda: len(tried) > 2)
    logging.getLogger("a").info("still carried")
    until(lambda: "still carried" in [record.message for record in records.search(index).records])
    said = [record for record in records.search(index).records if "busy" in record.message]
    assert len(said) == 1


def test_of_two_keepers_one_keeps_and_the_other_takes_over(keep, monkeypatch):
    monkeypatch.setattr(keeper, "SECOND", 0.05)
    first = keep()
    until(lambda: first.keeps)
    second = keep()
    time.sleep(0.2)
    assert not second.keeps
    first.stop()
    until(lambda: second.keeps)


def test_when_the_keeping_process_is_killed_another_takes_over(keep, settings):
    program = """
import sys, time
from frontdesk import config
from frontdesk.database import logs, state
from frontdesk.upkeep.keeper import Keeper
settings = config.load(sys.argv[1], environment={})
keeper = Keeper(settings, state.open(settings), logs.open(settings))
keeper.start()
while not keeper.keeps:
    time.sleep(0.01)
print("keeps", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program, settings.folder], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"keeps\n"
        ours = keep()
        time.sleep(0.2)
        assert not ours.keeps
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: ours.keeps)


def test_a_keeper_that_waits_stops_at_once(keep):
    first = keep()
    until(lambda: first.keeps)
    second = keep()
    began = time.monotonic()
    second.stop()
    assert time.monotonic() - began < 3


def test_a_sweep_goes_on_part_by_part_and_rests_when_all_is_done():
    parts = iter([False, False, True])
    sweep = keeper.Sweep(lambda: next(parts))
    for _ in range(5):
        sweep()
    assert list(parts) == []
