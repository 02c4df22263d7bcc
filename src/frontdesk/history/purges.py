"""What of the history is not kept: the oldest changes with their rows, and the hidden tables that only they need."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema, steps, values
from frontdesk.database.connections import Database
from frontdesk.history import entries

CHANGES, ROWS = 1_000, 2_000
"""Taken away in one transaction, so that nobody else who writes waits for long."""
_KEPT = re.compile(f"{steps.KEPT}[0-9]+")


@dataclass(frozen=True)
class Purge:
    """Where a history begins: the newest change that was not kept, and when that was made."""

    number: int
    at: datetime


def latest(database: Database) -> Purge | None:
    """Where the history of a database was cut; None where everything is kept."""
    with database.connect() as connection:
        return find(connection)


def purge(database: Database, *, days: int, changes: int, seconds: float) -> tuple[int, bool]:
    """Takes away what is older than so many days, or beyond so many changes; 0 is no limit.

    Gives how many changes went, and whether that was all: it ends after about so many seconds. The newest change stays,
    and so does what a kept one belongs to: the same transaction, the same run, and what it undoes.
    """
    with database.connect() as connection:
        last = _limit(connection, days, changes) if entries.exist(connection) else 0
        if not last and find(connection) is None:
            return 0, True
    until, gone = time.monotonic() + seconds, 0
    steps_of = (_changes_until(last), *(_rows_of(one) for one in _rows_with(database)), _Step(_unneeded, _drop))
    for step in steps_of:
        while count := _carried_out(database, step):
            gone += count if step is steps_of[0] else 0
            if time.monotonic() > until:
                return gone, False
    return gone, True


@dataclass(frozen=True)
class _Step:
    """What is done again and again, each time in a transaction of its own, while there is anything to do."""

    due: Callable[[Connection], Any]
    do: Callable[[Connection, Any], int]


def _carried_out(database: Database, step: _Step) -> int:
    """How much went; nothing is written where there is nothing to do."""
    with database.connect() as connection:
        due = step.due(connection)
    if not due:
        return 0
    with database.transaction() as connection:
        return step.do(connection, due)


def find(connection: Connection) -> Purge | None:
    """As `latest`, as this connection sees it."""
    if not entries.exist(connection, entries.purges):
        return None
    found = connection.execute(sa.select(entries.purges.c.number, entries.purges.c.at)).first()
    return Purge(*found) if found else None


def _limit(connection: Connection, days: int, changes: int) -> int:
    """The newest change that need not be kept; 0 where all must."""
    listed = entries.changes.c
    newest = sa.select(listed.id).order_by(listed.id.desc()).limit(1)
    found = [0]
    if days:
        found.append(connection.scalar(newest.where(listed.at < values.now() - timedelta(days=days))) or 0)
    if changes:
        found.append(connection.scalar(newest.offset(changes)) or 0)
    return _whole(connection, min(max(found), _newest(connection) - 1))


def _whole(connection: Connection, last: int, seen: int = 0) -> int:
    """The newest change up to `last` that nothing which stays belongs to; those up to `seen` were looked at before."""
    listed = entries.changes.c
    newer = listed.id > max(last, seen)
    runs = sa.select(listed.run).where(newer, listed.run.is_not(None))
    for needed in (
        sa.select(sa.func.min(listed.transaction)).where(newer),
        sa.select(sa.func.min(listed.undoes)).where(newer),
        sa.select(sa.func.min(listed.id)).where(listed.id <= last, listed.run.in_(runs)),
    ):
        first = connection.scalar(needed)
        if first is not None and first <= last:
            return _whole(connection, first - 1, seen) if first > 1 else 0
    return last


def _oldest(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.min(entries.changes.c.id))) or 0


def _newest(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(entries.changes.c.id))) or 0


def _changes_until(last: int) -> _Step:
    """The changes themselves, the oldest first, as many at a time as belong together."""

    def due(connection: Connection) -> tuple[int, int] | None:
        first, size = _oldest(connection), CHANGES
        while first and first <= last:
            newest = _newest(connection)
            found = _whole(connection, min(last, first + size - 1))
            if found >= first:
                return found, newest
            if first + size > last:
                break
            size *= 4
        return None

    return _Step(due, _forget)


def _forget(connection: Connection, due: tuple[int, int]) -> int:
    """Takes the changes away unless one that came since belongs to them."""
    number, seen = due
    listed, purges = entries.changes, entries.purges
    if _whole(connection, number, seen) < number:
        return 0
    _make(connection)
    newest = sa.select(listed.c.at).where(listed.c.id <= number).order_by(listed.c.id.desc()).limit(1)
    at = connection.scalar(newest)
    connection.execute(sa.delete(purges))
    connection.execute(sa.insert(purges).values(number=number, at=at))
    return connection.execute(sa.delete(listed).where(listed.c.id <= number)).rowcount


def _make(connection: Connection) -> None:
    """The table that says where the history was cut, which only those databases have whose history was."""
    if entries.exist(connection, entries.purges):
        return
    if connection.dialect.name == "sqlite":
        entries.metadata.create_all(connection)
        return
    from frontdesk.database.postgresql import writing  # its driver is an extra

    writing.make_own(connection, entries.metadata)


def _rows_with(database: Database) -> list[sa.Table]:
    """The tables with what changes changed and loaded."""
    with database.connect() as connection:
        return [table for table in (entries.rows, entries.blocks) if entries.exist(connection, table)]


def _rows_of(table: sa.Table) -> _Step:
    """What belongs to changes that are gone."""

    def due(connection: Connection) -> int:
        oldest = _oldest(connection)
        return oldest if connection.scalar(sa.select(table.c.id).where(table.c.change < oldest).limit(1)) else 0

    def do(connection: Connection, oldest: int) -> int:
        some = sa.select(table.c.id).where(table.c.change < oldest).limit(ROWS)
        return connection.execute(sa.delete(table).where(table.c.id.in_(some))).rowcount

    return _Step(due, do)


def _unneeded(connection: Connection) -> list[str]:
    """The hidden tables that held what was deleted, and that no change that is kept could bring back."""
    kept = schema.names(connection, steps.KEPT)
    if not kept or find(connection) is None:
        return []
    listed, rows = entries.changes.c, entries.rows.c
    of_definitions = sa.select(listed.id).where(listed.key == "[]")
    told = connection.execute(sa.select(rows.before, rows.after).where(rows.change.in_(of_definitions)))
    needed = {name for sides in told for side in sides for name in _KEPT.findall(side or "")}
    return [name for name in kept if name.rpartition(".")[2] not in needed]


def _drop(connection: Connection, names: list[str]) -> int:
    schema.drop(connection, names[0])
    return 1
