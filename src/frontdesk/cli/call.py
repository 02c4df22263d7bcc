"""`frontdesk call FUNCTION [name=value …]`: calls a function, as its form does."""

import json
from pathlib import Path
from typing import Any

import click

from frontdesk.cli import options
from frontdesk.desk import Desk
from frontdesk.errors import InputError
from frontdesk.files.incoming import Incoming
from frontdesk.functions import attachments, media, runs


@click.command("call")
@click.argument("function")
@click.argument("arguments", metavar="[NAME=VALUE]…", nargs=-1)
@options.with_json
@options.with_desk
def command(desk: Desk, function: str, arguments: tuple[str, ...], as_json: bool) -> None:
    """Calls FUNCTION and prints its result; the call is kept as a run.

    A value is written as in the form: `frontdesk call divide a=1 b=2`. A name given again makes a list. A file or a
    picture is named after an @: `frontdesk call classify photo=@cat.jpg`.
    """
    given = _given(arguments)
    with desk.files.incoming() as incoming:
        for field in desk.registry.find(function).fields:
            if field.kind in attachments.KINDS and field.name in given:
                given[field.name] = _sent(incoming, field.name, given[field.name])
        incoming.check()
        run = desk.calls.call(function, given, options.caller(), text=True, uploads=incoming.uploads)
    result = runs.value(run)
    if as_json:
        options.print_json({"run": run.id, "status": run.status, "result": result, "milliseconds": run.milliseconds})
    elif run.result_kind == "label":
        click.echo(media.sentence(result))
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


def _sent(incoming: Incoming, field: str, given: str | list[str]) -> list[str]:
    """The addresses of the files `@path`; what stands there without an @ is left as it is."""
    texts = [given] if isinstance(given, str) else given
    return [incoming.take_path(field, Path(text[1:])) if text.startswith("@") else text for text in texts]


def _indent(result: Any) -> int | None:
    return 2 if isinstance(result, (list, dict)) else None
