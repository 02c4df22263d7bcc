"""Runs joined with what they changed and the records they made."""

from dataclasses import dataclass
from typing import Any

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.desk.changes import Changes
from frontdesk.functions import runs
from frontdesk.history.changes import Change
from frontdesk.history.undo import Undone
from frontdesk.logs import records

SHOWN = 100
"""How many records and changes a run is shown with."""


@dataclass(frozen=True)
class Runs:
    """The runs of a desk."""

    state: Database
    changes: Changes
    log_index: Database

    def show(self, run: int, by: Caller) -> dict[str, Any]:
        """`{run, records, records_next, changes, changes_next}`. NotFoundError when the caller may not see it."""
        found = runs.show(self.state, run, by)
        logged = records.search(self.log_index, records.Filter(run=run), size=SHOWN, after=0)
        changed, more = self.changes.search(run=run, size=SHOWN)
        return {
            "run": found,
            "records": logged.records,
            "records_next": logged.next,
            "changes": changed,
            "changes_next": more,
        }

    def records(self, run: int, by: Caller, *, size: int = SHOWN, token: str = "") -> records.Page:
        """The records that a run made, oldest first. NotFoundError when the caller may not see the run."""
        runs.show(self.state, run, by)
        return records.search(self.log_index, records.Filter(run=run), size=size, after=0, token=token)

    def changed(
        self, run: int, by: Caller, *, size: int = SHOWN, token: str | None = None
    ) -> tuple[list[Change], str | None]:
        """What a run changed, and the token of what follows. NotFoundError when the caller may not see the run."""
        runs.show(self.state, run, by)
        return self.changes.search(run=run, size=size, token=token)

    def undo(self, run: int, by: Caller) -> Undone:
        """Undoes all that a run changed. Raises NotFoundError, ConflictError."""
        runs.show(self.state, run, by)
        return self.changes.undo_run(run, by)
