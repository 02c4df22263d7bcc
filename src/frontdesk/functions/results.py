"""What a function gave, as JSON that can be kept and shown."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from frontdesk.database import values
from frontdesk.functions.media import Label

KINDS = ("none", "text", "number", "table", "label", "json")
LARGEST = 1_000_000
"""Characters of a result as JSON that are kept."""


def keep(value: Any) -> tuple[str, str]:
    """The kind of a result and its JSON text; what has no JSON form is kept as its `repr`."""
    try:
        value = _plain(value)
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
        return "table"
    return "label" if isinstance(value, Mapping) and set(value) - {"sure"} == {"label", "scores"} else "json"


def _plain(value: Any, depth: int = 0) -> Any:
    """The value without what only its library knows: data frames, arrays, models, dataclasses."""
    if depth > 100:
        raise ValueError("nested too deeply")
    if value is None or type(value) in {str, int, float, bool, bytes}:
        return value
    if hasattr(value, "item") and not getattr(value, "shape", None):  # a number of numpy's
        return value.item()
    if isinstance(value, Label):
        return value.json()
    if isinstance(value, Mapping):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, Iterator)):
        return [_plain(item, depth + 1) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name), depth + 1) for field in fields}
    for method, arguments in _METHODS.items():
        found = getattr(value, method, None)
        if callable(found) and not isinstance(value, type):
            return _plain(_called(found, arguments), depth + 1)
    return value


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
