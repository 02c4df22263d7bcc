"""An answer is kept for a day for whoever asked, under their key and for the same request only."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from frontdesk.accounts import answers, tokens, users
from frontdesk.accounts.answers import Answer
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import ConflictError

EVE = Caller("eve", "editor")
GIVEN = Answer(201, "application/json", b'{"inserted":1}')


def kept(database: Database) -> int:
    with database.connect() as connection:
        return connection.scalar(select(func.count()).select_from(state.answers)) or 0


def alter(database: Database, **values: object) -> None:
    with database.transaction() as connection:
        connection.execute(update(state.answers).values(values))


def test_the_first_is_carried_out_and_every_other_gets_its_answer(cast: Database) -> None:
    assert answers.reserve(cast, EVE, "k1", "a") is None
    answers.keep(cast, EVE, "k1", GIVEN)
    assert answers.reserve(cast, EVE, "k1", "a") == GIVEN
    assert answers.reserve(cast, EVE, "k2", "a") is None
    assert answers.reserve(cast, Caller("vic", "viewer"), "k1", "a") is None


def test_a_key_of_another_request_is_in_the_way(cast: Database) -> None:
    answers.reserve(cast, EVE, "k1", "a")
    answers.keep(cast, EVE, "k1", GIVEN)
    with pytest.raises(ConflictError, match="another request"):
        answers.reserve(cast, EVE, "k1", "b")


def test_a_request_in_progress_is_not_begun_again_and_one_whose_process_died_is_told_apart(cast: Database) -> None:
    answers.reserve(cast, EVE, "k1", "a")
    with pytest.raises(ConflictError, match="still being carried out"):
        answers.reserve(cast, EVE, "k1", "a")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    alter(cast, pid=dead.pid)
    with pytest.raises(ConflictError, match="ended before it answered"):
        answers.reserve(cast, EVE, "k1", "a")


def test_what_was_released_is_carried_out_again(cast: Database) -> None:
    answers.reserve(cast, EVE, "k1", "a")
    answers.release(cast, EVE, "k1")
    assert answers.reserve(cast, EVE, "k1", "b") is None


def test_a_day_later_the_key_is_free_and_the_keeper_removes_the_answer(cast: Database) -> None:
    for key in ("k1", "k2"):
        answers.reserve(cast, EVE, key, "a")
        answers.keep(cast, EVE, key, GIVEN)
    answers.forget(cast)
    assert kept(cast) == 2
    alter(cast, at=now() - timedelta(hours=24))
    assert answers.reserve(cast, EVE, "k1", "other") is None
    answers.forget(cast)
    assert kept(cast) == 1


def test_of_an_answer_that_is_too_large_only_the_fact_is_kept(cast: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LARGEST", 5)
    answers.reserve(cast, EVE, "k1", "a")
    answers.keep(cast, EVE, "k1", GIVEN)
    with pytest.raises(ConflictError, match="too large"):
        answers.reserve(cast, EVE, "k1", "a")


def test_whoever_has_the_name_of_somebody_before_gets_none_of_their_answers(cast: Database) -> None:
    for name in ("eve", "token:nightly"):
        answers.reserve(cast, Caller(name, "editor"), "k1", "a")
        answers.keep(cast, Caller(name, "editor"), "k1", GIVEN)
    users.remove(cast, "eve")
    users.add(cast, "eve", "correct horse 9", "viewer")
    tokens.create(cast, "nightly", "viewer", Caller("ada", "admin"))
    assert kept(cast) == 0
