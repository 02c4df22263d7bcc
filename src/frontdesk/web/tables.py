"""Databases, tables and views: listed, described, created. Pages and JSON side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import changes
from frontdesk.tables import lines, saved_charts, structure, views
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("tables", __name__)

LINES = 12
"""Lines for columns that the form of a new table has."""


@routes.get("/databases")
@access.allow("viewer")
def databases() -> Response:
    """Every database with its tables."""
    return rendering.page("tables/databases.html", databases=current.desk().summaries())


@routes.get("/api/databases")
@access.allow("viewer")
def databases_json() -> Response:
    """`{databases: [{name, tables}], next}`."""
    found, after = bodies.part(current.desk().summaries())
    listed = [{"name": one.name, "tables": len(one.tables), "problem": one.problem} for one in found]
    return rendering.answer({"databases": listed, "next": after})


@routes.get("/databases/<name:database>")
@access.allow("viewer")
def tables(database: str) -> Response:
    """The tables of one database."""
    place = current.desk().database(database)
    return rendering.page(
        "tables/tables.html",
        database=database,
        tables=structure.summaries(place),
        charts=saved_charts.search(current.desk().state, database, access.caller()),
        deletions=changes.deletions(place) if access.caller().may("admin") else [],
    )


@routes.get("/api/databases/<name:database>")
@access.allow("viewer")
def tables_json(database: str) -> Response:
    """`{name, tables: [{name, rows, kind, columns}]}`."""
    return rendering.answer(
        {"name": database, "tables": [vars(one) for one in structure.summaries(current.desk().database(database))]}
    )


@routes.get("/databases/<name:database>/new")
@access.allow("admin")
def new_table(database: str) -> Response:
    """The form for a new table."""
    current.desk().database(database)
    return _new_table(database, {}, {})


def _new_table(
    database: str, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200, sql: str = ""
) -> Response:
    given = [int(name.partition(".")[2]) for name in form if name.startswith("name.")]
    return rendering.page(
        "tables/new_table.html",
        status,
        database=database,
        form=form,
        errors=errors,
        types=list(schema.TYPES),
        lines=max([LINES, *(number + 1 for number in given if number < structure.MOST_COLUMNS)]),
        sql=sql,
    )


@routes.post("/databases/<name:database>/new")
@access.allow("admin")
def create_table(database: str) -> Response:
    """Creates the table that was typed, or shows the SQL that would."""
    place, typed = current.desk().database(database), _typed_table(request.form)
    try:
        if "show" in request.form:
            return _new_table(database, request.form, {}, sql=structure.plan(place, typed, access.caller()))
        table = structure.create(place, typed, access.caller())
    except (InputError, ConflictError) as error:
        wrong = getattr(error, "errors", None) or {"name": error.message}
        return _new_table(database, request.form, wrong, status_of(error))
    messages.say_changed(f"Created {table.name}.", database)
    return rendering.lead_to(url_for("rows.index", database=database, table=table.name))


def _typed_table(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's lines `name.0`, `type.0`, `key.0`, `required.0`, `default.0` as the JSON of a table."""
    typed = [line for line in range(structure.MOST_COLUMNS) if form.get(f"name.{line}", "").strip()]
    made = [
        {
            "name": form[f"name.{line}"].strip(),
            "type": form.get(f"type.{line}", "TEXT"),
            "primary_key": f"key.{line}" in form,
            "nullable": f"required.{line}" not in form,
            "default": form.get(f"default.{line}") or None,
        }
        for line in typed
    ]
    return {"name": form.get("name", "").strip(), "columns": made}


@routes.post("/databases/<name:database>/new/lines")
@access.allow("admin")
def guess_table(database: str) -> Response:
    """The form of a new table, filled from the lines of a file that were pasted; nothing is made yet."""
    current.desk().database(database)
    try:
        return _new_table(database, _guessed(lines.columns(request.form.get("lines", ""))) | _named(request.form), {})
    except InputError as error:
        return _new_table(database, request.form, error.errors or {"lines": error.message}, 422)


def _named(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form[name] for name in ("name", "lines") if form.get(name, "").strip()}


def _guessed(columns: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Guessed columns as the form's lines."""
    form: dict[str, str] = {}
    for line, column in enumerate(columns):
        form |= {f"name.{line}": column["name"], f"type.{line}": column["type"]}
        form |= {f"key.{line}": "on"} if column["primary_key"] else {}
    return form


@routes.post("/databases/<name:database>/new/view")
@access.allow("admin")
def create_view(database: str) -> Response:
    """Creates a view of the SELECT that was typed."""
    typed = {"name": request.form.get("view", "").strip(), "sql": request.form.get("sql", "")}
    try:
        view = views.create(current.desk().database(database), typed, access.caller())
    except (InputError, ConflictError) as error:
        found = getattr(error, "errors", None) or {"sql": f"{error.message} {error.hint}".strip()}
        wrong = {"view" if field == "name" else field: text for field, text in found.items()}
        return _new_table(database, request.form, wrong, status_of(error))
    messages.say_changed(f"Created {view.name}.", database)
    return rendering.lead_to(url_for("rows.index", database=database, table=view.name))


@routes.post("/api/databases/<name:database>/tables")
@access.allow("admin")
def create_table_json(database: str) -> Response:
    """201 with the table created from `{name, columns}` or `{name, lines}`, or the view from `{name, sql}`."""
    place, given = current.desk().database(database), bodies.json_object()
    create = views.create if "sql" in given and "columns" not in given else structure.create
    return rendering.answer(structure.describe(create(place, lines.filled(given), access.caller())), 201)


@routes.get("/api/databases/<name:database>/tables/<name:table>")
@access.allow("viewer")
def table_json(database: str, table: str) -> Response:
    """`{name, columns: […], primary_key: […]}`."""
    return rendering.answer(structure.describe(schema.table(current.desk().database(database), table)))
