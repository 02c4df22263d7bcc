"""The server that the other tests get: one per run, nothing of one test in the next, gone afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import postgresql_server
from tests.postgresql import SETTING, Server, binaries

psycopg = pytest.importorskip("psycopg", reason="psycopg is missing: pip install 'psycopg[binary]'")
SCHEMA = "CREATE TABLE pets (id bigint PRIMARY KEY, name text); INSERT INTO pets VALUES (1, 'Ada')"


def connected(url: str):
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_the_server_is_postgresql_18_in_utf8_with_sorting_by_code_point(postgresql: Server):
    if SETTING not in os.environ:
        assert postgresql.execute("SHOW server_version")[0][0].startswith("18.")
        assert postgresql.execute("SELECT datlocale, pg_encoding_to_char(encoding) FROM pg_database LIMIT 1") == [
            ("C.UTF-8", "UTF8")
        ]


@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_of_one_test_is_in_the_next(postgresql_url: str, postgresql: Server, turn: int):
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert postgresql.execute(tables, database=postgresql_url) == [(0,)]
    postgresql.execute(SCHEMA, database=postgresql_url)
    assert postgresql.execute(tables, database=postgresql_url) == [(1,)]


def test_a_database_goes_though_somebody_is_connected(postgresql: Server):
    url = postgresql.create()
    with connected(url) as connection:
        postgresql.drop(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connected(url)


def test_a_wrong_password_is_refused(postgresql: Server):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(postgresql.url("postgres", password="wrong"))


def test_a_template_is_made_once_and_copied_with_its_rows(postgresql: Server):
    name = postgresql.template(SCHEMA)
    assert postgresql.template(SCHEMA) == name
    first, second = postgresql.create(name), postgresql.create(name)
    postgresql.execute("DELETE FROM pets", database=first)
    assert postgresql.execute("SELECT name FROM pets", database=second) == [("Ada",)]
    postgresql.drop(first)
    postgresql.drop(second)


def test_a_template_can_be_made_by_a_function(postgresql: Server):
    def fill(url: str) -> None:
        postgresql.execute(SCHEMA, database=url)

    url = postgresql.create(postgresql.template(fill))
    assert postgresql.execute("SELECT id FROM pets", database=url) == [(1,)]
    postgresql.drop(url)


def test_a_test_that_takes_a_place_runs_on_both_engines(engine: str, place: Path | str):
    if engine == "sqlite":
        assert isinstance(place, Path) and not place.exists()
    else:
        with connected(str(place)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_what_needs_postgresql_carries_the_marker(engine: str, request: pytest.FixtureRequest):
    assert (request.node.get_closest_marker("postgresql") is not None) == (engine == "postgresql")


@pytest.mark.skipif(SETTING in os.environ, reason=f"that server is not ours to end: unset {SETTING}")
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_the_server_is_gone_after_the_run_also_when_the_run_is_killed(end: str, postgresql: Server):
    run = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = postgresql_server.start(binaries(), run.pid)
    url = f"postgresql://{started['user']}:{started['password']}@127.0.0.1:{started['port']}/postgres"
    psycopg.connect(url).close()
    if end == "kill":
        run.send_signal(signal.SIGKILL)  # left unreaped on purpose: a zombie is no run
    else:
        postgresql_server.stop(started)
        run.communicate()
    deadline = time.monotonic() + 10
    while Path(started["folder"]).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)
    assert not Path(started["folder"]).exists()
    run.communicate()
