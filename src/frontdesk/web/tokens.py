"""How programs sign in: tokens listed, created and revoked by admins. Pages and JSON side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.accounts import tokens
from frontdesk.accounts.tokens import Token
from frontdesk.context import ROLES
from frontdesk.database.values import now
from frontdesk.errors import ConflictError, InputError, PermissionDenied
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.errors import status_of
from frontdesk.web.users import note, wrong

routes = Blueprint("tokens", __name__)

NEW = (
    Field("name", "text"),
    Field("role", "choice", choices=ROLES),
    Field("days", "integer", required=False, nullable=True, minimum=1, maximum=tokens.MOST_DAYS),
)
"""What a token is made of."""

DURATIONS = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "no end"))


@routes.get("/tokens")
@access.allow("admin")
def index() -> Response:
    """The tokens, and the form that makes one."""
    return _index({}, {})


def _index(form: Mapping[str, str], errors: Mapping[str, str], status: int = 200, **made: Any) -> Response:
    listed = tokens.list_all(current.desk().state)
    shown = {"tokens": listed, "form": form, "errors": errors, "roles": ROLES, "now": now(), "durations": DURATIONS}
    return rendering.page("tokens/index.html", status, **shown, **made)


@routes.post("/tokens")
@access.allow("admin")
def create() -> Response:
    """Makes the token that was typed and shows its secret, this once."""
    try:
        made, secret = _create(parsing.parse_text(NEW, request.form))
    except (InputError, ConflictError, PermissionDenied) as error:
        return _index(request.form, wrong(error, "name"), status_of(error))
    return _index({}, {}, 201, made=made, secret=secret)


@routes.post("/tokens/<name:token>/revoke")
@access.allow("admin")
def revoke(token: str) -> Response:
    """Revokes a token."""
    messages.say(f"Revoked {_revoke(token)}.")
    return rendering.lead_to(url_for("tokens.index"))


@routes.get("/api/tokens")
@access.allow("admin")
def index_json() -> Response:
    """`{tokens: [{id, name, prefix, role, maker, created, used, expires}], next}`: never the secrets."""
    found, after = bodies.part(tokens.list_all(current.desk().state))
    return rendering.answer({"tokens": [vars(token) for token in found], "next": after})


@routes.post("/api/tokens")
@access.allow("admin")
def create_json() -> Response:
    """201 with the token made from `{name, role, days}` and, this once, its secret as `token`; 409 for a taken name."""
    made, secret = _create(parsing.parse_json(NEW, bodies.json_object()))
    return rendering.answer({**vars(made), "token": secret}, 201)


@routes.delete("/api/tokens/<name:token>")
@access.allow("admin")
def revoke_json(token: str) -> Response:
    """204: the token of this name, or else of this number, holds no more."""
    _revoke(token)
    return Response(status=204)


def _create(given: Mapping[str, Any]) -> tuple[Token, str]:
    state = current.desk().state
    secret = tokens.create(state, given["name"], given["role"], access.caller(), given.get("days"))
    note("token created", f"{given['name']} ({given['role']})")
    return tokens.show(state, given["name"]), secret


def _revoke(token: str) -> str:
    name = tokens.revoke(current.desk().state, token).name
    note("token revoked", name)
    return name
