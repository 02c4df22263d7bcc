"""Sessions: who is signed in, kept on the server; the browser holds a secret of which only the hash is kept."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from frontdesk.accounts.users import User
from frontdesk.config import SessionSettings
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import BusyError, DiskFullError

TOUCH = timedelta(minutes=1)
"""The last use is written at most so often."""

DEFAULTS = SessionSettings()
_sessions = state.sessions.c
_FIND = (
    select(_sessions.used, _sessions.expires, state.users.c.name, state.users.c.role, state.users.c.disabled)
    .join(state.users, state.users.c.id == _sessions.user_id)
    .where(_sessions.hash == bindparam("secret"))
)


def start(database: Database, user: User, settings: SessionSettings = DEFAULTS) -> str:
    """The secret of a new session of this user, 256 bits."""
    secret = f"fds_{secrets.token_urlsafe(32)}"
    begun = now()
    row = {"user_id": user.id, "created": begun, "used": begun, "expires": begun + timedelta(days=settings.days)}
    with database.transaction() as connection:
        connection.execute(insert(state.sessions).values(hash=hash_of(secret), **row))
    return secret


def find(database: Database, secret: str, settings: SessionSettings = DEFAULTS) -> Caller | None:
    """Who is signed in with this secret, with the role of now; None when the session has ended."""
    asked = now()
    with database.connect() as connection:
        row = connection.execute(_FIND, {"secret": hash_of(secret)}).one_or_none()
    if row is None or row.disabled or asked >= row.expires or asked >= row.used + timedelta(hours=settings.idle_hours):
        return None
    if asked >= row.used + TOUCH:
        _touch(database, secret)
    return Caller(row.name, row.role)


def end(database: Database, secret: str) -> None:
    """Ends a session; one that is not there has ended."""
    with database.transaction() as connection:
        connection.execute(delete(state.sessions).where(_sessions.hash == hash_of(secret)))


def forget(database: Database, settings: SessionSettings = DEFAULTS) -> None:
    """Deletes the sessions that have ended by themselves."""
    idle = _sessions.used < now() - timedelta(hours=settings.idle_hours)
    with database.transaction(durable=False) as connection:
        connection.execute(delete(state.sessions).where((_sessions.expires < now()) | idle))


def hash_of(secret: str) -> str:
    """What is kept of a secret that nobody can guess."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _touch(database: Database, secret: str) -> None:
    try:
        with database.transaction(durable=False) as connection:
            connection.execute(update(state.sessions).where(_sessions.hash == hash_of(secret)).values(used=now()))
    except (BusyError, DiskFullError):  # a page can still be read
        return
