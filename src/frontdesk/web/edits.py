"""Many rows at once: a block of cells, and all rows that were chosen. Page and JSON side by side."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import DataError, Error, InputError, IntegrityError
from frontdesk.tables import columns, edits, filters, keys, selections
from frontdesk.tables.edits import Edited
from frontdesk.tables.selections import Chosen
from frontdesk.web import access, bodies, cells, current, listings, messages, paths, rendering, rows
from frontdesk.web.errors import status_of

routes = Blueprint("edits", __name__)

CHOICE = ("keys", "where", "search", "count", "dry_run")
"""What says in JSON which rows are meant, and whether it is only tried."""


@routes.post("/api/databases/<name:database>/tables/<name:table>/rows/edit")
@access.allow("editor")
def edit_json(database: str, table: str) -> Response:
    """`{updated, inserted, deleted, cells, rows, change}` for `{rows, insert}`, or for chosen rows and `{set}`."""
    body = bodies.json_object()
    place, who = current.desk().database(database), access.caller()
    how = {"texts": _flag(body, "text"), "trial": _flag(body, "dry_run")}
    if "set" in body:
        bodies.refuse_unknown(body, *CHOICE, "set", "text")
        given = _given(body, "set", Mapping, 'Write {"column": value}.')
        return _answer(selections.update(place, table, _chosen(body), given, who, **how))
    bodies.refuse_unknown(body, "rows", "insert", "text", "dry_run")
    block, new = (_given(body, name, list, "Write a list of objects.") or [] for name in ("rows", "insert"))
    return _answer(edits.update_many(place, table, _objects(block, "rows"), who, insert=_objects(new, "insert"), **how))


@routes.post("/api/databases/<name:database>/tables/<name:table>/rows/delete")
@access.allow("editor")
def delete_json(database: str, table: str) -> Response:
    """The same of the rows that are deleted: `{keys}`, or what a filter selects: `{where, search, count}`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, *CHOICE)
    trial = _flag(body, "dry_run")
    place = current.desk().database(database)
    return _answer(selections.delete(place, table, _chosen(body), access.caller(), trial=trial))


@routes.post("/api/databases/<name:database>/tables/<name:table>/rows/duplicate")
@access.allow("editor")
def duplicate_json(database: str, table: str) -> Response:
    """The same of the rows that are inserted once more, under keys that the database draws."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, *CHOICE)
    trial = _flag(body, "dry_run")
    place = current.desk().database(database)
    return _answer(selections.duplicate(place, table, _chosen(body), access.caller(), trial=trial))


def _answer(done: Edited) -> Response:
    return rendering.answer(done.json())


def _given(body: Mapping[str, Any], name: str, kind: Any, sentence: str) -> Any:
    found = body.get(name)
    if found is not None and not isinstance(found, kind):
        raise InputError(errors={name: sentence})
    return found


def _objects(given: list[Any], name: str) -> list[dict[str, Any]]:
    if not all(isinstance(one, dict) for one in given):
        raise InputError(errors={name: "Write a list of objects."})
    return given


def _flag(body: Mapping[str, Any], name: str) -> bool:
    found = body.get(name, False)
    if not isinstance(found, bool):
        raise InputError(errors={name: "Write true or false."})
    return found


def _chosen(body: Mapping[str, Any]) -> Chosen:
    """The rows that a JSON object names, by their keys or by filters."""
    if ("keys" in body) == ("where" in body):
        raise InputError(errors={"keys": 'Give either keys, such as [1, 2], or where, such as {"age__gt": 30}.'})
    named = _given(body, "keys", list, "Write a list of keys.")
    where = _given(body, "where", dict, 'Write an object, such as {"age__gt": 30}.') or {}
    search = _given(body, "search", str, "Write a text.") or ""
    count = _given(body, "count", int, "Write a whole number.")
    known = None if named is None else [keys.of_json(one) for one in named]
    return Chosen(known, filters.as_parameters(where), search, count)


@routes.post("/databases/<name:database>/tables/<name:table>/selected")
@access.allow("editor")
def selected(database: str, table: str) -> Response:
    """Does to the ticked rows what was asked, or shows first what it would do to them."""
    act, step = request.form.get(":act", "edit"), request.form.get(":step", "")
    everything = ":all" in request.form
    if act != "edit" and (step == "do" or not everything):
        return _do(database, table, act)
    return _do(database, table, act) if step == "do" else _show(database, table, act)


ACTS = {"edit": "Edit", "delete": "Delete", "duplicate": "Duplicate"}


def _ticked() -> Chosen:
    """The rows that the form names: those that are ticked, or all that the address selects."""
    if ":all" not in request.form:
        return Chosen([paths.key(text) for text in request.form.getlist(":key")])
    count = request.form.get(":count", "")
    return Chosen(
        None,
        listings.where(),
        request.args.get("_search", ""),
        int(count) if count.isascii() and count.isdigit() and len(count) < 19 else None,
    )


def _tried(database: str, table: str, act: str, trial: bool) -> Edited:
    place, who, chosen = current.desk().database(database), access.caller(), _ticked()
    if act == "delete":
        return selections.delete(place, table, chosen, who, trial=trial)
    if act == "duplicate":
        return selections.duplicate(place, table, chosen, who, trial=trial)
    column = request.form.get(":column", "")
    text = None if f"{column}__null" in request.form else request.form.get(":value", "")
    given = {column: None if ":null" in request.form else text} if column else {}
    return selections.update(place, table, chosen, given, who, texts=True, trial=trial)


def _do(database: str, table: str, act: str) -> Response:
    try:
        done = _tried(database, table, act, trial=False)
    except Error as error:
        return _show(database, table, act, error)
    number = done.updated + done.inserted + done.deleted
    what = {"delete": "Deleted", "duplicate": "Duplicated"}.get(act, "Changed")
    messages.say(f"{what} {number:,} {'row' if number == 1 else 'rows'}.", done.change)
    return rendering.lead_to(_back(database, table))


def _back(database: str, table: str) -> str:
    arguments = list(request.args.items(multi=True))
    return rendering.address("rows.index", arguments, database=database, table=table)


def _show(database: str, table: str, act: str, error: Error | None = None) -> Response:
    """What would be done, and to how many rows; nothing is changed."""
    shape = schema.table(current.desk().database(database), table)
    tried: Edited | None = None
    if error is None and (act != "edit" or request.form.get(":column")):
        try:
            tried = _tried(database, table, act, trial=True)
        except Error as refused:
            error = refused
    writable = sorted(columns.writable(shape), key=lambda column: column.name in shape.key)  # keys are seldom meant
    fields = [columns.field(column) for column in writable if column.kind != "file"]
    wrong = rows.wrong(error) if isinstance(error, (InputError, IntegrityError, DataError)) else {}
    sentence = "" if error is None or (wrong and "" not in wrong) else f"{error.message} {error.hint}".strip()
    chosen = request.form.getlist(":key")
    everything = ":all" in request.form
    return rendering.page(
        "tables/selected.html",
        200 if error is None else status_of(error),
        database=database,
        table=shape,
        act=act,
        acts=ACTS,
        fields=fields,
        form=request.form,
        chosen=[] if everything else chosen,
        everything=everything,
        number=request.form.get(":count", "") if everything else len(chosen),
        errors=wrong,
        sentence=sentence,
        tried=tried,
        sample=cells.compared([cells.readable(row, shape) for row in tried.told]) if tried and tried.told else "",
        here=url_for("edits.selected", database=database, table=table) + _query(),
        back=_back(database, table),
    )


def _query() -> str:
    arguments = list(request.args.items(multi=True))
    return f"?{urlencode(arguments)}" if arguments else ""
