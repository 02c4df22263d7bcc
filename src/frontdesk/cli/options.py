"""What every command shares: the desk, its caller, JSON."""

import functools
import getpass
from collections.abc import Callable
from typing import Any

import click

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.desk import Desk
from frontdesk.logs import handlers


def with_folder(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--desk FOLDER`, given to the command as `folder`."""
    return click.option(
        "--desk",
        "folder",
        default=".",
        envvar="FRONTDESK_DESK",
        metavar="FOLDER",
        help="The desk's folder (default: this one).",
    )(command)


def with_desk(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--desk FOLDER`; the command gets the opened desk as `desk`, and its records go into the desk's logs."""

    @with_folder
    @functools.wraps(command)
    def with_opened(folder: str, **arguments: Any) -> Any:
        desk = Desk(folder, logs={"console": False})
        handlers.configure(desk.config, "cli")
        try:
            with context.bind(user=caller().name):
                return command(desk=desk, **arguments)
        finally:
            desk.close()
            handlers.remove()

    return with_opened


def with_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def caller() -> Caller:
    """Who uses the command line: an admin by the name of the operating system's user."""
    return Caller(f"cli:{getpass.getuser()}", "admin")


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    click.echo(values.dumps(value))
