"""How a person has the columns of a table: their order, their widths, and which are hidden."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.database.state import layouts
from frontdesk.errors import InputError
from frontdesk.tables import remembered

WIDTHS = (40, 1200)
"""Pixels of the narrowest column and of the widest."""


@dataclass(frozen=True)
class Place:
    """A column where a person has it."""

    name: str
    width: int | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Layout:
    """The columns in a person's order; a table's other ones follow."""

    places: tuple[Place, ...] = ()

    def complete(self, table: Table) -> tuple[Place, ...]:
        """A place for every column that the table has now, and for no other."""
        names = [column.name for column in table.columns]
        kept = [place for place in self.places if place.name in names]
        known = {place.name for place in kept}
        return (*kept, *(Place(name) for name in names if name not in known))

    def shown(self, table: Table) -> list[str]:
        """The names of the columns that are not hidden; those of the key, which rows are named by, never are."""
        places = self.complete(table)
        return [place.name for place in places if not place.hidden or place.name in table.key]

    def widths(self) -> dict[str, int]:
        """The widths that were chosen, in pixels."""
        return {place.name: place.width for place in self.places if place.width}

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {"columns": [vars(place) for place in self.places]}


EMPTY = Layout()


def read(state: Database, by: Caller, database: str, table: str) -> Layout:
    """How this person has the table; empty where nothing was chosen."""
    found: Layout = remembered.read(
        state, ("layout", by.name, database, table), lambda: _read(state, by.name, database, table)
    )
    return found


def _read(state: Database, user: str, database: str, table: str) -> Layout:
    with state.connect() as connection:
        text = connection.scalar(sa.select(layouts.c.columns).where(*_at(user, database, table)))
    return Layout(tuple(Place(**one) for one in json.loads(text))) if text else EMPTY


def _at(user: str, database: str, table: str) -> list[sa.ColumnElement[bool]]:
    return [layouts.c.user == user, layouts.c.database == database, layouts.c.table == table]


def keep(state: Database, by: Caller, database: str, table: Table, given: Sequence[Mapping[str, Any]]) -> Layout:
    """Keeps the columns in this order: `[{name, width, hidden}]`. Raises InputError naming what is wrong."""
    known = {column.name for column in table.columns}
    wrong: dict[str, str] = {}
    places = []
    for number, one in enumerate(given):
        try:
            places.append(_place(one, known))
        except InputError as error:
            wrong[f"columns.{number}"] = error.message
    if len({place.name for place in places}) < len(places):
        wrong["columns"] = "Name each column once."
    if places and len(places) == len(known) and all(place.hidden for place in places):
        wrong["columns"] = "Leave one column at least."
    if wrong:
        raise InputError(errors=wrong)
    made = Layout(tuple(places))
    _write(state, by, database, table.name, made)
    return made


def _place(one: Mapping[str, Any], known: set[str]) -> Place:
    unknown = [name for name in one if name not in {"name", "width", "hidden"}]
    if unknown:
        raise InputError(f"{unknown[0]!r} is unknown here; known: name, width, hidden.")
    name, width, hidden = one.get("name"), one.get("width"), one.get("hidden", False)
    if not isinstance(name, str) or name not in known:
        raise InputError(f"The table has no column {name!r}.")
    if not isinstance(hidden, bool):
        raise InputError("hidden is true or false.")
    if width is not None and (type(width) is not int or not WIDTHS[0] <= width <= WIDTHS[1]):
        raise InputError(f"A width is {WIDTHS[0]} to {WIDTHS[1]} pixels.")
    return Place(name, width, hidden)


def _write(state: Database, by: Caller, database: str, table: str, made: Layout) -> None:
    with state.transaction() as connection:
        connection.execute(sa.delete(layouts).where(*_at(by.name, database, table)))
        if made.places:
            text = json.dumps([vars(place) for place in made.places])
            row = {"user": by.name, "database": database, "table": table, "columns": text, "at": values.now()}
            connection.execute(sa.insert(layouts).values(row))


def forget(state: Database, by: Caller, database: str, table: str) -> None:
    """Has the columns as the table has them again."""
    _write(state, by, database, table, EMPTY)
