"""The API for people: every route with who may use it, what it takes, an example call and answer."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from werkzeug.routing import Rule

from frontdesk.forms.fields import Field
from frontdesk.functions.descriptions import Description
from frontdesk.web import access, current, errors, openapi, rendering, shapes
from frontdesk.web.operations import JSON, OPERATIONS, Operation, Parameter

routes = Blueprint("docs", __name__)

WORTH_TELLING = frozenset({403, 404, 409, 413, 415, 504})
"""Statuses that are listed with a route; the others are the same everywhere and stand above."""


@dataclass(frozen=True)
class Entry:
    """One route on the page."""

    id: str  #: of its place on the page
    method: str
    path: str
    title: str
    help: str
    role: str
    takes: list[tuple[str, str, str]]  #: where it stands, its name, and what it says
    call: str  #: as it is typed into a shell
    status: int
    answer: str  #: empty where there is no body
    errors: list[tuple[int, str]]


@routes.get("/api/docs")
@access.allow("viewer")
def index() -> Response:
    """Every route by noun, and every function of the desk."""
    nouns: dict[str, list[Entry]] = {}
    for rule, method in openapi.rules():
        nouns.setdefault(OPERATIONS[rule.endpoint].noun, []).append(_entry(rule, method))
    functions = [_function(function) for function in current.desk().registry.functions()]
    return rendering.page("docs/index.html", nouns=nouns, functions=functions, me_url=_address("/api/me"))


def _entry(rule: Rule, method: str) -> Entry:
    operation = OPERATIONS[rule.endpoint]
    statuses = [status for status in openapi.statuses_of(rule, method) if status in WORTH_TELLING]
    return Entry(
        id=rule.endpoint.replace("_json", "").replace(".", "-"),
        method=method,
        path=openapi.path_of(rule),
        title=operation.title,
        help=operation.help,
        role=openapi.role_of(rule),
        takes=_takes(rule, method, operation),
        call=_call(rule, method, operation),
        status=operation.status,
        answer=_answer(operation),
        errors=[(status, errors.meaning(status)) for status in statuses],
    )


def _takes(rule: Rule, method: str, operation: Operation) -> list[tuple[str, str, str]]:
    path = [("path", name, openapi.KEYS[name][0]) for name in openapi.names_of(rule)]
    given = [(one.place, one.name, one.help) for one in openapi.parameters_of(rule, method)]
    schema = next(iter(operation.takes().values()), {})
    required = schema.get("required", [])
    body = [
        ("body", name, _kind(part) + ("" if name in required else ", may be left out"))
        for name, part in schema.get("properties", {}).items()
    ]
    return path + given + body


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "enum" in schema:
        return "one of " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    if "$ref" in schema:
        return _kind(shapes.SHAPES[schema["$ref"].rpartition("/")[2]])
    if schema.get("type") == "array":
        return "list of objects" if _kind(schema.get("items", {})) == "object" else "list"
    kind = schema.get("type", "anything")
    kinds = [str(one) for one in (kind if isinstance(kind, list) else [kind])]
    return " or ".join(_WORDS.get(one, one) for one in kinds)


_WORDS = {"string": "text", "integer": "whole number", "object": "object", "boolean": "true or false"}


def _call(rule: Rule, method: str, operation: Operation) -> str:
    path = re.sub(r"{(\w+)}", lambda found: _example_of(found[1]), openapi.path_of(rule))
    asked = [one for one in operation.query if one.place == "query" and one.name in _SHOWN]
    address = _address(path) + (f"?{urlencode(_pairs(asked))}" if asked else "")
    lines = _begin(method, address)
    for kind, schema in list(operation.takes().items())[:1]:
        lines += _with_body(kind, schema)
    return " \\\n  ".join(lines)


_SHOWN = frozenset({"filters", "_sort", "level", "status"})
"""Query parameters that the example holds."""


def _pairs(asked: list[Parameter]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for one in asked:
        value = shapes.example(one.schema)
        pairs += list(value.items()) if isinstance(value, dict) else [(one.name, str(value))]
    return pairs


def _example_of(name: str) -> str:
    return str(shapes.example(openapi.KEYS[name][1])).replace(" ", "%20")


def _address(path: str) -> str:
    return request.url_root.rstrip("/") + path


def _begin(method: str, address: str) -> list[str]:
    how = "" if method == "GET" else f"-X {method} "
    return [f"curl {how}{shlex.quote(address)}", '-H "Authorization: Bearer $FRONTDESK_TOKEN"']


def _with_body(kind: str, schema: Mapping[str, Any]) -> list[str]:
    if kind == JSON:
        written = json.dumps(shapes.example(dict(schema)), ensure_ascii=False)
        return [f'-H "Content-Type: {JSON}"', f"-d {shlex.quote(written)}"]
    return [f'-H "Content-Type: {kind}"', "--data-binary @payments.csv"]


def _answer(operation: Operation) -> str:
    if operation.answer is None:
        return ""
    found = shapes.example(operation.answer)
    if operation.types[0] != JSON:
        return found if isinstance(found, str) else "id,name,age,department\n1,Krish,32,Data Scientist\n"
    return json.dumps(found, ensure_ascii=False, indent=2)


# Functions of people's own


def _function(function: Description) -> Entry:
    address = url_for("functions.call_json", function=function.name, _external=True)
    result = {"run": 2, "status": "done", "result": shapes.example(_resolved(function.output)), "milliseconds": 0.3}
    return Entry(
        id=f"function-{function.name}",
        method="POST",
        path=url_for("functions.call_json", function=function.name).removeprefix(request.script_root),
        title=function.title,
        help=function.description.partition("\n")[0],
        role=function.role,
        takes=[("body", field.name, _told(field)) for field in function.fields],
        call=" \\\n  ".join([*_begin("POST", address), *_arguments(function)]),
        status=200,
        answer=json.dumps(result, ensure_ascii=False, indent=2),
        errors=[(422, "Wrong arguments, or it raised: then with `run` and `error`"), (504, errors.meaning(504))],
    )


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a result with what it refers to left out: an example need not show it all."""
    return {} if "$ref" in json.dumps(schema) else schema


def _told(field: Field) -> str:
    kind = _kind(field.schema()) if field.kind not in {"file", "image"} else field.kind
    words = [kind, "" if field.required else f"default {json.dumps(field.default, ensure_ascii=False)}", field.help]
    return ", ".join(word for word in words if word)


def _arguments(function: Description) -> list[str]:
    files = [field for field in function.fields if field.kind in {"file", "image"}]
    if files:
        return [f"-F {shlex.quote(f'{field.name}=@{field.name}')}" for field in files]
    given = {field.name: field.example() for field in function.fields}
    return [f'-H "Content-Type: {JSON}"', f"-d {shlex.quote(json.dumps(given, ensure_ascii=False))}"]
