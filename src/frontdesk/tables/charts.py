"""Charts: rows of a table grouped and measured in the database, and drawn by Vega-Lite."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import measures, schema, values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import InputError
from frontdesk.tables import columns, drawings, facets, filters, scales
from frontdesk.tables.scales import Scale

KINDS = ("bar", "line", "area", "scatter", "histogram")
AGGREGATES = ("count", "sum", "mean", "min", "max")
MOST_GROUPS = 1000
MOST_POINTS = 2000
MOST_COLOURS = 8
"""Values that have a colour of their own; all others share one."""
MOST_BINS = 100
USUAL_BINS = 20
SPAN = 60
"""Whole numbers this far apart at most are not put into bins."""
SECONDS = 1.0
"""How long a chart may take in the database."""


@dataclass(frozen=True)
class Wish:
    """What is asked for, as texts of an address; what is empty is guessed."""

    kind: str = ""
    x: str = ""
    y: str = ""
    aggregate: str = ""
    colour: str = ""
    bucket: str = ""
    bins: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart: what is drawn of which columns, and the groups or points themselves."""

    table: Table
    kind: str
    x: Scale
    y: Scale | None = None
    aggregate: str | None = None  # None draws each row as a point
    colour: Scale | None = None
    bucket: str | None = None  # of times
    step: float | None = None  # of bins
    data: list[dict[str, Any]] = field(default_factory=list)  # x, x_end of bins, y, colour, other
    notes: tuple[str, ...] = ()  # what is not drawn, in sentences

    def json(self) -> dict[str, Any]:
        """The chart as the API gives it."""
        return {
            "kind": self.kind,
            "x": self.x.name,
            "y": self.y.name if self.y else None,
            "aggregate": self.aggregate,
            "colour": self.colour.name if self.colour else None,
            "bucket": self.bucket,
            "step": self.step,
            "data": self.data,
            "notes": list(self.notes),
            "spec": drawings.spec(self),
        }

    @property
    def measure(self) -> str:
        """What its y is, in words: `sum of sales`."""
        if self.aggregate is None:
            return self.y.name if self.y else ""
        if self.y is None:
            return "rows"
        return f"{self.aggregate} of {self.y.name}"


def draw(
    database: Database, name: str, wish: Wish, *, where: Sequence[tuple[str, str]] = (), search: str = ""
) -> Chart:
    """The chart that is wished for of the rows that fit; what the wish leaves open is guessed from the columns.

    Raises NotFoundError for the table, InputError for what cannot be drawn and where it takes longer than a second.
    """
    _check(wish)
    table = schema.table(database, name)
    _check_columns(table, wish)
    wanted = filters.parse(table, where)
    conditions = [*filters.conditions(table, wanted), *facets.search(table, search)]
    with _limited(), filters.explained(database, table, wanted), database.within(SECONDS) as connection:
        planned = plan(table, wish, scales.find(connection, table, conditions))
        return _Drawing(connection, table, conditions, wish).draw(planned)


def _check(wish: Wish) -> None:
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
def _limited() -> Iterator[None]:
    try:
        yield
    except errors.InterruptedError as error:
        raise InputError(f"Drawing this takes more than {SECONDS:.0f} s.", "Filter the rows first.") from error
    except errors.OperationalError as error:
        if "overflow" not in error.message:
            raise
        raise InputError("The sum is beyond what the database can hold.", "Choose another aggregate.") from error


# What is drawn


def plan(table: Table, wish: Wish, known: Mapping[str, Scale]) -> Chart:
    """What is drawn of which columns, before anything is counted. Raises InputError."""
    kind, x, y = _columns_of(table, wish, known)
    if kind == "scatter":
        return Chart(table, kind, x, y, None, known[wish.colour] if wish.colour else None)
    aggregate = "count" if kind == "histogram" else wish.aggregate or ("sum" if y else "count")
    if aggregate != "count" and y is None:
        y = next(iter(_quantities(known, x)), None)
        if y is None:
            raise InputError(errors={"_y": f"Choose a column of numbers to take the {aggregate} of."})
    if aggregate != "count" and y and y.kind != "number":
        raise InputError(errors={"_y": f"{y.name} holds no numbers to take the {aggregate} of: count its rows."})
    colour = known[wish.colour] if wish.colour else None
    return Chart(table, kind, x, None if kind == "histogram" else y, aggregate, colour)


def _columns_of(table: Table, wish: Wish, known: Mapping[str, Scale]) -> tuple[str, Scale, Scale | None]:
    """The kind, x and y, guessed where nothing is chosen."""
    if not known:
        raise InputError(f"{table.name} has no column that can be drawn.", "Charts need numbers, dates or texts.")
    y = known[wish.y] if wish.y else None
    if not (wish.kind or wish.x):
        guessed = _guess(known)
        if not (wish.y or wish.aggregate or wish.colour):
            return guessed
        x = guessed[1] if y is None or guessed[1] != y else next((one for one in known.values() if one != y), y)
        return ("line" if x.kind == "time" else "bar", x, y)
    x = known[wish.x] if wish.x else _x_for(wish.kind, known)
    kind = wish.kind or _kind_for(x, y)
    if kind == "scatter" and y is None:
        y = next(iter(_quantities(known, x)), None)
        if y is None:
            raise InputError(errors={"_y": "A scatter chart needs a second column of numbers."})
    if kind == "scatter" and y and y.kind == "category":
        raise InputError(errors={"_y": f"{y.name} holds texts: choose a column of numbers or dates."})
    if kind == "histogram" and x.kind == "category":
        raise InputError(errors={"_x": f"A histogram needs numbers or dates, and {x.name} holds neither: choose bar."})
    return kind, x, y


def _guess(known: Mapping[str, Scale]) -> tuple[str, Scale, Scale | None]:
    every = list(known.values())
    times = [one for one in every if one.kind == "time"]
    groups = [one for one in every if one.groups and not one.names_rows] or [one for one in every if one.groups]
    numbers = _quantities(known)
    if times:
        return "line", times[0], numbers[0] if numbers else None
    if groups:
        return "bar", groups[0], None
    if len(numbers) > 1:
        return "scatter", numbers[0], numbers[1]
    if numbers:
        return "histogram", numbers[0], None
    return "bar", next((one for one in every if one.kind == "category" and not one.names_rows), every[0]), None


def _quantities(known: Mapping[str, Scale], besides: Scale | None = None) -> list[Scale]:
    return [one for one in known.values() if one.kind == "number" and not one.names_rows and one != besides]


def _kind_for(x: Scale, y: Scale | None) -> str:
    if x.kind == "time":
        return "line"
    if x.kind == "number":
        return "scatter" if y and y.kind == "number" else "histogram"
    return "bar"


def _x_for(kind: str, known: Mapping[str, Scale]) -> Scale:
    """The column that suits a kind best."""
    every = list(known.values())
    numbers = _quantities(known)
    times = [one for one in every if one.kind == "time"]
    groups = [one for one in every if one.groups]
    texts = [one for one in every if one.kind == "category"]
    order = {"histogram": [*numbers, *times], "scatter": [*numbers, *times], "bar": [*groups, *times, *texts, *numbers]}
    best = order.get(kind, [*times, *numbers, *groups, *texts]) or every
    if kind == "histogram" and best[0].kind == "category":
        raise InputError(errors={"_x": "A histogram needs a column of numbers or dates."})
    return best[0]


# What is counted


@dataclass(frozen=True)
class _Drawing:
    """One chart on its way."""

    connection: Connection
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
        places += [self.table.clause.c[chart.colour.name]] if chart.colour else []
        known = [place.is_not(None) for place in places[:2]]
        query = sa.select(*(place.label(f"c{number}") for number, place in enumerate(places)))
        rows = self.connection.execute(query.where(*self.conditions, *known).limit(MOST_POINTS + 1)).all()
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
        return self.table.clause.c[scale.name]

    def _placed(self, chart: Chart) -> tuple[Chart, sa.ColumnElement[Any]]:
        """The chart with its bucket or bins, and the expression that rows are grouped by."""
        if chart.x.kind == "time":
            bucket = self.wish.bucket or _bucket(chart.x, *self._days(chart.x.name))
            return replace(chart, bucket=bucket), measures.times(self.table, chart.x.name, bucket)
        if chart.x.kind == "category":
            return chart, self.table.clause.c[chart.x.name]
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
        days = [str(value)[:10] for value in self._extent(self.table.clause.c[name])]
        if all(_DAY.fullmatch(day) for day in days):
            return days[0], days[1]
        first, last = self._extent(measures.times(self.table, name, "day"))
        return first, last

    def _extent(self, place: sa.ColumnElement[Any]) -> tuple[Any, Any]:
        inner = sa.select(place.label("x")).where(*self.conditions).subquery()
        row = self.connection.execute(sa.select(sa.func.min(inner.c.x), sa.func.max(inner.c.x))).one()
        return row[0], row[1]

    def _groups(self, chart: Chart, place: sa.ColumnElement[Any]) -> Chart:
        start = chart.data[0]["start"] if chart.data else None
        parts = [place.label("x"), *self._measured(chart), *self._colours(chart)]
        inner = sa.select(*parts).select_from(self.table.clause).where(*self.conditions).subquery()
        grouped = [inner.c.x] + ([inner.c.colour, inner.c.other] if chart.colour else [])
        measured = _aggregated(chart, inner).label("y")
        query = sa.select(*grouped, measured).group_by(*grouped)
        if chart.x.kind == "category":
            query = query.order_by(measured.is_(None), measured.desc(), *grouped)
        else:
            query = query.order_by(inner.c.x.is_(None), *grouped)
        rows = self.connection.execute(query.limit(MOST_GROUPS + 1)).all()
        data = [_group(chart, row, start) for row in rows[:MOST_GROUPS]]
        made = replace(chart, data=data)
        return replace(made, notes=tuple(_notes(made, len(rows) > MOST_GROUPS)))

    def _measured(self, chart: Chart) -> list[sa.Label[Any]]:
        if chart.y is None:
            return []
        plain = chart.aggregate == "count"
        place = self.table.clause.c[chart.y.name] if plain else measures.numbers(self.table, chart.y.name)
        return [place.label("y")]

    def _colours(self, chart: Chart) -> list[sa.Label[Any]]:
        """The value by which a row is coloured, and 1 where it shares the colour of all the others."""
        if chart.colour is None:
            return []
        place, count = self.table.clause.c[chart.colour.name], sa.func.count()
        query = sa.select(place).where(*self.conditions).group_by(place).order_by(count.desc(), place)
        most = [value for (value,) in self.connection.execute(query.limit(MOST_COLOURS))]
        known: sa.ColumnElement[bool] = place.in_([value for value in most if value is not None])
        known = sa.or_(known, place.is_(None)) if None in most else known
        return [
            sa.case((known, place), else_=sa.null()).label("colour"),
            sa.case((known, 0), else_=1).label("other"),
        ]


def _aggregated(chart: Chart, inner: sa.Subquery) -> sa.ColumnElement[Any]:
    if chart.y is None:
        return sa.func.count()
    made: dict[str, Any] = {
        "count": sa.func.count,
        "sum": sa.func.sum,
        "mean": sa.func.avg,
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


def number(value: Any) -> Any:
    """A number of either engine as JSON has it: an integer where it is a small one, else a double; None for none."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    if value is None or not math.isfinite(value):
        return None
    is_whole = value == int(value) and not isinstance(value, float)
    return int(value) if is_whole and abs(value) <= values.SAFE_INTEGER else float(value)


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
