"""Pictures in a browser: chosen, dropped, pasted, seen before they are sent; and nothing that was sent ever runs."""

import base64
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload

from tests import pictures
from tests.journeys import served
from tests.journeys.conftest import LOOKS, Look, OpenTab, Served, Tab
from tests.journeys.served import Server

PHOTOS = '''
import logging

import frontdesk

logger = logging.getLogger("pets")


@frontdesk.function(roles=("viewer",))
def classify(photo: frontdesk.Image) -> frontdesk.Label:
    """Says whether a photo shows a cat or a dog."""
    logger.info("%d x %d pixels", photo.width, photo.height)
    return frontdesk.Label({"cat": 0.97, "dog": 0.03})


@frontdesk.function(roles=("viewer",))
def keep(text: frontdesk.File):
    return text
'''

CAT: FilePayload = {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": pictures.picture(size=(320, 200))}

GIVE = """([kind, name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, {type}));
  const options = {bubbles: true, cancelable: true};
  const events = {paste: () => [new ClipboardEvent("paste", {...options, clipboardData: data})],
    drop: () => ["dragover", "drop"].map((one) => new DragEvent(one, {...options, dataTransfer: data}))};
  for (const event of events[kind]()) document.querySelector("main").dispatchEvent(event);
}"""
"""What a browser does when somebody pastes or drops a file."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A desk with two functions that take files."""
    folder = tmp_path_factory.mktemp("photos") / "desk"
    folder.mkdir()
    (folder / "photos.py").write_text(PHOTOS)
    people = served.introduce(folder)
    server = Server(folder)
    yield Served(server, people)
    server.stop()


def give(tab: Tab, kind: str, name: str, media: str, data: bytes) -> None:
    tab.page.evaluate(GIVE, [kind, name, media, base64.b64encode(data).decode()])


def runs(desk: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.server.client(desk.people["eve"]).get("/api/runs")["runs"]
    return found


def shown(tab: Tab, selector: str) -> bool:
    """Whether a picture is there and was read."""
    image = tab.page.locator(selector).first
    image.wait_for()
    seen: bool = image.evaluate("(one) => one.decode().then(() => one.naturalWidth > 0)")
    return seen


@pytest.mark.parametrize("look", LOOKS)
def test_a_picture_is_chosen_seen_sent_and_named(photos: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(photos.server, photos.people["vic"], look)
    tab.go("/functions/classify")
    tab.page.get_by_label("photo").set_input_files(CAT)
    assert shown(tab, ".chosen img[src^='blob:']")
    assert "cat.jpg" in tab.page.locator(".chosen p").inner_text()
    tab.check()
    tab.follow(tab.button("Run"))
    assert tab.page.locator("p.verdict").inner_text() == "This is a cat (97 %)"
    assert tab.page.locator("dl.bars dt").all_inner_texts() == ["cat", "dog"]
    assert shown(tab, ".chosen img[src^='/files/']")
    assert "320 x 200 pixels" in tab.page.locator("table.records").inner_text()
    tab.follow(tab.link(re.compile("run [0-9]+")))
    assert shown(tab, ".picture img")
    with tab.page.expect_download() as download:
        tab.link("cat.jpg").click()
    assert download.value.suggested_filename == "cat.jpg"
    assert Path(download.value.path()).read_bytes() == CAT["buffer"]
    tab.follow(tab.button("Replay"))
    assert tab.page.locator("p.verdict").inner_text() == "This is a cat (97 %)"


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped_and_sent_by_keys(photos: Served, open_tab: OpenTab, kind: str) -> None:
    tab = open_tab(photos.server, photos.people["vic"])
    tab.go("/functions/classify")
    give(tab, kind, "image.png", "image/png", pictures.picture("PNG"))
    assert shown(tab, ".chosen img[src^='blob:']")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Control+Enter")
    assert tab.page.locator("p.verdict").inner_text() == "This is a cat (97 %)"
    assert runs(photos)[0]["arguments"]["photo"]["name"] == "image.png"


def test_a_pasted_text_stays_a_text(photos: Served, open_tab: OpenTab) -> None:
    tab = open_tab(photos.server, photos.people["vic"])
    tab.go("/functions/classify")
    give(tab, "paste", "notes.txt", "text/plain", b"hello")
    assert tab.page.locator(".chosen").is_hidden()


def test_what_would_be_refused_is_said_before_it_is_sent(photos: Served, open_tab: OpenTab) -> None:
    tab = open_tab(photos.server, photos.people["vic"])
    tab.go("/functions/classify")
    before = runs(photos)[:1]
    for payload, words in [
        ({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"}, "notes.txt is no PNG, JPEG or WebP."),
        ({"name": "none.png", "mimeType": "image/png", "buffer": b""}, "none.png is empty"),
    ]:
        tab.page.get_by_label("photo").set_input_files(payload)  # type: ignore[arg-type]
        assert words in tab.page.locator(".chosen p.error").inner_text()
        tab.button("Run").click()
        assert tab.page.url.endswith("/functions/classify")
    tab.page.get_by_label("photo").set_input_files(CAT)
    assert shown(tab, ".chosen img")
    assert runs(photos)[:1] == before


def test_what_only_the_server_sees_is_said_at_the_field(photos: Served, open_tab: OpenTab) -> None:
    tab = open_tab(photos.server, photos.people["vic"])
    tab.expected = {422}
    tab.go("/functions/classify")
    tab.page.get_by_label("photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": pictures.SVG})
    tab.follow(tab.button("Run"))
    field = tab.page.get_by_label("photo")
    assert field.get_attribute("aria-invalid") == "true"
    assert "HTML, SVG or XML" in tab.page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()


def test_a_picture_is_sent_without_scripts(photos: Served, open_tab: OpenTab) -> None:
    tab = open_tab(photos.server, photos.people["vic"], scripts=False)
    tab.go("/functions/classify")
    tab.page.get_by_label("photo").set_input_files(CAT)
    tab.follow(tab.button("Run"))
    assert tab.page.locator("p.verdict").inner_text() == "This is a cat (97 %)"
    tab.follow(tab.button("Run"))  # the same picture again
    assert tab.page.locator("p.verdict").inner_text() == "This is a cat (97 %)"


SCRIPT = b"<script>parent.document.title = document.title = 'taken over'; fetch('/api/me')</script>"
POLYGLOTS = {
    "picture.jpg": (pictures.picture() + b"<!doctype html>" + SCRIPT, "classify", "photo"),
    "picture.png": (pictures.picture("PNG") + b"PK\3\4" + SCRIPT, "classify", "photo"),
    "page.html": (b"<!doctype html>" + SCRIPT, "keep", "text"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>", "keep", "text"),
    "paper.pdf": (b"%PDF-1.7\n" + SCRIPT, "keep", "text"),
    "moving.gif": (b"GIF89a=1;document.title='taken over'//" + SCRIPT, "keep", "text"),
}


def upload(desk: Served, function: str, field: str, name: str, kind: str, data: bytes) -> str:
    """Sends a file and gives the address that it is kept under."""
    with closing(http.client.HTTPConnection(urlsplit(desk.server.address).netloc)) as connection:
        part = (
            f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
        )
        headers = {
            "Authorization": f"Bearer {desk.people['vic'].token}",
            "Content-Type": "multipart/form-data; boundary=x",
        }
        connection.request("POST", f"/api/functions/{function}", part.encode() + data + b"\r\n--x--\r\n", headers)
        answer = json.loads(connection.getresponse().read())
    run = desk.server.client(desk.people["vic"]).get(f"/api/runs/{answer['run']}")
    address: str = run["arguments"][field]["$file"]
    return address


EMBED = """async (addresses) => {
  for (const address of addresses) {
    for (const tag of ["iframe", "object", "embed", "script"]) {
      const part = document.createElement(tag);
      part[tag === "object" ? "data" : "src"] = address;
      document.body.append(part);
    }
  }
  await new Promise((done) => setTimeout(done, 500));
}"""


def test_no_script_in_a_file_that_was_sent_ever_runs(photos: Served, open_tab: OpenTab) -> None:
    tab = open_tab(photos.server, photos.people["eve"])
    tab.go("/")
    title, addresses = tab.page.title(), []
    for name, (data, function, field) in POLYGLOTS.items():
        address = upload(photos, function, field, name, "text/html", data)
        with tab.page.expect_download() as download:  # asked for by itself, it is saved
            tab.page.evaluate("(address) => { location.href = address; }", address)
        assert Path(download.value.path()).read_bytes() == data
        addresses += [address, address.replace("/api", "") + "/preview"]
    asked = len(tab.asked)
    tab.page.evaluate(EMBED, addresses)
    assert tab.page.title() == title
    assert not [one for one in tab.asked[asked:] if one.endswith("/api/me")]
    assert tab.faults  # the browser tells of each embedding that it refused
    tab.page.close()
    tab.faults.clear()
