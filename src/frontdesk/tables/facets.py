"""Facets: the values of a column among the rows that fit, each with its count; and words searched for in a row."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import dialects, fulltext, values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.forms import kinds
from frontdesk.tables import columns, filters
from frontdesk.tables.filters import Filter

MOST = 30
"""Values of one column that are told, the most frequent first."""
SECONDS = 1.0
"""How long the counting of one column may take."""
CHOOSING = {"exact", "in"}
"""Operators by which a value of a facet is selected."""

Facets = dict[str, list[dict[str, Any]]]


def count(
    database: Database, table: Table, names: Sequence[str], wanted: Sequence[Filter], searched: Sequence[Any]
) -> Facets:
    """Of each column the most frequent values as `{value, count, selected}` among the rows that fit.

    What a column itself is filtered by does not narrow its own facet, so that another value can be chosen. Raises
    InputError for an unknown column, and where counting takes too long.
    """
    known = {column.name for column in table.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(errors={"_facet": f"{table.name} has no column {unknown[0]!r}."})
    return {name: _count(database, table, table.column(name), wanted, searched) for name in dict.fromkeys(names)}


def _count(
    database: Database, table: Table, column: Column, wanted: Sequence[Filter], searched: Sequence[Any]
) -> list[dict[str, Any]]:
    chosen = [one for one in wanted if one.column == column.name and one.operator in CHOOSING]
    conditions = filters.conditions(table, [one for one in wanted if one not in chosen])
    place: sa.ColumnElement[Any] = table.clause.c[column.name]
    if not column.sortable:
        place = sa.cast(place, sa.Text)
    number = sa.func.count()
    counted = sa.select(place, number).where(*conditions, *searched).group_by(place).order_by(number.desc(), place)
    try:
        with database.within(SECONDS) as connection:
            found = connection.execute(counted.limit(MOST)).all()
            selected = _selected(connection, table, place, chosen)
    except errors.InterruptedError as error:
        raise InputError(
            errors={"_facet": f"Counting the values of {column.name} takes more than {SECONDS:.0f} s: filter first."}
        ) from error
    return [
        {
            "value": values.plain(columns.shown(column, value)),
            "count": rows,
            "selected": any(value == one and type(value) is type(one) for one in selected),
        }
        for value, rows in found
    ]


def _selected(connection: Connection, table: Table, place: Any, chosen: Sequence[Filter]) -> list[Any]:
    """The values that the filters of a column choose, as the database keeps them."""
    if not chosen:
        return []
    found = sa.select(place).where(*filters.conditions(table, chosen)).distinct().limit(MOST)
    return list(connection.scalars(found))


def search(table: Table, text: str) -> list[sa.ColumnElement[bool]]:
    """Conditions by which each word stands somewhere in the row's texts and numbers, without regard to case.

    Where the table has a full-text index, its words decide: those that begin so, in the columns that it covers.
    """
    within = [column for column in table.columns if column.kind not in {"file", "boolean"}]
    if text.strip() and not within:
        raise InputError(errors={"_search": f"{table.name} has no column with text."})
    try:
        words = kinds.text(text).split()
    except InputError as error:
        raise InputError(errors={"_search": error.message}) from None
    known = [word for word in words if any(map(str.isalnum, word))] if table.search else []
    indexed = [fulltext.condition(table, known)] if known else []
    others = [word for word in words if word not in known]
    return indexed + [sa.or_(*(_contains(table, column, word) for column in within)) for word in others]


def _contains(table: Table, column: Column, word: str) -> sa.ColumnElement[bool]:
    text = sa.type_coerce(sa.cast(table.clause.c[column.name], sa.Text), sa.Text)
    return dialects.contains(text, word)
