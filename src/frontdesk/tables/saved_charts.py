"""Saved charts: of a table's view or of a query, kept under a name for everybody whose role is high enough."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import state, values
from frontdesk.database.connections import Database
from frontdesk.errors import InputError, NotFoundError
from frontdesk.tables import saved_queries
from frontdesk.tables.figures import Wish

LONGEST_QUESTION = 20_000
PARTS = {
    "_kind": "kind",
    "_x": "x",
    "_y": "y",
    "_aggregate": "aggregate",
    "_colour": "colour",
    "_bucket": "bucket",
    "_bins": "bins",
}
"""The parameters of a chart's address, each with the part of the wish that it says."""
PREFIX = "p."
"""What the names of a query's parameters begin with there."""


@dataclass(frozen=True)
class SavedChart:
    """A chart that was kept: of a table or of a query, as its address says behind the question mark."""

    name: str
    table: str | None
    sql: str | None
    question: str
    role: str
    by: str
    at: datetime

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of its address."""
        return parse_qsl(self.question, keep_blank_values=True)

    @property
    def wish(self) -> Wish:
        """What is drawn of which columns."""
        return Wish(**{PARTS[name]: text for name, text in self.pairs if name in PARTS})

    @property
    def where(self) -> list[tuple[str, str]]:
        """The filters of a table's rows."""
        return [pair for pair in self.pairs if pair[0] not in PARTS and pair[0] != "_search"]

    @property
    def search(self) -> str:
        """What the rows are searched for."""
        return dict(self.pairs).get("_search", "")

    @property
    def given(self) -> dict[str, str]:
        """The values of a query's parameters, as they were typed."""
        return {name.removeprefix(PREFIX): text for name, text in self.pairs if name.startswith(PREFIX)}


def search(place: Database, database: str, by: Caller, table: str | None = None) -> list[SavedChart]:
    """The kept charts of a database (or of one table) that the caller may see, by name."""
    kept = state.charts
    statement = sa.select(kept).where(kept.c.database == database).order_by(kept.c.name)
    statement = statement if table is None else statement.where(kept.c.table == table)
    with place.connect() as connection:
        return [_saved(row) for row in connection.execute(statement) if by.may(row.role)]


def find(place: Database, database: str, name: str, by: Caller) -> SavedChart:
    """The kept chart of this name. Raises NotFoundError, also for one that is not the caller's to see."""
    with place.connect() as connection:
        return _kept(connection, database, name, by)


def databases(place: Database, name: str, by: Caller) -> list[str]:
    """The databases that have a chart of this name which the caller may see."""
    with place.connect() as connection:
        rows = connection.execute(sa.select(state.charts).filter_by(name=name)).all()
    return sorted(row.database for row in rows if by.may(row.role))


def save(
    place: Database,
    database: str,
    name: str,
    by: Caller,
    *,
    table: str | None = None,
    sql: str | None = None,
    question: str = "",
    role: str = "viewer",
) -> tuple[SavedChart, bool]:
    """The chart, kept under a name in place of what had it, and whether it is a new one. Raises InputError."""
    made = SavedChart(name.strip(), table, sql, question, role, by.name, values.now())
    saved_queries.check(made, by)
    if (table is None) == (sql is None):
        raise InputError(errors={"table": "Give either a table or sql."})
    if len(question) > LONGEST_QUESTION:
        raise InputError(errors={"question": f"Write at most {LONGEST_QUESTION:,} characters."})
    with place.transaction() as connection:
        row = connection.execute(sa.select(state.charts).filter_by(database=database, name=made.name)).one_or_none()
        if row is not None and not by.may(row.role):
            raise InputError(errors={"name": f"The name {made.name!r} is taken."})
        connection.execute(sa.delete(state.charts).filter_by(database=database, name=made.name))
        connection.execute(sa.insert(state.charts).values(database=database, **vars(made)))
    return made, row is None


def delete(place: Database, database: str, name: str, by: Caller) -> None:
    """Forgets a kept chart. Raises NotFoundError."""
    with place.transaction() as connection:
        _kept(connection, database, name, by)
        connection.execute(sa.delete(state.charts).filter_by(database=database, name=name))


def _kept(connection: sa.Connection, database: str, name: str, by: Caller) -> SavedChart:
    row = connection.execute(sa.select(state.charts).filter_by(database=database, name=name)).one_or_none()
    if row is None or not by.may(row.role):
        raise NotFoundError(f"There is no saved chart {name!r}.")
    return _saved(row)


def _saved(row: Any) -> SavedChart:
    return SavedChart(row.name, row.table, row.sql, row.question, row.role, row.by, row.at)
