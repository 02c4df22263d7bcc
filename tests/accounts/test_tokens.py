"""Tokens act with a name and a role of their own, and never beyond their maker."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from frontdesk.accounts import tokens, users
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.values import now
from frontdesk.errors import ConflictError, InputError, NotFoundError, PermissionDenied

CLI = Caller("cli:root", "admin")
ADA = Caller("ada", "admin")


def test_a_token_acts_under_its_own_name_and_role(cast):
    secret = tokens.create(cast, "nightly", "editor", ADA)
    assert re.fullmatch(r"fd_[A-Za-z0-9_-]{43}", secret)
    assert tokens.find(cast, secret) == Caller("token:nightly", "editor")


def test_a_desk_without_users_can_have_tokens_of_the_command_line(database):
    secret = tokens.create(database, "script", "admin", CLI)
    assert tokens.find(database, secret) == Caller("token:script", "admin")


@pytest.mark.parametrize("wrong", ["", "fd_", "fd_" + "x" * 43, "x" * 100_000, "\ud800"])
def test_another_secret_is_nobodys(cast, wrong):
    tokens.create(cast, "nightly", "editor", ADA)
    assert tokens.find(cast, wrong) is None


def test_only_a_hash_and_the_first_characters_are_kept(cast, tmp_path):
    secret = tokens.create(cast, "nightly", "editor", ADA)
    for file in tmp_path.rglob("state.db*"):
        assert secret.encode() not in file.read_bytes()
    (listed,) = tokens.list_all(cast)
    assert secret.startswith(listed.prefix)
    assert len(listed.prefix) < 10
    assert (listed.name, listed.role, listed.maker, listed.expires) == ("nightly", "editor", "ada", None)


def test_a_tokens_role_cannot_be_above_its_makers(cast):
    with pytest.raises(PermissionDenied):
        tokens.create(cast, "up", "admin", Caller("eve", "editor"))
    assert tokens.list_all(cast) == []


def test_a_token_falls_with_the_role_of_its_maker_and_rises_no_higher_than_its_own(cast):
    secret = tokens.create(cast, "nightly", "editor", Caller("eve", "editor"))
    users.set_role(cast, "eve", "viewer")
    assert tokens.find(cast, secret) == Caller("token:nightly", "viewer")
    users.set_role(cast, "eve", "admin")
    assert tokens.find(cast, secret) == Caller("token:nightly", "editor")


def test_a_token_dies_with_its_maker_and_rests_while_he_is_disabled(cast):
    secret = tokens.create(cast, "nightly", "editor", Caller("eve", "editor"))
    disable(cast, True)
    assert tokens.find(cast, secret) is None
    disable(cast, False)
    assert tokens.find(cast, secret) is not None
    users.remove(cast, "eve")
    assert tokens.find(cast, secret) is None
    assert tokens.list_all(cast) == []


def disable(database, disabled):
    with database.transaction() as connection:
        connection.execute(update(state.users).where(state.users.c.name == "eve").values(disabled=disabled))


def test_a_token_cannot_make_another_one(cast):
    with pytest.raises(PermissionDenied):
        tokens.create(cast, "child", "viewer", Caller("token:nightly", "editor"))


def test_a_token_ends_on_its_day(cast, monkeypatch):
    secret = tokens.create(cast, "nightly", "editor", ADA, days=7)
    assert tokens.find(cast, secret) is not None
    later = now() + timedelta(days=7)
    monkeypatch.setattr(tokens, "now", lambda: later)
    assert tokens.find(cast, secret) is None


def test_a_revoked_token_is_dead_at_once(cast):
    secret = tokens.create(cast, "nightly", "editor", ADA)
    tokens.revoke(cast, "nightly")
    assert tokens.find(cast, secret) is None
    with pytest.raises(NotFoundError):
        tokens.revoke(cast, "nightly")


def test_a_name_is_given_once(cast):
    tokens.create(cast, "nightly", "editor", ADA)
    with pytest.raises(ConflictError):
        tokens.create(cast, "nightly", "viewer", ADA)


@pytest.mark.parametrize(
    ("name", "role", "days", "field"),
    [
        ("", "viewer", None, "name"),
        ("a:b", "viewer", None, "name"),
        ("a\n", "viewer", None, "name"),
        ("a", "king", None, "role"),
        ("a", "viewer", 0, "days"),
        ("a", "viewer", -1, "days"),
        ("a", "viewer", 10**6, "days"),
    ],
)
def test_wrong_input_is_named(cast, name, role, days, field):
    with pytest.raises(InputError) as caught:
        tokens.create(cast, name, role, ADA, days)
    assert field in caught.value.errors


def test_the_last_use_is_listed(cast):
    secret = tokens.create(cast, "nightly", "editor", ADA)
    assert tokens.list_all(cast)[0].used is None
    tokens.find(cast, secret)
    assert tokens.list_all(cast)[0].used is not None
