"""The audit says who did what."""

from frontdesk import context
from frontdesk.accounts import audit


def test_a_deed_is_kept_with_who_what_when_where_and_its_request(database):
    with context.bind(request="00112233445566aa"):
        audit.record(database, "ada", "user added", "eve (editor)", "10.0.0.1")
    audit.record(database, "cli:root", "user removed", "x" * 5000)
    second, first = audit.list_all(database)
    assert (first.who, first.action, first.detail) == ("ada", "user added", "eve (editor)")
    assert (first.address, first.request) == ("10.0.0.1", "00112233445566aa")
    assert second.at >= first.at
    assert len(second.detail) == 1000
