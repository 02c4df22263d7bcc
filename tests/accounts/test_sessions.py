"""Sessions end when they should, and nothing that is kept opens one."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from frontdesk.accounts import sessions, users
from frontdesk.config import SessionSettings
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.values import now


@pytest.fixture
def secret(cast) -> str:
    return sessions.start(cast, users.find(cast, "eve"))


@pytest.fixture
def clock(monkeypatch):
    """Moves the time of the sessions on."""
    passed = timedelta()

    def forward(**given):
        nonlocal passed
        passed += timedelta(**given)
        moment = now() + passed
        monkeypatch.setattr(sessions, "now", lambda: moment)

    return forward


def test_a_session_says_who_is_signed_in(cast, secret):
    assert sessions.find(cast, secret) == Caller("eve", "editor")


def test_every_session_has_a_secret_of_its_own_with_256_bits(cast, secret):
    other = sessions.start(cast, users.find(cast, "eve"))
    assert other != secret
    assert len(secret) >= 43


@pytest.mark.parametrize("wrong", ["", "fds_", "x" * 10_000, "\ud800", "' OR 1=1 --"])
def test_a_secret_that_nobody_has_opens_nothing(cast, secret, wrong):
    assert sessions.find(cast, wrong) is None
    assert sessions.find(cast, secret + wrong) is None or not wrong


def test_what_is_kept_is_not_the_secret(cast, secret, tmp_path):
    for file in tmp_path.rglob("state.db*"):
        assert secret.encode() not in file.read_bytes()
    with cast.connect() as connection:
        kept = connection.scalar(select(state.sessions.c.hash))
    assert sessions.find(cast, kept) is None


def test_a_session_ends_at_sign_out_and_no_other_with_it(cast, secret):
    other = sessions.start(cast, users.find(cast, "eve"))
    sessions.end(cast, secret)
    assert sessions.find(cast, secret) is None
    assert sessions.find(cast, other) is not None
    sessions.end(cast, secret)


def test_another_role_holds_at_once(cast, secret):
    users.set_role(cast, "eve", "viewer")
    assert sessions.find(cast, secret) == Caller("eve", "viewer")


def test_a_session_ends_when_it_is_not_used_for_hours(cast, secret, clock):
    clock(hours=7)
    assert sessions.find(cast, secret) is not None
    clock(hours=7)
    assert sessions.find(cast, secret) is not None
    clock(hours=8)
    assert sessions.find(cast, secret) is None


def test_a_session_ends_after_its_days_however_much_it_is_used(cast, clock):
    settings = SessionSettings(idle_hours=20, days=2)
    secret = sessions.start(cast, users.find(cast, "eve"), settings)
    for _ in range(4):
        clock(hours=11)
        assert sessions.find(cast, secret, settings) is not None
    clock(hours=11)
    assert sessions.find(cast, secret, settings) is None


def test_the_last_use_is_written_at_most_once_a_minute(cast, secret, clock):
    begun = used(cast)
    clock(seconds=59)
    sessions.find(cast, secret)
    assert used(cast) == begun
    clock(seconds=2)
    sessions.find(cast, secret)
    assert used(cast) > begun


def used(database):
    with database.connect() as connection:
        return connection.scalar(select(state.sessions.c.used))


def test_sessions_that_have_ended_are_forgotten_and_others_kept(cast, secret, clock):
    sessions.forget(cast)
    assert sessions.find(cast, secret) is not None
    clock(hours=9)
    sessions.forget(cast)
    assert used(cast) is None
