"""A row as it was at a moment, put together from what the history says came after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import InputError, NotFoundError
from frontdesk.forms import kinds
from frontdesk.history import changes, purges
from frontdesk.history.changes import Change
from frontdesk.tables import columns, keys, rows
from frontdesk.tables.keys import KeyText

Values = Mapping[str, Any]

DAY = len("2026-01-31")


@dataclass(frozen=True)
class Past:
    """A row at a moment and now, None where it was not there, and the changes between which it was so."""

    table: Table
    key: tuple[Any, ...]
    at: datetime
    then: Values | None
    now: Values | None
    began: Change | None  #: the change that made it what it was; None where none is known
    ended: Change | None  #: the first change after the moment

    @property
    def names(self) -> list[str]:
        """The columns of then and of now, those of today first."""
        return list(dict.fromkeys([*(self.now or {}), *(self.then or {})]))

    @property
    def row(self) -> changes.Row:
        """What it was and is."""
        return changes.Row(self.key, dict(self.then) if self.then else None, dict(self.now) if self.now else None)

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "row": None if self.then is None else _shown(self.table, self.then),
            "at": self.at,
            "began": self.began.id if self.began else None,
            "ended": self.ended.id if self.ended else None,
        }


def find(database: Database, name: str, key: KeyText, at: str) -> Past:
    """The row of this key as it was at a moment, which without a zone is in UTC, and a day its beginning.

    Every change made through Frontdesk is known; what other programs changed stands where the next known change found
    it. Raises NotFoundError where neither table nor history has such a row, InputError for what is no moment.
    """
    moment = _moment(at)
    table = schema.table(database, name)
    place = keys.values(table, key)
    now = _now(database, table, key)
    began, ended = changes.around(database, table.name, place, moment)
    if now is None and began is None and ended is None:
        raise NotFoundError(f"{table.name} has no row {key.whole}, and its history knows of none.")
    cut = purges.latest(database) if began is None else None
    if cut is not None and moment <= cut.at:
        raise NotFoundError(
            f"What {table.name} {key.whole} was then is not known: older changes were not kept.",
            f"Changes are known from {cut.at:%Y-%m-%d %H:%M:%S} UTC on.",
        )
    then = now if ended is None else ended.row.before if ended.row else None  # a load has brought it
    return Past(table, place, moment, then, now, began, ended)


def _now(database: Database, table: Table, key: KeyText) -> Values | None:
    try:
        found = rows.find(database, table.name, key).values
    except NotFoundError:
        return None
    return {"_key" if name == table.row_id else name: value for name, value in found.items()}


def _moment(text: str) -> datetime:
    try:
        found: datetime = kinds.parse("datetime", f"{text}T00:00" if len(text.strip()) == DAY else text)
    except InputError as error:
        raise InputError(errors={"at": error.message}) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _shown(table: Table, values: Values) -> dict[str, Any]:
    """The values as the API gives them; a column that is gone stands as it was kept."""
    known = {column.name: column for column in table.columns}
    return {name: columns.shown(known[name], value) if name in known else value for name, value in values.items()}
