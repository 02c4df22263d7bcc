"""Errors as answers: the only room that knows HTTP status codes."""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request, url_for
from werkzeug.exceptions import HTTPException

from frontdesk import context, errors
from frontdesk.web import current, rendering

logger = logging.getLogger("frontdesk.web")

STATUS: dict[type[errors.Error], int] = {
    errors.MalformedError: 400,
    errors.LoginRequired: 401,
    errors.PermissionDenied: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.GoneError: 410,
    errors.TooLargeError: 413,
    errors.UnsupportedMediaError: 415,
    errors.InputError: 422,
    errors.PageError: 422,
    errors.FunctionTimeout: 504,
    errors.FunctionError: 422,
    errors.DataError: 422,
    errors.ProgrammingError: 422,
    errors.NotSupportedError: 422,
    errors.ThrottledError: 429,
    errors.BusyError: 503,
    errors.DiskFullError: 507,
    errors.OperationalError: 503,
}

MEANINGS = {
    400: "Not parseable",
    401: "Nobody is signed in",
    403: "The role is too low, or the request comes from another site",
    404: "Not there, or not yours to see",
    405: "Another method",
    409: "Something has changed since, or stands in the way; nothing was changed",
    410: "It was there once",
    413: "Too large",
    415: "A content type that is not read here",
    422: "Parseable, but wrong; `errors` says what to write",
    429: "Too many tries",
    503: "Busy: try again after `Retry-After` seconds",
    504: "The function was stopped at its limit",
    507: "The disk is full; nothing was changed",
}
"""What a status says about any answer that carries it."""

SENTENCES = {
    400: "The request could not be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is too large.",
    415: "This content type is not read here.",
}


def meaning(status: int) -> str:
    """What this status says, in a few words."""
    return MEANINGS.get(status, HTTPStatus(status).phrase)


def status_of(error: errors.Error) -> int:
    """The HTTP status of one of our errors, by its nearest class."""
    if isinstance(error, errors.IntegrityError):
        return 409 if error.rule == "unique" else 422
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(status: int, message: str, hint: str = "", **more: Any) -> dict[str, Any]:
    """An RFC 9457 problem: `{type, title, status, detail, errors, request}` and what else is known."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{message} {hint}".strip(),
        "errors": {},
        "request": context.request.get(),
        **more,
    }


def install(app: Flask) -> None:
    """Makes every error of the application an answer."""
    app.register_error_handler(errors.Error, _answer_ours)
    for altered in (errors.AlteredError, errors.ProgrammingError):
        app.register_error_handler(altered, _answer_altered)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_altered(error: errors.Error) -> Response:
    """A table that another program has altered is read once more, as it is now; own pages may have done something."""
    if request.method != "GET" or "database" not in (request.view_args or {}) or g.get("again"):
        return _answer_ours(error)
    g.again = True
    try:
        return current_app.make_response(current_app.dispatch_request())
    except errors.Error as still:
        return _answer_ours(still)


def _answer_ours(error: errors.Error) -> Response:
    status = status_of(error)
    if status >= 500:
        known = status in {503, 504}
        logger.log(
            logging.WARNING if known else logging.ERROR, "%s: %s", type(error).__name__, error, exc_info=status == 500
        )
    if status == 401 and not _wants_json():
        after = request.full_path.rstrip("?") if request.method == "GET" else None
        return rendering.lead_to(url_for("accounts.login", next=after if after != "/" else None))
    response = _respond(status, error.message, error.hint, **_details(error))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    seconds = getattr(error, "seconds", None)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _details(error: errors.Error) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(error, errors.InputError):
        found["errors"] = error.errors
    if isinstance(error, errors.StatementError):
        found |= {"line": error.line, "column": error.column, "near": error.near}
    if isinstance(error, errors.OperationalError) and error.database in current.desk().databases:
        found["database"] = error.database
    if isinstance(error, errors.IntegrityError):
        found["errors"] = dict.fromkeys(error.columns, error.message)
    if isinstance(error, errors.FunctionError):
        found |= {"run": error.run, "error": error.error}
    if isinstance(error, errors.ConflictError):
        found |= {name: value for name in ("current", "refused") if (value := getattr(error, name)) is not None}
    return found


def _answer_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    response = _respond(error.code, SENTENCES.get(error.code, error.description or error.name))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _answer_unexpected(error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _respond(500, "Frontdesk made a mistake.", "It is in the logs under this request's id.")


def _respond(status: int, message: str, hint: str = "", **more: Any) -> Response:
    if _wants_json():
        response = rendering.answer(problem(status, message, hint, **more), status)
        response.content_type = "application/problem+json"
        return response
    others = (
        [name for name in sorted(current.desk().databases) if name != more["database"]] if "database" in more else []
    )
    return rendering.page("error.html", status=status, code=status, message=message, hint=hint, others=others, **more)


def _wants_json() -> bool:
    if request.path == "/api" or request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
