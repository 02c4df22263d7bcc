"""The history of a desk, a table and a row, and each change; undone from here. Pages and JSON side by side."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from frontdesk.database import schema
from frontdesk.database.schema import Table
from frontdesk.database.values import now
from frontdesk.errors import Error, InputError
from frontdesk.history import changes
from frontdesk.history.changes import Change, Row
from frontdesk.tables import keys, past
from frontdesk.tables.keys import KeyText
from frontdesk.web import access, bodies, cells, current, messages, rendering

routes = Blueprint("changes", __name__)


@routes.app_template_filter("readable")
def readable(row: Row, database: str, table: str) -> Row:
    """A row of the history with its values as people read them, by what the columns of its table are now."""
    return cells.readable(row, _shapes(database).get(table))


def _shapes(database: str) -> Mapping[str, Table]:
    """The tables of a database, looked up once for each request; none where it cannot be read just now."""
    known: dict[str, Mapping[str, Table]] = g.setdefault("shapes", {})
    if database not in known:
        with suppress(Error):
            known[database] = schema.tables(current.desk().database(database))
    return known.get(database, {})


def _wanted(*names: str) -> dict[str, Any]:
    """What the address says of the changes that are looked for."""
    return {name: request.args[name] for name in names if request.args.get(name)}


def _latest() -> tuple[list[Change], str | None]:
    wanted = _wanted("database", "table", "user", "operation", "request")
    if run := bodies.whole("run"):
        wanted["run"] = run
    return current.desk().changes.search(size=bodies.size(), token=bodies.next_token(), **wanted)


@routes.get("/changes")
@access.allow("viewer")
def latest() -> Response:
    """What changed in every database, newest first."""
    found, after = _latest()
    return rendering.page(
        "changes/index.html",
        changes=found,
        next=after,
        databases=sorted(current.desk().databases),
        operations=changes.OPERATIONS,
        cuts=[] if after else current.desk().changes.cuts(request.args.get("database") or None),
    )


@routes.get("/api/changes")
@access.allow("viewer")
def latest_json() -> Response:
    """`{changes: […], next}` of every database."""
    found, after = _latest()
    return rendering.answer({"changes": [current.desk().changes.json(one) for one in found], "next": after})


def _changes_of(database: str, table: str, key: KeyText | None = None) -> changes.Page:
    place = current.desk().database(database)
    return changes.search(
        place,
        table=table,
        key=keys.values(schema.table(place, table), key) if key else None,
        size=bodies.size(),
        before=bodies.next_number(),
        **_wanted("user", "operation"),
    )


@routes.get("/databases/<name:database>/tables/<name:table>/history")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """What changed in a table, newest first."""
    shape = schema.table(current.desk().database(database), table)
    found = _changes_of(database, table)
    return rendering.page(
        "tables/history.html",
        database=database,
        table=shape,
        history=found,
        operations=changes.OPERATIONS,
        cuts=[] if found.next else current.desk().changes.cuts(database),
    )


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


@routes.get("/databases/<name:database>/tables/<name:table>/rows/<key:key>/past")
@access.allow("viewer")
def row_past(database: str, table: str, key: KeyText) -> Response:
    """The row as it was at a moment, beside what it is now."""
    try:
        found, errors = past.find(current.desk().database(database), table, key, request.args.get("at", "")), {}
    except InputError as error:
        found = past.find(current.desk().database(database), table, key, now().isoformat())
        errors = error.errors if request.args.get("at") else {}
    return rendering.page(
        "changes/past.html", 422 if errors else 200, database=database, table=found.table, past=found, errors=errors
    )


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>/past")
@access.allow("viewer")
def row_past_json(database: str, table: str, key: KeyText) -> Response:
    """`{row, at, began, ended}`: the row as it was `at` a moment, null where it was not there."""
    found = past.find(current.desk().database(database), table, key, request.args.get("at", ""))
    return rendering.answer(found.json())


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
