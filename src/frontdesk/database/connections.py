"""One database: connections for reading, transactions for writing, and the driver's errors as ours."""

import logging
import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Executable, event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine import ExceptionContext

from frontdesk import errors
from frontdesk.database import dialects
from frontdesk.database.sqlite import drivers

BUSY_SECONDS = drivers.BUSY_SECONDS

for _name in ("sqlalchemy.engine.Engine.frontdesk", "sqlalchemy.pool"):
    # Carrying a log record takes SQL: were our own statements logged, each record would make more of them without end.
    logging.getLogger(_name).setLevel(logging.WARNING)

_SILENT = logging.Logger("frontdesk.silent", logging.CRITICAL + 1)  # noqa: LOG001 - in no hierarchy that could turn it on
"""Our own statements are never logged: they carry secrets, and carrying the logs would make more to carry."""


class Place(Protocol):
    """Where a database is, and how its engine is spoken to."""

    dialect: str

    @property
    def readers(self) -> Engine: ...
    @property
    def writer(self) -> Engine: ...
    def prepare(self, connection: Connection, durable: bool) -> None: ...
    def begun(self, connection: Connection) -> None: ...
    def limit(self, connection: Connection, seconds: float) -> AbstractContextManager[None]: ...
    def redefining(self, connection: Connection) -> AbstractContextManager[None]: ...
    def lock_by(self, table: str) -> None: ...
    def stamp(self) -> Hashable: ...
    def close(self) -> None: ...


class Database:
    """A named database: a SQLite file or one of a PostgreSQL server."""

    def __init__(
        self,
        name: str,
        place: Path | str,
        *,
        read_only: bool = False,
        create: bool = False,
        patience: float = BUSY_SECONDS,
        own: bool = False,
    ) -> None:
        """`place` is a path or a `postgresql+psycopg://` URL; `own` says that it holds Frontdesk's tables alone.

        `create` makes a missing file; without it a missing file is an OperationalError at the first use.
        `patience` is how many seconds a writer waits for another program's lock.
        """
        self.name = name
        self.place = place
        self.read_only = read_only
        self._fetching = threading.Lock()
        self._place = _place(place, read_only=read_only, create=create, patience=patience, own=own)
        for engine in {self._place.readers, self._place.writer}:
            engine.logger = engine.pool.logger = _SILENT
            event.listen(engine, "handle_error", _raise_ours)

    @property
    def dialect(self) -> str:
        """sqlite or postgresql."""
        return self._place.dialect

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        assert isinstance(self._place, drivers.Place)
        return self._place.path

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading."""
        with self._told(), self._place.readers.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees the database as it is at the first statement, however long it reads."""
        with self._told(), self._place.readers.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def within(self, seconds: float) -> Iterator[Connection]:
        """A connection for reading whose statements are ended after so long. Raises InterruptedError then."""
        with self.snapshot() as connection, self._place.limit(connection, seconds):
            yield connection

    @contextmanager
    def transaction(self, *, durable: bool = True, redefining: bool = False) -> Iterator[Connection]:
        """A connection inside a writing transaction, committed at the end of the block and rolled back by an error.

        `durable` waits for the disk at the commit, so that a power cut takes nothing; without it kill -9 takes nothing.
        With `redefining` a table may be made anew: who does looks at the references. Raises BusyError when the lock is
        not had in time.
        """
        self.check_writable()
        with self._told(), self._writer(redefining) as connection:
            self._place.prepare(connection, durable)
            with connection.begin():
                self._place.begun(connection)
                yield connection

    @contextmanager
    def trial(self, *, redefining: bool = False) -> Iterator[Connection]:
        """As `transaction`, but whatever was done is rolled back at the end: the database stays as it was."""
        self.check_writable()
        with self._told(), self._writer(redefining) as connection:
            transaction = connection.begin()
            try:
                self._place.begun(connection)
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's errors as ours, which name this database."""
        try:
            with _translated():
                yield
        except errors.DatabaseError as error:
            error.database = error.database or self.name
            raise

    @contextmanager
    def _writer(self, redefining: bool) -> Iterator[Connection]:
        with ExitStack() as stack:
            connection = stack.enter_context(self._place.writer.connect())
            if redefining:
                stack.enter_context(self._place.redefining(connection))
            yield connection

    def is_there(self) -> bool:
        """Whether there is anything to connect to; of a server only the connection tells."""
        return self.dialect != "sqlite" or self.path.exists()

    def lock_by(self, table: str) -> None:
        """From now on writers wait for each other by this table of Frontdesk's own; a SQLite file has a lock itself."""
        self._place.lock_by(table)

    def check_writable(self) -> None:
        """Raises PermissionDenied where the database is served read-only."""
        if self.read_only:
            raise errors.PermissionDenied(f"{self.name} is served read-only.", "Start again without --read-only.")

    def fetch(self, connection: Connection, statement: Executable) -> Sequence[Any]:
        """All rows of the statement, on SQLite fetched under one lock.

        The sqlite3 module gives the interpreter lock away at every row: four fetching threads are slower than one.
        """
        if self.dialect != "sqlite":
            return connection.execute(statement).all()
        with self._fetching:
            return connection.execute(statement).all()

    def stamp(self) -> Hashable:
        """Changes whenever anyone commits."""
        with self._told():
            return self._place.stamp()

    def close(self) -> None:
        """Closes every connection of the pools."""
        self._place.close()


def _place(place: Path | str, *, read_only: bool, create: bool, patience: float, own: bool) -> Place:
    if isinstance(place, Path) or "://" not in place:
        return drivers.Place(Path(place), read_only=read_only, create=create, patience=patience)
    from frontdesk.database.postgresql import drivers as postgresql  # its driver is an extra

    return postgresql.Place(place, patience=patience, own=own)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlalchemy_errors.TimeoutError as error:
        raise errors.BusyError("The database is busy: other writers are before you.") from error
    except Exception as error:
        if not dialects.is_drivers(error):
            raise
        raise dialects.translate(error) from error


def _raise_ours(context: ExceptionContext) -> None:
    original = context.original_exception
    if isinstance(original, Exception) and dialects.is_drivers(original):
        raise dialects.translate(original) from original


def quoted(name: str) -> str:
    """The name as an SQL identifier; double quotes hold every character, brackets do not."""
    return '"' + name.replace('"', '""') + '"'
