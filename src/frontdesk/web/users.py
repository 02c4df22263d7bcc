"""Who can sign in: users listed, added, changed and removed by admins. Pages and JSON side by side."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.accounts import audit, users
from frontdesk.accounts.users import User
from frontdesk.context import ROLES
from frontdesk.errors import ConflictError, Error, InputError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("users", __name__)
logger = logging.getLogger("frontdesk.accounts")

PASSWORD = Field("password", "text")
ROLE = Field("role", "choice", choices=ROLES)
NEW = (Field("name", "text"), PASSWORD, ROLE)
"""What a user is made of."""
CHANGED = (PASSWORD, ROLE)
"""What of a user can be changed."""


@routes.get("/users")
@access.allow("admin")
def index() -> Response:
    """The users, and the form that adds one."""
    return _index({}, {})


def _index(form: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Response:
    listed = users.list_all(current.desk().state)
    return rendering.page("users/index.html", status, users=listed, form=form, errors=errors, roles=ROLES)


@routes.post("/users")
@access.allow("admin")
def add() -> Response:
    """Adds the user that was typed."""
    try:
        made = _add(parsing.parse_text(NEW, request.form))
    except (InputError, ConflictError) as error:
        return _index(request.form, wrong(error, "name"), status_of(error))
    messages.say(f"Added {made.name} as {made.role}.")
    return rendering.lead_to(url_for("users.index"))


@routes.get("/users/<name:user>")
@access.allow("admin")
def user(user: str) -> Response:
    """One user, with the forms that change and remove them."""
    return _user(user, {})


def _user(name: str, errors: Mapping[str, str], status: int = 200) -> Response:
    found = users.find(current.desk().state, name)
    return rendering.page("users/user.html", status, user=found, errors=errors, roles=ROLES)


@routes.post("/users/<name:user>")
@access.allow("admin")
def change(user: str) -> Response:
    """Gives the user the role or the password that was typed."""
    try:
        changed = _change(user, parsing.parse_text(CHANGED, request.form, partial=True))
    except (InputError, ConflictError) as error:
        return _user(user, wrong(error, "role"), status_of(error))
    told = f"{changed.name} has a new password." if "password" in request.form else f"{changed.name} is {changed.role}."
    messages.say(told)
    return rendering.lead_to(url_for("users.index"))


@routes.post("/users/<name:user>/remove")
@access.allow("admin")
def remove(user: str) -> Response:
    """Removes the user whose name was typed."""
    try:
        if request.form.get("typed") != user:
            raise InputError(errors={"typed": f"Type {user} to remove them."})
        _remove(user)
    except (InputError, ConflictError) as error:
        return _user(user, wrong(error, "typed"), status_of(error))
    messages.say(f"Removed {user}.")
    return rendering.lead_to(url_for("users.index"))


def wrong(error: Error, field: str) -> dict[str, str]:
    """A sentence for each wrong field; what belongs to none stands at `field`."""
    found: dict[str, str] = getattr(error, "errors", {})
    return found or {field: f"{error.message} {error.hint}".strip()}


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
    made = _add(parsing.parse_json(NEW, bodies.json_object()))
    return rendering.answer(made.json(), 201)


@routes.patch("/api/users/<name:user>")
@access.allow("admin")
def change_json(user: str) -> Response:
    """The user after setting `{password, role}`, either or both; 409 for the last admin."""
    changed = _change(user, parsing.parse_json(CHANGED, bodies.json_object(), partial=True))
    return rendering.answer(changed.json())


@routes.delete("/api/users/<name:user>")
@access.allow("admin")
def remove_json(user: str) -> Response:
    """204: the user with all sessions and tokens is gone; 409 for the last admin."""
    _remove(user)
    return Response(status=204)


def _add(given: Mapping[str, Any]) -> User:
    made = users.add(current.desk().state, **given)
    note("user added", f"{made.name} ({made.role})")
    return made


def _change(name: str, given: Mapping[str, Any]) -> User:
    changed = users.change(current.desk().state, name, **given)
    if "password" in given:
        note("password changed", changed.name)
    if "role" in given:
        note("role changed", f"{changed.name} ({changed.role})")
    return changed


def _remove(name: str) -> None:
    users.remove(current.desk().state, name)
    note("user removed", name)


def note(action: str, detail: str) -> None:
    """Keeps what an admin did to users and tokens, in the audit and in the log."""
    who = access.caller().name
    audit.record(current.desk().state, who, action, detail, address=request.remote_addr or "")
    logger.info("%s: %s: %s", who, action, detail, extra={"address": request.remote_addr or ""})
