"""What a database says of its tables: columns, keys, references, whatever engine it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from frontdesk import errors
from frontdesk.database import values

OWN = "_frontdesk_"
"""What the names of our tables in people's databases begin with; these are never listed."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the columns of another table."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"


@dataclass(frozen=True)
class Search:
    """A full-text index of a table, kept up to date by the database."""

    name: str
    columns: tuple[str, ...]
    own: bool  # whether Frontdesk made it
    key: str = ""  # on SQLite the name of the row's number, by which it knows the rows
    expression: str = ""  # on PostgreSQL the words of a row, as SQL


@dataclass(frozen=True)
class Column:
    """A column as its table declares it."""

    name: str
    type: str
    kind: str
    nullable: bool = True
    default: str | None = None  # as SQL text
    primary_key: int = 0  # its place in the key, from 1; 0 outside
    generated: bool = False
    automatic: bool = False  # the database draws a value where none is given
    references: tuple[str, str] | None = None  # table, column
    array: bool = False  # PostgreSQL's: its values are texts such as `{1,2}`
    choices: tuple[str, ...] = ()  # the values of an enumeration
    length: int | None = None  # the most characters of a text
    limits: tuple[int, int] | None = None  # the smallest and the largest integer
    item: str = ""  # the kind of an array's items
    exact: bool = False  # a number that keeps every digit: its values are texts
    digits: tuple[int, int] | None = None  # how many an exact number has at most, and how many of them after the point
    zoned: bool | None = None  # whether a time has a zone; None where it is kept as it is written
    sortable: bool = True  # whether the database can compare its values
    blank: bool = True  # whether empty text is one of its values

    @property
    def required(self) -> bool:
        """Whether a new row must give a value."""
        return not (self.nullable or self.generated or self.automatic or self.default is not None)


def row_id(columns: Sequence[Column]) -> str | None:
    """The name by which SQLite knows the hidden integer key beside these columns."""
    taken = {column.name.casefold() for column in columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)


@dataclass(frozen=True)
class Table:
    """A table or view with its columns, in their order."""

    name: str
    columns: tuple[Column, ...]
    kind: str = "table"  # or view
    foreign_keys: tuple[ForeignKey, ...] = ()
    row_id: str | None = None  # the hidden key's name where no primary key is declared
    schema: str | None = None  # where it stands on PostgreSQL
    bare_name: str = ""  # its name there
    numbered: bool = False  # whether rows have a number beside their key, on SQLite
    search: Search | None = None  # the full-text index, where there is one

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the key's columns, in the key's order."""
        keyed = [column for column in self.columns if column.primary_key]
        return tuple(column.name for column in sorted(keyed, key=lambda column: column.primary_key))

    @cached_property
    def key(self) -> tuple[str, ...]:
        """What names a row: the primary key, else the hidden row id; empty for views."""
        return self.primary_key or ((self.row_id,) if self.row_id else ())

    @cached_property
    def tie(self) -> str | None:
        """The hidden number that tells rows apart whose key is NULL: SQLite takes any number of those."""
        loose = self.numbered and any(column.primary_key and column.nullable for column in self.columns)
        return row_id(self.columns) if loose else None

    @property
    def editable(self) -> bool:
        """Whether rows can be changed one by one."""
        return self.kind == "table" and bool(self.key)

    def column(self, name: str) -> Column:
        """The column of this name. Raises NotFoundError."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise errors.NotFoundError(f"{self.name} has no column {name!r}.")
        return found

    def place(self, name: str) -> sa.ColumnElement[Any]:
        """The column of this name for SQLAlchemy's expressions."""
        return sa.column(name, _selectable=self.clause) if name == self.tie else self.clause.c[name]

    def ordered(self, name: str) -> sa.ColumnElement[Any]:
        """The column of this name as rows are compared and ordered by it: as text where its type has no order."""
        found = self.place(name)
        return found if name in {self.row_id, self.tie} or self.column(name).sortable else sa.cast(found, sa.Text)

    @cached_property
    def clause(self) -> sa.TableClause:
        """The table for SQLAlchemy's expressions, its hidden key included; values come as the driver gives them."""
        kinds = {column.name: column.kind for column in self.columns} | (
            {self.row_id: "integer"} if self.row_id else {}
        )
        if self.schema is None:
            return sa.table(self.name, *map(sa.column, kinds))
        columns = [sa.column(name, values.Inferred(kind)) for name, kind in kinds.items()]
        return sa.table(self.bare_name, *columns, schema=self.schema)
