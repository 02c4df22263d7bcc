import json
import re
import shlex
import time

import pytest

from frontdesk.web import functions
from tests.web import arithmetic
from tests.web.arithmetic import words


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with arithmetic.served(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A busy machine must not send these forms to the page of a long run."""
    monkeypatch.setattr(functions, "PATIENCE", 20.0)


@pytest.fixture
def eve(shared):
    return shared["editor"]


@pytest.fixture
def vic(shared):
    return shared["viewer"]


def test_the_api_lists_functions_with_the_schemas_of_what_they_take_and_give(vic):
    found = vic.get("/api/functions").json
    assert found["next"] is None
    [divide] = [function for function in found["functions"] if function["name"] == "divide"]
    assert set(divide) == {"name", "title", "description", "input", "output"}
    assert (divide["name"], divide["title"]) == ("divide", "Divide")
    assert divide["input"]["properties"]["b"] == {"type": "number", "default": 2}
    assert divide["input"]["required"] == ["a"]
    assert vic.get("/api/functions/divide").json == divide


def test_a_call_answers_with_run_status_result_and_duration(eve):
    answer = eve.post("/api/functions/divide", json={"a": 1, "b": 4})
    assert answer.status_code == 200
    assert set(answer.json) == {"run", "status", "result", "milliseconds"}
    assert (answer.json["status"], answer.json["result"]) == ("done", 0.25)


def test_a_whole_number_sent_as_text_stays_whole(eve):
    run = eve.post("/api/functions/divide", json={"a": "10", "b": 5}).json["run"]
    assert eve.get(f"/api/runs/{run}").json["arguments"] == {"a": 10, "b": 5}


def test_every_wrong_value_is_named_and_there_is_no_run(eve):
    before = eve.get("/api/runs").json["runs"][:1]
    answer = eve.post("/api/functions/divide", json={"a": "0,01", "c": 1})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert set(answer.json["errors"]) == {"a", "c"}
    assert "or 0.01" in answer.json["errors"]["a"]
    answer = eve.post("/api/functions/move", json={"point": {"x": "left"}, "way": "up"})
    assert answer.json["errors"]["way"] == "Choose one of: left, right."
    answer = eve.post("/api/functions/move", json={"point": {"x": "left"}})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["point.x"])
    assert eve.get("/api/runs").json["runs"][:1] == before


def test_a_function_that_raises_is_422_with_its_run_and_its_error(eve):
    answer = eve.post("/api/functions/divide", json={"a": 20, "b": 0})
    assert answer.status_code == 422
    assert answer.json["error"] == "ZeroDivisionError: division by zero"
    run = eve.get(f"/api/runs/{answer.json['run']}").json
    assert (run["status"], run["error"]) == ("failed", "ZeroDivisionError: division by zero")
    assert [record["message"] for record in run["records"] if record["logger"] == "ArithmeticApp"] == [
        "Division by zero error"
    ]


def test_a_function_over_its_limit_is_504_and_its_run_failed(eve):
    answer = eve.post("/api/functions/spin", json={})
    assert answer.status_code == 504
    assert answer.json["error"] == "timed out after 0.3 s"
    assert eve.get(f"/api/runs/{answer.json['run']}").json["status"] == "failed"


def test_a_call_that_is_not_waited_for_is_202_with_its_run(eve):
    answer = eve.post("/api/functions/divide?wait=0", json={"a": 1})
    assert answer.status_code == 202
    assert set(answer.json) == {"run", "status"}
    assert answer.json["status"] == "queued"
    deadline = time.monotonic() + 5
    while (run := eve.get(f"/api/runs/{answer.json['run']}").json)["status"] != "done":
        assert time.monotonic() < deadline
    assert run["result"] == 0.5


def test_roles_decide_who_may_call(vic, shared):
    assert vic.post("/api/functions/divide", json={"a": 1}).status_code == 403
    assert vic.post("/api/functions/hello", json={}).json["result"] == "<b>Hello you</b>"
    assert shared["nobody"].post("/api/functions/hello", json={}).status_code == 401


def test_an_unknown_function_is_404_with_the_nearest(eve):
    answer = eve.get("/api/functions/devide")
    assert answer.status_code == 404
    assert "Did you mean divide?" in answer.json["detail"]
    assert eve.get("/functions/devide").status_code == 404


def test_a_form_runs_the_function_and_shows_the_result_beside_what_was_typed(eve):
    assert 'name="a"' in eve.get("/functions/divide").get_data(as_text=True)
    answer = eve.post("/functions/divide", data={"a": "10", "b": "4"}, follow_redirects=True)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'value="10"' in text
    assert '<p class="result">2.5</p>' in text
    assert "Dividing 10 / 4 = 2.5" in text
    assert re.search(r'href="/runs/\d+">run \d+</a>', text)
    assert re.search(r"[\d.]+ ms", words(answer))


def test_a_wrong_value_stands_at_its_field_and_what_was_typed_is_kept(eve):
    answer = eve.post("/functions/divide", data={"a": "0,01", "b": "4"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="0,01"' in text
    assert 'aria-invalid="true"' in text
    assert "Write a number, such as 42 or 0.01." in text
    answer = eve.post("/functions/move", data={"point": '{"x": "left"}', "way": "right", "words": "a\r\nb"})
    assert answer.status_code == 422
    assert "x: Input should be a valid number" in words(answer)


def test_a_form_for_a_structure_a_choice_and_a_list(eve):
    answer = eve.post(
        "/functions/move", data={"point": '{"x": 1}', "way": "right", "words": "a\r\nb"}, follow_redirects=True
    )
    shown = answer.get_data(as_text=True)
    assert re.search(r"<option value=\"right\" selected", shown)
    assert ">a\nb</textarea>" in shown
    assert "&#34;words&#34;: [" in shown


@pytest.mark.parametrize(
    ("call", "given", "shown"),
    [
        ("table", {"n": "3"}, '<td class="number">4</td>'),
        ("table", {"n": "250"}, "The first 200 of 250 rows"),
        ("hello", {"name": "<i>"}, "&lt;b&gt;Hello &lt;i&gt;&lt;/b&gt;"),
        ("scores", {}, "80.0 %"),
        ("slow", {"seconds": "0"}, "None"),
        ("divide", {"a": "1", "b": "0"}, "ZeroDivisionError: division by zero"),
        ("spin", {}, "timed out after 0.3 s"),
    ],
)
def test_a_result_is_shown_by_its_kind(eve, call, given, shown):
    answer = eve.post(f"/functions/{call}", data=given, follow_redirects=True)
    assert answer.status_code == 200
    assert shown in answer.get_data(as_text=True)


def test_a_traceback_begins_in_the_users_file(eve):
    text = eve.post("/functions/divide", data={"a": "1", "b": "0"}, follow_redirects=True).get_data(as_text=True)
    assert "arithmetic.py&#34;, line 20, in divide" in text
    assert "frontdesk/functions/worker.py" not in text


def test_a_longer_run_leads_to_its_own_page_with_stop(eve, monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", 0.2)
    answer = eve.post("/functions/slow", data={"seconds": "30"})
    assert answer.status_code == 303
    page = eve.get(answer.location)
    assert f'data-refresh-url="{answer.location}"' in page.get_data(as_text=True)
    assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in page.get_data(as_text=True)
    assert "Stop" in words(page)
    part = eve.get(answer.location, headers={"X-Fragment": "1"})
    assert "X-Reload" not in part.headers
    stopped = eve.post(answer.location + "/stop", follow_redirects=True)
    assert "stopped by token:editor" in words(stopped)
    assert "refresh" not in stopped.get_data(as_text=True)
    assert eve.get(answer.location, headers={"X-Fragment": "1"}).headers["X-Reload"] == "1"


def test_the_api_tab_shows_a_command_that_works(eve):
    text = eve.get("/functions/move/api").get_data(as_text=True)
    body = re.search(r"-d (.*?)</code>", text, re.DOTALL)
    assert body is not None
    given = json.loads(shlex.split(body[1].replace("&#39;", "'").replace("&#34;", '"'))[0])
    assert set(given) == {"point", "way", "words"}
    assert "frontdesk call move" in text
    assert "urllib.request" in text


def test_the_source_is_for_editors(eve, vic):
    assert "def divide(a" in eve.get("/functions/divide/source").get_data(as_text=True)
    assert vic.get("/functions/divide/source").status_code == 403


def look_again(shared):
    """As if a second had gone by."""
    shared["desk"].registry._looked = float("-inf")


def test_the_list_shows_functions_and_files_that_cannot_be_served(eve, vic, shared):
    folder = shared["desk"].folder
    (folder / "broken.py").write_text("import frontdesk\ndef f(:\n")
    (folder / "raising.py").write_text("import frontdesk\n1 / 0\n")
    look_again(shared)
    seen = words(eve.get("/functions"))
    assert "divide" in seen
    assert "broken.py, line 2 SyntaxError" in seen
    assert "raising.py, line 2 ZeroDivisionError: division by zero" in seen
    assert "1 / 0" in seen
    assert "1 / 0" not in words(vic.get("/functions"))
    assert str(folder) not in words(vic.get("/functions"))
    for name in ("broken", "raising"):
        (folder / f"{name}.py").unlink()
    look_again(shared)


def test_a_name_with_a_dot_is_served_at_its_address(eve, shared):
    for name in ("one", "two"):
        text = "import frontdesk\n@frontdesk.function\ndef f(): return __name__\n"
        (shared["desk"].folder / f"{name}.py").write_text(text)
    look_again(shared)
    assert eve.post("/api/functions/two.f", json={}).json["result"] == "two"
    answer = eve.post("/api/functions/f", json={})
    assert answer.status_code == 404
    assert "one.f and two.f" in answer.json["detail"]


@pytest.mark.parametrize(("number", "status"), [("²", 200), ("x", 200), ("9" * 25, 404), ("-1", 404)])
def test_the_form_of_a_run_that_is_none_is_no_fault(eve, number, status):
    assert eve.get("/functions/divide", query_string={"run": number}).status_code == status
