import re
import time

import pytest

from tests.web import arithmetic
from tests.web.arithmetic import words


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with arithmetic.served(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def eve(shared):
    return shared["editor"]


@pytest.fixture
def vic(shared):
    return shared["viewer"]


def age(client, key=1):
    return client.get(f"/api/databases/example/tables/employees/rows/{key}").json["row"]["age"]


def test_a_run_is_shown_with_all_that_the_api_promises(eve):
    number = eve.post("/api/functions/divide", json={"a": 1, "b": 4}).json["run"]
    run = eve.get(f"/api/runs/{number}").json
    promised = {
        "id", "function", "status", "arguments", "result", "error", "started", "milliseconds", "user", "request",
        "version", "records", "records_next", "changes", "changes_next",
    }  # fmt: skip
    assert promised <= set(run)
    assert (run["id"], run["function"], run["arguments"], run["result"]) == (number, "divide", {"a": 1, "b": 4}, 0.25)
    assert run["started"].endswith("Z")
    assert run["user"].startswith("token:editor")
    [record] = [record for record in run["records"] if record["logger"] == "ArithmeticApp"]
    assert (record["message"], record["level"], record["run"]) == ("Dividing 1 / 4 = 0.25", "WARNING", number)
    assert record["request"] == run["request"]
    assert (run["changes"], run["changes_next"]) == ([], None)


def test_what_a_function_changes_stands_with_its_run_and_is_undone_with_it(eve):
    number = eve.post("/api/functions/grow", json={"id": 1}).json["run"]
    [change] = eve.get(f"/api/runs/{number}").json["changes"]
    assert (change["table"], change["operation"], change["run"]) == ("employees", "update", number)
    assert age(eve) == 33
    page = eve.get(f"/runs/{number}")
    assert "Undo changes" in words(page)
    assert change["id"] in words(page)
    undone = eve.post(f"/api/runs/{number}/undo")
    assert (undone.status_code, undone.json["undone"]) == (200, 1)
    assert age(eve) == 32
    assert eve.post(f"/api/runs/{number}/undo").status_code == 409


def test_undo_on_the_page_says_how_much_was_undone(eve):
    number = eve.post("/api/functions/grow", json={"id": 2}).json["run"]
    assert "Undone: 1 row." in words(eve.post(f"/runs/{number}/undo", follow_redirects=True))
    assert age(eve, 2) == 25


def test_a_failed_run_is_replayed_and_names_the_original(eve):
    old = eve.post("/api/functions/divide", json={"a": 1, "b": 0}).json["run"]
    answer = eve.post(f"/api/runs/{old}/replay")
    assert (answer.status_code, answer.json["error"]) == (422, "ZeroDivisionError: division by zero")
    new = eve.get(f"/api/runs/{answer.json['run']}").json
    assert (new["replays"], new["arguments"]) == (old, {"a": 1, "b": 0})
    page = eve.post(f"/runs/{old}/replay", follow_redirects=True)
    assert f"Replays run {old}" in words(page)


def test_a_run_is_stopped_through_the_api(eve):
    number = eve.post("/api/functions/slow?wait=0", json={"seconds": 60}).json["run"]
    time.sleep(0.3)
    answer = eve.post(f"/api/runs/{number}/stop")
    assert answer.json == {"run": number, "status": "stopped"}
    assert eve.get(f"/api/runs/{number}").json["error"].startswith("stopped by token:editor")


def test_runs_are_listed_filtered_and_paged(eve):
    numbers = [eve.post("/api/functions/divide", json={"a": 1, "b": b}).json["run"] for b in (1, 0, 2)]
    other = eve.post("/api/functions/hello", json={}).json["run"]
    found = eve.get("/api/runs?_size=2").json
    assert [run["id"] for run in found["runs"]] == [other, numbers[2]]
    rest = eve.get(f"/api/runs?_size=2&_next={found['next']}").json
    assert [run["id"] for run in rest["runs"]] == [numbers[1], numbers[0]]
    failed = eve.get("/api/runs?function=divide&status=failed").json["runs"]
    assert failed[0]["id"] == numbers[1]
    assert eve.get("/api/runs?status=odd").status_code == 422
    page = words(eve.get("/runs?function=divide"))
    assert "a=1, b=2" in page
    assert "ZeroDivisionError" in page
    assert "hello" not in re.sub(r"every function.*?every status", "", page).partition("Started")[2]
    assert "No run matches" in words(eve.get("/runs?function=nobody&status=stopped"))


def test_a_viewer_sees_their_own_runs_only(eve, vic):
    theirs = eve.post("/api/functions/hello", json={}).json["run"]
    mine = vic.post("/api/functions/hello", json={}).json["run"]
    found = vic.get("/api/runs").json["runs"]
    assert found[0]["id"] == mine
    assert {run["user"] for run in found} == {vic.get("/api/me").json["name"]}
    for address in (f"/api/runs/{theirs}", f"/runs/{theirs}", "/api/runs/999999", f"/api/runs/{2**70}"):
        assert vic.get(address).status_code == 404
    for verb in ("stop", "replay"):
        assert vic.post(f"/api/runs/{theirs}/{verb}").status_code == 404
    assert vic.post(f"/api/runs/{mine}/undo").status_code == 403
    assert vic.get(f"/runs/{mine}").status_code == 200


def test_the_pages_of_runs_link_to_request_function_and_records(eve):
    number = eve.post("/api/functions/divide", json={"a": 1, "b": 0}).json["run"]
    text = eve.get(f"/runs/{number}").get_data(as_text=True)
    request = eve.get(f"/api/runs/{number}").json["request"]
    assert f"request={request}" in text
    assert "Division by zero error" in text
    assert f"/functions/divide?run={number}" in text
    assert "style=" not in text
    assert "<script>" not in text


def test_without_runs_the_page_says_what_a_run_is(shared):
    assert "A run is one call of a function" in words(shared["admin"].get("/runs?_next=1"))


def test_what_a_long_run_changed_and_logged_is_read_page_by_page(eve):
    number = eve.post("/api/functions/busy", json={"times": 130}).json["run"]
    run = eve.get(f"/api/runs/{number}").json
    assert (len(run["changes"]), len(run["records"])) == (100, 100)
    rest = eve.get(f"/api/runs/{number}/changes?_next={run['changes_next']}").json
    ids = [change["id"] for change in run["changes"] + rest["changes"]]
    assert (len(ids), len(set(ids)), rest["next"]) == (130, 130, None)
    more = eve.get(f"/api/runs/{number}/records?_next={run['records_next']}").json
    assert [record["message"] for record in run["records"] + more["records"]] == [f"turn {n}" for n in range(130)]
    assert more["next"] is None
    small = eve.get(f"/api/runs/{number}/changes?_size=1").json
    assert [change["id"] for change in small["changes"]] == ids[:1]
    assert eve.get(f"/api/runs/{number}/changes?_size=1&_next={small['next']}").json["changes"][0]["id"] == ids[1]
    for wrong in ("changes?_next=x", "changes?_next=nosuch.1", "records?_next=x", "changes?_size=0"):
        assert eve.get(f"/api/runs/{number}/{wrong}").status_code == 422


def test_a_viewer_reads_changes_and_records_of_their_own_runs_only(eve, vic):
    mine, theirs = (one.post("/api/functions/hello", json={}).json["run"] for one in (vic, eve))
    for part in ("changes", "records"):
        assert vic.get(f"/api/runs/{mine}/{part}").status_code == 200
        assert vic.get(f"/api/runs/{theirs}/{part}").status_code == 404
