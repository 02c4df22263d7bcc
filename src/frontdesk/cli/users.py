"""`frontdesk users`: who can sign in."""

import sys
from typing import Any

import click

from frontdesk.accounts import audit, users
from frontdesk.cli import options
from frontdesk.context import ROLES
from frontdesk.desk import Desk

_role = click.option("--role", required=True, type=click.Choice(ROLES), help="What the user may do.")
_password = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of stdin, instead of asking."
)


@click.group("users")
def command() -> None:
    """Adds, lists, changes and removes the users of a desk."""


@command.command("add")
@click.argument("name")
@_role
@_password
@options.with_json
@options.with_desk
def add(desk: Desk, name: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Adds a user."""
    made = users.add(desk.state, name, _read_password(password_stdin), role)
    _note(desk, "user added", f"{made.name} ({made.role})")
    _say(as_json, f"Added {made.name} as {made.role}.", made.json())


@command.command("list")
@options.with_json
@options.with_desk
def list_users(desk: Desk, as_json: bool) -> None:
    """Lists the users."""
    listed = users.list_all(desk.state)
    if as_json:
        options.print_json({"users": [user.json() for user in listed], "next": None})
    for user in listed if not as_json else ():
        click.echo(f"{user.name:30} {user.role}{' disabled' if user.disabled else ''}")


@command.command("remove")
@click.argument("name")
@options.with_json
@options.with_desk
def remove(desk: Desk, name: str, as_json: bool) -> None:
    """Removes a user with all sessions and tokens."""
    users.remove(desk.state, name)
    _note(desk, "user removed", name)
    _say(as_json, f"Removed {name}.", {"name": name})


@command.command("password")
@click.argument("name")
@_password
@options.with_json
@options.with_desk
def password(desk: Desk, name: str, password_stdin: bool, as_json: bool) -> None:
    """Gives a user another password and ends all sessions."""
    found = users.find(desk.state, name)
    users.set_password(desk.state, found.name, _read_password(password_stdin))
    _note(desk, "password changed", found.name)
    _say(as_json, f"Changed the password of {found.name}.", found.json())


@command.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@options.with_json
@options.with_desk
def role(desk: Desk, name: str, role: str, as_json: bool) -> None:
    """Gives a user another role, at once."""
    users.set_role(desk.state, name, role)
    _note(desk, "role changed", f"{name} ({role})")
    _say(as_json, f"{name} is {role}.", users.find(desk.state, name).json())


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _note(desk: Desk, action: str, detail: str) -> None:
    audit.record(desk.state, options.caller().name, action, detail)


def _say(as_json: bool, sentence: str, values: dict[str, Any]) -> None:
    if as_json:
        options.print_json(values)
    else:
        click.echo(sentence)
