"""`frontdesk call FUNCTION [name=value …]`: calls a function, as its form does."""

import json
from typing import Any

import click

from frontdesk.cli import options
from frontdesk.desk import Desk
from frontdesk.errors import InputError
from frontdesk.functions import runs


@click.command("call")
@click.argument("function")
@click.argument("arguments", metavar="[NAME=VALUE]…", nargs=-1)
@options.with_json
@options.with_desk
def command(desk: Desk, function: str, arguments: tuple[str, ...], as_json: bool) -> None:
    """Calls FUNCTION and prints its result; the call is kept as a run.

    A value is written as in the form: `frontdesk call divide a=1 b=2`. A name given again makes a list.
    """
    run = desk.calls.call(function, _given(arguments), options.caller(), text=True)
    result = runs.value(run)
    if as_json:
        options.print_json({"run": run.id, "status": run.status, "result": result, "milliseconds": run.milliseconds})
    elif result is not None:
        click.echo(
            result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=_indent(result))
        )


def _given(arguments: tuple[str, ...]) -> dict[str, str | list[str]]:
    """`a=1 b=2` by name. Raises InputError for an argument without `=`."""
    given: dict[str, list[str]] = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign:
            raise InputError(f"{argument!r} gives no value.", "Write name=value, such as a=1.")
        given.setdefault(name, []).append(value)
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in given.items()}


def _indent(result: Any) -> int | None:
    return 2 if isinstance(result, (list, dict)) else None
