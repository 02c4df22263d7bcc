"""The notes' last page: upload a photo, read what the model sees on it. No photograph comes along."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload

from tests import pictures
from tests.functions.models import colours
from tests.journeys import served
from tests.journeys.conftest import LOOKS, Look, OpenTab, Served
from tests.journeys.served import Server

PHOTO: FilePayload = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": pictures.picture(size=(320, 200))}
CARD = {
    "name": "classify",
    "labels": "cat, dog, neither",
    "size": "8",
    "mean": "0, 0, 100",
    "doubt": "neither",
    "threshold": "0.4",
}
PAGE = """{% extends "frontdesk/page.html" %}
{% block content %}<p id="told">{{ call("classify", photo="cat.jpg") | sentence }}</p>{% endblock %}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A desk with a model, a photo and a page of one's own; and a file that is no model."""
    folder = tmp_path_factory.mktemp("models") / "desk"
    (folder / "pages").mkdir(parents=True)
    colours.write(folder / "pets.onnx", CARD)
    (folder / "broken.onnx").write_bytes(b"no model")
    (folder / "cat.jpg").write_bytes(pictures.picture(size=(640, 10)))
    (folder / "pages" / "photo.html").write_text(PAGE)
    people = served.introduce(folder)
    server = Server(folder)
    yield Served(server, people)
    server.stop()


@pytest.mark.parametrize("look", LOOKS)
def test_a_photo_is_uploaded_and_the_page_says_what_it_is(desk: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(desk.server, desk.people["eve"], look)
    tab.go("/functions")
    assert "broken.onnx it is no ONNX model that can be run" in tab.page.locator("main").inner_text()
    tab.follow(tab.link("classify"))
    tab.page.get_by_label("photo").set_input_files(PHOTO)
    tab.follow(tab.button("Run"))
    told = tab.page.locator("p.verdict").inner_text()
    assert re.fullmatch(r"This is a cat \(\d\d %\)", told)
    assert tab.page.locator("dl.bars dt").all_inner_texts()[0] == "cat"
    assert f"photo.jpg: {told}" in tab.page.locator("table.records").inner_text()
    tab.follow(tab.link(re.compile("run [0-9]+")))
    tab.page.locator(".picture img").wait_for()
    assert tab.page.locator("p.verdict").inner_text() == told


def test_a_page_of_ones_own_shows_what_the_model_says(desk: Served, open_tab: OpenTab) -> None:
    tab = open_tab(desk.server, desk.people["eve"])
    tab.go("/pages/photo")
    assert tab.page.locator("#told").inner_text().startswith("This is a cat (")


def test_the_demos_classifier_doubts_a_picture_without_an_animal(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["ada"])
    tab.go("/functions/classify")
    tab.page.get_by_label("photo").set_input_files(PHOTO)
    tab.follow(tab.button("Run"))
    assert tab.page.locator("p.verdict.unsure").inner_text().startswith("Not sure: ")
