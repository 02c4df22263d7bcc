"""Whether this process lives."""

from flask import Blueprint, Response

from frontdesk.logs import handlers
from frontdesk.web import access, rendering

routes = Blueprint("health", __name__)


@routes.get("/healthz")
@access.allow(access.ANYONE)
def healthz() -> Response:
    """200 while this process answers; `degraded` when log records of this process could not be written."""
    dropped = handlers.dropped()
    return rendering.answer({"status": "degraded" if dropped else "ok", "dropped_records": dropped})
