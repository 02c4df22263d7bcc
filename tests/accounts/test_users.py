"""Users: who can sign in, and what can never happen to them."""

import threading

import argon2
import pytest
from sqlalchemy import select, update

from frontdesk.accounts import attempts, passwords, sessions, tokens, users
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.values import now
from frontdesk.errors import ConflictError, InputError, LoginRequired, NotFoundError, ThrottledError
from tests.accounts.conftest import PASSWORD


def test_a_user_signs_in_with_name_and_password(cast):
    found = users.verify(cast, "ada", PASSWORD)
    assert (found.name, found.role) == ("ada", "admin")


def test_a_name_is_found_whatever_its_capitals(cast):
    assert users.verify(cast, "ADA", PASSWORD).name == "ada"
    with pytest.raises(ConflictError):
        users.add(cast, "Ada", PASSWORD, "viewer")


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(cast):
    answers = set()
    for name, password in (
        ("ada", "wrong horse 1"),
        ("nobody", PASSWORD),
        ("", ""),
        ("ada", ""),
        ("ada' --", PASSWORD),
    ):
        with pytest.raises(LoginRequired) as caught:
            users.verify(cast, name, password)
        answers.add((caught.value.message, caught.value.hint))
    assert len(answers) == 1


@pytest.mark.parametrize(
    "name", ["", " ada", "ada ", "a:b", "token:x", "a/b", "a\nb", "x" * 101, "_ada", "a  b", "<b>"]
)
def test_a_name_that_cannot_be_a_users_is_refused(database, name):
    with pytest.raises(InputError) as caught:
        users.add(database, name, PASSWORD, "viewer")
    assert set(caught.value.errors) == {"name"}


@pytest.mark.parametrize("name", ["ada", "Zoë Müller", "o.b-c_d@example.org", "李雷", "x" * 100])
def test_names_of_all_alphabets_are_taken(database, name):
    assert users.add(database, name, PASSWORD, "viewer").name == name
    assert users.verify(database, name, PASSWORD).name == name


def test_every_wrong_field_of_a_new_user_is_named(database):
    with pytest.raises(InputError) as caught:
        users.add(database, "", "short", "king")
    assert set(caught.value.errors) == {"name", "password", "role"}
    assert not users.exist(database)


def test_the_last_admin_can_be_neither_removed_nor_demoted(cast):
    for change in (lambda: users.remove(cast, "ada"), lambda: users.set_role(cast, "ada", "viewer")):
        with pytest.raises(ConflictError):
            change()
    users.set_role(cast, "eve", "admin")
    users.remove(cast, "ada")
    assert [user.name for user in users.list_all(cast)] == ["eve", "vic"]


def test_two_admins_who_demote_each_other_at_the_same_time_leave_one(cast):
    users.set_role(cast, "eve", "admin")
    barrier, refused = threading.Barrier(2), []

    def demote(name):
        barrier.wait()
        try:
            users.set_role(cast, name, "viewer")
        except ConflictError:
            refused.append(name)

    threads = [threading.Thread(target=demote, args=(name,)) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [user.role for user in users.list_all(cast)].count("admin") == 1


def test_a_removed_user_is_gone_with_sessions_and_tokens(cast):
    secret = sessions.start(cast, users.find(cast, "vic"))
    token = tokens.create(cast, "reader", "viewer", Caller("vic", "viewer"))
    users.remove(cast, "vic")
    assert sessions.find(cast, secret) is None
    assert tokens.find(cast, token) is None
    with pytest.raises(NotFoundError):
        users.find(cast, "vic")
    with pytest.raises(NotFoundError):
        users.remove(cast, "vic")


def test_another_password_ends_every_session_and_the_old_one(cast):
    secret = sessions.start(cast, users.find(cast, "vic"))
    users.set_password(cast, "vic", "a better horse")
    assert sessions.find(cast, secret) is None
    with pytest.raises(LoginRequired):
        users.verify(cast, "vic", PASSWORD)
    assert users.verify(cast, "vic", "a better horse").name == "vic"


def test_a_disabled_user_cannot_sign_in_and_sessions_are_over(cast):
    secret = sessions.start(cast, users.find(cast, "vic"))
    with cast.transaction() as connection:
        connection.execute(update(state.users).where(state.users.c.name == "vic").values(disabled=True))
    assert sessions.find(cast, secret) is None
    with pytest.raises(LoginRequired):
        users.verify(cast, "vic", PASSWORD)


def test_a_sign_in_renews_a_hash_of_weaker_parameters(cast):
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=512, parallelism=1).hash(PASSWORD)
    with cast.transaction() as connection:
        connection.execute(update(state.users).where(state.users.c.name == "vic").values(password=weak))
    users.verify(cast, "vic", PASSWORD)
    with cast.connect() as connection:
        kept = connection.scalar(select(state.users.c.password).where(state.users.c.name == "vic"))
    assert "m=19456,t=2,p=1" in kept
    assert users.verify(cast, "vic", PASSWORD).name == "vic"


def test_after_ten_failures_an_address_waits_and_others_still_sign_in(cast):
    for _ in range(attempts.OF_ADDRESS):
        with pytest.raises(LoginRequired):
            users.verify(cast, "ada", "wrong horse 1", "10.0.0.1")
    for name in ("ada", "eve", "nobody"):
        with pytest.raises(ThrottledError) as caught:
            users.verify(cast, name, PASSWORD, "10.0.0.1")
        assert 1 <= caught.value.seconds <= 300
    assert users.verify(cast, "ada", PASSWORD, "10.0.0.2").name == "ada"


def test_failures_from_many_addresses_close_the_account_for_a_while_and_no_other(cast, monkeypatch):
    monkeypatch.setattr(attempts, "OF_ACCOUNT", 3)
    for number in range(3):
        with pytest.raises(LoginRequired):
            users.verify(cast, "ADA", "wrong horse 1", f"10.0.0.{number}")
    with pytest.raises(ThrottledError):
        users.verify(cast, "ada", PASSWORD, "10.0.0.9")
    assert users.verify(cast, "eve", PASSWORD, "10.0.0.9").name == "eve"


def test_a_right_password_takes_ones_own_failures_back(cast):
    for _ in range(3):
        for _ in range(attempts.OF_ADDRESS - 1):
            with pytest.raises(LoginRequired):
                users.verify(cast, "ada", "wrong horse 1", "10.0.0.1")
        users.verify(cast, "ada", PASSWORD, "10.0.0.1")


def test_failures_count_for_five_minutes_only(cast, monkeypatch):
    for _ in range(attempts.OF_ADDRESS):
        with pytest.raises(LoginRequired):
            users.verify(cast, "ada", "wrong horse 1", "10.0.0.1")
    later = now() + attempts.WINDOW
    monkeypatch.setattr(attempts, "now", lambda: later)
    assert users.verify(cast, "ada", PASSWORD, "10.0.0.1").name == "ada"
    attempts.forget(cast)
    with cast.connect() as connection:
        assert connection.execute(select(state.attempts)).all() == []


def test_tries_at_the_same_time_cannot_outnumber_the_limit(cast, monkeypatch):
    monkeypatch.setattr(passwords, "verify", lambda password, kept: False)
    answers = []

    def guess():
        try:
            users.verify(cast, "ada", "wrong horse 1", "10.0.0.1")
        except (LoginRequired, ThrottledError) as error:
            answers.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(LoginRequired) == attempts.OF_ADDRESS
    assert len(answers) == 30
