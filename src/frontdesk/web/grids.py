"""A page of rows as HTML, column by column: a page has hundreds of cells, and what is done for each adds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from frontdesk.database import values
from frontdesk.database.schema import Column, ForeignKey, Table
from frontdesk.tables import keys, keyset, references
from frontdesk.tables.keyset import Sort
from frontdesk.tables.references import Labels, Reference
from frontdesk.web import cells, rendering
from frontdesk.web.paths import KeyConverter, written

SEPARATOR = "\x1f"
"""Stands between the texts of a column while they are escaped at once; a text that holds it is escaped by itself."""
TICK = '<td class="tick"><input type="checkbox" name=":key" value="%s" form="chosen" aria-label="Row %s"></td>'
"""A box that chooses its row."""


def body(
    database: str,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    row_keys: Sequence[Any],
    labels: Labels | None = None,
    tables: Mapping[str, Table] | None = None,
    ticks: bool = False,
) -> Markup:
    """The rows as `<tr>` elements; key cells link to their rows, references to the rows that they name.

    `labels` say what these are called; `tables` are those of the database. With `ticks` each row that has a key begins
    with a box to tick.
    """
    links = _links(rendering.url_for("rows.index", database=database, table=table.name), row_keys)
    line = "<tr>"
    slots: list[Sequence[str]] = []
    if links:
        line = '<tr data-href="%s">'
        slots.append(links)
        if ticks:
            line += TICK
            named = [
                escape(",".join("~0" if part is None else written(keys.text(part)) for part in key)) for key in row_keys
            ]
            slots += [named, named]
        if not table.primary_key:
            line += '<td class="number"><a class="key" href="%s">%s</a></td>'
            slots += [links, [escape(keys.text(key[0])) for key in row_keys]]
    shown = [column for name in names for column in table.columns if column.name == name]
    keyed = _foreign_keys(table, names) if table.foreign_keys else {}
    for column, found in zip(shown, zip(*rows, strict=True), strict=False):
        key = keyed.get(column.name)
        line += _opening(column, labelled=key in (labels or {})).replace("%", "%%")
        if links and column.name in table.key:
            line += '<a class="key" href="%s">%s</a>'
            slots += [links, _texts(column, found)]
        else:
            line += "" if key else "%s"
            slots += [] if key else [_texts(column, found, links)]
        if key:
            line += "%s"
            texts = [""] * len(found) if links and column.name in table.key else _texts(column, found)
            slots.append(_references(database, _Referring(key, names, tables or {}, labels or {}), rows, texts))
        line += "</td>"
    line += "</tr>"
    return Markup("\n".join([line % row for row in zip(*slots, strict=True)]))  # noqa: S704 - all of it was escaped


def _foreign_keys(table: Table, names: Sequence[str]) -> dict[str, ForeignKey]:
    """By column the foreign key that its cells show: one of several columns at the last of them."""
    shown = [key for key in table.foreign_keys if set(key.columns) <= set(names)]
    return {max(key.columns, key=names.index): key for key in sorted(shown, key=lambda key: -len(key.columns))}


def head(
    table: Table,
    names: Sequence[str],
    sorts: Sequence[Sort],
    database: str | None = None,
    tables: Mapping[str, Table] | None = None,
    labels: Labels | None = None,
) -> Markup:
    """A `<th>` for each column that leads to the rows sorted by it, the other way round where they are already.

    What it leads to with Shift sorts by it as well. With `database` each says what its cells hold, so that they can be
    edited where they stand.
    """
    now = {sort.column: sort.descending for sort in sorts}
    lines = []
    keyed = _foreign_keys(table, names) if labels else {}
    for column in (column for name in names for column in table.columns if column.name == name):
        facts = _facts(database, table, column, tables or {}) if database else ""
        if not column.sortable:
            lines.append(f'<th scope="col"{facts}>{escape(column.name)}</th>')
            continue
        to = rendering.here_with(_sort=keyset.written_sort(column.name, now.get(column.name) is False), _next=None)
        labelled = keyed.get(column.name) in (labels or {})
        shown = ' class="number"' if column.kind in cells.NUMBERS and not labelled else ""
        mark = ""
        if column.name in now:
            shown += f' aria-sort="{"descending" if now[column.name] else "ascending"}"'
            mark = rendering.icon("sort-down" if now[column.name] else "sort-up")
            mark += Markup("<sup>{}</sup>").format(list(now).index(column.name) + 1) if len(now) > 1 else ""
        also = rendering.here_with(_sort=keyset.written_sorts(_with(sorts, column.name)), _next=None)
        link = f'<a href="{escape(to)}" data-also="{escape(also)}">{escape(column.name)}{mark}</a>'
        lines.append(f'<th scope="col"{shown}{facts}>{link}</th>')
    return Markup("\n".join(lines))  # noqa: S704 - names and addresses are escaped


def _with(sorts: Sequence[Sort], name: str) -> list[Sort]:
    """The sort by one more column, or with one that is there turned round."""
    if all(sort.column != name for sort in sorts):
        return [*sorts, Sort(name)]
    return [Sort(name, not sort.descending) if sort.column == name else sort for sort in sorts]


def widths(names: Sequence[str], chosen: Mapping[str, int], before: int) -> Markup:
    """A `<col>` for each column, with the width in pixels that was chosen, behind `before` others."""
    if not chosen:
        return Markup()
    given = (Markup('<col width="{}">').format(chosen[name]) if name in chosen else Markup("<col>") for name in names)
    return Markup("<colgroup>{}</colgroup>").format(Markup("").join([Markup("<col>")] * before + list(given)))


def _facts(database: str, table: Table, column: Column, tables: Mapping[str, Table]) -> str:
    """What the script that edits cells is to know of a column."""
    found = {"name": column.name, "kind": column.kind}
    flags = {
        "nullable": column.nullable and not column.primary_key,
        "fixed": column.generated or column.kind == "file",
        "bytes": column.kind == "file",
        "key": bool(column.primary_key),
    }
    found |= {name: "" for name, holds in flags.items() if holds}
    if column.choices:
        found["choices"] = values.dumps(list(column.choices))
    found |= picker(database, table, column, tables)
    return "".join(f' data-{name}="{escape(value)}"' for name, value in found.items())


def picker(database: str, table: Table, column: Column, tables: Mapping[str, Table]) -> dict[str, str]:
    """What a field is to know in order to offer the rows that it can refer to; empty where it refers to none."""
    there = tables.get(column.references[0]) if column.references else None
    if (
        there is None
        or column.references is None
        or not any(key.columns == (column.name,) for key in table.foreign_keys)
    ):
        return {}
    at = {"database": database, "table": there.name}
    found = {"picker": rendering.url_for("rows.rows_json", **at), "picker-key": column.references[1]}
    label = references.label_column(there)
    if there.key == (column.references[1],):
        found["target"] = rendering.url_for("rows.index", **at) + "/rows"
    return found | ({"picker-label": label} if label else {})


def _links(base: str, row_keys: Sequence[Any]) -> list[str]:
    """The address of each row; none where rows have no key."""
    if not row_keys or row_keys[0] is None:
        return []
    start = f"{escape(base)}/rows/"
    if all(len(key) == 1 and type(key[0]) is int for key in row_keys):
        return [f"{start}{key[0]}" for key in row_keys]
    to_url = KeyConverter.to_url
    return [start + to_url(None, key) for key in row_keys]  # type: ignore[arg-type]


def _opening(column: Column, *, labelled: bool) -> str:
    if labelled:
        return f'<td class="labelled" data-column="{escape(column.name)}">'
    return f'<td class="number" data-column="{escape(column.name)}">' if column.kind in cells.NUMBERS else "<td>"


def _texts(column: Column, values: Sequence[Any], links: Sequence[str] = ()) -> Sequence[str]:
    """The cells of a column; what is plainly numbers or short texts goes all at once."""
    kinds = set(map(type, values))
    if column.kind != "boolean" and kinds <= {int, float}:
        return list(map(str, values))
    if column.kind != "boolean" and not column.array and kinds == {str} and max(map(len, values)) <= cells.LONGEST:
        whole = escape(SEPARATOR.join(values))
        escaped = whole.split(SEPARATOR)
        if len(escaped) == len(values) and "://" not in whole:
            return escaped
    show = cells.shown(column)
    if bytes in kinds and links:
        name = quote(written(column.name), safe="~")
        return [
            f'<a class="bytes" href="{link}/files/{name}">{len(value):,} bytes</a>'
            if type(value) is bytes
            else show(value)
            for value, link in zip(values, links, strict=True)
        ]
    return [show(value) for value in values]


@dataclass(frozen=True)
class _Referring:
    """A foreign key on a page: among which values its own are, and what is known of what it refers to."""

    key: ForeignKey
    names: Sequence[str]
    tables: Mapping[str, Table]
    labels: Labels


def _references(database: str, one: _Referring, rows: Sequence[Sequence[Any]], texts: Sequence[str]) -> Sequence[str]:
    """Cells that link to what they refer to, by its label where it has one, with the value behind it."""
    there = references.target(one.tables, one.key)
    places = [one.names.index(name) for name in one.key.columns]
    called = one.labels.get(one.key, {})
    base = escape(rendering.url_for("rows.index", database=database, table=there.name)) if there else ""
    made = []
    before = "" if any(texts) else " "  # behind the key that stands there already
    for row, text in zip(rows, texts, strict=True):
        values = tuple(row[place] for place in places)
        if there is None or None in values:
            made.append(text)
            continue
        found = references.reference(there, one.key, values, called.get(values))
        address = base + escape(_place(found))
        if found.label is None:
            made.append(f'{before}<a class="reference" href="{address}">{text or "↗"}</a>')
        else:
            beside = f' <span class="beside">{text}</span>' if text else ""
            made.append(f'{before}<a class="reference" href="{address}">{escape(found.label)}</a>{beside}')
    return made


def _place(found: Reference) -> str:
    """Where a row stands below its table: at its key, or among the rows that filters find."""
    if found.key is None:
        return f"?{urlencode(found.where)}"
    return f"/rows/{KeyConverter.to_url(None, found.key)}"  # type: ignore[arg-type]


def reference_address(database: str, found: Reference) -> str:
    """The address of a row that another one refers to."""
    return rendering.url_for("rows.index", database=database, table=found.table) + _place(found)
