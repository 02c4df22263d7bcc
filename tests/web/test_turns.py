"""Reading requests take turns, and none waits long for another."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from frontdesk.web import turns


def ask(application: Callable[..., Iterable[bytes]], method: str = "GET", **environ: Any) -> None:
    list(application({"REQUEST_METHOD": method, **environ}, lambda *_: lambda _: None))


def together(application: Callable[..., Iterable[bytes]], times: int, method: str = "GET") -> None:
    threads = [threading.Thread(target=ask, args=(application, method)) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counting(seconds: float) -> tuple[Callable[..., Iterable[bytes]], list[int]]:
    """An application that takes so long, and how many were inside whenever one came in."""
    inside: list[int] = []
    seen: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        inside.append(1)
        seen.append(len(inside))
        time.sleep(seconds)
        inside.pop()
        return [b""]

    return application, seen


def test_short_requests_that_read_come_one_after_the_other() -> None:
    application, seen = counting(0.001)
    together(turns.taking(application), 4)
    assert seen == [1, 1, 1, 1]


def test_a_request_that_takes_long_holds_nobody_up() -> None:
    application, seen = counting(0.5)
    began = time.monotonic()
    together(turns.taking(application), 4)
    assert time.monotonic() - began < 1.5
    assert max(seen) == 4


def test_what_writes_waits_for_no_turn() -> None:
    application, seen = counting(0.05)
    together(turns.taking(application), 2, "POST")
    assert max(seen) == 2


def test_a_request_that_fails_gives_its_turn_back() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise ValueError

    taking = turns.taking(application)
    took = []
    for _ in range(6):
        began = time.monotonic()
        with suppress(ValueError):
            ask(taking)
        took.append(time.monotonic() - began)
    assert min(took[1:]) < turns.PATIENCE, "who comes next does not wait for a turn that nobody has"
