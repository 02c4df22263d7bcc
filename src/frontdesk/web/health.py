"""Whether this process lives."""

from flask import Blueprint, Response

from frontdesk.web import access, rendering

routes = Blueprint("health", __name__)


@routes.get("/healthz")
@access.allow(access.ANYONE)
def healthz() -> Response:
    """200 while this process answers."""
    return rendering.answer({"status": "ok"})
