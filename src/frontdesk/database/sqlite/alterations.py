"""SQLite's tables altered in steps, each with the step that takes it back."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Column, Table
from frontdesk.database.sqlite import catalog, fulltext
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step

_UNSURE = re.compile(r"\b(CHECK|COLLATE|GENERATED|AS|CONFLICT|DEFERRABLE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A table, index, view or trigger as the schema holds it."""

    type: str
    name: str
    table: str
    sql: str


def parts(connection: Connection) -> dict[tuple[str, str], Part]:
    """Everything in the schema that was made by SQL, Frontdesk's own left out."""
    found = driver_of(connection).execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    return {(row[0], row[1]): Part(*row) for row in found.fetchall() if not row[1].startswith(OWN)}


def sql_of(connection: Connection, name: str, kind: str = "table") -> str | None:
    """The SQL that makes the table, index, view or trigger of this name; None when there is none."""
    found = parts(connection).get((kind, name))
    return found.sql if found else None


def stands(connection: Connection, name: str, sql: str) -> bool:
    """Whether the schema still holds what this SQL made."""
    found = driver_of(connection).execute("SELECT 1 FROM sqlite_master WHERE sql = ?", [sql])
    return found.fetchone() is not None


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
    driver_of(connection).execute(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
    return ["rename_table", new, old]


def _rename_column(connection: Connection, table: str, old: str, new: str) -> Step:
    driver_of(connection).execute(f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}")
    return ["rename_column", table, new, old]


def _add_column(connection: Connection, table: str, name: str, definition: str, kept: str | None = None) -> Step:
    """With the values in `kept`, where there are."""
    driver = driver_of(connection)
    driver.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {definition}")
    if kept is None:
        return ["drop_column", table, name, True]
    key = _read(connection, table).key
    # The + takes the column's affinity away, without which the index of the kept values would not be used.
    place = " AND ".join(f"k{number} = +{quoted(table)}.{quoted(part)}" for number, part in enumerate(key))
    with _without_triggers(connection, table):
        driver.execute(
            f"UPDATE {quoted(table)} SET {quoted(name)} = (SELECT v FROM {quoted(kept)} WHERE {place})"
            f" WHERE EXISTS (SELECT 1 FROM {quoted(kept)} WHERE {place})"
        )
    driver.execute(f"DROP TABLE {quoted(kept)}")
    return ["drop_column", table, name, False]


@contextmanager
def _without_triggers(connection: Connection, table: str) -> Iterator[None]:
    """People's own triggers of a table rest: what is brought back is no new doing."""
    driver = driver_of(connection)
    resting = [part for kind, part in _below(connection, table) if kind == "trigger"]
    for part in resting:
        driver.execute(f"DROP TRIGGER {quoted(part.name)}")
    yield
    for part in resting:
        driver.execute(part.sql)


def _drop_column(connection: Connection, table: str, name: str, unused: bool) -> Step | None:
    """With `unused` only while every row has the column's default."""
    driver = driver_of(connection)
    found = _read(connection, table)
    column = found.column(name)
    if found.search and found.search.own and name in found.search.columns:
        raise errors.ConflictError(f"{name} is in the search index of {table}.", "Drop the search index first.")
    if unused and _any(driver, table, f"{quoted(name)} IS NOT {column.default or 'NULL'}"):
        raise errors.ConflictError(f"Rows have values in {name}.", "Drop the column instead.")
    back = _keep_column(connection, found, column)
    driver.execute(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")
    if back and not _comes_back(connection, found, back[3]):
        for kept in back[4:]:
            driver.execute(f"DROP TABLE {quoted(kept)}")
        return None
    return back


def _comes_back(connection: Connection, table: Table, definition: str) -> bool:
    """Whether a column that was dropped would be as it was: tried out."""
    driver = driver_of(connection)
    driver.execute("SAVEPOINT tried")
    try:
        driver.execute(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {definition}")
        found = _read(connection, table.name)
        return set(found.columns) == set(table.columns) and set(found.foreign_keys) == set(table.foreign_keys)
    except sqlite3.Error:  # such as a default that is no constant
        return False
    finally:
        driver.execute("ROLLBACK TO tried")
        driver.execute("RELEASE tried")


def _keep_column(connection: Connection, table: Table, column: Column) -> Step | None:
    """Keeps the column's values; gives the step that brings it back, None when it would not be as it was."""
    driver = driver_of(connection)
    refuses = not column.nullable and column.default is None
    if refuses or column.generated or not table.editable or _UNSURE.search(sql_of(connection, table.name) or ""):
        return None
    if any(_any(driver, table.name, f"{quoted(part)} IS NULL") for part in table.key):
        return None
    back = ["add_column", table.name, column.name, definition(connection, column) + _actions(table, column)]
    valued = f"{quoted(column.name)} IS NOT {column.default or 'NULL'}"
    if not _any(driver, table.name, valued):
        return back
    if column.references and column.default:  # SQLite adds no such column
        return None
    if _count(driver, table.name, f" WHERE {valued}") > steps.MOST_KEPT:
        return None
    kept = steps.free(catalog.names(connection, steps.KEPT))
    names = [f"k{number}" for number in range(len(table.key))]
    driver.execute(f"CREATE TABLE {quoted(kept)} ({', '.join(names)}, v, PRIMARY KEY ({', '.join(names)}))")
    chosen = ", ".join(quoted(part) for part in (*table.key, column.name))
    driver.execute(f"INSERT INTO {quoted(kept)} SELECT {chosen} FROM {quoted(table.name)} WHERE {valued}")
    return [*back, kept]


def _create(connection: Connection, made: Sequence[Sequence[str]]) -> Step:
    """Makes parts, each a type, a name and its SQL."""
    for _, _, sql in made:
        driver_of(connection).execute(sql)
    kind, name, _ = made[0]
    return ["drop", kind, name]


def _drop(connection: Connection, kind: str, name: str) -> Step:
    """Drops an index, a view, a trigger or a table without rows."""
    driver = driver_of(connection)
    if kind == "search":
        return _drop_search(driver, name)
    if (kind, name) not in parts(connection):
        raise errors.ConflictError(f"The {kind} {name} is no longer there.")
    if kind == "table":
        check_unreferred(connection, name)
        if _any(driver, name):
            raise errors.ConflictError(f"The table {name} holds rows.")
    back = ["create", _made(connection, kind, name)]
    driver.execute(f"DROP {kind.upper()} {quoted(name)}")
    return back


def _drop_search(driver: Any, table: str) -> Step:
    back = ["create", fulltext.made(driver, table)]
    if not back[1]:
        raise errors.ConflictError(f"{table} has no search index.")
    fulltext.drop(driver, table)
    return back


def _made(connection: Connection, kind: str, name: str) -> list[list[str]]:
    """A part with what stands on it, in the order of their making."""
    own = parts(connection)[kind, name]
    below = [part for _, part in _below(connection, name)] if kind in {"table", "view"} else []
    searched = fulltext.made(driver_of(connection), name) if kind == "table" else []
    return [[part.type, part.name, part.sql] for part in (own, *below)] + searched


def _below(connection: Connection, name: str) -> list[tuple[str, Part]]:
    """The indexes and triggers of a table or view."""
    return [
        (part.type, part)
        for part in parts(connection).values()
        if part.table.casefold() == name.casefold() and part.type in {"index", "trigger"}
    ]


def check_unreferred(connection: Connection, name: str) -> None:
    """Raises ConflictError naming the tables that refer to this one."""
    others = referring(connection, name)
    if others:
        raise errors.ConflictError(
            f"{', '.join(others)} {'refers' if len(others) == 1 else 'refer'} to {name}.",
            "Delete those tables first, or their columns that refer to it.",
        )


def _delete(connection: Connection, name: str) -> Step | None:
    """Deletes a table with its rows, which are kept under a hidden name as long as they are not too many."""
    check_unreferred(connection, name)
    driver, table = driver_of(connection), _read(connection, name)
    made = _made(connection, "table", name)
    kept = _keep_rows(connection, table) if _count(driver, name) <= steps.MOST_KEPT else None
    drawn = _drawn(connection, name)
    driver.execute(f"DROP TABLE {quoted(name)}")
    return ["restore", name, made, kept, drawn] if kept else None


def _drawn(connection: Connection, name: str) -> int | None:
    """The last key that AUTOINCREMENT drew for a table: none is drawn twice."""
    if not catalog.names(connection, "sqlite_sequence"):
        return None
    found = driver_of(connection).execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [name]).fetchone()
    return found and int(found[0])


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
    chosen = ", ".join(map(quoted, _stored(_read(connection, name))))
    driver.execute(f"INSERT INTO {quoted(name)} ({chosen}) SELECT * FROM {quoted(kept)}")
    if drawn is not None:
        driver.execute("DELETE FROM sqlite_sequence WHERE name = ?", [name])
        driver.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [name, drawn])
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


def _actions(table: Table, column: Column) -> str:
    """What happens to the column's rows along with those that they refer to, as SQL."""
    keys = [key for key in table.foreign_keys if key.columns == (column.name,)]
    acts = [(verb, act) for key in keys for verb, act in (("DELETE", key.on_delete), ("UPDATE", key.on_update))]
    return "".join(f" ON {verb} {act}" for verb, act in acts if act != "NO ACTION")


def holds(connection: Connection, kept: str, key: Sequence[Any]) -> bool:
    """Whether a value is kept of the row that had this key."""
    place = " AND ".join(f"k{number} IS ?" for number in range(len(key)))
    found = driver_of(connection).execute(f"SELECT 1 FROM {quoted(kept)} WHERE {place}", list(key))
    return found.fetchone() is not None


def _stored(table: Table) -> list[str]:
    """The names of the values that a row stores, the hidden key's included."""
    names = [column.name for column in table.columns if not column.generated]
    return names + ([table.row_id] if table.row_id else [])


def _read(connection: Connection, name: str) -> Table:
    found = catalog.read_tables(driver_of(connection)).get(name)
    if found is None:
        raise errors.ConflictError(f"The table {name} is no longer there.")
    return found


def _any(driver: Any, table: str, where: str = "") -> bool:
    condition = f" WHERE {where}" if where else ""
    return driver.execute(f"SELECT 1 FROM {quoted(table)}{condition} LIMIT 1").fetchone() is not None


def _count(driver: Any, table: str, where: str = "") -> int:
    return int(driver.execute(f"SELECT count(*) FROM {quoted(table)}{where}").fetchone()[0])
