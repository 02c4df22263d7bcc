"""Typed SQL that writes, with its entry in the audit: who, when, during which request, and the text of it."""

from collections.abc import Mapping
from typing import Any

from frontdesk.accounts import audit
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.desk.desks import Desk
from frontdesk.tables.statements import Written


def write(
    desk: Desk, database: Database, sql: str, given: Mapping[str, Any], by: Caller, *, trial: bool, address: str = ""
) -> Written:
    """Carries out one statement as `Queries.write` does; the values of its parameters are kept nowhere but in rows."""
    answer = desk.queries.write(database, sql, given, by, trial=trial)
    if not trial:
        audit.record(desk.state, by.name, "write SQL", f"{database.name}: {sql}", address)
    return answer
