"""A whole database as both engines can make it: tables, their columns' forms, rules, indexes and views."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from frontdesk.database.definitions import ForeignKey


class Form(NamedTuple):
    """What a column's values are, whatever the engine; `loose` takes values of every kind as texts.

    integer, real, number (exact), boolean, text, bytes, date, timestamp, timestamptz, json (its text), jsonb or uuid.
    """

    kind: str
    length: int | None = None
    digits: tuple[int, int] | None = None
    loose: bool = False


@dataclass(frozen=True)
class Column:
    """A column; default and generated are SQL of the engine that it comes from."""

    name: str
    form: Form
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """An index or a UNIQUE rule: its columns, each with whether it stands backwards and regards no case.

    `sql` holds what stands after the table's name where columns alone do not say it, and a condition.
    """

    name: str
    columns: tuple[tuple[str, bool, bool], ...]
    unique: bool
    rule: bool = False
    sql: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its rules; `drawn` says that its one integer key is drawn, after `last` where that is known."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    drawn: bool = False
    never_again: bool = False  # a key that was drawn once is drawn no more
    last: int | None = None
    row_id: str | None = None  # the hidden key, by its name there
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    checks: tuple[str, ...] = ()
    rows: int = 0

    @property
    def forms(self) -> list[Form]:
        """The forms of a row's values: of the hidden key first, where there is one, then of the columns."""
        return [Form("integer")] * bool(self.row_id) + [column.form for column in self.columns]

    @property
    def label(self) -> list[str]:
        """The names of a row's values."""
        return [self.row_id] * bool(self.row_id) + [column.name for column in self.columns]  # type: ignore[return-value]


@dataclass(frozen=True)
class View:
    """A view and the SELECT that it stands for."""

    name: str
    select: str


@dataclass
class Outline:
    """A database's tables and views; `notes` say what is not carried as it is, `misfits` what cannot be."""

    tables: list[Table] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    misfits: dict[str, str] = field(default_factory=dict)


def quoted_list(names: Sequence[str]) -> str:
    """The names as SQL identifiers with commas between."""
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)
