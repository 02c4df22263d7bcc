"""Logs found, followed and joined, and levels set: on pages and as JSON."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest

from frontdesk import context
from frontdesk.accounts import audit
from frontdesk.logs import handlers, loggers


@pytest.fixture
def logged(desk):
    """A desk that logs, with records of two loggers, a run and a request."""
    handlers.configure(desk.config, "test")
    before = logging.getLogger().level
    loggers.apply(desk.config, {})
    for name in ("frontdesk", "alembic"):
        logging.getLogger(name).setLevel("WARNING")
    logging.getLogger("school.grades").warning("Jane <b>Doe</b>'s grade is below average.")
    with context.bind(request="00112233445566aa", run=7, user="eve"):
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            logging.getLogger("ArithmeticApp").exception("Division by zero error", extra={"a": 20, "b": 0})
    yield desk
    loggers.forget()
    for name in ("frontdesk", "alembic"):
        logging.getLogger(name).setLevel("NOTSET")
    logging.getLogger().setLevel(before)
    handlers.remove()


def messages(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [record["message"] for record in answer.json["records"]]


def test_a_record_has_every_part_of_the_documented_shape(logged, client):
    (record, _) = client("editor").get("/api/logs").json["records"]
    assert list(record) == [
        *("id", "time", "level", "logger", "message", "exception", "fields", "request", "run", "user", "process")
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", record["time"])
    assert (record["level"], record["logger"], record["run"]) == ("ERROR", "ArithmeticApp", 7)
    assert (record["request"], record["user"], record["fields"]) == ("00112233445566aa", "eve", {"a": 20, "b": 0})
    assert "ZeroDivisionError" in record["exception"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Division", "Jane"]),
        ("level=ERROR", ["Division"]),
        ("level=warning", ["Division", "Jane"]),
        ("logger=school", ["Jane"]),
        ("text=DOE", ["Jane"]),
        ("text=absent", []),
        ("run=7", ["Division"]),
        ("request=00112233445566aa", ["Division"]),
        ("user=eve", ["Division"]),
        ("since=15m", ["Division", "Jane"]),
        ("until=2020-01-01", []),
        ("_after=1", ["Division"]),
        ("_after=0", ["Jane", "Division"]),
        ("_after=2", []),
        ("_size=1", ["Division"]),
    ],
)
def test_filters_select_as_documented(logged, client, query, found):
    assert [message.split()[0] for message in messages(client("editor").get(f"/api/logs?{query}"))] == found


def test_pages_follow_each_other(logged, client):
    first = client("editor").get("/api/logs?_size=1").json
    second = client("editor").get(f"/api/logs?_size=1&_next={first['next']}").json
    assert first["records"][0]["id"] == 2
    assert second["records"][0]["id"] == 1
    assert second["next"] is None


def test_times_may_be_given_in_any_zone(logged, client):
    east = (datetime.now(UTC) - timedelta(minutes=5) + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S+05:00")
    for given in (east, east.replace("+", "%2B")):
        assert len(messages(client("editor").get(f"/api/logs?since={given}"))) == 2


@pytest.mark.parametrize(
    "query",
    ["level=LOUD", "since=yesterday", "until=x", "run=x", "run=-1", "request=%27", "_size=0", "_next=z", "who=me"],
)
def test_a_wrong_parameter_is_named_on_the_page_and_in_json(logged, client, query):
    answer = client("editor").get(f"/api/logs?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.partition("=")[0]]
    assert client("editor").get(f"/logs?{query}").status_code == 422


def test_every_wrong_parameter_is_named_at_once(logged, client):
    assert set(client("editor").get("/api/logs?level=x&run=y&since=z").json["errors"]) == {"level", "run", "since"}


def test_the_histogram_counts_by_level(logged, client):
    found = client("editor").get("/api/logs/histogram").json
    assert found["seconds"] == 60
    total: dict[str, int] = {}
    for bucket in found["buckets"]:
        for level, number in bucket["counts"].items():
            total[level] = total.get(level, 0) + number
    assert total == {"WARNING": 1, "ERROR": 1}


def test_the_page_shows_records_literally_with_links_to_run_and_request(logged, client):
    page = client("editor").get("/logs").text
    assert "Jane &lt;b&gt;Doe&lt;/b&gt;" in page
    assert 'href="/runs/7"' in page
    assert 'href="/logs?request=00112233445566aa"' in page
    assert "ZeroDivisionError: division by zero" in page
    assert "<svg" in page


def test_the_page_of_filters_that_match_nothing_says_so(logged, client):
    assert "No records match 2 filters" in client("editor").get("/logs?text=absent&level=ERROR").text


def test_the_page_keeps_what_was_filtered(logged, client):
    page = client("editor").get("/logs?level=ERROR&text=zero&since=15m").text
    assert '<option value="ERROR" selected>' in page
    assert 'value="zero"' in page
    assert '<option value="15m" selected>' in page


def test_the_live_tail_brings_what_is_new_and_only_that(logged, client):
    page = client("editor").get("/logs?level=WARNING").text
    address = re.search(r'data-tail-url="([^"]+)"', page)
    newest = re.search(r'data-newest="(\d+)"', page)
    assert address is not None
    assert newest is not None
    tail = address[1].replace("&amp;", "&") + f"&_after={newest[1]}"
    assert "<tr" not in client("editor").get(tail).text
    logging.getLogger("a").info("too low")
    logging.getLogger("a").error("first")
    logging.getLogger("a").error("second")
    rows = client("editor").get(tail).text
    assert rows.index("second") < rows.index("first")
    assert "too low" not in rows
    assert re.findall(r'data-id="(\d+)"', rows) == ["5", "4"]


def test_an_older_page_has_no_live_tail(logged, client):
    token = client("editor").get("/api/logs?_size=1").json["next"]
    assert "data-tail-url" not in client("editor").get(f"/logs?_next={token}").text


@pytest.mark.parametrize(
    "path", ["/logs", "/api/logs", "/api/logs/histogram", "/logs/tail", "/loggers", "/api/loggers"]
)
def test_logs_are_for_editors(logged, client, path):
    assert client("viewer").get(path).status_code == 403
    assert client("editor").get(path).status_code == 200


def test_the_loggers_are_listed_with_their_levels(logged, client):
    listed = {one["name"]: one for one in client("editor").get("/api/loggers").json["loggers"]}
    assert listed["root"]["level"] == "INFO"
    assert listed["school.grades"] == {
        "name": "school.grades",
        "level": None,
        "effective": "INFO",
        "source": "inherited",
        "by": None,
        "until": None,
    }
    assert "school.grades" in client("editor").get("/loggers").text


def test_an_admin_sets_a_level_for_some_minutes_and_takes_it_back(logged, client):
    admin = client("admin")
    answer = admin.put("/api/loggers/school.grades", json={"level": "debug", "minutes": 10})
    assert answer.status_code == 200
    assert (answer.json["level"], answer.json["effective"]) == ("DEBUG", "DEBUG")
    assert answer.json["by"].startswith("token:admin")
    assert answer.json["until"].endswith("Z")
    assert admin.put("/api/loggers/school.grades", json={"level": None}).json["source"] == "inherited"
    deeds = [entry.detail for entry in audit.list_all(logged.state)]
    assert deeds == ["reset logger school.grades", "set logger school.grades to DEBUG for 10 minutes"]


def test_the_root_is_called_root(logged, client):
    assert client("admin").put("/api/loggers/root", json={"level": "ERROR"}).json["level"] == "ERROR"
    assert loggers.overrides(logged.state)["root"].level == "ERROR"


def test_a_logger_that_nobody_has_met_can_be_set_too(logged, client):
    answer = client("admin").put("/api/loggers/not.yet~2Cthere", json={"level": "ERROR"})
    assert (answer.json["name"], answer.json["level"]) == ("not.yet,there", "ERROR")
    assert client("admin").put("/api/loggers/never.met", json={"level": None}).json["level"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "level"),
        ({"level": "LOUD"}, "level"),
        ({"level": 10}, "level"),
        ({"level": "INFO", "minutes": "5"}, "minutes"),
        ({"level": "INFO", "minutes": -5}, "minutes"),
        ({"level": "INFO", "minutes": True}, "minutes"),
        ({"level": "INFO", "hours": 1}, "hours"),
    ],
)
def test_a_wrong_level_is_refused_and_changes_nothing(logged, client, body, field):
    answer = client("admin").put("/api/loggers/a", json=body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert loggers.overrides(logged.state) == {}


def test_only_admins_set_levels(logged, client):
    assert client("editor").put("/api/loggers/a", json={"level": "INFO"}).status_code == 403
    assert client("editor").post("/loggers", data={"logger": "a", "level": "INFO"}).status_code == 403
    assert "<select" not in client("editor").get("/loggers").text


def test_the_form_sets_a_level_and_resets_it(logged, client):
    admin = client("admin")
    assert admin.post("/loggers", data={"logger": "a", "level": "ERROR", "minutes": "10"}).status_code == 303
    assert loggers.overrides(logged.state)["a"].level == "ERROR"
    assert "a is at ERROR." in admin.get("/loggers").text
    assert admin.post("/loggers", data={"logger": "a", "level": "ERROR", "reset": "1"}).status_code == 303
    assert loggers.overrides(logged.state) == {}


def test_the_form_says_what_is_wrong(logged, client):
    answer = client("admin").post("/loggers", data={"logger": "a", "level": "LOUD"})
    assert answer.status_code == 422
    assert "Write one of DEBUG" in answer.text
