"""Groups: rows put together and measured in the database, as a chart draws them."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from frontdesk.database import measures, values
from frontdesk.database.schema import Table
from frontdesk.tables import columns
from frontdesk.tables.figures import Chart, Wish, number
from frontdesk.tables.scales import Fetch, Scale

MOST_GROUPS = 1000
MOST_POINTS = 2000
MOST_COLOURS = 8
"""Values that have a colour of their own; all others share one."""
USUAL_BINS = 20
SPAN = 60
"""Whole numbers this far apart at most are not put into bins."""


def count(fetch: Fetch, planned: Chart, conditions: Sequence[sa.ColumnElement[bool]], wish: Wish) -> Chart:
    """The chart that was planned, with its groups or points."""
    return _Drawing(fetch, planned.table, conditions, wish).draw(planned)


@dataclass(frozen=True)
class _Drawing:
    """One chart on its way."""

    fetch: Fetch
    table: Table
    conditions: Sequence[sa.ColumnElement[bool]]
    wish: Wish

    def draw(self, chart: Chart) -> Chart:
        if chart.kind == "scatter":
            return self._points(chart)
        chart, place = self._placed(chart)
        return self._groups(chart, place)

    def _points(self, chart: Chart) -> Chart:
        assert chart.y
        places = [self._raw(chart.x), self._raw(chart.y)]
        places += [self.table.place(chart.colour.name)] if chart.colour else []
        known = [place.is_not(None) for place in places[:2]]
        query = sa.select(*(place.label(f"c{number}") for number, place in enumerate(places)))
        rows = self.fetch(query.where(*self.conditions, *known).limit(MOST_POINTS + 1))
        notes = (f"Only the first {MOST_POINTS:,} rows are drawn.",) if len(rows) > MOST_POINTS else ()
        rows = rows[:MOST_POINTS]
        data = [{"x": _shown(chart.x, row[0]), "y": _shown(chart.y, row[1])} for row in rows]
        if chart.colour:
            most = {value for value, _ in Counter(row[2] for row in rows).most_common(MOST_COLOURS)}
            data = [
                one | _coloured(chart.colour, row[2], row[2] not in most) for one, row in zip(data, rows, strict=True)
            ]
        return replace(chart, data=data, notes=(*notes, *_colour_notes(chart, data)))

    def _raw(self, scale: Scale) -> sa.ColumnElement[Any]:
        if scale.kind == "number":
            return measures.numbers(self.table, scale.name)
        if scale.kind == "time":
            return measures.times(self.table, scale.name, "day" if scale.column.kind == "date" else "second")
        return self.table.place(scale.name)

    def _placed(self, chart: Chart) -> tuple[Chart, sa.ColumnElement[Any]]:
        """The chart with its bucket or bins, and the expression that rows are grouped by."""
        if chart.x.kind == "time":
            bucket = self.wish.bucket or _bucket(chart.x, *self._days(chart.x.name))
            return replace(chart, bucket=bucket), measures.times(self.table, chart.x.name, bucket)
        if chart.x.kind == "category":
            return chart, self.table.place(chart.x.name)
        place = measures.numbers(self.table, chart.x.name)
        least, most = (number(value) for value in self._extent(place))
        if least is None or (
            chart.x.whole and most - least <= SPAN and not self.wish.bins and chart.kind != "histogram"
        ):
            return chart, place
        bins = int(self.wish.bins) if self.wish.bins else USUAL_BINS
        step = _step(float(most) - float(least), bins, whole=chart.x.whole)
        start = math.floor(least / step) * step
        return replace(chart, step=step, data=[{"start": start}]), measures.bins(self.table, chart.x.name, start, step)

    def _days(self, name: str) -> tuple[str | None, str | None]:
        """The first and the last day; of the column as it is, which is quick, where these are days."""
        days = [str(value)[:10] for value in self._extent(self.table.place(name))]
        if all(_DAY.fullmatch(day) for day in days):
            return days[0], days[1]
        first, last = self._extent(measures.times(self.table, name, "day"))
        return first, last

    def _extent(self, place: sa.ColumnElement[Any]) -> tuple[Any, Any]:
        inner = sa.select(place.label("x")).where(*self.conditions).subquery()
        row = self.fetch(sa.select(sa.func.min(inner.c.x), sa.func.max(inner.c.x)))[0]
        return row[0], row[1]

    def _groups(self, chart: Chart, place: sa.ColumnElement[Any]) -> Chart:
        start = chart.data[0]["start"] if chart.data else None
        parts = [place.label("x"), *self._measured(chart), *self._colours(chart)]
        inner = sa.select(*parts).select_from(self.table.clause).where(*self.conditions).subquery()
        inner = _ranked(chart, inner) if chart.aggregate == "median" else inner
        grouped = _grouped(chart, inner)
        measured = _aggregated(chart, inner).label("y")
        query = sa.select(*grouped, measured).group_by(*grouped)
        if chart.x.kind == "category":
            query = query.order_by(measured.is_(None), measured.desc(), *grouped)
        else:
            query = query.order_by(inner.c.x.is_(None), *grouped)
        rows = self.fetch(query.limit(MOST_GROUPS + 1))
        data = [_group(chart, row, start) for row in rows[:MOST_GROUPS]]
        made = replace(chart, data=data)
        return replace(made, notes=tuple(_notes(made, len(rows) > MOST_GROUPS)))

    def _measured(self, chart: Chart) -> list[sa.Label[Any]]:
        if chart.y is None:
            return []
        plain = chart.aggregate == "count"
        place = self.table.place(chart.y.name) if plain else measures.numbers(self.table, chart.y.name)
        return [place.label("y")]

    def _colours(self, chart: Chart) -> list[sa.Label[Any]]:
        """The value by which a row is coloured, and 1 where it shares the colour of all the others."""
        if chart.colour is None:
            return []
        place, count = self.table.place(chart.colour.name), sa.func.count()
        query = sa.select(place).where(*self.conditions).group_by(place).order_by(count.desc(), place)
        most = [value for (value,) in self.fetch(query.limit(MOST_COLOURS))]
        known: sa.ColumnElement[bool] = place.in_([value for value in most if value is not None])
        known = sa.or_(known, place.is_(None)) if None in most else known
        return [
            sa.case((known, place), else_=sa.null()).label("colour"),
            sa.case((known, sa.literal_column("0")), else_=sa.literal_column("1")).label("other"),
        ]


def _grouped(chart: Chart, inner: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    return [inner.c.x, inner.c.colour, inner.c.other] if chart.colour else [inner.c.x]


def _ranked(chart: Chart, inner: sa.Subquery) -> sa.Subquery:
    """The rows with a y in the middle of their group alone: one of an odd number, two of an even one."""
    within = _grouped(chart, inner)
    rank = sa.func.row_number().over(partition_by=within, order_by=[inner.c.y.is_(None), inner.c.y])
    known = sa.func.count(inner.c.y).over(partition_by=within)
    ranked = sa.select(*inner.c, rank.label("rank"), known.label("known")).subquery()
    middle = (2 * ranked.c.rank).between(ranked.c.known, ranked.c.known + 2)
    return sa.select(*(ranked.c[one.name] for one in within), sa.case((middle, ranked.c.y)).label("y")).subquery()


def _aggregated(chart: Chart, inner: sa.Subquery) -> sa.ColumnElement[Any]:
    if chart.y is None:
        return sa.func.count()
    made: dict[str, Any] = {
        "count": sa.func.count,
        "sum": sa.func.sum,
        "mean": sa.func.avg,
        "median": sa.func.avg,  # of what stands in the middle
        "min": sa.func.min,
        "max": sa.func.max,
    }
    found: sa.ColumnElement[Any] = made[chart.aggregate or "count"](inner.c.y)
    return found


def _group(chart: Chart, row: Sequence[Any], start: float | None) -> dict[str, Any]:
    made: dict[str, Any] = {"x": None if row[0] is None else _shown(chart.x, row[0])}
    if chart.step is not None and start is not None:
        edges = (
            (start + int(row[0]) * chart.step, start + (int(row[0]) + 1) * chart.step) if row[0] is not None else None
        )
        made = {"x": _edge(edges[0]) if edges else None, "x_end": _edge(edges[1]) if edges else None}
    if chart.colour:
        made |= _coloured(chart.colour, row[1], bool(row[2]))
    return made | {"y": number(row[-1])}


def _coloured(colour: Scale, value: Any, other: bool) -> dict[str, Any]:
    return {"colour": None if other else values.plain(columns.shown(colour.column, value)), "other": other}


def _edge(value: float) -> float | int:
    """The edge of a bin without what adding up makes of 0.3."""
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < values.SAFE_INTEGER else rounded


def _shown(scale: Scale, value: Any) -> Any:
    return number(value) if scale.kind == "number" else values.plain(columns.shown(scale.column, value))


_DAY = re.compile(r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])")


def _bucket(scale: Scale, first: str | None, last: str | None) -> str:
    """The bucket that makes neither few nor many groups of the times between two days."""
    if first is None or last is None:
        return "day"
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    if days <= 2 and scale.column.kind != "date":
        return "hour"
    return "day" if days <= 92 else "month" if days <= 366 * 12 else "year"


def _step(span: float, bins: int, *, whole: bool) -> float:
    """The width of bins: 1, 2, 2.5 or 5 times a power of ten, so that there are at most about so many."""
    if span <= 0 or not math.isfinite(span):
        return 1.0 if span <= 0 else 1e307
    least = span / bins
    power = 10.0 ** math.floor(math.log10(least))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least * (1 - 1e-9))
    return float(max(1, math.ceil(step))) if whole else step


def _notes(chart: Chart, cut: bool) -> Iterable[str]:
    if cut:
        advice = "the largest" if chart.x.kind == "category" else "the first"
        yield f"There are more than {MOST_GROUPS:,} groups: these are {advice}. Filter the rows, or group more."
    without = chart.kind != "bar" or chart.x.kind != "category"
    if without and any(one["x"] is None for one in chart.data):
        noun = {"time": "date", "number": "number"}.get(chart.x.kind, "value")
        yield f"Rows without a {noun} in {chart.x.name} stand in the table only."
    yield from _colour_notes(chart, chart.data)


def _colour_notes(chart: Chart, data: Iterable[Mapping[str, Any]]) -> list[str]:
    if not chart.colour or not any(one["other"] for one in data):
        return []
    return [f"The {MOST_COLOURS} most frequent values of {chart.colour.name} have a colour of their own."]
