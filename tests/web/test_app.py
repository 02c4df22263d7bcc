import logging
from collections.abc import Iterator

import pytest

from frontdesk.desk import Desk
from frontdesk.logs import records
from frontdesk.web import create_app
from tests.conftest import Client


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, left as it was."""
    found = logging.getLogger()
    before = list(found.handlers)
    yield found
    for handler in set(found.handlers) - set(before):
        found.removeHandler(handler)
        handler.close()


def test_an_application_around_the_desk_can_log_into_it_and_keeps_its_own_handlers(
    desk: Desk, root: logging.Logger
) -> None:
    before = list(root.handlers)
    create_app(desk)
    assert root.handlers == before
    create_app(desk, logs=True)
    assert [handler for handler in root.handlers if handler in before] == before
    logging.getLogger("shop.till").warning("The till is open.")
    found = records.search(desk.read_logs(), records.Filter(logger="shop")).records
    assert [record.message for record in found] == ["The till is open."]


def test_an_answer_without_a_body_has_no_content_type(client: Client) -> None:
    answer = client("editor").delete("/api/databases/example/tables/employees/rows/1")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_who_is_not_signed_in_is_told_how(client: Client) -> None:
    assert client("nobody").get("/api/me").headers["WWW-Authenticate"] == "Bearer"


def test_a_name_that_is_written_wrong_is_not_there_whatever_the_method(client: Client) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        answer = client("admin").open("/api/databases/~x/queries/~", method=method, json={})
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_page_for_who_is_not_signed_in_begins_with_its_own_words(client: Client) -> None:
    page = client("nobody").get("/login").text
    assert 'id="content"' in page
    assert "None" not in page.split("<body", 1)[1]
