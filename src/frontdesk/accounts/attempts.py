"""Failed sign-ins: counted for each address and each account, on all processes together, and slowed down."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import ThrottledError

WINDOW = timedelta(minutes=5)

OF_ADDRESS = 10
"""Failures from one address, after which that address waits; others still sign in."""

OF_ACCOUNT = 50
"""Failures for one account from all addresses together, after which everyone waits who tries that account."""

_attempts = state.attempts.c


def begin(database: Database, account: str, address: str) -> int:
    """Counts a try as failed before it is made, so that tries at the same time cannot outnumber the limit.

    Raises ThrottledError with the seconds after which the next one is heard.
    """
    with database.transaction(durable=False) as connection:
        _check(connection, _attempts.address == address, OF_ADDRESS)
        _check(connection, _attempts.account == account, OF_ACCOUNT)
        row = {"account": account, "address": address[:50], "at": now()}
        made = connection.execute(insert(state.attempts).values(row)).inserted_primary_key
        return int(made[0]) if made else 0


def succeed(database: Database, attempt: int) -> None:
    """Takes a try back that was right, with the failures of the same account from the same address."""
    same = select(_attempts.account, _attempts.address).where(_attempts.id == attempt)
    with database.transaction(durable=False) as connection:
        row = connection.execute(same).one_or_none()
        if row is not None:
            mine = (_attempts.account == row.account) & (_attempts.address == row.address)
            connection.execute(delete(state.attempts).where(mine))


def forget(database: Database, before: datetime | None = None) -> None:
    """Deletes the tries that count no more."""
    with database.transaction(durable=False) as connection:
        connection.execute(delete(state.attempts).where(_attempts.at < (before or now() - WINDOW)))


def _check(connection: Connection, mine: object, limit: int) -> None:
    began = now() - WINDOW
    tries = select(func.count(), func.min(_attempts.at)).where(mine, _attempts.at >= began)  # type: ignore[arg-type]
    count, first = connection.execute(tries).one()
    if count >= limit:
        seconds = max(1, round((first - began).total_seconds()))
        raise ThrottledError("Too many failed sign-ins.", f"Try again in {_words(seconds)}.", seconds)


def _words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
