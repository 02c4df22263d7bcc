"""A database server that goes away and comes back, refuses or does not answer: who waits, who is told, what is kept."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from frontdesk.database.postgresql import drivers
from frontdesk.desk import Desk
from frontdesk.errors import BusyError
from frontdesk.functions import runs
from frontdesk.logs import records
from frontdesk.web import create_app
from tests.conftest import EVE, signed_in
from tests.postgresql import Server
from tests.proxies import Line

GOODS = "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'lamp')"
SHOP = "/api/databases/shop/tables/goods/rows"
EXAMPLE = "/api/databases/example/tables/employees/rows"
SLOW = """
import time
import frontdesk

@frontdesk.function
def nap(seconds: float):
    time.sleep(seconds)
    return "slept"
"""

Open = Callable[..., Desk]


@pytest.fixture
def line(postgresql: Server) -> Iterator[Line]:
    """A line to the server, which the desk's databases are reached by."""
    with Line(postgresql.host, postgresql.port) as made:
        yield made


@pytest.fixture
def through(postgresql: Server, line: Line) -> Callable[[str], str]:
    """The same URL by way of the line."""
    return lambda url: url.replace(f":{postgresql.port}/", f":{line.port}/")


@pytest.fixture
def shop(postgresql: Server, through: Callable[[str], str]) -> Iterator[str]:
    """A database of goods, by way of the line."""
    url = postgresql.create(postgresql.template(GOODS))
    yield through(url)
    postgresql.drop(url)


@pytest.fixture
def opened(folder: Path, line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the desk of the folder with these databases beside its example.db."""
    monkeypatch.setattr(drivers, "REST_SECONDS", 0.2)
    desks: list[Desk] = []

    def opened(**databases: str) -> Desk:
        desks.append(Desk(folder, functions={"workers": 1}, logs={"console": False}, databases=databases))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()


def editor(desk: Desk) -> FlaskClient:
    return signed_in(create_app(desk), desk, "editor")


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def test_while_a_server_is_down_its_pages_say_so_and_all_others_are_there(opened: Open, shop: str, line: Line) -> None:
    client = editor(opened(shop=shop))
    assert client.get(SHOP).get_json()["rows"][0]["name"] == "lamp"
    line.cut()
    refused = client.get(SHOP)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert "server cannot be reached" in refused.get_json()["detail"]
    assert refused.get_json()["database"] == "shop"
    for path in ("/databases/shop", "/databases/shop/tables/goods", "/databases/shop/query"):
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert "<strong>shop</strong>" in page.text
        assert '<a href="/databases/example">example</a>' in page.text.partition("The others of this desk")[2]
    assert client.get(EXAMPLE).status_code == client.get("/").status_code == client.get("/databases").status_code == 200
    assert "server cannot be reached" in client.get("/").text
    listed = {one["name"]: one["problem"] for one in client.get("/api/databases").get_json()["databases"]}
    assert listed == {"example": None, "shop": "The database server cannot be reached."}


def test_when_the_server_is_back_the_desk_is_too_without_a_restart(opened: Open, shop: str, line: Line) -> None:
    client = editor(opened(shop=shop))
    client.get(SHOP)
    line.cut()
    assert client.get(SHOP).status_code == 503
    line.mend()
    until(lambda: client.get(SHOP).status_code == 200, 2.0)


def test_a_server_that_was_started_again_between_two_requests_costs_none_of_them(
    opened: Open, shop: str, own_url: str, through: Callable[[str], str], line: Line
) -> None:
    client = editor(opened(shop=shop, state=through(own_url), logs=through(own_url)))
    assert client.get(SHOP).status_code == 200
    for _ in range(3):
        line.drop()
        time.sleep(0.05)
        assert [client.get(path).status_code for path in (SHOP, "/logs", "/runs")] == [200, 200, 200]


def test_a_desk_starts_while_the_server_of_one_database_is_down(opened: Open, shop: str, line: Line) -> None:
    line.cut()
    desk = opened(shop=shop)
    desk.start()
    client = editor(desk)
    assert (client.get(EXAMPLE).status_code, client.get(SHOP).status_code) == (200, 503)
    line.mend()
    until(lambda: client.get(SHOP).status_code == 200, 2.0)


def test_a_server_out_of_reach_does_not_use_up_the_threads(
    opened: Open, shop: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "REST_SECONDS", 5.0)
    client = editor(opened(shop=shop))
    line.hold()
    assert client.get(SHOP).status_code == 503  # waits for the server, for all who come after
    began = time.monotonic()
    assert {client.get(SHOP).status_code for _ in range(20)} == {503}
    assert client.get(EXAMPLE).status_code == 200
    assert time.monotonic() - began < 5


def test_a_server_that_hangs_is_not_waited_for_longer_than_one_out_of_reach(
    opened: Open, shop: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(drivers, "CONNECT_SECONDS", 1)
    client = editor(opened(shop=shop))
    assert client.get(SHOP).status_code == client.get(SHOP).status_code == 200
    line.freeze()
    began = time.monotonic()
    assert client.get(SHOP).status_code == 503
    assert time.monotonic() - began < 10  # once for the connection that was there, and once for a new one
    line.drop()
    until(lambda: client.get(SHOP).status_code == 200, 2.0)


def test_only_one_waits_for_a_server_that_did_not_answer_before(
    opened: Open, shop: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "REST_SECONDS", 0.0)
    database = opened(shop=shop).database("shop")
    line.hold()

    def wait(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(BusyError), database.connect():
            pass
        return time.monotonic() - began

    wait(0)
    with ThreadPoolExecutor(4) as threads:
        waits = sorted(threads.map(wait, range(4)))
    assert waits[2] < 0.5 < waits[3]


def test_without_its_own_tables_the_desk_says_busy_and_goes_on_when_they_are_back(
    opened: Open, own_url: str, through: Callable[[str], str], line: Line
) -> None:
    desk = opened(state=through(own_url), logs=through(own_url))
    client, nobody = editor(desk), create_app(desk).test_client()
    assert client.get("/").status_code == 200
    line.cut()
    for path in ("/", EXAMPLE, "/runs", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), path
    assert [nobody.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
    line.mend()
    until(lambda: client.get("/").status_code == 200, 2.0)


def test_without_the_log_index_every_other_page_is_there_and_no_record_is_lost(
    opened: Open, own_url: str, through: Callable[[str], str], line: Line
) -> None:
    desk = opened(logs=through(own_url))
    desk.watch("web")
    client = editor(desk)
    line.cut()
    logging.getLogger("shop").error("said meanwhile")
    assert [client.get(path).status_code for path in ("/", "/runs", EXAMPLE)] == [200, 200, 200]
    assert client.get("/logs").status_code == 503
    line.mend()
    until(lambda: client.get("/logs").status_code == 200, 2.0)
    found = records.search(desk.read_logs(), records.Filter(logger="shop")).records
    assert [record.message for record in found] == ["said meanwhile"]


def test_a_run_that_ends_while_its_server_is_away_gets_its_end_later(
    opened: Open, own_url: str, through: Callable[[str], str], line: Line, folder: Path
) -> None:
    (folder / "slow.py").write_text(SLOW)
    desk = opened(state=through(own_url))
    run = desk.calls.call("nap", {"seconds": 0.5}, EVE, wait=False)
    assert run.live
    line.cut()
    time.sleep(0.8)
    line.mend()
    until(lambda: _shown(desk, run.id) == ("done", "slept"))


def _shown(desk: Desk, run: int) -> tuple[str, Any] | None:
    try:
        found = runs.show(desk.state, run, EVE)
    except BusyError:
        return None
    return found.status, found.result


def test_a_wrong_password_and_an_unknown_host_are_said_in_one_sentence_without_the_password(
    opened: Open, postgresql: Server
) -> None:
    wrong = postgresql.url("postgres", user="frontdesk_nobody", password="tell-nobody-this")
    client = editor(opened(wrong=wrong, lost="postgresql://a:tell-nobody-this@nowhere.invalid/x"))
    for name, sentence in (("wrong", "The database server refuses the password."), ("lost", "leads nowhere")):
        for path in (f"/api/databases/{name}", f"/databases/{name}", "/"):
            answer = client.get(path)
            assert answer.status_code == (200 if path == "/" else 503)
            assert sentence in answer.text
            assert "tell-nobody-this" not in answer.text


@pytest.mark.parametrize("name", ["state", "logs"])
def test_a_desk_whose_own_tables_cannot_be_reached_does_not_start_and_says_why(folder: Path, name: str) -> None:
    (folder / "frontdesk.toml").write_text(f'[databases]\n{name} = "postgresql://a:tell-nobody-this@127.0.0.1:1/x"\n')
    command = [sys.executable, "-m", "frontdesk", "serve", str(folder), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    said = f"[databases] {name}, postgresql://a:***@127.0.0.1:1/x: The database server cannot be reached."
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "tell-nobody-this" not in done.stderr


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("ALTER TABLE goods DROP COLUMN name", {"id": 1}),
        ("ALTER TABLE goods RENAME name TO title", {"id": 1, "title": "lamp"}),
        ("ALTER TABLE goods ALTER name TYPE bytea USING 'x'", {"id": 1, "name": {"$base64": "eA=="}}),
        ("ALTER TABLE goods ALTER id TYPE text", {"id": "1", "name": "lamp"}),
        ("ALTER TABLE goods RENAME id TO number", {"number": 1, "name": "lamp"}),
        ("DROP TABLE goods", None),
    ],
)
def test_a_table_that_another_program_alters_is_read_as_it_is_now(
    opened: Open, shop: str, postgresql: Server, sql: str, row: dict[str, Any] | None
) -> None:
    client = editor(opened(shop=shop))
    for _ in range(drivers.PREPARE_AFTER + 1):
        client.get(SHOP)
        client.get(f"{SHOP}/1")
    postgresql.execute(sql, database=shop)
    pages = [client.get("/databases/shop/tables/goods"), client.get(SHOP), client.get(f"{SHOP}/1")]
    assert [page.status_code for page in pages] == [200 if row else 404] * 3
    assert not row or (pages[1].get_json()["rows"], pages[2].get_json()["row"]) == ([row], row)
    assert row or pages[1].get_json()["detail"].startswith("shop has no table 'goods'.")


def test_an_edit_of_a_column_that_another_program_dropped_says_so_and_the_next_one_knows(
    opened: Open, shop: str, postgresql: Server
) -> None:
    client = editor(opened(shop=shop))
    client.get(f"{SHOP}/1")
    postgresql.execute("ALTER TABLE goods DROP COLUMN name", database=shop)
    first, second = (client.patch(f"{SHOP}/1", json={"name": "desk"}) for _ in range(2))
    assert "another program has changed the table" in first.get_json()["detail"]
    assert second.get_json()["errors"] == {"name": "Not known here. Known: id."}
    assert first.status_code == second.status_code == 422
