import logging
import runpy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from frontdesk.accounts import tokens
from frontdesk.context import Caller
from frontdesk.desk import Desk
from frontdesk.errors import FunctionError
from frontdesk.functions import runs
from frontdesk.web import create_app

EXAMPLES = Path(__file__).parent.parent / "examples"
ADA = Caller("cli:ada", "admin")


@contextmanager
def opened(name: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk in a copy of the example, so that nothing is left beside it."""
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".frontdesk", "*.db*", "*.log"))
    desk = Desk(folder, functions={"workers": 1}, logs={"console": False})
    try:
        yield desk
    finally:
        desk.close()


def test_hello_greets_and_logs_it(tmp_path: Path) -> None:
    with opened("hello", tmp_path) as desk:
        run = desk.calls.call("greet", {"name": "Ada", "times": 2}, ADA)
        assert runs.value(run) == "Hello, Ada! Hello, Ada!"
        assert [record.message for record in desk.runs.show(run.id, ADA)["records"]] == ["Greeting Ada"]


def test_stock_comes_in_and_goes_out_and_warns_when_little_is_left(tmp_path: Path) -> None:
    with opened("stock", tmp_path) as desk:
        assert runs.value(desk.calls.call("deliver", {}, ADA)) == 3
        run = desk.calls.call("take", {"name": "screws", "count": 5}, ADA)
        shown = desk.runs.show(run.id, ADA)
        assert [(record.level, record.message) for record in shown["records"]] == [("WARNING", "Only 7 of screws left")]
        assert [change.row.after for change in shown["changes"]] == [{"name": "screws", "count": 7}]
        with pytest.raises(FunctionError, match="CHECK constraint failed"):
            runs.value(desk.calls.call("take", {"name": "screws", "count": 50}, ADA))
        client = create_app(desk).test_client()
        secret = tokens.create(desk.state, "test", "viewer", ADA)
        page = client.get("/pages/low", headers={"Authorization": f"Bearer {secret}"}).text
        assert page.index("hammers") < page.index("screws")
        assert ">nails<" not in page


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Flask]:
    """The application of the example, over a copy of its desk."""
    shutil.copytree(EXAMPLES / "mounted" / "desk", tmp_path / "desk", ignore=shutil.ignore_patterns(".frontdesk"))
    before = list(logging.getLogger().handlers)
    app = runpy.run_path(str(EXAMPLES / "mounted" / "app.py"))["make_app"](tmp_path / "desk")
    yield app
    app.config["DESK"].close()
    for handler in [one for one in logging.getLogger().handlers if one not in before]:
        logging.getLogger().removeHandler(handler)
        handler.close()


def test_an_application_of_ones_own_has_a_desk_inside(mounted: Flask) -> None:
    secret = tokens.create(mounted.config["DESK"].state, "test", "editor", ADA)
    signed_in = {"Authorization": f"Bearer {secret}"}
    client = mounted.test_client()
    assert "Its desk" in client.get("/").text
    assert client.get("/desk/", headers={"Accept": "text/html"}).headers["Location"] == "/desk/login"
    assert 'href="/desk/functions/gross"' in client.get("/desk/functions", headers=signed_in).text
    called = client.post("/desk/api/functions/gross", json={"net": 100}, headers=signed_in)
    assert called.get_json()["result"] == 119.0
    records = client.get("/desk/api/logs?logger=shop", headers=signed_in).get_json()["records"]
    assert [record["message"] for record in records] == ["Somebody looks at the shop"]
