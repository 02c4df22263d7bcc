"""Charts: rows of a table or of a query grouped and measured in the database, and drawn by Vega-Lite."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from frontdesk import errors
from frontdesk.database import measures, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import InputError
from frontdesk.tables import facets, filters, groups, guesses, scales
from frontdesk.tables.figures import AGGREGATES, KINDS, Chart, Wish
from frontdesk.tables.scales import Fetch

__all__ = ["AGGREGATES", "KINDS", "Chart", "Wish", "check", "draw", "draw_of", "limited"]

MOST_BINS = 100
SECONDS = 1.0
"""How long a chart of a table may take in the database."""


def draw(
    database: Database, name: str, wish: Wish, *, where: Sequence[tuple[str, str]] = (), search: str = ""
) -> Chart:
    """The chart that is wished for of the rows that fit; what the wish leaves open is guessed from the columns.

    Raises NotFoundError for the table, InputError for what cannot be drawn and where it takes longer than a second.
    """
    check(wish)
    table = schema.table(database, name)
    wanted = filters.parse(table, where)
    conditions = [*filters.conditions(table, wanted), *facets.search(table, search)]
    with limited(), filters.explained(database, table, wanted), database.within(SECONDS) as connection:
        return draw_of(lambda query: connection.execute(query).all(), table, wish, conditions)


def draw_of(fetch: Fetch, table: Table, wish: Wish, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Chart:
    """The chart of what `fetch` gives of a table or of something like one. Raises InputError."""
    _check_columns(table, wish)
    planned = guesses.plan(table, wish, scales.find(fetch, table, conditions))
    return groups.count(fetch, planned, conditions, wish)


def check(wish: Wish) -> None:
    """Raises InputError for a part of the wish that no chart has."""
    wrong = {}
    for name, given, known in (
        ("_kind", wish.kind, KINDS),
        ("_aggregate", wish.aggregate, AGGREGATES),
        ("_bucket", wish.bucket, measures.UNITS),
    ):
        if given and given not in known:
            wrong[name] = f"Choose one of: {', '.join(known)}."
    if wish.bins and not (wish.bins.isascii() and wish.bins.isdigit() and 1 <= int(wish.bins[:9]) <= MOST_BINS):
        wrong["_bins"] = f"Write a whole number from 1 to {MOST_BINS}."
    if wrong:
        raise InputError(errors=wrong)


def _check_columns(table: Table, wish: Wish) -> None:
    known = {column.name: column for column in table.columns}
    wrong = {}
    for parameter, name in (("_x", wish.x), ("_y", wish.y), ("_colour", wish.colour)):
        if name and name not in known:
            wrong[parameter] = f"{table.name} has no column {name!r}."
        elif name and not scales.is_drawable(known[name]):
            wrong[parameter] = f"{name} holds lists, files or JSON, which cannot be drawn."
    if wrong:
        raise InputError(errors=wrong)


@contextmanager
def limited() -> Iterator[None]:
    """What the database could not draw is told as it concerns a chart."""
    try:
        yield
    except errors.InterruptedError as error:
        raise InputError(f"Drawing this takes more than {SECONDS:.0f} s.", "Filter the rows first.") from error
    except errors.OperationalError as error:
        if "overflow" not in error.message:
            raise
        raise InputError("The sum is beyond what the database can hold.", "Choose another aggregate.") from error
