"""What a function gave, as JSON that can be kept and shown."""

import dataclasses
import io
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from frontdesk.database import values
from frontdesk.files import types
from frontdesk.functions.media import File, Image, Label

KINDS = ("none", "text", "number", "table", "label", "image", "file", "files", "json")
LARGEST = 1_000_000
"""Characters of a result as JSON that are kept."""


Put = Callable[[File], Mapping[str, str]]
"""Keeps a file and gives what stands for it: `{"$file": …, "name": …, "type": …}`."""


def keep(value: Any, put: Put | None = None) -> tuple[str, str]:
    """The kind of a result and its JSON text; what has no JSON form is kept as its `repr`.

    Files and pictures are kept by `put`, which may raise InputError.
    """
    try:
        value = _plain(value, put)
        kind, text = _kind(value), values.dumps(value)
    except (TypeError, ValueError, RecursionError):
        kind, text = "text", values.dumps(_shown(value))
    if len(text) > LARGEST:
        size = f"The result has {len(text):,} characters as JSON; at most {LARGEST:,} are kept."
        kind, text = "text", values.dumps(size)
    return kind, text.encode("utf-8", "replace").decode()


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "number"
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return "files" if all(_file_kind(item) for item in value) else "table"
    if isinstance(value, Mapping) and set(value) == {"label", "scores"}:
        return "label"
    return _file_kind(value) or "json"


def _file_kind(value: Any) -> str:
    """`image` or `file` for what stands for a kept file; empty for everything else."""
    if not isinstance(value, Mapping) or set(value) != {"$file", "name", "type"}:
        return ""
    return "image" if value["type"] in types.IMAGES else "file"


def _plain(value: Any, put: Put | None, depth: int = 0) -> Any:
    """The value without what only its library knows: data frames, arrays, models, dataclasses."""
    if depth > 100:
        raise ValueError("nested too deeply")
    if value is None or type(value) in {str, int, float, bool, bytes}:
        return value
    if hasattr(value, "item") and not getattr(value, "shape", None):  # a number of numpy's
        return value.item()
    if isinstance(value, Label):
        return value.json()
    if put and (file := value if isinstance(value, File) else _drawn(value)):
        return put(file)
    if isinstance(value, Mapping):
        return {key: _plain(item, put, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, Iterator)):
        return [_plain(item, put, depth + 1) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name), put, depth + 1) for field in fields}
    for method, arguments in _METHODS.items():
        found = getattr(value, method, None)
        if callable(found) and not isinstance(value, type):
            return _plain(_called(found, arguments), put, depth + 1)
    return value


def _drawn(value: Any) -> File | None:
    """A picture of Pillow's or a figure of matplotlib's as a file; None for everything else."""
    room = type(value).__module__.partition(".")[0]
    method = {"PIL": "save", "matplotlib": "savefig"}.get(room, "")
    if not callable(getattr(value, method, None)):
        return None
    file = io.BytesIO()
    getattr(value, method)(file, format="PNG")
    return Image(file.getvalue(), "picture.png")


def _called(method: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return method(*arguments)
    except TypeError:
        return method()


_METHODS: dict[str, tuple[Any, ...]] = {"model_dump": ("json",), "to_dicts": (), "to_dict": ("records",), "tolist": ()}
"""How pydantic's models, data frames of polars and pandas, and numpy's arrays become lists and dicts."""


def _shown(value: Any) -> str:
    show: Callable[[Any], str] = repr
    try:
        return show(value)
    except Exception:  # noqa: BLE001 - a value of people's own, whose repr may do anything
        return f"<{type(value).__name__} that cannot be shown>"
