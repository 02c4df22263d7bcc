"""Views of a table that were saved under a name: its filters, its sort, its columns, as the page's address has them."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.database.state import views
from frontdesk.errors import InputError, NotFoundError
from frontdesk.forms import kinds
from frontdesk.tables import filters, keyset, remembered

LONGEST_NAME = 100
LONGEST = 8000
"""Characters of an address behind its question mark."""
KEPT = ("_sort", "_columns", "_search", "_facet", "_size")
"""Parameters of a view beside its filters."""


@dataclass(frozen=True)
class View:
    """A saved view: `question` is what stands in the page's address behind the question mark."""

    name: str
    question: str
    by: str
    at: datetime


def saved(state: Database, database: str, table: str) -> tuple[View, ...]:
    """The views of a table by name."""
    found: tuple[View, ...] = remembered.read(state, ("views", database, table), lambda: _saved(state, database, table))
    return found


def _saved(state: Database, database: str, table: str) -> tuple[View, ...]:
    listed = sa.select(views.c.name, views.c.question, views.c.by, views.c.at).where(*_of(database, table))
    with state.connect() as connection:
        found = [View(*row) for row in connection.execute(listed)]
    return tuple(sorted(found, key=lambda view: view.name.casefold()))


def _of(database: str, table: str) -> list[sa.ColumnElement[bool]]:
    return [views.c.database == database, views.c.table == table]


def find(state: Database, database: str, table: str, name: str) -> View:
    """The view of this name. Raises NotFoundError."""
    found = next((view for view in saved(state, database, table) if view.name == name), None)
    if found is None:
        raise NotFoundError(f"{table} has no saved view {name!r}.")
    return found


def keep(state: Database, database: str, table: Table, name: str, question: str, by: Caller) -> tuple[View, bool]:
    """The view, kept under a name in place of one that has it, and whether it is a new one. Raises InputError."""
    name = name.strip()
    wrong = _name_problem(name)
    try:
        question = _checked(table, question)
    except InputError as error:
        wrong["question"] = " ".join(error.errors.values()) or error.message
    if wrong:
        raise InputError(errors=wrong)
    made = View(name, question, by.name, values.now())
    with state.transaction() as connection:
        old = connection.execute(sa.delete(views).where(*_of(database, table.name), views.c.name == name)).rowcount
        connection.execute(sa.insert(views).values(database=database, table=table.name, **vars(made)))
    return made, not old


def _name_problem(name: str) -> dict[str, str]:
    try:
        kinds.text(name)
    except InputError as error:
        return {"name": error.message}
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return {"name": f"Write a name of 1 to {LONGEST_NAME} characters."}
    return {}


def _checked(table: Table, question: str) -> str:
    """The question as it is kept: what fits the table, without the place in the list."""
    if len(question) > LONGEST:
        raise InputError(f"A view is at most {LONGEST:,} characters long.")
    pairs = parse_qsl(question.removeprefix("?"), keep_blank_values=True)
    pairs = [(name, text) for name, text in pairs if name not in {"_next", "_count"} and not name.startswith(":")]
    filters.parse(table, [pair for pair in pairs if pair[0] not in KEPT])
    for name, text in pairs:
        if name == "_sort":
            keyset.parse_sort(table, text)
    return urlencode(pairs)


def delete(state: Database, database: str, table: str, name: str) -> None:
    """Forgets a view. Raises NotFoundError."""
    with state.transaction() as connection:
        gone = connection.execute(sa.delete(views).where(*_of(database, table), views.c.name == name)).rowcount
    if not gone:
        raise NotFoundError(f"{table} has no saved view {name!r}.")
