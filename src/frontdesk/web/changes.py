"""The history of a table, of a row, and each change; undone from here. Pages and JSON side by side."""

from flask import Blueprint, Response, url_for

from frontdesk.database import schema
from frontdesk.history import changes
from frontdesk.tables import keys
from frontdesk.tables.keys import KeyText
from frontdesk.web import access, bodies, current, messages, rendering

routes = Blueprint("changes", __name__)


def _changes_of(database: str, table: str, key: KeyText | None = None) -> changes.Page:
    place = current.desk().database(database)
    return changes.search(
        place,
        table=table,
        key=keys.values(schema.table(place, table), key) if key else None,
        size=bodies.size(),
        before=bodies.next_number(),
    )


@routes.get("/databases/<name:database>/tables/<name:table>/history")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """What changed in a table, newest first."""
    shape = schema.table(current.desk().database(database), table)
    return rendering.page("tables/history.html", database=database, table=shape, history=_changes_of(database, table))


@routes.get("/api/databases/<name:database>/tables/<name:table>/history")
@access.allow("viewer")
def history_json(database: str, table: str) -> Response:
    """`{changes: […], next}`."""
    found = _changes_of(database, table)
    return rendering.answer(
        {"changes": [current.desk().changes.json(one) for one in found.changes], "next": found.next}
    )


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>/history")
@access.allow("viewer")
def row_history_json(database: str, table: str, key: KeyText) -> Response:
    """`{changes: […], next}` of one row."""
    found = _changes_of(database, table, key)
    return rendering.answer(
        {"changes": [current.desk().changes.json(one) for one in found.changes], "next": found.next}
    )


@routes.get("/changes/<name:change>")
@access.allow("viewer")
def change(change: str) -> Response:
    """One change with the rows before and after."""
    found = current.desk().changes.find(change)
    listed, after = current.desk().changes.rows(change, size=bodies.size(), after=bodies.next_number() or 0)
    return rendering.page("tables/change.html", change=found, rows=listed, next=after)


@routes.get("/api/changes/<name:change>")
@access.allow("viewer")
def change_json(change: str) -> Response:
    """One change."""
    return rendering.answer(current.desk().changes.json(current.desk().changes.find(change)))


@routes.get("/api/changes/<name:change>/rows")
@access.allow("viewer")
def change_rows_json(change: str) -> Response:
    """`{rows: [{key, before, after}], next}`."""
    listed, after = current.desk().changes.rows(change, size=bodies.size(), after=bodies.next_number() or 0)
    return rendering.answer({"rows": current.desk().changes.rows_json(change, listed), "next": after})


@routes.post("/changes/<name:change>/undo")
@access.allow("editor")
def undo(change: str) -> Response:
    """Undoes a change and leads to its table."""
    done = current.desk().changes.undo(change, access.caller())
    found = current.desk().changes.find(change)  # under the name that its table has now
    messages.say_undone(done.undone, done.changes[0], redone=found.operation == "undo")
    if found.table not in schema.tables(current.desk().database(found.database)):
        return rendering.lead_to(url_for("tables.tables", database=found.database))
    return rendering.lead_to(url_for("changes.index", database=found.database, table=found.table))


@routes.post("/api/changes/<name:change>/undo")
@access.allow("editor")
def undo_json(change: str) -> Response:
    """`{changes: [ids], undone}`; 409 with `refused` when a row has changed since."""
    return rendering.answer(vars(current.desk().changes.undo(change, access.caller())))
