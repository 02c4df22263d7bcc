"""Typed SQL on either engine: on PostgreSQL by a role that only reads."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from frontdesk import config
from frontdesk.database import state
from frontdesk.database.postgresql import roles
from tests import places
from tests.postgresql import Server
from tests.tables import asking as asked
from tests.tables.asking import Asking


@pytest.fixture
def asking(place: Path | str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Asking]]:
    """Gives who asks a database that a script makes."""
    with ExitStack() as stack:

        def make(script: str) -> Asking:
            database = stack.enter_context(closing(places.opened(place, script)))
            settings = config.load(tmp_path, environment={})
            if isinstance(place, str):
                server: Server = request.getfixturevalue("postgresql")
                role, password = roles.make(place)
                roles.grant(place, role)
                stack.callback(server.execute, f'DROP ROLE "{role}"')
                stack.callback(server.execute, f'DROP OWNED BY "{role}"', database=place)
                url = make_url(place).set(username=role, password=password).render_as_string(hide_password=False)
                settings = replace(settings, queries=replace(settings.queries, readers={"shop": url}))
            own = stack.enter_context(closing(state.open(config.load(tmp_path, environment={}))))
            return asked.made(settings, own, database)

        yield make
