"""The values of one row as its page shows them: whole texts, JSON made readable, pictures, links, dates in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from frontdesk.database import values
from frontdesk.database.schema import Column
from frontdesk.files import types
from frontdesk.tables import columns
from frontdesk.tables.rows import Row
from frontdesk.web import cells, rendering

LONGEST = 100_000
"""Characters of a text that the page shows."""
FOLDED = 12
"""Lines of JSON that are shown unfolded."""


@dataclass(frozen=True)
class Fact:
    """A column and its value as HTML; `apart` is what a form does not show so well."""

    name: str
    value: Markup
    apart: bool


def facts(database: str, row: Row) -> list[Fact]:
    """Every column of a row."""
    return [_fact(database, row, column, row.values[column.name]) for column in row.table.columns]


def _fact(database: str, row: Row, column: Column, value: Any) -> Fact:
    if isinstance(value, bytes):
        return Fact(column.name, _file(database, row, column.name, value), True)
    if isinstance(value, str):
        parsed = _parsed(column, value)
        if parsed is not None:
            return Fact(column.name, _json(parsed), True)
        if found := cells.link(value):
            return Fact(column.name, Markup(found), True)  # noqa: S704 - escaped there
        if column.kind in {"date", "datetime"} and (words := _in_words(value)):
            return Fact(column.name, Markup('{} <span class="muted">{}</span>').format(value, words), False)
        if len(value) > cells.LONGEST or "\n" in value:
            more = "…" if len(value) > LONGEST else ""
            return Fact(column.name, Markup('<div class="prose">{}{}</div>').format(value[:LONGEST], more), False)
    return Fact(column.name, cells.text(column, value), column.generated)


def _file(database: str, row: Row, name: str, value: bytes) -> Markup:
    """Its size, a picture of it where it is one, and the way to save it."""
    place = rendering.url_for("blobs.show", database=database, table=row.table.name, key=row.key, column=name)
    kind = types.picture_type(value[: types.ENOUGH])
    size = Markup('<span class="bytes">{:,} bytes{}</span>').format(len(value), f" · {kind}" if kind else "")
    if not row.table.key:
        return size
    picture = Markup('<figure class="picture"><img src="{}" alt="{}" loading="lazy"></figure>').format(place, name)
    save = Markup(' <a href="{}?download=1" download>Download</a>').format(place)
    return (picture if kind else Markup("")) + size + save


def _parsed(column: Column, value: str) -> Any:
    """The JSON that a text is, where it is an object or a list; None for everything else."""
    if not (column.kind in {"json", "text", "any"} or column.array) or len(value) > LONGEST:
        return None
    if not column.array and value.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        found = columns.shown(column, value) if column.array else json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None


def _json(found: Any) -> Markup:
    """JSON over several lines, folded where it is long."""
    text = json.dumps(values.plain(found), indent=2, ensure_ascii=False, default=str)
    body = Markup('<pre class="json" tabindex="0">{}</pre>').format(text)
    if text.count("\n") < FOLDED:
        return body
    what = f"{len(found):,} {'entries' if isinstance(found, dict) else 'items'}"
    return Markup("<details><summary>{}</summary>{}</details>").format(what, body)


def _in_words(text: str) -> str:
    """A date with its weekday: `Wednesday, 31 January 2024`; empty for what is none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    return f"{found:%A}, {found.day} {found:%B} {found.year}"


def of_interest(found: Sequence[Fact]) -> list[Fact]:
    """Those that stand beside a form."""
    return [fact for fact in found if fact.apart]
