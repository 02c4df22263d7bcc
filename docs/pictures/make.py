"""Makes the pictures of the README from a fresh demo desk: `make pictures`."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def picture_of_a_run(page: Page) -> None:
    """A grade below the average: the run with the row that it wrote and the record that it logged."""
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/functions/record_grade")
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**run=*")
    number = page.url.rpartition("=")[2]
    page.goto(page.url.partition("/functions")[0] + f"/runs/{number}")
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
        picture_of_a_run(page)
        browser.close()


if __name__ == "__main__":
    main()
