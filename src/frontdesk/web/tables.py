"""Databases and tables: listed, described, created. Pages and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import changes
from frontdesk.tables import alterations, saved_charts, searches, structure
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("tables", __name__)

ADDED = 3
"""Lines for new columns that the form of a table's structure has."""


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


@routes.patch("/api/databases/<name:database>/tables/<name:table>")
@access.allow("admin")
def alter_json(database: str, table: str) -> Response:
    """The table after `{name, add, rename, drop}`, and the `change`."""
    place = current.desk().database(database)
    altered, change = alterations.alter(place, table, bodies.json_object(), access.caller())
    return rendering.answer(structure.describe(altered) | {"change": change})


@routes.delete("/api/databases/<name:database>/tables/<name:table>")
@access.allow("admin")
def delete_json(database: str, table: str) -> Response:
    """204."""
    alterations.delete(current.desk().database(database), table, access.caller())
    return Response(status=204)


@routes.get("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("viewer")
def table_structure(database: str, table: str) -> Response:
    """The columns, keys and references of a table; for admins the forms that alter and delete it."""
    return _structure(database, table, {}, {})


def _structure(
    database: str, name: str, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    place = current.desk().database(database)
    table = schema.table(place, name)
    may_alter = access.caller().may("admin") and not place.read_only
    return rendering.page(
        "tables/structure.html",
        status,
        database=database,
        table=table,
        form=form,
        errors=errors,
        may_alter=may_alter,
        may_delete=may_alter and (table.editable or table.kind == "view"),
        hindrances=alterations.hindrances(place, table) if may_alter else [],
        kept=may_alter and alterations.is_kept(place, table),
        types=list(schema.TYPES),
        lines=ADDED,
        search=searches.describe(table),
        usual=searches.usual(table),
    )


@routes.post("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("admin")
def alter(database: str, table: str) -> Response:
    """Alters the table as was typed, and leads to its structure."""
    place = current.desk().database(database)
    try:
        altered, change = alterations.alter(place, table, _typed_changes(request.form), access.caller())
    except (InputError, ConflictError) as error:
        wrong = getattr(error, "errors", None) or {"": f"{error.message} {error.hint}".strip()}
        return _structure(database, table, request.form, wrong, status_of(error))
    messages.say(f"Changed the definition of {altered.name}.", change)
    return rendering.lead_to(url_for("tables.table_structure", database=database, table=altered.name))


def _typed_changes(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's `name`, `was.0`, `column.0`, `drop.0`, and lines `add.0.name`, `add.0.type`, as JSON has them."""
    old = [(form[f"was.{line}"], line) for line in range(structure.MOST_COLUMNS) if f"was.{line}" in form]
    dropped = [name for name, line in old if f"drop.{line}" in form]
    renamed = {name: form.get(f"column.{line}", name).strip() for name, line in old if name not in dropped}
    added = [
        {
            "name": form[f"add.{line}.name"].strip(),
            "type": form.get(f"add.{line}.type", "TEXT"),
            "nullable": f"add.{line}.required" not in form,
            "default": form.get(f"add.{line}.default") or None,
        }
        for line in range(ADDED)
        if form.get(f"add.{line}.name", "").strip()
    ]
    names = {name: new for name, new in renamed.items() if new != name}
    return {"name": form.get("name", "").strip(), "rename": names, "drop": dropped, "add": added}


@routes.post("/databases/<name:database>/tables/<name:table>/search")
@access.allow("admin")
def make_search(database: str, table: str) -> Response:
    """Makes the search index of the columns that were ticked."""
    try:
        _, change = searches.create(
            current.desk().database(database), table, request.form.getlist("column"), access.caller()
        )
    except (InputError, ConflictError) as error:
        wrong = getattr(error, "errors", None) or {"columns": f"{error.message} {error.hint}".strip()}
        return _structure(database, table, {}, {"search": " ".join(wrong.values())}, status_of(error))
    if change:
        messages.say(f"Made the search index of {table}.", change)
    return rendering.lead_to(url_for("tables.table_structure", database=database, table=table))


@routes.post("/databases/<name:database>/tables/<name:table>/search/drop")
@access.allow("admin")
def drop_search(database: str, table: str) -> Response:
    """Drops the search index."""
    try:
        change = searches.drop(current.desk().database(database), table, access.caller())
    except ConflictError as error:
        return _structure(database, table, {}, {"search": f"{error.message} {error.hint}".strip()}, 409)
    messages.say(f"Dropped the search index of {table}.", change)
    return rendering.lead_to(url_for("tables.table_structure", database=database, table=table))


@routes.get("/api/databases/<name:database>/tables/<name:table>/search")
@access.allow("viewer")
def search_json(database: str, table: str) -> Response:
    """`{columns, made_by, searchable}`."""
    return rendering.answer(searches.describe(schema.table(current.desk().database(database), table)))


@routes.put("/api/databases/<name:database>/tables/<name:table>/search")
@access.allow("admin")
def make_search_json(database: str, table: str) -> Response:
    """The search index made of `{columns}`, with the `change`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, "columns")
    columns = body.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise InputError(errors={"columns": 'Write a list of columns, such as ["name"].'})
    made, change = searches.create(current.desk().database(database), table, columns, access.caller())
    return rendering.answer(searches.describe(made) | {"change": change})


@routes.delete("/api/databases/<name:database>/tables/<name:table>/search")
@access.allow("admin")
def drop_search_json(database: str, table: str) -> Response:
    """204."""
    searches.drop(current.desk().database(database), table, access.caller())
    return Response(status=204)


@routes.post("/databases/<name:database>/tables/<name:table>/delete")
@access.allow("admin")
def delete(database: str, table: str) -> Response:
    """Deletes the table whose name was typed, and leads to the database."""
    if request.form.get("typed") != table:
        return _structure(database, table, request.form, {"typed": f"Type {table} to delete it."}, 422)
    try:
        change = alterations.delete(current.desk().database(database), table, access.caller())
    except ConflictError as error:
        return _structure(database, table, request.form, {"typed": f"{error.message} {error.hint}".strip()}, 409)
    messages.say(f"Deleted {table}.", change)
    return rendering.lead_to(url_for("tables.tables", database=database))
