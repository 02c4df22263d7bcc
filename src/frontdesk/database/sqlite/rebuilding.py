"""A SQLite table given another definition, by the twelve steps of SQLite's documentation (lang_altertable.html).

Its rows go into a new table, with their hidden keys; that one takes the name, and the indexes and triggers are made
anew. Foreign keys are off meanwhile, which the transaction must have begun with, and looked at before its end.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Column, Table, row_id
from frontdesk.database.sqlite import catalog, declarations, fulltext, parts
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step

NEW = f"{OWN}made_anew"
"""The name of the new table until it has the old one's."""


@dataclass(frozen=True)
class _Work:
    """A table as it is and as it becomes, in one transaction."""

    connection: Connection
    old: Table
    new: Table
    hidden: str | None  # the name of the hidden key, where there is one

    @property
    def driver(self) -> Any:
        return driver_of(self.connection)

    @property
    def join(self) -> str:
        """SQL for the same row in both."""
        names = [self.hidden] if self.hidden else self.old.primary_key
        return " AND ".join(f"o.{quoted(name)} = n.{quoted(name)}" for name in names)


def rebuild(
    connection: Connection,
    name: str,
    sql: str,
    kept: Sequence[Sequence[str]] = (),
    sources: Mapping[str, str] | None = None,
) -> Step | None:
    """Gives a table the definition in this SQL, and the step that takes it back; None where that would lose values.

    `kept` are pairs of a column and the hidden table with values of it to put in; `sources` are SQL for other values.
    """
    driver = driver_of(connection)
    if driver.execute("PRAGMA foreign_keys").fetchone()[0]:
        raise errors.ConflictError(f"The definition of {name} is changed by itself.", "Undo the other changes first.")
    old, before, below = parts.read(connection, name), parts.table_sql(connection, name), parts.below(connection, name)
    searched = fulltext.made(driver, name)
    fulltext.drop(driver, name)
    last, broken = parts.drawn(connection, name), _broken(connection, name)
    _check_unchanged(driver, old, kept)
    steps.tell(connection, "PRAGMA foreign_keys = OFF")
    parts.run(connection, declarations.parse(sql).sql(NEW))
    work = _Work(connection, old, catalog.read_own(connection, NEW), _hidden(driver, old))
    parts.run(connection, _copy(work, kept, sources or {}))
    back = _back(work, before, {column for column, _ in kept} | set(sources or ()))
    parts.run(connection, f"DROP TABLE {quoted(name)}")
    driver.execute("PRAGMA legacy_alter_table = ON")  # else views and triggers that name the table stand in the way
    try:
        parts.run(connection, f"ALTER TABLE {quoted(NEW)} RENAME TO {quoted(name)}")
    finally:
        driver.execute("PRAGMA legacy_alter_table = OFF")
    for part in below:
        parts.run(connection, part.sql)
    for _, _, made in searched:  # filled anew: values may be others now
        driver.execute(made)
    parts.draw_after(connection, name, last)
    for _, table in kept:
        parts.let_go(connection, table)
    steps.tell(connection, f"PRAGMA foreign_key_check({quoted(name)})")
    _check_references(connection, name, broken)
    return back


def _hidden(driver: Any, table: Table) -> str | None:
    """The name by which the hidden key is read: rows keep it, whatever else their key is."""
    if table.row_id or any(column.automatic for column in table.columns):
        return table.row_id
    without = driver.execute("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", [table.name])
    return None if without.fetchone()[0] else row_id(table.columns)


def _copy(work: _Work, kept: Sequence[Sequence[str]], sources: Mapping[str, str]) -> str:
    """SQL that puts all rows into the new table."""
    given = {column: _kept_value(work, column, table) for column, table in kept} | dict(sources)
    there = {column.name for column in work.old.columns}
    names = [one.name for one in work.new.columns if not one.generated and (one.name in there or one.name in given)]
    chosen = [given.get(name, f"o.{quoted(name)}") for name in names]
    if work.hidden:
        names, chosen = [work.hidden, *names], [f"o.{quoted(work.hidden)}", *chosen]
    return (
        f"INSERT INTO {quoted(NEW)} ({', '.join(map(quoted, names))})\n"
        f"SELECT {', '.join(chosen)}\nFROM {quoted(work.old.name)} AS o"
    )


def _kept_value(work: _Work, column: str, table: str) -> str:
    """SQL for the value that is kept of a row, else the one that it has, else the default."""
    place = f"SELECT v FROM {quoted(table)} AS k WHERE {_place(work.old)}"
    found = {one.name for one in work.old.columns}
    new = work.new.column(column)
    rest = f"o.{quoted(column)}" if column in found else f"({new.default})" if new.default is not None else "NULL"
    return f"CASE WHEN EXISTS ({place}) THEN ({place}) ELSE {rest} END"


def _place(table: Table) -> str:
    """SQL for the same row in a hidden table; + takes affinity away, without which its index would not be used."""
    return " AND ".join(f"k.k{number} = +o.{quoted(part)}" for number, part in enumerate(table.key))


def _check_unchanged(driver: Any, table: Table, kept: Sequence[Sequence[str]]) -> None:
    """Raises ConflictError naming the rows that are no longer as the change left them."""
    names = {column.name for column in table.columns}
    key = ", ".join(f"o.{quoted(part)}" for part in table.key)
    for column, hidden in kept:
        if column in names:
            where = (
                f"FROM {quoted(table.name)} AS o JOIN {quoted(hidden)} AS k ON {_place(table)}"
                f" WHERE typeof(o.{quoted(column)}) <> typeof(k.n) OR +o.{quoted(column)} IS NOT k.n"
            )
            (found,) = driver.execute(f"SELECT count(*) {where}").fetchone()
            if found:
                rows = driver.execute(f"SELECT {key} {where} LIMIT {steps.SHOWN}").fetchall()
                reason = f"{column} has changed since."
                raise steps.refusal(found, [(row, reason) for row in rows], f"{column} of {table.name}")


def _back(work: _Work, before: str, given: set[str]) -> Step | None:
    """The step that gives the definition back that was, with the values that were."""
    there = {column.name: column for column in work.old.columns}
    added = [column.name for column in work.new.columns if column.name not in there]
    if added:
        return ["drop_column", work.old.name, added[0], False]
    watched = [
        column.name
        for column in work.new.columns
        if not column.generated and (column.name in given or column.type != there[column.name].type)
    ]
    kept = [_keep(work, column) for column in watched]
    if None in kept:
        for one in filter(None, kept):
            parts.let_go(work.connection, one)
        return None
    return ["rebuild", work.old.name, before, [[column, one] for column, one in zip(watched, kept, strict=True) if one]]


def _keep(work: _Work, column: str) -> str | None:
    """Keeps the values that are others now: "" where none is, None where they are too many or their rows nameless."""
    was, now = f"o.{quoted(column)}", f"n.{quoted(column)}"
    differs = f"(typeof({was}) <> typeof({now}) OR {was} IS NOT +{now})"
    source = f"{quoted(work.old.name)} AS o JOIN {quoted(NEW)} AS n ON {work.join} WHERE {differs}"
    (found,) = work.driver.execute(f"SELECT count(*) FROM {source}").fetchone()
    nameless = " OR ".join(f"o.{quoted(part)} IS NULL" for part in work.old.key)
    if not found:
        return ""
    if (
        found > steps.MOST_KEPT
        or work.driver.execute(f"SELECT 1 FROM {source} AND ({nameless}) LIMIT 1").fetchone() is not None
    ):
        return None
    key = [f"o.{quoted(part)}" for part in work.old.key]
    return parts.keep(work.connection, len(key), ["v", "n"], f"SELECT {', '.join((*key, was, now))} FROM {source}")


def _broken(connection: Connection, name: str) -> Counter[tuple[str, str]]:
    """How many rows refer to rows that are not there, by table and the one referred to, where this table is concerned.

    What was so before stands in nobody's way.
    """
    driver = driver_of(connection)
    folded = name.casefold()
    concerned = [
        table.name
        for table in catalog.read_tables(driver).values()
        if table.name.casefold() == folded or any(key.table.casefold() == folded for key in table.foreign_keys)
    ]
    found: Counter[tuple[str, str]] = Counter()
    for table in concerned:
        try:
            rows = driver.execute(f"PRAGMA foreign_key_check({quoted(table)})").fetchall()
        except Exception:  # noqa: BLE001 - a reference to what is no key is said by SQLite when it is used
            found[table, ""] = 1
        else:
            found.update((row[0], row[2]) for row in rows)
    return found


def _check_references(connection: Connection, name: str, before: Counter[tuple[str, str]]) -> None:
    """Raises ConflictError where rows refer to rows that are not there now."""
    more = _broken(connection, name) - before
    for (table, target), count in more.items():
        if not target:
            driver_of(connection).execute(f"PRAGMA foreign_key_check({quoted(table)})").fetchall()
        raise steps.refusal(count, [], f"{table} refers to {target}")


def changed(column: Column, wish: Mapping[str, Any], declaration: declarations.Declaration) -> declarations.Declaration:
    """The declaration with another type, NULL or default of a column."""
    if "type" in wish:
        declaration = declaration.column(column.name, lambda one: declarations.retyped(one, wish["type"]))
    if "nullable" in wish:
        declaration = declaration.column(column.name, lambda one: declarations.required(one, not wish["nullable"]))
    if "default" in wish:
        declaration = declaration.column(column.name, lambda one: declarations.defaulted(one, wish["default"]))
    return declaration
