"""`frontdesk query DATABASE SQL`: what SQL gives; with --write what it changes, with --dry-run what it would."""

import csv
import sys

import click

from frontdesk.cli import exports, options
from frontdesk.database import values
from frontdesk.database.queries import Answer
from frontdesk.desk import Desk, statements
from frontdesk.errors import InputError
from frontdesk.tables import parameters, unrecorded
from frontdesk.tables.statements import Written
from frontdesk.tables.unrecorded import Unrecorded


@click.command("query")
@click.argument("database")
@click.argument("sql")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="A value for :NAME in the query.")
@click.option("--write", is_flag=True, help="The SQL may change rows and tables; the history keeps it, on SQLite.")
@click.option("--dry-run", is_flag=True, help="With --write: change nothing, and print what would change.")
@options.with_json
@options.with_desk
def command(
    desk: Desk, database: str, sql: str, param: tuple[str, ...], write: bool, dry_run: bool, as_json: bool
) -> None:
    """Prints the first 1,000 rows that SQL gives, as CSV or as JSON.

    DATABASE is a name of the desk's, or the path of a SQLite file. On PostgreSQL no history keeps what --write changes.
    """
    if dry_run and not write:
        raise click.UsageError("Only what writes has a dry run: add --write.")
    with exports.opened(desk, database, writes=write) as place:
        if write:
            if unrecorded.is_unrecorded(place):
                click.echo(unrecorded.NOTICE, err=True)
            made = statements.write(desk, place, sql, _given(param), options.caller(), trial=dry_run)
            _print_written(made, as_json)
        else:
            for _, answer in desk.queries.read_all(place, sql, _given(param), options.caller()):
                _print(answer, as_json)


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        options.print_json(answer.json())
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    if answer.truncated:
        click.echo(f"There are more rows; these are the first {len(answer.rows):,}.", err=True)


def _print_written(made: Written, as_json: bool) -> None:
    """The rows that the SQL returns, if it does; what would change, or the changes, one a line."""
    if as_json:
        options.print_json(made.json())
        return
    if made.columns:
        _print(made, as_json)
    if isinstance(made, Unrecorded):
        _print_unrecorded(made)
        return
    for group in made.trial or ():
        more = "" if group.rows <= len(group.first) else f", the first {len(group.first)}"
        click.echo(f"{group.operation} {group.table}: {group.rows:,} {'row' if group.rows == 1 else 'rows'}{more}")
        for row in group.first:
            click.echo(f"  {values.dumps(row.before)} -> {values.dumps(row.after)}")
    for change in made.changes:
        click.echo(change)
    if not (made.trial or made.changes):
        click.echo("Nothing changes.", err=True)


def _print_unrecorded(made: Unrecorded) -> None:
    """How many rows change of each table, or PostgreSQL's word for what was done."""
    for group in made.effects:
        click.echo(f"{group.operation} {group.table}: {group.rows:,} {'row' if group.rows == 1 else 'rows'}")
    if not (made.effects or made.columns):
        click.echo(made.status)


def _given(param: tuple[str, ...]) -> dict[str, object]:
    for text in param:
        if "=" not in text:
            raise InputError(f"{text!r} gives no value.", "Write name=value, such as age=30.")
    return {name: parameters.typed(value) for name, _, value in (text.partition("=") for text in param)}
