"""How programs sign in: tokens listed, created and revoked by admins."""

from flask import Blueprint, Response

from frontdesk.accounts import tokens
from frontdesk.context import ROLES
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.web import access, bodies, current, rendering
from frontdesk.web.users import note

routes = Blueprint("tokens", __name__)

NEW = (
    Field("name", "text"),
    Field("role", "choice", choices=ROLES),
    Field("days", "integer", required=False, nullable=True, minimum=1, maximum=tokens.MOST_DAYS),
)
"""What a token is made of."""


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
    given = parsing.parse_json(NEW, bodies.json_object())
    state = current.desk().state
    secret = tokens.create(state, given["name"], given["role"], access.caller(), given.get("days"))
    note("token created", f"{given['name']} ({given['role']})")
    return rendering.answer({**vars(tokens.show(state, given["name"])), "token": secret}, 201)


@routes.delete("/api/tokens/<name:token>")
@access.allow("admin")
def revoke_json(token: str) -> Response:
    """204: the token of this name, or else of this number, holds no more."""
    note("token revoked", tokens.revoke(current.desk().state, token).name)
    return Response(status=204)
