"""The first page."""

from flask import Blueprint, Response

from frontdesk.web import access, current, rendering

routes = Blueprint("home", __name__)


@routes.get("/")
@access.allow("viewer")
def index() -> Response:
    """What the desk holds, what went wrong lately, and where to begin."""
    return rendering.page("home/index.html", overview=current.desk().overview(access.caller()))
