"""Saved queries: SQL kept under a name for everybody whose role is high enough, with a description."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from frontdesk.context import ROLES, Caller
from frontdesk.database import queries, state, values
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError, InputError, IntegrityError, NotFoundError

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 2000


@dataclass(frozen=True)
class Saved:
    """A query that was kept under a name; `role` is the lowest that may see and ask it."""

    name: str
    sql: str
    by: str
    at: datetime
    description: str = ""
    role: str = "viewer"


def search(place: Database, database: str, by: Caller) -> list[Saved]:
    """The kept queries of a database that the caller may see, by name; `place` is the state's database."""
    kept = state.queries
    statement = sa.select(kept).where(kept.c.database == database).order_by(kept.c.name)
    with place.connect() as connection:
        return [_saved(row) for row in connection.execute(statement) if by.may(row.role)]


def find(place: Database, database: str, name: str, by: Caller) -> Saved:
    """The kept query of this name. Raises NotFoundError, also for one that is not the caller's to see."""
    with place.connect() as connection:
        return _kept(connection, database, name, by)


def save(
    place: Database,
    database: str,
    name: str,
    sql: str,
    by: Caller,
    *,
    description: str = "",
    role: str = "viewer",
    replaces: bool = True,
) -> Saved:
    """The query, kept under a name in place of what had it, or else with a ConflictError. Raises InputError."""
    made = Saved(name.strip(), sql, by.name, values.now(), description.strip(), role)
    check(made, by)
    with place.transaction() as connection:
        old = connection.execute(sa.select(state.queries).filter_by(database=database, name=made.name)).one_or_none()
        if replaces and old is not None:
            if not by.may(old.role):
                raise _taken(made.name)
            connection.execute(sa.delete(state.queries).filter_by(database=database, name=made.name))
        _keep(connection, database, made)
    return made


def change(place: Database, database: str, name: str, given: Mapping[str, str], by: Caller) -> Saved:
    """The kept query after setting its `name`, `sql`, `description`, `role` or some of these.

    Raises NotFoundError, InputError, ConflictError for a name that is taken.
    """
    with place.transaction() as connection:
        old = _kept(connection, database, name, by)
        made = replace(old, **given, by=by.name, at=values.now())
        made = replace(made, name=made.name.strip(), description=made.description.strip())
        check(made, by)
        connection.execute(sa.delete(state.queries).filter_by(database=database, name=old.name))
        _keep(connection, database, made)
    return made


def delete(place: Database, database: str, name: str, by: Caller) -> None:
    """Forgets a kept query. Raises NotFoundError."""
    with place.transaction() as connection:
        _kept(connection, database, name, by)
        connection.execute(sa.delete(state.queries).filter_by(database=database, name=name))


def check(made: Any, by: Caller) -> None:
    """Raises InputError for a name, SQL, a description or a role that cannot be kept."""
    wrong = {}
    if not made.name.strip() or len(made.name) > LONGEST_NAME or not made.name.isprintable():
        wrong["name"] = f"Write a name of at most {LONGEST_NAME} characters."
    if made.sql is not None and (not made.sql.strip() or len(made.sql) > queries.LONGEST_SQL):
        wrong["sql"] = f"Write a query of at most {queries.LONGEST_SQL:,} characters."
    if len(getattr(made, "description", "")) > LONGEST_DESCRIPTION:
        wrong["description"] = f"Write at most {LONGEST_DESCRIPTION:,} characters."
    if made.role not in ROLES:
        wrong["role"] = f"Choose one of: {', '.join(ROLES)}."
    elif not by.may(made.role):
        wrong["role"] = f"You could not see it yourself: you are {by.role}."
    if wrong:
        raise InputError(errors=wrong)


def _kept(connection: sa.Connection, database: str, name: str, by: Caller) -> Saved:
    row = connection.execute(sa.select(state.queries).filter_by(database=database, name=name)).one_or_none()
    if row is None or not by.may(row.role):
        raise NotFoundError(f"There is no saved query {name!r}.")
    return _saved(row)


def _saved(row: Any) -> Saved:
    return Saved(row.name, row.sql, row.by, row.at, row.description, row.role)


def _keep(connection: sa.Connection, database: str, made: Saved) -> None:
    try:
        connection.execute(sa.insert(state.queries).values(database=database, **vars(made)))
    except IntegrityError as error:
        raise _taken(made.name) from error


def _taken(name: str) -> ConflictError:
    return ConflictError(f"There is a saved query {name!r} already.", "Choose another name.")
