"""Results: what a query gives as something like a table, which can be grouped and measured where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from frontdesk.database import envelopes, schema, values
from frontdesk.database.postgresql import types
from frontdesk.database.queries import Answer
from frontdesk.database.schema import Column, Table
from frontdesk.tables import parameters

NOUN = "The answer"
HIDDEN = f"{schema.OWN}row"
"""The hidden key of a table on PostgreSQL."""


class Reader(Protocol):
    """Carries out what only reads."""

    dialect: str

    def read(self, sql: str, bound: Mapping[str, Any]) -> Answer: ...
    def read_whole(self, sql: str, bound: Mapping[str, Any], *, most: int) -> Answer: ...


@dataclass(frozen=True)
class Result(Table):
    """The columns that a query gives; in the SQL around it they go by their places, whatever they are called."""

    places: tuple[int, ...] = ()

    def place(self, name: str) -> sa.ColumnElement[Any]:
        """The column of this name for SQLAlchemy's expressions."""
        number = self.places[[column.name for column in self.columns].index(name)]
        return self.clause.c[f"c{number}"]

    @cached_property
    def clause(self) -> sa.TableClause:
        """The query by the name that it has in the SQL around it."""
        return sa.table(envelopes.NAME, *(sa.column(f"c{number}") for number in range(max(self.places, default=0) + 1)))


def describe(reader: Reader, sql: str, bound: Mapping[str, Any]) -> Result:
    """The columns that a query gives. Raises InputError where it is wrong."""
    names = reader.read_whole(sql, bound, most=1).columns
    shown = [(place, name) for place, name in enumerate(names) if name != HIDDEN]
    found = [Column(name, "", "any") for name in _distinct([name for _, name in shown])]
    where = tuple(place for place, _ in shown)
    if reader.dialect == "postgresql":
        kinds = _types(reader, sql, bound, len(names))
        found = [_typed(column.name, kinds[place]) for column, place in zip(found, where, strict=True)]
    return Result(NOUN, tuple(found), kind="view", schema=None if reader.dialect == "sqlite" else "", places=where)


def _distinct(names: list[str]) -> list[str]:
    """Names that stand there twice get a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _types(reader: Reader, sql: str, bound: Mapping[str, Any], number: int) -> list[str]:
    """PostgreSQL's names of the types of all columns, also where there is no row."""
    text = envelopes.types(sql, number)
    return [str(name) for name in reader.read(text, bound).rows[0]]


def _typed(name: str, type_name: str) -> Column:
    array = type_name.startswith("_")
    return Column(
        name,
        type_name,
        types.kind_of(type_name, array=array, choices=False),
        array=array,
        zoned={"timestamp": False, "timestamptz": True}.get(type_name),
        exact=type_name == "numeric",
        sortable=type_name not in types.UNSORTED,
    )


def around(
    dialect: str, table: Result, sql: str, bound: Mapping[str, Any], query: sa.Select[Any]
) -> tuple[str, dict[str, Any]]:
    """The SQL of a query around the one that was typed, and the values of all parameters."""
    names = {name: f"typed{number}x" for number, name in enumerate(bound)}
    typed, number = parameters.renamed(sql, dialect, names), max(table.places, default=0) + 1
    kind = PGDialect if dialect == "postgresql" else SQLiteDialect
    compiled = query.compile(dialect=kind(paramstyle="named"), compile_kwargs={"render_postcompile": True})
    given = dict(compiled.params)
    if dialect == "postgresql":
        given = {name: values.as_text(value) for name, value in given.items()}
    return envelopes.around(typed, number, str(compiled)), {names[name]: value for name, value in bound.items()} | given
