"""What stands on a SQLite table, read from its catalog and from the SQL that it keeps."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from frontdesk.database.connections import quoted
from frontdesk.database.details import Details, Index, Named, Reference
from frontdesk.database.sqlite import catalog, declarations, definitions, parts
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step


def details(connection: Connection, name: str) -> Details:
    """All that stands on a table or view."""
    found, driver = parts.parts(connection), driver_of(connection)
    own = found.get(("table", name)) or found.get(("view", name))
    if own is None:
        return Details("")
    triggers = [Named(one.name, one.sql) for one in parts.below(connection, name) if one.type == "trigger"]
    views = [Named(one.name, one.sql) for one in found.values() if one.type == "view" and _names(one.sql, name)]
    checks: Sequence[str] = ()
    if own.type == "table":
        with suppress(ValueError, IndexError, StopIteration):  # a virtual table has no such brackets
            checks = declarations.checks(declarations.parse(own.sql))
    return Details(
        own.sql,
        _indexes(driver, name),
        tuple(checks),
        _referring(driver, name),
        tuple(triggers),
        tuple(view for view in views if view.name != name),
    )


def _names(sql: str, name: str) -> bool:
    """Whether a view's SQL reads a table of this name."""
    folded = name.casefold()
    return any(definitions.unquoted(one).casefold() == folded for one in definitions.tokens(sql) if one.strip())


def _indexes(driver: Any, table: str) -> tuple[Index, ...]:
    found = []
    for _, name, unique, origin, _ in driver.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
        columns = [row[2] for row in driver.execute(f"PRAGMA index_xinfo({quoted(name)})").fetchall() if row[5]]
        asked = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
        (sql,) = driver.execute(asked, [name]).fetchone() or (None,)  # a key may be the table itself
        inside, where = definitions.index(sql, []) if sql else ("", "")
        listed = tuple(columns) if all(columns) else (inside.strip("()"),)
        found.append(Index(name, listed, bool(unique), origin != "c", where.strip().removeprefix("WHERE ")))
    return tuple(reversed(found))


def _referring(driver: Any, name: str) -> tuple[Reference, ...]:
    folded = name.casefold()
    tables = catalog.read_tables(driver).values()
    return tuple(
        Reference(table.name, key)
        for table in tables
        for key in table.foreign_keys
        if key.table.casefold() == folded and table.name.casefold() != folded
    )


def index_step(
    connection: Connection, table: str, name: str, columns: Sequence[str], *, unique: bool, where: str
) -> Step:
    """The step that makes an index, under a name that is free."""
    taken = {name.casefold() for _, name in parts.parts(connection)}
    free = next(one for one in _numbered(name) if one.casefold() not in taken)
    what = "UNIQUE INDEX" if unique else "INDEX"
    sql = f"CREATE {what} {quoted(free)} ON {quoted(table)} ({', '.join(map(quoted, columns))})"
    return ["create", [["index", free, f"{sql} WHERE {where}" if where else sql]]]


def _numbered(name: str) -> Sequence[str]:
    return [name, *(f"{name[:58]}_{number}" for number in range(2, 1000))]
