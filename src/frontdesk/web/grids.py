"""A page of rows as HTML, column by column: a page has hundreds of cells, and what is done for each adds up."""

from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from frontdesk.database.schema import Column, Table
from frontdesk.tables import keys, keyset
from frontdesk.tables.keyset import Sort
from frontdesk.web import cells, rendering
from frontdesk.web.paths import KeyConverter, written

SEPARATOR = "\x1f"
"""Stands between the texts of a column while they are escaped at once; a text that holds it is escaped by itself."""


def body(
    database: str, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]], row_keys: Sequence[Any]
) -> Markup:
    """The rows as `<tr>` elements; key cells link to their rows, references to the rows that they name."""
    links = _links(rendering.url_for("rows.index", database=database, table=table.name), row_keys)
    line = "<tr>"
    slots: list[Sequence[str]] = []
    if links:
        line = '<tr data-href="%s">'
        slots.append(links)
        if not table.primary_key:
            line += '<td class="number"><a class="key" href="%s">%s</a></td>'
            slots += [links, [escape(keys.text(key[0])) for key in row_keys]]
    shown = [column for name in names for column in table.columns if column.name == name]
    for column, values in zip(shown, zip(*rows, strict=True), strict=False):
        line += _opening(column).replace("%", "%%")
        if links and column.name in table.key:
            line += '<a class="key" href="%s">%s</a></td>'
            slots += [links, _texts(column, values)]
        else:
            line += "%s</td>"
            slots.append(_references(database, column, values) if column.references else _texts(column, values))
    line += "</tr>"
    return Markup("\n".join([line % row for row in zip(*slots, strict=True)]))  # noqa: S704 - all of it was escaped


def head(table: Table, names: Sequence[str], sorts: Sequence[Sort]) -> Markup:
    """A `<th>` for each column that leads to the rows sorted by it, the other way round where they are already."""
    now = {sort.column: sort.descending for sort in sorts}
    lines = []
    for column in (column for name in names for column in table.columns if column.name == name):
        if not column.sortable:
            lines.append(f'<th scope="col">{escape(column.name)}</th>')
            continue
        to = rendering.here_with(_sort=keyset.written_sort(column.name, now.get(column.name) is False), _next=None)
        shown = ' class="number"' if column.kind in cells.NUMBERS else ""
        mark = ""
        if column.name in now:
            shown += f' aria-sort="{"descending" if now[column.name] else "ascending"}"'
            mark = rendering.icon("sort-down" if now[column.name] else "sort-up")
        lines.append(f'<th scope="col"{shown}><a href="{escape(to)}">{escape(column.name)}{mark}</a></th>')
    return Markup("\n".join(lines))  # noqa: S704 - names and addresses are escaped


def _links(base: str, row_keys: Sequence[Any]) -> list[str]:
    """The address of each row; none where rows have no key."""
    if not row_keys or row_keys[0] is None:
        return []
    start = f"{escape(base)}/rows/"
    if all(len(key) == 1 and type(key[0]) is int for key in row_keys):
        return [f"{start}{key[0]}" for key in row_keys]
    to_url = KeyConverter.to_url
    return [start + to_url(None, key) for key in row_keys]  # type: ignore[arg-type]


def _opening(column: Column) -> str:
    return f'<td class="number" data-column="{escape(column.name)}">' if column.kind in cells.NUMBERS else "<td>"


def _texts(column: Column, values: Sequence[Any]) -> Sequence[str]:
    """The cells of a column; what is plainly numbers or short texts goes all at once."""
    kinds = set(map(type, values))
    if column.kind != "boolean" and kinds <= {int, float}:
        return list(map(str, values))
    if column.kind != "boolean" and not column.array and kinds == {str} and max(map(len, values)) <= cells.LONGEST:
        escaped = escape(SEPARATOR.join(values)).split(SEPARATOR)
        if len(escaped) == len(values):
            return escaped
    show = cells.shown(column)
    return [show(value) for value in values]


def _references(database: str, column: Column, values: Sequence[Any]) -> Sequence[str]:
    assert column.references
    target = escape(rendering.url_for("rows.index", database=database, table=column.references[0]))
    return [
        cells.NULL
        if value is None
        else f'<a class="reference" href="{target}/rows/{quote(written(keys.text(value)), safe="~")}">{text}</a>'
        for value, text in zip(values, _texts(column, values), strict=True)
    ]
