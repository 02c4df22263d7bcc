"""A table's definition: shown with all that stands on it, altered and deleted. Pages and JSON side by side."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.database import alterations as database_alterations
from frontdesk.database import references, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError
from frontdesk.tables import alterations, searches, structure
from frontdesk.web import access, bodies, current, messages, rendering, wishes
from frontdesk.web.errors import status_of

routes = Blueprint("structures", __name__)


@routes.app_template_filter("keying")
def keying(table: Table) -> str:
    """The SQL that gives a table without a key one."""
    return database_alterations.keying(table)


@routes.get("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("viewer")
def show(database: str, table: str) -> Response:
    """All that a table is; for admins the forms that alter and delete it, of the column in the address too."""
    return _page(database, table, {}, {})


def _page(database: str, name: str, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Response:
    place = current.desk().database(database)
    table = schema.table(place, name)
    may_alter = access.caller().may("admin") and not place.read_only
    chosen = form.get("column") or request.args.get("column")
    return rendering.page(
        "tables/structure.html",
        status,
        database=database,
        table=table,
        details=alterations.details(place, table),
        form=form,
        errors=errors,
        search=searches.describe(table),
        usual=searches.usual(table),
        chosen=next((one for one in table.columns if one.name == chosen), None) if may_alter else None,
        may_alter=may_alter and alterations.can_alter(table),
        may_delete=may_alter and (alterations.can_alter(table) or table.kind == "view"),
        **(_offered(place, table) if may_alter else {}),
    )


def _offered(place: Database, table: Table) -> dict[str, Any]:
    """What an admin can choose from."""
    return {
        "hindrances": alterations.hindrances(place, table),
        "kept": alterations.is_kept(place, table),
        "types": list(schema.TYPES),
        "lines": wishes.LINES,
        "orders": place.dialect == "sqlite",
        "actions": references.ACTIONS,
        "targets": [one.name for one in schema.tables(place).values() if one.kind == "table" and one.primary_key],
    }


@routes.get("/api/databases/<name:database>/tables/<name:table>/structure")
@access.allow("viewer")
def show_json(database: str, table: str) -> Response:
    """The table with `sql`, `indexes`, `checks`, `referring`, `triggers` and `views`."""
    place = current.desk().database(database)
    found = schema.table(place, table)
    return rendering.answer(structure.describe(found) | asdict(alterations.details(place, found)))


@routes.post("/databases/<name:database>/tables/<name:table>/structure/preview")
@access.allow("admin")
def preview(database: str, table: str) -> Response:
    """What the form would change: its SQL, or the rows in the way. Nothing is changed."""
    place = current.desk().database(database)
    try:
        plan = alterations.plan(place, table, wishes.typed(request.form), access.caller())
    except InputError as error:
        return _page(database, table, request.form, error.errors, status_of(error))
    except ConflictError as error:
        return _refused(database, table, error)
    return rendering.page(
        "tables/plan.html",
        database=database,
        table=schema.table(place, table),
        plan=plan,
        form=request.form,
        refusal=None,
    )


def _refused(database: str, name: str, error: ConflictError) -> Response:
    """What stands in the way, with the first rows of it."""
    table = schema.table(current.desk().database(database), name)
    return rendering.page(
        "tables/plan.html",
        status_of(error),
        database=database,
        table=table,
        plan=None,
        form=request.form,
        refusal=error,
    )


@routes.post("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("admin")
def alter(database: str, table: str) -> Response:
    """Alters the table as was typed, and leads to its structure."""
    place = current.desk().database(database)
    try:
        altered, change = alterations.alter(place, table, wishes.typed(request.form), access.caller())
    except InputError as error:
        return _page(database, table, request.form, error.errors, status_of(error))
    except ConflictError as error:
        return _refused(database, table, error)
    messages.say(f"Changed the definition of {altered.name}.", change)
    return rendering.lead_to(url_for("structures.show", database=database, table=altered.name))


@routes.patch("/api/databases/<name:database>/tables/<name:table>")
@access.allow("admin")
def alter_json(database: str, table: str) -> Response:
    """The table after what is wished, and the `change`; on `dry_run` the `statements` that would be carried out."""
    place, given = current.desk().database(database), bodies.json_object()
    if given.pop("dry_run", False):
        plan = alterations.plan(place, table, given, access.caller())
        told = {"change": None, "statements": plan.statements, "undoable": plan.undoable}
        return rendering.answer(structure.describe(plan.table) | told)
    altered, change = alterations.alter(place, table, given, access.caller())
    return rendering.answer(structure.describe(altered) | {"change": change})


@routes.delete("/api/databases/<name:database>/tables/<name:table>")
@access.allow("admin")
def delete_json(database: str, table: str) -> Response:
    """204."""
    alterations.delete(current.desk().database(database), table, access.caller())
    return Response(status=204)


@routes.post("/databases/<name:database>/tables/<name:table>/delete")
@access.allow("admin")
def delete(database: str, table: str) -> Response:
    """Deletes the table whose name was typed, and leads to the database."""
    if request.form.get("typed") != table:
        return _page(database, table, request.form, {"typed": f"Type {table} to delete it."}, 422)
    try:
        change = alterations.delete(current.desk().database(database), table, access.caller())
    except ConflictError as error:
        return _page(database, table, request.form, {"typed": f"{error.message} {error.hint}".strip()}, 409)
    messages.say(f"Deleted {table}.", change)
    return rendering.lead_to(url_for("tables.tables", database=database))


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
        return _page(database, table, {}, {"search": " ".join(wrong.values())}, status_of(error))
    if change:
        messages.say(f"Made the search index of {table}.", change)
    return rendering.lead_to(url_for("structures.show", database=database, table=table))


@routes.post("/databases/<name:database>/tables/<name:table>/search/drop")
@access.allow("admin")
def drop_search(database: str, table: str) -> Response:
    """Drops the search index."""
    try:
        change = searches.drop(current.desk().database(database), table, access.caller())
    except ConflictError as error:
        return _page(database, table, {}, {"search": f"{error.message} {error.hint}".strip()}, 409)
    messages.say(f"Dropped the search index of {table}.", change)
    return rendering.lead_to(url_for("structures.show", database=database, table=table))


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
