"""Typed SQL: the page, its answer as a file, saved queries. Pages and JSON side by side."""

import csv
import io
import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from frontdesk.database import schema, values
from frontdesk.database.queries import Answer
from frontdesk.errors import Error, InputError, NotFoundError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.tables import exports, queries
from frontdesk.web import access, bodies, cells, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("queries", __name__)

SAVED = (Field("name", "text"), Field("sql", "text"))
"""What a saved query is made of."""

PREFIX = "p."
"""What the names of parameters begin with in an address."""


def _given() -> dict[str, Any]:
    """The parameters in the address, as they were typed."""
    return {
        name.removeprefix(PREFIX): queries.typed(text) for name, text in request.args.items() if name.startswith(PREFIX)
    }


def _read(database: str) -> Answer:
    place = current.desk().database(database)
    return current.desk().queries.read(place, request.args.get("sql", ""), _given(), access.caller())


@routes.get("/query")
@access.allow("viewer")
def index() -> Response:
    """Leads to the query page of the first database."""
    names = sorted(current.desk().databases)
    return rendering.lead_to(url_for("queries.query", database=names[0]) if names else url_for("tables.databases"))


@routes.get("/databases/<name:database>/query")
@access.allow("viewer")
def query(database: str) -> Response:
    """The editor, and the answer to the `sql` of the address once every parameter has a value."""
    place = current.desk().database(database)
    sql = request.args.get("sql", "").replace("\r\n", "\n")
    wanted = queries.parameters(sql)
    answer, status = None, 200
    errors: dict[str, str] = {}
    if sql.strip() and all(PREFIX + name in request.args for name in wanted):
        try:
            answer = _read(database)
        except Error as error:
            errors = getattr(error, "errors", None) or {"sql": error.message}
            status = status_of(error)
    g.style_nonce = secrets.token_urlsafe(16)  # the editor's styles are made by its script
    return rendering.page(
        "queries/query.html",
        status,
        nonce=g.style_nonce,
        database=database,
        databases=sorted(current.desk().databases),
        sql=sql,
        parameters=[(name, request.args.get(PREFIX + name, "")) for name in wanted],
        errors=errors,
        answer=answer,
        numeric=_numeric(answer) if answer else [],
        body=cells.plain(answer.rows, _numeric(answer)) if answer else "",
        saved=current.desk().queries.saved(database),
        schema=values.dumps({t.name: [c.name for c in t.columns] for t in schema.tables(place).values()}),
        seconds=current.desk().queries.seconds,
        export=lambda form: rendering.address("queries.download", _view(), database=database, form=form),
    )


def _view() -> list[tuple[str, str]]:
    """What of the address says which answer is shown."""
    return [(name, text) for name, text in request.args.items() if name == "sql" or name.startswith(PREFIX)]


def _numeric(answer: Answer) -> list[bool]:
    """For each column whether it holds numbers and nothing else."""
    kinds = [{type(row[place]) for row in answer.rows} - {type(None)} for place in range(len(answer.columns))]
    return [bool(kind) and kind <= {int, float} for kind in kinds]


@routes.get("/databases/<name:database>/query.<form>")
@access.allow("viewer")
def download(database: str, form: str) -> Response:
    """The answer as csv or json, exactly as the page shows it; texts like formulas are made harmless in csv."""
    if form not in {"csv", "json"}:
        raise NotFoundError("An answer is exported as csv or json.")
    answer = _read(database)
    response = Response(_csv(answer) if form == "csv" else _json(answer), content_type=exports.FORMATS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="query.{form}"'
    return response


def _csv(answer: Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_safe(answer.columns))
    writer.writerows(_safe([values.dumps(v) if isinstance(v, bytes) else v for v in row]) for row in answer.rows)
    return text.getvalue()


def _safe(row: Sequence[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in exports.FORMULA else cell for cell in row]


def _json(answer: Answer) -> str:
    return values.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows]) + "\n"


@routes.post("/databases/<name:database>/query/stop")
@access.allow("viewer")
def stop(database: str) -> Response:
    """Ends the queries that the caller has running in this database."""
    current.desk().database(database)
    current.desk().queries.stop(database, access.caller())
    return Response(status=204)


@routes.post("/databases/<name:database>/queries")
@access.allow("editor")
def save(database: str) -> Response:
    """Keeps what was typed under a name, for everybody."""
    current.desk().database(database)
    sql, name = request.form.get("sql", ""), request.form.get("name", "")
    current.desk().queries.save(database, name, sql, access.caller())
    messages.say(f"Saved as {name.strip()}.")
    return rendering.lead_to(url_for("queries.query", database=database, sql=sql))


@routes.post("/databases/<name:database>/queries/<name:query>/delete")
@access.allow("editor")
def forget(database: str, query: str) -> Response:
    """Forgets a saved query."""
    current.desk().queries.delete(database, query)
    messages.say(f"Forgotten: {query}.")
    return rendering.lead_to(url_for("queries.query", database=database))


@routes.get("/api/databases/<name:database>/queries")
@access.allow("viewer")
def saved_json(database: str) -> Response:
    """`{queries: [{name, sql, by, at}], next}`."""
    current.desk().database(database)
    found, after = bodies.part(current.desk().queries.saved(database))
    return rendering.answer({"queries": [vars(one) for one in found], "next": after})


@routes.post("/api/databases/<name:database>/queries")
@access.allow("editor")
def save_json(database: str) -> Response:
    """201 with the query kept from `{name, sql}`; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object())
    kept = current.desk().queries.save(database, given["name"], given["sql"], access.caller(), replaces=False)
    return rendering.answer(vars(kept), 201)


@routes.get("/api/databases/<name:database>/queries/<name:query>")
@access.allow("viewer")
def one_saved_json(database: str, query: str) -> Response:
    """`{name, sql, by, at}`."""
    current.desk().database(database)
    return rendering.answer(vars(current.desk().queries.find(database, query)))


@routes.patch("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def change_saved_json(database: str, query: str) -> Response:
    """The query after setting `{name, sql}`, either or both; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object(), partial=True)
    kept = current.desk().queries.change(
        database, query, access.caller(), new_name=given.get("name"), sql=given.get("sql")
    )
    return rendering.answer(vars(kept))


@routes.delete("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def forget_json(database: str, query: str) -> Response:
    """204."""
    current.desk().database(database)
    current.desk().queries.delete(database, query)
    return Response(status=204)


@routes.post("/api/databases/<name:database>/query")
@access.allow("viewer")
def query_json(database: str) -> Response:
    """`{columns, rows, truncated, milliseconds}` for `{sql, parameters}`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, "sql", "parameters", "write", "dry_run")
    place = current.desk().database(database)
    for name in ("write", "dry_run"):
        if body.get(name, False) is not False:
            raise InputError(errors={name: "Writing SQL is not offered yet."})
    given = body.get("parameters")
    sql = body.get("sql", "")
    answer = current.desk().queries.read(place, sql, {} if given is None else given, access.caller())
    return rendering.answer(vars(answer))
