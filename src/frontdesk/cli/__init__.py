"""The command line; the only room that imports click."""

import sys
from importlib import import_module
from typing import Any

import click

from frontdesk import __version__
from frontdesk.errors import Error

COMMANDS = {
    "demo": "frontdesk.cli.demo",
    "serve": "frontdesk.cli.serve",
    "import": "frontdesk.cli.imports",
    "export": "frontdesk.cli.exports",
    "query": "frontdesk.cli.query",
    "call": "frontdesk.cli.call",
    "logs": "frontdesk.cli.logs",
    "loggers": "frontdesk.cli.loggers",
    "users": "frontdesk.cli.users",
    "tokens": "frontdesk.cli.tokens",
    "check": "frontdesk.cli.check",
    "copy": "frontdesk.cli.copy",
}
"""Each command and the module that holds it as `command`; a module is imported when its command is called."""


class _Lazy(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[name]).command
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="frontdesk")
def group() -> None:
    """Serves a folder of databases, CSV files, Python functions and models as a web app with sign-in."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; an error of ours is one sentence and a hint on stderr, and exit status 1."""
    try:
        group.main(arguments, prog_name="frontdesk")
    except Error as error:
        _tell(error)
        sys.exit(1)


def _tell(error: Error) -> None:
    click.echo(f"Error: {error.message}", err=True)
    details: dict[str, Any] = getattr(error, "errors", {})
    for name, sentence in details.items():
        if f"{name}: {sentence}" not in error.message and not (len(details) == 1 and sentence == error.message):
            click.echo(f"  {name}: {sentence}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)
