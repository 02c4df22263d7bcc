"""What a person asked with SQL lately: each text with its values, how long it took, and its error where it failed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import state, values
from frontdesk.database.connections import Database

LONGEST_ERROR = 1000


@dataclass(frozen=True)
class Asked:
    """One query of a person's own; `rows` and `milliseconds` are None where it failed."""

    id: int
    database: str
    sql: str
    parameters: dict[str, Any]
    at: datetime
    milliseconds: float | None
    rows: int | None
    error: str | None


def record(
    place: Database,
    database: str,
    sql: str,
    parameters: Mapping[str, Any],
    by: Caller,
    keep: int,
    *,
    milliseconds: float | None = None,
    rows: int | None = None,
    error: str | None = None,
) -> None:
    """Keeps what was asked, and of the caller's in this database the last `keep`; the same text twice is once."""
    if keep < 1:
        return
    kept, mine = state.asked, {"user": by.name, "database": database}
    given = json.dumps(dict(parameters), ensure_ascii=False)
    with place.transaction(durable=False) as connection:
        latest = sa.select(kept).filter_by(**mine).order_by(kept.c.id.desc()).limit(1)
        last = connection.execute(latest).one_or_none()
        if last is not None and (last.sql, last.parameters) == (sql, given):
            connection.execute(sa.delete(kept).where(kept.c.id == last.id))
        told = {"milliseconds": milliseconds, "rows": rows, "error": error[:LONGEST_ERROR] if error else None}
        connection.execute(sa.insert(kept).values(**mine, sql=sql, parameters=given, at=values.now(), **told))
        oldest = sa.select(kept.c.id).filter_by(**mine).order_by(kept.c.id.desc()).limit(1).offset(keep)
        last_out = connection.scalar(oldest)
        if last_out is not None:
            connection.execute(sa.delete(kept).filter_by(**mine).where(kept.c.id <= last_out))


def search(
    place: Database, database: str, by: Caller, *, size: int = 100, before: int | None = None
) -> tuple[list[Asked], int | None]:
    """What the caller asked of a database, newest first, and where to go on."""
    kept = state.asked
    query = sa.select(kept).filter_by(user=by.name, database=database).order_by(kept.c.id.desc()).limit(size + 1)
    query = query if before is None else query.where(kept.c.id < before)
    with place.connect() as connection:
        rows = connection.execute(query).all()
    return [_asked(row) for row in rows[:size]], rows[size - 1].id if len(rows) > size else None


def forget(place: Database, database: str, by: Caller) -> None:
    """Forgets all that the caller asked of a database."""
    with place.transaction() as connection:
        connection.execute(sa.delete(state.asked).filter_by(user=by.name, database=database))


def _asked(row: Any) -> Asked:
    found = json.loads(row.parameters)
    return Asked(row.id, row.database, row.sql, found, row.at, row.milliseconds, row.rows, row.error)
