"""Databases and tables: listed, described, created. Pages and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import ConflictError, InputError
from frontdesk.tables import structure
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("tables", __name__)


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
    return rendering.page(
        "tables/tables.html", database=database, tables=structure.summaries(current.desk().database(database))
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


def _new_table(database: str, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Response:
    return rendering.page(
        "tables/new_table.html", status, database=database, form=form, errors=errors, types=list(schema.TYPES), lines=12
    )


@routes.post("/databases/<name:database>/new")
@access.allow("admin")
def create_table(database: str) -> Response:
    """Creates the table that was typed."""
    try:
        table = structure.create(current.desk().database(database), _typed_table(request.form), access.caller())
    except (InputError, ConflictError) as error:
        wrong = getattr(error, "errors", None) or {"name": error.message}
        return _new_table(database, request.form, wrong, status_of(error))
    messages.say_changed(f"Created {table.name}.", database)
    return rendering.lead_to(url_for("rows.index", database=database, table=table.name))


def _typed_table(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's lines `name.0`, `type.0`, `key.0`, `required.0`, `default.0` as the JSON of a table."""
    lines = [line for line in range(100) if form.get(f"name.{line}", "").strip()]
    made = [
        {
            "name": form[f"name.{line}"].strip(),
            "type": form.get(f"type.{line}", "TEXT"),
            "primary_key": f"key.{line}" in form,
            "nullable": f"required.{line}" not in form,
            "default": form.get(f"default.{line}") or None,
        }
        for line in lines
    ]
    return {"name": form.get("name", "").strip(), "columns": made}


@routes.post("/api/databases/<name:database>/tables")
@access.allow("admin")
def create_table_json(database: str) -> Response:
    """201 with the table created from `{name, columns}`."""
    table = structure.create(current.desk().database(database), bodies.json_object(), access.caller())
    return rendering.answer(structure.describe(table), 201)


@routes.get("/api/databases/<name:database>/tables/<name:table>")
@access.allow("viewer")
def table_json(database: str, table: str) -> Response:
    """`{name, columns: […], primary_key: […]}`."""
    return rendering.answer(structure.describe(schema.table(current.desk().database(database), table)))


@routes.get("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("viewer")
def table_structure(database: str, table: str) -> Response:
    """The columns, keys and references of a table."""
    return rendering.page(
        "tables/structure.html", database=database, table=schema.table(current.desk().database(database), table)
    )
