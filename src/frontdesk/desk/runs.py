"""Runs joined with what they changed and the records they made."""

from dataclasses import dataclass
from typing import Any

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.desk.changes import Changes
from frontdesk.functions import runs
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
        changed = self.changes.search(run=run, size=SHOWN + 1)
        return {
            "run": found,
            "records": logged.records,
            "records_next": logged.next,
            "changes": changed[:SHOWN],
            "changes_next": changed[SHOWN - 1].id if len(changed) > SHOWN else None,
        }

    def undo(self, run: int, by: Caller) -> Undone:
        """Undoes all that a run changed. Raises NotFoundError, ConflictError."""
        runs.show(self.state, run, by)
        return self.changes.undo_run(run, by)
