"""Functions: forms to call them and their API, side by side."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.errors import InputError
from frontdesk.files import store
from frontdesk.forms.fields import Field
from frontdesk.functions import attachments, media, runs
from frontdesk.functions.descriptions import Description
from frontdesk.functions.runs import Run
from frontdesk.web import access, bodies, current, errors, files, rendering

routes = Blueprint("functions", __name__)

EXAMPLES = {"image": "cat.jpg", "file": "report.csv"}
CHOOSE_AGAIN = "Choose it again: nothing was kept, since something else is wrong."
PATIENCE = 1.0
"""Seconds that a form waits for its result; a longer run has a page of its own, with Stop."""


@routes.get("/functions")
@access.allow("viewer")
def index() -> Response:
    """Every function of the desk, and the files that cannot be served."""
    registry = current.desk().registry
    return rendering.page("functions/index.html", functions=registry.functions(), problems=registry.problems())


@routes.get("/api/functions")
@access.allow("viewer")
def index_json() -> Response:
    """`{functions: [{name, title, description, input, output}], next}`."""
    found, after = bodies.part(current.desk().registry.functions())
    return rendering.answer({"functions": [_described(description) for description in found], "next": after})


@routes.get("/functions/<name:function>")
@access.allow("viewer")
def function(function: str) -> Response:
    """The form of a function; with `run` what it was called with and what came of it."""
    found = current.desk().registry.find(function)
    number = request.args.get("run", type=int)
    shown = None if number is None else current.desk().runs.show(number, access.caller())
    given = shown["run"].arguments if shown else {f.name: f.default for f in found.fields if f.has_default}
    form = {field.name: _written(field, given[field.name]) for field in found.fields if field.name in given}
    return _form(found, form, {}, shown)


def _form(
    found: Description,
    form: Mapping[str, str],
    errors: Mapping[str, str],
    shown: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    return rendering.page(
        "functions/function.html", status, function=found, form=form, errors=_by_field(errors), shown=shown
    )


@routes.post("/functions/<name:function>")
@access.allow("viewer")
def call(function: str) -> Response:
    """Calls with what was typed and leads to the result, or to the run's page when that takes longer."""
    desk, found = current.desk(), current.desk().registry.find(function)
    try:
        with files.received(found.fields) as (sent, uploads):
            given = _typed(found) | sent
            run = desk.calls.call(function, given, access.caller(), text=True, wait=PATIENCE, uploads=uploads)
    except InputError as error:
        return _form(found, request.form, _again(found, error.errors), status=errors.status_of(error))
    shown = url_for("functions.function", function=function, run=run.id)
    return rendering.lead_to(url_for("runs.run", run=run.id) if run.live else shown)


@routes.get("/api/functions/<name:function>")
@access.allow("viewer")
def function_json(function: str) -> Response:
    """`{name, title, description, input, output}`."""
    return rendering.answer(_described(current.desk().registry.find(function)))


@routes.post("/api/functions/<name:function>")
@access.allow("viewer")
def call_json(function: str) -> Response:
    """`{run, status, result, milliseconds}`; with `?wait=0` 202 `{run, status}`. JSON, a form with files, a picture."""
    desk, by = current.desk(), access.caller()
    if request.mimetype != "multipart/form-data" and not request.mimetype.startswith("image/"):
        return answer(desk.calls.call(function, bodies.json_object(), by, wait=waits()))
    found = desk.registry.find(function)
    receive = files.received if request.mimetype == "multipart/form-data" else files.received_image
    with receive(found.fields) as (sent, uploads):
        given = _asked() | _typed(found) | sent
        return answer(desk.calls.call(function, given, by, text=True, wait=waits(), uploads=uploads))


@routes.get("/functions/<name:function>/api")
@access.allow("viewer")
def api(function: str) -> Response:
    """How to call the function from a shell and from Python."""
    found = current.desk().registry.find(function)
    address = url_for("functions.call_json", function=function, _external=True)
    given = {field.name: field.example() for field in found.fields if field.kind not in attachments.KINDS}
    files = [(field.name, EXAMPLES[field.kind]) for field in found.fields if field.kind in attachments.KINDS]
    texts = [(field.name, _written(field, given[field.name])) for field in found.fields if field.name in given]
    command = shlex.join(["frontdesk", "call", function, *(f"{name}={text}" for name, text in texts)])
    parts = [f"{name}=@{file}" for name, file in files]
    written = {"literal": repr(given), "quoted": shlex.quote(json.dumps(given, ensure_ascii=False))}
    form = [shlex.quote(part) for part in [*(f"{name}={text}" for name, text in texts), *parts]]
    shown = {"command": " ".join([command, *parts]), "form": form, "files": files, "texts": dict(texts)}
    return rendering.page("functions/api.html", 200, function=found, address=address, **shown, **written)


@routes.get("/functions/<name:function>/source")
@access.allow("editor")
def source(function: str) -> Response:
    """The function's file."""
    found = current.desk().registry.find(function)
    return rendering.page("functions/source.html", function=found, source=current.desk().registry.source(found))


@routes.app_template_filter("pretty")
def pretty(value: Any) -> str:
    """A JSON value over several lines, as a person reads it."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@routes.app_template_filter("sentence")
def sentence(label: Mapping[str, Any]) -> str:
    """A label's JSON as a person says it."""
    return media.sentence(label)


@routes.app_template_global("can_read_images")
def can_read_images() -> bool:
    """Whether Pillow is installed."""
    return media.can_read_images()


@routes.app_template_global("file_limit")
def file_limit() -> int:
    """How many bytes one file may have."""
    return current.desk().config.files.max_bytes


@routes.app_template_filter("file_hash")
def file_hash(value: Any) -> str:
    """The hash of a kept file that a JSON value stands for; empty for every other value."""
    return store.hash_in(value["$file"]) if isinstance(value, Mapping) and isinstance(value.get("$file"), str) else ""


def waits() -> bool:
    """`?wait=0` asks for no result, only for the run's id."""
    return bodies.flag("wait", usual=True)


def answer(run: Run) -> Response:
    """A run as the answer to its call: its result, or 202 while there is none. Raises FunctionError."""
    if not waits():
        return rendering.answer({"run": run.id, "status": "queued"}, 202)
    if run.live:
        return rendering.answer({"run": run.id, "status": run.status}, 202)
    result = runs.value(run)
    return rendering.answer({"run": run.id, "status": run.status, "result": result, "milliseconds": run.milliseconds})


def _described(found: Description) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("name", "title", "description", "input", "output")}


def _typed(found: Description) -> dict[str, str | list[str]]:
    """What was typed. The form's box NULL stands beside a text that may be None, which no text means as well."""
    form = request.form
    boxes = {f"{field.name}{end}" for field in found.fields for end in ("__null", "__null_shown")}
    typed: dict[str, str | list[str]] = {
        name: [text.replace("\r\n", "\n") for text in texts] for name, texts in form.lists() if name not in boxes
    }
    return typed | {field.name: "" for field in found.fields if f"{field.name}__null" in form}


def _asked() -> dict[str, str | list[str]]:
    """What is given in the address, beside a body that is a picture or a form."""
    return {name: texts for name, texts in request.args.lists() if name != "wait"}


def _again(found: Description, wrong: Mapping[str, str]) -> dict[str, str]:
    """What is wrong; a file that was sent beside it has gone with the form."""
    lost = {field.name: CHOOSE_AGAIN for field in found.fields if request.files.get(field.name)}
    return lost | dict(wrong)


def _written(field: Field, value: Any) -> str:
    """A JSON value as its field would have it typed."""
    if value is None:
        return ""
    if field.kind in attachments.KINDS:
        return "\n".join(item["$file"] for item in (value if field.multiple else [value]))
    if field.multiple and isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return "\n".join(_written(field, item) for item in value)
    if isinstance(value, str) and not (field.kind == "any" and _reads_as_json(value)):
        return value
    return json.dumps(value, ensure_ascii=False)


def _reads_as_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _by_field(errors: Mapping[str, str]) -> dict[str, str]:
    """The sentences by field: of a part, `who.age`, with the part's name before it."""
    found: dict[str, str] = {}
    for name, sentence in errors.items():
        field, _, part = name.partition(".")
        found[field] = f"{found.get(field, '')} {part + ': ' if part else ''}{sentence}".strip()
    return found
