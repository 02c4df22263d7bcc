"""Databases, tables, rows and their history: pages and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for

from frontdesk import context
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, Error, InputError, IntegrityError
from frontdesk.history import changes
from frontdesk.tables import columns, filters, keys, keyset, rows as table_rows, structure
from frontdesk.tables.keys import KeyText
from frontdesk.web import access, bodies, cells, current, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("tables", __name__)

OWN = frozenset({"_sort", "_size", "_next", "_columns", "_count", "_search", "_facet"})
"""Parameters of a list of rows that are no filters."""


def _database(name: str) -> Database:
    return current.desk().database(name)


def _where() -> list[tuple[str, str]]:
    unready = [name for name in ("_search", "_facet") if request.args.get(name)]
    if unready:
        raise InputError(errors=dict.fromkeys(unready, "Not offered yet; use a filter such as name__contains=…."))
    return [(name, value) for name, value in request.args.items(multi=True) if name not in OWN]


def _page(database: str, table: str, count: str) -> table_rows.Page:
    return table_rows.page(
        _database(database),
        table,
        where=_where(),
        sort=request.args.get("_sort", ""),
        size=bodies.size(),
        token=bodies.next_token(),
        shown=request.args.get("_columns", ""),
        count=count,
    )


# Databases


@routes.get("/databases")
@access.allow("viewer")
def databases() -> Response:
    """Every database with its tables."""
    return rendering.page("tables/databases.html", databases=current.desk().summaries())


@routes.get("/api/databases")
@access.allow("viewer")
def databases_json() -> Response:
    """`{databases: [{name, tables}], next}`."""
    listed = [{"name": one.name, "tables": len(one.tables), "problem": one.problem} for one in current.desk().summaries()]
    return rendering.answer({"databases": listed, "next": None})


@routes.get("/databases/<name:database>")
@access.allow("viewer")
def tables(database: str) -> Response:
    """The tables of one database."""
    return rendering.page("tables/tables.html", database=database, tables=structure.summaries(_database(database)))


@routes.get("/api/databases/<name:database>")
@access.allow("viewer")
def tables_json(database: str) -> Response:
    """`{name, tables: [{name, rows, kind, columns}]}`."""
    return rendering.answer({"name": database, "tables": [vars(one) for one in structure.summaries(_database(database))]})


# Creating a table


@routes.get("/databases/<name:database>/new")
@access.allow("admin")
def new_table(database: str) -> Response:
    """The form for a new table."""
    _database(database)
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
        table = structure.create(_database(database), _typed_table(request.form), access.caller())
    except (InputError, ConflictError) as error:
        wrong = getattr(error, "errors", None) or {"name": error.message}
        return _new_table(database, request.form, wrong, status_of(error))
    _say(f"Created {table.name}.", database)
    return redirect(url_for("tables.rows", database=database, table=table.name), 303)  # type: ignore[return-value]


def _typed_table(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's lines `name.0`, `type.0`, `key.0`, `required.0`, `default.0` as the JSON of a table."""
    made = []
    for line in range(100):
        if form.get(f"name.{line}", "").strip():
            made.append(
                {
                    "name": form[f"name.{line}"].strip(),
                    "type": form.get(f"type.{line}", "TEXT"),
                    "primary_key": f"key.{line}" in form,
                    "nullable": f"required.{line}" not in form,
                    "default": form.get(f"default.{line}") or None,
                }
            )
    return {"name": form.get("name", "").strip(), "columns": made}


@routes.post("/api/databases/<name:database>/tables")
@access.allow("admin")
def create_table_json(database: str) -> Response:
    """201 with the table created from `{name, columns}`."""
    table = structure.create(_database(database), bodies.json_object(), access.caller())
    return rendering.answer(structure.describe(table), 201)


# Rows


@routes.get("/databases/<name:database>/tables/<name:table>")
@access.allow("viewer")
def rows(database: str, table: str) -> Response:
    """The rows of a table, filtered, sorted, by the page."""
    wrong: dict[str, str] = {}
    try:
        page = _page(database, table, "10000")
    except InputError as error:
        wrong = error.errors or {"_next": error.message}
        page = table_rows.page(_database(database), table, count="10000")
    body = cells.body(database, page.table, page.names, page.rows, page.keys())
    view = {"page": page, "body": body, "errors": wrong, "sorts": _sorts(page, wrong), "filters": _filters(page)}
    return rendering.page(
        "tables/rows.html", 422 if wrong else 200, database=database, table=page.table, operators=filters.OPERATORS, **view
    )


def _sorts(page: table_rows.Page, wrong: Mapping[str, str]) -> list[keyset.Sort]:
    return [] if "_sort" in wrong else keyset.parse_sort(page.table, request.args.get("_sort", ""))


def _filters(page: table_rows.Page) -> list[filters.Filter]:
    found = []
    for pair in _where():
        try:
            found += filters.parse(page.table, [pair])
        except InputError:
            continue
    return found


@routes.get("/databases/<name:database>/tables/<name:table>/filter")
@access.allow("viewer")
def add_filter(database: str, table: str) -> Response:
    """Leads to the rows with one more filter: the form `column`, `operator`, `value` written as an address."""
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name not in {":column", ":operator", ":value"}]
    operator, value = request.args.get(":operator", "exact"), request.args.get(":value", "")
    if operator == "isnotnull":
        operator, value = "isnull", "0"
    elif operator == "isnull":
        value = "1"
    made = filters.Filter(request.args.get(":column", ""), operator, value)
    address = rendering.address("tables.rows", [*arguments, (made.parameter, value)], database=database, table=table)
    return redirect(address, 303)  # type: ignore[return-value]


@routes.get("/api/databases/<name:database>/tables/<name:table>")
@access.allow("viewer")
def table_json(database: str, table: str) -> Response:
    """`{name, columns: […], primary_key: […]}`."""
    return rendering.answer(structure.describe(schema.table(_database(database), table)))


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows")
@access.allow("viewer")
def rows_json(database: str, table: str) -> Response:
    """`{rows: […], next, count, facets}`."""
    return rendering.answer(_page(database, table, request.args.get("_count", "")).json())


@routes.post("/api/databases/<name:database>/tables/<name:table>/rows")
@access.allow("editor")
def insert_json(database: str, table: str) -> Response:
    """201 `{inserted, updated, keys}` for `{rows, on_conflict}`."""
    body = bodies.json_object()
    bodies.refuse_unknown(body, "rows", "on_conflict")
    given = body.get("rows")
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise InputError(errors={"rows": 'Write a list of objects, such as [{"name": "Krish"}].'})
    made = table_rows.insert(_database(database), table, given, access.caller(), body.get("on_conflict", "error"))
    return rendering.answer(made.json(), 201)


@routes.get("/databases/<name:database>/tables/<name:table>/new")
@access.allow("editor")
def new_row(database: str, table: str) -> Response:
    """The form for a new row, made from the schema."""
    return _new_row(database, schema.table(_database(database), table), {}, {})


def _new_row(
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
        key = table_rows.insert_typed(_database(database), table, request.form, access.caller())
    except (InputError, IntegrityError) as error:
        shape = schema.table(_database(database), table)
        return _new_row(database, shape, request.form, _wrong(error), status_of(error))
    _say("Inserted.", database)
    return redirect(url_for("tables.row", database=database, table=table, key=key), 303)  # type: ignore[return-value]


def _wrong(error: Error) -> dict[str, str]:
    """A sentence for each wrong field; under "" what belongs to none."""
    if isinstance(error, InputError):
        return error.errors
    concerned = getattr(error, "columns", ())
    return dict.fromkeys(concerned, error.message) or {"": f"{error.message} {error.hint}".strip()}


# One row


@routes.get("/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("viewer")
def row(database: str, table: str, key: KeyText) -> Response:
    """One row: its values, as a form for those who may change it, and its history."""
    return _row(database, table_rows.find(_database(database), table, key), {}, {})


def _row(
    database: str, found: table_rows.Row, form: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    fields = [columns.field(column) for column in columns.writable(found.table) if column.kind != "file"]
    typed = {one.name: columns.written(found.table.column(one.name), found.values[one.name]) for one in fields}
    history = changes.search(_database(database), table=found.table.name, key=found.key, size=20)
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
        shown=[(column, cells.text(column, found.values[column.name])) for column in found.table.columns],
    )


@routes.post("/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def update(database: str, table: str, key: KeyText) -> Response:
    """Sets what was typed."""
    place = _database(database)
    try:
        found = table_rows.update_typed(place, table, key, request.form, access.caller(), request.args.get("_if_match"))
    except (InputError, IntegrityError, ConflictError) as error:
        return _row(database, table_rows.find(place, table, key), request.form, _wrong(error), status_of(error))
    _say("Saved.", database)
    return redirect(url_for("tables.row", database=database, table=table, key=found.key), 303)  # type: ignore[return-value]


@routes.post("/databases/<name:database>/tables/<name:table>/rows/<key:key>/delete")
@access.allow("editor")
def delete(database: str, table: str, key: KeyText) -> Response:
    """Deletes the row; it can be undone."""
    try:
        table_rows.delete(_database(database), table, key, access.caller(), request.args.get("_if_match"))
    except ConflictError as error:
        return _row(database, table_rows.find(_database(database), table, key), {}, _wrong(error), 409)
    _say("Deleted.", database)
    return redirect(url_for("tables.rows", database=database, table=table), 303)  # type: ignore[return-value]


def _say(text: str, database: str) -> None:
    """A message for the next page, with the change that this request made, to be undone from there."""
    made = changes.search(_database(database), request=context.request.get(), size=1).changes
    flash({"text": text, "undo": made[0].id if made else None}, "done")  # type: ignore[arg-type]


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("viewer")
def row_json(database: str, table: str, key: KeyText) -> Response:
    """`{row: {…}}` with its ETag."""
    return _tagged(table_rows.find(_database(database), table, key))


@routes.patch("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def update_json(database: str, table: str, key: KeyText) -> Response:
    """`{row: {…}}` after setting `{column: value}`; 409 with `current` when If-Match is stale."""
    match = request.headers.get("If-Match")
    return _tagged(table_rows.update(_database(database), table, key, bodies.json_object(), access.caller(), match))


@routes.delete("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>")
@access.allow("editor")
def delete_json(database: str, table: str, key: KeyText) -> Response:
    """204."""
    table_rows.delete(_database(database), table, key, access.caller(), request.headers.get("If-Match"))
    return Response(status=204)


def _tagged(found: table_rows.Row) -> Response:
    response = rendering.answer({"row": found.json()})
    response.headers["ETag"] = f'"{found.etag}"'
    return response


# Structure and history


@routes.get("/databases/<name:database>/tables/<name:table>/structure")
@access.allow("viewer")
def table_structure(database: str, table: str) -> Response:
    """The columns, keys and references of a table."""
    return rendering.page("tables/structure.html", database=database, table=schema.table(_database(database), table))


def _changes_of(database: str, table: str, key: KeyText | None = None) -> changes.Page:
    token = bodies.next_token()
    place = _database(database)
    return changes.search(
        place,
        table=table,
        key=keys.values(schema.table(place, table), key) if key else None,
        size=bodies.size(),
        before=int(token) if token and token.isdigit() else None,
    )


@routes.get("/databases/<name:database>/tables/<name:table>/history")
@access.allow("viewer")
def history(database: str, table: str) -> Response:
    """What changed in a table, newest first."""
    shape = schema.table(_database(database), table)
    return rendering.page("tables/history.html", database=database, table=shape, history=_changes_of(database, table))


@routes.get("/api/databases/<name:database>/tables/<name:table>/history")
@access.allow("viewer")
def history_json(database: str, table: str) -> Response:
    """`{changes: […], next}`."""
    found = _changes_of(database, table)
    return rendering.answer({"changes": [one.json() for one in found.changes], "next": found.next})


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>/history")
@access.allow("viewer")
def row_history_json(database: str, table: str, key: KeyText) -> Response:
    """`{changes: […], next}` of one row."""
    found = _changes_of(database, table, key)
    return rendering.answer({"changes": [one.json() for one in found.changes], "next": found.next})


@routes.get("/changes/<name:change>")
@access.allow("viewer")
def change(change: str) -> Response:
    """One change with the rows before and after."""
    found = current.desk().changes.find(change)
    listed, after = current.desk().changes.rows(change, size=bodies.size(), token=bodies.next_token())
    return rendering.page("tables/change.html", change=found, rows=listed, next=after)


@routes.get("/api/changes/<name:change>")
@access.allow("viewer")
def change_json(change: str) -> Response:
    """One change."""
    return rendering.answer(current.desk().changes.find(change).json())


@routes.get("/api/changes/<name:change>/rows")
@access.allow("viewer")
def change_rows_json(change: str) -> Response:
    """`{rows: [{key, before, after}], next}`."""
    listed, after = current.desk().changes.rows(change, size=bodies.size(), token=bodies.next_token())
    return rendering.answer({"rows": [vars(one) for one in listed], "next": after})


@routes.post("/changes/<name:change>/undo")
@access.allow("editor")
def undo(change: str) -> Response:
    """Undoes a change and leads to its table."""
    found = current.desk().changes.find(change)
    done = current.desk().changes.undo(change, access.caller())
    flash({"text": f"Undone: {done.undone} {'row' if done.undone == 1 else 'rows'}.", "undo": done.changes[0]}, "done")  # type: ignore[arg-type]
    gone = found.table not in schema.tables(_database(found.database))
    target = {"database": found.database} if gone else {"database": found.database, "table": found.table}
    return redirect(url_for("tables.tables" if gone else "tables.history", **target), 303)  # type: ignore[return-value, arg-type]


@routes.post("/api/changes/<name:change>/undo")
@access.allow("editor")
def undo_json(change: str) -> Response:
    """`{changes: [ids], undone}`; 409 with `refused` when a row has changed since."""
    return rendering.answer(vars(current.desk().changes.undo(change, access.caller())))
