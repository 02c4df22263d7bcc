"""`frontdesk query DATABASE SQL`: what a query that only reads gives."""

import csv
import sys

import click

from frontdesk.cli import exports, options
from frontdesk.desk import Desk
from frontdesk.errors import InputError
from frontdesk.tables import queries


@click.command("query")
@click.argument("database")
@click.argument("sql")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="A value for :NAME in the query.")
@options.with_json
@options.with_desk
def command(desk: Desk, database: str, sql: str, param: tuple[str, ...], as_json: bool) -> None:
    """Prints the first 1,000 rows that SQL gives, as CSV or as JSON.

    DATABASE is a name of the desk's, or the path of a SQLite file.
    """
    with exports.opened(desk, database) as place:
        answer = desk.queries.read(place, sql, _given(param), options.caller())
    if as_json:
        options.print_json(vars(answer))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    if answer.truncated:
        click.echo(f"There are more rows; these are the first {len(answer.rows):,}.", err=True)


def _given(param: tuple[str, ...]) -> dict[str, object]:
    for text in param:
        if "=" not in text:
            raise InputError(f"{text!r} gives no value.", "Write name=value, such as age=30.")
    return {name: queries.typed(value) for name, _, value in (text.partition("=") for text in param)}
