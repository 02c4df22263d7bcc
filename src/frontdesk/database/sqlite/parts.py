"""What a SQLite schema holds: tables, indexes, views and triggers by the SQL that made them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Table
from frontdesk.database.sqlite import catalog
from frontdesk.database.sqlite.drivers import driver_of


@dataclass(frozen=True)
class Part:
    """A table, index, view or trigger as the schema holds it."""

    type: str
    name: str
    table: str
    sql: str


def run(connection: Connection, sql: str) -> None:
    """Carries out a statement that a person is told of."""
    steps.tell(connection, sql)
    driver_of(connection).execute(sql)


def parts(connection: Connection) -> dict[tuple[str, str], Part]:
    """Everything in the schema that was made by SQL, Frontdesk's own left out."""
    found = driver_of(connection).execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    return {(row[0], row[1]): Part(*row) for row in found.fetchall() if not row[1].startswith(OWN)}


def below(connection: Connection, name: str) -> list[Part]:
    """The indexes and triggers of a table or view."""
    return [
        part
        for part in parts(connection).values()
        if part.table.casefold() == name.casefold() and part.type in {"index", "trigger"}
    ]


def table_sql(connection: Connection, name: str) -> str:
    """The SQL that makes a table, its indexes left out. Raises ConflictError where there is none."""
    found = parts(connection).get(("table", name))
    if found is None:
        raise gone(name)
    return found.sql


def gone(name: str) -> errors.ConflictError:
    """What is said of a table that is not there."""
    return errors.ConflictError(f"The table {name} is no longer there.")


def read(connection: Connection, name: str) -> Table:
    """The table as the catalog describes it. Raises ConflictError where there is none."""
    found = catalog.read_tables(driver_of(connection)).get(name)
    if found is None:
        raise gone(name)
    return found


def drawn(connection: Connection, name: str) -> int | None:
    """The last key that AUTOINCREMENT drew for a table: none is drawn twice."""
    if not catalog.names(connection, "sqlite_sequence"):
        return None
    found = driver_of(connection).execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [name]).fetchone()
    return found and int(found[0])


def draw_after(connection: Connection, name: str, last: int | None) -> None:
    """Has AUTOINCREMENT go on after this key, where it draws at all."""
    if last is not None:
        driver = driver_of(connection)
        driver.execute("DELETE FROM sqlite_sequence WHERE name = ?", [name])
        driver.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [name, last])


@contextmanager
def without_triggers(connection: Connection, table: str) -> Iterator[None]:
    """People's own triggers of a table rest: what is brought back is no new doing."""
    driver = driver_of(connection)
    resting = [part for part in below(connection, table) if part.type == "trigger"]
    for part in resting:
        driver.execute(f"DROP TRIGGER {quoted(part.name)}")
    yield
    for part in resting:
        driver.execute(part.sql)


def any_row(driver: Any, table: str, where: str = "") -> bool:
    """Whether the table has a row, or one that fits."""
    condition = f" WHERE {where}" if where else ""
    return driver.execute(f"SELECT 1 FROM {quoted(table)}{condition} LIMIT 1").fetchone() is not None


def count(driver: Any, table: str, where: str = "") -> int:
    """How many rows there are, or how many fit."""
    return int(driver.execute(f"SELECT count(*) FROM {quoted(table)}{where}").fetchone()[0])


def keep(connection: Connection, keys: int, values: Sequence[str], select: str) -> str:
    """Keeps what a SELECT gives, `keys` parts of a key and then these values, in a hidden table; gives its name."""
    driver, kept = driver_of(connection), steps.free(catalog.names(connection, steps.KEPT))
    names = [f"k{number}" for number in range(keys)]
    driver.execute(f"CREATE TABLE {quoted(kept)} ({', '.join((*names, *values))}, PRIMARY KEY ({', '.join(names)}))")
    driver.execute(f"INSERT INTO {quoted(kept)} {select}")
    return kept


def let_go(connection: Connection, kept: str) -> None:
    """Forgets what was kept."""
    driver_of(connection).execute(f"DROP TABLE {quoted(kept)}")
