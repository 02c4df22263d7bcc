"""The bytes in a column of a row, as a file: shown where they are a picture, saved where they are not."""

from flask import Blueprint, Response, request

from frontdesk.errors import NotFoundError
from frontdesk.files import types
from frontdesk.tables import rows
from frontdesk.tables.keys import KeyText
from frontdesk.web import access, current, files

routes = Blueprint("blobs", __name__)

ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


@routes.get("/databases/<name:database>/tables/<name:table>/rows/<key:key>/files/<name:column>")
@access.allow("viewer")
def show(database: str, table: str, key: KeyText, column: str) -> Response:
    """The picture; with `download` and for everything else a file to be saved."""
    return _sent(database, table, key, column, inline="download" not in request.args)


@routes.get("/api/databases/<name:database>/tables/<name:table>/rows/<key:key>/files/<name:column>")
@access.allow("viewer")
def download(database: str, table: str, key: KeyText, column: str) -> Response:
    """The bytes, to be saved."""
    return _sent(database, table, key, column, inline=False)


def _sent(database: str, table: str, key: KeyText, column: str, *, inline: bool) -> Response:
    row = rows.find(current.desk().database(database), table, key)
    value = row.values[row.table.column(column).name]
    if not isinstance(value, bytes):
        raise NotFoundError(f"{column} of this row holds no bytes.")
    kind = types.picture_type(value[: types.ENOUGH])
    response = Response(value, mimetype=kind or types.UNKNOWN)
    name = f"{table}-{column}.{ENDINGS.get(kind, 'bin')}"
    response.headers.set("Content-Disposition", "inline" if inline and kind else "attachment", filename=_plain(name))
    response.headers["X-Content-Type-Options"] = "nosniff"
    return files.closed(response)


def _plain(name: str) -> str:
    """A name that every header and every disk takes."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name)
