"""Files that become tables, or rows of one: sent, looked at, imported. Pages and JSON side by side."""

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, request, url_for
from werkzeug.http import parse_options_header

from frontdesk.database import schema
from frontdesk.errors import ConflictError, Error, InputError, IntegrityError, UnsupportedMediaError
from frontdesk.tables import imports, reports, sources, uploads
from frontdesk.tables.formats import encodings, separated
from frontdesk.tables.imports import Loaded, Wish
from frontdesk.tables.sources import Source
from frontdesk.tables.uploads import Upload
from frontdesk.web import access, bodies, current, messages, rendering
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
        empty_text=bodies.flag("empty_text"),
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


def _sent() -> tuple[Upload, str]:
    """The file of the request and its format. Raises UnsupportedMediaError, InputError."""
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        if file is None or not file.filename:
            raise InputError(errors={"file": "Send a file."})
        form = TYPES.get(file.mimetype, "") if "." not in file.filename else ""
        return _keep(file.stream.read, file.filename), form
    if request.mimetype not in TYPES:
        raise UnsupportedMediaError("This content type is not read here.", f"Send one of: {', '.join(TYPES)}.")
    _, options = parse_options_header(request.headers.get("Content-Disposition"))
    return _keep(request.stream.read, options.get("filename") or "The file"), TYPES[request.mimetype]


def _keep(read: Callable[[int], bytes], name: str) -> Upload:
    return uploads.keep(current.desk().config, read, name.rpartition("/")[2][-200:], access.caller())


def _choose(database: str, table: str | None, errors: Mapping[str, str] = {}, status: int = 200) -> Response:
    place = current.desk().database(database)
    shape = schema.table(place, table) if table is not None else None
    return rendering.page("imports/choose.html", status, database=database, table=shape, errors=errors)


def _step(database: str, table: str | None) -> Response:
    token = request.form.get("upload", "")
    try:
        upload = uploads.find(current.desk().config, token, access.caller()) if token else _sent()[0]
    except InputError as error:
        return _choose(database, table, error.errors, 422)
    try:
        source = _source(upload, request.form)
    except InputError as error:
        upload.remove()
        return _choose(database, table, error.errors or {"file": f"{error.message} {error.hint}"}, 422)
    if "import" in request.form:
        return _load(database, table, upload, source)
    return _look(database, table, upload, source, {})


def _source(upload: Upload, given: Mapping[str, str], form: str = "") -> Source:
    return sources.open(
        upload.path,
        name=upload.name,
        format=form,
        encoding=given.get("encoding", ""),
        delimiter=separated.mark(given.get("delimiter", "")),
        sheet=given.get("sheet", ""),
    )


def _look(
    database: str, table: str | None, upload: Upload, source: Source, errors: Mapping[str, str], status: int = 200
) -> Response:
    """The preview: the first rows with the types found over all of them."""
    place = current.desk().database(database)
    try:
        found = imports.preview(source)
    except InputError as error:
        upload.remove()
        return _choose(database, table, error.errors | {"file": error.message}, 422)
    name = request.form.get("name") or _table_name(upload.name)
    return rendering.page(
        "imports/preview.html",
        status,
        database=database,
        table=schema.table(place, table) if table is not None else None,
        upload=upload,
        preview=found,
        form=request.form,
        errors=errors,
        name=name,
        types=list(schema.TYPES),
        encodings=encodings.ENCODINGS,
        command=reports.command(source, database, table or name, _wish(source, table is None)),
    )


def _table_name(file: str) -> str:
    return sources.table_name(file) or "table"


def _load(database: str, table: str | None, upload: Upload, source: Source) -> Response:
    try:
        done = imports.load(
            current.desk().database(database),
            source,
            request.form.get("name", "").strip() if table is None else table,
            access.caller(),
            _wish(source, table is None),
        )
    except (InputError, ConflictError, IntegrityError) as error:
        return _look(database, table, upload, source, _wrong(error), status_of(error))
    upload.remove()
    messages.say(_told(done), done.change)
    return rendering.lead_to(url_for("rows.index", database=database, table=done.table))


def _wish(source: Source, create: bool) -> Wish:
    chosen = {name: request.form.get(f"type.{at}", "") for at, name in enumerate(source.names)} if create else {}
    found = {name: request.form.get(f"found.{at}", "") for at, name in enumerate(source.names)}
    return Wish(
        types={name: declared for name, declared in chosen.items() if declared not in {"", found[name]}},
        create=create,
        key=[name for name in request.form.getlist("key") if name],
        on_conflict=request.form.get("on_conflict", "error"),
        empty_text="empty_text" in request.form,
    )


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
    return f"{', '.join(told)}." if told else "There were no rows to import."
