"""The API described as OpenAPI 3.1, made from `operations`, the routes themselves and the functions of the desk."""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.routing import Rule

from frontdesk.files import types
from frontdesk.functions.descriptions import Description
from frontdesk.tables import exports
from frontdesk.upkeep import dumps
from frontdesk.web import access, answers, current, errors, rendering
from frontdesk.web.operations import BYTES, JSON, OPERATIONS, Operation, Parameter
from frontdesk.web.shapes import SHAPES, Schema, ref, text, thing

routes = Blueprint("openapi", __name__)

PROBLEM = "application/problem+json"
FUNCTIONS = "This desk's functions"
EVERYWHERE = (401, 503)
"""What every route may answer besides its own; what else is derived from what it takes and does."""

KEYS = {
    "run": ("The run's number.", {"type": "integer", "minimum": 0, "examples": [2]}),
    "key": ("The row's key; several values are joined by commas.", text("1")),
    "form": ("The format.", {"type": "string", "enum": list(exports.FORMATS)}),
    "kind": ("The format.", {"type": "string", "enum": list(dumps.FORMATS)}),
    "change": ("The change's id, `DATABASE.N`.", text("example.1")),
    "database": ("The database's name.", text("example")),
    "table": ("The table's name.", text("employees")),
    "column": ("The column's name.", text("age")),
    "function": ("The function's name.", text("divide")),
    "query": ("The saved query's name.", text("Grown up")),
    "chart": ("The saved chart's name.", text("Ages")),
    "view": ("The saved view's name.", text("Old ones")),
    "user": ("The user's name.", text("eve")),
    "sha256": ("The file's hash.", text("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")),
    "token": ("The token's name, or its id.", text("nightly")),
    "name": ("The logger's name.", text("grades")),
}
"""The parts of a path, each with what it says and its shape."""

IDEMPOTENCY = Parameter(
    answers.HEADER,
    text("7c1f6c9a", minLength=1, maxLength=255),
    "Sent twice with one key and body, a request is carried out once and answered twice, for 24 hours.",
    "header",
)
ABOUT = """What the pages of this desk show, as JSON.

Names and keys in a path: `, / ~ %`, control characters and a lone `.` or `..` are written `~XX` for each UTF-8 byte
(`~2C` is a comma); empty text is `~`, NULL `~0`. Integers beyond 2^53 and decimals are strings, bytes are
`{"$base64": "…"}`, NaN and infinities are null."""


@routes.get("/api/openapi.json")
@access.allow("viewer")
def document() -> Response:
    """The API of this desk with its functions, as OpenAPI 3.1."""
    return rendering.answer(describe(current.desk().name, current.desk().registry.functions()))


def describe(name: str, functions: Sequence[Description] = ()) -> dict[str, Any]:
    """The description of the application being asked, as OpenAPI 3.1."""
    found: dict[str, dict[str, Any]] = {}
    for rule, method in rules():
        found.setdefault(path_of(rule), {})[method.lower()] = _operation(rule, method)
    shared = dict(SHAPES)
    for function in functions:
        address, more = _function(function)
        found[address] = more
        shared |= _own_shapes(function)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name}: the API of this desk", "version": version("frontdesk"), "description": ABOUT},
        "servers": [{"url": request.script_root or "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": [{"name": noun} for noun in [*dict.fromkeys(one.noun for one in OPERATIONS.values()), FUNCTIONS]],
        "paths": found,
        "components": {
            "schemas": shared,
            "responses": {f"Problem{status}": _problem(status) for status in errors.MEANINGS},
            "headers": {"X-Request-ID": {"description": _REQUEST, "schema": text(pattern="^[0-9a-f]{16}$")}},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token, `fd_…`."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": access.cookie_name(), "description": _COOKIE},
            },
        },
    }


_REQUEST = "The request's id, which every log record and change of it carries."
_COOKIE = "The session; what changes anything must come from a page of this desk."


def rules() -> list[tuple[Rule, str]]:
    """Every route of the API with each of its methods, in the order of the operations."""
    order = {endpoint: place for place, endpoint in enumerate(OPERATIONS)}
    found = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint in order]
    found.sort(key=lambda rule: order[rule.endpoint])
    return [(rule, method) for rule in found for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def path_of(rule: Rule) -> str:
    """The route as OpenAPI writes it: `/api/runs/{run}`."""
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)


def names_of(rule: Rule) -> list[str]:
    """The names of the parts of its path, in order."""
    return re.findall(r"<(?:[^:>]+:)?([^>]+)>", rule.rule)


def role_of(rule: Rule) -> str:
    """Who may use the route, in words."""
    return OPERATIONS[rule.endpoint].own_role or str(access.allowed(rule.endpoint))


def parameters_of(rule: Rule, method: str) -> list[Parameter]:
    """All that the route takes besides its path and body."""
    takes_key = method == "POST" and rule.endpoint not in answers.SECRET
    return [*OPERATIONS[rule.endpoint].query, *([IDEMPOTENCY] if takes_key else [])]


def statuses_of(rule: Rule, method: str) -> list[int]:
    """The statuses of the errors that the route may answer."""
    operation = OPERATIONS[rule.endpoint]
    found = {*EVERYWHERE, *operation.errors}
    changes = method in access.UNSAFE
    if changes or access.allowed(rule.endpoint) != "viewer":
        found.add(403)
    if changes:
        found.add(507)
    if rule.arguments:
        found.add(404)
    if operation.takes():
        found |= {400, 413, 415, 422}
    if parameters_of(rule, method):
        found.add(422)
    if method == "POST":
        found |= {409, 413}  # of the Idempotency-Key, and of a body that is not even read
    return sorted(found)


def _operation(rule: Rule, method: str) -> dict[str, Any]:
    operation = OPERATIONS[rule.endpoint]
    role = role_of(rule)
    described = {
        "operationId": rule.endpoint,
        "tags": [operation.noun],
        "summary": operation.title,
        "description": " ".join(filter(None, [operation.help, f"Who may: {role}."])),
        "x-role": access.allowed(rule.endpoint),
        "parameters": [*_keys(rule), *map(_parameter, parameters_of(rule, method))],
        "responses": _answers(operation) | {str(status): _shared(status) for status in statuses_of(rule, method)},
    }
    if operation.takes():
        described["requestBody"] = _body(operation.takes(), operation.optional_body)
    return described


def _keys(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": KEYS[name][0], "schema": KEYS[name][1]}
        for name in names_of(rule)
    ]


def _parameter(one: Parameter) -> dict[str, Any]:
    found = {"name": one.name, "in": one.place, "description": one.help, "schema": one.schema}
    return found | ({"style": "form", "explode": True} if one.schema.get("type") == "object" else {})


def _body(types: Mapping[str, Schema], optional: bool) -> dict[str, Any]:
    return {"required": not optional, "content": {name: {"schema": schema} for name, schema in types.items()}}


def _answers(operation: Operation) -> dict[str, Any]:
    found = {str(operation.status): _answer(operation.answer, operation.title, operation.types, operation.headers)}
    return found | {str(status): _answer(schema, "Begun; not done yet") for status, schema in operation.also.items()}


def _answer(
    schema: Schema | None, description: str, types: Sequence[str] = (JSON,), headers: Mapping[str, str] = {}
) -> dict[str, Any]:
    named = {name: {"description": says, "schema": text()} for name, says in headers.items()}
    answer: dict[str, Any] = {"description": description, "headers": _REQUEST_ID | named}
    if schema is not None:
        answer["content"] = {kind: {"schema": schema if kind == JSON else text()} for kind in types}
    return answer


_REQUEST_ID = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}


def _shared(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/Problem{status}"}


def _problem(status: int) -> dict[str, Any]:
    return _answer(ref("Problem"), errors.meaning(status), (PROBLEM,)) | {
        "content": {PROBLEM: {"schema": ref("Problem")}}
    }


# Functions of people's own


def _function(function: Description) -> tuple[str, dict[str, Any]]:
    """The path of one function, as if it were the only one."""
    rule = next(rule for rule, _ in rules() if rule.endpoint == "functions.call_json")
    usual = _operation(rule, "POST")
    answer = thing(**SHAPES["Result"]["properties"] | {"result": _sent(_moved(function.output, function))})
    described = {
        "operationId": f"function.{function.name}",
        "tags": [FUNCTIONS],
        "summary": function.title,
        "description": f"{function.description}\n\nWho may: {function.role}.".strip(),
        "x-role": function.role,
        "parameters": [one for one in usual["parameters"] if one["in"] != "path"],
        "requestBody": _body(_taken(function), not function.input["required"]),
        "responses": usual["responses"] | {"200": _answer(answer, "What it gave")},
    }
    return _quoted(url_for("functions.call_json", function=function.name)), {"post": usual | described}


def _taken(function: Description) -> dict[str, Schema]:
    """What the function takes, by content type: files come in a form, one picture alone, or are named where kept."""
    taken = _moved(function.input, function)
    if not function.takes_files:
        return {JSON: taken}
    pictures = [field for field in function.fields if field.kind == "image"]
    alone = dict.fromkeys(types.IMAGES, BYTES) if len(pictures) == 1 else {}
    return {"multipart/form-data": taken, JSON: _named(taken), **alone}


def _named(part: Any) -> Any:
    """The schema with kept files in the place of files."""
    if isinstance(part, Mapping):
        if part.get("format") == "binary":
            return ref("File") if part["type"] == "string" else {"anyOf": [ref("File"), {"type": "null"}]}
        return {name: _named(inner) for name, inner in part.items()}
    return part


def _quoted(address: str) -> str:
    """The address below the server's; braces would begin a parameter."""
    return address.removeprefix(request.script_root).replace("{", "%7B").replace("}", "%7D")


def _own_shapes(function: Description) -> dict[str, Schema]:
    """The shapes that the function's types share, under names of their own."""
    found = function.input.get("$defs", {}) | function.output.get("$defs", {})
    return {_own_name(function, name): _moved(schema, function) for name, schema in found.items()}


def _own_name(function: Description, name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", f"{function.name}.{name}")


def _moved(part: Any, function: Description) -> Any:
    """The schema with its references to `$defs` led to the shapes of the description."""
    if isinstance(part, Mapping):
        return {name: _moved(inner, function) for name, inner in part.items() if name != "$defs"}
    if isinstance(part, list):
        return [_moved(inner, function) for inner in part]
    if isinstance(part, str) and part.startswith("#/$defs/"):
        return f"#/components/schemas/{_own_name(function, part.removeprefix('#/$defs/'))}"
    return part


def _sent(part: Any) -> Any:
    """The schema of a result as it is sent: what JSON numbers cannot hold is a text, or null."""
    if isinstance(part, Mapping):
        found = {name: _sent(inner) for name, inner in part.items()}
        return found | {"type": _WIDER[part["type"]]} if part.get("type") in ("integer", "number") else found
    return [_sent(inner) for inner in part] if isinstance(part, list) else part


_WIDER = {"integer": ["integer", "string"], "number": ["number", "string", "null"]}
