"""Profiles: what the values of one column are: how many, which, from where to where, and how they are spread."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import measures, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.tables import charts, facets, figures, filters, scales
from frontdesk.tables.charts import Chart, Wish
from frontdesk.tables.facets import Facets

SECONDS = 3.0
"""How long a profile may take; what is not counted by then is left out, and said."""
PART = 1.0
"""How long each part of it may take."""
MOST_DISTINCT = 100_000
"""Different values are counted so far."""
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Of which shares the quantiles are told: the value that so many of all are not above."""


@dataclass(frozen=True)
class Profile:
    """What was found about a column; a part that took too long is None, and named in `missed`."""

    table: Table
    column: Column
    kind: str  # number, time, category or other
    count: int | None = None
    missing: int | None = None
    distinct: int | None = None
    distinct_capped: bool = False
    least: Any = None
    most: Any = None
    mean: float | None = None
    quantiles: list[tuple[float, Any]] | None = None
    lengths: tuple[Any, Any, Any] | None = None  # of texts: the shortest, the mean, the longest
    frequent: Sequence[dict[str, Any]] = ()
    histogram: Chart | None = None
    missed: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """The profile as the API gives it."""
        shortest, mean, longest = self.lengths or (None, None, None)
        return {
            "column": self.column.name,
            "kind": self.kind,
            "count": self.count,
            "missing": self.missing,
            "distinct": self.distinct,
            "distinct_capped": self.distinct_capped,
            "min": self.least,
            "max": self.most,
            "mean": self.mean,
            "quantiles": None if self.quantiles is None else [{"share": a, "value": b} for a, b in self.quantiles],
            "lengths": None if self.lengths is None else {"min": shortest, "mean": mean, "max": longest},
            "frequent": [{"value": one["value"], "count": one["count"]} for one in self.frequent],
            "histogram": None if self.histogram is None else self.histogram.data,
            "missed": list(self.missed),
        }


def describe(
    database: Database, name: str, column: str, *, where: Sequence[tuple[str, str]] = (), search: str = ""
) -> Profile:
    """The profile of a column among the rows that fit. Raises NotFoundError, InputError for a wrong filter."""
    table = schema.table(database, name)
    declared = table.column(column)
    wanted = filters.parse(table, where)
    searched = facets.search(table, search)
    conditions = [*filters.conditions(table, wanted), *searched]
    made = _Making(database, table, declared, conditions, time.monotonic() + SECONDS)
    with filters.explained(database, table, wanted):
        kind = made.kind()
        found: dict[str, Any] = {"kind": kind}
        found |= made.part("count", lambda connection: made.counted(connection, kind)) or {}
        if kind == "other":
            return Profile(table, declared, missed=tuple(made.missed), **found)
        found |= made.part("distinct", made.distinct) or {}
        found["quantiles"] = made.part("quantiles", made.quantiles) if kind == "number" else None
    if kind in {"number", "time"}:
        wish = Wish("histogram", column)
        found["histogram"] = made.whole(
            "histogram", lambda: charts.draw(database, name, wish, where=where, search=search)
        )
    frequent: Facets = made.whole("frequent", lambda: facets.count(database, table, [column], wanted, searched)) or {}
    return Profile(table, declared, frequent=frequent.get(column, ()), missed=tuple(made.missed), **found)


class _Making:
    """One profile on its way, part by part."""

    def __init__(
        self,
        database: Database,
        table: Table,
        column: Column,
        conditions: Sequence[sa.ColumnElement[bool]],
        until: float,
    ) -> None:
        self.missed: list[str] = []
        self._database = database
        self._table = table
        self._column = column
        self._conditions = conditions
        self._until = until
        self._place = table.clause.c[column.name]

    def part(self, name: str, work: Callable[[Connection], Any]) -> Any:
        """What the work gives, None where it takes too long."""
        left = min(PART, self._until - time.monotonic())
        try:
            if left > 0.01:
                with self._database.within(left) as connection:
                    return work(connection)
        except errors.InterruptedError:
            pass
        self.missed.append(name)
        return None

    def whole(self, name: str, work: Callable[[], Any]) -> Any:
        """The same for work that keeps to a second by itself."""
        try:
            if time.monotonic() < self._until:
                return work()
        except InputError:
            pass
        self.missed.append(name)
        return None

    def kind(self) -> str:
        """As what the column can be drawn; other where it cannot."""
        if not scales.is_drawable(self._column):
            return "other"
        alone = [self._column]

        def look(connection: Connection) -> Any:
            return scales.find(lambda query: connection.execute(query).all(), self._table, self._conditions, alone)

        found = self.part("kind", look) or {}
        return found[self._column.name].kind if found else "category"

    def counted(self, connection: Connection, kind: str) -> dict[str, Any]:
        """How many rows and how many without a value; of numbers and times the least, most and mean."""
        asked: list[sa.ColumnElement[Any]] = [sa.func.count(), sa.func.count(self._place)]
        if kind == "number":
            place: sa.ColumnElement[Any] = measures.numbers(self._table, self._column.name)
            asked += [sa.func.min(place), sa.func.max(place), sa.func.avg(place)]
        elif kind == "time":
            place = measures.times(self._table, self._column.name, "day" if self._column.kind == "date" else "second")
            asked += [sa.func.min(place), sa.func.max(place)]
        elif kind == "category" and self._column.kind in {"text", "any"}:
            length = sa.func.length(sa.cast(self._place, sa.Text))
            asked += [sa.func.min(length), sa.func.avg(length), sa.func.max(length)]
        query = sa.select(*asked).select_from(self._table.clause).where(*self._conditions)
        row = connection.execute(query).one()
        found: dict[str, Any] = {"count": row[0], "missing": row[0] - row[1]}
        if kind == "number":
            least, most, mean = (figures.number(value) for value in row[2:])
            return found | {"least": least, "most": most, "mean": mean}
        if kind == "time":
            return found | {"least": row[2], "most": row[3]}
        return found | ({"lengths": tuple(figures.number(value) for value in row[2:])} if len(row) > 2 else {})

    def distinct(self, connection: Connection) -> dict[str, Any]:
        """How many different values there are, at most so many."""
        present = self._place.is_not(None)
        inner = sa.select(self._place).where(*self._conditions, present).distinct().limit(MOST_DISTINCT + 1).subquery()
        count = connection.scalar(sa.select(sa.func.count()).select_from(inner)) or 0
        return {"distinct": min(count, MOST_DISTINCT), "distinct_capped": count > MOST_DISTINCT}

    def quantiles(self, connection: Connection) -> list[tuple[float, Any]]:
        """The quantiles of numbers, each a value that is there, by one sort."""
        place = measures.numbers(self._table, self._column.name)
        inner = sa.select(place.label("v")).where(*self._conditions).subquery()
        present = sa.select(inner.c.v).where(inner.c.v.is_not(None)).subquery()
        count = connection.scalar(sa.select(sa.func.count()).select_from(present)) or 0
        if not count:
            return []
        places = {share: max(1, -int(-share * count // 1)) for share in SHARES}
        numbered = sa.select(present.c.v, sa.func.row_number().over(order_by=present.c.v).label("n")).subquery()
        query = sa.select(numbered.c.n, numbered.c.v).where(numbered.c.n.in_(sorted(set(places.values()))))
        known = {row.n: row.v for row in connection.execute(query)}
        return [(share, figures.number(known[place])) for share, place in places.items()]
