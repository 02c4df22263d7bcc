"""One database: connections for reading, one writer, and the driver's errors as ours."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from frontdesk import errors
from frontdesk.database import dialects

BUSY_SECONDS = 10.0
"""How long a writer waits for another one's lock."""

QUIET = "frontdesk"
for _name in (f"sqlalchemy.engine.Engine.{QUIET}", "sqlalchemy.pool"):
    # Carrying a log record takes SQL: were our own statements logged, each record would make more of them without end.
    logging.getLogger(_name).setLevel(logging.WARNING)

_SILENT = logging.Logger("frontdesk.silent", logging.CRITICAL + 1)  # noqa: LOG001 - in no hierarchy that could turn it on
"""Our own statements are never logged: they carry secrets, and carrying the logs would make more to carry."""


class Database:
    """A named database with pooled readers and one writer in this process."""

    def __init__(
        self,
        name: str,
        path: Path | str,
        *,
        read_only: bool = False,
        create: bool = False,
        patience: float = BUSY_SECONDS,
    ) -> None:
        """`create` makes a missing file; without it a missing file is an OperationalError at the first use.

        `patience` is how many seconds a writer waits for another program's lock.
        """
        self.name = name
        self.path = Path(path)
        self.read_only = read_only
        self._create = create
        self._patience = patience
        self._journal_checked = False
        self._fetching = threading.Lock()
        self._readers = self._engine(size=8)
        self._writer = self._engine(size=1)
        event.listen(self._writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading."""
        with _translated(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """A connection inside a writing transaction, committed at the end of the block and rolled back by an error.

        `durable` waits for the disk at the commit, so that a power cut takes nothing; without it kill -9 takes nothing.
        Raises BusyError when the lock is not had in time.
        """
        self.check_writable()
        with _translated(), self._writer.connect() as connection:
            self._use_wal(connection)
            driver_of(connection).execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with connection.begin():
                yield connection

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """As `transaction`, but whatever was done is rolled back at the end: the file stays as it was."""
        self.check_writable()
        with _translated(), self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    def check_writable(self) -> None:
        """Raises PermissionDenied where the database is served read-only."""
        if self.read_only:
            raise errors.PermissionDenied(f"{self.name} is served read-only.", "Start again without --read-only.")

    def fetch(self, connection: Connection, statement: Executable) -> Sequence[Any]:
        """All rows of the statement, fetched under one lock.

        The sqlite3 module gives the interpreter lock away at every row: four fetching threads are slower than one.
        """
        with self._fetching:
            return connection.execute(statement).all()

    def stamp(self) -> Hashable:
        """Changes whenever anyone commits: the times and sizes of the file and its write-ahead log."""
        return tuple(_time_and_size(path) for path in (self.path, self.path.with_name(f"{self.path.name}-wal")))

    def close(self) -> None:
        """Closes every connection of the pools."""
        self._readers.dispose()
        self._writer.dispose()

    def _use_wal(self, connection: Connection) -> None:
        """Write-ahead logging is a property of the file: switched on by the first write, never by looking."""
        if self._journal_checked:
            return
        driver = driver_of(connection)
        if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            driver.execute("PRAGMA journal_mode = WAL")
        self._journal_checked = True

    def _engine(self, size: int) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=self._open,
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0 if size == 1 else 24,
            pool_timeout=BUSY_SECONDS,
            logging_name=QUIET,
        )
        engine.logger = engine.pool.logger = _SILENT
        event.listen(engine, "handle_error", _raise_ours)
        return engine

    def _open(self) -> sqlite3.Connection:
        return open_file(self.path, read_only=self.read_only, create=self._create, patience=self._patience)


def open_file(
    path: Path,
    *,
    read_only: bool = False,
    create: bool = False,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
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
        factory=factory,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.create_function("frontdesk_fold", 1, dialects.fold, deterministic=True)
    return connection


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


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlalchemy_errors.TimeoutError as error:
        raise errors.BusyError("The database is busy: other writers are before you.") from error
    except sqlite3.Error as error:
        raise dialects.translate(error) from error


def _raise_ours(context: ExceptionContext) -> None:
    original = context.original_exception
    if isinstance(original, sqlite3.Error):
        raise dialects.translate(original) from original


def quoted(name: str) -> str:
    """The name as an SQL identifier; double quotes hold every character, brackets do not."""
    return '"' + name.replace('"', '""') + '"'


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
