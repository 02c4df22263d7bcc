"""Who may: every view declares the lowest role, and one check before each request enforces it."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request

from frontdesk import context
from frontdesk.accounts import sessions, tokens
from frontdesk.context import Caller
from frontdesk.errors import LoginRequired, PermissionDenied
from frontdesk.web import current

View = TypeVar("View", bound=Callable[..., Any])

ANYONE = "anyone"
"""What a view declares that needs no sign-in."""

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
COOKIE = "frontdesk_session"


def allow(lowest: str) -> Callable[[View], View]:
    """Declares that a view is for this role and the higher ones, or for `ANYONE`."""

    def declare(view: View) -> View:
        view.allowed = lowest  # type: ignore[attr-defined]
        return view

    return declare


def allowed(endpoint: str) -> str | None:
    """The lowest role that the view of an endpoint declares; None when it declares nothing."""
    view = current_app.view_functions[endpoint]
    return ANYONE if endpoint == "static" else getattr(view, "allowed", None)


def caller() -> Caller:
    """Who asks. Raises LoginRequired when nobody is signed in."""
    found = caller_or_none()
    if found is None:
        raise LoginRequired("Sign in first.", "Send a token as `Authorization: Bearer fd_…`, or sign in at /login.")
    return found


def caller_or_none() -> Caller | None:
    """Who asks, or None."""
    found: Caller | None = g.get("caller")
    return found


def cookie_name() -> str:
    """The session cookie's name; under https the browser itself keeps it to this host."""
    return f"__Host-{COOKIE}" if request.is_secure else COOKIE


def install(app: Flask) -> None:
    """Checks every request of the application before its view is called."""
    app.before_request(_identify)
    app.before_request(_check)


def _identify() -> None:
    secret = _token()
    g.caller = _caller_by_cookie() if secret is None else tokens.find(current.desk().state, secret)
    if g.caller is not None:
        context.user.set(g.caller.name)


def _token() -> str | None:
    """The token that was sent; a proxy's own Authorization, of another scheme, is none."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _caller_by_cookie() -> Caller | None:
    secret = request.cookies.get(cookie_name())
    return sessions.find(current.desk().state, secret, current.desk().config.sessions) if secret else None


def _check() -> None:
    if request.endpoint is None:  # no such route: an answer of 404 or 405, for those who are signed in
        if request.path.startswith("/api/"):
            return
        caller()
        return
    lowest = allowed(request.endpoint)
    _check_origin()
    if lowest == ANYONE:
        return
    if lowest is None:
        raise PermissionDenied("This page does not say who may see it.")
    if _token() is not None and caller_or_none() is None:
        raise LoginRequired("This token is not valid.", "It may have expired or been revoked.")
    who = caller()
    if not who.may(lowest):
        raise PermissionDenied(f"This needs the role {lowest}; you are {who.role}.", "Ask an admin of this desk.")


def _check_origin() -> None:
    """Refuses what another site makes a browser send: cookies travel along with it, tokens do not."""
    if request.method not in UNSAFE or _token() is not None:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        if cookie_name() not in request.cookies:
            return
    elif site in {None, "same-origin"} and (origin is None or urlsplit(origin).netloc == request.host):
        return
    raise PermissionDenied(
        "This request comes from another site.", "Send it from a page of this desk, or with a token."
    )
