"""A callable's hints as fields, and the values of types of the user's own. Used in workers only."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import annotated_types
import pydantic
import pydantic_core
from pydantic.fields import FieldInfo

from frontdesk.errors import InputError
from frontdesk.files import store
from frontdesk.forms.fields import Field
from frontdesk.functions import marks, media
from frontdesk.functions.descriptions import Description

_KINDS: dict[Any, str] = {
    bool: "boolean", int: "integer", float: "real", str: "text", datetime: "datetime", date: "date",
    media.Image: "image", media.File: "file", Any: "any", object: "any", inspect.Parameter.empty: "any",
}  # fmt: skip
_LIMITS = {
    annotated_types.Ge: ("minimum", "ge"),
    annotated_types.Gt: ("exclusive_minimum", "gt"),
    annotated_types.Le: ("maximum", "le"),
    annotated_types.Lt: ("exclusive_maximum", "lt"),
    annotated_types.MaxLen: ("max_length", "max_length"),
}
_RESULTS: dict[Any, str] = {
    str: "text", int: "number", float: "number", Decimal: "number", int | float: "number", None: "none",
    type(None): "none", media.Label: "label", media.File: "file", media.Image: "image",
}  # fmt: skip
_MEDIA = {"file": media.File, "image": media.Image}
_VARIADIC = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def describe(target: Callable[..., Any], mark: marks.Mark, file: str, version: str) -> Description:
    """The callable as data. Raises what its hints raise when they cannot be read."""
    name = mark.name or getattr(target, "__name__", "")
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{target!r} needs a name: @frontdesk.function(name=…)")
    hints = hints_of(target)
    fields = tuple(_field(parameter, hints) for parameter in parameters(target))
    return Description(
        name=name,
        own_name=name,
        title=mark.title or name.replace("_", " ").strip().capitalize(),
        description=inspect.getdoc(target) or "",
        fields=fields,
        result=_result(hints.get("return", Any)),
        seconds=mark.seconds,
        memory=mark.memory,
        role=mark.role,
        batch=mark.batch,
        input=_input(fields, hints),
        output=_schema(hints.get("return", Any)) or {},
        file=file,
        line=_line(target),
        version=version,
    )


def parameters(target: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that a form can fill: all but `*args` and `**kwargs`."""
    return [item for item in inspect.signature(target).parameters.values() if item.kind not in _VARIADIC]


def hints_of(target: Callable[..., Any]) -> dict[str, Any]:
    """The hint of each parameter and of `return`, evaluated."""
    plain = inspect.isroutine(target) or inspect.isclass(target)
    return typing.get_type_hints(target if plain else type(target).__call__, include_extras=True)


def convert(
    target: Callable[..., Any], arguments: Mapping[str, Any], files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The arguments with files, images and the values of the user's own types made; `files` says where they lie.

    Raises InputError naming every wrong field.
    """
    hints = hints_of(target)
    converted, errors = dict(arguments), dict[str, str]()
    for parameter in parameters(target):
        field = _field(parameter, hints) if parameter.name in arguments else None
        if field and field.kind in _MEDIA:
            converted[field.name] = _files(_MEDIA[field.kind], arguments[field.name], files or {})
        elif field and field.own:
            adapter = pydantic.TypeAdapter(_hint(parameter, hints))
            try:
                converted[parameter.name] = adapter.validate_python(arguments[parameter.name])
            except pydantic.ValidationError as error:
                errors |= _sentences(parameter.name, error)
    if errors:
        raise InputError("; ".join(f"{name}: {text}" for name, text in errors.items()), errors=errors)
    return converted


def _files(kind: type[media.File], given: Any, files: Mapping[str, str]) -> Any:
    if given is None:
        return None
    if isinstance(given, list):
        return [_files(kind, item, files) for item in given]
    sha256 = store.hash_in(given["$file"])
    return kind(Path(files[sha256]), given.get("name", ""), given.get("type", ""), sha256)


def _sentences(name: str, error: pydantic.ValidationError) -> dict[str, str]:
    found = {}
    for item in error.errors(include_url=False, include_context=False):
        message = item["msg"].removeprefix("Value error, ")
        found[".".join([name, *(str(part) for part in item["loc"])])] = f"{message.rstrip('.')}."
    return found


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Field:
    hint, notes = _unwrap(_hint(parameter, hints))
    has_default = parameter.default is not inspect.Parameter.empty
    hint, nullable = _without_none(hint)
    nullable = nullable or (has_default and parameter.default is None)
    hint, more = _unwrap(hint)
    return Field(
        name=parameter.name,
        required=not has_default and not nullable,
        has_default=has_default,
        default=_jsonable(parameter.default) if has_default else None,
        nullable=nullable,
        **(_shape(hint) | _notes([*notes, *more])),
    )


def _hint(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    return hints.get(parameter.name, inspect.Parameter.empty)


def _unwrap(hint: Any) -> tuple[Any, list[Any]]:
    """The hint inside `Annotated`, and what was noted about it."""
    if typing.get_origin(hint) is not Annotated:
        return hint, []
    inner, *notes = typing.get_args(hint)
    return inner, notes


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) not in {Union, types.UnionType} or types.NoneType not in typing.get_args(hint):
        return hint, False
    rest = tuple(item for item in typing.get_args(hint) if item is not types.NoneType)
    return Union[rest], True  # noqa: UP007 - of a tuple that is known at run time only


def _shape(hint: Any) -> dict[str, Any]:
    """Kind, choices and the like of a hint."""
    if hint is Decimal:
        return {"kind": "number", "exact": True}
    if isinstance(hint, typing.Hashable) and hint in _KINDS:
        return {"kind": _KINDS[hint]}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"kind": "choice", "choices": tuple(inner)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"kind": "choice", "choices": tuple(_jsonable(item) for item in hint), "own": True}
    if origin in {Union, types.UnionType}:
        return {"kind": "number"} if set(inner) == {int, float} else {"kind": "any", "own": True}
    if hint is list:
        return {"kind": "any", "multiple": True}
    if origin is list:
        return _list_shape(inner[0])
    return _own_shape(hint)


def _list_shape(item: Any) -> dict[str, Any]:
    hint, notes = _unwrap(item)
    shape = _shape(hint) | _notes(notes)
    if shape.get("multiple") or "max_length" in shape:
        return {"kind": "json", "own": True}
    return shape | {"multiple": True}


def _own_shape(hint: Any) -> dict[str, Any]:
    """Of a type that pydantic knows how to make; of any other, JSON as it comes."""
    schema = _schema(hint)
    if schema is None:
        return {"kind": "any"}
    return {"kind": "text" if schema.get("type") == "string" else "json", "own": True}


def _notes(notes: list[Any]) -> dict[str, Any]:
    """Bounds and words from `Annotated`; what a field cannot hold is left to the worker."""
    found: dict[str, Any] = {}
    for note in notes:
        if isinstance(note, FieldInfo):
            words = {"help": note.description, "label": note.title}
            found |= {name: text for name, text in words.items() if text} | _notes(note.metadata)
        elif type(note) in _LIMITS:
            name, attribute = _LIMITS[type(note)]
            found[name] = getattr(note, attribute)
        elif not isinstance(note, str):
            found["own"] = True
    return found


def _result(hint: Any) -> str:
    if typing.get_origin(hint) is list:
        return "table" if dict in {typing.get_args(hint)[0], typing.get_origin(typing.get_args(hint)[0])} else "json"
    return _RESULTS.get(hint, "") if isinstance(hint, typing.Hashable) else ""


def _jsonable(value: Any) -> Any:
    try:
        return pydantic_core.to_jsonable_python(value)
    except (TypeError, ValueError):
        return None


def _input(fields: tuple[Field, ...], hints: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    for field in fields:
        schema = (_schema(hints[field.name]) if field.own else None) or field.schema()
        shared |= schema.pop("$defs", {})
        properties[field.name] = schema | ({"default": field.default} if field.has_default else {})
    found = {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
    return found | ({"$defs": shared} if shared else {})


def _schema(hint: Any) -> dict[str, Any] | None:
    if hint is media.Label:
        hint = dataclasses.make_dataclass("Label", [("label", str), ("scores", dict[str, float])])
    if hint in _MEDIA.values():
        return dict(_KEPT)
    try:
        return pydantic.TypeAdapter(hint).json_schema()
    except (pydantic.PydanticUserError, pydantic_core.SchemaError, TypeError, AttributeError):
        return None


_KEPT = {
    "type": "object",
    "properties": {"$file": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"}},
    "required": ["$file", "name", "type"],
}
"""A file in a result."""


def _line(target: Callable[..., Any]) -> int:
    code = getattr(inspect.unwrap(target), "__code__", None)
    return code.co_firstlineno if code else 1
