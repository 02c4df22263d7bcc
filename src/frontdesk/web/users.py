"""Who can sign in: users listed, added, changed and removed by admins."""

import logging

from flask import Blueprint, Response, request

from frontdesk.accounts import audit, users
from frontdesk.context import ROLES
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.web import access, bodies, current, rendering

routes = Blueprint("users", __name__)
logger = logging.getLogger("frontdesk.accounts")

PASSWORD = Field("password", "text")
ROLE = Field("role", "choice", choices=ROLES)
NEW = (Field("name", "text"), PASSWORD, ROLE)
"""What a user is made of."""
CHANGED = (PASSWORD, ROLE)
"""What of a user can be changed."""


@routes.get("/api/users")
@access.allow("admin")
def index_json() -> Response:
    """`{users: [{name, role, disabled, created}], next}`."""
    found, after = bodies.part(users.list_all(current.desk().state))
    return rendering.answer({"users": [user.json() for user in found], "next": after})


@routes.post("/api/users")
@access.allow("admin")
def add_json() -> Response:
    """201 with the user added from `{name, password, role}`; 409 for a name that is taken."""
    made = users.add(current.desk().state, **parsing.parse_json(NEW, bodies.json_object()))
    note("user added", f"{made.name} ({made.role})")
    return rendering.answer(made.json(), 201)


@routes.patch("/api/users/<name:user>")
@access.allow("admin")
def change_json(user: str) -> Response:
    """The user after setting `{password, role}`, either or both; 409 for the last admin."""
    given = parsing.parse_json(CHANGED, bodies.json_object(), partial=True)
    changed = users.change(current.desk().state, user, **given)
    if "password" in given:
        note("password changed", changed.name)
    if "role" in given:
        note("role changed", f"{changed.name} ({changed.role})")
    return rendering.answer(changed.json())


@routes.delete("/api/users/<name:user>")
@access.allow("admin")
def remove_json(user: str) -> Response:
    """204: the user with all sessions and tokens is gone; 409 for the last admin."""
    users.remove(current.desk().state, user)
    note("user removed", user)
    return Response(status=204)


def note(action: str, detail: str) -> None:
    """Keeps what an admin did to users and tokens, in the audit and in the log."""
    who = access.caller().name
    audit.record(current.desk().state, who, action, detail, address=request.remote_addr or "")
    logger.info("%s: %s: %s", who, action, detail, extra={"address": request.remote_addr or ""})
