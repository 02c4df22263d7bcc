"""A CSV file becomes a table."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import bulk, dialects, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture

SUFFIXES = (".csv", ".tsv")
BLOCK = 5000
"""Rows that are held in memory at a time."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_REAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")


def _is_date(text: str, pattern: re.Pattern[str], read: Callable[[str], object]) -> bool:
    try:
        return bool(pattern.fullmatch(text) and read(text))
    except ValueError:
        return False


TYPES: dict[str, Callable[[str], object]] = {
    "INTEGER": _INTEGER.fullmatch,
    "REAL": _REAL.fullmatch,
    "DATE": lambda text: _is_date(text, _DATE, date.fromisoformat),
    "DATETIME": lambda text: _is_date(text, _DATETIME, datetime.fromisoformat),
    "TEXT": lambda _: True,
}
"""From the narrowest to the widest: a column has the first that all its values fit; empty cells fit each."""


@dataclass(frozen=True)
class _Shape:
    """What reading a file once has found out."""

    columns: tuple[Column, ...]
    rows: int


def load(database: Database, path: Path, table: str, by: Caller) -> int:
    """Makes `table` of the file's lines, in one transaction; how many rows it has.

    The first line names the columns. Raises InputError naming the line that cannot be read, ConflictError when there
    is such a table.
    """
    shape = _read_shape(path)
    with capture.recording(database, by, "import") as connection:
        if table.casefold() in {known.casefold() for known in schema.read(database, connection)}:
            raise ConflictError(f"{database.name} has a table {table!r} already.", "Choose another name.")
        sql = schema.create(connection, table, shape.columns)
        capture.recorder_of(connection).record_schema(table, after=sql)
        target = sa.Table(table, sa.MetaData(), *(sa.Column(column.name) for column in shape.columns))
        reads = [_READS.get(column.type, str) for column in shape.columns]
        with _lines(path) as (_, lines):
            while block := list(islice(lines, BLOCK)):
                bulk.insert(connection, target, [_values(cells, reads) for cells in block])
    return shape.rows


_READS: dict[str, Callable[[str], Any]] = {"INTEGER": int, "REAL": float}


def _values(cells: Sequence[str], reads: Sequence[Callable[[str], Any]]) -> list[Any]:
    return [read(cell) if cell else None for cell, read in zip(cells, reads, strict=True)]


def _read_shape(path: Path) -> _Shape:
    with _lines(path) as (names, lines):
        left = [list(TYPES) for _ in names]
        whole = [True] * len(names)
        count = 0
        ids: set[str] = set()
        place = next((number for number, name in enumerate(names) if name.casefold() == "id"), None)
        for cells in lines:
            count += 1
            for number, cell in enumerate(cells):
                if cell:
                    while not TYPES[left[number][0]](cell):
                        left[number].pop(0)
                else:
                    whole[number] = False
            if place is not None:
                ids.add(cells[place])
    columns = [_column(name, types[0], nullable=True) for name, types in zip(names, left, strict=True)]
    if place is not None and count and whole[place] and len(ids) == count and columns[place].type == "INTEGER":
        columns[place] = replace(columns[place], nullable=False, primary_key=1)
    if not count:
        columns = [_column(name, "TEXT", nullable=True) for name in names]
    return _Shape(tuple(columns), count)


def _column(name: str, declared: str, *, nullable: bool) -> Column:
    return Column(name, declared, dialects.kind_of(declared), nullable)


@contextmanager
def _lines(path: Path) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """The columns' names and the other lines, each with as many cells."""
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=_delimiter(path, first), strict=True)
            header = next(reader, [])
            if not any(name.strip() for name in header):
                raise InputError(
                    f"{path.name} has no line that names its columns.", "Write the names in the first line."
                )
            yield _names(header), _even(reader, len(header), path.name)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num}: {error}.") from error


def _even(reader: Any, width: int, name: str) -> Iterator[list[str]]:
    for cells in reader:
        if not cells:
            continue
        if len(cells) != width:
            raise InputError(f"{name}, line {reader.line_num}: {len(cells)} values, but {width} columns.")
        yield cells


def _encoding(path: Path) -> str:
    """UTF-8 where the file is that, else what older spreadsheets write."""
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while part := file.read(1 << 20):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _delimiter(path: Path, first: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t|", key=first.count)


def _names(header: Sequence[str]) -> list[str]:
    """Each name once, whatever its capitals; a missing one is made."""
    names: list[str] = []
    seen: set[str] = set()
    for number, written in enumerate(header, 1):
        name = plain = written.strip() or f"column{number}"
        repeat = 1
        while name.casefold() in seen:
            repeat += 1
            name = f"{plain}_{repeat}"
        seen.add(name.casefold())
        names.append(name)
    return names
