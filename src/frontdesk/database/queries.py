"""Typed SQL, carried out by the driver: a connection that can only read, within limits."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from frontdesk.database import dialects, places
from frontdesk.errors import InputError

ROWS = 1000
"""At most so many rows are fetched."""
BYTES = 32_000_000
"""And about so many bytes of texts and bytes."""
LONGEST_VALUE = 10_000_000
LONGEST_SQL = 100_000
BUSY_MILLISECONDS = 2000
STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""

OWN = "_frontdesk_"
REFUSED_FUNCTIONS = frozenset(
    "load_extension readfile writefile edit fts3_tokenizer fsdir zipfile eval lsmode sqlar_uncompress".split()
)
REFUSED_TABLES = frozenset({"sqlite_dbpage", "fsdir", "zipfile"})
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
FAULTS = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError)
"""What the driver raises for typed SQL."""
STATEMENT_FAULTS = ("SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_TOOBIG", "SQLITE_RANGE", "SQLITE_MISMATCH", "SQLITE_MISUSE")


@dataclass(frozen=True)
class Answer:
    """The rows that a query gave, as far as they were fetched."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool
    milliseconds: float
    exact: tuple[int, ...] = field(default=(), kw_only=True)  # the places of columns of numbers that are kept as text

    def json(self) -> dict[str, Any]:
        """The answer as the API gives it."""
        return {name: getattr(self, name) for name in ("columns", "rows", "truncated", "milliseconds")}


def read(
    path: Path,
    sql: str,
    parameters: Mapping[str, Any],
    seconds: float,
    *,
    began: float | None = None,
    most: int = ROWS,
    room: int = BYTES,
) -> Answer:
    """What a query that only reads gives: at most so many rows, and bytes of texts. `began` is since when it may take.

    Raises InputError with the database's sentence where the SQL is wrong, writes, reaches for what is hidden or takes
    longer than `seconds`. One long built-in function does not look at the clock: that one must be killed from outside.
    """
    here = time.perf_counter()
    until = (here if began is None else began) + seconds
    guard = Guard()
    try:
        with closing(_open(path)) as connection:
            connection.set_authorizer(guard)
            connection.set_progress_handler(lambda: time.perf_counter() > until, STEPS)
            try:
                cursor = connection.execute(sql, dict(parameters))
                if cursor.description is None:
                    raise InputError(errors={"sql": "Write a query, such as SELECT * FROM … ."})
                columns = [column[0] for column in cursor.description]
                rows, truncated = fetch(cursor, most, room)
            except sqlite3.Error as error:
                raise places.located(told(error, guard, seconds), sql, prober(connection, parameters)) from None
    except FAULTS as error:
        raise told(error, guard, seconds) from None
    return Answer(columns, rows, truncated, since(here))


def prober(connection: sqlite3.Connection, parameters: Mapping[str, Any]) -> Callable[[str], str]:
    """What SQLite says of a beginning of the SQL; empty where it takes it."""

    def probe(sql: str) -> str:
        try:
            connection.execute(f"EXPLAIN {sql}", dict(parameters)).close()
        except FAULTS as error:
            return str(error)
        return ""

    return probe


def since(began: float) -> float:
    """Milliseconds since a moment of the performance counter."""
    return round((time.perf_counter() - began) * 1000, 3)


def fetch(cursor: Iterable[tuple[Any, ...]], most: int = ROWS, room: int = BYTES) -> tuple[list[tuple[Any, ...]], bool]:
    """The first rows, and whether there are more."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        if len(rows) == most or size > room:
            return rows, True
        rows.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
    return rows, False


class Guard:
    """SQLite's authorizer: allows what reads, and knows what was refused."""

    rule = "A query only reads what is shown here"

    def __init__(self) -> None:
        self.refused = ""

    def __call__(self, action: int, first: str | None, second: str | None, _: str | None, source: str | None) -> int:
        if self.may(action, (first or "").casefold(), (second or "").casefold(), source):
            return sqlite3.SQLITE_OK
        name = _ACTIONS.get(action, "this")
        self.refused = f"{second}()" if action == sqlite3.SQLITE_FUNCTION else str(first) if action in READING else name
        return sqlite3.SQLITE_DENY

    def may(self, action: int, first: str, second: str, source: str | None) -> bool:
        """Whether an action is allowed; `source` is the trigger or view that it comes from."""
        if action == sqlite3.SQLITE_FUNCTION:
            return second not in REFUSED_FUNCTIONS
        if action == sqlite3.SQLITE_READ:
            return not first.startswith(OWN) and first not in REFUSED_TABLES
        if action == sqlite3.SQLITE_PRAGMA:  # what a full-text index asks before it is searched
            return first == "data_version" and not second
        if action == sqlite3.SQLITE_UPDATE:  # so it declares its columns; SQLite itself refuses the rest
            return first == "sqlite_master"
        return action in READING


_ACTIONS = {
    getattr(sqlite3, f"SQLITE_{name.replace(' ', '_')}"): name
    for name in (
        "INSERT,UPDATE,DELETE,CREATE TABLE,CREATE INDEX,CREATE VIEW,CREATE TRIGGER,CREATE TEMP TABLE,CREATE TEMP VIEW,"
        "CREATE TEMP TRIGGER,CREATE TEMP INDEX,CREATE VTABLE,DROP TABLE,DROP INDEX,DROP VIEW,DROP TRIGGER,ALTER TABLE,"
        "ATTACH,DETACH,PRAGMA,TRANSACTION,SAVEPOINT,REINDEX,ANALYZE"
    ).split(",")
}


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000
    )
    try:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.create_function("frontdesk_fold", 1, dialects.fold, deterministic=True)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # what a query sorts shall not fill the disk
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)
        # Without the schema in memory SQLite takes a name that is not there for a schema that has changed.
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 0").close()
    except BaseException:
        connection.close()
        raise
    return connection


def told(error: Exception, guard: Guard, seconds: float) -> Exception:
    """The driver's fault as ours: an InputError, unless the database itself is at fault."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if guard.refused:
        return wrong(f"{guard.rule}; {guard.refused} is not authorized.")
    if code == "SQLITE_INTERRUPT":
        return overrun(seconds)
    if isinstance(error, MemoryError):
        return wrong("The query needs more memory than it may have.")
    if isinstance(error, sqlite3.Error) and code and not code.startswith(STATEMENT_FAULTS):
        return dialects.translate(error)
    return wrong(f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")


def overrun(seconds: float) -> InputError:
    """What is said of a query that took too long."""
    return wrong(f"The query was stopped after {seconds:.1f} s.")


def wrong(sentence: str) -> InputError:
    """What is said of the SQL."""
    return InputError(sentence, errors={"sql": sentence})
