"""One-time links: for the first admin to choose name and password, and to sign one user in."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from frontdesk.accounts import passwords, users
from frontdesk.accounts.sessions import hash_of
from frontdesk.accounts.users import User
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import GoneError

LIFETIME = timedelta(minutes=30)
SETUP = "setup"
SIGNIN = "signin"
_links = state.links.c


def create(database: Database, user: User | None = None) -> str:
    """The secret of a new link: it signs this user in, or without one makes the first admin. Earlier ones end."""
    secret = f"fdl_{secrets.token_urlsafe(32)}"
    purpose, owner = (SIGNIN, user.id) if user else (SETUP, None)
    earlier = (_links.purpose == purpose) & (_links.user_id.is_not_distinct_from(owner)) & _links.used.is_(None)
    row = {"hash": hash_of(secret), "purpose": purpose, "user_id": owner, "created": now()}
    with database.transaction() as connection:
        connection.execute(delete(state.links).where(earlier))
        connection.execute(insert(state.links).values(expires=now() + LIFETIME, **row))
    return secret


def check(database: Database, secret: str, purpose: str) -> User | None:
    """The user whom the link would sign in; changes nothing. Raises GoneError when it can be used no more."""
    with database.connect() as connection:
        row = _row(connection, secret, purpose)
        if purpose == SETUP:
            _nobody_yet(connection)
            return None
        return _owner(connection, row)


def sign_in(database: Database, secret: str) -> User:
    """The user whom the link signs in, this once. Raises GoneError."""
    with database.transaction() as connection:
        row = _row(connection, secret, SIGNIN)
        connection.execute(update(state.links).where(_links.hash == row.hash).values(used=now()))
        return _owner(connection, row)


def set_up(database: Database, secret: str, name: str, password: str) -> User:
    """The first admin, made by the link. Raises InputError, and GoneError when there is a user already."""
    check(database, secret, SETUP)
    users.check(name, password, "admin")
    kept = passwords.digest(password)
    with database.transaction() as connection:
        row = _row(connection, secret, SETUP)
        _nobody_yet(connection)
        connection.execute(update(state.links).where(_links.hash == row.hash).values(used=now()))
        return users.insert_into(connection, name, kept, "admin")


def forget(database: Database) -> None:
    """Deletes the links whose time is over."""
    with database.transaction(durable=False) as connection:
        connection.execute(delete(state.links).where(_links.expires < now()))


def _row(connection: Connection, secret: str, purpose: str) -> Any:
    wanted = select(state.links).where(_links.hash == hash_of(secret), _links.purpose == purpose)
    row = connection.execute(wanted).one_or_none()
    if row is None or row.used is not None or now() >= row.expires:
        raise GoneError("This link cannot be used any more.", "Each works once and for 30 minutes; ask for a new one.")
    return row


def _owner(connection: Connection, row: Any) -> User:
    found = connection.execute(select(state.users).where(state.users.c.id == row.user_id)).one_or_none()
    if found is None or found.disabled:
        raise GoneError("The user of this link cannot sign in any more.")
    return User(found.id, found.name, found.role, found.disabled, found.created)


def _nobody_yet(connection: Connection) -> None:
    if connection.execute(select(state.users.c.id).limit(1)).first() is not None:
        raise GoneError("This desk has its first admin already.", "Sign in, or ask an admin of the desk.")
