"""SQLite files as the driver opens them: with our pragmas and functions, for ourselves or for people's code."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from frontdesk import errors
from frontdesk.database import dialects
from frontdesk.database.values import Undecoded

STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""
BUSY_SECONDS = 10.0
"""How long a writer waits for another one's lock."""


class Place:
    """One SQLite file: pooled readers and one writer in this process."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, read_only: bool, create: bool, patience: float) -> None:
        self.path = path
        self._read_only, self._create, self._patience = read_only, create, patience
        self._journal_checked = False
        self.readers = self._engine(size=8)
        self.writer = self._engine(size=1)
        event.listen(self.writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))

    def prepare(self, connection: Connection, durable: bool) -> None:
        """Before a transaction: write-ahead logging, a property of the file, is switched on by the first write."""
        driver = driver_of(connection)
        if not self._journal_checked:
            if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                driver.execute("PRAGMA journal_mode = WAL")
            self._journal_checked = True
        driver.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def begun(self, connection: Connection) -> None:
        """After a transaction began."""

    @contextmanager
    def limit(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Ends what the connection carries out after so many seconds."""
        driver, until = driver_of(connection), time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)

    @contextmanager
    def redefining(self, connection: Connection) -> Iterator[None]:
        """Foreign keys are off, which cannot be done within a transaction: a table that is dropped takes no rows."""
        driver = driver_of(connection)
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            driver.execute("PRAGMA foreign_keys = ON")

    def lock_by(self, table: str) -> None:
        """The file has one writer at a time as it is."""

    def stamp(self) -> tuple[tuple[int, int] | None, ...]:
        """The times and sizes of the file and its write-ahead log."""
        return tuple(_time_and_size(path) for path in (self.path, self.path.with_name(f"{self.path.name}-wal")))

    def close(self) -> None:
        """Closes every connection of the pools."""
        self.readers.dispose()
        self.writer.dispose()

    def _engine(self, size: int) -> Engine:
        return create_engine(
            "sqlite://",
            creator=self._open,
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0 if size == 1 else 24,
            pool_timeout=BUSY_SECONDS,
            logging_name="frontdesk",
        )

    def _open(self) -> sqlite3.Connection:
        return open_file(self.path, read_only=self._read_only, create=self._create, patience=self._patience)


def open_file(
    path: Path,
    *,
    read_only: bool = False,
    create: bool = False,
    factory: type[sqlite3.Connection] | None = None,
    patience: float = BUSY_SECONDS,
) -> sqlite3.Connection:
    """The driver's own connection to a file, with our pragmas and functions, in autocommit mode."""
    mode = "ro" if read_only else "rwc" if create else "rw"
    if not create and not path.exists():
        raise errors.OperationalError(f"{path.name} is not there.", "It was there when the desk was opened.")
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        factory=factory or _Connection,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.create_function("frontdesk_fold", 1, dialects.fold, deterministic=True)
    return connection


class _Cursor(sqlite3.Cursor):
    """The driver's cursor; texts that are no UTF-8 come as `Undecoded` bytes rather than as an error."""

    _asked: tuple[str, Any] = ("", ())
    _given = 0
    _changes = 0

    def execute(self, sql: str, parameters: Any = (), /) -> "_Cursor":
        """As the driver's."""
        self._asked, self._given, self._changes = (sql, parameters), 0, self.connection.total_changes
        super().execute(sql, parameters)
        return self

    def fetchone(self) -> Any:
        """As the driver's."""
        found = self._fetched(super().fetchone)
        self._given += found is not None
        return found

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """As the driver's."""
        fetch = super().fetchmany
        found: list[Any] = self._fetched(lambda: fetch(self.arraysize if size is None else size))
        self._given += len(found)
        return found

    def fetchall(self) -> list[Any]:
        """As the driver's."""
        found: list[Any] = self._fetched(super().fetchall)
        self._given += len(found)
        return found

    def _fetched(self, fetch: Callable[[], Any]) -> Any:
        """What is fetched; the first text that is no UTF-8 has the statement read again, from the same row on.

        To look at each text costs as much as to fetch it: connections do so once they have met such a text.
        """
        try:
            return fetch()
        except sqlite3.OperationalError as error:
            known = self.connection.text_factory is _text
            if known or "decode" not in str(error) or self.connection.total_changes != self._changes:
                raise
        self.connection.text_factory = _text
        super().execute(*self._asked)
        if self._given:
            super().fetchmany(self._given)
        return fetch()


class _Connection(sqlite3.Connection):
    """The driver's connection with our cursor."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        """As the driver's."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As the driver's."""
        return self.cursor().execute(sql, parameters)  # type: ignore[no-any-return]


def _text(found: bytes) -> str | Undecoded:
    try:
        return found.decode()
    except UnicodeDecodeError:
        return Undecoded(found)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below a SQLAlchemy one."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _time_and_size(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class RecordedCursor(sqlite3.Cursor):
    """The driver's cursor; tells its connection's recorder before each statement that may change something."""

    def execute(self, sql: str, parameters: Any = (), /) -> "RecordedCursor":
        """As the driver's."""
        self._tell(sql)
        super().execute(sql, parameters)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> "RecordedCursor":
        """As the driver's."""
        self._tell(sql)
        super().executemany(sql, parameters)
        return self

    def executescript(self, sql_script: str, /) -> "RecordedCursor":
        """As the driver's, statement by statement, so that a table made on the way is recorded too."""
        self.connection.commit()
        level, self.connection.isolation_level = self.connection.isolation_level, None
        try:
            for statement in _statements(sql_script):
                self.execute(statement)
        finally:
            self.connection.isolation_level = level
        return self

    def _tell(self, sql: str) -> None:
        recorder = getattr(self.connection, "recorder", None)
        if recorder is not None:
            recorder(self.connection, sql)


def _statements(script: str) -> Iterator[str]:
    rest = ""
    for piece in script.split(";"):
        rest += piece + ";"
        if sqlite3.complete_statement(rest):
            yield rest
            rest = ""
    if rest.strip("; \t\r\n"):
        yield rest.rstrip(";")


class RecordedConnection(sqlite3.Connection):
    """The driver's PEP 249 connection; `recorder` hears of each statement, `ended` of each commit and rollback."""

    recorder: Callable[[sqlite3.Connection, str], None] | None = None
    ended: Callable[[], None] | None = None

    def cursor(self, factory: Any = RecordedCursor) -> Any:
        """As the driver's."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As the driver's."""
        return self.cursor().execute(sql, parameters)  # type: ignore[no-any-return]

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As the driver's."""
        return self.cursor().executemany(sql, parameters)  # type: ignore[no-any-return]

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """As the driver's."""
        return self.cursor().executescript(sql_script)  # type: ignore[no-any-return]

    def commit(self) -> None:
        """As the driver's."""
        super().commit()
        self._tell_end()

    def rollback(self) -> None:
        """As the driver's."""
        super().rollback()
        self._tell_end()

    def __exit__(self, *error: Any) -> Any:
        """As the driver's: commits, or rolls back after an error."""
        try:
            return super().__exit__(*error)
        finally:
            self._tell_end()

    def _tell_end(self) -> None:
        if self.ended is not None:
            self.ended()


def open_recorded(path: Path, *, read_only: bool = False) -> RecordedConnection:
    """The driver's own connection as `sqlite3.connect` gives it (made when missing), ready to be recorded.

    Unlike ours it is not in autocommit mode: people's code commits as the driver's documentation says.
    """
    connection = open_file(path, read_only=read_only, create=True, factory=RecordedConnection)
    connection.isolation_level = "DEFERRED"
    assert isinstance(connection, RecordedConnection)
    return connection
