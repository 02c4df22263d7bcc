"""Parquet, written in row groups by pyarrow, each column of a type that all of its values fit."""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from frontdesk.database import values
from frontdesk.database.schema import Column
from frontdesk.tables import detection, numbers
from frontdesk.tables.formats import extras, parquet, texts
from frontdesk.tables.formats.texts import Rows

ROWS = 50_000
"""Rows of a group; these are held in memory at a time, as pyarrow packs them."""
BYTES = 64_000_000
"""And at most so much of them."""
MOST_DIGITS = 76
"""Of a decimal number."""

_DAY = detection.DAY
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_FRACTION = r"(?:\.(?!000000)[0-9]{6})?"
"""As a time is written that comes back from a Parquet file."""
_SERVERS_FRACTION = r"(?:\.[0-9]{1,6})?"
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_DECLARED = re.compile(r"\( *([0-9]+) *(?:, *([0-9]+) *)?\)")


def write(shown: Sequence[Column], blocks: Callable[[], Iterable[Rows]]) -> Iterator[bytes]:
    """A Parquet file in pieces; the rows are read twice, for their types and for their values.

    A column that mixes kinds of values holds each as the text of its JSON, and its field says so. Raises InputError
    where pyarrow is not installed.
    """
    pa = extras.need("pyarrow", "Parquet")
    extras.need("pyarrow.parquet", "Parquet")
    kinds = _kinds(shown, blocks())
    schema = pa.schema([_field(pa, column, kind) for column, kind in zip(shown, kinds, strict=True)])
    sink = _Sink()
    with pa.parquet.ParquetWriter(pa.PythonFile(sink, "w"), schema, compression="zstd") as writer:
        for group in _groups(_batches(pa, schema, kinds, blocks())):
            writer.write_table(pa.Table.from_batches(group, schema), row_group_size=ROWS)
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        self._at += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def _batches(pa: Any, schema: Any, kinds: Sequence["_Kind"], blocks: Iterable[Rows]) -> Iterator[Any]:
    for block in blocks:
        made = [
            kind.array(pa, field.type, cells)
            for kind, field, cells in zip(kinds, schema, zip(*block, strict=True), strict=True)
        ]
        yield pa.record_batch(made, schema=schema)


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if sum(one.num_rows for one in group) >= ROWS or sum(one.nbytes for one in group) >= BYTES:
            yield group
            group = []
    if group:
        yield group


def _field(pa: Any, column: Column, kind: "_Kind") -> Any:
    return pa.field(column.name, kind.type(pa), metadata=parquet.EXACTLY if kind.name == "mixed" else None)


@dataclass(frozen=True)
class _Kind:
    """What the values of a column are in a Parquet file."""

    name: str
    column: Column
    digits: tuple[int, int] = (0, 0)

    def type(self, pa: Any) -> Any:
        if self.name == "decimal":
            return (pa.decimal128 if self.digits[0] <= 38 else pa.decimal256)(*self.digits)
        return {
            "integer": pa.int64(),
            "real": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "moment": pa.timestamp("us"),
            "zoned": pa.timestamp("us", "UTC"),
            "bytes": pa.binary(),
        }.get(self.name, pa.string())

    def array(self, pa: Any, kind: Any, cells: Sequence[Any]) -> Any:
        match self.name:
            case "boolean":
                return pa.array([None if cell is None else bool(cell) for cell in cells], kind)
            case "date" | "moment" | "zoned":
                return pa.array(cells, pa.string()).cast(kind)
            case "decimal":
                return pa.array([None if cell is None else _number(cell) for cell in cells], kind)
            case "real":
                return pa.array([None if cell is None else float(cell) for cell in cells], kind)
            case "mixed":
                return pa.array([None if cell is None else values.exact([cell])[1:-1] for cell in cells], kind)
            case "text" if self.column.array:
                return pa.array(texts.as_texts(self.column, cells), kind)
        return pa.array(cells, kind)


def _number(value: Any) -> Decimal:
    return Decimal(value if isinstance(value, str) else repr(value))


def _kinds(shown: Sequence[Column], blocks: Iterable[Rows]) -> list[_Kind]:
    """What the values of each column are, over all rows."""
    finders = [_Finder(column) for column in shown]
    for block in blocks:
        for finder, cells in zip(finders, zip(*block, strict=True), strict=True):
            finder.read(cells)
    return [finder.kind() for finder in finders]


class _Finder:
    """One column as far as it has been read: the types of its values, and of which kinds all of them are."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._types: set[type] = set()
        self._whole = True  # whether its whole numbers are exact as real ones
        self._before = self._after = 0  # digits, at most
        self._fitting = {} if column.array else self._candidates()

    def _candidates(self) -> dict[str, Callable[[Sequence[Any]], bool]]:
        column = self._column
        match column.kind:
            case "boolean":
                return {"boolean": lambda cells: set(cells) <= {0, 1}}
            case "date":
                return {"date": _all(_DAY)}
            case "datetime":
                fraction = _FRACTION if column.zoned is None else _SERVERS_FRACTION
                found = {"moment": _all(f"{_DAY} {_CLOCK}{fraction}"), "zoned": _all(f"{_DAY}T{_CLOCK}{fraction}Z")}
                return {name: fits for name, fits in found.items() if column.zoned in {None, name == "zoned"}}
        declared = _DECLARED.search(column.type) if column.kind == "number" else None
        self._limit = (int(declared[1]), int(declared[2] or 0)) if declared else column.digits
        small = self._limit is not None and self._limit[0] <= parquet.REAL_DIGITS
        return {"decimal": self._meet_digits} if column.exact or (column.kind == "number" and small) else {}

    def read(self, cells: Sequence[Any]) -> None:
        """More cells."""
        filled = [cell for cell in cells if cell is not None] if None in cells else cells
        if not filled:
            return
        self._types |= set(map(type, filled))
        if int in self._types and self._whole:
            whole = [cell for cell in filled if type(cell) is int]
            self._whole = not whole or (min(whole) >= -numbers.EXACT and max(whole) <= numbers.EXACT)
        self._fitting = {name: fits for name, fits in self._fitting.items() if fits(filled)}

    def _meet_digits(self, cells: Sequence[Any]) -> bool:
        for cell in cells:
            text = cell if isinstance(cell, str) else _number_text(cell)
            found = _NUMBER.fullmatch(text)
            if found is None:
                return False
            self._before = max(self._before, len(found[1].lstrip("0")))
            self._after = max(self._after, len(found[2] or ""))
        if self._limit is not None:
            return self._after <= self._limit[1] and self._before <= self._limit[0] - self._limit[1]
        return self._before + self._after <= MOST_DIGITS

    def kind(self) -> _Kind:
        """What the column is in the file."""
        name = next(iter(self._fitting), "") or self._by_type()
        digits = self._limit or (max(self._before + self._after, 1), self._after) if name == "decimal" else (0, 0)
        return _Kind(name, self._column, digits)

    def _by_type(self) -> str:
        if not self._types:
            return {"integer": "integer", "real": "real", "number": "real", "file": "bytes"}.get(
                "" if self._column.array else self._column.kind, "text"
            )
        if self._types <= {int, float} and (self._whole or len(self._types) == 1):
            return "real" if float in self._types else "integer"
        return "text" if self._types == {str} else "bytes" if self._types == {bytes} else "mixed"


def _all(pattern: str) -> Callable[[Sequence[Any]], bool]:
    known = re.compile(pattern)
    return lambda cells: all(isinstance(cell, str) and known.fullmatch(cell) for cell in cells)


def _number_text(value: Any) -> str:
    """A number with all its digits and no more; nothing for what is none."""
    if isinstance(value, int):
        return str(value)
    if not (isinstance(value, float) and isfinite(value)):
        return ""
    return format(Decimal(repr(value)), "f").removesuffix(".0")
