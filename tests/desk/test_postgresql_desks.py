"""A desk with databases on a server beside its files, and its own tables there too."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from frontdesk import context, errors
from frontdesk.desk import Desk
from frontdesk.history import capture
from frontdesk.tables import rows
from frontdesk.web import create_app
from tests.conftest import ADA, EVE, signed_in
from tests.postgresql import Server

GOODS = "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'lamp')"
RENAMING = """
import frontdesk

@frontdesk.function
def rename(name: str):
    with frontdesk.connect("shop") as connection:
        connection.execute("UPDATE goods SET name = %s", [name])
    return type(connection).__module__
"""


ODD = """
import logging
import frontdesk

@frontdesk.function
def odd():
    logging.getLogger("odd").log(2**40, "x" + chr(0))
    raise ValueError("a" + chr(0) + "b")
"""


@pytest.fixture
def shop(postgresql: Server) -> Iterator[str]:
    """The URL of a database of goods."""
    url = postgresql.create(postgresql.template(GOODS))
    yield url
    postgresql.drop(url)


@pytest.fixture
def opened(folder: Path, own_url: str, shop: str) -> Iterator[Callable[..., Desk]]:
    """Opens the desk of the folder with the shop, and with Frontdesk's own tables, on the server."""
    desks: list[Desk] = []
    urls = {"shop": shop, "state": own_url, "logs": own_url}

    def opened(**given: object) -> Desk:
        desks.append(Desk(folder, functions={"workers": 1}, logs={"console": False}, databases=urls, **given))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()


def names(desk: Desk) -> list[str]:
    with desk.database("shop").connect() as connection:
        return list(connection.scalars(sa.text("SELECT name FROM public.goods ORDER BY id")))


def test_databases_of_both_kinds_stand_side_by_side_and_frontdesks_own_are_not_among_them(
    opened: Callable[..., Desk],
) -> None:
    summaries = {one.name: [table.name for table in one.tables] for one in opened().summaries()}
    assert summaries == {"example": ["employees"], "shop": ["goods"]}


def test_users_runs_and_logs_are_kept_on_the_server_and_no_file_is_made_for_them(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.watch("web")
    (desk.folder / "hello.py").write_text("import frontdesk\n@frontdesk.function\ndef hello(): return 'hi'\n")
    run = desk.calls.call("hello", {}, EVE)
    assert desk.runs.show(run.id, EVE)["run"].result == "hi"
    assert list(desk.config.state_folder.glob("*.db")) == []


def test_a_file_and_a_server_database_of_one_name_are_refused(folder: Path, shop: str) -> None:
    with pytest.raises(errors.ConfigError, match=r"\[databases\] example has the name of the file example\.db"):
        Desk(folder, databases={"example": shop})


def test_a_file_that_comes_later_with_the_name_of_a_server_database_is_listed_with_its_problem(
    opened: Callable[..., Desk],
) -> None:
    desk = opened()
    sqlite3.connect(desk.folder / "shop.db").close()
    desk._looked = float("-inf")
    problems = {one.name: one.problem for one in desk.summaries()}
    assert problems.keys() == {"example", "shop", "shop.db"}
    assert problems["shop"] is None
    assert "has the name of a database" in (problems["shop.db"] or "")
    assert names(desk) == ["lamp"]


def test_where_single_files_are_served_no_server_is(opened: Callable[..., Desk]) -> None:
    assert opened(only=("example.db",)).databases.keys() == {"example"}


def test_peoples_code_gets_the_drivers_own_connection(opened: Callable[..., Desk]) -> None:
    desk = opened()
    (desk.folder / "renaming.py").write_text(RENAMING)
    assert desk.calls.call("rename", {"name": "chair"}, EVE).result == "psycopg"
    assert names(desk) == ["chair"]


def test_peoples_code_changes_nothing_where_the_desk_is_served_read_only(opened: Callable[..., Desk]) -> None:
    desk = opened(read_only=True)
    (desk.folder / "renaming.py").write_text(RENAMING)
    run = desk.calls.call("rename", {"name": "chair"}, EVE)
    assert "read-only transaction" in (run.error or "")
    assert names(desk) == ["lamp"]


def test_a_program_gets_the_connection_that_the_desks_settings_name(folder: Path, shop: str) -> None:
    (folder / "frontdesk.toml").write_text(f'[databases]\nshop = "{shop}"\n')
    with capture.connect("shop", folder) as connection:
        assert isinstance(connection, psycopg.Connection)
        assert connection.execute("SELECT name FROM goods").fetchall() == [("lamp",)]


def test_what_a_run_changed_in_a_file_and_on_the_server_is_undone_together(opened: Callable[..., Desk]) -> None:
    desk = opened()
    with context.bind(run=7):
        for database, table in (("shop", "goods"), ("example", "employees")):
            rows.insert(desk.database(database), table, [{"id": 9, "name": "new"}], ADA)
    assert {change.database for change in desk.changes.search(run=7)[0]} == {"example", "shop"}
    assert desk.changes.undo_run(7, ADA).undone == 2
    assert names(desk) == ["lamp"]


def test_a_closed_desk_leaves_no_connection(opened: Callable[..., Desk], postgresql: Server, shop: str) -> None:
    desk = opened()
    desk.start()
    assert names(desk) == ["lamp"]
    desk.close()
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'frontdesk' AND datname = '{}'"
    end = time.monotonic() + 5
    for url in (shop, desk.config.state):
        while (left := postgresql.execute(asked.format(url.rpartition("/")[2]))) != [(0,)]:  # it takes them a moment
            assert time.monotonic() < end, f"{left} connections stay"


@pytest.mark.parametrize(
    "path",
    [
        "/api/runs?function=%00",
        "/api/logs?text=%00",
        "/api/databases/shop/queries/%00",
        "/api/runs/9223372036854775808",
        "/api/runs/99999999999999999999999",
    ],
)
def test_what_no_database_could_hold_is_refused_in_our_words(opened: Callable[..., Desk], path: str) -> None:
    desk = opened()
    answer = signed_in(create_app(desk), desk, "admin").get(path)
    assert answer.status_code in {404, 422}
    assert "PostgreSQL" not in answer.text


def test_whatever_a_function_raises_or_logs_is_kept(opened: Callable[..., Desk]) -> None:
    desk = opened()
    desk.watch("web")
    (desk.folder / "odd.py").write_text(ODD)
    run = desk.calls.call("odd", {}, EVE)
    assert run.error == r"ValueError: a\0b"
    logged = [(one.level, one.message) for one in desk.runs.show(run.id, EVE)["records"] if one.logger == "odd"]
    assert logged == [("Level 1099511627776", r"x\x00")]


def test_the_pages_of_a_desk_on_a_server_are_there(opened: Callable[..., Desk]) -> None:
    desk = opened()
    client = signed_in(create_app(desk), desk, "admin")
    pages = (
        "/",
        "/databases",
        "/databases/shop",
        "/databases/shop/tables/goods",
        "/runs",
        "/logs",
        "/users",
        "/tokens",
    )
    assert {page: client.get(page).status_code for page in (*pages, "/loggers", "/functions")} == dict.fromkeys(
        (*pages, "/loggers", "/functions"), 200
    )
