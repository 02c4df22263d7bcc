"""Changes over all databases of a desk: read and undone by their ids, requests and runs."""

import base64
import heapq
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from frontdesk.config import HistorySettings
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, Error, InputError, NotFoundError, OperationalError
from frontdesk.history import changes, purges, undo
from frontdesk.history.changes import Change, Row
from frontdesk.history.undo import Undone
from frontdesk.tables import columns

logger = logging.getLogger(__name__)

Values = dict[str, Any] | None


@dataclass(frozen=True)
class Cut:
    """A database whose history begins after a moment: older changes were not kept."""

    database: str
    at: datetime


AT_ONCE = 1000
"""Changes of a run that are looked up at a time."""


@dataclass(frozen=True)
class Changes:
    """The history of every database of a desk."""

    databases: Mapping[str, Database]

    def find(self, change: str) -> Change:
        """The change with this id, `DATABASE.N`. Raises NotFoundError."""
        database, number = self._place(change)
        return changes.find(database, number)

    def rows(self, change: str, *, size: int = 100, after: int = 0) -> tuple[list[Row], str | None]:
        """The rows that a change changed, and the token of those that follow."""
        database, number = self._place(change)
        return changes.rows(database, number, size=size, after=after)

    def json(self, change: Change) -> dict[str, Any]:
        """The change as the API gives it: values as their columns show them now."""
        found = change.json()
        return found | self._shown(change, found["before"], found["after"])

    def rows_json(self, change: str, listed: Sequence[Row]) -> list[dict[str, Any]]:
        """The rows of a change as the API gives them."""
        header = self.find(change)
        return [{"key": row.key} | self._shown(header, row.before, row.after) for row in listed]

    def _shown(self, change: Change, before: Values, after: Values) -> dict[str, Values]:
        table = schema.tables(self.databases[change.database]).get(change.table)
        kinds = {column.name: column for column in table.columns} if table else {}
        return {
            side: row
            and {name: columns.shown(kinds[name], value) if name in kinds else value for name, value in row.items()}
            for side, row in (("before", before), ("after", after))
        }

    def search(
        self, *, database: str | None = None, size: int = 100, token: str | None = None, **wanted: Any
    ) -> tuple[list[Change], str | None]:
        """The changes that fit in one database, or in every one that can be read now, newest first.

        Behind them the token of those that follow. `wanted` is what `history.changes.search` knows.
        Raises InputError where there is no such database, operation or token.
        """
        seen = _places(token)
        if database is not None and database not in self.databases:
            raise InputError(errors={"database": f"There is no database {database!r}."})
        names = self.databases if database is None else [database]
        listed = [self._some(name, size + 1, seen.get(name), wanted) for name in names]
        found = list(islice(heapq.merge(*listed, key=lambda one: one.at, reverse=True), size + 1))
        if len(found) <= size:
            return found, None
        return found[:size], _written(seen | {one.database: one.number for one in found[:size]})

    def _some(self, name: str, size: int, before: int | None, wanted: Mapping[str, Any]) -> list[Change]:
        """A database that cannot be read just now does not keep those of the others from being read."""
        try:
            return changes.search(self.databases[name], size=size, before=before, **wanted).changes
        except OperationalError as error:
            logger.warning("The changes in %s are not shown: %s", name, error)
            return []

    def undo(self, change: str, by: Caller) -> Undone:
        """Undoes one change. Raises ConflictError when a row has changed since."""
        database, number = self._place(change)
        return undo.undo(database, [number], by)

    def undo_run(self, run: int, by: Caller) -> Undone:
        """Undoes every change of a run that is not undone yet, in all its databases or in none.

        Raises ConflictError when there is none, or a row has changed since.
        """
        pending = self._pending(run)
        if not pending:
            raise ConflictError(f"Run {run} changed nothing that could be undone.")
        with ExitStack() as transactions:
            done = [
                transactions.enter_context(undo.undoing(self.databases[name], numbers, by))
                for name, numbers in pending.items()
            ]
        return Undone([change for one in done for change in one.changes], sum(one.undone for one in done))

    def _pending(self, run: int) -> dict[str, Sequence[int]]:
        found = {name: list(_standing(database, run)) for name, database in self.databases.items()}
        return {name: numbers for name, numbers in found.items() if numbers}

    def purge(self, settings: HistorySettings, seconds: float = 0.5) -> bool:
        """Forgets what is not to be kept, for about so many seconds of each database; gives whether that was all."""
        whole = True
        if not (settings.keep_days or settings.keep_changes):
            return whole
        for name, database in self.databases.items():
            if database.read_only:
                continue
            try:
                gone, done = purges.purge(
                    database, days=settings.keep_days, changes=settings.keep_changes, seconds=seconds
                )
            except Error as error:
                logger.warning("%s: older changes stay for now: %s", name, error)
                continue
            if gone:
                logger.info("%s: older changes not kept, as [history] says: %s", name, f"{gone:,}")
            whole = whole and done
        return whole

    def cuts(self, database: str | None = None) -> list[Cut]:
        """Where the histories begin that were cut, of one database or of every one that can be read now."""
        found = []
        for name, place in self.databases.items():
            with suppress(OperationalError):
                cut = purges.latest(place) if database in {None, name} else None
                found += [Cut(name, cut.at)] if cut else []
        return found

    def _place(self, change: str) -> tuple[Database, int]:
        name, _, number = change.rpartition(".")
        if name not in self.databases or not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotFoundError(f"There is no change {change}.", "A change's id is DATABASE.NUMBER.")
        return self.databases[name], int(number)


def _written(places: Mapping[str, int]) -> str:
    """The token of a place in the changes: by database the number of the last one seen."""
    return base64.urlsafe_b64encode(json.dumps(places).encode()).decode().rstrip("=")


def _places(token: str | None) -> dict[str, int]:
    try:
        found = json.loads(base64.urlsafe_b64decode(f"{token}==")) if token else {}
        return {str(name): int(number) for name, number in found.items()}
    except (ValueError, TypeError, AttributeError):
        raise InputError(errors={"_next": "Take it from the page before."}) from None


def _standing(database: Database, run: int) -> Iterator[int]:
    """The numbers of the run's changes that are not undone yet, however many."""
    before: int | None = None
    while True:
        page = changes.search(database, run=run, size=AT_ONCE, before=before)
        yield from (one.number for one in page.changes if one.undone_by is None and one.operation != "undo")
        if page.next is None:
            return
        before = int(page.next)
