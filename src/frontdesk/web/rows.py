"""Rows: by the page, one by one, inserted, changed, deleted. Pages and JSON side by side."""

from collections.abc import Mapping

from flask import Blueprint, Response, request, url_for

from frontdesk.database import schema
from frontdesk.errors import ConflictError, DataError, Error, InputError, IntegrityError
from frontdesk.history import changes
from frontdesk.tables import columns, filters, keyset, references
from frontdesk.tables import rows as table_rows
from frontdesk.tables.keys import KeyText
from frontdesk.tables.keyset import Sort
from frontdesk.web import access, bodies, current, facts, grids, listings, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("rows", __name__)


@routes.get("/databases/<name:database>/tables/<name:table>")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """The rows of a table, filtered, sorted, by the page."""
    view = listings.view(database, table)
    return rendering.page("tables/rows.html", 422 if view["errors"] else 200, **view)


@routes.get("/databases/<name:database>/tables/<name:table>/sort")
@access.allow("viewer")
def sort(database: str, table: str) -> Response:
    """Leads to the rows sorted as the form says: its lines `by` and `way`, as many as there are."""
    arguments = [
        (name, value) for name, value in request.args.items(multi=True) if name not in {":by", ":way", "_sort"}
    ]
    given = zip(request.args.getlist(":by"), request.args.getlist(":way"), strict=False)
    chosen = {name: Sort(name, way == "down") for name, way in given if name}
    asked = [("_sort", keyset.written_sorts(list(chosen.values())))] if chosen else []
    return rendering.lead_to(rendering.address("rows.index", [*arguments, *asked], database=database, table=table))


@routes.get("/databases/<name:database>/tables/<name:table>/filter")
@access.allow("viewer")
def add_filter(database: str, table: str) -> Response:
    """Leads to the rows with one more filter: the form `column`, `operator`, `value` written as an address."""
    arguments = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in {":column", ":operator", ":value"}
    ]
    operator, value = request.args.get(":operator", "exact"), request.args.get(":value", "")
    if operator == "isnotnull":
        operator, value = "isnull", "0"
    elif operator == "isnull":
        value = "1"
    made = filters.Filter(request.args.get(":column", ""), operator, value)
    address = rendering.address("rows.index", [*arguments, (made.parameter, value)], database=database, table=table)
    return rendering.lead_to(address)


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows")
@access.allow("viewer")
def rows_json(database: str, table: str) -> Response:
    """`{rows: […], next, count, facets}`."""
    return rendering.answer(listings.page(database, table, request.args.get("_count", "")).json())


@routes.post("/api/databases/<name:database>/tables/<name:table>/rows")
@access.allow("editor")
def insert_json(database: str, table: str) -> Response:
    """201 `{inserted, updated, keys}` for `{rows, on_conflict}`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, "rows", "on_conflict")
    given = body.get("rows")
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise InputError(errors={"rows": 'Write a list of objects, such as [{"name": "Krish"}].'})
    made = table_rows.insert(
        current.desk().database(database), table, given, access.caller(), body.get("on_conflict", "error")
    )
    return rendering.answer(made.json(), 201)


@routes.get("/databases/<name:database>/tables/<name:table>/new")
@access.allow("editor")
def new(database: str, table: str) -> Response:
    """The form for a new row, made from the schema."""
    return _new_form(database, schema.table(current.desk().database(database), table), {}, {})


def _new_form(
    database: str, table: schema.Table, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    fields = [columns.field(column) for column in columns.writable(table) if column.kind != "file"]
    return rendering.page(
        "tables/new_row.html", status, database=database, table=table, fields=fields, form=form, errors=errors
    )


@routes.post("/databases/<name:database>/tables/<name:table>/new")
@access.allow("editor")
def insert(database: str, table: str) -> Response:
    """Inserts the row that was typed."""
    try:
        key = table_rows.insert_typed(current.desk().database(database), table, request.form, access.caller())
    except (InputError, IntegrityError, DataError) as error:
        shape = schema.table(current.desk().database(database), table)
        return _new_form(database, shape, request.form, wrong(error), status_of(error))
    messages.say_changed("Inserted.", database)
    return rendering.lead_to(url_for("rows.row", database=database, table=table, key=key))


def wrong(error: Error) -> dict[str, str]:
    """A sentence for each wrong field; under "" what belongs to none."""
    if isinstance(error, InputError):
        return error.errors
    concerned = getattr(error, "columns", ())
    return dict.fromkeys(concerned, error.message) or {"": f"{error.message} {error.hint}".strip()}


@routes.get("/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("viewer")
def row(database: str, table: str, key: KeyText) -> Response:
    """One row: its values, as a form for those who may change it, and its history."""
    return _row(database, table_rows.find(current.desk().database(database), table, key), {}, {})


def _row(
    database: str, found: table_rows.Row, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    bytes_in = {name for name, value in found.values.items() if isinstance(value, bytes)}  # which nobody types
    typeable = [one for one in columns.writable(found.table) if one.kind != "file" and one.name not in bytes_in]
    fields = [columns.field(column) for column in typeable]
    typed = {one.name: columns.written(found.table.column(one.name), found.values[one.name]) for one in fields}
    place = current.desk().database(database)
    history = changes.search(place, table=found.table.name, key=found.key, size=20)
    shown = facts.facts(database, found)
    editable = found.table.editable and access.caller().may("editor")
    return rendering.page(
        "tables/row.html",
        status,
        database=database,
        table=found.table,
        row=found,
        fields=fields,
        form=form or typed,
        kept=bool(form),
        errors=errors,
        history=history,
        cuts=[] if history.next else current.desk().changes.cuts(database),
        facts=facts.of_interest(shown) if editable else shown,
        refers=[_linked(database, one) for one in references.refers(place, found.table, found.values)],
        referring=references.referring(place, found.table, found.values),
    )


def _linked(database: str, found: references.Reference) -> dict[str, str | None]:
    """A row that this one refers to, as the page shows it."""
    return {
        "columns": ", ".join(found.columns),
        "table": found.table,
        "text": found.text,
        "label": found.label,
        "href": grids.reference_address(database, found),
    }


@routes.post("/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def update(database: str, table: str, key: KeyText) -> Response:
    """Sets what was typed."""
    place = current.desk().database(database)
    try:
        found = table_rows.update_typed(place, table, key, request.form, access.caller(), request.args.get("_if_match"))
    except (InputError, IntegrityError, DataError, ConflictError) as error:
        return _row(database, table_rows.find(place, table, key), request.form, wrong(error), status_of(error))
    messages.say_changed("Saved.", database)
    return rendering.lead_to(url_for("rows.row", database=database, table=table, key=found.key))


@routes.post("/databases/<name:database>/tables/<name:table>/rows/<key:key>/delete")
@access.allow("editor")
def delete(database: str, table: str, key: KeyText) -> Response:
    """Deletes the row; it can be undone."""
    try:
        table_rows.delete(current.desk().database(database), table, key, access.caller(), request.args.get("_if_match"))
    except ConflictError as error:
        return _row(database, table_rows.find(current.desk().database(database), table, key), {}, wrong(error), 409)
    messages.say_changed("Deleted.", database)
    return rendering.lead_to(url_for("rows.index", database=database, table=table))


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("viewer")
def row_json(database: str, table: str, key: KeyText) -> Response:
    """`{row: {…}}` with its ETag."""
    return _tagged(table_rows.find(current.desk().database(database), table, key))


@routes.patch("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def update_json(database: str, table: str, key: KeyText) -> Response:
    """`{row: {…}}` after setting `{column: value}`; 409 with `current` when If-Match is stale."""
    match = request.headers.get("If-Match")
    return _tagged(
        table_rows.update(
            current.desk().database(database),
            table,
            key,
            bodies.json_object(),
            access.caller(),
            match,
            texts=bodies.flag("_text"),
        )
    )


@routes.delete("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def delete_json(database: str, table: str, key: KeyText) -> Response:
    """204."""
    table_rows.delete(current.desk().database(database), table, key, access.caller(), request.headers.get("If-Match"))
    return Response(status=204)


def _tagged(found: table_rows.Row) -> Response:
    response = rendering.answer({"row": found.json()})
    response.headers["ETag"] = f'"{found.etag}"'
    return response
