"""The query page, its API and its command on a PostgreSQL database."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from frontdesk import cli
from frontdesk.accounts import audit
from frontdesk.database import readers
from frontdesk.desk import Desk
from frontdesk.upkeep import servers
from frontdesk.web import create_app
from tests.conftest import signed_in
from tests.postgresql import Server

API = "/api/databases/shop/query"
PAGE = "/databases/shop/query"
SCRIPT = """
CREATE TABLE people (id integer PRIMARY KEY, name text, price numeric(10, 2));
INSERT INTO people VALUES (1, 'Krish', 1.50), (2, 'Bob', 20);
"""

Served = tuple[Desk, Flask]


@pytest.fixture
def url(postgresql: Server) -> Iterator[str]:
    made = postgresql.create(postgresql.template(SCRIPT))
    yield made
    postgresql.drop(made)


@pytest.fixture
def closed(folder: Path, url: str) -> Iterator[Served]:
    """A desk whose PostgreSQL database has no role to read by."""
    desk = Desk(
        folder, databases={"shop": url}, functions={"workers": 1}, queries={"seconds": 0.5}, logs={"console": False}
    )
    yield desk, create_app(desk)
    desk.close()


@pytest.fixture
def served(closed: Served, postgresql: Server) -> Iterator[Served]:
    """The desk with a role to read by."""
    desk, _ = closed
    assert servers.mend(desk.config)
    yield closed
    role = make_url(readers.find(desk.config, desk.database("shop")) or "").username
    postgresql.execute(f'DROP OWNED BY "{role}"', database=desk.config.databases["shop"])
    postgresql.execute(f'DROP ROLE "{role}"')


def names(postgresql: Server, url: str) -> list[str]:
    return [row[0] for row in postgresql.execute("SELECT name FROM people ORDER BY id", database=url)]


def test_without_a_role_the_page_says_so_before_anything_is_typed(closed: Served) -> None:
    desk, app = closed
    viewer = signed_in(app, desk, "viewer")
    page = viewer.get(PAGE)
    assert page.status_code == 200
    assert "shop has no role to read by" in page.text
    assert "frontdesk check --fix" in page.text
    assert "<textarea" not in page.text
    assert viewer.get(f"{PAGE}?sql=SELECT+1").status_code == 422
    answer = viewer.post(API, json={"sql": "SELECT 1"})
    assert answer.status_code == 422
    assert "shop has no role for typed SQL to read by" in answer.get_json()["detail"]
    assert "frontdesk check --fix" in answer.text


def test_a_viewer_asks_once_the_role_is_there(served: Served) -> None:
    desk, app = served
    viewer = signed_in(app, desk, "viewer")
    sql = "SELECT name::text, price FROM people WHERE id > :id AND name <> ':no'"
    answer = viewer.post(API, json={"sql": sql, "parameters": {"id": 1}}).get_json()
    assert set(answer) == {"columns", "rows", "truncated", "milliseconds"}
    assert (answer["columns"], answer["rows"]) == (["name", "price"], [["Bob", "20.00"]])
    page = viewer.get(PAGE, query_string={"sql": sql})
    assert page.text.count('name="p.') == 1
    assert "Bob" in viewer.get(PAGE, query_string={"sql": sql, "p.id": "1"}).text
    assert viewer.get(f"{PAGE}.csv", query_string={"sql": sql, "p.id": "1"}).text == "name,price\r\nBob,20.00\r\n"


def test_what_is_wrong_or_refused_is_422_with_a_sentence(served: Served, postgresql: Server, url: str) -> None:
    desk, app = served
    viewer = signed_in(app, desk, "viewer")
    for sql in (
        "DELETE FROM people",
        "SELECT nosuch FROM people",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT :x",
        "",
    ):
        answer = viewer.post(API, json={"sql": sql})
        assert answer.status_code == 422, sql
        assert answer.get_json()["errors"], sql
    assert names(postgresql, url) == ["Krish", "Bob"]


def test_a_long_query_ends_at_its_limit_and_others_go_on(served: Served) -> None:
    desk, app = served
    viewer = signed_in(app, desk, "viewer")
    viewer.post(API, json={"sql": "SELECT 1"})
    began = time.monotonic()
    answer = viewer.post(API, json={"sql": "SELECT set_config('statement_timeout', '0', false), pg_sleep(30)"})
    assert answer.status_code == 422
    assert "stopped after 0.5 s" in answer.get_json()["detail"]
    assert time.monotonic() - began < 2
    assert viewer.post(API, json={"sql": "SELECT 1 AS one"}).get_json()["rows"] == [[1]]


def wait_until(postgresql: Server, running: int) -> None:
    """Until so many queries run at the server by reading roles."""
    sql = (
        "SELECT count(*)::int FROM pg_stat_activity WHERE starts_with(usename, 'frontdesk_reader') AND state = 'active'"
    )
    began = time.monotonic()
    while postgresql.execute(sql) != [(running,)]:
        assert time.monotonic() - began < 5
        time.sleep(0.05)


def test_stop_ends_a_query_here_and_at_the_server(served: Served, postgresql: Server) -> None:
    desk, _ = served
    patient = Desk(
        desk.folder, databases=dict(desk.config.databases), functions={"workers": 1}, logs={"console": False}
    )
    app, answers = create_app(patient), []
    viewer = signed_in(app, patient, "viewer")
    try:
        asked = threading.Thread(target=lambda: answers.append(viewer.post(API, json={"sql": "SELECT pg_sleep(60)"})))
        asked.start()
        wait_until(postgresql, 1)
        app.test_client().post(f"{PAGE}/stop", headers={"Authorization": viewer.environ_base["HTTP_AUTHORIZATION"]})
        asked.join(5)
        assert "was stopped by token:viewer" in answers[0].get_json()["detail"]
        wait_until(postgresql, 0)  # though its client was killed, which the server notices by looking
    finally:
        patient.close()


def test_who_stops_sql_that_writes_is_told_to_look(closed: Served, url: str, postgresql: Server) -> None:
    desk, _ = closed
    patient = Desk(desk.folder, databases={"shop": url}, functions={"workers": 1}, logs={"console": False})
    app, answers = create_app(patient), []
    admin = signed_in(app, patient, "admin")
    body = {"sql": "INSERT INTO people SELECT 3, 'late' FROM pg_sleep(60)", "write": True}
    active = "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'INSERT INTO people%' AND state = 'active'"
    try:
        asked = threading.Thread(target=lambda: answers.append(admin.post(API, json=body)))
        asked.start()
        began = time.monotonic()
        while postgresql.execute(active) == [(0,)] and time.monotonic() - began < 10:
            time.sleep(0.05)
        app.test_client().post(f"{PAGE}/stop", headers={"Authorization": admin.environ_base["HTTP_AUTHORIZATION"]})
        asked.join(10)
        told = answers[0].get_json()["detail"]
        assert "was stopped by token:admin" in told
        assert "Look at the rows" in told
    finally:
        patient.close()
    assert names(postgresql, url) == ["Krish", "Bob"]


def test_exact_numbers_stand_to_the_right_and_keep_every_digit(served: Served) -> None:
    desk, app = served
    sql = "SELECT 1.50::numeric AS paid, '02134' AS code"
    viewer = signed_in(app, desk, "viewer")
    page = viewer.get("/databases/shop/query", query_string={"sql": sql}, headers={"Accept": "text/html"}).text
    assert '<td class="number">1.50</td><td>02134</td>' in page
    answer = viewer.post(API, json={"sql": sql}).get_json()
    assert set(answer) == {"columns", "rows", "truncated", "milliseconds"}


def test_a_server_that_is_gone_is_503(served: Served) -> None:
    desk, app = served
    gone = make_url(desk.config.databases["shop"]).set(port=1).render_as_string(hide_password=False)
    queries = desk.queries
    queries._config = replace(desk.config, queries=replace(desk.config.queries, readers={"shop": gone}))
    answer = signed_in(app, desk, "viewer").post(API, json={"sql": "SELECT 1"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_an_admin_tries_sql_that_writes_and_is_told_that_no_history_keeps_it(
    served: Served, postgresql: Server, url: str
) -> None:
    desk, app = served
    admin = signed_in(app, desk, "admin")
    body = {"sql": "DELETE FROM people WHERE id > :id", "parameters": {"id": 1}, "write": True}
    tried = admin.post(API, json=body | {"dry_run": True}).get_json()
    assert (tried["changes"], tried["recorded"], tried["total"], tried["status"]) == ([], False, 1, "DELETE 1")
    assert names(postgresql, url) == ["Krish", "Bob"]
    done = admin.post(API, json=body).get_json()
    assert (done["changes"], done["recorded"], done["total"]) == ([], False, 1)
    assert names(postgresql, url) == ["Krish"]
    assert any(
        entry.detail.endswith(str(body["sql"])) for entry in audit.list_all(desk.state) if entry.action == "write SQL"
    )


def test_below_admin_nobody_writes(served: Served, postgresql: Server, url: str) -> None:
    desk, app = served
    for role in ("viewer", "editor"):
        answer = signed_in(app, desk, role).post(API, json={"sql": "DELETE FROM people", "write": True})
        assert answer.status_code == 403
    assert names(postgresql, url) == ["Krish", "Bob"]


def test_a_desk_served_read_only_writes_nothing(closed: Served, url: str, postgresql: Server) -> None:
    desk, _ = closed
    guarded = Desk(desk.folder, databases={"shop": url}, read_only=True, logs={"console": False})
    try:
        admin = signed_in(create_app(guarded), guarded, "admin")
        for trial in (True, False):
            answer = admin.post(API, json={"sql": "DELETE FROM people", "write": True, "dry_run": trial})
            assert answer.status_code == 403
    finally:
        guarded.close()
    assert names(postgresql, url) == ["Krish", "Bob"]


def test_the_page_warns_where_one_writes_shows_the_dry_run_and_says_what_was_done(
    closed: Served, postgresql: Server, url: str
) -> None:
    """Writing needs no role to read by."""
    desk, app = closed
    admin = signed_in(app, desk, "admin")
    page = admin.get(f"{PAGE}?write=1").text
    assert "The history does not keep this." in page
    assert "<textarea" in page
    tried = admin.post(PAGE, data={"sql": "UPDATE people SET price = :p WHERE id = 1", "p.p": "2.5"}).text
    assert "1 change in people" in tried
    assert "Run it" in tried
    assert "Run it" in admin.post(PAGE, data={"sql": "CREATE TABLE notes (a int)"}).text
    done = admin.post(
        f"{PAGE}/write", data={"sql": "UPDATE people SET price = :p WHERE id = 1", "p.p": "2.5"}, follow_redirects=True
    )
    assert "Changed 1 row of people." in done.text
    assert postgresql.execute("SELECT price::text FROM people WHERE id = 1", database=url) == [("2.50",)]
    admin.post(f"{PAGE}/write", data={"sql": "CREATE TABLE notes (a int)"})
    assert admin.get("/databases/shop/tables/notes").status_code == 200


def test_the_page_of_a_file_warns_of_nothing(closed: Served) -> None:
    desk, app = closed
    assert "history does not keep" not in signed_in(app, desk, "admin").get("/databases/example/query?write=1").text


def query(folder: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments, "--desk", str(folder)])
    return int(end.value.code or 0)


def test_the_commands_set_the_role_up_ask_and_write(
    folder: Path, url: str, postgresql: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "frontdesk.toml").write_text(f"[databases]\nshop = {json.dumps(url)}\n")
    assert query(folder, "query", "shop", "SELECT 1") == 1
    assert "frontdesk check --fix" in capsys.readouterr().err
    assert query(folder, "check") == 1
    assert "shop has no role for typed SQL to read by" in capsys.readouterr().out
    assert query(folder, "check", "--fix") == 0
    told = capsys.readouterr()
    assert "mended   Typed SQL reads shop by the new role frontdesk_reader_" in told.out
    assert query(folder, "query", "shop", "SELECT name FROM people WHERE id = :id", "--param", "id=2") == 0
    assert capsys.readouterr().out == "name\nBob\n"
    update = ("query", "shop", "UPDATE people SET name = 'K' WHERE id = 1", "--write")
    assert query(folder, *update, "--dry-run") == 0
    told = capsys.readouterr()
    assert told.out == "update people: 1 row\n"
    assert "cannot be undone" in told.err
    assert names(postgresql, url) == ["Krish", "Bob"]
    assert query(folder, *update, "--json") == 0
    assert json.loads(capsys.readouterr().out)["recorded"] is False
    assert names(postgresql, url) == ["K", "Bob"]
    role = readers.find(Desk(folder, logs={"console": False}).config, Desk(folder).database("shop"))
    postgresql.execute(f'DROP OWNED BY "{make_url(role or "").username}"', database=url)
    postgresql.execute(f'DROP ROLE "{make_url(role or "").username}"')
