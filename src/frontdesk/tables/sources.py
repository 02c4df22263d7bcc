"""Files of rows as they are read: CSV, TSV, JSON, NDJSON, Parquet and xlsx, a block at a time, with each row's line."""

import base64
import binascii
import codecs
import csv
import io
import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any

from frontdesk.errors import InputError
from frontdesk.tables.formats import packed, parquet, xlsx

TEXTS = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
"""The formats of text by what a file's name ends in; these may be packed."""
FORMATS = {**TEXTS, ".parquet": "parquet", ".xlsx": "xlsx"}
"""The formats by what a file's name ends in."""

ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "mac-roman", "cp437")
DELIMITERS = ",;\t|"
BLOCK = 500
"""Rows that are read at a time: few enough that Python's search for rings of objects does not look at them twice."""
LARGEST_CELL = 10_000_000
"""Characters of one value."""
MOST_COLUMNS = 1000
LONGEST_NAME = 63
"""Bytes of a column's name."""
MOST_LINES = 100
"""Lines that an error names."""

csv.field_size_limit(LARGEST_CELL)

Block = list[Sequence[Any]]
Tell = Callable[[int], object]


def silent(*_: int) -> None:
    """Hears, and says nothing."""


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

    @property
    def typed(self) -> bool:
        """Whether the values have types of their own; else all are text, and empty text is no value."""
        return self.format in {"json", "ndjson", "parquet", "xlsx"}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names: each once, whatever its capitals, and short enough for every database."""
        return tuple(_distinct(self.written_names))

    @cached_property
    def written_names(self) -> tuple[str, ...]:
        """The columns' names as the file has them."""
        if self.format == "parquet":
            return self._parquet[0]
        if self.format == "xlsx":
            return tuple("" if cell is None else str(cell) for cell in self._header[1])
        if self.typed:
            return _keys(self)
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
        check_width(self.name, len(names))
        if not names:
            raise InputError(f"{self.name} has no columns.")
        return tuple(names), declared

    @cached_property
    def _header(self) -> tuple[int, list[Any]]:
        """The first row of a sheet that is not empty, without empty cells at its end, and its number."""
        line, cells = next(xlsx.rows(self.path, self.name, self.part), (0, []))
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            raise InputError(f"{self.name} has no row that names its columns.", "Write the names in the first row.")
        check_width(self.name, len(cells))
        return line, cells

    def blocks(self, tell: Tell = silent) -> Iterator[Block]:
        """The rows in blocks; `tell` hears how many bytes are read after each. Raises InputError naming a bad line."""
        if self.format in {"parquet", "xlsx"}:
            yield from self._valued_blocks(tell)
            return
        if self.typed:
            yield from self._object_blocks(BLOCK, tell)
            return
        with self._lines() as (_, (reader, file)):
            while block := list(islice(reader, BLOCK)):
                if block := self._even(block):
                    yield block
                tell(file.tell())

    def pieces(self, plain: re.Pattern[str], tell: Tell = silent) -> Iterator[tuple[str, Block]]:
        """The rows as text where whole pieces of it are `plain`, with LF after each line; else as blocks.

        A pattern that knows the columns looks at a piece four times as fast as the rows are taken apart.
        """
        with _opened(self) as (text, file), self._reading(lines := _Lines(text)) as (_, reader):
            while piece := lines.take():
                rows = piece.replace("\r\n", "\n") if "\r" in piece else piece
                rows = rows if rows.endswith("\n") else f"{rows}\n"
                if plain.fullmatch(rows):
                    yield rows, []
                else:
                    lines.put_back(piece)
                while lines.waiting and (block := list(islice(reader, BLOCK))):
                    if block := self._even(block):
                        yield "", block
                tell(file.tell())

    def _even(self, block: Block) -> Block:
        """The rows without empty lines. Raises InputError where they are not as wide as the first line."""
        width = len(self.names)
        if set(map(len, block)) != {width}:
            block = [cells for cells in block if cells]
            if any(len(cells) != width for cells in block):
                self._refuse_ragged()
        return block

    def numbered(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Each row with the line that it begins in; slower than `blocks`."""
        if self.format == "parquet":
            yield from enumerate((row for block in self.blocks() for row in block), 1)
            return
        if self.format == "xlsx":
            yield from self._cells()
            return
        if self.typed:
            names = self.written_names
            for line, found in _objects(self):
                yield line, [found.get(name) for name in names]
            return
        with self._lines() as (_, (reader, _)):
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1

    def _valued_blocks(self, tell: Tell) -> Iterator[Block]:
        """Blocks of values that the database can keep; what cannot be is named with its line."""
        line = 0
        if self.format == "parquet":
            for rows in parquet.blocks(self.path, self.name, Json):
                checked: Block = [[_plain(self, line + at, cell) for cell in row] for at, row in enumerate(rows, 1)]
                line += len(rows)
                yield checked
                tell(0)
            return
        cells = (row for _, row in self._cells())
        while sheet := list(islice(cells, BLOCK)):
            yield [*sheet]
            tell(0)

    def _cells(self) -> Iterator[tuple[int, list[Any]]]:
        first, header = self._header
        width = len(header)
        for line, row in xlsx.rows(self.path, self.name, self.part):
            if line <= first:
                continue
            if any(cell is not None for cell in row[width:]):
                raise refused(self, {line: f"A value stands beside the {width:,} columns that have names."})
            row = row[:width] + [None] * (width - len(row))
            yield line, [_plain(self, line, cell if type(cell) is not int else _whole(str(cell))) for cell in row]

    def _object_blocks(self, size: int, tell: Tell) -> Iterator[Block]:
        names = self.written_names
        rows: Iterator[Sequence[Any]] = ([found.get(name) for name in names] for _, found in _objects(self, tell))
        while block := list(islice(rows, size)):
            yield block

    def _refuse_ragged(self) -> None:
        width = len(self.names)
        wrong = {
            line: f"{len(cells):,} {'value' if len(cells) == 1 else 'values'}, but {width:,} columns."
            for line, cells in islice(
                ((line, cells) for line, cells in self.numbered() if len(cells) != width), MOST_LINES
            )
        }
        raise refused(self, wrong)

    @contextmanager
    def _lines(self) -> Iterator[tuple[list[str], tuple[Any, Any]]]:
        """The columns' names, and a reader that stands behind them with the file below it."""
        with _opened(self) as (text, file), self._reading(text) as (header, reader):
            yield header, (reader, file)

    @contextmanager
    def _reading(self, lines: Iterable[str]) -> Iterator[tuple[list[str], Any]]:
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        try:
            header = next((cells for cells in reader if cells), [])
            if not any(name.strip() for name in header):
                raise InputError(
                    f"{self.name} has no line that names its columns.", "Write the names in the first line."
                )
            check_width(self.name, len(header))
            yield header, reader
        except csv.Error as error:
            raise self._malformed(error) from error

    def _malformed(self, error: csv.Error) -> InputError:
        """The error with the line in which the row that cannot be read begins."""
        line, last = 1, 0
        with _opened(self) as (text, _):
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            try:
                for _ in reader:
                    line = reader.line_num + 1
            except csv.Error as again:
                error, last = again, reader.line_num
        sentence = str(error)
        if "unexpected end of data" in sentence:
            sentence = "a quote is opened here and not closed"
        elif "field larger" in sentence:
            sentence = f"a value has more than {LARGEST_CELL:,} characters"
            sentence += ", or a quote is opened here and not closed" if last > line else ""
        return refused(self, {line: sentence[:1].upper() + sentence[1:] + "."})


class _Lines:
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


def refused(source: Source, wrong: dict[int, str]) -> InputError:
    """The error that names bad lines and says that nothing was imported."""
    line, sentence = next(iter(wrong.items()))
    more = len(wrong) - 1
    rest = f" {more} more {'line is' if more == 1 else 'lines are'} wrong." if more else ""
    return InputError(
        f"{source.name}, line {line}: {sentence}{rest} Nothing was imported.",
        errors={f"line {line}": sentence for line, sentence in wrong.items()},
    )


def check_width(name: str, columns: int) -> None:
    """Raises InputError for more columns than a table can have."""
    if columns > MOST_COLUMNS:
        raise InputError(f"{name} has {columns:,} columns; a table has at most {MOST_COLUMNS:,} here.")


def open(  # noqa: A001 - `sources.open` says it
    path: Path,
    *,
    name: str = "",
    format: str = "",  # noqa: A002 - as people call it
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
) -> Source:
    """The file as a source; format, encoding and delimiter are found where they are not given.

    Raises InputError for a file that is not there, whose bytes are no text, or that holds nothing.
    """
    name = name or path.name
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
        return Source(path, name, found, "", part=sheet)
    source = Source(path, name, found, encoding, "\t" if found == "tsv" else delimiter or ",", packing, part)
    try:
        source = replace(source, encoding=_checked_encoding(source, encoding))
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from error
    if found == "csv" and not delimiter:
        source = replace(source, delimiter=_delimiter(source))
    return source


def table_name(file: str) -> str:
    """What a table is called that is made of this file: its name without the endings."""
    plain = file[: -len(ending)] if (ending := Path(file).suffix).lower() in packed.PACKINGS else file
    return plain[: -len(Path(plain).suffix)] if Path(plain).suffix else plain


def _checked_encoding(source: Source, given: str) -> str:
    """Reads all bytes once: the encoding in which they are text without NUL. Raises InputError with the line."""
    name = source.name
    with packed.opened(source.path, name, source.packing, source.part) as (file, _):
        start = file.read(4)
        if not start:
            raise InputError(f"{name} is empty.", "A file of rows names its columns in the first line.")
        encoding = given or ("utf-16" if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8")
        if encoding not in ENCODINGS:
            raise InputError(errors={"encoding": f"Choose one of: {', '.join(ENCODINGS)}."})
        if encoding == "utf-8":
            encoding = "utf-8-sig"
        decoder = codecs.getincrementaldecoder(encoding)()
        line, offset = 1, 0
        part = start
        while True:
            try:
                text = decoder.decode(part, final=not part)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                place = offset + len(part) - len(error.object) + error.start
                wrong = f"byte {place:,} (0x{error.object[error.start]:02X})"
                wrong += f" is not {encoding.removesuffix('-sig').upper()}"
                raise InputError(
                    f"{name}, line {line}: {wrong}. Nothing was imported.",
                    "Save the file as UTF-8, or name its encoding, such as cp1252 for older spreadsheets.",
                ) from None
            if "\0" in text:
                line += text[: text.index("\0")].count("\n")
                raise InputError(
                    f"{name}, line {line}: a NUL character, which no text has. Nothing was imported.",
                    "Is this a file of rows? CSV, TSV, JSON and NDJSON are read.",
                )
            line += text.count("\n")
            offset += len(part)
            if not part:
                return encoding
            part = file.read(1 << 20)


@contextmanager
def _opened(source: Source) -> Iterator[tuple[IO[str], IO[bytes]]]:
    with (
        packed.opened(source.path, source.name, source.packing, source.part) as (inner, file),
        io.TextIOWrapper(inner, encoding=source.encoding, newline="") as text,
    ):
        yield text, file


def _delimiter(source: Source) -> str:
    """What separates most names in the first line."""
    with _opened(source) as (text, _):
        start = text.read(100_000)
    counts: dict[str, int] = {}
    for delimiter in DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter, strict=True)
            counts[delimiter] = len(next((cells for cells in reader if cells), []))
        except csv.Error:
            counts[delimiter] = 0
    return max(counts, key=counts.__getitem__)


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


def _keys(source: Source) -> tuple[str, ...]:
    """The names of all objects in the order of their first appearance."""
    found: dict[str, None] = {}
    for _, one in _objects(source):
        if not found.keys() >= one.keys():
            found |= dict.fromkeys(one)
            check_width(source.name, len(found))
    if not found:
        raise InputError(f"{source.name} has no rows with named values.", 'Write objects, such as {"name": "Krish"}.')
    return tuple(found)


def _objects(source: Source, tell: Tell = silent) -> Iterator[tuple[int, dict[str, Any]]]:
    """The file's objects, each with the line that it begins in."""
    with _opened(source) as (text, file):
        found = _array(source, text) if source.format == "json" else _ndjson(source, text)
        for number, (line, one) in enumerate(found):
            if not isinstance(one, dict):
                raise refused(source, {line: 'Write an object, such as {"name": "Krish"}.'})
            if number % BLOCK == 0:
                tell(file.tell())
            yield line, {name: _plain(source, line, value) for name, value in one.items()}


def _ndjson(source: Source, text: IO[str]) -> Iterator[tuple[int, Any]]:
    for line, written in enumerate(iter(lambda: text.readline(LARGEST_CELL + 1), ""), 1):
        if len(written) > LARGEST_CELL:
            raise refused(source, {line: f"More than {LARGEST_CELL:,} characters."})
        if written.strip():
            try:
                yield line, _DECODER.decode(written)
            except (ValueError, RecursionError) as error:
                raise refused(source, {line: f"This is not JSON: {getattr(error, 'msg', error)}."}) from error


_SPACE = re.compile(r"[ \t\r\n]*")


def _array(source: Source, text: IO[str]) -> Iterator[tuple[int, Any]]:
    """The items of a JSON array without holding it as a whole."""
    window = _Window(text)
    if window.next() != "[":
        raise refused(source, {window.line: 'Write an array of objects, such as [{"name": "Krish"}].'})
    window.skip(1)
    if window.next() == "]":
        return
    while True:
        window.next()
        line = window.line
        try:
            yield line, window.value()
        except (ValueError, RecursionError) as error:
            raise refused(source, {line: f"This is not JSON: {getattr(error, 'msg', error)}."}) from error
        mark = window.next()
        window.skip(1)
        if mark == "]":
            if window.next():
                raise refused(source, {window.line: "Something follows after the array."})
            return
        if mark != ",":
            raise refused(source, {window.line: "The array is not closed." if not mark else "A comma is missing."})


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
                if len(self._part) - self._at > LARGEST_CELL:
                    raise ValueError(f"one row has more than {LARGEST_CELL:,} characters") from None
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
    parse_float=_real, parse_int=lambda text: int(text) if len(text) < 20 else _whole(text), parse_constant=_constant
)


def _whole(text: str) -> int | str:
    value = int(text) if len(text) < 4000 else 2**64
    return value if -(2**63) <= value < 2**63 else text


_FOREIGN = re.compile("[\0\ud800-\udfff]")


def _plain(source: Source, line: int, value: Any) -> Any:
    """A value as the database keeps it: objects and lists as JSON text, `{"$base64"}` as bytes."""
    if isinstance(value, str):
        if _FOREIGN.search(value):
            raise refused(source, {line: "A text holds a NUL character or half a character, which cannot be kept."})
        if len(value) > LARGEST_CELL:
            raise refused(source, {line: f"A value has more than {LARGEST_CELL:,} characters."})
        return value
    if isinstance(value, dict) and set(value) == {"$base64"}:
        try:
            return base64.b64decode(value["$base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise refused(source, {line: "This is not base64."}) from None
    if isinstance(value, bytes) and len(value) > LARGEST_CELL:
        raise refused(source, {line: f"A value has more than {LARGEST_CELL:,} bytes."})
    if isinstance(value, (dict, list)):
        return Json(value)
    return value


class Json:
    """An object or list among the values."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)
