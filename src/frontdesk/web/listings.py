"""The page of a table's rows: what its address asks for, and all that stands around the grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from markupsafe import Markup

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.tables import columns, filters, keyset, layouts, references, rows, saved_views
from frontdesk.tables.keyset import Sort
from frontdesk.tables.layouts import Layout
from frontdesk.tables.pages import Page
from frontdesk.web import access, bodies, current, grids, rendering

OWN = frozenset({"_sort", "_size", "_next", "_columns", "_count", "_search", "_facet"})
"""Parameters of a list of rows that are no filters."""
KEPT = frozenset({"_sort", "_columns", "_search"})
"""Those that an export keeps."""


OPERATORS = Markup("\n").join(
    Markup('<option value="{}">{}</option>').format(name, sign)
    for name, sign in [*filters.OPERATORS.items(), ("isnotnull", "is not NULL")]
)
"""Of a filter, as choices of a form."""


def where() -> list[tuple[str, str]]:
    """The filters of the request's address."""
    return [(name, value) for name, value in request.args.items(multi=True) if name not in OWN]


def page(database: str, table: str, count: str, shown: str = "") -> Page:
    """The rows that the request's address asks for; `shown` are the columns where it names none. Raises InputError."""
    return rows.page(
        current.desk().database(database),
        table,
        where=where(),
        sort=request.args.get("_sort", ""),
        size=bodies.size(),
        token=bodies.next_token(),
        shown=request.args.get("_columns", shown),
        count=count,
        search=request.args.get("_search", ""),
        counted=[name for text in request.args.getlist("_facet") for name in columns.listed(text) if name],
    )


def view(database: str, table: str) -> dict[str, Any]:
    """All that the page of a table's rows shows; where its address asks for what there is not, the first rows."""
    state, who, place = current.desk().state, access.caller(), current.desk().database(database)
    shape = schema.table(place, table)
    layout = layouts.read(state, who, database, table)
    shown = columns.written_list(layout.shown(shape)) if layout.places else ""
    wrong: dict[str, str] = {}
    try:
        found = page(database, table, request.args.get("_count", "10000"), shown)
    except InputError as error:
        wrong = error.errors or {"_next": error.message}
        found = rows.page(place, table, count="10000", shown=shown)
    sorts = [] if "_sort" in wrong else keyset.parse_sort(shape, request.args.get("_sort", ""))
    return {
        "database": database,
        "table": found.table,
        "page": found,
        "errors": wrong,
        "sorts": sorts,
        "filters": _filters(found),
        "operators": OPERATORS,
        "offered": filters.offered,
        "facets": {name: _choices(found.table.column(name), given) for name, given in found.facets.items()},
        "views": saved_views.saved(state, database, table),
        "view": _kept(lambda name: name in KEPT or name not in OWN),
        "question": _kept(lambda name: name not in {"_next", "_count"}),
        **_columns(shape, layout),
        **_grid(database, place, found, sorts, layout),
    }


def _kept(keeps: Callable[[str], bool]) -> str:
    """The arguments of this page's address that are kept elsewhere."""
    return urlencode([(name, value) for name, value in request.args.items(multi=True) if keeps(name)])


def _columns(table: Table, layout: Layout) -> dict[str, Any]:
    """How the caller has the columns."""
    hidden = 0 if "_columns" in request.args else len(table.columns) - len(layout.shown(table))
    return {"layout": layout, "places": layout.complete(table), "hidden": hidden}


def _grid(database: str, place: Database, found: Page, sorts: Sequence[Sort], layout: Layout) -> dict[str, Any]:
    """The rows as a table's head and body, with boxes to tick for who may edit."""
    table = found.table
    labels = references.labels(place, table, found.names, found.rows)
    tables = schema.tables(place) if table.foreign_keys else {}
    ticks = table.editable and access.caller().may("editor")
    names = [name for name in found.names if name != table.row_id]
    return {
        "head": grids.head(table, found.names, sorts, database if ticks else None, tables, labels),
        "body": grids.body(database, table, found.names, found.rows, found.keys(), labels, tables, ticks),
        "widths": grids.widths(names, layout.widths(), bool(ticks) + bool(table.row_id)),
        "ticks": ticks and found.keys()[:1] != [None],
    }


@dataclass(frozen=True)
class Choice:
    """A value of a facet: its text, its count, and the address where it is chosen, or no longer."""

    text: str | None
    count: int
    selected: bool
    href: str


def _choices(column: Column, found: Sequence[Mapping[str, Any]]) -> list[Choice]:
    return [_choice(column, one["value"], one["count"], one["selected"]) for one in found]


def _choice(column: Column, value: Any, count: int, selected: bool) -> Choice:
    if value is None:
        return Choice(None, count, selected, rendering.here_with(**{f"{column.name}__isnull": "1", "_next": None}))
    text = columns.written(column, int(value) if isinstance(value, bool) else value)
    parameter = filters.Filter(column.name, "exact", text).parameter
    without = dict.fromkeys((parameter, f"{column.name}__exact", f"{column.name}__in", "_next"))
    return Choice(text, count, selected, rendering.here_with(**(without if selected else without | {parameter: text})))


def _filters(page: Page) -> list[filters.Filter]:
    found = []
    for pair in where():
        try:
            found += filters.parse(page.table, [pair])
        except InputError:
            continue
    return found
