"""`Idempotency-Key`: a POST of the API that is sent twice is carried out once and answered twice."""

import hashlib
import logging
import re
import tempfile
from typing import IO

from flask import Flask, Response, g, request

from frontdesk.accounts import answers
from frontdesk.accounts.answers import Answer
from frontdesk.errors import Error, InputError
from frontdesk.web import access, current

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was kept from before."""

SECRET = frozenset({"tokens.create_json", "users.add_json"})
"""Endpoints whose requests or answers hold a secret, which is not to be kept: a name is taken once anyway."""

UNKEPT = frozenset({429})
"""Statuses besides 5xx that are not kept: the next try may go well."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_PIECE = 65_536
_IN_MEMORY = 1_000_000
"""Bytes of a body that are held in memory while they are read twice."""


def install(app: Flask) -> None:
    """Looks at every request of the application once it is known who asks and that they may."""
    app.before_request(_find)
    app.after_request(_keep)


def _find() -> Response | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or request.endpoint is None or not request.path.startswith("/api/"):
        return None
    _check(key)
    kept = answers.reserve(current.desk().state, access.caller(), key, _asked())
    if kept is None:
        g.reserved = key
        return None
    return Response(kept.body, kept.status, {REPLAYED: "true"}, content_type=kept.content_type)


def _check(key: str) -> None:
    if request.endpoint in SECRET:
        raise InputError(errors={HEADER: "Secrets are not kept: send this without the header; a name is taken once."})
    if not _KEY.fullmatch(key) or not key.strip():
        raise InputError(errors={HEADER: "Write 1 to 255 printable ASCII characters, such as a UUID."})


def _asked() -> str:
    """What makes two requests the same: path, content type and body, or the parts of a form whatever parts them."""
    found = hashlib.sha256(f"{request.full_path}\n{request.mimetype}\n".encode("utf-8", "surrogatepass"))
    if request.mimetype == "multipart/form-data":
        for name, texts in request.form.lists():
            found.update(repr((name, texts)).encode("utf-8", "surrogatepass"))
        for name, file in request.files.items(multi=True):
            found.update(repr((name, file.filename, file.mimetype)).encode("utf-8", "surrogatepass"))
            found.update(_read(file.stream).digest())
    else:
        g.spooled = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when the request is answered
        found.update(_read(request.stream, g.spooled).digest())
        request.stream = g.spooled
    return found.hexdigest()


def _read(stream: IO[bytes], copy: IO[bytes] | None = None) -> "hashlib._Hash":
    """The digest of all that the stream holds; it, or its copy, stands at its beginning again."""
    found = hashlib.sha256()
    while piece := stream.read(_PIECE):
        found.update(piece)
        if copy is not None:
            copy.write(piece)
    (copy or stream).seek(0)
    return found


def _keep(response: Response) -> Response:
    key = g.pop("reserved", None)
    if (spooled := g.pop("spooled", None)) is not None:
        spooled.close()
    if key is None:
        return response
    state, by = current.desk().state, access.caller()
    try:
        if response.status_code >= 500 or response.status_code in UNKEPT:
            answers.release(state, by, key)
        else:
            answers.keep(state, by, key, Answer(response.status_code, response.content_type or "", response.get_data()))
    except Error as error:  # what was done stays done and is answered; the key stays reserved
        logger.warning("The answer to a request could not be kept: %s", error)
    return response
