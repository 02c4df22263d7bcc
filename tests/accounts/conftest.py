"""Frontdesk's own tables in a temporary folder, and a cast of users."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import config
from frontdesk.accounts import passwords, users
from frontdesk.database import state
from frontdesk.database.connections import Database

PASSWORD = "correct horse 1"
KEPT = passwords.digest(PASSWORD)


@pytest.fixture
def database(tmp_path: Path, own: dict[str, Any]) -> Iterator[Database]:
    """The state of a desk without users, on either engine."""
    opened = state.open(config.load(tmp_path, environment={}, **own))
    yield opened
    opened.close()


@pytest.fixture
def cast(database: Database) -> Database:
    """The state of a desk with ada (admin), eve (editor) and vic (viewer)."""
    with database.transaction() as connection:
        for name, role in (("ada", "admin"), ("eve", "editor"), ("vic", "viewer")):
            users.insert_into(connection, name, KEPT, role)
    return database
