"""What all formats have in common: how much is read at a time, what a database keeps, and how a bad line is named."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.errors import InputError

BLOCK = 500
"""Rows that are read at a time: few enough that Python's search for rings of objects does not look at them twice."""
LARGEST = 10_000_000
"""Characters of one value."""
MOST_COLUMNS = 1000
MOST_LINES = 100
"""Lines that an error names."""

Block = list[Sequence[Any]]
Tell = Callable[[int], object]


def silent(*_: int) -> None:
    """Hears, and says nothing."""


class Json:
    """An object or list among the values."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)


@dataclass(frozen=True)
class Attempt:
    """What may be a row: its line, its values, its text, and why it is none."""

    line: int
    cells: Sequence[Any]
    text: str
    reason: str = ""


def why(error: InputError) -> str:
    """What an error says of the one line that it names."""
    return " ".join(error.errors.values()) or error.message


def refused(name: str, wrong: Mapping[int, str]) -> InputError:
    """The error that names bad lines and says that nothing was imported."""
    line, sentence = next(iter(wrong.items()))
    more = len(wrong) - 1
    rest = f" {more} more {'line is' if more == 1 else 'lines are'} wrong." if more else ""
    return InputError(
        f"{name}, line {line}: {sentence}{rest} Nothing was imported.",
        errors={f"line {line}": sentence for line, sentence in wrong.items()},
    )


def check_width(name: str, columns: int) -> None:
    """Raises InputError for more columns than a table can have."""
    if columns > MOST_COLUMNS:
        raise InputError(f"{name} has {columns:,} columns; a table has at most {MOST_COLUMNS:,} here.")


def whole(text: str) -> int | str:
    """The whole number, or its text where no database holds it."""
    value = int(text) if len(text) < 4000 else 2**64
    return value if -(2**63) <= value < 2**63 else text


_FOREIGN = re.compile("[\0\ud800-\udfff]")


def plain(name: str, line: int, value: Any) -> Any:
    """A value as the database keeps it: objects and lists as JSON text, `{"$base64"}` as bytes."""
    if isinstance(value, str):
        if _FOREIGN.search(value):
            raise refused(name, {line: "A text holds a NUL character or half a character, which cannot be kept."})
        if len(value) > LARGEST:
            raise refused(name, {line: f"A value has more than {LARGEST:,} characters."})
        return value
    if isinstance(value, dict) and set(value) == {"$base64"}:
        try:
            return base64.b64decode(value["$base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise refused(name, {line: "This is not base64."}) from None
    if isinstance(value, bytes) and len(value) > LARGEST:
        raise refused(name, {line: f"A value has more than {LARGEST:,} bytes."})
    if isinstance(value, (dict, list)):
        return Json(value)
    return value
