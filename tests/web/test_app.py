import logging
from collections.abc import Iterator

import pytest

from frontdesk.desk import Desk
from frontdesk.logs import records
from frontdesk.web import create_app


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
