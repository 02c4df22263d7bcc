"""Files that become tables, or rows of one: sent, looked at, imported. Pages and JSON side by side."""

import json
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_options_header

from frontdesk.database import schema
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, Error, InputError, IntegrityError, UnsupportedMediaError
from frontdesk.tables import imports, reports, sources, uploads
from frontdesk.tables.formats import encodings, separated
from frontdesk.tables.imports import Loaded, Wish
from frontdesk.tables.sources import Source
from frontdesk.tables.uploads import Upload
from frontdesk.web import access, bodies, current, file_sets, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("imports", __name__)

TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/gzip": "gz",
    "application/zip": "zip",
}
"""The content types of a raw body, and what they are read as."""


@routes.get("/databases/<name:database>/import")
@access.allow("admin")
def new_table(database: str) -> Response:
    """Chooses a file that becomes a new table."""
    current.desk().database(database)
    return _choose(database, None)


@routes.get("/databases/<name:database>/tables/<name:table>/import")
@access.allow("editor")
def rows(database: str, table: str) -> Response:
    """Chooses a file whose rows go into this table."""
    return _choose(database, table)


@routes.post("/databases/<name:database>/import")
@access.allow("admin")
def load_new_table(database: str) -> Response:
    """Takes the file and shows what is in it; then makes the table."""
    return _step(database, None)


@routes.post("/databases/<name:database>/tables/<name:table>/import")
@access.allow("editor")
def load_rows(database: str, table: str) -> Response:
    """Takes the file and shows what is in it; then imports its rows."""
    return _step(database, table)


@routes.post("/api/databases/<name:database>/tables/<name:table>/import")
@access.allow("editor")
def load_json(database: str, table: str) -> Response:
    """201 `{table, inserted, updated, ignored, columns, change}` for a raw body or a multipart `file`."""
    if not bodies.flag("wait", usual=True):
        raise InputError(errors={"wait": "Not offered yet: the answer comes when the file is loaded."})
    wish = Wish(
        create=bodies.flag("create"),
        key=[name for name in request.args.get("key", "").split(",") if name],
        on_conflict=request.args.get("on_conflict", "error"),
        columns=_map(request.args.get("map", "{}")),
        empty_text=bodies.flag("empty_text"),
        bad_lines=request.args.get("bad_lines", "error"),
    )
    place = current.desk().database(database)
    if not wish.create:
        schema.table(place, table)
    upload, form = _sent()
    try:
        source = _source(upload, request.args, form)
        return rendering.answer(imports.load(place, source, table, access.caller(), wish).json(), 201)
    finally:
        upload.remove()


def _map(text: str) -> dict[str, str]:
    """The table's column for each of the file's, from a JSON object; null and empty text leave one out."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(one, str | None) for one in given.values()):
        raise InputError(errors={"map": 'Write an object, such as {"the file\'s column": "the table\'s column"}.'})
    return {name: column or "" for name, column in given.items()}


def _sent() -> tuple[Upload, str]:
    """The file of the request and its format. Raises UnsupportedMediaError, InputError."""
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        if file is None or not file.filename:
            raise InputError(errors={"file": "Send a file."})
        form = TYPES.get(file.mimetype, "") if "." not in file.filename else ""
        return file_sets.keep(file.stream.read, file.filename), form
    if request.mimetype not in TYPES:
        raise UnsupportedMediaError("This content type is not read here.", f"Send one of: {', '.join(TYPES)}.")
    _, options = parse_options_header(request.headers.get("Content-Disposition"))
    return file_sets.keep(request.stream.read, options.get("filename") or "The file"), TYPES[request.mimetype]


def _choose(
    database: str,
    table: str | None,
    errors: Mapping[str, str] = {},
    status: int = 200,
    upload: Upload | None = None,
    *,
    bad: bool = False,
) -> Response:
    """The page that asks for a file, or for a part of one that was sent and holds several."""
    place = current.desk().database(database)
    return rendering.page(
        "imports/choose.html",
        status,
        database=database,
        table=schema.table(place, table) if table is not None else None,
        errors=errors,
        upload=upload,
        bad=bad,
        parts=sources.parts(upload.path, upload.name) if upload and not bad else [],
    )


def _step(database: str, table: str | None) -> Response:
    if file_sets.several():
        return file_sets.step(database, table)
    token = "" if file_sets.sent() else request.form.get("upload", "")
    try:
        upload = uploads.find(current.desk().config, token, access.caller()) if token else _given()
    except InputError as error:
        return _choose(database, table, error.errors, 422)
    try:
        source = _source(upload, request.form)
        written = source.names
    except InputError as error:
        return _unread(database, table, upload, error)
    form = _chosen(source)
    names = {name: form.get(f"name.{at}", name) for at, name in enumerate(written)}
    try:
        source = imports.called(source, {name: new for name, new in names.items() if new != name})
    except InputError as error:
        return _look(database, table, upload, source, form, error.errors, 422)
    if "import" in form:
        return _load(database, table, upload, source, form)
    return _look(database, table, upload, source, form)


def _given() -> Upload:
    """The file of the form, or its text."""
    text = request.form.get("text", "").strip("\r\n")
    return file_sets.pasted(text) if text and not file_sets.sent() else _sent()[0]


def _unread(database: str, table: str | None, upload: Upload, error: InputError) -> Response:
    """Asks for a part of the file, for going on without its bad lines, or for another file."""
    if "sheet" in error.errors:
        return _choose(database, table, error.errors, 422, upload)
    if any(name.startswith("line ") for name in error.errors) and access.caller().may("admin"):
        return _choose(database, table, error.errors, 422, upload, bad=True)
    upload.remove()
    return _choose(database, table, error.errors or {"file": f"{error.message} {error.hint}"}, 422)


def _chosen(source: Source) -> MultiDict[str, str]:
    """What the form says; without what was chosen of columns where the file is read in another way by now."""
    if request.form.get("read_as", _read_as(source)) == _read_as(source):
        return request.form
    return MultiDict(
        (name, value) for name, value in request.form.items(multi=True) if "." not in name and name != "key"
    )


def _read_as(source: Source) -> str:
    return f"{source.encoding} {source.delimiter} {source.part}"


def _source(upload: Upload, given: Mapping[str, str], form: str = "") -> Source:
    return sources.open(
        upload.path,
        name=upload.name,
        format=form,
        encoding=given.get("encoding", ""),
        delimiter=separated.mark(given.get("delimiter", "")),
        sheet=given.get("sheet", ""),
        tolerant=given.get("bad_lines") == "keep",
    )


def _look(
    database: str,
    table: str | None,
    upload: Upload,
    source: Source,
    form: MultiDict[str, str],
    errors: Mapping[str, str] = {},
    status: int = 200,
) -> Response:
    """The preview: the first rows with the types found over all of them."""
    place = current.desk().database(database)
    try:
        found = imports.preview(source)
    except InputError as error:
        return _unread(database, table, upload, error)
    name, shape = form.get("name") or _table_name(upload.name), schema.table(place, table) if table else None
    return rendering.page(
        "imports/preview.html",
        status,
        database=database,
        table=shape,
        targets=_targets(source, shape),
        parts=sources.parts(upload.path, upload.name),
        upload=upload,
        preview=found,
        form=form,
        read_as=_read_as(source),
        errors=errors,
        name=name,
        types=list(schema.TYPES),
        encodings=encodings.ENCODINGS,
        command=reports.command(source, database, table or name, _wish(source, shape, form)),
    )


def _targets(source: Source, table: Table | None) -> list[str]:
    """The table's column that each of the file's goes into by its name; empty where it goes into none."""
    return [column.name if column else "" for column in imports.matches(source, table)] if table else []


def _table_name(file: str) -> str:
    return sources.table_name(file) or "table"


def _load(database: str, table: str | None, upload: Upload, source: Source, form: MultiDict[str, str]) -> Response:
    place = current.desk().database(database)
    shape = schema.table(place, table) if table is not None else None
    name = table or form.get("name", "").strip()
    try:
        done = imports.load(place, source, name, access.caller(), _wish(source, shape, form))
    except (InputError, ConflictError, IntegrityError) as error:
        return _look(database, table, upload, source, form, _wrong(error), status_of(error))
    upload.remove()
    messages.say(_told(done), done.change)
    return rendering.lead_to(url_for("rows.index", database=database, table=done.table))


def _wish(source: Source, table: Table | None, form: MultiDict[str, str]) -> Wish:
    chosen = {} if table else {name: form.get(f"type.{at}", "") for at, name in enumerate(source.names)}
    found = {name: form.get(f"found.{at}", "") for at, name in enumerate(source.names)}
    return Wish(
        types={name: declared for name, declared in chosen.items() if declared not in {"", found[name]}},
        create=table is None,
        key=[name for name in form.getlist("key") if name],
        on_conflict=form.get("on_conflict", "error"),
        columns=_elsewhere(source, table, form) if table else {},
        empty_text="empty_text" in form,
        bad_lines=form.get("bad_lines", "error"),
    )


def _elsewhere(source: Source, table: Table, form: MultiDict[str, str]) -> dict[str, str]:
    """The columns that were chosen to go elsewhere than their names say."""
    by_name = zip(source.names, _targets(source, table), strict=True)
    chosen = [(name, target, form.get(f"column.{at}", target)) for at, (name, target) in enumerate(by_name)]
    return {name: column for name, target, column in chosen if column != target or not column}


def _wrong(error: Error) -> dict[str, str]:
    details: dict[str, str] = getattr(error, "errors", {})
    return details or {"": f"{error.message} {error.hint}".strip()}


def _told(done: Loaded) -> str:
    counts: Sequence[tuple[int, str]] = [
        (done.inserted, "imported"),
        (done.updated, "updated"),
        (done.ignored, "ignored"),
    ]
    told = [f"{count:,} {'row' if count == 1 else 'rows'} {what}" for count, what in counts if count]
    rows = f"{', '.join(told)}." if told else "There were no rows to import."
    return f"{rows} {reports.bad(done)}".strip()
