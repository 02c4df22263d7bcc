"""Rows of a table as a file. Page and download side by side."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from frontdesk.database import schema
from frontdesk.tables import exports
from frontdesk.web import access, bodies, current, rendering, rows

routes = Blueprint("exports", __name__)

MINE = frozenset({"raw", "_size", "_next", "_count"})
"""Parameters that choose no rows of an export."""


def _export(database: str, table: str, form: str) -> exports.Export:
    """What the request asks for; a column named `raw` is filtered as `raw__exact`."""
    place = current.desk().database(database)
    return exports.export(
        place,
        table,
        form,
        where=[pair for pair in rows.where() if pair[0] not in MINE],
        search=request.args.get("_search", ""),
        sort=request.args.get("_sort", ""),
        shown=request.args.get("_columns", ""),
        raw=bodies.flag("raw"),
    )


@routes.get("/databases/<name:database>/tables/<name:table>/export")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """Chooses a format for the rows of the view that one comes from."""
    found = _export(database, table, "csv")
    view = [(name, value) for name, value in request.args.items(multi=True) if name not in MINE]
    return rendering.page(
        "exports/index.html",
        database=database,
        table=schema.table(current.desk().database(database), table),
        count=found.count(),
        view=view,
        addresses={
            form: rendering.address("exports.download", view, database=database, table=table, form=form)
            for form in exports.FORMATS
        },
    )


@routes.get("/api/databases/<name:database>/tables/<name:table>/export.<form>")
@access.allow("viewer")
def download(database: str, table: str, form: str) -> Response:
    """The rows in one of the formats, streamed; `?raw=1` leaves texts that begin like formulas as they are."""
    found = _export(database, table, form)
    response = Response(_begun(found), mimetype=found.content_type)
    response.headers["Content-Type"] = found.content_type
    response.headers["Content-Disposition"] = found.disposition
    return response


def _begun(found: exports.Export) -> Iterator[bytes]:
    """The bytes, the first of them read already: what fails at once is still an error with its status."""
    parts = iter(found)
    return _after(next(parts, b""), parts)


def _after(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from parts
