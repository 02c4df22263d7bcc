"""Views of a table that were saved under a name. Pages and JSON side by side."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import InputError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.tables import saved_views
from frontdesk.web import access, bodies, current, messages, rendering

routes = Blueprint("saved_views", __name__)

TABLE = "/databases/<name:database>/tables/<name:table>"
SAVED = (Field("question", "text"),)
"""What a saved view is made of, besides its name."""


def _table(database: str, table: str) -> schema.Table:
    return schema.table(current.desk().database(database), table)


@routes.get(f"/api{TABLE}/views")
@access.allow("viewer")
def views_json(database: str, table: str) -> Response:
    """`{views: [{name, question, by, at}], next}`."""
    found, after = bodies.part(saved_views.saved(current.desk().state, database, _table(database, table).name))
    return rendering.answer({"views": [vars(one) for one in found], "next": after})


@routes.get(f"/api{TABLE}/views/<name:view>")
@access.allow("viewer")
def view_json(database: str, table: str, view: str) -> Response:
    """`{name, question, by, at}`."""
    found = saved_views.find(current.desk().state, database, _table(database, table).name, view)
    return rendering.answer(vars(found))


@routes.put(f"/api{TABLE}/views/<name:view>")
@access.allow("editor")
def keep_view_json(database: str, table: str, view: str) -> Response:
    """The view kept from `{question}`; 201 where there was none of this name."""
    given = parsing.parse_json(SAVED, bodies.json_object())
    shape = _table(database, table)
    kept, new = saved_views.keep(current.desk().state, database, shape, view, given["question"], access.caller())
    return rendering.answer(vars(kept), 201 if new else 200)


@routes.delete(f"/api{TABLE}/views/<name:view>")
@access.allow("editor")
def forget_view_json(database: str, table: str, view: str) -> Response:
    """204."""
    saved_views.delete(current.desk().state, database, _table(database, table).name, view)
    return Response(status=204)


@routes.get(f"{TABLE}/views/<name:view>")
@access.allow("viewer")
def show_view(database: str, table: str, view: str) -> Response:
    """Leads to the rows as the view has them: a link that stays when the view is changed."""
    found = saved_views.find(current.desk().state, database, _table(database, table).name, view)
    return rendering.lead_to(_rows(database, table, found.question))


@routes.post(f"{TABLE}/views")
@access.allow("editor")
def keep_view(database: str, table: str) -> Response:
    """Saves what the address shows under the name that was typed."""
    question = urlencode(list(request.args.items(multi=True)))
    try:
        kept, _ = saved_views.keep(
            current.desk().state,
            database,
            _table(database, table),
            request.form.get("name", ""),
            question,
            access.caller(),
        )
    except InputError as error:
        messages.say(" ".join(error.errors.values()) + " Nothing was saved.")
        return rendering.lead_to(_rows(database, table, question))
    messages.say(f"Saved as {kept.name}.")
    return rendering.lead_to(_rows(database, table, kept.question))


@routes.post(f"{TABLE}/views/<name:view>/delete")
@access.allow("editor")
def forget_view(database: str, table: str, view: str) -> Response:
    """Forgets a view."""
    saved_views.delete(current.desk().state, database, _table(database, table).name, view)
    messages.say(f"Forgotten: {view}.")
    return rendering.lead_to(_rows(database, table, urlencode(list(request.args.items(multi=True)))))


def _rows(database: str, table: str, question: str) -> str:
    return url_for("rows.index", database=database, table=table) + (f"?{question}" if question else "")
