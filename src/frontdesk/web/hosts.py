"""Under which names a desk answers: a site that points its own name at this machine gets nothing."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


def only(application: WSGIApplication, names: Collection[str]) -> Callable[..., Iterable[bytes]]:
    """The application for requests whose Host header holds one of the names; others are answered with 400."""
    known = {name.lower() for name in names}

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if name_of(environ.get("HTTP_HOST", "")) in known:
            return application(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"This desk is not served under that name. Names are added by trusted_hosts in frontdesk.toml.\n"]

    return answer


def name_of(host: str) -> str | None:
    """The name in a Host header, without its port; None when it is none."""
    found = _HOST.fullmatch(host)
    return found[1].lower().rstrip(".") if found else None
