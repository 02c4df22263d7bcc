"""All fields of a form at once: typed values, or a sentence for every field that is wrong."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from frontdesk.errors import InputError
from frontdesk.forms import kinds
from frontdesk.forms.fields import Field

MISSING = {
    "text": "Write something here.",
    "integer": kinds.WHOLE,
    "real": kinds.REAL,
    "number": kinds.NUMBER,
    "boolean": kinds.BOOLEAN,
    "date": kinds.DATE,
    "datetime": kinds.DATETIME,
    "choice": "Choose one.",
    "file": "Choose a file.",
    "image": "Choose a picture.",
}
"""What to write where nothing was given."""

_ABSENT = object()


def parse_text(fields: Sequence[Field], form: Mapping[str, str | list[str]], partial: bool = False) -> dict[str, Any]:
    """The values of what was typed; empty text is None where that may be, else nothing.

    With `partial`, a missing value is no mistake. Raises InputError whose `errors` names every wrong field.
    """
    return _parse(fields, form, partial, value_of_text)


def parse_json(fields: Sequence[Field], given: Mapping[str, Any], partial: bool = False) -> dict[str, Any]:
    """The values of a JSON object. Raises InputError whose `errors` names every wrong field."""
    return _parse(fields, given, partial, value_of_json)


def value_of_text(field: Field, given: str | list[str]) -> Any:
    """The value of one field from text; raises InputError with a sentence."""
    if field.multiple:
        return _from_texts(field, given)
    text = (given[-1] if given else "") if isinstance(given, list) else given
    if text == "" and field.kind != "any":
        return _from_nothing(field)
    return _limited(field, _choose(field, text) if field.choices else _one_text(field, text))


def value_of_json(field: Field, given: Any) -> Any:
    """The value of one field from JSON; raises InputError with a sentence."""
    if given is None and (field.nullable or field.kind in {"any", "json"}):
        return None
    if field.multiple:
        return _from_list(field, given)
    return _one_json(field, given)


def _parse(
    fields: Sequence[Field], given: Mapping[str, Any], partial: bool, value: Callable[[Field, Any], Any]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            found = value(field, given[field.name]) if field.name in given else _ABSENT
            if found is not _ABSENT:
                values[field.name] = found
            elif field.required and not field.has_default and not partial:
                errors[field.name] = MISSING.get(field.kind, "Write a value.")
        except InputError as error:
            errors |= {f"{field.name}.{name}": text for name, text in error.errors.items()} or {
                field.name: error.message
            }
    errors |= _unknown(fields, given)
    if errors:
        raise InputError("; ".join(f"{name}: {text}" for name, text in errors.items()), errors=errors)
    return values


def _unknown(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, str]:
    known = [field.name for field in fields]
    sentence = f"Not known here. Known: {', '.join(known)}." if known else "Not known here; nothing is taken."
    return {str(name): sentence for name in given if name not in known}


def _from_nothing(field: Field) -> Any:
    if field.nullable:
        return None
    if field.kind == "text" and not field.required:
        return ""
    return _ABSENT


def _from_texts(field: Field, given: str | list[str]) -> Any:
    texts = [given] if isinstance(given, str) else given
    if len(texts) == 1 and texts[0].lstrip().startswith("["):
        return value_of_json(field, kinds.parse("json", texts[0]))
    if len(texts) == 1:
        texts = texts[0].splitlines()
    texts = [text for text in texts if text.strip()]
    if not texts and field.nullable:
        return None
    if not texts and (field.required or field.has_default):
        return _ABSENT
    one = Field(field.name, field.kind, choices=field.choices, exact=field.exact)
    return [
        _item(number, lambda: _limited(field, value_of_text(one, text)))  # noqa: B023 - called at once
        for number, text in enumerate(texts, 1)
    ]


def _from_list(field: Field, given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InputError("Write a list, such as [1, 2, 3].")
    return [_item(number, lambda: _one_json(field, item)) for number, item in enumerate(given, 1)]  # noqa: B023


def _item(number: int, value: Callable[[], Any]) -> Any:
    try:
        return value()
    except InputError as error:
        raise InputError(f"Item {number}: {error.message}") from None


def _one_text(field: Field, text: str) -> Any:
    if field.exact:
        return kinds.decimal(text)
    value = kinds.parse(field.kind, text)
    return _one_json(field, value) if field.kind == "group" else value


def _one_json(field: Field, given: Any) -> Any:
    if field.kind == "group":
        if not isinstance(given, Mapping):
            raise InputError('Write an object, such as {"a": 1}.')
        return parse_json(field.fields, given)
    if field.choices:
        return _choose(field, given)
    if field.exact and isinstance(given, (str, int, float, Decimal)) and not isinstance(given, bool):
        return _limited(field, kinds.decimal(str(given)))
    return _limited(field, kinds.check(field.kind, given))


def _choose(field: Field, given: Any) -> Any:
    same = [choice for choice in field.choices if choice == given and type(choice) is type(given)]
    same += [choice for choice in field.choices if isinstance(given, str) and str(choice) == given]
    if not same:
        raise InputError(f"Choose one of: {', '.join(str(choice) for choice in field.choices)}.")
    return same[0]


def _limited(field: Field, value: Any) -> Any:
    if field.max_length is not None and isinstance(value, str) and len(value) > field.max_length:
        raise InputError(f"Write at most {field.max_length} characters; these are {len(value)}.")
    if isinstance(value, (str, bool)) or value is None:
        return value
    if field.minimum is not None and value < field.minimum:
        raise InputError(f"Write at least {field.minimum}.")
    if field.maximum is not None and value > field.maximum:
        raise InputError(f"Write at most {field.maximum}.")
    if field.exclusive_minimum is not None and value <= field.exclusive_minimum:
        raise InputError(f"Write more than {field.exclusive_minimum}.")
    if field.exclusive_maximum is not None and value >= field.exclusive_maximum:
        raise InputError(f"Write less than {field.exclusive_maximum}.")
    return value
