"""JSON and NDJSON: objects one by one, none of the text held as a whole."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import IO, Any

from frontdesk.errors import InputError
from frontdesk.tables.formats import inputs

Item = tuple[int, dict[str, Any]]


def keys(name: str, objects: Iterable[Item]) -> tuple[str, ...]:
    """The names of all objects in the order of their first appearance. Raises InputError where there are none."""
    found: dict[str, None] = {}
    for _, one in objects:
        if not found.keys() >= one.keys():
            found |= dict.fromkeys(one)
            inputs.check_width(name, len(found))
    if not found:
        raise InputError(f"{name} has no rows with named values.", 'Write objects, such as {"name": "Krish"}.')
    return tuple(found)


def read(name: str, text: IO[str], *, by_line: bool) -> Iterator[Item]:
    """The objects of a JSON array, or of NDJSON (`by_line`), each with the line that it begins in.

    Raises InputError naming a line that is wrong.
    """
    for line, one in _ndjson(name, text) if by_line else _array(name, text):
        yield line, _row(name, line, one)


def _row(name: str, line: int, one: Any) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise inputs.refused(name, {line: 'Write an object, such as {"name": "Krish"}.'})
    return {key: inputs.plain(name, line, value) for key, value in one.items()}


def attempts(name: str, text: IO[str], *, by_line: bool) -> Iterator[tuple[inputs.Attempt, dict[str, Any]]]:
    """Each object, also what is none, with its text. Raises InputError where an array cannot be read on."""
    for line, one in _written(name, text) if by_line else _array(name, text):
        written = one if by_line else json.dumps(one, ensure_ascii=False, default=str)
        try:
            yield inputs.Attempt(line, (), written), _row(name, line, _decoded(name, line, one) if by_line else one)
        except InputError as error:
            yield inputs.Attempt(line, (), written, inputs.why(error)), {}


def _ndjson(name: str, text: IO[str]) -> Iterator[tuple[int, Any]]:
    for line, written in _written(name, text):
        yield line, _decoded(name, line, written)


def _written(name: str, text: IO[str]) -> Iterator[tuple[int, str]]:
    for line, written in enumerate(iter(lambda: text.readline(inputs.LARGEST + 1), ""), 1):
        if len(written) > inputs.LARGEST:
            raise inputs.refused(name, {line: f"More than {inputs.LARGEST:,} characters."})
        if written.strip():
            yield line, written.rstrip("\r\n")


def _decoded(name: str, line: int, written: str) -> Any:
    try:
        return _DECODER.decode(written)
    except (ValueError, RecursionError) as error:
        raise inputs.refused(name, {line: f"This is not JSON: {getattr(error, 'msg', error)}."}) from error


_SPACE = re.compile(r"[ \t\r\n]*")


def _array(name: str, text: IO[str]) -> Iterator[tuple[int, Any]]:
    """The items of a JSON array without holding it as a whole."""
    window = _Window(text)
    if window.next() != "[":
        raise inputs.refused(name, {window.line: 'Write an array of objects, such as [{"name": "Krish"}].'})
    window.skip(1)
    if window.next() == "]":
        return
    while True:
        window.next()
        line = window.line
        try:
            yield line, window.value()
        except (ValueError, RecursionError) as error:
            raise inputs.refused(name, {line: f"This is not JSON: {getattr(error, 'msg', error)}."}) from error
        mark = window.next()
        window.skip(1)
        if mark == "]":
            if window.next():
                raise inputs.refused(name, {window.line: "Something follows after the array."})
            return
        if mark != ",":
            raise inputs.refused(name, {window.line: "The array is not closed." if not mark else "A comma is missing."})


class _Window:
    """A part of a long JSON text, moving along."""

    def __init__(self, text: IO[str]) -> None:
        self.line = 1
        self._text = text
        self._part = ""
        self._at = 0

    def next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._part, self._at)
            assert found is not None
            self.skip(found.end() - self._at)
            if self._at < len(self._part):
                return self._part[self._at]
            if not self._more(1 << 16):
                return ""

    def skip(self, characters: int) -> None:
        """Goes on."""
        self.line += self._part.count("\n", self._at, self._at + characters)
        self._at += characters

    def value(self) -> Any:
        """The JSON value that begins here. Raises ValueError."""
        size = 1 << 16
        while True:
            try:
                value, end = _DECODER.raw_decode(self._part, self._at)
                if end < len(self._part) or not self._more(size):
                    self.skip(end - self._at)
                    return value
            except ValueError:
                if len(self._part) - self._at > inputs.LARGEST:
                    raise ValueError(f"one row has more than {inputs.LARGEST:,} characters") from None
                if not self._more(size):
                    raise
            size *= 2

    def _more(self, size: int) -> bool:
        read = self._text.read(size)
        self._part = self._part[self._at :] + read
        self._at = 0
        return bool(read)


def _real(text: str) -> float | str:
    """The number, or its text where a number would lose digits."""
    value = float(text)
    same = repr(value) == text or (math.isfinite(value) and Decimal(text) == Decimal(repr(value)))
    return value if same else text


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    parse_float=_real,
    parse_int=lambda text: int(text) if len(text) < 20 else inputs.whole(text),
    parse_constant=_constant,
)
