"""CSV and TSV: lines taken apart, many at a time where a row begins, and what is wrong with one."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

from frontdesk.errors import InputError
from frontdesk.tables.formats import inputs

DELIMITERS = ",;\t|"

csv.field_size_limit(inputs.LARGEST)

Again = Callable[[], AbstractContextManager[IO[str]]]
"""The text from its beginning."""


def mark(name: str) -> str:
    """The mark of this name, such as tab, or the mark itself. Raises InputError naming `delimiter`."""
    found = {"tab": "\t", "comma": ",", "semicolon": ";"}.get(name, name)
    if found not in {"", *DELIMITERS}:
        raise InputError(errors={"delimiter": "Choose a comma, a semicolon, a bar or a tab."})
    return found


class Lines:
    """Lines of a file one by one, or where a row begins many at a time."""

    SIZE = 1 << 16

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.waiting: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        while line := self.waiting.popleft() if self.waiting else self._text.readline():
            yield line

    def take(self) -> str:
        """Whole lines; empty at the end."""
        part = self._text.read(self.SIZE)
        return part + self._text.readline() if part else ""

    def put_back(self, text: str) -> None:
        """Lines to be read one by one."""
        self.waiting.extend(io.StringIO(text, newline=""))


@contextmanager
def reading(name: str, delimiter: str, lines: Iterable[str], again: Again) -> Iterator[tuple[list[str], Any]]:
    """The columns' names, and a `csv.reader` that stands behind them. Raises InputError naming a bad line."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next((row for row in reader if row), [])
        if not any(text.strip() for text in header):
            raise InputError(f"{name} has no line that names its columns.", "Write the names in the first line.")
        inputs.check_width(name, len(header))
        yield header, reader
    except csv.Error as error:
        with again() as text:
            raise _malformed(name, delimiter, text, error) from error


def _malformed(name: str, delimiter: str, text: IO[str], error: csv.Error) -> InputError:
    """The error with the line in which the row that cannot be read begins."""
    line, last = 1, 0
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as found:
        error, last = found, reader.line_num
    return inputs.refused(name, {line: _sentence(error, several=last > line)})


def _sentence(error: csv.Error, *, several: bool) -> str:
    sentence = str(error)
    if "unexpected end of data" in sentence:
        sentence = "a quote is opened here and not closed"
    elif "field larger" in sentence:
        sentence = f"a value has more than {inputs.LARGEST:,} characters"
        sentence += ", or a quote is opened here and not closed" if several else ""
    return sentence[:1].upper() + sentence[1:] + "."


class _Taken:
    """Lines one by one, which can be given back."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self.lines: list[str] = []

    def __iter__(self) -> "_Taken":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline()
        if not line:
            raise StopIteration
        self.lines.append(line)
        return line

    def give_back(self, lines: list[str]) -> None:
        """They are taken once more."""
        self._waiting.extendleft(reversed(lines))


def attempts(delimiter: str, text: IO[str]) -> Iterator[inputs.Attempt]:
    """Each row that is not empty; after a line that cannot be read it goes on with the one below."""
    taken, line = _Taken(text), 1
    reader = csv.reader(taken, delimiter=delimiter, strict=True)
    while True:
        taken.lines, reason, row = [], "", []
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = _sentence(error, several=len(taken.lines) > 1)
            taken.give_back(taken.lines[1:])
            del taken.lines[1:]
        if row or reason:
            yield inputs.Attempt(line, row, "".join(taken.lines).rstrip("\r\n"), reason)
        line += len(taken.lines)


def delimiter_of(start: str) -> str:
    """What separates most names in the first line of a text that begins so."""
    counts: dict[str, int] = {}
    for delimiter in DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter, strict=True)
            counts[delimiter] = len(next((row for row in reader if row), []))
        except csv.Error:
            counts[delimiter] = 0
    return max(counts, key=counts.__getitem__)
