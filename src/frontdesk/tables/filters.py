"""Filters: `column__operator=value` as a condition on rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from frontdesk.database import dialects, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.errors import DataError, InputError, NotSupportedError
from frontdesk.forms import kinds
from frontdesk.tables import columns

OPERATORS: dict[str, str] = {
    "exact": "=",
    "not": "≠",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "contains": "contains",
    "startswith": "starts with",
    "endswith": "ends with",
    "in": "is one of",
    "isnull": "is NULL",
}
"""Each operator and how a page shows it."""

SENTENCES = {"date": kinds.DATE, "datetime": kinds.DATETIME, "json": kinds.JSON}
"""What is to be written for kinds of columns that the database reads by itself."""
TEXTUAL = {"contains", "startswith", "endswith"}
_ORDERED = ("exact", "not", "gt", "gte", "lt", "lte", "in", "isnull")
_OF_KINDS = {
    **dict.fromkeys(("integer", "real", "number", "date", "datetime"), _ORDERED),
    "boolean": ("exact", "not", "isnull"),
    "choice": ("exact", "not", "in", "isnull"),
    "json": ("contains", "isnull"),
    "file": ("isnull",),
}


def offered(column: Column) -> tuple[str, ...]:
    """The operators that a page offers for a column of this kind; the API takes every one."""
    return tuple(OPERATORS) if column.array else _OF_KINDS.get(column.kind, tuple(OPERATORS))


@dataclass(frozen=True)
class Filter:
    """One condition: a column, an operator, and the text it is compared with."""

    column: str
    operator: str
    text: str

    @property
    def parameter(self) -> str:
        """The name that it has in an address."""
        return (
            self.column
            if self.operator == "exact" and not self.column.startswith("_")
            else f"{self.column}__{self.operator}"
        )

    @property
    def sign(self) -> str:
        """The operator as a page shows it."""
        return "is not NULL" if self.operator == "isnull" and self.text == "0" else OPERATORS[self.operator]


def parse(table: Table, parameters: Iterable[tuple[str, str]]) -> list[Filter]:
    """The filters of an address; an exact column name wins over name + `__operator`.

    Raises InputError naming every unknown column and operator.
    """
    found, wrong = [], {}
    for name, text in parameters:
        try:
            found.append(_parse(table, name, text))
        except InputError as error:
            wrong[name] = error.message
    if wrong:
        raise InputError(errors=wrong)
    return found


def parse_object(table: Table, where: dict[str, Any]) -> list[Filter]:
    """The filters of a JSON object: `{"age__gt": 30}`."""
    return parse(table, as_parameters(where))


def as_parameters(where: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters of an address that say the same: `{"age__in": [1, 2]}` is `age__in=1,2`, None is NULL."""
    return [(f"{name}__isnull", "1") if value is None else (name, _as_text(value)) for name, value in where.items()]


def _as_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join('"' + str(item).replace('"', '""') + '"' for item in value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _parse(table: Table, name: str, text: str) -> Filter:
    names = {column.name for column in table.columns}
    if name in names and not name.startswith("_"):
        return Filter(name, "exact", text)
    column, separator, operator = name.rpartition("__")
    if separator and column in names and operator in OPERATORS:
        return Filter(column, operator, text)
    if separator and column in names:
        raise InputError(f"Unknown operator; known: {', '.join(OPERATORS)}.")
    if name.startswith("_") and name not in names:
        raise InputError("Unknown parameter.")
    raise InputError(f"{table.name} has no column {column if separator else name!r}.")


def conditions(table: Table, filters: Iterable[Filter]) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions, all of which must hold. Raises InputError naming every value that does not fit."""
    made, wrong = [], {}
    for one in filters:
        try:
            made.append(_condition(table, one))
        except InputError as error:
            wrong[one.parameter] = error.message
    if wrong:
        raise InputError(errors=wrong)
    return made


def _condition(table: Table, one: Filter) -> sa.ColumnElement[bool]:
    column, declared = table.clause.c[one.column], table.column(one.column)
    if one.operator == "isnull":
        if one.text not in {"0", "1"}:
            raise InputError("Write 1 or 0.")
        return column.is_(None) if one.text == "1" else column.is_not(None)
    if one.operator in TEXTUAL:
        text = sa.type_coerce(sa.cast(column, sa.Text), sa.Text)
        start, end = one.operator == "startswith", one.operator == "endswith"
        return dialects.contains(text, kinds.text(one.text), start=start, end=end)
    found = table.ordered(one.column)
    if one.operator == "in":
        return _among(found, declared, [_value(declared, text) for text in columns.listed(one.text)])
    return _compared(found, one.operator, _value(declared, one.text))


def _among(column: sa.ColumnElement[Any], declared: Column, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    if declared.kind == "integer" and declared.limits:  # such a column holds no fraction
        values = [int(value) for value in values if value == int(value)]
    return column.in_(values) if values else sa.false()


def _compared(column: sa.ColumnElement[Any], operator: str, value: Any) -> sa.ColumnElement[bool]:
    made: dict[str, sa.ColumnElement[bool]] = {
        "exact": column == value,
        "not": (column != value) | column.is_(None),
        "gt": column > value,
        "gte": column >= value,
        "lt": column < value,
        "lte": column <= value,
    }
    return made[operator]


def _value(column: Column, text: str) -> Any:
    if column.array:
        return columns.stored(column, kinds.parse("json", text)) if text.lstrip().startswith("[") else kinds.text(text)
    if column.exact:
        return str(kinds.decimal(text))
    if column.kind in {"integer", "real", "number"}:
        value = kinds.parse("number", text)
        if isinstance(value, int) and not columns.INTEGERS[0] <= value <= columns.INTEGERS[1]:
            raise InputError("This number is beyond what the database can hold.")
        return value
    if column.kind in {"boolean", "any"}:
        return columns.stored(column, kinds.parse(column.kind, text))
    if column.kind == "choice" and text not in column.choices:
        raise InputError(f"Choose one of: {', '.join(column.choices)}.")
    return kinds.text(text) if column.zoned is None else _time(column, text)


def _time(column: Column, text: str) -> str:
    """The time as the column keeps it; another word for one, such as a date alone, is for the server to read."""
    try:
        return str(columns.stored(column, kinds.parse("datetime", text)))
    except InputError:
        return kinds.text(text)


@contextmanager
def explained(database: Database, table: Table, given: Sequence[Filter]) -> Iterator[None]:
    """What the database refuses as no value of a column's type is an InputError naming the filter."""
    try:
        yield
    except (DataError, NotSupportedError) as error:
        wrong = {one.parameter: sentence for one in given if (sentence := _refused(database, table, one))}
        if wrong:
            raise InputError(errors=wrong) from error
        raise


def _refused(database: Database, table: Table, one: Filter) -> str:
    """What is to be written instead of the filter's first value that is none of the column's; empty when all are."""
    if one.operator in TEXTUAL or one.operator == "isnull":
        return ""
    column = table.column(one.column)
    for text in columns.listed(one.text) if one.operator == "in" else [one.text]:
        refused = schema.misfits(database, table, {one.column: _value(column, text)})
        if refused:
            return columns.LIST if column.array else SENTENCES.get(column.kind, refused[one.column])
    return ""
