"""Files that runs hold: taken in with a call, given out again to those who may see one of its runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask import Blueprint, Response, request, send_file

from frontdesk.errors import InputError
from frontdesk.files import types
from frontdesk.files.incoming import Incoming
from frontdesk.files.store import Upload
from frontdesk.forms.fields import Field
from frontdesk.functions.attachments import KINDS
from frontdesk.web import access, current

routes = Blueprint("files", __name__)

POLICY = "default-src 'none'; sandbox"
"""Of everything that somebody has sent: were it ever opened as a page, it could do nothing."""
HARMLESS = frozenset({*types.IMAGES, "text/plain", "text/csv", "application/json", "application/pdf"})
"""Types that are told; everything else is just bytes."""

Sent = dict[str, str | list[str]]


@routes.get("/api/files/<sha256>")
@access.allow("viewer")
def download(sha256: str) -> Response:
    """The file, as it was sent or given, to be saved."""
    file, path = current.desk().files.find(sha256, access.caller())
    kind = file.type if file.type in HARMLESS else types.UNKNOWN
    return closed(send_file(path, kind, as_attachment=True, download_name=file.name, etag=sha256, max_age=0))


@routes.get("/files/<sha256>/preview")
@access.allow("viewer")
def preview(sha256: str) -> Response:
    """A picture made anew, of at most 1200 pixels a side."""
    path = current.desk().files.preview(sha256, access.caller())
    return closed(send_file(path, "image/jpeg", etag=f"{sha256}-preview", max_age=0))


def closed(response: Response) -> Response:
    """The response, such that what it holds can do nothing and is kept by nobody between."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@contextmanager
def received(fields: Sequence[Field]) -> Iterator[tuple[Sent, list[Upload]]]:
    """The addresses of the files that the form of this request brings, by field; they are gone at the end unless kept.

    Raises InputError or TooLargeError with a sentence for every field whose file is refused.
    """
    with current.desk().files.incoming() as incoming:
        sent = _form_files({field.name: field for field in fields}, incoming)
        incoming.check()
        yield sent, incoming.uploads


@contextmanager
def received_image(fields: Sequence[Field]) -> Iterator[tuple[Sent, list[Upload]]]:
    """As `received`, where the body is a picture and nothing else: it belongs to the only field that takes one."""
    images = [field.name for field in fields if field.kind == "image"]
    if len(images) != 1:
        raise InputError("A picture as the whole body needs a function with exactly one.", "Send multipart/form-data.")
    with current.desk().files.incoming() as incoming:
        name = f"{images[0]}.{request.mimetype.partition('/')[2].partition('+')[0]}"
        address = incoming.take(images[0], request.stream, name, request.mimetype)
        incoming.check()
        yield {images[0]: address}, incoming.uploads


def _form_files(fields: dict[str, Field], incoming: Incoming) -> Sent:
    sent: dict[str, list[str]] = {}
    for name, file in request.files.items(multi=True):
        if not file.filename:  # a browser's way to say that nothing was chosen
            continue
        if name in fields and fields[name].kind not in KINDS:
            incoming.refuse(name, "This takes no file.")
        elif name in sent and not fields[name].multiple:
            incoming.refuse(name, "Send one file.")
        else:
            # A field that is not known is refused by the call, with all that are known.
            address = (
                incoming.take(name, file.stream, file.filename, file.mimetype) if name in fields else file.filename
            )
            sent.setdefault(name, []).append(address)
    return dict(sent)
