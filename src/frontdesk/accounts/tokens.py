"""Tokens: how programs sign in; each with a name and a role, shown once, of which only the hash is kept."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from frontdesk.accounts import answers, roles
from frontdesk.accounts.sessions import TOUCH, hash_of
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import (
    BusyError,
    ConflictError,
    DiskFullError,
    InputError,
    IntegrityError,
    NotFoundError,
    PermissionDenied,
)

MOST_DAYS = 3650
_NAME = re.compile(r"[\w.@+-]([\w.@+ -]{0,98}[\w.@+-])?")
_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_tokens = state.tokens.c
_FIND = (
    select(state.tokens, state.users.c.role.label("maker_role"), state.users.c.disabled.label("maker_disabled"))
    .join(state.users, state.users.c.id == _tokens.maker_id, isouter=True)
    .where(_tokens.hash == bindparam("secret"))
)


@dataclass(frozen=True)
class Token:
    """A token as it is listed: never the secret."""

    id: int
    name: str
    prefix: str
    role: str
    maker: str
    created: datetime
    used: datetime | None
    expires: datetime | None


def create(database: Database, name: str, role: str, maker: Caller, days: int | None = None) -> str:
    """The secret of a new token, shown this once.

    Raises InputError, ConflictError for a name that is taken, PermissionDenied for a role above the maker's.
    """
    _check(name, role, maker, days)
    secret = f"fd_{secrets.token_urlsafe(32)}"
    row = {
        "name": name,
        "hash": hash_of(secret),
        "prefix": secret[:8],
        "role": role,
        "maker": maker.name,
        "created": now(),
        "expires": now() + timedelta(days=days) if days else None,
    }
    with database.transaction() as connection:
        try:
            connection.execute(insert(state.tokens).values(maker_id=_maker_id(connection, maker), **row))
        except IntegrityError as error:
            raise ConflictError(f"There is a token {name} already.", "Choose another name, or revoke it.") from error
        answers.forget_of(connection, f"token:{name}")
    return secret


def find(database: Database, secret: str) -> Caller | None:
    """Who acts with this secret; never with a higher role than its maker has now. None when it holds no more."""
    asked = now()
    with database.connect() as connection:
        row = connection.execute(_FIND, {"secret": hash_of(secret)}).one_or_none()
    if row is None or row.maker_disabled or (row.expires is not None and asked >= row.expires):
        return None
    if row.used is None or asked >= row.used + TOUCH:
        _touch(database, row.id)
    return Caller(f"token:{row.name}", roles.lower(row.role, row.maker_role or row.role))


def list_all(database: Database) -> list[Token]:
    """Every token, by name."""
    with database.connect() as connection:
        return [_token(row) for row in connection.execute(select(state.tokens).order_by(_tokens.name))]


def show(database: Database, token: str) -> Token:
    """The token of this name, or else of this number. Raises NotFoundError."""
    with database.connect() as connection:
        return _token(_row(connection, token))


def revoke(database: Database, token: str) -> Token:
    """Ends the token of this name, or else of this number, at once, and tells which it was. Raises NotFoundError."""
    with database.transaction() as connection:
        row = _row(connection, token)
        connection.execute(delete(state.tokens).where(_tokens.id == row.id))
    return _token(row)


def _row(connection: Connection, token: str) -> Any:
    found = connection.execute(select(state.tokens).where(_tokens.name == token)).one_or_none()
    if found is None and _NUMBER.fullmatch(token):
        found = connection.execute(select(state.tokens).where(_tokens.id == int(token))).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no token {token}.", "`frontdesk tokens list` shows them.")
    return found


def _check(name: str, role: str, maker: Caller, days: int | None) -> None:
    wrong = {}
    if not _NAME.fullmatch(name):
        wrong["name"] = "Write 1 to 100 letters, digits, spaces or . _ - @ +."
    if days is not None and not 0 < days <= MOST_DAYS:
        wrong["days"] = f"Write a number of days from 1 to {MOST_DAYS}, or nothing for no end."
    if wrong:
        raise InputError(errors=wrong)
    if not maker.may(roles.check(role)):
        raise PermissionDenied(f"A token's role is at most its maker's; you are {maker.role}.")


def _maker_id(connection: Connection, maker: Caller) -> int | None:
    """The maker's user, with whom the token dies; the command line has none."""
    if maker.name.startswith("cli:"):
        return None
    found: int | None = connection.scalar(select(state.users.c.id).where(state.users.c.name == maker.name))
    if found is None:
        raise PermissionDenied("Only a user can make tokens.", "A token cannot make another one.")
    return found


def _touch(database: Database, token: int) -> None:
    try:
        with database.transaction(durable=False) as connection:
            connection.execute(update(state.tokens).where(_tokens.id == token).values(used=now()))
    except (BusyError, DiskFullError):  # it can still read
        return


def _token(row: Any) -> Token:
    return Token(row.id, row.name, row.prefix, row.role, row.maker, row.created, row.used, row.expires)
