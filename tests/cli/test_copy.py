"""`frontdesk copy`: one database, or a whole desk."""

import json
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from frontdesk import errors
from frontdesk.accounts import users
from frontdesk.cli import group
from frontdesk.demo import making
from frontdesk.desk import Desk
from frontdesk.functions import runs
from frontdesk.history import changes
from frontdesk.logs import records
from frontdesk.tables import rows
from frontdesk.tables.keys import KeyText
from tests.conftest import ADA
from tests.postgresql import Server

OLDER = {"age": 33}
KRISH = KeyText(("1",), "1")


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, ["copy", *arguments, "--desk", str(folder)], catch_exceptions=True)


def employees(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM employees ORDER BY id").fetchall()


@pytest.fixture
def server_url(postgresql: Server, postgresql_url: str) -> Iterator[str]:
    """The URL of an empty database; those beside it that are made go away again."""
    yield postgresql_url
    name = postgresql_url.rpartition("/")[2]
    for (beside,) in postgresql.execute(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{name}_')"):
        postgresql.drop(beside)


def test_a_database_is_copied_by_its_name_and_shown_table_by_table(
    folder: Path, postgresql_url: str, postgresql: Server
) -> None:
    done = run(folder, "example", postgresql_url)
    assert done.exit_code == 0, done.output
    heading, columns, line = done.stdout.splitlines()
    assert (heading, columns.split()) == ("example", ["table", "rows", "checksum", "same"])
    assert line.split()[:2] == ["employees", "3"] and line.split()[3] == "yes"
    assert postgresql.execute("SELECT name FROM employees WHERE age > 30", database=postgresql_url) == [
        ("Krish",),
        ("Charlie",),
    ]
    back = run(folder, postgresql_url, str(folder / "back.db"), "--json")
    told = json.loads(back.stdout)["databases"][0]
    assert told["tables"][0] == {"table": "employees", "rows": 3, "checksum": line.split()[2], "same": True}
    assert employees(folder / "back.db") == employees(folder / "example.db")


def test_what_is_in_the_way_is_one_sentence_without_the_password(folder: Path, postgresql_url: str) -> None:
    assert run(folder, "example", postgresql_url).exit_code == 0
    again = run(folder, "example", postgresql_url)
    assert isinstance(again.exception, errors.ConflictError)
    assert again.exception.message == "There is a table employees already."
    for source, target in [
        ("nosuch", "new.db"),
        ("example", "mysql://me@server/shop"),
        ("example", str(folder)),
        (str(folder), str(folder)),
    ]:
        assert isinstance(run(folder, source, target).exception, errors.Error)
    wrong = postgresql_url.replace("@", "x@")
    refused = run(folder, "example", wrong)
    assert isinstance(refused.exception, errors.OperationalError)
    assert "password" in refused.exception.message and wrong.split(":")[2] not in str(refused.exception)


def test_a_desk_goes_to_a_server_with_users_runs_logs_and_history_and_back(
    folder: Path, desk: Desk, server_url: str, tmp_path: Path
) -> None:
    users.add(desk.state, "zoe", "a long password", "editor")
    rows.update(desk.databases["example"], "employees", KRISH, OLDER, ADA)
    desk.close()
    done = run(folder, str(folder), server_url)
    assert done.exit_code == 0, done.output
    written = tomllib.loads(done.stdout[done.stdout.index("[databases]") :])["databases"]
    assert list(written) == ["example", "state", "logs"] and "***" in written["state"]
    assert written["example"].endswith(f"{server_url.rpartition('/')[2]}_example")

    moved = tmp_path / "moved"
    moved.mkdir()
    urls = {"example": f"{server_url}_example", "state": server_url, "logs": server_url}
    lines = "\n".join(f'{name} = "{url}"' for name, url in urls.items())
    (moved / "frontdesk.toml").write_text(f"[databases]\n{lines}\n")
    with closing(Desk(moved, logs={"console": False})) as there:
        assert users.find(there.state, "zoe").role == "editor"
        assert there.database("example").dialect == "postgresql"
        (change,) = changes.search(there.database("example")).changes
        assert change.row and change.row.changed == ["age"]
        users.add(there.state, "bob", "a long password", "viewer")  # ids go on
    back = tmp_path / "back"
    assert run(folder, str(moved), str(back)).exit_code == 0
    assert [(row[1], row[2]) for row in employees(back / "example.db")] == [("Krish", 33), ("Bob", 25), ("Charlie", 35)]
    with closing(Desk(back, logs={"console": False})) as again:
        assert {one.name for one in users.list_all(again.state)} == {"zoe", "bob"}
    assert not list(tmp_path.glob(".*"))


def test_a_desk_is_copied_whole_or_not_at_all(folder: Path, server_url: str, postgresql: Server) -> None:
    with closing(sqlite3.connect(folder / "zoo.db")) as connection:
        connection.executescript("CREATE TABLE animals (n INTEGER); INSERT INTO animals VALUES ('cat')")
    done = run(folder, str(folder), server_url)
    assert isinstance(done.exception, errors.InputError)
    assert "'cat' is no integer" in done.exception.errors["animals.n"]
    name = server_url.rpartition("/")[2]
    assert postgresql.execute(f"SELECT 1 FROM pg_database WHERE starts_with(datname, '{name}_')") == []
    schemas = "SELECT 1 FROM pg_namespace WHERE nspname = 'frontdesk'"
    assert postgresql.execute(schemas, database=server_url) == []


def test_who_may_not_make_databases_reads_which_ones_to_make(folder: Path, server_url: str, postgresql: Server) -> None:
    name = server_url.rpartition("/")[2]
    postgresql.execute(f"CREATE ROLE {name}_plain LOGIN PASSWORD 'plain'")
    try:
        done = run(folder, str(folder), postgresql.url(name, user=f"{name}_plain", password="plain"))
    finally:
        postgresql.execute(f"DROP ROLE {name}_plain")
    assert isinstance(done.exception, errors.PermissionDenied)
    assert f'CREATE DATABASE "{name}_example"' in done.exception.hint


@pytest.mark.long
def test_the_demo_desk_goes_there_and_back(server_url: str, tmp_path: Path) -> None:
    demo, moved, back = tmp_path / "demo", tmp_path / "moved", tmp_path / "back"
    demo.mkdir()
    moved.mkdir()
    making.make(demo)
    with closing(Desk(demo, logs={"console": False})) as desk:
        desk.calls.call("divide", {"a": 1, "b": 0}, ADA)
        known = runs.search(desk.state, ADA)
        logged = records.search(desk.read_logs())
    done = run(demo, str(demo), server_url, "--json")
    assert done.exit_code == 0, done.output
    there = json.loads(done.stdout)["databases"]
    names = [one["database"] for one in there]
    assert {"example", "sales_data", "school", "state", "logs"} <= set(names)
    lines = [f'{name} = "{server_url}{"" if name in {"state", "logs"} else f"_{name}"}"' for name in names]
    (moved / "frontdesk.toml").write_text("\n".join(["[databases]", *lines, ""]))
    returned = run(demo, str(moved), str(back), "--json")
    for old, new in zip(there, json.loads(returned.stdout)["databases"], strict=True):
        assert old["tables"] == new["tables"] and not old["notes"]
    with closing(Desk(back, logs={"console": False})) as desk:
        assert runs.search(desk.state, ADA) == known
        assert records.search(desk.read_logs()) == logged
