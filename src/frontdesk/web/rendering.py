"""Answers: pages filled by Jinja2, JSON, and the addresses of assets."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request, url_for

from frontdesk.database import values
from frontdesk.web import access, current

STATIC = Path(__file__).parent / "static"


def page(template: str, status: int = 200, **context: Any) -> Response:
    """The page of a template."""
    return Response(render_template(template, status=status, **context), status, mimetype="text/html")


def answer(body: Any, status: int = 200) -> Response:
    """The body as JSON."""
    return Response(values.dumps(body) + "\n", status, mimetype="application/json")


def install(app: Flask) -> None:
    """Gives every template of the application its names and filters."""
    app.jinja_env.globals.update(asset=asset, has_bundle=has_bundle)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_frame)


def asset(name: str) -> str:
    """The address of an asset: our own plain file, or a bundle of dist/ under its hashed name."""
    built = _manifest().get(name)
    if built is not None:
        return url_for("static", filename=f"dist/{built}")
    return url_for("static", filename=name, v=_stamp(name))


def has_bundle(name: str) -> bool:
    """Whether the front end's bundle was built at installation."""
    return name in _manifest()


@cache
def _manifest() -> dict[str, str]:
    path = STATIC / "dist" / "manifest.json"
    if not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


@cache
def _stamp(name: str) -> str:
    path = STATIC / name
    return f"{path.stat().st_mtime_ns:x}" if path.exists() else ""


def _frame() -> dict[str, Any]:
    who = access.caller_or_none()
    desk = current.desk()
    here = (request.blueprint or "home").partition(".")[0]
    frame: dict[str, Any] = {"me": who, "here": here, "desk_name": desk.name, "navigation": None}
    if who is not None and not request.headers.get("X-Fragment"):
        frame["navigation"] = desk.navigation(who)
    return frame
