"""Keyset pages: the rows after a row, found by the values it is sorted by: the last page costs what the first does.

Each query has a bounded range on its first sort column (`k >= :k AND (k > :k OR …)`), which an index can serve; rows
whose first sort value is NULL come last, by a query of their own.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from frontdesk.database import values
from frontdesk.database.schema import Table
from frontdesk.errors import InputError
from frontdesk.tables import columns

DEEPEST = 10_000
"""Rows that may be skipped where there is no key to go by."""


@dataclass(frozen=True)
class Sort:
    """One sort column and its direction."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class Place:
    """Where a page begins: after (or before) the row with these sort values; or after so many rows."""

    values: tuple[Any, ...] = ()
    backwards: bool = False
    offset: int = 0


def parse_sort(table: Table, text: str) -> list[Sort]:
    """`a,-b` as sort columns. Raises InputError naming an unknown one."""
    names = {column.name for column in table.columns}
    sorts = [
        Sort(part) if part in names else Sort(part.removeprefix("-"), part.startswith("-"))
        for part in columns.listed(text)
        if part
    ]
    unknown = [sort.column for sort in sorts if sort.column not in names]
    if unknown:
        raise InputError(errors={"_sort": f"{table.name} has no column {unknown[0]!r}."})
    unsorted = [column for column in table.columns if not column.sortable and column.name in {s.column for s in sorts}]
    if unsorted:
        text = f"{unsorted[0].name} cannot be sorted by: {unsorted[0].type} has no order."
        raise InputError(errors={"_sort": text})
    return sorts


def written_sort(column: str, descending: bool) -> str:
    """A sort by one column as `parse_sort` reads it."""
    text = f"-{column}" if descending else column
    return (
        '"' + text.replace('"', '""') + '"' if text.startswith('"') or any(mark in text for mark in ",\r\n") else text
    )


def written_sorts(sorts: Sequence[Sort]) -> str:
    """A sort by several columns as `parse_sort` reads it."""
    return ",".join(written_sort(sort.column, sort.descending) for sort in sorts)


def complete(table: Table, sorts: Sequence[Sort]) -> list[Sort]:
    """The sort with the key behind it, so that no two rows are equal."""
    named = {sort.column for sort in sorts}
    last = (*table.key, table.tie) if table.tie else table.key
    return [*sorts, *(Sort(name) for name in last if name not in named)]


def write(place: Place, scope: str) -> str:
    """The token of a place, only good for the same sort and filters (`scope`)."""
    body = [values.exact(place.values), int(place.backwards), place.offset, _digest(scope)]
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def read(token: str, scope: str) -> Place:
    """The place of a token. Raises InputError for another sort or filter and for what is no token."""
    try:
        body = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        texts, backwards, offset, digest = body
        place = Place(tuple(values.exactly(texts)), bool(backwards), int(offset))
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise InputError(errors={"_next": "This is not a place in this table; begin at the first page."}) from error
    if digest != _digest(scope):
        raise InputError(errors={"_next": "This place belongs to another sort or filter; begin at the first page."})
    return place


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:16]


def queries(table: Table, base: sa.Select[Any], sorts: Sequence[Sort], place: Place | None) -> Iterator[sa.Select[Any]]:
    """The queries whose rows, one after the other, are those after the place (backwards: before it, nearest first)."""
    if not sorts:
        yield base
        return
    backwards = place is not None and place.backwards
    rest = order(table, sorts[1:], backwards=backwards)
    whole = [*_terms(table, sorts[0], backwards)[-1:], *rest]  # its NULLs have a query of their own
    first = table.place(sorts[0].column)
    nullable = _nullable(table, sorts[0])
    at_null = place is not None and place.values[0] is None
    after = [] if place is None else [_after(table, sorts, place.values, backwards, first=True)]
    filled = base.where(first.is_not(None)) if nullable else base
    empty = base.where(first.is_(None))
    if backwards:
        if at_null:
            yield empty.where(*after).order_by(*rest)
        yield (filled if at_null else filled.where(*after)).order_by(*whole)
    else:
        if not at_null:
            yield filled.where(*after).order_by(*whole)
        if nullable:
            yield (empty.where(*after) if at_null else empty).order_by(*rest)


def order(table: Table, sorts: Sequence[Sort], *, backwards: bool = False) -> list[sa.ColumnElement[Any]]:
    """The terms of this sort: NULLs last in both directions, first where it goes backwards."""
    return [term for sort in sorts for term in _terms(table, sort, backwards)]


def _terms(table: Table, sort: Sort, backwards: bool) -> list[sa.ColumnElement[Any]]:
    column = table.ordered(sort.column)
    ordered = column.desc() if sort.descending != backwards else column.asc()
    if not _nullable(table, sort):
        return [ordered]
    return [column.is_(None).desc() if backwards else column.is_(None), ordered]


def _nullable(table: Table, sort: Sort) -> bool:
    """SQLite keeps NULL in the primary key too, unless that is the row's id or says NOT NULL."""
    return sort.column not in {table.row_id, table.tie} and table.column(sort.column).nullable


def _after(
    table: Table, sorts: Sequence[Sort], at: Sequence[Any], backwards: bool, *, first: bool = False
) -> sa.ColumnElement[bool]:
    """Whether a row comes after the place: later in the first sort column, or equal there and later in the rest.

    Whether the very first column is NULL is settled by the query's own condition already.
    """
    sort, value = sorts[0], values.bound(at[0])
    column = table.ordered(sort.column)
    rest = _after(table, sorts[1:], at[1:], backwards) if len(sorts) > 1 else sa.false()
    if value is None:
        equal = rest if first else sa.and_(column.is_(None), rest)
        return sa.or_(column.is_not(None), equal) if backwards and not first else equal
    falling = sort.descending != backwards
    later: sa.ColumnElement[bool] = column < value if falling else column > value
    if _nullable(table, sort) and not (first or backwards):
        return sa.or_(column.is_(None), later, sa.and_(column == value, rest))
    if len(sorts) == 1:
        return later
    return sa.and_(column <= value if falling else column >= value, sa.or_(later, rest))
