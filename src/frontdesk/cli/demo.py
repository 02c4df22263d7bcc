"""`frontdesk demo`: makes the demo desk, once, and serves it."""

import os
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from frontdesk.cli import serve
from frontdesk.demo import making, people, tour
from frontdesk.desk import Desk
from frontdesk.web import serving

FOLDER = "demo-desk"


@click.command("demo")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--port", type=int, help="Port to listen on (default: 8000, or the next free one).")
@click.option("--no-open", is_flag=True, help="Open no browser.")
@click.option("--once", is_flag=True, help="Walk the tour, print what each step answered, and end.")
def command(folder: Path | None, port: int | None, no_open: bool, once: bool) -> None:
    """Serves the demo desk in FOLDER (default: demo-desk): employees, sales, arithmetic and a school."""
    with _place(folder, once) as place:
        made = making.make(place)
        overrides: dict[str, Any] = {"server": {"port": port}} if port is not None else {}
        if once:
            overrides["logs"] = {"console": False}
        desk = Desk(place, **overrides)
        try:
            listener = serving.listen_near(desk.config.server.host, desk.config.server.port)
            address = serving.address(listener)
            tour.write(desk.config.state_folder)
            passwords, secret = people.add(desk), people.link(desk)
            config = desk.config
        finally:
            desk.close()
        _tell_port(config.server.port, listener.getsockname()[1])
        click.echo(f"The demo desk {'was made' if made else 'is'} in {config.folder}")
        click.echo(f"Address: {address}")
        for name, password in passwords.items():
            click.echo(f"  {name} ({people.ROLES[name]}), password {password}")
        link = f"{address}link/{secret}" if secret else address
        if secret:
            click.echo(f"Sign in as {people.GUIDE} without a password, once, within 30 minutes: {link}")
        if once:
            walker = Walker(address, link)
            serve.run(config, overrides, listener, walker.start)
            sys.exit(0 if walker.went_well else 1)
        serve.run(config, overrides, listener, _ready(link, no_open))


@contextmanager
def _place(folder: Path | None, once: bool) -> Iterator[Path]:
    """The folder; for a walk that names none, one that is gone afterwards."""
    if folder is not None or not once:
        yield folder or Path(FOLDER)
        return
    with tempfile.TemporaryDirectory(prefix="frontdesk-demo-") as temporary:
        yield Path(temporary) / FOLDER


def _tell_port(wanted: int, taken: int) -> None:
    if wanted not in {0, taken}:
        click.echo(f"Port {wanted} is in use; taking {taken}.")


def _ready(link: str, no_open: bool) -> Callable[[], None]:
    """Opens the link in a browser where there is a screen; never one that runs in the terminal."""
    screen = sys.platform in {"darwin", "win32"} or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    opens = screen and not no_open and sys.stdout.isatty()

    def ready() -> None:
        serve.tell_ready()
        if opens:
            webbrowser.open(link)

    return ready


class Walker:
    """Walks the tour beside the server, then tells it to stop."""

    def __init__(self, address: str, link: str) -> None:
        self.went_well = False
        self._address, self._link = address, link

    def start(self) -> None:
        """Begins the walk."""
        threading.Thread(target=self._walk, name="tour", daemon=True).start()

    def _walk(self) -> None:
        try:
            self.went_well = tour.walk(self._address, self._link, click.echo)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
