"""Which server: a light page while 60 clients are slow, and /ping by itself. `python -m benchmarks.servers`"""

import argparse
import contextlib
import http.client
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

import flask

from frontdesk.web import serving

CLIENTS = 60
PATIENCE = 8.0


def make_application() -> flask.Flask:
    """A light page, one that reads a body, and one that streams as many megabytes as asked."""
    app = flask.Flask("bench")

    @app.get("/ping")
    def ping() -> str:
        return "pong"

    @app.post("/body")
    def body() -> str:
        return str(len(flask.request.get_data()))

    @app.get("/large/<int:megabytes>")
    def large(megabytes: int) -> flask.Response:
        return flask.Response(b"x" * 100_000 for _ in range(10 * megabytes))

    return app


@contextlib.contextmanager
def opened() -> Iterator[WSGIApplication]:
    """The application, as `serving.serve` takes it."""
    yield make_application()


@contextlib.contextmanager
def running(server: str, threads: int = 4, processes: int = 1) -> Iterator[int]:
    """The port of a real server process that is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "serve", server, str(port), str(threads), str(processes)]
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 15
        while light(port, 1.0) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{server} does not start")
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def light(port: int, patience: float = PATIENCE) -> float | None:
    """Seconds until a new connection has its light page, or None when patience ends."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("GET", "/ping")
        connection.getresponse().read()
    except OSError:
        return None
    finally:
        connection.close()
    return time.perf_counter() - start


def _connect(port: int, first: bytes, receive: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    client.connect(("127.0.0.1", port))
    client.sendall(first)
    return client


def slow_headers(port: int) -> socket.socket:
    """A client whose header never ends."""
    return _connect(port, b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


def slow_body(port: int) -> socket.socket:
    """A client whose body never ends."""
    return _connect(port, b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf")


def slow_read(port: int, megabytes: int = 3) -> socket.socket:
    """A client that asks for megabytes and reads nothing."""
    return _connect(port, b"GET /large/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % megabytes, receive=4096)


def slow_read_more(port: int) -> socket.socket:
    """The same with 30 MB: 1.8 GB by all of them together."""
    return slow_read(port, 30)


ATTACKS: dict[str, Callable[[int], socket.socket]] = {
    "slow headers": slow_headers,
    "slow bodies": slow_body,
    "slow reads, 3 MB each": slow_read,
    "slow reads, 30 MB each": slow_read_more,
}


@contextlib.contextmanager
def attacking(port: int, attack: Callable[[int], socket.socket], clients: int = CLIENTS) -> Iterator[None]:
    """`clients` half-open connections, each of them sending one more byte a second."""
    sockets = [attack(port) for _ in range(clients)]
    over = threading.Event()

    def drip() -> None:
        while not over.wait(1.0):
            for client in sockets:
                with contextlib.suppress(OSError):
                    client.send(b"" if attack in {slow_read, slow_read_more} else b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for client in sockets:
            client.close()


@dataclass
class Measured:
    """Milliseconds of light pages; None is a page that did not come within the patience."""

    times: list[float | None]

    def __str__(self) -> str:
        came = [value for value in self.times if value is not None]
        if not came:
            return f"none of {len(self.times)} within {PATIENCE:.0f} s"
        lost = len(self.times) - len(came)
        text = f"median {statistics.median(came) * 1000:.1f} ms, worst {max(came) * 1000:.1f} ms"
        return text + (f", {lost} of {len(self.times)} not within {PATIENCE:.0f} s" if lost else "")


def measure(port: int, attack: Callable[[int], socket.socket], pages: int = 40) -> Measured:
    """Light pages during an attack, after it has had a second."""
    with attacking(port, attack):
        time.sleep(1.0)
        times: list[float | None] = []
        while len(times) < pages and times.count(None) < 3:
            times.append(light(port))
        return Measured(times)


def throughput(port: int, seconds: float, connections: int = 8) -> float:
    """Requests a second for /ping over kept connections, from processes of this machine."""
    command = [sys.executable, __file__, "load", str(port), str(seconds), str(connections // 2)]
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(float(load.communicate()[0]) for load in loads)


def _load(port: int, seconds: float, connections: int) -> float:
    request = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for client in clients:
            client.sendall(request)
        for client in clients:
            while not client.recv(65_536).endswith(b"pong"):
                pass
            done += 1
    return done / (time.perf_counter() - start)


def compare(seconds: float, rounds: int) -> None:
    """Prints both tables."""
    servers = [("waitress", 1), ("granian", 1), ("waitress", 2), ("granian", 2)]
    print(f"A light page during an attack by {CLIENTS} clients, 4 threads a process")
    for server, processes in servers:
        for name, attack in ATTACKS.items():
            with running(server, 4, processes) as port:
                print(f"  {server:9} {processes} proc  {name:23} {measure(port, attack)}", flush=True)
    if not rounds:
        return
    print(f"/ping, requests a second, 8 kept connections, {rounds} rounds in turn, median")
    figures: dict[tuple[str, int], list[float]] = {pair: [] for pair in servers}
    for _ in range(rounds):
        for server, processes in servers:
            with running(server, 4, processes) as port:
                figures[server, processes].append(throughput(port, seconds))
    for (server, processes), values in figures.items():
        print(f"  {server:9} {processes} proc  {statistics.median(values):8.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    given: Any
    if sys.argv[1:2] == ["serve"]:
        server, port, threads, processes = sys.argv[2:]
        listener = serving.listen("127.0.0.1", int(port))
        limits = serving.Limits(threads=int(threads))
        serving.serve(opened, listener, server=server, processes=int(processes), limits=limits)
    elif sys.argv[1:2] == ["load"]:
        print(_load(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
    else:
        given = parser.parse_args()
        compare(given.seconds, given.rounds)


if __name__ == "__main__":
    main()
