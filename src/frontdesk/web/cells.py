"""Cells as HTML, made in Python: Jinja's loop over cells takes four times as long."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

from frontdesk.database import values
from frontdesk.database.schema import Column, Table
from frontdesk.history.changes import Row
from frontdesk.tables import columns

LONGEST = 160
"""Characters of a text that a cell shows; the row's page shows it all."""

NUMBERS = {"integer", "real", "number"}
NULL = '<span class="null">NULL</span>'


def plain(rows: Sequence[Sequence[Any]], numeric: Sequence[bool]) -> Markup:
    """The rows of a query's answer as `<tr>` elements, numbers to the right."""
    opened = ['<td class="number">' if number else "<td>" for number in numeric]
    lines = ["".join(f"{start}{_value(value)}</td>" for start, value in zip(opened, row, strict=True)) for row in rows]
    return Markup("\n".join(f"<tr>{line}</tr>" for line in lines))  # noqa: S704 - every value went through escape


def readable(row: Row, table: Table | None) -> Row:
    """The row with its values as people read them: truth as such, lists as JSON; a column that is gone as kept."""
    known = {column.name: column for column in table.columns} if table else {}

    def read(name: str, value: Any) -> Any:
        column = known.get(name)
        is_coded = column is not None and value is not None and (column.array or column.kind == "boolean")
        return columns.written(column, value) if column and is_coded else value

    sides = (side and {name: read(name, value) for name, value in side.items()} for side in (row.before, row.after))
    return Row(row.key, *sides)


def compared(rows: Sequence[Row]) -> Markup:
    """A table of rows as they were and would become: gone, new, or with each cell that changes before and after."""
    names = list(rows[0].after or rows[0].before or ())
    sides = [side for row in rows for side in (row.before, row.after) if side]
    numeric = [all(type(side.get(name)) in {int, float, type(None)} for side in sides) for name in names]
    heads = [
        f'<th scope="col"{_right(number)}>{escape(name)}</th>' for name, number in zip(names, numeric, strict=True)
    ]
    lines = [f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"]
    for row in rows:
        kind = "gone" if row.after is None else "new" if row.before is None else "changed"
        cells = [_compared(row, name, number) for name, number in zip(names, numeric, strict=True)]
        lines.append(f'<tr class="{kind}">{"".join(cells)}</tr>')
    return Markup("\n".join(lines) + "</tbody>")  # noqa: S704 - every value went through escape


def _compared(row: Row, name: str, number: bool) -> str:
    before, after = row.before or {}, row.after or {}
    old, new = _json(before.get(name)), _json(after.get(name))
    if row.after is None:
        return f"<td{_right(number)}><del>{old}</del></td>"
    if row.before is None:
        return f"<td{_right(number)}><ins>{new}</ins></td>"
    if name not in row.changed:
        return f"<td{_right(number)}>{new}</td>"
    old, new = (_json(value) for value in _differing(before.get(name), after.get(name)))
    return f'<td class="differs{" number" if number else ""}"><del>{old}</del> <ins>{new}</ins></td>'


def _differing(old: Any, new: Any) -> tuple[Any, Any]:
    """Two values; of long texts that begin alike what comes from shortly before the difference on."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return old, new
    pairs = enumerate(zip(old, new, strict=False))
    alike = next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))
    start = alike - LONGEST // 8
    return (f"…{old[start:]}", f"…{new[start:]}") if alike > LONGEST // 2 else (old, new)


def _json(value: Any) -> str:
    """A value as JSON gives it."""
    return _value(values.dumps(value) if isinstance(value, (bool, list, dict)) else value)


def _right(number: bool) -> str:
    return ' class="number"' if number else ""


def text(column: Column, value: Any) -> Markup:
    """One value as a page shows it outside a table."""
    return Markup(shown(column)(value))  # noqa: S704 - escaped there


def shown(column: Column) -> Callable[[Any], str]:
    """How a value of the column is shown, as HTML."""
    if column.array:
        return lambda value: _value(None if value is None else values.dumps(columns.shown(column, value)))
    return _boolean if column.kind == "boolean" else _value


def link(text: str) -> str:
    """A link to the web that is all of a text, as HTML; empty for everything else, other schemes above all."""
    if not _LINK.fullmatch(text):
        return ""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f'<a class="web" href="{escape(text)}" rel="noopener noreferrer" target="_blank">{escape(shown)}</a>'


_LINK = re.compile(r"https?://[^\s\x00-\x20<>\"\\]{1,2000}")


def _boolean(value: Any) -> str:
    return ("true" if value else "false") if value in {0, 1} and value is not None else _value(value)


def _value(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        if value.startswith(("https://", "http://")) and (found := link(value)):
            return found
        if len(value) > LONGEST:
            return f'<span title="{escape(value[:1000])}">{escape(value[:LONGEST])}…</span>'
        return escape(value)
    if isinstance(value, values.Undecoded):
        text = escape(value[:LONGEST].decode(errors="replace"))
        return f'<span class="undecoded" title="{len(value):,} bytes that are no UTF-8 text">{text}</span>'
    if isinstance(value, bytes):
        return f'<span class="bytes">{len(value):,} bytes</span>'
    return str(value)
