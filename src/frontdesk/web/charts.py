"""Charts of a table and profiles of its columns. Pages and JSON side by side."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from frontdesk.database import measures, schema, values
from frontdesk.errors import InputError
from frontdesk.tables import charts, columns, drawings, filters, profiles, saved_charts, scales
from frontdesk.tables.charts import Chart, Wish
from frontdesk.tables.profiles import Profile
from frontdesk.web import access, current, rendering

routes = Blueprint("charts", __name__)

OWN = saved_charts.PARTS
"""The parameters of a chart, each with the part of the wish that it says."""
OTHERS = frozenset(
    {"_search", "_sort", "_size", "_next", "_columns", "_count", "_facet", ":column", ":operator", ":value"}
)
"""Parameters of the other pages of a table that are no filters."""


def wish(texts: Mapping[str, str]) -> Wish:
    """What is wished for by the parameters of an address."""
    return Wish(**{part: texts.get(name, "") for name, part in OWN.items()})


def _where() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.args.items(multi=True) if name not in OWN and name != "_search"]


def _kept() -> list[tuple[str, str]]:
    """The filters and the search of the page that one comes from."""
    return [pair for pair in _where() if pair[0] not in OTHERS] + [
        ("_search", text) for text in request.args.getlist("_search") if text
    ]


def _asked() -> list[tuple[str, str]]:
    return [*_kept(), *chosen()]


def chosen() -> list[tuple[str, str]]:
    """The parts of the wish that the address says."""
    return [(name, request.args[name]) for name in OWN if request.args.get(name)]


def _draw(database: str, table: str, where: list[tuple[str, str]]) -> Chart:
    place, search = current.desk().database(database), request.args.get("_search", "")
    return charts.draw(place, table, wish(request.args), where=where, search=search)


@routes.get("/api/databases/<name:database>/tables/<name:table>/chart")
@access.allow("viewer")
def chart_json(database: str, table: str) -> Response:
    """`{kind, x, y, aggregate, colour, bucket, step, data, notes, spec}`."""
    return rendering.answer(_draw(database, table, _where()).json())


@routes.get("/databases/<name:database>/tables/<name:table>/chart")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """A chart with its form and its data; what is not chosen is guessed."""
    where, chart, wrong = [pair for pair in _kept() if pair[0] != "_search"], None, {}
    found = schema.table(current.desk().database(database), table)
    try:
        chart = _draw(database, table, where)
    except InputError as error:
        wrong = error.errors or {"": f"{error.message} {error.hint}".strip()}
    names = [column.name for column in found.columns if scales.is_drawable(column)]
    return rendering.page(
        "tables/chart.html",
        422 if wrong else 200,
        database=database,
        table=found,
        drawn=shown(chart, names, wrong),
        kept=_kept(),
        question=urlencode(_asked()),
        filters=_filters(found, where),
        saved=saved_charts.search(current.desk().state, database, access.caller(), table),
        api=rendering.address("charts.chart_json", _asked(), database=database, table=table),
    )


def shown(chart: Chart | None, names: Sequence[str], errors: Mapping[str, str]) -> dict[str, Any]:
    """What a page shows of a chart: its form, the drawing and its figures; without a chart what is wrong."""
    made = {
        "chart": chart,
        "errors": errors,
        "wish": _chosen(chart),
        "choices": {
            "kinds": charts.KINDS,
            "columns": names,
            "aggregates": charts.AGGREGATES,
            "buckets": measures.UNITS,
        },
    }
    return made | (figures(chart) if chart else {})


def figures(chart: Chart) -> dict[str, Any]:
    """The drawing of a chart as the script reads it, and its groups or points in words."""
    return {
        "chart": chart,
        "spec": values.dumps(drawings.spec(chart)),
        "told": [drawings.told(chart, one) for one in chart.data],
        "description": drawings.description(chart),
    }


def _chosen(chart: Chart | None) -> Mapping[str, str]:
    """What the form shows: what is drawn, or what was asked for where nothing could be."""
    asked = {name: request.args.get(name, "") for name in OWN}
    if chart is None:
        return asked
    names = {part: scale.name for part, scale in (("_x", chart.x), ("_y", chart.y), ("_colour", chart.colour)) if scale}
    return asked | {"_kind": chart.kind, "_aggregate": chart.aggregate or "", "_bucket": chart.bucket or ""} | names


def _filters(table: schema.Table, where: list[tuple[str, str]]) -> list[filters.Filter]:
    found = []
    for pair in where:
        try:
            found += filters.parse(table, [pair])
        except InputError:
            continue
    return found


@routes.get("/api/databases/<name:database>/tables/<name:table>/columns/<name:column>")
@access.allow("viewer")
def column_json(database: str, table: str, column: str) -> Response:
    """What the values of a column are: counts, extent, quantiles, histogram, the most frequent."""
    return rendering.answer(_profile(database, table, column, _where()).json())


@routes.get("/databases/<name:database>/tables/<name:table>/columns/<name:column>")
@access.allow("viewer")
def column(database: str, table: str, column: str) -> Response:
    """The profile of a column."""
    where = [pair for pair in _kept() if pair[0] != "_search"]
    profile = _profile(database, table, column, where)
    return rendering.page(
        "tables/column.html",
        database=database,
        table=profile.table,
        column=profile.column,
        profile=profile,
        filters=_filters(profile.table, where),
        bars=_bars(profile.histogram) if profile.histogram else [],
        frequent=[_frequent(profile, one) for one in profile.frequent],
        number=drawings.number,
        kept=_kept(),
    )


def _profile(database: str, table: str, column: str, where: list[tuple[str, str]]) -> Profile:
    place, search = current.desk().database(database), request.args.get("_search", "")
    return profiles.describe(place, table, column, where=where, search=search)


def _bars(chart: Chart) -> list[dict[str, Any]]:
    """The bars of a histogram with their heights in percent; bins without a row have a bar of no height."""
    drawn = [one for one in chart.data if one["x"] is not None]
    most = max((one["y"] for one in drawn), default=1)
    first = drawn[0]["x"] if drawn else 0
    made = []
    for number, one in enumerate(drawn):
        place = round((one["x"] - first) / chart.step) if chart.step else number
        made.append(
            {
                "place": place,
                "height": 100 * one["y"] / most,
                "tip": "\n".join(map(": ".join, drawings.told(chart, one))),
            }
        )
    return made


def _frequent(profile: Profile, one: Mapping[str, Any]) -> dict[str, Any]:
    """A value with its share of all rows, and the address of its rows."""
    name, value = profile.column.name, one["value"]
    text = "" if value is None else columns.written(profile.column, int(value) if isinstance(value, bool) else value)
    pair = (f"{name}__isnull", "1") if value is None else (filters.Filter(name, "exact", text).parameter, text)
    return {
        "value": None if value is None else drawings.category(value),
        "count": one["count"],
        "share": 100 * one["count"] / profile.count if profile.count else None,
        "pair": pair,
    }


@routes.app_template_global("view_address")
def view_address(endpoint: str, database: str, table: str, *more: tuple[str, str]) -> str:
    """The address of another page of a table with the filters and the search that this one has."""
    here = request.endpoint in {"rows.index", "charts.index", "charts.column"}
    return rendering.address(endpoint, [*(_kept() if here else []), *more], database=database, table=table)
