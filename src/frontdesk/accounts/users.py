"""Users: added, listed, changed, removed, and verified by name and password."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from frontdesk.accounts import answers, attempts, passwords, roles
from frontdesk.context import Caller
from frontdesk.database import state, values
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import ConflictError, InputError, IntegrityError, LoginRequired, NotFoundError

_NAME = re.compile(r"[^\W_]([\w.@+-]| (?=\S)){0,99}")
_users = state.users.c


@dataclass(frozen=True)
class User:
    """Someone who can sign in."""

    id: int
    name: str
    role: str
    disabled: bool
    created: datetime

    def caller(self) -> Caller:
        """The user as who acts."""
        return Caller(self.name, self.role)

    def json(self) -> dict[str, Any]:
        """The user as the API gives it."""
        return {"name": self.name, "role": self.role, "disabled": self.disabled, "created": self.created}


def add(database: Database, name: str, password: str, role: str) -> User:
    """A new user. Raises InputError, ConflictError for a name that is taken, whatever its capitals."""
    check(name, password, role)
    kept = passwords.digest(password)
    with database.transaction() as connection:
        return insert_into(connection, name, kept, role)


def check(name: str, password: str, role: str) -> None:
    """Refuses a name, password or role that cannot be a user's. Raises InputError naming each."""
    _refuse([lambda: _check_name(name), lambda: passwords.check(password, name), lambda: roles.check(role)])


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            errors={"name": "Write 1 to 100 letters, digits or . _ - @ +, beginning with a letter or digit."}
        )


def _refuse(tests: Sequence[Callable[[], object]]) -> None:
    """Makes every test. Raises one InputError with all that they found."""
    wrong: dict[str, str] = {}
    for test in tests:
        try:
            test()
        except InputError as error:
            wrong |= error.errors
    if wrong:
        raise InputError(errors=wrong)


def insert_into(connection: Connection, name: str, kept: str, role: str) -> User:
    """The new user of a checked name and a hashed password, in the caller's transaction."""
    row = {"name": name, "folded": fold(name), "password": kept, "role": role, "disabled": False, "created": now()}
    try:
        connection.execute(insert(state.users).values(row))
    except IntegrityError as error:
        raise ConflictError(f"There is a user {name} already.", "Choose another name.") from error
    answers.forget_of(connection, name)
    return _user(_row(connection, name))


def list_all(database: Database) -> list[User]:
    """Every user, by name."""
    with database.connect() as connection:
        return [_user(row) for row in connection.execute(select(state.users).order_by(_users.folded))]


def exist(database: Database) -> bool:
    """Whether there is any user yet."""
    with database.connect() as connection:
        return connection.execute(select(_users.id).limit(1)).first() is not None


def is_there(database: Database, name: str) -> bool:
    """Whether there is a user of this name."""
    with database.connect() as connection:
        return connection.execute(select(_users.id).where(_users.folded == fold(name))).first() is not None


def find(database: Database, name: str) -> User:
    """The user of this name. Raises NotFoundError."""
    with database.connect() as connection:
        return _user(_row(connection, name))


def remove(database: Database, name: str) -> None:
    """Removes a user with all sessions, tokens and links. Raises NotFoundError, ConflictError for the last admin."""
    with database.transaction() as connection:
        row = _row(connection, name)
        _keep_an_admin(connection, row)
        connection.execute(delete(state.users).where(_users.id == row.id))


def set_password(database: Database, name: str, password: str) -> None:
    """Gives a user another password and ends all sessions. Raises InputError, NotFoundError."""
    change(database, name, password=password)


def set_role(database: Database, name: str, role: str) -> None:
    """Gives a user another role, at once. Raises InputError, NotFoundError, ConflictError for the last admin."""
    change(database, name, role=role)


def change(database: Database, name: str, *, password: str | None = None, role: str | None = None) -> User:
    """The user after getting another password, which ends all sessions, another role, or both or neither of them.

    Raises InputError, NotFoundError, ConflictError for the last admin.
    """
    given = {"password": password, "role": role}
    tests = {"password": lambda: passwords.check(password or "", name), "role": lambda: roles.check(role or "")}
    _refuse([test for field, test in tests.items() if given[field] is not None])
    kept = None if password is None else passwords.digest(password)
    with database.transaction() as connection:
        row = _row(connection, name)
        if role not in {None, "admin"}:
            _keep_an_admin(connection, row)
        if kept is not None:
            for table in (state.sessions, state.links):
                connection.execute(delete(table).where(table.c.user_id == row.id))
        wanted = {"password": kept or row.password, "role": role or row.role}
        connection.execute(update(state.users).where(_users.id == row.id).values(wanted))
        return _user(_row(connection, name))


def verify(database: Database, name: str, password: str, address: str = "") -> User:
    """The user of this name and password.

    Raises LoginRequired, in the same words and after the same time for a name that is not there; ThrottledError after
    too many failures; BusyError.
    """
    folded = fold(name)
    attempt = attempts.begin(database, folded, address)
    with database.connect() as connection:
        row = connection.execute(select(state.users).where(_users.folded == folded)).one_or_none()
    kept = row.password if row is not None and not row.disabled else None
    if not passwords.verify(password[: passwords.LONGEST], kept) or row is None:
        raise LoginRequired("Name or password is wrong.", "Capitals count in the password.")
    attempts.succeed(database, attempt)
    if passwords.is_outdated(row.password):
        _rehash(database, row, password)
    return _user(row)


def fold(name: str) -> str:
    """The name without regard to case and to how its letters are composed."""
    return values.storable(unicodedata.normalize("NFKC", name).casefold())[:100]


def _rehash(database: Database, row: Any, password: str) -> None:
    kept = passwords.digest(password)
    with database.transaction() as connection:
        same = (_users.id == row.id) & (_users.password == row.password)
        connection.execute(update(state.users).where(same).values(password=kept))


def _row(connection: Connection, name: str) -> Any:
    row = connection.execute(select(state.users).where(_users.folded == fold(name))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no user {name}.", "`frontdesk users list` shows them.")
    return row


def _keep_an_admin(connection: Connection, row: Any) -> None:
    others = select(func.count()).where(_users.role == "admin", ~_users.disabled, _users.id != row.id)
    if row.role == "admin" and not connection.scalar(others):
        raise ConflictError(f"{row.name} is the last admin.", "Make another user admin first.")


def _user(row: Any) -> User:
    return User(row.id, row.name, row.role, row.disabled, row.created)
