"""`frontdesk users` and `frontdesk tokens`, as a script uses them."""

import io
import json
import re

import pytest
from click.testing import CliRunner

from frontdesk import cli
from frontdesk.accounts import audit, tokens, users
from frontdesk.context import Caller

PASSWORD = "correct horse 1"


@pytest.fixture
def run(desk):
    def run(*arguments, stdin=""):
        return CliRunner().invoke(cli.group, [*arguments, "--desk", str(desk.folder)], input=stdin)

    return run


@pytest.fixture
def fails(desk, capsys, monkeypatch):
    """Runs a command that fails, and gives its exit status and what it said on stderr."""

    def fails(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as caught:
            cli.main([*arguments, "--desk", str(desk.folder)])
        out, err = capsys.readouterr()
        assert out == ""
        return caught.value.code, err

    return fails


def test_a_user_is_added_with_a_password_from_stdin_and_can_sign_in(run, desk):
    done = run("users", "add", "ada", "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert done.stdout == "Added ada as admin.\n"
    assert users.verify(desk.state, "ada", PASSWORD).role == "admin"


def test_without_the_option_the_password_is_asked_for_twice_and_not_shown(run, desk):
    done = run("users", "add", "ada", "--role", "admin", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert PASSWORD not in done.output
    assert users.verify(desk.state, "ada", PASSWORD).name == "ada"


def test_users_are_listed_changed_and_removed(run, desk):
    for name, role in (("ada", "admin"), ("eve", "editor")):
        users.add(desk.state, name, PASSWORD, role)
    assert run("users", "role", "eve", "viewer").exit_code == 0
    assert run("users", "password", "eve", "--password-stdin", stdin="another horse 2\n").exit_code == 0
    assert users.verify(desk.state, "eve", "another horse 2").role == "viewer"
    listed = json.loads(run("users", "list", "--json").stdout)["users"]
    assert [(user["name"], user["role"]) for user in listed] == [("ada", "admin"), ("eve", "viewer")]
    assert "password" not in listed[0]
    assert run("users", "remove", "eve").stdout == "Removed eve.\n"
    assert "eve" not in run("users", "list").stdout


def test_what_cannot_be_done_is_said_in_a_sentence_with_exit_status_1(fails, desk):
    users.add(desk.state, "ada", PASSWORD, "admin")
    assert fails("users", "remove", "ada") == (1, "Error: ada is the last admin.\nMake another user admin first.\n")
    status, said = fails("users", "add", "a b:", "--role", "viewer", "--password-stdin", stdin="short\n")
    assert status == 1
    assert "name: Write" in said
    assert "password: Write at least 8 characters." in said
    assert fails("users", "password", "nobody", "--password-stdin", stdin=PASSWORD)[0] == 1


def test_a_role_that_is_none_is_a_mistake_of_use(fails):
    assert fails("users", "add", "x", "--role", "king")[0] == 2


def test_creating_a_token_prints_it_alone(run, desk):
    done = run("tokens", "create", "nightly", "--role", "editor", "--days", "7")
    assert re.fullmatch(r"fd_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert tokens.find(desk.state, done.stdout.strip()) == Caller("token:nightly", "editor")


def test_tokens_are_listed_without_their_secrets_and_revoked(run, desk):
    secret = json.loads(run("tokens", "create", "nightly", "--role", "viewer", "--json").stdout)["token"]
    listed = run("tokens", "list").stdout + run("tokens", "list", "--json").stdout
    assert secret not in listed
    assert listed.count("nightly") == 2
    assert run("tokens", "revoke", "nightly").exit_code == 0
    assert tokens.find(desk.state, secret) is None


def test_the_audit_names_who_used_the_command_line(run, desk):
    run("tokens", "create", "nightly", "--role", "viewer")
    run("tokens", "revoke", "nightly")
    entries = audit.list_all(desk.state)
    assert [entry.action for entry in entries] == ["token revoked", "token created"]
    assert entries[0].who.startswith("cli:")
