"""How a person has a table's columns. Page and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from frontdesk.database import schema
from frontdesk.errors import InputError
from frontdesk.tables import layouts
from frontdesk.web import access, bodies, current, messages, rendering

routes = Blueprint("layouts", __name__)

TABLE = "/databases/<name:database>/tables/<name:table>"


def _table(database: str, table: str) -> schema.Table:
    return schema.table(current.desk().database(database), table)


@routes.get(f"/api{TABLE}/layout")
@access.allow("viewer")
def layout_json(database: str, table: str) -> Response:
    """`{columns: [{name, width, hidden}]}` as the caller has them."""
    found = layouts.read(current.desk().state, access.caller(), database, _table(database, table).name)
    return rendering.answer(found.json())


@routes.put(f"/api{TABLE}/layout")
@access.allow("viewer")
def keep_layout_json(database: str, table: str) -> Response:
    """The caller's columns after keeping `{columns: [{name, width, hidden}]}`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, "columns")
    given = body.get("columns")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise InputError(errors={"columns": 'Write a list, such as [{"name": "age", "width": 90, "hidden": false}].'})
    return rendering.answer(_keep(database, table, given).json())


def _keep(database: str, table: str, given: list[dict[str, Any]]) -> layouts.Layout:
    return layouts.keep(current.desk().state, access.caller(), database, _table(database, table), given)


@routes.delete(f"/api{TABLE}/layout")
@access.allow("viewer")
def forget_layout_json(database: str, table: str) -> Response:
    """204."""
    layouts.forget(current.desk().state, access.caller(), database, _table(database, table).name)
    return Response(status=204)


@routes.post(f"{TABLE}/layout")
@access.allow("viewer")
def keep_layout(database: str, table: str) -> Response:
    """Keeps the columns as they were ticked and numbered, or as the table has them."""
    if "reset" in request.form:
        layouts.forget(current.desk().state, access.caller(), database, _table(database, table).name)
    else:
        try:
            _keep(database, table, _typed(request.form))
        except InputError as error:
            messages.say(" ".join(error.errors.values()) + " Nothing was kept.")
    kept = [(name, text) for name, text in request.args.items(multi=True) if name not in {"_columns", "_next"}]
    return rendering.lead_to(rendering.address("rows.index", kept, database=database, table=table))


def _typed(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The form's lines `name.0`, `order.0`, `width.0`, `shown.0` as JSON has them, in the order of the numbers."""
    made = []
    for line in range(len(form)):
        if f"name.{line}" not in form:
            break
        order, width = form.get(f"order.{line}", ""), form.get(f"width.{line}", "").strip()
        place = float(order) if order.strip().replace(".", "", 1).isdecimal() else line + 1.0
        pixels = int(width) if width.isascii() and width.isdigit() else None if width == "" else width
        column = {"name": form[f"name.{line}"], "width": pixels, "hidden": f"shown.{line}" not in form}
        made.append((place, line, column))
    return [column for *_, column in sorted(made, key=lambda one: one[:2])]
