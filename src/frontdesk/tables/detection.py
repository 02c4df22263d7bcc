"""The kinds of a file's columns, found over all its rows: a type only where every value reads back identically."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from frontdesk.database import dialects, schema
from frontdesk.tables import numbers
from frontdesk.tables.formats import inputs
from frontdesk.tables.formats.inputs import Json
from frontdesk.tables.sources import Source

Cells = Sequence[Any]
TRIMMED = "Zeros at the end of numbers are not kept: 1.50 is 1.5."
SPELLED = "Capitals of truths are not kept: TRUE is true."
LONGEST_WITNESS = 100
"""Characters that are shown of a value."""
Read = Callable[[tuple[str, ...]], Sequence[Any] | None]


@dataclass(frozen=True)
class Until:
    """All values before this one were of a narrower type: why a column is not of that one."""

    type: str
    row: int  # from 1, below the names
    value: str

    @classmethod
    def at(cls, declared: str, row: int, value: Any) -> "Until":
        """The same, with as much of the value as is shown."""
        return cls(declared, row, str(value)[:LONGEST_WITNESS])


class Column:
    """One column of a file of texts, as far as it has been read."""

    def __init__(self) -> None:
        self.empty = False  # whether a cell had no value
        self.until: Until | None = None
        self._rows = 0
        self._read: Read | None = None
        self._reals = numbers.Reals()
        self._capitals = False
        self._kinds: list[tuple[str, Read]] = [
            ("INTEGER", self._integers),
            ("REAL", self._reals.read),
            ("BOOLEAN", self._booleans),
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
    def changed(self) -> str:
        """What of its values is not kept as it is written."""
        if self.type == "REAL" and self._reals.trimmed:
            return TRIMMED
        return SPELLED if self.type == "BOOLEAN" and self._capitals else ""

    @property
    def type(self) -> str:
        """The type that all cells fit; TEXT while there is none."""
        return "TEXT" if self._read is None else self._kinds[0][0]

    def read(self, cells: Sequence[str]) -> Sequence[Any]:
        """The values of more cells, None for empty ones, by the narrowest type that fits all that were read."""
        before = self.type if self.found else ""
        values = self._filled(cells)
        if self.found and self.type != before:
            self._note(before, cells)
        self._rows += len(cells)
        return values

    def _filled(self, cells: Sequence[str]) -> Sequence[Any]:
        if "" not in cells:
            return self.fill(tuple(cells))
        self.empty = True
        filled = tuple(cell for cell in cells if cell)
        return _with_gaps(cells, self.fill(filled)) if filled else [None] * len(cells)

    def _note(self, narrower: str, cells: Sequence[str]) -> None:
        """Remembers the first of these cells that a narrower type does not fit."""
        reals, filled = numbers.Reals(), [(row, cell) for row, cell in enumerate(cells, self._rows + 1) if cell]
        narrower = narrower or _narrowest(filled[0][1])
        for row, cell in filled:
            if narrower != self.type and not _fits(narrower, cell, reals):
                self.until = Until.at(narrower, row, cell)
                narrower = "REAL" if narrower == "INTEGER" and _fits("REAL", cell, reals) else self.type
        if narrower != self.type:  # only together with the numbers before do these lose digits
            row, cell = next(((row, cell) for row, cell in filled if cell != repr(float(cell))), filled[-1])
            self.until = Until.at(narrower, row, cell)

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether more cells are of the type found so far; it makes no values and so takes half the time of `read`."""
        if self._read is not None and self.type == "TEXT":
            return True
        shape = numbers.WHOLE if self.type == "INTEGER" else self._reals.shape if self.type == "REAL" else None
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

    def fill(self, cells: tuple[str, ...]) -> Sequence[Any]:
        """The values of more cells, none of which is empty."""
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
        if least < numbers.INTEGERS[0] or most > numbers.INTEGERS[1] or tuple(map(str, values)) != cells:
            return None
        self._reals.meet_integers(least, most)
        return values

    def _booleans(self, cells: tuple[str, ...]) -> Sequence[int] | None:
        values = _truths(cells)
        self._capitals = self._capitals or (values is not None and not {"true", "false"}.issuperset(cells))
        return values

    def _datetimes(self, cells: tuple[str, ...]) -> Sequence[str] | None:
        if datetimes(cells) is None:
            return None
        self.zones |= {_ZONE.search(cell) is not None for cell in cells}
        return cells


WORDS = {"true": 1, "false": 0, "True": 1, "False": 0, "TRUE": 1, "FALSE": 0}


def _truths(cells: tuple[str, ...]) -> Sequence[int] | None:
    try:
        return [WORDS[cell] for cell in cells]
    except KeyError:
        return None


def _narrowest(cell: str) -> str:
    """The type of one cell."""
    one = Column()
    one.fill((cell,))
    return one.type


def _fits(declared: str, cell: str, reals: numbers.Reals) -> bool:
    """Whether a cell is of this type; `reals` remember the numbers before it."""
    if declared == "REAL":
        return reals.read((cell,)) is not None
    return _narrowest(cell) == declared


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
        self.changed = ""
        self._rows = 0
        self.until: Until | None = None
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
        before = self.type if self._types else ""
        self._meet(cells)
        if self._types and self.type != before and not self._declared:
            self._note(before, cells)
        self._rows += len(cells)
        return values(cells, self.type)

    def _meet(self, cells: Cells) -> None:
        types = set(map(type, cells))
        self.empty = self.empty or type(None) in types
        self._types |= types - {type(None)}
        if int in types:
            self._wide = self._wide or any(type(cell) is int and abs(cell) > numbers.EXACT for cell in cells)
        if self._types == {str}:
            self._texts.read(["" if cell is None else cell for cell in cells])
            self.zones = self._texts.zones

    def _note(self, narrower: str, cells: Cells) -> None:
        """Remembers the first of these cells that a narrower type does not fit."""
        if self._types == {str}:
            self.until = self._texts.until
            return
        for row, cell in enumerate(cells, self._rows + 1):
            one = "" if cell is None else _type_of(cell)
            narrower = narrower or one
            if narrower == self.type:
                return
            if one not in {"", narrower}:
                self.until = Until.at(narrower, row, cell)
                narrower = "REAL" if {narrower, one} == {"INTEGER", "REAL"} else self.type


def _type_of(value: Any) -> str:
    """The type of one value."""
    one = TypedColumn()
    one._meet([value])
    return one.type


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
    empty: Sequence[int]  # cells without a value, of each column
    finders: Sequence[Finder]
    key: tuple[str, ...]  # a whole column `id` that rises from row to row


def find(source: Source, blocks: int | None = None, tell: Callable[[int, int], object] = inputs.silent) -> Found:
    """The narrowest types that all rows fit, or those of the first blocks; `tell` hears of bytes and rows."""
    finders: list[Finder] = [
        TypedColumn(source.declared.get(name, "")) if source.typed else Column() for name in source.names
    ]
    rows, last, rising = 0, None, True
    empty, nothing = [0] * len(finders), None if source.typed else ""
    heard = [0]
    place = next((at for at, name in enumerate(source.names) if name.casefold() == "id"), None)
    for block in islice(source.blocks(lambda done: tell(done, heard[0])), blocks):
        heard[0] = rows = rows + len(block)
        for at, (finder, cells) in enumerate(zip(finders, zip(*block, strict=True), strict=True)):
            values = finder.read(cells)
            empty[at] += cells.count(nothing)
            if at == place and rising:
                rising = finder.type == "INTEGER" and not finder.empty and rises(values, last)
                last = values[-1]
    types = [finder.type for finder in finders]
    columns = [column(name, declared) for name, declared in zip(source.names, types, strict=True)]
    return Found(columns, rows, empty, finders, (source.names[place],) if place is not None and rising and rows else ())


def column(name: str, declared: str) -> schema.Column:
    """A new column of this type."""
    return schema.Column(name, declared, dialects.kind_of(declared))


def rises(keys: Sequence[int], last: int | None) -> bool:
    """Whether whole numbers rise without a stop, from `last` on."""
    return (last is None or keys[0] > last) and all(map(int.__lt__, keys, islice(keys, 1, None)))
