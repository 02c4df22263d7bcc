"""`frontdesk check`: what is wrong with a desk, and how to mend it."""

import sys
from pathlib import Path

import click

from frontdesk.cli import options
from frontdesk.desk import workers
from frontdesk.upkeep import checks
from frontdesk.upkeep.findings import Finding
from frontdesk.web import pages

_COLOURS = {"error": "red", "warning": "yellow"}


@click.command("check")
@click.option(
    "--fix", is_flag=True, help="Mend what is safe to mend: permissions, leftovers of imports, roles to query by."
)
@options.with_json
@options.with_folder
def command(folder: str, fix: bool, as_json: bool) -> None:
    """Says what is wrong with a desk, and how to mend it; exit status 1 when something is.

    Looks at settings, databases, function files, pages, permissions, disk and logs, and changes nothing without --fix.
    """
    place = Path(folder)
    found = checks.look(place, workers.bare)
    if fix and (mended := checks.mend(place)):
        for sentence in mended:
            click.echo(sentence, err=True)
        found = checks.look(place, workers.bare)
    found += [
        Finding("error", name, f"{sentence.rstrip('.')}.", MEND) for name, sentence in pages.problems(place).items()
    ]
    if as_json:
        options.print_json({"findings": [vars(one) for one in found]})
    else:
        _show(found)
    sys.exit(1 if any(one.is_wrong for one in found) else 0)


MEND = "Mend the template; the page is not shown until then."


def _show(found: list[Finding]) -> None:
    for one in found:
        hint = one.hint.replace("\n", "\n         ")
        click.echo(f"{click.style(f'{one.level:8}', fg=_COLOURS.get(one.level))} {one.message}\n         {hint}")
    wrong = sum(one.is_wrong for one in found)
    click.echo(f"{wrong} to mend." if wrong else "All is well.")
