"""Scales: as what each column of a table can be drawn, by its kind and by a sample of its values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from frontdesk.database.schema import Column, Table

SAMPLE = 500
"""Rows that are looked at."""
FEW = 30
"""A column of at most so many values in the sample, which come again, tells groups of rows apart."""
LONGEST_SAMPLE = 40
"""Columns that are looked at; the kinds of those after them are taken at their word."""

Fetch = Callable[[sa.Select[Any]], Sequence[Any]]
"""Gives all rows of a query, from wherever."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[ T])")
_ID = re.compile(r"id|.*[ _]id|.*Id", re.DOTALL)


@dataclass(frozen=True)
class Scale:
    """As what a column can be drawn: number, time or category."""

    column: Column
    kind: str
    whole: bool = False  # whether its numbers are integers
    groups: bool = False  # whether it has few values, which come again
    names_rows: bool = False  # a key or a reference, which is no quantity

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name


def find(
    fetch: Fetch,
    table: Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    among: Sequence[Column] | None = None,
) -> dict[str, Scale]:
    """The scales of all columns (or of some) that can be drawn, by their names, in the table's order."""
    drawn = [column for column in (table.columns if among is None else among) if is_drawable(column)]
    looked_at = drawn[:LONGEST_SAMPLE]
    if not looked_at:
        return {}
    sample = sa.select(*(table.place(column.name) for column in looked_at)).where(*conditions).limit(SAMPLE)
    rows = fetch(sample)
    values = dict(zip([column.name for column in looked_at], zip(*rows, strict=True), strict=True)) if rows else {}
    return {column.name: _scale(table, column, values.get(column.name, ())) for column in drawn}


def is_drawable(column: Column) -> bool:
    """Whether its values are numbers, times or short texts that can be compared."""
    return column.sortable and not column.array and column.kind not in {"file", "json"}


def _scale(table: Table, column: Column, sample: Sequence[Any]) -> Scale:
    values = [value for value in sample if value is not None and not isinstance(value, bytes)]
    kind = _kind(column, values, strict=table.schema is not None)
    distinct = len(set(values))
    return Scale(
        column,
        kind,
        whole=kind == "number" and all(isinstance(value, int) for value in values),
        groups=kind == "category" and distinct <= FEW and (2 * distinct <= len(values) or column.kind == "boolean"),
        names_rows=table.primary_key == (column.name,) or bool(column.references) or bool(_ID.fullmatch(column.name)),
    )


def _kind(column: Column, values: Sequence[Any], *, strict: bool) -> str:
    """What the column is by its kind where the engine keeps to it, else by what it holds."""
    if column.references or column.kind in {"boolean", "choice"} or column.type == "oid":
        return "category"
    if strict or not values:
        declared = {"integer": "number", "real": "number", "number": "number", "date": "time", "datetime": "time"}
        if column.kind in declared:
            return declared[column.kind]
    if values and all(isinstance(value, (int, float)) for value in values):
        return "number"
    if values and all(isinstance(value, str) and _TIME.match(value) for value in values):
        return "time"
    if column.kind in {"integer", "real", "number"} and any(isinstance(value, (int, float)) for value in values):
        return "number"
    return "category"
