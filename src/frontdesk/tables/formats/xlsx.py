"""Spreadsheets (xlsx), read row by row by openpyxl."""

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from frontdesk.errors import InputError
from frontdesk.tables.formats import extras, packed

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_CLOCK = re.compile("[hs]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]')


def sheets(path: Path, name: str) -> list[str]:
    """The names of the sheets of cells. Raises InputError for a damaged file."""
    with _opened(path, name) as book:
        return [one.title for one in book.worksheets]


@contextmanager
def _sheet(path: Path, name: str, sheet: str, *, measured: bool = True) -> Iterator[Any]:
    with _opened(path, name) as book:
        known = {one.title: one for one in book.worksheets}
        if sheet and sheet not in known:
            raise InputError(errors={"sheet": f"{name} has no sheet {sheet!r}; it has {', '.join(known)}."})
        found = known[sheet] if sheet else book.worksheets[0]
        if measured:
            found.reset_dimensions()  # what the file says of its size may be wrong
        yield found


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Any]:
    openpyxl = extras.need("openpyxl", "xlsx")
    packed.check_parts(path, name)
    with warnings.catch_warnings(), path.open("rb") as file:  # by its path openpyxl looks at how it ends
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:
            raise packed.damaged(name) from error
        with closing(book):
            if not book.worksheets:
                raise InputError(f"{name} has no sheet of cells.")
            yield book


def count(path: Path, name: str, sheet: str) -> int:
    """The rows that the file says the sheet has; 0 where it does not say."""
    with _sheet(path, name, sheet, measured=False) as found:
        return found.max_row or 0


def rows(path: Path, name: str, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """Each row that is not empty with its number; dates as ISO text. Raises InputError for a damaged file."""
    with _sheet(path, name, sheet) as found:
        numbered = enumerate(found.iter_rows(), 1)
        while True:
            try:
                at, cells = next(numbered)
            except StopIteration:
                return
            except Exception as error:
                raise packed.damaged(name) from error
            values = [_value(cell) for cell in cells]
            if any(value is not None for value in values):
                yield at, values


def _value(cell: Any) -> Any:
    value = cell.value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, dt.datetime):
        shown = _CLOCK.search(_QUOTED.sub("", cell.number_format or ""))
        return str(value) if shown or value.time() != dt.time() else str(value.date())
    return str(value)
