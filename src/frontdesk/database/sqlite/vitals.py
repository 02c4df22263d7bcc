"""The state of a SQLite file, as its library tells it."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Table, row_id
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.states import MOST_KEYS, Dangling, Index, Room, Size, Statistic, Wait


def room(connection: Connection) -> Room:
    """The file and its write-ahead log."""
    driver = driver_of(connection)
    page, pages, free, journal = (
        driver.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count", "journal_mode")
    )
    file = next((row[2] for row in driver.execute("PRAGMA database_list").fetchall() if row[1] == "main"), "")
    log = Path(f"{file}-wal")
    size = log.stat().st_size if file and log.exists() else None
    return Room(f"SQLite {sqlite3.sqlite_version}", page * pages, size, page * free, str(journal))


def sizes(connection: Connection) -> list[Size] | None:
    """By reading every page; None where the library was built without `dbstat`."""
    driver = driver_of(connection)
    try:
        found = driver.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
    except sqlite3.OperationalError as error:
        if "dbstat" in str(error):
            return None
        raise
    tables = dict(driver.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'").fetchall())
    own, below = Counter[str](), Counter[str]()
    for name, size in found:
        table = tables.get(name, name)
        (below if name in tables else own)["" if table.startswith((OWN, "sqlite_")) else table] += size
    made = [Size(table, own[table], below[table]) for table in {*own, *below}]
    return sorted(made, key=lambda one: (-one.bytes - one.indexes, one.table))


def indexes(connection: Connection, tables: Iterable[Table]) -> list[Index]:
    """Every index, and the number by which rows stand as one more."""
    driver, found = driver_of(connection), []
    for table in tables:
        if table.kind != "table":
            continue
        if table.numbered and len(table.primary_key) == 1 and table.column(table.primary_key[0]).automatic:
            found.append(Index(table.name, "", table.primary_key, ("0 BINARY",), unique=True, rule=True))
        listed = driver.execute(f"PRAGMA index_list({quoted(table.name)})").fetchall()
        for _, name, unique, origin, partial in sorted(listed, key=lambda row: row[1]):
            parts = [row for row in driver.execute(f"PRAGMA index_xinfo({quoted(name)})").fetchall() if row[5]]
            columns, marks = tuple(row[2] for row in parts), tuple(f"{row[3]} {row[4]}" for row in parts)
            found.append(
                Index(
                    table.name,
                    name,
                    columns,
                    marks,
                    unique=bool(unique),
                    rule=origin != "c",
                    partial=bool(partial),
                )
            )
    return found


def waits(_: Connection) -> list[Wait]:
    """None that SQLite would tell of."""
    return []


def statistics(connection: Connection) -> list[Statistic]:
    """The tables that ANALYZE has looked through; when is not known."""
    driver = driver_of(connection)
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone():
        return []
    found = driver.execute("SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl ORDER BY tbl")
    return [Statistic(table, rows, None, None, None) for table, rows in found.fetchall() if not table.startswith(OWN)]


def unproven(_: Connection) -> list[tuple[str, str]]:
    """What older rows were held against is not known: `dangling` looks."""
    return []


def dangling(connection: Connection, table: Table, tables: Mapping[str, Table]) -> list[Dangling]:
    """As `PRAGMA foreign_key_check` finds them."""
    driver = driver_of(connection)
    counts, first = Counter[int](), dict[int, list[int]]()
    parents = dict[int, str]()
    for _, number, parent, key in driver.execute(f"PRAGMA foreign_key_check({quoted(table.name)})"):
        counts[key] += 1
        parents[key] = parent
        if number is not None and len(first.setdefault(key, [])) < MOST_KEYS:
            first[key].append(number)
    columns: dict[int, list[str]] = {}
    for row in driver.execute(f"PRAGMA foreign_key_list({quoted(table.name)})").fetchall() if counts else ():
        columns.setdefault(row[0], []).append(row[3])
    return [
        Dangling(table.name, tuple(columns[key]), parents[key], count, _keys(driver, table, first.get(key, [])))
        for key, count in sorted(counts.items())
    ]


def _keys(driver: Any, table: Table, numbers: list[int]) -> tuple[tuple[Any, ...], ...]:
    """The keys of the rows with these hidden numbers."""
    hidden, listed = row_id(table.columns), ", ".join(map(quoted, table.key))
    if not numbers or hidden is None or not listed:
        return ()
    marks = ", ".join("?" * len(numbers))
    sql = f"SELECT {listed} FROM {quoted(table.name)} WHERE {hidden} IN ({marks}) ORDER BY {hidden}"  # noqa: S608
    return tuple(tuple(row) for row in driver.execute(sql, numbers).fetchall())
