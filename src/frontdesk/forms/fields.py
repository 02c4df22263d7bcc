"""One input of a form, as plain data that any process can hold."""

from dataclasses import dataclass
from typing import Any

KINDS = (
    *("text", "integer", "real", "number", "boolean", "date", "datetime"),
    *("choice", "json", "file", "image", "group", "any"),
)
"""What a field can hold; `number` is an integer or a real as written, `any` is JSON where the text is JSON."""

_TYPES = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "real": {"type": "number"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "file": {"type": "string", "format": "binary"},
    "image": {"type": "string", "format": "binary", "contentMediaType": "image/*"},
}

_EXAMPLES: dict[str, Any] = {
    "integer": 1,
    "real": 0.5,
    "number": 1,
    "boolean": True,
    "date": "2024-03-31",
    "datetime": "2024-03-31T14:30",
    "json": {},
    "any": 1,
}


@dataclass(frozen=True)
class Field:
    """A named input: its kind, its bounds, and what stands there when nothing is given."""

    name: str
    kind: str
    required: bool = True  #: a value must be given
    default: Any = None  #: a JSON value, meant only where has_default
    has_default: bool = False
    label: str = ""
    help: str = ""
    choices: tuple[Any, ...] = ()  #: JSON values, for the kind `choice`
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    max_length: int | None = None
    multiple: bool = False  #: a list of such values
    nullable: bool = False  #: None is a value, and what empty text means
    own: bool = False  #: checked once more by a type of the user's own
    exact: bool = False  #: a number that is kept as a Decimal
    blank: bool = True  #: empty text is a value of a text
    fields: tuple["Field", ...] = ()  #: the parts, for the kind `group`

    def schema(self) -> dict[str, Any]:
        """The field as JSON Schema."""
        schema = self._item()
        if self.multiple:
            schema = {"type": "array", "items": schema}
        if self.nullable:
            schema = _or_null(schema)
        notes = {"title": self.label, "description": self.help}
        schema |= {name: text for name, text in notes.items() if text}
        if self.has_default:
            schema["default"] = self.default
        return schema

    def example(self) -> Any:
        """A JSON value that shows what to send: the default, or one of its kind."""
        if self.has_default:
            return self.default
        if self.choices:
            value = self.choices[0]
        elif self.kind == "group":
            value = {field.name: field.example() for field in self.fields}
        else:
            value = _EXAMPLES.get(self.kind, "text")
        limits = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        value = limits[0] if limits else value
        return [value] if self.multiple else value

    def _item(self) -> dict[str, Any]:
        if self.kind == "choice":
            return {"enum": list(self.choices)}
        if self.kind == "group":
            return schema(self.fields)
        item: dict[str, Any] = dict(_TYPES.get(self.kind, {}))
        if self.exact:
            item["type"] = ["number", "string"]
        limits = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.exclusive_minimum,
            "exclusiveMaximum": self.exclusive_maximum,
            "maxLength": self.max_length,
        }
        return item | {name: limit for name, limit in limits.items() if limit is not None}


def schema(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The fields together as the JSON Schema of an object."""
    return {
        "type": "object",
        "properties": {field.name: field.schema() for field in fields},
        "required": [field.name for field in fields if field.required and not field.has_default],
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}
