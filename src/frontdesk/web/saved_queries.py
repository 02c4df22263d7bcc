"""Saved queries: SQL under a name, with a description and a role. Pages and JSON side by side."""

from flask import Blueprint, Response, request, url_for

from frontdesk.context import ROLES
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.tables import saved_queries
from frontdesk.web import access, bodies, current, messages, rendering

routes = Blueprint("saved_queries", __name__)

SAVED = (
    Field("name", "text"),
    Field("sql", "text"),
    Field("description", "text", required=False),
    Field("role", "choice", required=False, choices=ROLES),
)
"""What a saved query is made of."""


@routes.post("/databases/<name:database>/queries")
@access.allow("editor")
def save(database: str) -> Response:
    """Keeps what was typed under a name, for everybody."""
    current.desk().database(database)
    sql, name = request.form.get("sql", ""), request.form.get("name", "")
    described, role = request.form.get("description", ""), request.form.get("role", "viewer")
    place, by = current.desk().state, access.caller()
    saved_queries.save(place, database, name, sql, by, description=described, role=role)
    messages.say(f"Saved as {name.strip()}.")
    return rendering.lead_to(url_for("queries.query", database=database, sql=sql))


@routes.post("/databases/<name:database>/queries/<name:query>/delete")
@access.allow("editor")
def forget(database: str, query: str) -> Response:
    """Forgets a saved query."""
    saved_queries.delete(current.desk().state, database, query, access.caller())
    messages.say(f"Forgotten: {query}.")
    return rendering.lead_to(url_for("queries.query", database=database))


@routes.get("/api/databases/<name:database>/queries")
@access.allow("viewer")
def index_json(database: str) -> Response:
    """`{queries: [{name, sql, description, role, by, at}], next}`: those that the caller may see."""
    current.desk().database(database)
    found, after = bodies.part(saved_queries.search(current.desk().state, database, access.caller()))
    return rendering.answer({"queries": [vars(one) for one in found], "next": after})


@routes.post("/api/databases/<name:database>/queries")
@access.allow("editor")
def save_json(database: str) -> Response:
    """201 with the query kept from `{name, sql, description, role}`; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object())
    kept = saved_queries.save(current.desk().state, database, by=access.caller(), replaces=False, **given)
    return rendering.answer(vars(kept), 201)


@routes.get("/api/databases/<name:database>/queries/<name:query>")
@access.allow("viewer")
def query_json(database: str, query: str) -> Response:
    """`{name, sql, description, role, by, at}`."""
    current.desk().database(database)
    return rendering.answer(vars(saved_queries.find(current.desk().state, database, query, access.caller())))


@routes.patch("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def change_json(database: str, query: str) -> Response:
    """The query after setting some of `{name, sql, description, role}`; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object(), partial=True)
    return rendering.answer(vars(saved_queries.change(current.desk().state, database, query, given, access.caller())))


@routes.delete("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def forget_json(database: str, query: str) -> Response:
    """204."""
    current.desk().database(database)
    saved_queries.delete(current.desk().state, database, query, access.caller())
    return Response(status=204)
