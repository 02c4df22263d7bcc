import pytest

from tests.conftest import Client

HISTORY = "/api/databases/example/tables/employees/history"
HUGE = "9" * 25


@pytest.mark.parametrize(("path", "noun"), [("/api/databases", "databases"), ("/api/loggers", "loggers")])
def test_lists_that_are_short_are_given_by_the_page_too(client: Client, path: str, noun: str) -> None:
    admin = client("admin")
    for name in ("module1", "module2"):
        admin.put(f"/api/loggers/{name}", json={"level": "INFO"})
    whole = admin.get(path).get_json()[noun]
    found, token = [], "0"
    while token is not None:
        page = admin.get(f"{path}?_size=1&_next={token}").get_json()
        found += page[noun]
        token = page["next"]

    assert [one["name"] for one in found] == [one["name"] for one in whole]
    assert admin.get(f"{path}?_size=0").status_code == 422


@pytest.mark.parametrize("token", ["bad", HUGE])
def test_a_place_in_the_history_that_is_none_is_refused(client: Client, token: str) -> None:
    admin = client("admin")
    admin.patch("/api/databases/example/tables/employees/rows/1", json={"age": 33})

    for path in (HISTORY, "/api/changes/example.1/rows"):
        answer = admin.get(f"{path}?_next={token}")
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["_next"])


def test_a_change_whose_number_is_beyond_all_is_not_there(client: Client) -> None:
    assert client("viewer").get(f"/api/changes/example.{HUGE}").status_code == 404


def test_a_count_with_a_limit_says_whether_it_was_reached(client: Client) -> None:
    rows = "/api/databases/example/tables/employees/rows"
    viewer = client("viewer")
    limited = [viewer.get(f"{rows}?_count={most}").get_json() for most in (2, 10_000)]

    assert [(one["count"], one["count_capped"]) for one in limited] == [(2, True), (3, False)]
    assert "count_capped" not in viewer.get(f"{rows}?_count=1").get_json()


def test_anyone_may_ask_whether_the_desk_is_ready(client: Client) -> None:
    answer = client("nobody").get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
