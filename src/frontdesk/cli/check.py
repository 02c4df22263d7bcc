"""`frontdesk check`: what is wrong with a desk, and how to mend it."""

import sys
from pathlib import Path

import click

from frontdesk.cli import options
from frontdesk.desk import workers
from frontdesk.upkeep import checks
from frontdesk.upkeep.findings import Finding
from frontdesk.web import pages

_COLOURS = {"error": "red", "warning": "yellow", "mended": "green"}


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
    mended = checks.mend(place) if fix else []
    if mended:
        found = checks.look(place, workers.bare)
    found += [
        Finding("error", name, f"{sentence.rstrip('.')}.", MEND) for name, sentence in pages.problems(place).items()
    ]
    if as_json:
        options.print_json({"findings": [vars(one) for one in found], "mended": mended})
    else:
        _show(found, mended)
    sys.exit(1 if any(one.is_wrong for one in found) else 0)


MEND = "Mend the template; the page is not shown until then."


def _show(found: list[Finding], mended: list[str]) -> None:
    for sentence in mended:
        _say("mended", sentence)
    for one in found:
        _say(one.level, f"{one.message}\n{one.hint}")
    wrong = sum(one.is_wrong for one in found)
    left = f"{wrong} to mend." if wrong else "All is well."
    click.echo(f"{len(mended)} mended. {left}" if mended else left)


def _say(level: str, text: str) -> None:
    """A word and, beside it, sentences that may be several lines."""
    click.echo(click.style(f"{level:9}", fg=_COLOURS.get(level)) + text.replace("\n", "\n         "))
