"""Under which names a desk answers: a site that points its own name at this machine gets nothing."""

import logging
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from frontdesk import context
from frontdesk.database import values
from frontdesk.web import errors

logger = logging.getLogger("frontdesk.web")

SENTENCE = "This desk is not served under that name."
HINT = "Names are added by trusted_hosts in frontdesk.toml."

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


def only(application: WSGIApplication, names: Collection[str]) -> Callable[..., Iterable[bytes]]:
    """The application for requests whose Host header holds one of the names; others are answered with 400."""
    known = {name.lower() for name in names}

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if name_of(environ.get("HTTP_HOST", "")) in known:
            return application(environ, start_response)
        with context.bind(request=context.new_request_id()):
            return _refuse(environ, start_response)

    return answer


def _refuse(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """400, to programs as a problem like every other one, to people as text."""
    wants_json = environ.get("PATH_INFO", "").startswith("/api/")
    kind = "application/problem+json" if wants_json else "text/plain; charset=utf-8"
    start_response(
        "400 Bad Request",
        [
            ("Content-Type", kind),
            ("X-Request-ID", context.request.get() or ""),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ],
    )
    logger.info("%s %s 400: not served under this name", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
    return [f"{values.dumps(errors.problem(400, SENTENCE, HINT)) if wants_json else f'{SENTENCE} {HINT}'}\n".encode()]


def name_of(host: str) -> str | None:
    """The name in a Host header, without its port; None when it is none."""
    found = _HOST.fullmatch(host)
    return found[1].lower().rstrip(".") if found else None
