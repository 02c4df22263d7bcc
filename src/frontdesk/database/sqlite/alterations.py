"""SQLite's tables altered in steps, each with the step that takes it back."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Column, Table
from frontdesk.database.sqlite import catalog, declarations, fulltext, parts, rebuilding, redefinitions
from frontdesk.database.sqlite import details as made
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step

_CONSTANT = re.compile(r"'(?:[^']|'')*'|[+-]?[\d.]+(?:e[+-]?\d+)?|x'[0-9a-f]*'|null|true|false", re.IGNORECASE)


def sql_of(connection: Connection, name: str, kind: str = "table") -> str | None:
    """The SQL that makes the table with its indexes, the index, view or trigger; None when there is none."""
    found = parts.parts(connection).get((kind, name))
    if found is None or kind != "table":
        return found.sql if found else None
    return ";\n".join([found.sql, *(part.sql for part in parts.below(connection, name) if part.type == "index")])


def stands(connection: Connection, name: str, sql: str) -> bool:
    """Whether the schema still holds what this SQL made, however it is written now; indexes may be others."""
    first = declarations.plain(_INDEX.split(sql, maxsplit=1)[0])
    found = driver_of(connection).execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return any(declarations.plain(made) == first for (made,) in found)


_INDEX = re.compile(r";\n(?=CREATE (?:UNIQUE )?INDEX)", re.IGNORECASE)


def referring(connection: Connection, name: str) -> list[str]:
    """The other tables whose rows refer to rows of this table."""
    tables = catalog.read_tables(driver_of(connection)).values()
    folded = name.casefold()
    return [
        table.name
        for table in tables
        if table.name.casefold() != folded and any(key.table.casefold() == folded for key in table.foreign_keys)
    ]


def apply(connection: Connection, step: Step) -> Step | None:
    """Carries out a step and gives the one that takes it back; None when nothing does."""
    verb, *given = step
    back = _VERBS[verb](connection, *given)
    fulltext.mend(driver_of(connection))
    return back


def _rename_table(connection: Connection, old: str, new: str) -> Step:
    parts.run(connection, f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
    return ["rename_table", new, old]


def _rename_column(connection: Connection, table: str, old: str, new: str) -> Step:
    parts.run(connection, f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}")
    return ["rename_column", table, new, old]


def _add_column(connection: Connection, table: str, name: str, definition: str, kept: str | None = None) -> Step:
    """With the values in `kept`, where there are."""
    driver = driver_of(connection)
    parts.run(connection, f"ALTER TABLE {quoted(table)} ADD COLUMN {definition}")
    if kept is None:
        return ["drop_column", table, name, True]
    key = parts.read(connection, table).key
    # The + takes the column's affinity away, without which the index of the kept values would not be used.
    place = " AND ".join(f"k{number} = +{quoted(table)}.{quoted(part)}" for number, part in enumerate(key))
    with parts.without_triggers(connection, table):
        driver.execute(
            f"UPDATE {quoted(table)} SET {quoted(name)} = (SELECT v FROM {quoted(kept)} WHERE {place})"
            f" WHERE EXISTS (SELECT 1 FROM {quoted(kept)} WHERE {place})"
        )
    driver.execute(f"DROP TABLE {quoted(kept)}")
    return ["drop_column", table, name, False]


def _drop_column(connection: Connection, table: str, name: str, unused: bool) -> Step | None:
    """With `unused` only while every row has the column's default."""
    driver = driver_of(connection)
    found = parts.read(connection, table)
    column = found.column(name)
    if found.search and found.search.own and name in found.search.columns:
        raise errors.ConflictError(f"{name} is in the search index of {table}.", "Drop the search index first.")
    if unused and not column.generated and parts.any_row(driver, table, f"{quoted(name)} IS NOT {_default(column)}"):
        raise errors.ConflictError(f"Rows have values in {name}.", "Drop the column instead.")
    back = _keep_column(connection, found, column)
    parts.run(connection, f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")
    return back


def _default(column: Column) -> str:
    return f"({column.default})" if column.default is not None else "NULL"


def _keep_column(connection: Connection, table: Table, column: Column) -> Step | None:
    """Keeps the column's values; gives the step that brings it back where it was, None when these would be lost."""
    driver, sql = driver_of(connection), parts.table_sql(connection, table.name)
    if column.generated:
        return ["rebuild", table.name, sql, []]
    computed = column.default is not None and not _CONSTANT.fullmatch(column.default.strip("() "))
    at, usual = quoted(column.name), _default(column)
    valued = "1" if computed else f"({at} IS NOT {usual} OR typeof({at}) <> typeof({usual}))"
    if not parts.any_row(driver, table.name, valued):
        return ["rebuild", table.name, sql, []]
    nameless = not table.editable or any(
        parts.any_row(driver, table.name, f"{quoted(part)} IS NULL") for part in table.key
    )
    if nameless or parts.count(driver, table.name, f" WHERE {valued}") > steps.MOST_KEPT:
        return None
    chosen = ", ".join(quoted(part) for part in (*table.key, column.name))
    select = f"SELECT {chosen} FROM {quoted(table.name)} WHERE {valued}"
    return ["rebuild", table.name, sql, [[column.name, parts.keep(connection, len(table.key), ["v"], select)]]]


def _create(connection: Connection, made: Sequence[Sequence[str]]) -> Step:
    """Makes parts, each a type, a name and its SQL."""
    for _, _, sql in made:
        parts.run(connection, sql)
    kind, name, _ = made[0]
    return ["drop", kind, name]


def _drop(connection: Connection, kind: str, name: str) -> Step:
    """Drops an index, a view, a trigger or a table without rows."""
    driver = driver_of(connection)
    if kind == "search":
        return _drop_search(driver, name)
    if (kind, name) not in parts.parts(connection):
        raise errors.ConflictError(f"The {kind} {name} is no longer there.")
    if kind == "table":
        check_unreferred(connection, name)
        if parts.any_row(driver, name):
            raise errors.ConflictError(f"The table {name} holds rows.")
    back = ["create", _made(connection, kind, name)]
    parts.run(connection, f"DROP {kind.upper()} {quoted(name)}")
    return back


def _drop_search(driver: Any, table: str) -> Step:
    back = ["create", fulltext.made(driver, table)]
    if not back[1]:
        raise errors.ConflictError(f"{table} has no search index.")
    fulltext.drop(driver, table)
    return back


def _made(connection: Connection, kind: str, name: str) -> list[list[str]]:
    """A part with what stands on it, in the order of their making."""
    own = parts.parts(connection)[kind, name]
    rest = parts.below(connection, name) if kind in {"table", "view"} else []
    searched = fulltext.made(driver_of(connection), name) if kind == "table" else []
    return [[part.type, part.name, part.sql] for part in (own, *rest)] + searched


def check_unreferred(connection: Connection, name: str) -> None:
    """Raises ConflictError naming the tables that refer to this one."""
    steps.check_unreferred(name, referring(connection, name), "tables")


def _delete(connection: Connection, name: str) -> Step | None:
    """Deletes a table with its rows, which are kept under a hidden name as long as they are not too many."""
    check_unreferred(connection, name)
    driver, table = driver_of(connection), parts.read(connection, name)
    made = _made(connection, "table", name)
    kept = _keep_rows(connection, table) if parts.count(driver, name) <= steps.MOST_KEPT else None
    drawn = parts.drawn(connection, name)
    parts.run(connection, f"DROP TABLE {quoted(name)}")
    return ["restore", name, made, kept, drawn] if kept else None


def _keep_rows(connection: Connection, table: Table) -> str:
    driver, kept = driver_of(connection), steps.free(catalog.names(connection, steps.KEPT))
    names = _stored(table)
    driver.execute(f"CREATE TABLE {quoted(kept)} ({', '.join(f'c{number}' for number in range(len(names)))})")
    chosen = ", ".join(map(quoted, names))
    driver.execute(f"INSERT INTO {quoted(kept)} SELECT {chosen} FROM {quoted(table.name)}")
    return kept


def _restore(
    connection: Connection, name: str, made: Sequence[Sequence[str]], kept: str, drawn: int | None = None
) -> Step:
    """Makes a deleted table anew with its rows, then its indexes and triggers."""
    driver = driver_of(connection)
    if name.casefold() in {known.casefold() for known in catalog.read_tables(driver)}:
        raise errors.ConflictError(f"There is another table {name} now.", "Rename that one first.")
    if catalog.names(connection, kept) != [kept]:
        raise errors.ConflictError(f"The rows of {name} are no longer kept.")
    (_, _, sql), *rest = made
    driver.execute(sql)
    chosen = ", ".join(map(quoted, _stored(parts.read(connection, name))))
    driver.execute(f"INSERT INTO {quoted(name)} ({chosen}) SELECT * FROM {quoted(kept)}")
    parts.draw_after(connection, name, drawn)
    for _, _, below in rest:
        driver.execute(below)
    driver.execute(f"DROP TABLE {quoted(kept)}")
    return ["delete", name]


_VERBS: dict[str, Callable[..., Step | None]] = {
    "rename_table": _rename_table,
    "rename_column": _rename_column,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "create": _create,
    "drop": _drop,
    "delete": _delete,
    "restore": _restore,
    "rebuild": rebuilding.rebuild,
    "redefine": redefinitions.redefine,
}


def definition(_: Connection, column: Column) -> str:
    """The column as SQL defines it."""
    text = f"{quoted(column.name)} {column.type}".rstrip()
    if not column.nullable:
        text += " NOT NULL"
    if column.default is not None:
        text += f" DEFAULT {column.default}"
    if column.references:
        text += f" REFERENCES {quoted(column.references[0])} ({quoted(column.references[1])})"
    return text


def holds(connection: Connection, kept: str, key: Sequence[Any]) -> bool:
    """Whether a value is kept of the row that had this key."""
    place = " AND ".join(f"k{number} IS ?" for number in range(len(key)))
    found = driver_of(connection).execute(f"SELECT 1 FROM {quoted(kept)} WHERE {place}", list(key))
    return found.fetchone() is not None


def _stored(table: Table) -> list[str]:
    """The names of the values that a row stores, the hidden key's included."""
    names = [column.name for column in table.columns if not column.generated]
    return names + ([table.row_id] if table.row_id else [])


details = made.details
index_step = made.index_step
