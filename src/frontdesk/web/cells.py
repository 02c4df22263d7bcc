"""The cells of a table as HTML, made in Python: Jinja's loop over cells takes four times as long."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from flask import url_for
from markupsafe import Markup

from frontdesk.database.schema import Column, Table
from frontdesk.tables import keys
from frontdesk.web.paths import KeyConverter, written

LONGEST = 160
"""Characters of a text that a cell shows; the row's page shows it all."""

NUMBERS = {"integer", "real", "number"}
NULL = '<span class="null">NULL</span>'


def body(
    database: str, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]], row_keys: Sequence[Any]
) -> Markup:
    """The rows as `<tr>` elements; key cells link to their rows, references to the rows that they name."""
    base = url_for("rows.index", database=database, table=table.name)
    shown = [column for name in names for column in table.columns if column.name == name]
    cells = [_cell(database, table, column) for column in shown]
    opened = [_opening(column) for column in shown]
    to_url = KeyConverter.to_url
    lines = []
    for row, key in zip(rows, row_keys, strict=True):
        link = None if key is None else escape(f"{base}/rows/{to_url(None, key)}")  # type: ignore[arg-type]
        pieces = [start + cell(value, link) for start, cell, value in zip(opened, cells, row, strict=False)]
        first = f'<tr data-href="{link}">' if link else "<tr>"
        if link and not table.primary_key:
            first += f'<td class="number"><a class="key" href="{link}">{escape(keys.text(key[0]))}</a></td>'
        lines.append(first + "</td>".join(pieces) + "</td></tr>")
    return Markup("\n".join(lines))  # noqa: S704 - every value went through escape


def plain(rows: Sequence[Sequence[Any]], numeric: Sequence[bool]) -> Markup:
    """The rows of a query's answer as `<tr>` elements, numbers to the right."""
    opened = ['<td class="number">' if number else "<td>" for number in numeric]
    lines = ["".join(f"{start}{_value(value)}</td>" for start, value in zip(opened, row, strict=True)) for row in rows]
    return Markup("\n".join(f"<tr>{line}</tr>" for line in lines))  # noqa: S704 - every value went through escape


def text(column: Column, value: Any) -> Markup:
    """One value as a page shows it outside a table."""
    return Markup(_shown(column)(value))  # noqa: S704 - escaped there


def _opening(column: Column) -> str:
    return f'<td class="number" data-column="{escape(column.name)}">' if column.kind in NUMBERS else "<td>"


def _cell(database: str, table: Table, column: Column) -> Callable[[Any, str | None], str]:
    show = _shown(column)
    if column.name in table.key:
        return lambda value, link: f'<a class="key" href="{link}">{show(value)}</a>' if link else show(value)
    if column.references:
        target = url_for("rows.index", database=database, table=column.references[0])
        return lambda value, _: NULL if value is None else _reference(target, value, show)
    return lambda value, _: show(value)


def _reference(target: str, value: Any, show: Callable[[Any], str]) -> str:
    row = escape(f"{target}/rows/{quote(written(keys.text(value)), safe='~')}")
    return f'<a class="reference" href="{row}">{show(value)}</a>'


def _shown(column: Column) -> Callable[[Any], str]:
    return _boolean if column.kind == "boolean" else _value


def _boolean(value: Any) -> str:
    return ("true" if value else "false") if value in {0, 1} and value is not None else _value(value)


def _value(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        if len(value) > LONGEST:
            return f'<span title="{escape(value[:1000])}">{escape(value[:LONGEST])}…</span>'
        return escape(value)
    if isinstance(value, bytes):
        return f'<span class="bytes">{len(value):,} bytes</span>'
    return str(value)
