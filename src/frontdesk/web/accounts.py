"""Signing in and out: by password, by a one-time link, as the first admin; and who one is."""

import logging
from urllib.parse import urlsplit

from flask import Blueprint, Response, request, url_for

from frontdesk.accounts import audit, links, sessions, users
from frontdesk.accounts.users import User
from frontdesk.errors import BusyError, Error, InputError, LoginRequired, ThrottledError
from frontdesk.web import access, current, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("accounts", __name__)
logger = logging.getLogger("frontdesk.accounts")


@routes.get("/login")
@access.allow(access.ANYONE)
def login() -> Response:
    """The form to sign in; whoever is signed in goes on to where they wanted."""
    if access.caller_or_none():
        return _go(safe_next(request.args.get("next", "")))
    return _login(request.args.get("next", ""))


def _login(after: str, name: str = "", error: Error | None = None) -> Response:
    response = rendering.page(
        "accounts/login.html",
        status_of(error) if error else 200,
        after=after,
        name=name,
        error=error,
        empty=not users.exist(current.desk().state),
    )
    if isinstance(error, (ThrottledError, BusyError)):
        response.headers["Retry-After"] = str(error.seconds)
    return response


@routes.post("/login")
@access.allow(access.ANYONE)
def sign_in() -> Response:
    """Signs in with name and password."""
    name, after = request.form.get("name", "").strip(), request.form.get("next", "")
    try:
        user = users.verify(current.desk().state, name, request.form.get("password", ""), _address())
    except (LoginRequired, ThrottledError, BusyError) as error:
        _note(_if_known(name), f"sign-in refused: {error.message}", logging.WARNING)
        return _login(after, name, error)
    return _enter(user, "signed in", after)


@routes.post("/logout")
@access.allow(access.ANYONE)
def logout() -> Response:
    """Signs out: the session ends on the server too."""
    if who := access.caller_or_none():
        sessions.end(current.desk().state, request.cookies.get(access.cookie_name(), ""))
        _note(who.name, "signed out")
    response = _go(url_for("accounts.login"))
    response.delete_cookie(access.cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax")
    return response


@routes.get("/welcome/<secret>")
@access.allow(access.ANYONE)
def welcome(secret: str) -> Response:
    """The form in which the first admin chooses name and password; changes nothing."""
    links.check(current.desk().state, secret, links.SETUP)
    return rendering.page("accounts/welcome.html", name="", errors={})


@routes.post("/welcome/<secret>")
@access.allow(access.ANYONE)
def set_up(secret: str) -> Response:
    """Makes the first admin and signs in."""
    name = request.form.get("name", "").strip()
    try:
        user = links.set_up(current.desk().state, secret, name, request.form.get("password", ""))
    except InputError as error:
        return rendering.page("accounts/welcome.html", status_of(error), name=name, errors=error.errors)
    return _enter(user, "became the first admin")


@routes.get("/link/<secret>")
@access.allow(access.ANYONE)
def link(secret: str) -> Response:
    """The button of a one-time link; a mail program that looks ahead does not use it up."""
    user = links.check(current.desk().state, secret, links.SIGNIN)
    return rendering.page("accounts/link.html", user=user)


@routes.post("/link/<secret>")
@access.allow(access.ANYONE)
def sign_in_by_link(secret: str) -> Response:
    """Signs in by a one-time link."""
    return _enter(links.sign_in(current.desk().state, secret), "signed in by a one-time link")


@routes.get("/api/me")
@access.allow("viewer")
def me() -> Response:
    """`{name, role}` of who asks."""
    return rendering.answer(vars(access.caller()))


def safe_next(target: str) -> str:
    """The path on this desk that `target` names; the first page for anything that could lead elsewhere."""
    parts = urlsplit(target) if target.isprintable() and "\\" not in target else None
    if parts is None or parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return url_for("home.index")
    return target


def _enter(user: User, deed: str, after: str = "") -> Response:
    """Begins a new session, ends the one that the browser had, and goes on."""
    desk = current.desk()
    sessions.end(desk.state, request.cookies.get(access.cookie_name(), ""))
    secret = sessions.start(desk.state, user, desk.config.sessions)
    _note(user.name, deed)
    response = _go(safe_next(after))
    response.set_cookie(
        access.cookie_name(),
        secret,
        max_age=desk.config.sessions.days * 86_400,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _go(target: str) -> Response:
    return rendering.lead_to(target)


def _note(who: str, deed: str, level: int = logging.INFO) -> None:
    audit.record(current.desk().state, who, deed, address=_address())
    logger.log(level, "%s %s", who, deed, extra={"address": _address()})


def _if_known(name: str) -> str:
    """The name of a user; what else was typed may be a password in the wrong field, and is not kept."""
    return name if users.is_there(current.desk().state, name) else "somebody unknown"


def _address() -> str:
    return request.remote_addr or ""
