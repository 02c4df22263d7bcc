"""A PostgreSQL database through psycopg: one pool, values in the form that all floors above share, limits of waits."""

import copy
import functools
import select
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.pool import Pool, QueuePool

from frontdesk import errors
from frontdesk.database.postgresql import OWN_LOCK, OWN_SCHEMA, faults

try:
    import psycopg
    from psycopg import postgres
    from psycopg.abc import Buffer
except ImportError as error:
    raise errors.ConfigError(
        "PostgreSQL needs the package psycopg.", "Install it: pip install 'frontdesk[postgresql]'"
    ) from error

CONNECT_SECONDS = 2
"""How long a server may take to answer; of several hosts each."""
REST_SECONDS = 1.0
"""After a server did not answer, how long it is not asked again: who waits for it would fill all threads."""
IDLE_SECONDS = 5.0
"""A connection that rested for longer is tried before its use."""
POOL = 10
"""Connections of one process at most."""
PREPARE_AFTER = 2
"""Uses of a statement after which the server keeps it prepared."""


class Place:
    """One database of a PostgreSQL server: a pool whose connections read by themselves or write in transactions."""

    dialect = "postgresql"

    def __init__(self, url: str, *, patience: float, own: bool) -> None:
        self.url = make_url(url)
        self.lock = f"SELECT pg_catalog.pg_advisory_xact_lock({OWN_LOCK})" if own else ""
        self._limits = (
            f"SET LOCAL lock_timeout = {int(patience * 1000)}; SET LOCAL idle_in_transaction_session_timeout = '60s'"
        )
        self._door = Door(self.url, plain=own)
        self.writer = self._engine()
        self.readers = self.writer.execution_options(isolation_level="AUTOCOMMIT")

    def prepare(self, connection: Connection, durable: bool) -> None:
        """Before a transaction; every commit waits for the disk, as the server is set up."""

    def begun(self, connection: Connection) -> None:
        """After a transaction began: its limits, which no pooler gives to the next client.

        Frontdesk's own tables have one writer at a time, as on SQLite: what a transaction reads stands until it ends.
        """
        driver = driver_of(connection)
        driver.execute(self._limits)
        if self.lock:
            driver.execute(self.lock)

    def lock_by(self, table: str) -> None:
        """From now on writers wait for each other by this table of Frontdesk's own, which nobody else can lock."""
        self.lock = f"LOCK TABLE {OWN_SCHEMA}.{table} IN SHARE ROW EXCLUSIVE MODE"

    @contextmanager
    def limit(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Ends each statement of a transaction after so many seconds."""
        driver_of(connection).execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        yield

    @contextmanager
    def redefining(self, _: Connection) -> Iterator[None]:
        """Nothing stands in the way of definitions here."""
        yield

    def stamp(self) -> Hashable:
        """The transactions that were under way and the next one's number: another after every commit."""
        with self.readers.connect() as connection:
            return driver_of(connection).execute("SELECT pg_current_snapshot()::text").fetchone()

    def close(self) -> None:
        """Closes every connection of the pool."""
        self.writer.dispose()

    def _engine(self) -> Engine:
        engine = create_engine(
            self.url.set(query={}),
            creator=self._door.open,
            poolclass=QueuePool,
            pool_size=POOL // 2,
            max_overflow=POOL - POOL // 2,
            pool_timeout=CONNECT_SECONDS * 2,
            logging_name="frontdesk",
            execution_options={"schema_translate_map": {None: OWN_SCHEMA}},
            use_native_hstore=False,
        )
        event.listen(engine, "checkin", _rested)
        event.listen(engine, "checkout", _tried)
        event.listen(engine, "checkout", lambda driver, record, _: _without_old_plans(engine.pool, driver, record))
        return engine


class Door:
    """Opens connections; while the server does not answer, says so at once instead of waiting each time."""

    def __init__(self, url: URL, *, plain: bool) -> None:
        """`plain` gives values as psycopg does, not in the form of people's tables."""
        self._arguments = arguments(url)
        self._context = None if plain else common_form()
        self._trying = threading.Lock()
        self._closed: tuple[float, errors.Error] | None = None

    def open(self) -> "psycopg.Connection[Any]":
        """A connection. Raises BusyError while the server cannot be reached, OperationalError when it refuses."""
        closed = self._closed
        if closed is None:
            return self._try()
        until, error = closed
        if time.monotonic() < until or not self._trying.acquire(blocking=False):
            raise copy.copy(error)  # its own for each thread: raising writes into it
        try:  # one tries for all
            return self._try()
        finally:
            self._trying.release()

    def _try(self) -> "psycopg.Connection[Any]":
        try:
            connection = connect(self._arguments, self._context)
        except errors.Error as error:
            self._closed = time.monotonic() + REST_SECONDS, error
            raise
        self._closed = None
        return connection


def connect(given: dict[str, Any], context: Any = None) -> "psycopg.Connection[Any]":
    """The driver's connection, its times in UTC. Raises BusyError or OperationalError, without a password in it."""
    try:
        connection = psycopg.connect(**given, context=context)
        connection.autocommit = True
        connection.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'")
        connection.autocommit = False
    except psycopg.Error as error:
        raise faults.unreachable(error) from None
    return connection


def open_bare(url: str, *, read_only: bool = False) -> "psycopg.Connection[Any]":
    """The driver's own connection as `psycopg.connect` gives it. Raises BusyError or OperationalError."""
    try:
        connection = psycopg.connect(**arguments(make_url(url)))
    except psycopg.Error as error:
        raise faults.unreachable(error) from None
    connection.read_only = read_only or None
    return connection


def arguments(url: URL) -> dict[str, Any]:
    """What psycopg is to connect with: the URL's parts, and our limits where it names none."""
    pooled = url.query.get("pooler") in {"1", "true"}
    given = url.set(query={name: value for name, value in url.query.items() if name != "pooler"})
    parts: dict[str, Any] = given.translate_connect_args(username="user", database="dbname")
    parts |= {name: value if isinstance(value, str) else ",".join(value) for name, value in _hosts(given).items()}
    usual = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "frontdesk",
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 5_000,
        "prepare_threshold": None if pooled else PREPARE_AFTER,
    }
    return usual | parts


def _hosts(url: URL) -> dict[str, Any]:
    """The URL's query, where `host=a:5432` may stand several times."""
    query = dict(url.query)
    hosts = query.pop("host", None)
    if hosts is None:
        return query
    pairs = [host.partition(":") for host in ([hosts] if isinstance(hosts, str) else hosts)]
    query["host"] = ",".join(name for name, _, _ in pairs)
    if any(port for _, _, port in pairs):
        query["port"] = ",".join(port or "5432" for _, _, port in pairs)
    return query


def driver_of(connection: Connection) -> "psycopg.Connection[Any]":
    """The driver's connection below a SQLAlchemy one."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _rested(_: Any, record: Any) -> None:
    record.info["rested"] = time.monotonic()


def _tried(driver: Any, record: Any, _: Any) -> None:
    """A connection that rested for long may be to a server that is gone; one that was closed since has said so."""
    rested = record.info.get("rested")
    if rested is None or (time.monotonic() - rested < IDLE_SECONDS and not _has_news(driver)):
        return
    if not _answers(driver):
        raise sqlalchemy_errors.InvalidatePoolError  # the others are no better


def _answers(driver: "psycopg.Connection[Any]") -> bool:
    """Whether the server answers an empty statement in time; the driver itself would wait for ever."""
    server = driver.pgconn
    try:
        server.send_query(b"")
        until = time.monotonic() + CONNECT_SECONDS
        while server.is_busy():
            if not _is_readable(driver, max(0.0, until - time.monotonic())):
                return False
            server.consume_input()
        while server.get_result() is not None:
            pass
    except (psycopg.Error, OSError):
        return False
    return not driver.closed


_schemas: WeakKeyDictionary[Pool, int] = WeakKeyDictionary()
"""By pool, how often another schema was seen."""


def plan_anew(connection: Connection) -> None:
    """The schema is another: no connection goes on with statements that it prepared, whose columns may have changed."""
    pool = connection.engine.pool
    now = _schemas[pool] = connection.info["schema"] = _schemas.get(pool, 0) + 1
    _forget_plans(driver_of(connection), now)


def _without_old_plans(pool: Pool, driver: Any, record: Any) -> None:
    now = _schemas.get(pool, 0)
    if record.info.setdefault("schema", now) != now:
        record.info["schema"] = now
        driver.autocommit = True
        try:
            _forget_plans(driver, now)
            driver.autocommit = False
        except psycopg.Error as error:  # not one to go on with
            raise sqlalchemy_errors.InvalidatePoolError from error


def _forget_plans(driver: Any, number: int) -> None:
    """The number makes it another text each time: psycopg does not look at what comes of one that it has counted."""
    if driver.prepare_threshold is not None:
        driver.execute(f"DEALLOCATE ALL -- {number}")


def _has_news(driver: "psycopg.Connection[Any]") -> bool:
    """Whether the server has sent something that nobody asked for, such as its farewell; without asking it."""
    return driver.closed or _is_readable(driver, 0.0)


def _is_readable(driver: "psycopg.Connection[Any]", seconds: float) -> bool:
    asked = select.poll()
    asked.register(driver.fileno(), select.POLLIN)
    return bool(asked.poll(seconds * 1000))


class _Text(psycopg.adapt.Loader):
    """A value as PostgreSQL writes it."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _Bit(psycopg.adapt.Loader):
    """True and false as SQLite keeps them."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class _Moment(psycopg.adapt.Loader):
    """A time with a zone as RFC 3339 has it; what has no such form, such as `infinity`, as PostgreSQL writes it."""

    def load(self, data: Buffer) -> str:
        text = bytes(data).decode()
        return f"{text[:10]}T{text[11:-3]}Z" if text[10:11] == " " and text.endswith("+00") else text


@functools.cache
def common_form() -> psycopg.adapt.AdaptersMap:
    """Integers, reals, texts and bytes as such, truth as 1 and 0, and everything else as its text."""
    made = psycopg.adapt.AdaptersMap(psycopg.adapters)
    as_they_are = {"int2", "int4", "int8", "oid", "float4", "float8", "bytea", "text", "varchar", "bpchar", "name"}
    for info in postgres.types:
        if info.name not in as_they_are:
            made.register_loader(info.oid, _Text)
        if info.array_oid:
            made.register_loader(info.array_oid, _Text)
    made.register_loader("bool", _Bit)
    made.register_loader("timestamptz", _Moment)
    return made
