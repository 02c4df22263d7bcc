from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.accounts import links, tokens, users
from frontdesk.context import Caller
from frontdesk.demo import making, people
from frontdesk.desk import Desk
from frontdesk.web import create_app


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Desk]:
    making.make(tmp_path / "demo")
    opened = Desk(tmp_path / "demo", functions={"workers": 1}, logs={"console": False})
    yield opened
    opened.close()


def test_three_people_can_sign_in_with_the_passwords_drawn_at_the_first_start(demo: Desk):
    drawn = people.add(demo)
    signed_in = [users.verify(demo.state, name, password).role for name, password in drawn.items()]
    assert signed_in == ["admin", "editor", "viewer"]
    assert len(set(drawn.values())) == 3


def test_the_next_start_draws_no_passwords(demo: Desk):
    people.add(demo)
    assert people.add(demo) == {}


def test_every_start_has_a_link_that_signs_ada_in_once(demo: Desk):
    people.add(demo)
    for _ in range(2):
        secret = people.link(demo)
        assert secret
        assert links.sign_in(demo.state, secret).name == "ada"


def test_there_is_no_link_once_ada_is_gone(demo: Desk):
    people.add(demo)
    users.set_role(demo.state, "eve", "admin")
    users.remove(demo.state, "ada")
    assert people.link(demo) is None


def test_a_viewer_can_open_the_report(demo: Desk):
    client = create_app(demo).test_client()
    secret = tokens.create(demo.state, "reading", "viewer", Caller("cli:test", "admin"))
    answer = client.get("/pages/report", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    for part in ("Sales against targets", "targets.csv", "missed", "73.4"):
        assert part in answer.text
