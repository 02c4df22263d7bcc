"""Answers: pages filled by Jinja2, JSON, and the addresses of assets."""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import flask
from flask import Flask, Response, render_template, request
from markupsafe import Markup

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.desk.overviews import Navigation
from frontdesk.web import access, current

STATIC = Path(__file__).parent / "static"


def page(template: str, status: int = 200, **context: Any) -> Response:
    """The page of a template."""
    return Response(render_template(template, status=status, **context), status, mimetype="text/html")


def answer(body: Any, status: int = 200) -> Response:
    """The body as JSON."""
    return Response(values.dumps(body) + "\n", status, mimetype="application/json")


def lead_to(address: str) -> Response:
    """Leads to another page after something was done (303: by GET)."""
    return Response(status=303, headers={"Location": address})


def url_for(endpoint: str, **values: Any) -> str:
    """As Flask's; the path of each endpoint and its values is built once."""
    if endpoint.startswith(".") or not all(type(value) in {str, int} for value in values.values()):
        return flask.url_for(endpoint, **values)
    return _built(request.script_root, endpoint, tuple(values.items()))


@lru_cache(4096)
def _built(root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
    return flask.url_for(endpoint, **dict(values))


def install(app: Flask) -> None:
    """Gives every template of the application its names and filters."""
    app.jinja_env.globals.update(url_for=url_for, sprite_icon=icon, asset=asset, has_bundle=has_bundle)
    app.jinja_env.globals.update(request_id=request_id, here_with=here_with, here_without=here_without)
    app.jinja_env.tests["bytes"] = lambda value: isinstance(value, bytes)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_frame)


def request_id() -> str | None:
    """The id of this request, under which its log records are found."""
    return context.request.get()


def asset(name: str) -> str:
    """The address of an asset: our own plain file, or a bundle of dist/ under its hashed name."""
    built = _manifest().get(name)
    if built is not None:
        return url_for("static", filename=f"dist/{built}")
    return url_for("static", filename=name, v=_stamp(name))


def icon(name: str) -> Markup:
    """An icon of the sprite; nothing where the bundles were not built, since words always stand beside it."""
    if not has_bundle("icons.svg"):
        return Markup("")
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(asset("icons.svg"), name)


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


def address(endpoint: str, arguments: list[tuple[str, str]], **path: Any) -> str:
    """The address of an endpoint with query arguments, repeated ones too."""
    return url_for(endpoint, **path) + (f"?{urlencode(arguments)}" if arguments else "")


def here_with(**changes: Any) -> str:
    """This page's address with some query arguments replaced, or left out where the new value is None."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    arguments = kept + [(name, str(value)) for name, value in changes.items() if value is not None]
    return _path() + (f"?{urlencode(arguments)}" if arguments else "")


def here_without(name: str, value: str) -> str:
    """This page's address without one query argument; the place in the list goes too."""
    kept = [pair for pair in request.args.items(multi=True) if pair != (name, value) and pair[0] != "_next"]
    return _path() + (f"?{urlencode(kept)}" if kept else "")


def _path() -> str:
    """This page's path as it was asked for; built anew, since WSGI has decoded it."""
    return url_for(request.endpoint or "home.index", **(request.view_args or {}))


def _frame() -> dict[str, Any]:
    who = access.caller_or_none()
    desk = current.desk()
    here = (request.blueprint or "home").partition(".")[0]
    side = None
    if who is not None and not request.headers.get("X-Fragment"):
        side = _side(desk.navigation(who), who, here, desk.name, request.script_root, request.path)
    return {"me": who, "here": here, "desk_name": desk.name, "side": side}


@lru_cache(64)
def _side(found: Navigation, who: Caller, here: str, desk_name: str, *address: str) -> Markup:
    """The navigation; for the same person at the same page it stays the same until something in it changes."""
    template = flask.current_app.jinja_env.get_template("_side.html")
    known = {"me": who, "here": here, "desk_name": desk_name}
    return Markup(template.render(known, **_entries(found)))  # noqa: S704 - the template escapes


def _entries(found: Navigation) -> dict[str, Any]:
    groups = [
        {
            "database": one.name,
            "url": url_for("tables.tables", database=one.name),
            "problem": one.problem,
            "tables": [
                {
                    "name": table.name,
                    "rows": table.rows,
                    "url": url_for("rows.index", database=one.name, table=table.name),
                }
                for table in one.tables
            ],
        }
        for one in found.databases
    ]
    functions = [{"name": name, "url": url_for("functions.function", function=name)} for name in found.functions]
    pages = [{"name": name, "url": url_for("pages.page", page=name)} for name in found.pages]
    return {"tables": groups, "functions": functions, "pages": pages, "errors": found.errors}
