"""One-time links work once, for half an hour, and looking at one changes nothing."""

import threading

import pytest

from frontdesk.accounts import links, passwords, users
from frontdesk.database.values import now
from frontdesk.errors import GoneError, InputError
from tests.accounts.conftest import PASSWORD


def test_the_setup_link_makes_the_first_admin(database):
    secret = links.create(database)
    assert links.check(database, secret, links.SETUP) is None
    made = links.set_up(database, secret, "ada", PASSWORD)
    assert (made.name, made.role) == ("ada", "admin")
    assert users.verify(database, "ada", PASSWORD).name == "ada"


def test_the_setup_link_works_once(database):
    secret = links.create(database)
    links.set_up(database, secret, "ada", PASSWORD)
    with pytest.raises(GoneError):
        links.set_up(database, secret, "eve", PASSWORD)
    with pytest.raises(GoneError):
        links.check(database, secret, links.SETUP)
    assert [user.name for user in users.list_all(database)] == ["ada"]


def test_wrong_input_does_not_use_the_setup_link_up(database):
    secret = links.create(database)
    with pytest.raises(InputError):
        links.set_up(database, secret, "", "short")
    assert links.set_up(database, secret, "ada", PASSWORD).name == "ada"


def test_two_at_the_same_time_make_one_admin(database):
    secret, barrier, answers = links.create(database), threading.Barrier(2), []

    def race(name):
        barrier.wait()
        try:
            answers.append(links.set_up(database, secret, name, PASSWORD).name)
        except GoneError:
            answers.append("gone")

    threads = [threading.Thread(target=race, args=(name,)) for name in ("ada", "mallory")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("gone") == 1
    assert len(users.list_all(database)) == 1


def test_a_user_who_is_added_at_the_same_moment_goes_before_the_setup_link(database, monkeypatch):
    secret = links.create(database)

    def digest(password):
        with database.transaction() as connection:
            users.insert_into(connection, "eve", passwords.STAND_IN, "admin")
        return passwords.STAND_IN

    monkeypatch.setattr(passwords, "digest", digest)
    with pytest.raises(GoneError):
        links.set_up(database, secret, "mallory", PASSWORD)
    assert [user.name for user in users.list_all(database)] == ["eve"]


def test_a_setup_link_is_of_no_use_once_there_is_a_user(cast):
    secret = links.create(cast)
    with pytest.raises(GoneError):
        links.check(cast, secret, links.SETUP)
    with pytest.raises(GoneError):
        links.set_up(cast, secret, "mallory", PASSWORD)


def test_a_sign_in_link_signs_its_user_in_once(cast):
    secret = links.create(cast, users.find(cast, "ada"))
    for _ in range(3):
        found = links.check(cast, secret, links.SIGNIN)
        assert found is not None
        assert found.name == "ada"
    assert links.sign_in(cast, secret).name == "ada"
    with pytest.raises(GoneError):
        links.sign_in(cast, secret)


def test_a_new_link_ends_the_earlier_one_of_the_same_user_only(cast):
    first, other = links.create(cast, users.find(cast, "ada")), links.create(cast, users.find(cast, "eve"))
    second = links.create(cast, users.find(cast, "ada"))
    with pytest.raises(GoneError):
        links.sign_in(cast, first)
    assert links.sign_in(cast, second).name == "ada"
    assert links.sign_in(cast, other).name == "eve"


def test_a_link_holds_for_half_an_hour(cast, monkeypatch):
    secret = links.create(cast, users.find(cast, "ada"))
    later = now() + links.LIFETIME
    monkeypatch.setattr(links, "now", lambda: later)
    with pytest.raises(GoneError):
        links.sign_in(cast, secret)
    links.forget(cast)


def test_a_link_of_one_kind_is_none_of_the_other(cast, database):
    secret = links.create(cast, users.find(cast, "ada"))
    with pytest.raises(GoneError):
        links.set_up(cast, secret, "mallory", PASSWORD)


@pytest.mark.parametrize("wrong", ["", "fdl_", "x" * 1000, "\ud800"])
def test_another_secret_opens_nothing(cast, wrong):
    links.create(cast, users.find(cast, "ada"))
    with pytest.raises(GoneError):
        links.sign_in(cast, wrong)


def test_only_a_hash_of_a_link_is_kept(cast, tmp_path):
    secret = links.create(cast, users.find(cast, "ada"))
    for file in tmp_path.rglob("state.db*"):
        assert secret.encode() not in file.read_bytes()


def test_a_link_of_a_removed_user_opens_nothing(cast):
    secret = links.create(cast, users.find(cast, "vic"))
    users.remove(cast, "vic")
    with pytest.raises(GoneError):
        links.sign_in(cast, secret)
