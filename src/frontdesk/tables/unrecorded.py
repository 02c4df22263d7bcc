"""Typed SQL that writes on PostgreSQL, in the worker: one statement in one transaction, which no history keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.database.connections import Database
from frontdesk.database.queries import Answer
from frontdesk.tables import scripts
from frontdesk.tables.statements import Group, Written

NOTICE = "On PostgreSQL the history does not keep what typed SQL changes: it cannot be undone."

_COUNTED = re.compile(r"(?:INSERT 0|UPDATE|DELETE|MERGE) (\d+)")


@dataclass(frozen=True)
class Unrecorded(Written):
    """The answer of a statement that is in no history: PostgreSQL's word for it and how many rows it changed."""

    status: str = ""
    effects: list[Group] = field(default_factory=list)  # their rows only counted

    @property
    def total(self) -> int:
        """How many rows changed, or would."""
        counted = _COUNTED.fullmatch(self.status)
        return sum(group.rows for group in self.effects) or (int(counted[1]) if counted else 0)

    def json(self) -> dict[str, Any]:
        """The answer as the API gives it, of a dry run as well: no changes that could be looked up."""
        return Answer.json(self) | {"changes": [], "recorded": False, "status": self.status, "total": self.total}


def carry_out(url: str, sql: str, parameters: Mapping[str, Any], seconds: float, trial: bool) -> Unrecorded:
    """Carries out what was typed, on `trial` only to roll it back. Raises InputError, BusyError."""
    from frontdesk.database.postgresql import queries  # its driver is an extra

    script = [(one.sql, one.place) for one in scripts.split(sql, "postgresql")]
    done = queries.write(url, sql, parameters, seconds, trial=trial, script=script)
    effects = [Group(effect.table, effect.operation, effect.rows, []) for effect in done.effects]
    return Unrecorded(
        **vars(done.answer), changes=[], trial=effects if trial else None, status=done.status, effects=effects
    )


def is_unrecorded(database: Database) -> bool:
    """Whether what typed SQL writes there is in no history."""
    return database.dialect == "postgresql"
