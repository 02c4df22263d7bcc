"""The kinds of a file's columns, found over all its rows: a type only where every value reads back identically."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from frontdesk.database import dialects, schema
from frontdesk.tables.formats import inputs
from frontdesk.tables.formats.inputs import Json
from frontdesk.tables.sources import Source

INTEGERS = (-(2**63), 2**63 - 1)
EXACT = 2**53
"""Whole numbers up to this are exact as real numbers."""

Cells = Sequence[Any]
Read = Callable[[tuple[str, ...]], Sequence[Any] | None]


class Column:
    """One column of a file of texts, as far as it has been read."""

    def __init__(self) -> None:
        self.empty = False  # whether a cell had no value
        self._read: Read | None = None
        self._reals = _Reals()
        self._kinds: list[tuple[str, Read]] = [
            ("INTEGER", self._integers),
            ("REAL", self._reals.read),
            ("BOOLEAN", _booleans),
            ("DATE", _Known(dates).read),
            ("DATETIME", _Known(self._datetimes).read),
            ("TEXT", _texts),
        ]
        self.zones: set[bool] = set()  # whether times have one: True, False or both

    @property
    def found(self) -> bool:
        """Whether there was a value."""
        return self._read is not None

    @property
    def type(self) -> str:
        """The type that all cells fit; TEXT while there is none."""
        return "TEXT" if self._read is None else self._kinds[0][0]

    def read(self, cells: Sequence[str]) -> Sequence[Any]:
        """The values of more cells, None for empty ones, by the narrowest type that fits all that were read."""
        if "" not in cells:
            return self._values(tuple(cells))
        self.empty = True
        filled = tuple(cell for cell in cells if cell)
        return _with_gaps(cells, self._values(filled)) if filled else [None] * len(cells)

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether more cells are of the type found so far; it makes no values and so takes half the time of `read`."""
        if self._read is not None and self.type == "TEXT":
            return True
        shape = _WHOLE if self.type == "INTEGER" else self._reals.shape if self.type == "REAL" else None
        text = "\n".join(cells) + "\n"
        if shape is not None and shape.fullmatch(text) and text.count("\n") == len(cells):
            return True
        filled = [cell for cell in cells if cell]
        if not filled or self._read is None:
            return not filled
        before, zones = self.type, set(self.zones)
        self.read(filled)
        return self.type == before and self.zones == zones

    def pattern(self, plain: str, *, needed: bool) -> str | None:
        """What cells that surely fit look like, as a regular expression; None where that cannot be said.

        `plain` are the characters that a text may hold, `needed` says that no cell may be empty.
        """
        if not self.found:
            return None if needed else ""
        if self.type == "TEXT":
            return f"[{plain}]{'+' if needed else '*'}+"
        clock = f"{DAY}[T ]{_CLOCK}{_OFFSET if True in self.zones else ''}"
        known = {
            "INTEGER": "-?[1-9][0-9]{0,17}+|0",
            "REAL": self._reals.pattern(),
            "BOOLEAN": "|".join(WORDS),
            "DATE": DAY,
            "DATETIME": None if len(self.zones) > 1 else clock,
        }
        one = known[self.type]
        return one if one is None else f"(?:{one}){'' if needed else '?+'}"

    def _values(self, cells: tuple[str, ...]) -> Sequence[Any]:
        while True:
            values = self._kinds[0][1](cells)
            if values is not None:
                self._read = self._kinds[0][1]
                return values
            if self._read is None or self._kinds[0][0] == "INTEGER":
                self._kinds.pop(0)
                if self._read is not None and not self._reals.free:
                    self._kinds = self._kinds[-1:]
            else:  # what came before fits nothing else than text
                self._kinds = self._kinds[-1:]

    def _integers(self, cells: tuple[str, ...]) -> Sequence[int] | None:
        """Whole numbers as they are written again: no zeros in front, no plus, within 64 bits."""
        try:
            values = list(map(int, cells))
        except ValueError:
            return None
        least, most = min(values), max(values)
        if least < INTEGERS[0] or most > INTEGERS[1] or tuple(map(str, values)) != cells:
            return None
        self._reals.meet_integers(least, most)
        return values

    def _datetimes(self, cells: tuple[str, ...]) -> Sequence[str] | None:
        if datetimes(cells) is None:
            return None
        self.zones |= {_ZONE.search(cell) is not None for cell in cells}
        return cells


_WHOLE = re.compile(r"(?:(?:-?[1-9][0-9]{0,17}+|0|)\n)*+")
"""Whole numbers that surely are within 64 bits, or nothing, one a line."""


class _Reals:
    """Numbers with a point, where nothing is lost: written as Python writes them, or all with as many decimals.

    So `1.50` and `2.00` are numbers, but the versions `1.9` and `1.10` stay text.
    """

    def __init__(self) -> None:
        self.free = True
        self._decimals: int | None = None  # -1: not all have as many
        self._shape = re.compile("")

    @property
    def shape(self) -> re.Pattern[str] | None:
        """What surely are numbers of as many decimals as all before, or nothing, one a line; no digit is lost."""
        most = 13 - (self._decimals or 0)
        if self._decimals in {None, -1} or most < 0:
            return None
        return _decimals(most, self._decimals or 0)

    def pattern(self) -> str | None:
        """One number of which surely no digit is lost, as a regular expression."""
        decimals = self._decimals or 0
        if decimals != -1:
            return (
                None
                if decimals > 13
                else rf"(?!-0\.0+(?![0-9]))-?(?:0|[1-9][0-9]{{0,{13 - decimals}}}+)\.[0-9]{{{decimals}}}"
            )
        whole, after = "[1-9][0-9]{0,6}", r"(?:0|[0-9]{0,7}[1-9])"
        return (
            rf"(?!-0\.0(?![0-9]))-?(?:{whole}\.{after}|[1-9][0-9]{{0,14}}|0\.(?:0|(?!0000)[0-9]{{0,13}}[1-9]))|0"
            if self.free
            else None
        )

    def meet_integers(self, least: int, most: int) -> None:
        self._decimals = -1
        self.free = self.free and least >= -EXACT and most <= EXACT

    def read(self, cells: tuple[str, ...]) -> Sequence[float] | None:
        try:
            values = list(map(float, cells))
        except ValueError:
            return None
        if not all(map(math.isfinite, values)) or _has_minus_zero(values):
            return None
        if self.free:
            self._check_free(cells, values)
        if self._decimals != -1:
            self._check_decimals(cells)
        return values if self.free or self._decimals != -1 else None

    def _check_free(self, cells: tuple[str, ...], values: Sequence[float]) -> None:
        texts = tuple(map(repr, values))
        if texts != cells:
            other = ((cell, value) for cell, text, value in zip(cells, texts, values, strict=True) if cell != text)
            self.free = all(abs(value) <= EXACT and str(int(value)) == cell for cell, value in other)

    def _check_decimals(self, cells: tuple[str, ...]) -> None:
        """Up to 15 digits a real number keeps exactly."""
        if self._decimals is None:
            self._decimals = len(cells[0].partition(".")[2])
            self._shape = re.compile(rf"(?:-?(?:0|[1-9][0-9]*)\.[0-9]{{{self._decimals}}}\n)*")
        fits = self._decimals and max(map(len, cells)) <= 16 and self._shape.fullmatch("\n".join(cells) + "\n")
        if not fits:
            self._decimals = -1


@lru_cache
def _decimals(most: int, decimals: int) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:(?!-0\.0+\n)-?(?:0|[1-9][0-9]{{0,{most}}}+)\.[0-9]{{{decimals}}})?\n)*+")


def _has_minus_zero(values: Iterable[float]) -> bool:
    """SQLite keeps -0.0 as 0.0."""
    return 0.0 in values and any(value == 0 and math.copysign(1, value) < 0 for value in values)


WORDS = {"true": 1, "false": 0, "True": 1, "False": 0, "TRUE": 1, "FALSE": 0}


def _booleans(cells: tuple[str, ...]) -> Sequence[int] | None:
    try:
        return [WORDS[cell] for cell in cells]
    except KeyError:
        return None


class _Known:
    """Reads each text once: days and times come again and again."""

    MOST = 100_000

    def __init__(self, read: Read) -> None:
        self._read = read
        self._seen: set[str] = set()

    def read(self, cells: tuple[str, ...]) -> Sequence[str] | None:
        new = set(cells) - self._seen
        if new and self._read(tuple(new)) is None:
            return None
        if len(self._seen) > self.MOST:
            self._seen.clear()
        self._seen |= new
        return cells


def dates(cells: tuple[str, ...]) -> Sequence[str] | None:
    """The cells where all are days in ISO form."""
    try:
        return cells if tuple(map(str, map(date.fromisoformat, cells))) == cells else None
    except ValueError:
        return None


DAY = (
    "(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
"""A day of the calendar."""
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?+)?+"
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])"
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def datetimes(cells: tuple[str, ...]) -> Sequence[str] | None:
    """The cells where all are times in ISO form."""
    try:
        return cells if all(_DATETIME.fullmatch(cell) and datetime.fromisoformat(cell) for cell in cells) else None
    except ValueError:
        return None


def _texts(cells: tuple[str, ...]) -> Sequence[str]:
    return cells


def _with_gaps(cells: Sequence[str], values: Sequence[Any]) -> list[Any]:
    following = iter(values)
    return [next(following) if cell else None for cell in cells]


class TypedColumn:
    """One column of a file whose values have types of their own (JSON), as far as it has been read."""

    def __init__(self, declared: str = "") -> None:
        """`declared` is the type that the file itself says."""
        self._declared = declared
        self.empty = False
        self.zones: set[bool] = set()
        self._types: set[type] = set()
        self._wide = False
        self._texts = Column()

    @property
    def type(self) -> str:
        """The type that all values fit."""
        types = self._types
        if self._declared:
            return self._declared
        if types <= {int} and types:
            return "INTEGER"
        if types <= {int, float} and types and not self._wide:
            return "REAL"
        named = {bool: "BOOLEAN", bytes: "BLOB", Json: "JSON"}
        if len(types) == 1 and (only := next(iter(types))) in named:
            return named[only]
        if types == {str} and self._texts.type in {"DATE", "DATETIME"}:
            return self._texts.type
        return "TEXT"

    def read(self, cells: Cells) -> Sequence[Any]:
        """The values of more cells."""
        types = set(map(type, cells))
        self.empty = self.empty or type(None) in types
        self._types |= types - {type(None)}
        if int in types:
            self._wide = self._wide or any(type(cell) is int and abs(cell) > EXACT for cell in cells)
        if self._types == {str}:
            self._texts.read([cell for cell in cells if cell is not None] or [""])
            self.zones = self._texts.zones
        return values(cells, self.type)


def values(cells: Cells, declared: str) -> list[Any]:
    """JSON's values as a column of this type, which they fit, keeps them."""
    if declared == "TEXT":
        return [cell if cell is None or isinstance(cell, str) else _as_text(cell) for cell in cells]
    if declared == "REAL":
        return [None if cell is None else float(cell) for cell in cells]
    if declared == "BOOLEAN":
        return [None if cell is None else int(cell) for cell in cells]
    return [str(cell) if isinstance(cell, Json) else cell for cell in cells]


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


Finder = Column | TypedColumn


@dataclass(frozen=True)
class Found:
    """The columns of a file, and how many rows they were found over."""

    columns: list[schema.Column]
    rows: int
    finders: Sequence[Finder]
    key: tuple[str, ...]  # a whole column `id` that rises from row to row


def find(source: Source, blocks: int | None = None, tell: Callable[[int, int], object] = inputs.silent) -> Found:
    """The narrowest types that all rows fit, or those of the first blocks; `tell` hears of bytes and rows."""
    finders: list[Finder] = [
        TypedColumn(source.declared.get(name, "")) if source.typed else Column() for name in source.names
    ]
    rows, last, rising = 0, None, True
    heard = [0]
    place = next((at for at, name in enumerate(source.names) if name.casefold() == "id"), None)
    for block in islice(source.blocks(lambda done: tell(done, heard[0])), blocks):
        heard[0] = rows = rows + len(block)
        for at, (finder, cells) in enumerate(zip(finders, zip(*block, strict=True), strict=True)):
            values = finder.read(cells)
            if at == place and rising:
                rising = finder.type == "INTEGER" and not finder.empty and rises(values, last)
                last = values[-1]
    types = [finder.type for finder in finders]
    columns = [column(name, declared) for name, declared in zip(source.names, types, strict=True)]
    return Found(columns, rows, finders, (source.names[place],) if place is not None and rising and rows else ())


def column(name: str, declared: str) -> schema.Column:
    """A new column of this type."""
    return schema.Column(name, declared, dialects.kind_of(declared))


def rises(keys: Sequence[int], last: int | None) -> bool:
    """Whether whole numbers rise without a stop, from `last` on."""
    return (last is None or keys[0] > last) and all(map(int.__lt__, keys, islice(keys, 1, None)))
