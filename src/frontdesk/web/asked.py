"""What one asked with SQL lately, to be taken again. Pages and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for

from frontdesk.tables import asked, saved_charts
from frontdesk.web import access, bodies, current, rendering

routes = Blueprint("asked", __name__)


@routes.get("/databases/<name:database>/query/history")
@access.allow("viewer")
def index(database: str) -> Response:
    """What the caller asked of this database lately, each a click away from being asked again."""
    current.desk().database(database)
    found, after = asked.search(current.desk().state, database, access.caller(), before=bodies.next_number())
    links = [
        rendering.address("queries.query", [("sql", one.sql), *_typed(one.parameters)], database=database)
        for one in found
    ]
    return rendering.page(
        "queries/history.html",
        database=database,
        asked=list(zip(found, links, strict=True)),
        next=after,
        keep=current.desk().config.queries.keep,
    )


def _typed(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(saved_charts.PREFIX + name, "" if value is None else str(value)) for name, value in given.items()]


@routes.get("/api/databases/<name:database>/query/history")
@access.allow("viewer")
def index_json(database: str) -> Response:
    """`{queries: [{id, sql, parameters, at, milliseconds, rows, error, …}], next}`: the caller's own, newest first."""
    current.desk().database(database)
    place, before = current.desk().state, bodies.next_number()
    found, after = asked.search(place, database, access.caller(), size=bodies.size(), before=before)
    return rendering.answer({"queries": [vars(one) for one in found], "next": None if after is None else str(after)})


@routes.post("/databases/<name:database>/query/history/delete")
@access.allow("viewer")
def forget(database: str) -> Response:
    """Forgets what the caller asked of this database."""
    asked.forget(current.desk().state, current.desk().database(database).name, access.caller())
    return rendering.lead_to(url_for("asked.index", database=database))


@routes.delete("/api/databases/<name:database>/query/history")
@access.allow("viewer")
def forget_json(database: str) -> Response:
    """204; what the caller asked of this database is forgotten."""
    asked.forget(current.desk().state, current.desk().database(database).name, access.caller())
    return Response(status=204)
