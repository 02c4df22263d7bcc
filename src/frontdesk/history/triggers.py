"""Records every change of rows on SQLite, by triggers that only our own connection has and that commit with the change.

The triggers are TEMP: other programs never meet them. They see what cascades and people's own triggers do, and a
rollback takes their entries along.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from frontdesk.database import schema, values
from frontdesk.database.connections import quoted
from frontdesk.database.schema import Table
from frontdesk.database.sqlite import catalog
from frontdesk.history import entries
from frontdesk.history.entries import Where, value_names
from frontdesk.history.labels import Labels

_VERB = re.compile(r"(?:\s|;|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w+)", re.DOTALL)
_REPLACES = re.compile(r"\bOR\s+REPLACE\b|\bREPLACE\s+INTO\b", re.IGNORECASE)
_HARMLESS = frozenset(
    "SELECT PRAGMA EXPLAIN BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE VALUES CREATE ATTACH DETACH VACUUM".split()
)

ARGUMENTS = 90
"""A SQL function takes at most 100 arguments: wider rows are written in pieces."""


class Recorder(Labels):
    """Records what one connection of the driver changes."""

    def __init__(self, driver: Any) -> None:
        """Gives the connection the functions that its triggers call."""
        self._driver = driver
        self._version: tuple[int, int] | None = None
        self._listening = True
        self.begin()
        driver.create_function("frontdesk_row", -1, _row, deterministic=True)
        driver.create_function("frontdesk_begins", 3, self._begins)
        driver.create_function("frontdesk_change", 2, self._change)
        driver.create_function("frontdesk_who", 1, self._who)

    def begin(self, operation: str | None = None, undoes: int | None = None) -> None:
        """A new transaction, or a new part of one: what comes is another change, of this operation."""
        self._last: int | None = None
        super().begin(operation, undoes)

    def prepare(self) -> None:
        """Installs the triggers, anew when the schema has changed or a rollback took them."""
        if self._versions() == self._version:
            return
        self.remove()
        self._make_entries()
        self._driver.execute(f"PRAGMA recursive_triggers = {'OFF' if misses_replaced(self._driver) else 'ON'}")
        for table in catalog.read_tables(self._driver).values():
            if table.editable:  # a virtual table takes no triggers, and rows without a key could not be told apart
                self._watch(table)
        self._version = self._versions()

    def remove(self) -> None:
        """Takes the triggers away: ALTER TABLE refuses to work while a trigger names what it alters."""
        found = self._driver.execute("SELECT name FROM temp.sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in found:
            if name.startswith(schema.OWN):
                self._driver.execute(f"DROP TRIGGER temp.{quoted(name)}")
        self._version = None

    def before(self, _: Any, sql: str) -> None:
        """Hears of each statement of a person's own connection before it is carried out."""
        if self._listening:
            if not self._driver.in_transaction:
                self.begin()
            with self._ours():
                self._make_ready(_VERB.match(sql))

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """What we execute ourselves: it is told to us as well, and rows may be anything that people like."""
        driver, self._listening = self._driver, False
        theirs = driver.row_factory, driver.text_factory
        driver.row_factory, driver.text_factory = None, str
        try:
            yield
        finally:
            driver.row_factory, driver.text_factory = theirs
            self._listening = True

    def _redefined(self) -> None:
        self.prepare()

    def _enter_definition(self, number: int, before: str | None, after: str | None) -> None:
        self._driver.execute(
            f"INSERT INTO {entries.rows.name} (change, before, after) VALUES (?, ?, ?)", [number, before, after]
        )

    def rename(self, table: str, new: str) -> None:
        """Carries the history of a table over to its new name."""
        self._driver.execute(f'UPDATE {entries.changes.name} SET "table" = ? WHERE "table" = ?', [new, table])

    def enter(self, table: str, operation: str, columns: Sequence[str], key: Sequence[str]) -> int:
        """Enters a change whose rows are written by the caller, and gives its number."""
        newest = self._driver.execute(f"SELECT coalesce(max(id), 0) FROM {entries.changes.name}").fetchone()[0]
        self._begins(table, operation, newest)
        number = self._change(table, operation)
        facts = [self._who(fact) for fact in ("at", "user", "request", "run", "transaction", "undoes")]
        self._driver.execute(
            f'INSERT INTO {entries.changes.name} (id, "table", operation, columns, "key", at, user, request, run,'
            ' "transaction", undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            [number, table, operation, json.dumps(list(columns)), json.dumps(list(key)), *facts],
        )
        return number

    def lock(self, table: Table, keys: Iterable[Sequence[Any]]) -> None:
        """Whoever writes holds the whole database."""

    def insert(self, connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Inserts a row and gives its key."""
        statement = sa.insert(table.clause).values(dict(row)).returning(*(table.clause.c[name] for name in table.key))
        return tuple(connection.execute(statement).one())

    def update(self, connection: Connection, table: Table, where: Where, row: Mapping[str, Any]) -> int:
        """Sets columns of the rows that fit, and gives how many there were."""
        return connection.execute(sa.update(table.clause).where(*where).values(dict(row))).rowcount

    def delete(self, connection: Connection, table: Table, where: Where) -> int:
        """Deletes the rows that fit, and gives how many there were."""
        return connection.execute(sa.delete(table.clause).where(*where)).rowcount

    def leave_out(self, table: str) -> None:
        """Takes the triggers of one table away, whose rows the caller records; `prepare` brings them back."""
        for operation in ("insert", "update", "delete"):
            self._driver.execute(f"DROP TRIGGER IF EXISTS temp.{quoted(f'{schema.OWN}{operation}_{table}')}")

    def _make_ready(self, found: re.Match[str] | None) -> None:
        verb = _verb(found)
        if verb in {"ALTER", "DROP"}:
            self.remove()
        elif verb not in _HARMLESS:
            if self._version is None and not self._driver.in_transaction:
                self._driver.execute("PRAGMA journal_mode = WAL").fetchone()
            self.prepare()

    def _versions(self) -> tuple[int, int]:
        """Of the schema and of our triggers: a rollback brings older triggers back, and their number with them."""
        places = ("main", "temp")
        main, temp = (self._driver.execute(f"PRAGMA {place}.schema_version").fetchone()[0] for place in places)
        return main, temp

    def _make_entries(self) -> None:
        known = self._driver.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [entries.blocks.name]).fetchone()
        if known is None:
            for sql in _entries_sql():
                self._driver.execute(sql)

    def _watch(self, table: Table) -> None:
        for operation, before, after in (("insert", "", "NEW"), ("update", "OLD", "NEW"), ("delete", "OLD", "")):
            self._driver.execute(_trigger(table, operation, before, after))

    def _begins(self, table: str, operation: str, newest: int) -> int:
        """Whether this row is the first of a change. `newest` is the newest change in the database.

        When that is not the one we began last, ours was rolled back or another writer came between.
        """
        if self._last is not None and newest != self._last:
            self._changes, self._first = {}, None
        group = (table, self._operation or operation)
        if group in self._changes:
            return 0
        self._last = self._changes[group] = newest + 1
        self._first = self._first or self._last
        return 1

    def _change(self, table: str, operation: str) -> int:
        return self._changes[table, self._operation or operation]

    def _who(self, what: str) -> Any:
        match what:
            case "at":
                return values.now().replace(tzinfo=None).isoformat(" ", "microseconds")
            case "operation":
                return self._operation
            case "undoes":
                return self._undoes
            case "transaction":
                return self._first
        return entries.asked_by()[what]


def _row(*parts: Any) -> str:
    return values.exact(parts)[1:-1]


def _values(row: str, names: Sequence[str]) -> str:
    """SQL for the JSON text of a row's values."""
    if not row:
        return "NULL"
    pieces = [names[start : start + ARGUMENTS] for start in range(0, len(names), ARGUMENTS)]
    calls = [f"frontdesk_row({', '.join(f'{row}.{quoted(name)}' for name in piece)})" for piece in pieces]
    return "'[' || " + " || ',' || ".join(calls) + " || ']'"


def _trigger(table: Table, operation: str, before: str, after: str) -> str:
    names = value_names(table)
    literal = "'" + table.name.replace("'", "''") + "'"
    columns = "'" + json.dumps(names).replace("'", "''") + "'"
    key = "'" + json.dumps(table.key).replace("'", "''") + "'"
    changes, rows = quoted(entries.changes.name), quoted(entries.rows.name)
    facts = ", ".join(f"frontdesk_who('{fact}')" for fact in ("at", "user", "request", "run", "transaction", "undoes"))
    return f"""
CREATE TEMP TRIGGER {quoted(f"{schema.OWN}{operation}_{table.name}")}
AFTER {operation.upper()} ON main.{quoted(table.name)}
BEGIN
  INSERT INTO {changes} (id, "table", operation, columns, "key", at, user, request, run, "transaction", undoes)
  SELECT frontdesk_change({literal}, '{operation}'), {literal}, coalesce(frontdesk_who('operation'), '{operation}'),
         {columns}, {key}, {facts}
  WHERE frontdesk_begins({literal}, '{operation}', coalesce((SELECT max(id) FROM {changes}), 0));
  INSERT INTO {rows} ("change", "key", "before", "after")
  VALUES (frontdesk_change({literal}, '{operation}'), {_values(before or after, table.key)},
          {_values(before, names)}, {_values(after, names)});
END"""


def _entries_sql() -> list[str]:
    dialect = sqlite.dialect()
    tables = [entries.changes, entries.rows, entries.blocks]
    made = [str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)) for table in tables]
    indexes = [index for table in tables for index in sorted(table.indexes, key=lambda index: str(index.name))]
    return made + [str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)) for index in indexes]


def replaces(sql: str) -> bool:
    """Whether a statement may take rows away to make room for others."""
    return _verb(_VERB.match(sql)) != "CREATE" and _REPLACES.search(sql) is not None


def misses_replaced(driver: Any) -> bool:
    """Whether the rows that INSERT OR REPLACE takes away stay unseen: where the database has triggers of its own.

    Without these, recursion shows ours the row that INSERT OR REPLACE takes away; people's own may call
    themselves without end when it is on, since SQLite's default is off.
    """
    sql = "SELECT 1 FROM main.sqlite_master WHERE type = 'trigger' AND NOT name GLOB ?"
    return driver.execute(sql, [f"{schema.OWN}*"]).fetchone() is not None


def defines(sql: str) -> bool:
    """Whether a statement alters or drops: then our triggers must be away, since SQLite refuses while one is there."""
    return _verb(_VERB.match(sql)) in {"ALTER", "DROP"}


def _verb(found: re.Match[str] | None) -> str:
    return found[1].upper() if found else ""
