"""Makes the picture of the README from a fresh demo desk: `make pictures`."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 720


@contextmanager
def demo_desk() -> Iterator[str]:
    """The one-time sign-in link of a demo desk that is served meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-u", "-m", "frontdesk", "demo", f"{folder}/demo", "--port", "0", "--no-open"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None
                yield next(found[0] for line in server.stdout if (found := re.search(r"http\S+/link/\S+", line)))
            finally:
                server.terminate()


def call(page: Page, function: str) -> str:
    """Calls a function through its form, as it stands there; the id of the run."""
    page.goto(urljoin(page.url, f"/functions/{function}"))
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**run=*")
    return page.url.rpartition("=")[2]


def take_run(page: Page) -> None:
    """A grade below the average: its run with the row that it wrote and the record that it logged."""
    call(page, "average_grade")  # the first call imports the file, which takes longer
    run = call(page, "record_grade")
    page.goto(urljoin(page.url, f"/runs/{run}"))
    page.mouse.move(0, 0)
    page.screenshot(path=HERE / "run.png")


def main() -> None:
    """Makes every picture."""
    with demo_desk() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, color_scheme="light"
        )
        page.goto(link)
        page.get_by_role("button").first.click()
        take_run(page)
        browser.close()


if __name__ == "__main__":
    main()
