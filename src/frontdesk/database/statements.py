"""One typed statement that may write, carried out by the driver inside a transaction of ours, within limits."""

import sqlite3
import time
from collections.abc import Collection, Mapping
from typing import Any

from frontdesk import errors
from frontdesk.database import places, queries
from frontdesk.database.queries import OWN, Answer, Guard
from frontdesk.database.sqlite.fulltext import PREFIX as SEARCH

LONGEST_VALUE = 100_000_000
"""Bytes: the history keeps a row as text, which is longer than the row."""

CHANGING = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
DEFINING = frozenset(
    getattr(sqlite3, f"SQLITE_{verb}_{noun}")
    for verb in ("CREATE", "DROP")
    for noun in ("TABLE", "INDEX", "VIEW", "TRIGGER")
) | {sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_REINDEX}
OWN_FUNCTIONS = frozenset(f"frontdesk_{name}" for name in ("row", "begins", "change", "who"))

INNER = ("sqlite_sequence", "sqlite_stat1", "sqlite_stat4")
"""Tables in which SQLite keeps what is its own."""


class WritingGuard(Guard):
    """SQLite's authorizer: allows rows and definitions to change, and keeps Frontdesk's own tables from the SQL.

    `refused_tables` are those whose rows the history cannot name, `inner_tables` those in which others keep what is
    theirs: they change along with these, never by themselves. `target` is the first table whose rows the SQL
    changes, `dropped` the one that it drops.
    """

    rule = "Typed SQL changes rows, tables, indexes, views and triggers, never what is Frontdesk's own"

    def __init__(self, refused_tables: Collection[str] = (), inner_tables: Collection[str] = ()) -> None:
        super().__init__()
        self._begun = False
        self._inner_tables = {name.casefold() for name in (*inner_tables, *INNER)}
        self.target = ""
        self.dropped = ""
        self._refused_tables = {name.casefold() for name in refused_tables}

    def __call__(
        self, action: int, first: str | None, second: str | None, place: str | None, source: str | None
    ) -> int:
        """As SQLite asks; remembers the target and the name of what was refused."""
        changing = action in CHANGING and bool(first)
        if changing and not source and not self.target and not str(first).startswith("sqlite_"):
            self.target = str(first)
        if action == sqlite3.SQLITE_DROP_TABLE:
            self.dropped = str(first)
        # ALTER TABLE looks through the list of temp's own; nothing else may update that.
        altering = action == sqlite3.SQLITE_UPDATE and first in {"sqlite_temp_master", "sqlite_temp_schema"}
        if place == "temp" and action in CHANGING and not altering and not (source and source.startswith(OWN)):
            self.refused, self.rule = "temp", "What is made in temp is gone when the statement ends"
            return sqlite3.SQLITE_DENY
        answer = super().__call__(action, first, second, place, source)
        self._begun = self._begun or changing  # the SQL's own table comes first, then what changes along with it
        if changing and answer != sqlite3.SQLITE_OK:
            self.refused = str(first)
            if self.refused.casefold() in self._refused_tables:
                self.rule = "The history cannot name the rows of a virtual table"
        return answer

    def may(self, action: int, first: str, second: str, source: str | None) -> bool:
        """Whether an action is allowed; what our own triggers do is."""
        if source and source.startswith(OWN):
            return True
        if action == sqlite3.SQLITE_READ and first.startswith(SEARCH):
            return self._begun  # an index looks at its own parts; the SQL itself may not hold such a name
        if action in CHANGING:
            inner = first.casefold() in self._inner_tables
            own = first.startswith(OWN) and not (inner and first.startswith(SEARCH))
            return (
                not own
                and not (inner and not self._begun)
                and (source is not None or first not in self._refused_tables)
            )
        if action in DEFINING:
            return not any(name.startswith(OWN) or name in self._inner_tables for name in (first, second))
        if action == sqlite3.SQLITE_FUNCTION and second in OWN_FUNCTIONS:
            return False
        return super().may(action, first, second, source)


def execute(
    driver: sqlite3.Connection,
    sql: str,
    parameters: Mapping[str, Any],
    seconds: float,
    guard: WritingGuard,
    began: float | None = None,
) -> Answer:
    """The first rows that one statement gives; what it wrote is in the transaction that is open.

    Raises InputError with the database's sentence where it is wrong, refused, in conflict, or takes longer than
    `seconds` since it `began`.
    """
    here = time.perf_counter()
    until = (here if began is None else began) + seconds
    theirs = driver.text_factory
    try:
        _limit(driver)
        driver.text_factory = lambda text: text.decode("utf-8", "replace")
        driver.set_authorizer(guard)
        driver.set_progress_handler(lambda: time.perf_counter() > until, queries.STEPS)
        cursor = driver.execute(sql, dict(parameters))
        columns = [column[0] for column in cursor.description or ()]
        rows, truncated = queries.fetch(cursor) if columns else ([], False)
        cursor.close()
    except queries.FAULTS as error:
        told = _told(error, guard, seconds)
        raise places.located(told, sql, queries.prober(driver, parameters)) from None
    finally:
        driver.set_authorizer(None)
        driver.set_progress_handler(None, 0)
        driver.text_factory = theirs
    return Answer(columns, rows, truncated, queries.since(here))


def _limit(driver: sqlite3.Connection) -> None:
    driver.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)


def _told(error: Exception, guard: WritingGuard, seconds: float) -> Exception:
    """A rule of the tables that the rows break stands at the SQL too."""
    found = queries.told(error, guard, seconds)
    if isinstance(found, errors.IntegrityError):
        return queries.wrong(found.message)
    return found
