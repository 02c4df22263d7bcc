"""Spreadsheets (xlsx), written row by row: seven times as fast as by a library, and without one."""

import base64
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import IO, Any
from xml.sax.saxutils import escape

from frontdesk.database.schema import Column
from frontdesk.errors import InputError
from frontdesk.tables.formats import texts
from frontdesk.tables.formats.texts import Rows

MOST_ROWS = 1_048_576
"""Rows of a sheet, the one of the names among them."""
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
"""Characters of a cell, counted as UTF-16 does."""
EXACT = 10**15
"""Whole numbers below this keep every digit: a spreadsheet shows 15 of them."""
LARGEST = 2**31 - 1
"""Bytes of a sheet before it is packed."""
HELD = 8_000_000
"""Bytes of a file that are held in memory; more go to the disk."""
PART = 1 << 16
ANOTHER = "Take CSV or Parquet instead, or filter the rows."

_FIRST_DAY = date(1899, 12, 30)
_SINCE = date(1900, 3, 1)
"""Before it spreadsheets count a day that never was."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_FOREIGN = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    '<Relationship Id="rId2" Target="styles.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"/></Relationships>',
    "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="5"><xf xfId="0"/><xf numFmtId="164" applyNumberFormat="1"/>'
    '<xf numFmtId="165" applyNumberFormat="1"/>'
    '<xf numFmtId="49" quotePrefix="1" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
"""Everything of a workbook but its sheet; styles are 1 day, 2 moment, 3 a text like a formula, 4 a name."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_Cell = Callable[[Any], str]
"""Gives what follows `<c r="A1"` for a value that is there."""


def write(title: str, shown: Sequence[Column], count: Callable[[], int], blocks: Iterable[Rows]) -> Iterator[bytes]:
    """A workbook of one sheet, whole before its first bytes are given. Raises InputError for what does not fit in."""
    _check_size(len(shown), count())
    with tempfile.SpooledTemporaryFile(HELD) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as archive:
            for name, text in {**_PARTS, "xl/workbook.xml": _book(title)}.items():
                archive.writestr(name, _HEAD + text)
            with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
                _write_sheet(sheet, shown, blocks)
        file.seek(0)
        yield from iter(lambda: file.read(PART), b"")


def _check_size(columns: int, rows: int) -> None:
    if rows >= MOST_ROWS:
        raise InputError(f"{rows:,} rows are too many: a spreadsheet holds {MOST_ROWS - 1:,} below its names.", ANOTHER)
    if columns > MOST_COLUMNS:
        raise InputError(f"{columns:,} columns are too many: a spreadsheet has {MOST_COLUMNS:,}.", ANOTHER)


def _book(title: str) -> str:
    plain = re.sub(r"[\\/*?:\[\]\x00-\x1f\ufffe\uffff]", "_", title)[:31].strip("'") or "Rows"
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        f'<sheets><sheet name="{escape(plain, {chr(34): "&quot;"})}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _write_sheet(sheet: IO[bytes], shown: Sequence[Column], blocks: Iterable[Rows]) -> None:
    letters = [_letters(place) for place in range(len(shown))]
    names = "".join(
        f'<c r="{letter}1" s="4"{_inline(column.name)}' for letter, column in zip(letters, shown, strict=True)
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    sheet.write(
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f'<sheetData><row r="1">{names}</row>'.encode()
    )
    row, size = 2, 0
    for block in blocks:
        cells = [
            _column(column, letter, row, values)
            for column, letter, values in zip(shown, letters, zip(*block, strict=True), strict=True)
        ]
        lines = [f'<row r="{row + at}">{"".join(line)}</row>' for at, line in enumerate(zip(*cells, strict=True))]
        part = "\n".join(lines).encode()
        row, size = row + len(block), size + len(part)
        _check_written(row - 2, size)
        sheet.write(part)
    sheet.write(b"</sheetData></worksheet>")


def _check_written(rows: int, size: int) -> None:
    """Rows may have come in since they were counted."""
    _check_size(0, rows)
    if size > LARGEST - PART:
        raise InputError("The sheet would be larger than 2 GB.", ANOTHER)


def _letters(place: int) -> str:
    """0 is A, 26 is AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def _column(column: Column, letter: str, row: int, values: Sequence[Any]) -> list[str]:
    """The cells of a column below one another; NULL is none."""
    if column.array:
        values = texts.as_texts(column, values)
    cell = _maker(column)
    return ["" if value is None else f'<c r="{letter}{at}"{cell(value)}' for at, value in enumerate(values, row)]


def _maker(column: Column) -> _Cell:
    if column.exact and not column.array:
        return _decimal
    if column.kind == "boolean":
        return lambda value: f' t="b"><v>{value}</v></c>' if value in {0, 1} and type(value) is int else _any(value)
    return {"date": _date, "datetime": _datetime}.get(column.kind, _any)


def _any(value: Any) -> str:
    kind = type(value)
    if kind is int and -EXACT < value < EXACT:
        return f"><v>{value}</v></c>"
    if kind is float and isfinite(value):
        return f"><v>{value!r}</v></c>"
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    return _text(str(value))


def _decimal(value: Any) -> str:
    """A number of which a double keeps all digits; else the text."""
    try:
        number = Decimal(value)
        if number.is_finite() and len(number.as_tuple().digits) <= 15 and -300 < number.adjusted() < 300:
            return f"><v>{number:f}</v></c>" if -20 < number.adjusted() < 20 else f"><v>{number:E}</v></c>"
    except (InvalidOperation, TypeError, ValueError):
        pass
    return _any(value)


def _date(value: Any) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    return _any(value) if day is None or day < _SINCE else f' s="1"><v>{(day - _FIRST_DAY).days}</v></c>'


def _datetime(value: Any) -> str:
    """Whole seconds without a zone; all else stays text, of which nothing is lost."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None or moment.date() < _SINCE:
        return _any(value)
    days = moment.date() - _FIRST_DAY + (moment - datetime.combine(moment.date(), time()))
    return f' s="2"><v>{days / timedelta(days=1)!r}</v></c>'


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT // 2 and (size := len(value.encode("utf-16-le", "surrogatepass")) // 2) > LONGEST_TEXT:
        raise InputError(
            f"A value has {size:,} characters; a cell of a spreadsheet holds {LONGEST_TEXT:,}.",
            "Take CSV or Parquet instead, or fewer columns.",
        )
    style = ' s="3"' if value[:1] in texts.FORMULA and value else ""
    return style + _inline(value)


def _inline(value: str) -> str:
    if _FOREIGN.search(value):
        value = _FOREIGN.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
