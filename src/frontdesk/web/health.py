"""Whether this process lives, and whether it can do its work."""

from flask import Blueprint, Response

from frontdesk.accounts import users
from frontdesk.logs import handlers
from frontdesk.web import access, current, rendering

routes = Blueprint("health", __name__)


@routes.get("/healthz")
@access.allow(access.ANYONE)
def healthz() -> Response:
    """200 while this process answers; `degraded` when log records of this process could not be written."""
    dropped = handlers.dropped()
    return rendering.answer({"status": "degraded" if dropped else "ok", "dropped_records": dropped})


@routes.get("/readyz")
@access.allow(access.ANYONE)
def readyz() -> Response:
    """200 while the desk's own tables can be read; else 503."""
    users.exist(current.desk().state)
    return rendering.answer({"status": "ok"})
