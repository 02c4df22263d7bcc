"""The WSGI application of a desk."""

import logging
import time

from flask import Flask, Response, g, request

from frontdesk import context
from frontdesk.desk import Desk
from frontdesk.logs import handlers
from frontdesk.web import (
    access,
    accounts,
    answers,
    asked,
    blobs,
    changes,
    charts,
    current,
    docs,
    edits,
    errors,
    exports,
    files,
    functions,
    health,
    home,
    hosts,
    imports,
    layouts,
    openapi,
    pages,
    paths,
    queries,
    rendering,
    rows,
    runs,
    saved_charts,
    saved_queries,
    saved_views,
    structures,
    tables,
    tokens,
    turns,
    users,
)
from frontdesk.web import logs as log_pages

logger = logging.getLogger("frontdesk.web")

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
QUIET = frozenset({"static", "health.healthz", "health.readyz", "logs.tail"})
"""Endpoints whose requests are logged at DEBUG: a browser asks for them again and again."""


ROOMS = (
    *(home, accounts, users, tokens, tables, structures, rows, edits, layouts, saved_views, blobs, charts, changes),
    *(
        imports,
        exports,
        queries,
        functions,
        runs,
        asked,
        saved_queries,
        saved_charts,
        log_pages,
        files,
        pages,
        openapi,
        docs,
        health,
    ),
)
"""The modules whose routes make the application."""


def create_app(desk: Desk, *, trusted_hosts: list[str] | None = None, logs: bool = False) -> Flask:
    """A WSGI application that serves `desk`; with `trusted_hosts` any other Host header is answered with 400.

    `logs` adds our handler to the root logger, so that the surrounding application's records are in the desk's logs.
    """
    if logs:
        logging.getLogger().addHandler(handlers.logging_handler(desk.folder))
    app = Flask("frontdesk.web", static_folder="static", template_folder="templates")
    app.config.update(
        MAX_CONTENT_LENGTH=desk.config.server.max_body,
        MAX_FORM_MEMORY_SIZE=desk.config.server.max_body,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.secret_key = desk.secret_key()
    app.wsgi_app = turns.taking(app.wsgi_app)  # type: ignore[method-assign]
    if trusted_hosts:
        app.wsgi_app = hosts.only(app.wsgi_app, trusted_hosts)  # type: ignore[method-assign]
    app.config.update(
        SESSION_COOKIE_NAME="frontdesk_flash", SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True
    )
    paths.install(app.url_map)
    current.put(app, desk)
    app.before_request(_begin)
    access.install(app)
    answers.install(app)
    errors.install(app)
    rendering.install(app)
    for room in ROOMS:
        app.register_blueprint(room.routes)
    app.after_request(_finish)
    app.teardown_request(_forget)
    return app


def _begin() -> None:
    g.began = time.perf_counter()
    g.bound = context.request.set(context.new_request_id()), context.user.set(None)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = context.request.get() or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)  # of nothing
    response.headers["Referrer-Policy"] = "same-origin"
    nonce = g.get("style_nonce")
    policy = POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'") if nonce else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.add("Cookie")
    milliseconds = (time.perf_counter() - g.began) * 1000
    renewed = request.endpoint == "runs.run" and "X-Fragment" in request.headers
    level = logging.DEBUG if request.endpoint in QUIET or renewed else logging.INFO
    logger.log(level, "%s %s %d in %.1f ms", request.method, request.path, response.status_code, milliseconds)
    return response


def _forget(_: BaseException | None) -> None:
    """A server's thread serves the next request too: nothing of this one may stay in its context."""
    bound = g.pop("bound", None)
    if bound is not None:
        context.request.reset(bound[0])
        context.user.reset(bound[1])
