"""What a request brings: JSON objects and the parameters of every list."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request

from frontdesk.errors import InputError, MalformedError, UnsupportedMediaError

Item = TypeVar("Item")

LARGEST_PAGE = 1000
USUAL_PAGE = 100


def json_object() -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object.

    Raises MalformedError for what is no JSON, UnsupportedMediaError for another content type, InputError for no object.
    """
    body = request.get_data(cache=True)
    if not body:
        return {}
    if not request.is_json:
        raise UnsupportedMediaError("The body must be JSON.", "Send it with Content-Type: application/json.")
    try:
        found = json.loads(body, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"The body is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputError("The body must be a JSON object.", 'Such as {"name": "value"}.')
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{double!r} stands there twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def refuse_unknown(given: dict[str, Any], *known: str) -> None:
    """Raises InputError naming every key of a body that is not known here."""
    wrong = {name: f"Unknown here; known: {', '.join(known)}." for name in given if name not in known}
    if wrong:
        raise InputError(errors=wrong)


def flag(name: str, usual: bool = False) -> bool:
    """A parameter of the address that is 1 or 0; `usual` where it says nothing."""
    text = request.args.get(name, "").lower()
    if text not in _FLAGS:
        raise InputError(errors={name: "Write 1 or 0."})
    return usual if text == "" else text in _YES


_YES = frozenset({"1", "true", "yes"})
_FLAGS = _YES | {"", "0", "false", "no"}


def size() -> int:
    """`_size`, 1 to 1000, by default 100."""
    text = request.args.get("_size", str(USUAL_PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_PAGE):
        raise InputError(errors={"_size": f"Write a whole number from 1 to {LARGEST_PAGE}."})
    return int(text)


def next_token() -> str | None:
    """`_next`, as the page before gave it."""
    return request.args.get("_next") or None


def next_number() -> int | None:
    """`_next` of a list whose places are numbers."""
    return whole("_next", "Take it from the page before.")


def whole(name: str, sentence: str = "Write a whole number.") -> int | None:
    """A parameter of the address that is a whole number; None where it is not there."""
    text = request.args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(errors={name: sentence})
    return int(text)


def part(items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
    """The page asked for of a list that is all here, and the token of the next one."""
    start = next_number() or 0
    end = start + size()
    return items[start:end], str(end) if end < len(items) else None
