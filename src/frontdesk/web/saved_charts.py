"""Saved charts: of a table's view or of a query, under a name. Pages and JSON side by side."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.context import ROLES
from frontdesk.database import schema
from frontdesk.desk import pages
from frontdesk.errors import InputError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.tables import saved_charts
from frontdesk.tables.saved_charts import SavedChart
from frontdesk.web import access, bodies, charts, current, messages, rendering

routes = Blueprint("saved_charts", __name__)

SAVED = (
    Field("table", "text", required=False, nullable=True),
    Field("sql", "text", required=False, nullable=True),
    Field("question", "text", required=False),
    Field("role", "choice", required=False, choices=ROLES),
)
"""What a saved chart is made of, besides its name."""


def _source(database: str, chart: SavedChart) -> str:
    """The address of the page on which the chart can be changed."""
    if chart.table is not None:
        return rendering.address("charts.index", chart.pairs, database=database, table=chart.table)
    pairs = [("sql", chart.sql or ""), *chart.pairs, ("as", "chart")]
    return rendering.address("queries.query", pairs, database=database)


def _told(database: str, chart: SavedChart) -> dict[str, Any]:
    return vars(chart) | {"page": _source(database, chart)}


def _kept(database: str, name: str, given: dict[str, Any]) -> tuple[SavedChart, bool]:
    """The chart, kept, and whether it is a new one. Raises NotFoundError for a table that is not there, InputError."""
    place = current.desk().database(database)
    if given.get("table") is not None:
        schema.table(place, given["table"])
    return saved_charts.save(current.desk().state, database, name, access.caller(), **given)


@routes.get("/databases/<name:database>/charts/<name:chart>")
@access.allow("viewer")
def chart(database: str, chart: str) -> Response:
    """The chart as it is now, with its figures."""
    current.desk().database(database)
    found, wrong, drawn = saved_charts.find(current.desk().state, database, chart, access.caller()), "", None
    try:
        drawn = charts.figures(pages.Reader(current.desk(), access.caller()).draw(database, found))
    except InputError as error:
        wrong = f"{error.message} {error.hint}".strip()
    return rendering.page(
        "charts/chart.html",
        422 if wrong else 200,
        database=database,
        saved=found,
        drawn=drawn,
        wrong=wrong,
        source=_source(database, found),
    )


@routes.post("/databases/<name:database>/charts")
@access.allow("editor")
def save(database: str) -> Response:
    """Keeps the chart of the form under a name, for everybody."""
    form = {name: request.form[name] for name in ("table", "sql", "question", "role") if name in request.form}
    made, _ = _kept(database, request.form.get("name", ""), form)
    messages.say(f"Saved as {made.name}.")
    return rendering.lead_to(url_for("saved_charts.chart", database=database, chart=made.name))


@routes.post("/databases/<name:database>/charts/<name:chart>/delete")
@access.allow("editor")
def forget(database: str, chart: str) -> Response:
    """Forgets a saved chart."""
    saved_charts.delete(current.desk().state, database, chart, access.caller())
    messages.say(f"Forgotten: {chart}.")
    return rendering.lead_to(url_for("tables.tables", database=database))


@routes.get("/api/databases/<name:database>/charts")
@access.allow("viewer")
def index_json(database: str) -> Response:
    """`{charts: [{name, table, sql, question, role, by, at, page}], next}`: those that the caller may see."""
    current.desk().database(database)
    found, after = bodies.part(saved_charts.search(current.desk().state, database, access.caller()))
    return rendering.answer({"charts": [_told(database, one) for one in found], "next": after})


@routes.get("/api/databases/<name:database>/charts/<name:chart>")
@access.allow("viewer")
def chart_json(database: str, chart: str) -> Response:
    """`{name, table, sql, question, role, by, at, page, chart}`, with the chart as it is now."""
    current.desk().database(database)
    found = saved_charts.find(current.desk().state, database, chart, access.caller())
    drawn = pages.Reader(current.desk(), access.caller()).draw(database, found)
    return rendering.answer(_told(database, found) | {"chart": drawn.json()})


@routes.put("/api/databases/<name:database>/charts/<name:chart>")
@access.allow("editor")
def save_json(database: str, chart: str) -> Response:
    """The chart kept from `{table | sql, question, role}`; 201 where there was none of this name."""
    made, new = _kept(database, chart, parsing.parse_json(SAVED, bodies.json_object()))
    return rendering.answer(_told(database, made), 201 if new else 200)


@routes.delete("/api/databases/<name:database>/charts/<name:chart>")
@access.allow("editor")
def forget_json(database: str, chart: str) -> Response:
    """204."""
    current.desk().database(database)
    saved_charts.delete(current.desk().state, database, chart, access.caller())
    return Response(status=204)
