"""The audit: who did what to users, tokens, sessions and levels, when and from where."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from frontdesk import context
from frontdesk.database import state, values
from frontdesk.database.connections import Database
from frontdesk.database.values import now

_audit = state.audit.c


@dataclass(frozen=True)
class Entry:
    """One deed."""

    id: int
    at: datetime
    who: str
    action: str
    detail: str
    address: str
    request: str | None


def record(database: Database, who: str, action: str, detail: str = "", address: str = "") -> None:
    """Keeps a deed, with the request that it was done by; `who` and `detail` are cut to what a column holds."""
    texts = {"who": values.storable(who)[:110], "detail": values.storable(detail)[:1000], "address": address[:50]}
    row = {"at": now(), "action": action, **texts}
    with database.transaction() as connection:
        connection.execute(insert(state.audit).values(request=context.request.get(), **row))


def list_all(database: Database, size: int = 100) -> list[Entry]:
    """The latest deeds, newest first."""
    with database.connect() as connection:
        rows = connection.execute(select(state.audit).order_by(_audit.id.desc()).limit(size))
        return [Entry(row.id, row.at, row.who, row.action, row.detail, row.address, row.request) for row in rows]
