"""Pages of rows: by key where there is one, so that a deep page costs what the first does; else by their number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import InputError
from frontdesk.tables import columns, keyset, structure
from frontdesk.tables.facets import Facets
from frontdesk.tables.keyset import Place, Sort


@dataclass(frozen=True)
class Page:
    """Some rows of a table, in order, and the tokens of the pages beside."""

    table: Table
    names: tuple[str, ...]  # of the values of each row, the hidden key last
    rows: Sequence[Sequence[Any]]
    next: str | None
    previous: str | None
    count: int | None = None
    count_capped: bool | None = None  # whether there are more than were counted; None where all were
    facets: Facets = field(default_factory=dict)  # by column the values with their counts

    def json(self) -> dict[str, Any]:
        """The page as the API gives it."""
        found: dict[str, Any] = {
            "rows": columns.all_named(self.table, self.rows, self.names),
            "next": self.next,
            "count": self.count,
            "facets": self.facets,
        }
        return found | ({} if self.count_capped is None else {"count_capped": self.count_capped})

    def named(self) -> list[dict[str, Any]]:
        """The rows by column, their values as a page shows them."""
        return [columns.named(self.table, row, self.names) for row in self.rows]

    def keys(self) -> list[tuple[Any, ...] | None]:
        """The key of each row; None where the table has none or its columns are not all here."""
        if not self.table.key or not set(self.table.key) <= set(self.names):
            return [None] * len(self.rows)
        places = [self.names.index(name) for name in self.table.key]
        return [tuple(row[place] for place in places) for row in self.rows]


@dataclass(frozen=True)
class Reading:
    """One page on its way: the rows that fit the conditions."""

    database: Database
    connection: Connection
    table: Table
    conditions: Sequence[sa.ColumnElement[bool]]
    size: int

    def by_key(
        self, given: Sequence[Sort], place: Place | None, names: tuple[str, ...], scope: str
    ) -> tuple[Sequence[Any], str | None, str | None]:
        """The rows that come after (or before) the place, and the tokens of the pages after and before."""
        sorts = tuple(keyset.complete(self.table, given))
        extra = tuple(sort.column for sort in sorts if sort.column not in names)
        found: list[Any] = []
        for query in self._queries((*names, *extra), sorts, place):
            if len(found) <= self.size:
                found += self.database.fetch(self.connection, query.limit(self.size + 1 - len(found)))
        backwards = place is not None and place.backwards
        more, rows = len(found) > self.size, found[: self.size]
        if backwards:
            rows.reverse()
        places = [[*names, *extra].index(sort.column) for sort in sorts]

        def token(row: Any, back: bool) -> str:
            return keyset.write(Place(tuple(row[at] for at in places), back), scope)

        after = token(rows[-1], False) if rows and (more or backwards) else None
        before = token(rows[0], True) if rows and (more if backwards else place is not None) else None
        return [row[: len(names)] for row in rows] if extra else rows, after, before

    def _queries(
        self, names: tuple[str, ...], sorts: tuple[Sort, ...], place: Place | None
    ) -> Iterable[sa.Select[Any]]:
        if not self.conditions and place is None:
            return _first_queries(self.table, names, sorts)
        return keyset.queries(self.table, _select(self.table, names).where(*self.conditions), sorts, place)

    def by_offset(
        self, sorts: Sequence[Sort], place: Place | None, names: tuple[str, ...], scope: str
    ) -> tuple[Sequence[Any], str | None, str | None]:
        """The same of a table without a key, by how many rows come before. Raises InputError far behind."""
        skipped = place.offset if place else 0
        base = sa.select(*(self.table.clause.c[name] for name in names)).where(*self.conditions)
        query = base.order_by(*keyset.order(self.table, sorts)).limit(self.size + 1).offset(skipped)
        found = self.database.fetch(self.connection, query)
        deeper, shallower = Place(offset=skipped + self.size), Place(offset=max(0, skipped - self.size))
        after = keyset.write(deeper, scope) if len(found) > self.size else None
        if skipped > keyset.DEEPEST:
            raise InputError(f"Without a key, pages end at {keyset.DEEPEST:,} rows.", "Filter the rows instead.")
        return found[: self.size], after, keyset.write(shallower, scope) if skipped else None

    def count(self, wish: str) -> tuple[int | None, bool | None]:
        """How many rows there are, and whether there are more; None, None where none were to be counted."""
        if wish == "":
            return None, None
        if not (wish.isascii() and wish.isdigit()) or int(wish) < 1:
            raise InputError(errors={"_count": "Write 1 for an exact count, or the most to count, such as 10000."})
        most = None if int(wish) == 1 else int(wish)
        counted = structure.known_count(self.database, self.table) if most and not self.conditions else None
        if counted is None:
            counted = self._counted(most)
        return (counted, None) if most is None else (min(counted, most), counted > most)

    def _counted(self, most: int | None) -> int:
        base = sa.select(sa.literal(1)).select_from(self.table.clause).where(*self.conditions)
        limited = base.limit(most + 1) if most else base
        return self.connection.scalar(sa.select(sa.func.count()).select_from(limited.subquery())) or 0


def _select(table: Table, names: Sequence[str]) -> sa.Select[Any]:
    return sa.select(*map(table.place, names))


@lru_cache(256)
def _first_queries(table: Table, names: tuple[str, ...], sorts: tuple[Sort, ...]) -> list[sa.Select[Any]]:
    """The queries of a table's first page, asked for most often: to put them together takes as long as to read."""
    return list(keyset.queries(table, _select(table, names), sorts, None))
