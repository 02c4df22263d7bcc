"""What the journeys share: desks served by real processes, and a browser in which nothing may go wrong unseen."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Request, sync_playwright

import frontdesk.web
from tests.journeys import served
from tests.journeys.served import Person, Server

CHROMIUM = Path("/usr/bin/chromium")
MENDED_BY = "No Chromium: the browser journeys are skipped. To run them: sudo apt-get install chromium"
BUNDLES = Path(frontdesk.web.__file__).parent / "static" / "dist" / "manifest.json"
needs_bundles = pytest.mark.skipif(
    not BUNDLES.exists(), reason="The front end's bundles are not built: pip install -e . where npm packages can be had"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
STATUS = re.compile(r"status of (\d{3})")
PARTS = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const telling = /^(aria-(invalid|pressed|sort|current|expanded)|role|open|disabled|type)$/;
  const part = (one) => [one.tagName, one.getAttribute("class"),
    ...[...one.attributes].map(({name, value}) => telling.test(name) ? `${name}=${value}` : name)].join(" ");
  const headings = all("h1, h2, h3").map((one) => one.tagName).join("");
  const look = [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches, headings];
  return [...look, ...[...new Set(all("*").map(part))].sort()].join("|");
}"""
"""All that a page is put together from, and how it looks: nothing new is found where nothing is new."""


@dataclass(frozen=True)
class Look:
    """How somebody sees the pages."""

    theme: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


LIGHT = Look("light", 1400, 900)
DARK_NARROW = Look("dark", 390, 844)
LOOKS = [  # the first is enough where a test is about what a page does
    pytest.param(LIGHT, id=str(LIGHT)),
    pytest.param(DARK_NARROW, id=str(DARK_NARROW)),
    pytest.param(Look("dark", 1400, 900), id="dark-1400", marks=pytest.mark.long),
    pytest.param(Look("light", 390, 844), id="light-390", marks=pytest.mark.long),
]


class Tab:
    """A page of the browser that keeps what went wrong in it: errors of scripts, of the policy, of requests."""

    def __init__(self, context: BrowserContext, address: str, scripts: bool) -> None:
        self.address = address
        self.scripts = scripts
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.expected: set[int] = set()
        """Statuses of answers that a test asks for on purpose: the browser tells each as an error."""
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("requestfailed", self._miss)
        self.page.on("request", self._ask)

    def go(self, path: str) -> int:
        """Opens a page of the desk, checks it, and gives the answer's status."""
        response = self.page.goto(self.address + path)
        self.check()
        return response.status if response else 0

    def follow(self, locator: Locator) -> None:
        """Clicks what leads to another page, and checks that page."""
        with self.page.expect_navigation():
            locator.click()
        self.check()

    def link(self, name: str | re.Pattern[str], within: str = "main") -> Locator:
        """The first link of this name in the content."""
        return self.page.locator(within).get_by_role("link", name=name).first

    def button(self, name: str) -> Locator:
        """The first button of exactly this name in the content."""
        return self.page.locator("main").get_by_role("button", name=name, exact=True).first

    def check(self) -> None:
        """Notes what axe finds on the page as it is now, unless one of the same parts was looked at before."""
        if not self.scripts:
            return
        parts = self.page.evaluate(PARTS)
        if parts in _looked_at:
            return
        _looked_at.add(parts)
        found = Axe().run(self.page).response["violations"]
        for one in found:
            places = [node["html"][:200] for node in one["nodes"][:3]]
            self.faults.append(f"{self.page.url}: axe {one['id']}: {one['help']}: {places}")

    @property
    def path(self) -> str:
        """The path of the page, without its arguments."""
        return self.page.url.removeprefix(self.address).partition("?")[0]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        status = STATUS.search(message.text)
        if status is None or int(status[1]) not in self.expected:
            self.faults.append(f"{self.page.url}: {message.text} {message.location.get('url', '')}")

    def _ask(self, request: Request) -> None:
        self.asked.append(request.url)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"{self.page.url}: {request.url} is asked of another host")

    def _miss(self, request: Request) -> None:
        # A page that is left gives up what it was asking for.
        if not (request.resource_type != "document" and request.failure == "net::ERR_ABORTED"):
            self.faults.append(f"{self.page.url}: {request.url} {request.failure}")


_looked_at: set[str] = set()

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it."""
    if not CHROMIUM.exists():
        pytest.skip(MENDED_BY)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Opens a tab in which somebody is signed in; at the end nothing may have gone wrong in any."""
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def open_tab(server: Server, person: Person | None = None, look: Look = LIGHT, scripts: bool = True) -> Tab:
        context = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            color_scheme="dark" if look.theme == "dark" else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if person:
            context.add_cookies([{"name": "frontdesk_session", "value": person.session, "url": server.address}])
        tabs.append(Tab(context, server.address, scripts))
        return tabs[-1]

    yield open_tab
    for context in contexts:
        context.close()
    faults = [fault for tab in tabs for fault in tab.faults]
    assert not faults, "\n".join(faults)


@dataclass(frozen=True)
class Served:
    """A desk that is served, and its people."""

    server: Server
    people: dict[str, Person]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo desk, served by `frontdesk demo`."""
    server = Server(tmp_path_factory.mktemp("demo") / "demo-desk", "--no-open", command="demo")
    try:
        yield Served(server, served.introduce(server.folder))
    finally:
        server.stop()
