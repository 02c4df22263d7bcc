"""A small application in a real server process, for test_serving: `served.py SERVER PORT PROCESSES FOLDER`."""

import contextlib
import functools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from wsgiref.types import WSGIApplication

import flask

from frontdesk.web import serving


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[WSGIApplication]:
    app = flask.Flask("served")

    @app.get("/pid")
    def pid() -> str:
        return str(os.getpid())

    @app.get("/slow")
    def slow() -> str:
        (folder / "slow-began").touch()
        time.sleep(1.5)
        return "finished"

    @app.post("/length")
    def length() -> str:
        return str(len(flask.request.get_data()))

    yield app
    (folder / f"closed-{os.getpid()}").touch()


@contextlib.contextmanager
def around(folder: Path) -> Iterator[None]:
    (folder / "around-began").touch()
    yield
    (folder / "around-ended").touch()


if __name__ == "__main__":
    server, port, processes, place = sys.argv[1:]
    serving.serve(
        functools.partial(opened, Path(place)),
        serving.listen("127.0.0.1", int(port)),
        server=server,
        processes=int(processes),
        around=functools.partial(around, Path(place)),
        ready=functools.partial(print, "ready", flush=True),
    )
    print("ended", flush=True)
