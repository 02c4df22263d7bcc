"""PostgreSQL's tables by their names, with what is kept of them under hidden ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Table
from frontdesk.database.postgresql import OWN_LOCK, OWN_SCHEMA, catalog, descriptions
from frontdesk.database.postgresql.catalog import execute
from frontdesk.database.postgresql.descriptions import Relation
from frontdesk.database.postgresql.drivers import driver_of


def hidden(kept: str) -> str:
    """The name of a hidden table as SQL writes it."""
    return f"{quoted(OWN_SCHEMA)}.{quoted(kept)}"


def at(connection: Connection, table: str) -> str:
    """The name of a table as SQL writes it."""
    return catalog.written(connection, table)


def relation(connection: Connection, name: str) -> Relation:
    """What stands under the name. Raises ConflictError where nothing does."""
    found = descriptions.relation(connection, *catalog.place(connection, name))
    if found is None:
        raise errors.ConflictError(f"The table {name} is no longer there.")
    return found


def read(connection: Connection, name: str) -> Table:
    """The table as the catalog describes it. Raises ConflictError where there is none."""
    relation(connection, name)
    return catalog.read_own(connection, name)


def any_row(driver: Any, at: str, where: str = "") -> bool:
    """Whether the table has a row, or one that fits."""
    condition = f" WHERE {where}" if where else ""
    return driver.execute(f"SELECT 1 FROM {at}{condition} LIMIT 1").fetchone() is not None


def count(driver: Any, at: str, where: str = "") -> int:
    """How many rows there are, or how many fit."""
    return int(driver.execute(f"SELECT count(*) FROM {at}{where}").fetchone()[0])


def free(connection: Connection) -> str:
    """A name for what is kept; who else wants one waits."""
    driver_of(connection).execute(f"SELECT pg_advisory_xact_lock({OWN_LOCK})")
    return steps.free(catalog.names(connection, f"{steps.KEPT}"))


@contextmanager
def without_triggers(connection: Connection, table: str) -> Iterator[None]:
    """People's own triggers of a table rest: what is brought back is no new doing."""
    place, found = at(connection, table), relation(connection, table)
    sql = (
        "SELECT tgname, CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END FROM pg_catalog.pg_trigger"
        " WHERE tgrelid = %s AND NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    resting = driver_of(connection).execute(sql, [found.oid]).fetchall()
    for name, _ in resting:
        execute(connection, f"ALTER TABLE {place} DISABLE TRIGGER {quoted(name)}")
    yield
    for name, again in resting:
        execute(connection, f"ALTER TABLE {place} {again} TRIGGER {quoted(name)}")
