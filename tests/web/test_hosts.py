import pytest

from frontdesk.desk import Desk
from frontdesk.web import create_app

NAMES = ["localhost", "127.0.0.1", "[::1]", "desk.example"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "Desk.Example.", "LOCALHOST"])
def test_a_desk_answers_under_its_own_names(desk: Desk, host: str):
    client = create_app(desk, trusted_hosts=NAMES).test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "a b", "[::2]"]
)
def test_under_another_name_nothing_is_answered(desk: Desk, host: str):
    client = create_app(desk, trusted_hosts=NAMES).test_client()
    answer = client.get("/api/me", headers={"Host": host})
    assert answer.status_code == 400
    assert "trusted_hosts" in answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["request"] == answer.headers["X-Request-ID"]
    assert len(answer.headers["X-Request-ID"]) == 16
    assert client.get("/", headers={"Host": host}).content_type.startswith("text/plain")


def test_without_names_every_host_is_answered(desk: Desk):
    assert create_app(desk).test_client().get("/healthz", headers={"Host": "any.example"}).status_code == 200
