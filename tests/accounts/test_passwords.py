"""Passwords are kept so that nobody can read them, and bad ones are refused."""

import threading
import time
from statistics import median

import pytest

from frontdesk.accounts import passwords
from frontdesk.errors import BusyError, InputError


def test_a_password_is_kept_as_argon2id_of_the_strength_asked_for():
    kept = passwords.digest("correct horse 1")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify("correct horse 1", kept)
    assert not passwords.verify("correct horse 2", kept)
    assert passwords.digest("correct horse 1") != kept


def test_without_a_kept_password_the_answer_is_no_and_takes_as_long():
    kept = passwords.digest("correct horse 1")
    known = median(seconds("wrong horse 1", kept) for _ in range(9))
    unknown = median(seconds("wrong horse 1", None) for _ in range(9))
    assert not passwords.verify("wrong horse 1", None)
    assert 0.4 < known / unknown < 2.5


def seconds(password: str, kept: str | None) -> float:
    began = time.process_time()
    passwords.verify(password, kept)
    return time.process_time() - began


def test_a_damaged_hash_lets_nobody_in():
    assert not passwords.verify("correct horse 1", "nonsense")
    assert not passwords.verify("correct horse 1", "")


@pytest.mark.parametrize(
    "password", ["", "short12", "password", "PASSWORD123", "12345678", "aaaaaaaaaa", "abababab", "vic-torious"]
)
def test_a_short_or_common_password_is_refused_with_what_to_write(password):
    with pytest.raises(InputError) as caught:
        passwords.check(password, "Vic-Torious")
    assert caught.value.errors["password"].endswith(".")


@pytest.mark.parametrize(
    "password", ["x9 kettle", "ein langes Kennwort", "пароль-и-ключ", "a1!" * 300, "🐈🐕 zusammen"]
)
def test_any_other_password_is_taken_long_ones_too(password):
    passwords.check(password, "ada")
    assert passwords.verify(password, passwords.digest(password))


def test_a_letter_may_be_composed_in_another_way():
    assert passwords.verify("caf\u00e9 au lait", passwords.digest("cafe\u0301 au lait"))


def test_a_hash_of_weaker_parameters_is_known_as_outdated():
    assert not passwords.is_outdated(passwords.digest("correct horse 1"))
    assert passwords.is_outdated(
        "$argon2id$v=19$m=512,t=1,p=1$c29tZXNhbHRzb21l$4QAqP4BsUPxWF5UKgXzVVmQ3Q1cAQ7fA6J0nV0Q6Xmg"
    )


def test_only_two_are_hashed_at_once_and_the_others_hear_that_it_is_busy(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    inside, leave = threading.Semaphore(0), threading.Event()

    def hold():
        with passwords._permit():
            inside.release()
            leave.wait()

    holders = [threading.Thread(target=hold) for _ in range(passwords.AT_ONCE)]
    for thread in holders:
        thread.start()
        inside.acquire()
    with pytest.raises(BusyError):
        passwords.digest("correct horse 1")
    leave.set()
    for thread in holders:
        thread.join()
    assert passwords.digest("correct horse 1")
