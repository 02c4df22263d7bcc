"""Files of rows as they are read: CSV, TSV, JSON, NDJSON, Parquet and xlsx, a block at a time, with each row's line."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any

from frontdesk.errors import InputError
from frontdesk.tables.formats import encodings, inputs, objects, packed, parquet, separated, xlsx

TEXTS = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
"""The formats of text by what a file's name ends in; these may be packed."""
FORMATS = {**TEXTS, ".parquet": "parquet", ".xlsx": "xlsx"}
"""The formats by what a file's name ends in."""

LONGEST_NAME = 63
"""Bytes of a column's name."""


@dataclass(frozen=True)
class Source:
    """A file of rows; `name` is what a person calls it. Raises InputError for what it cannot be read as."""

    path: Path
    name: str
    format: str
    encoding: str
    delimiter: str = ","
    packing: str = ""  # gz or zip
    part: str = ""  # the file inside a zip, or the sheet of a spreadsheet
    called: tuple[tuple[str, str], ...] = ()  # columns that are given another name, by the one they would have
    left_out: frozenset[int] | None = None  # rows by their number from 0; with it, what is no row is left out too

    @property
    def typed(self) -> bool:
        """Whether the values have types of their own; else all are text, and empty text is no value."""
        return self.format in {"json", "ndjson", "parquet", "xlsx"}

    @property
    def written(self) -> bool:
        """Whether texts among its values stand for JSON."""
        return self.format in {"parquet", "xlsx"}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names: each once, whatever its capitals, and short enough for every database."""
        names, called = _distinct(self.written_names), dict(self.called)
        return tuple(_distinct([called.get(name, name) for name in names]) if called else names)

    @cached_property
    def written_names(self) -> tuple[str, ...]:
        """The columns' names as the file has them."""
        if self.format == "parquet":
            return self._parquet[0]
        if self.format == "xlsx":
            return tuple("" if cell is None else str(cell) for cell in self._header[1])
        if self.typed:
            with self._opened() as (text, _):
                if self.left_out is None:
                    return objects.keys(self.name, self._objects(text))
                tried = objects.attempts(self.name, text, by_line=self.format == "ndjson")
                return objects.keys(self.name, ((one.line, row) for one, row in tried))
        with self._lines() as (header, _):
            return tuple(header)

    @cached_property
    def declared(self) -> dict[str, str]:
        """The types of columns whose file says them, by name."""
        if self.format != "parquet":
            return {}
        written, known = self._parquet
        return {name: known[own] for name, own in zip(self.names, written, strict=True) if own in known}

    @cached_property
    def _parquet(self) -> tuple[tuple[str, ...], dict[str, str]]:
        names, declared = parquet.header(self.path, self.name)
        inputs.check_width(self.name, len(names))
        if not names:
            raise InputError(f"{self.name} has no columns.")
        return tuple(names), declared

    @cached_property
    def _header(self) -> tuple[int, list[Any]]:
        """The first row of a sheet that is not empty, without empty cells at its end, and its number."""
        line, row = next(xlsx.rows(self.path, self.name, self.part), (0, []))
        while row and row[-1] is None:
            row.pop()
        if not row:
            raise InputError(f"{self.name} has no row that names its columns.", "Write the names in the first row.")
        inputs.check_width(self.name, len(row))
        return line, row

    def blocks(self, tell: inputs.Tell = inputs.silent) -> Iterator[inputs.Block]:
        """The rows in blocks; `tell` hears how many bytes are read after each. Raises InputError naming a bad line."""
        if self.left_out is not None:
            rows = (row for _, row in self._kept(tell))
            while block := list(islice(rows, inputs.BLOCK)):
                yield block
            return
        if self.format in {"parquet", "xlsx"}:
            yield from self._valued_blocks(tell)
            return
        if self.typed:
            yield from self._object_blocks(tell)
            return
        with self._lines() as (_, (reader, file)):
            while block := list(islice(reader, inputs.BLOCK)):
                if block := self._even(block):
                    yield block
                tell(file.tell())

    def pieces(self, plain: re.Pattern[str], tell: inputs.Tell = inputs.silent) -> Iterator[tuple[str, inputs.Block]]:
        """The rows as text where whole pieces of it are `plain`, with LF after each line; else as blocks.

        A pattern that knows the columns looks at a piece four times as fast as the rows are taken apart.
        """
        if self.left_out is not None:
            yield from (("", block) for block in self.blocks(tell))
            return
        with self._opened() as (text, file), self._reading(lines := separated.Lines(text)) as (_, reader):
            while piece := lines.take():
                rows = piece.replace("\r\n", "\n") if "\r" in piece else piece
                rows = rows if rows.endswith("\n") else f"{rows}\n"
                if plain.fullmatch(rows):
                    yield rows, []
                else:
                    lines.put_back(piece)
                while lines.waiting and (block := list(islice(reader, inputs.BLOCK))):
                    if block := self._even(block):
                        yield "", block
                tell(file.tell())

    def _even(self, block: inputs.Block) -> inputs.Block:
        """The rows without empty lines. Raises InputError where they are not as wide as the first line."""
        width = len(self.names)
        if set(map(len, block)) != {width}:
            block = [row for row in block if row]
            if any(len(row) != width for row in block):
                self._refuse_ragged()
        return block

    def numbered(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Each row with the line that it begins in; slower than `blocks`."""
        if self.left_out is not None:
            yield from self._kept()
            return
        if self.format == "parquet":
            yield from enumerate((row for block in self.blocks() for row in block), 1)
            return
        if self.format == "xlsx":
            yield from self._sheet()
            return
        if self.typed:
            with self._opened() as (text, _):
                yield from self._objects_as_rows(text)
            return
        with self._lines() as (_, (reader, _)):
            line = reader.line_num + 1
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1

    def _kept(self, tell: inputs.Tell = inputs.silent) -> Iterator[tuple[int, Sequence[Any]]]:
        left_out = self.left_out or frozenset()
        for at, one in enumerate(self.attempts(tell)):
            if not one.reason and at not in left_out:
                yield one.line, one.cells

    def attempts(self, tell: inputs.Tell = inputs.silent) -> Iterator[inputs.Attempt]:
        """Each row, and each line that is none with the reason. Raises InputError where the rest cannot be read."""
        if self.format in {"parquet", "xlsx"}:
            yield from self._valued_attempts(tell)
            return
        with self._opened() as (text, file):
            for at, one in enumerate(self._object_attempts(text) if self.typed else self._line_attempts(text)):
                yield one
                if at % inputs.BLOCK == 0:
                    tell(file.tell())

    def _line_attempts(self, text: IO[str]) -> Iterator[inputs.Attempt]:
        width = len(self.names)
        for one in islice(separated.attempts(self.delimiter, text), 1, None):
            wrong = not one.reason and len(one.cells) != width
            yield replace(one, reason=_uneven(len(one.cells), width)) if wrong else one

    def _object_attempts(self, text: IO[str]) -> Iterator[inputs.Attempt]:
        names = self.written_names
        for one, row in objects.attempts(self.name, text, by_line=self.format == "ndjson"):
            yield one if one.reason else replace(one, cells=[row.get(name) for name in names])

    def _valued_attempts(self, tell: inputs.Tell) -> Iterator[inputs.Attempt]:
        for line, row in self._sheet_rows() if self.format == "xlsx" else self._group_rows():
            text = json.dumps(row, ensure_ascii=False, default=str)
            try:
                yield inputs.Attempt(line, self._row(line, row), text)
            except InputError as error:
                yield inputs.Attempt(line, (), text, inputs.why(error))
            if line % inputs.BLOCK == 0:
                tell(self._passed(line))

    def _valued_blocks(self, tell: inputs.Tell) -> Iterator[inputs.Block]:
        """Blocks of values that the database can keep; what cannot be is named with its line."""
        rows = self._sheet() if self.format == "xlsx" else self._groups()
        while numbered := list(islice(rows, inputs.BLOCK)):
            yield [row for _, row in numbered]
            tell(self._passed(numbered[-1][0]))

    def _passed(self, line: int) -> int:
        """Bytes that are read, by the share of the rows."""
        return self.path.stat().st_size * min(line, self._count) // self._count if self._count else 0

    @cached_property
    def _count(self) -> int:
        """The rows that the file says it has."""
        if self.format == "parquet":
            return parquet.count(self.path, self.name)
        return xlsx.count(self.path, self.name, self.part)

    def _groups(self) -> Iterator[tuple[int, Sequence[Any]]]:
        return ((line, self._row(line, row)) for line, row in self._group_rows())

    def _group_rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        return enumerate((row for block in parquet.blocks(self.path, self.name, inputs.Json) for row in block), 1)

    def _sheet(self) -> Iterator[tuple[int, Sequence[Any]]]:
        return ((line, self._row(line, row)) for line, row in self._sheet_rows())

    def _sheet_rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        first = self._header[0]
        return ((line, row) for line, row in xlsx.rows(self.path, self.name, self.part) if line > first)

    def _row(self, line: int, row: Sequence[Any]) -> list[Any]:
        """The values of a row as the database keeps them. Raises InputError."""
        if self.format == "parquet":
            return [inputs.plain(self.name, line, cell) for cell in row]
        width = len(self._header[1])
        if any(cell is not None for cell in row[width:]):
            sentence = f"A value stands beside the {width:,} columns that have names."
            raise inputs.refused(self.name, {line: sentence})
        given = (inputs.whole(str(cell)) if type(cell) is int else cell for cell in row[:width])
        return [inputs.plain(self.name, line, cell) for cell in given] + [None] * (width - len(row))

    def _object_blocks(self, tell: inputs.Tell) -> Iterator[inputs.Block]:
        with self._opened() as (text, file):
            rows = (row for _, row in self._objects_as_rows(text))
            while block := list(islice(rows, inputs.BLOCK)):
                yield block
                tell(file.tell())

    def _objects_as_rows(self, text: IO[str]) -> Iterator[tuple[int, Sequence[Any]]]:
        names = self.written_names
        return ((line, [found.get(name) for name in names]) for line, found in self._objects(text))

    def _objects(self, text: IO[str]) -> Iterator[objects.Item]:
        return objects.read(self.name, text, by_line=self.format == "ndjson")

    def _refuse_ragged(self) -> None:
        width = len(self.names)
        ragged = ((line, len(row)) for line, row in self.numbered() if len(row) != width)
        wrong = {line: _uneven(count, width) for line, count in islice(ragged, inputs.MOST_LINES)}
        raise inputs.refused(self.name, wrong)

    def found_delimiter(self) -> str:
        """What separates most names in the first line."""
        with self._opened() as (text, _):
            return separated.delimiter_of(text.read(100_000))

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[str], IO[bytes]]]:
        """The text, and the file below it."""
        with (
            packed.opened(self.path, self.name, self.packing, self.part) as (inner, file),
            io.TextIOWrapper(inner, encoding=self.encoding, newline="") as text,
        ):
            yield text, file

    @contextmanager
    def _lines(self) -> Iterator[tuple[list[str], tuple[Any, Any]]]:
        """The columns' names, and a reader that stands behind them with the file below it."""
        with self._opened() as (text, file), self._reading(text) as (header, reader):
            yield header, (reader, file)

    def _reading(self, lines: Iterable[str]) -> AbstractContextManager[tuple[list[str], Any]]:
        return separated.reading(self.name, self.delimiter, lines, self._again)

    @contextmanager
    def _again(self) -> Iterator[IO[str]]:
        with self._opened() as (text, _):
            yield text


def _uneven(values: int, columns: int) -> str:
    return f"{values:,} {'value' if values == 1 else 'values'}, but {columns:,} columns."


def open(  # noqa: A001 - `sources.open` says it
    path: Path,
    *,
    name: str = "",
    format: str = "",  # noqa: A002 - as people call it
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    tolerant: bool = False,
) -> Source:
    """The file as a source; format, encoding and delimiter are found where they are not given.

    One that is `tolerant` leaves out lines that are no rows.

    Raises InputError for a file that is not there, whose bytes are no text, or that holds nothing.
    """
    name, left_out = name or path.name, frozenset[int]() if tolerant else None
    packing = packed.PACKINGS.get(Path(name).suffix.lower(), "") if not format or format in packed.PACKINGS else ""
    packing = format if format in packed.PACKINGS.values() else packing
    try:
        part = packed.member(path, name, [*TEXTS], sheet) if packing == "zip" else sheet
        if path.stat().st_size == 0:
            raise InputError(f"{name} is empty.", "A file of rows names its columns in the first line.")
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from error
    inner = Path(part if packing == "zip" else name.removesuffix(Path(name).suffix) if packing else name)
    found = "" if packing else format
    found = found or FORMATS.get(inner.suffix.lower(), "csv")
    if found not in FORMATS.values():
        raise InputError(
            f"Nothing is known of a format {found!r}.", f"Known: {', '.join(dict.fromkeys(FORMATS.values()))}."
        )
    if found not in TEXTS.values():
        if packing:
            raise InputError(f"{name} packs a file that is packed itself.", "Send that file as it is.")
        return Source(path, name, found, "", part=sheet, left_out=left_out)
    source = Source(
        path, name, found, encoding, "\t" if found == "tsv" else delimiter or ",", packing, part, left_out=left_out
    )
    try:
        with packed.opened(path, name, packing, part) as (file, _):
            source = replace(source, encoding=encodings.check(name, file, encoding))
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from error
    return replace(source, delimiter=source.found_delimiter()) if found == "csv" and not delimiter else source


def parts(path: Path, name: str) -> list[str]:
    """The sheets of a spreadsheet, or the files of rows in a zip: one of them is read. Raises InputError."""
    ending = Path(name).suffix.lower()
    if packed.PACKINGS.get(ending) == "zip":
        return packed.members(path, name, [*TEXTS])
    return xlsx.sheets(path, name) if FORMATS.get(ending) == "xlsx" else []


def table_name(file: str) -> str:
    """What a table is called that is made of this file: its name without the endings."""
    plain = file[: -len(ending)] if (ending := Path(file).suffix).lower() in packed.PACKINGS else file
    return plain[: -len(Path(plain).suffix)] if Path(plain).suffix else plain


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def _distinct(written: Sequence[str]) -> list[str]:
    names: list[str] = []
    seen: set[str] = set()
    for number, text in enumerate(written, 1):
        name = plain = _cut(_CONTROL.sub(" ", text).strip(), LONGEST_NAME) or f"column{number}"
        repeat = 1
        while name.casefold() in seen:
            repeat += 1
            name = f"{_cut(plain, LONGEST_NAME - len(str(repeat)) - 1)}_{repeat}"
        seen.add(name.casefold())
        names.append(name)
    return names


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore").strip()
