"""What the benchmarks share: peers in environments of their own, servers that are stopped again, a load of kept
connections from a process of its own, and medians of interleaved rounds as ratios."""

import contextlib
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "build" / "peers"
"""Where the environments of the peers are kept between runs; git ignores it."""


def peer(name: str, *packages: str) -> Path:
    """The folder of the programs of a peer's environment, made once with the newest stable releases."""
    programs = PEERS / name / "bin"
    if not (PEERS / name / "ready").exists():
        venv.create(PEERS / name, with_pip=True, clear=True)
        subprocess.run(
            [programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True
        )
        (PEERS / name / "ready").touch()
    return programs


def version(programs: Path, package: str) -> str:
    """The package with its version, as installed there."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    found = subprocess.run([programs / "python", "-c", code], check=True, capture_output=True, text=True)
    return f"{package} {found.stdout.strip()}"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: Sequence[str | Path], port: int, **environment: str) -> Iterator[int]:
    """A server's process, and those that it begins, from when it listens until the end of the block."""
    process = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _servers[port] = process.pid
        _wait(process, port, 120)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def process(port: int) -> int:
    """The number of the process that was begun for this port."""
    return _servers[port]


def processor_seconds(port: int) -> float:
    """What the server at this port has taken so far, with the processes that it has begun."""
    ticks, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            number = int(path.parent.name)
            ticks[number], parents[number] = int(after_name[11]) + int(after_name[12]), int(after_name[1])
    family = {_servers[port]}
    while more := {number for number, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(number, 0) for number in family) / os.sysconf("SC_CLK_TCK")


_servers: dict[int, int] = {}


def _wait(process: "subprocess.Popen[bytes]", port: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"The server does not start: {process.args!r}")
        time.sleep(0.1)


@dataclass(frozen=True)
class Request:
    """What is asked again and again."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: str = ""

    def text(self) -> str:
        """As it goes over the wire."""
        headers = {"Host": "localhost", **self.headers}
        if self.body:
            headers |= {"Content-Length": str(len(self.body.encode())), "Content-Type": "application/json"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n{self.body}"


@dataclass(frozen=True)
class Rate:
    """What a load measured."""

    per_second: float
    median: float  #: milliseconds of a request
    slow: float  #: milliseconds that 99 of 100 requests stay below
    size: int  #: bytes of an answer
    processor: float = 0.0  #: milliseconds of the processor that an answer cost the server


def load(port: int, request: Request, seconds: float = 5.0, connections: int = 32) -> Rate:
    """Asks over kept connections, each as soon as it has its answer, from a process of its own.

    Raises RuntimeError for any answer that is no success.
    """
    before = processor_seconds(port)
    order = json.dumps([port, request.text(), seconds, connections])
    done = subprocess.run([sys.executable, __file__], input=order, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    answers, per_second, *rest = json.loads(done.stdout)
    median, slow, size = rest
    return Rate(per_second, median, slow, size, (processor_seconds(port) - before) / answers * 1000)


class _Client:
    """One kept connection."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request

    def ask(self) -> None:
        self._got = bytearray()
        self._whole = 0
        self.began = time.perf_counter()
        self.socket.sendall(self._request)

    def take(self) -> int:
        """The bytes of the answer once it is whole, else 0."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise RuntimeError(f"The connection was closed after {bytes(self._got)[:200]!r}")
        self._got += part
        if not self._whole:
            self._whole = self._length()
        if self._whole > 0:
            return self._whole if len(self._got) >= self._whole else 0
        return len(self._got) if self._got.endswith(b"0\r\n\r\n") else 0

    def _length(self) -> int:
        """Of the whole answer; -1 where it comes in chunks."""
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return 0
        head = bytes(self._got[:end]).lower()
        if head[8:10] != b" 2":
            raise RuntimeError(f"answered {bytes(self._got)[:300]!r}")
        if b"content-length:" not in head:
            return -1
        return end + 4 + int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])


def _load(port: int, request: bytes, seconds: float, connections: int) -> tuple[int, float, float, float, int]:
    chooser = selectors.DefaultSelector()
    began = time.perf_counter()
    until = began + seconds
    times: list[float] = []
    size = 0
    for _ in range(connections):
        client = _Client(port, request)
        chooser.register(client.socket, selectors.EVENT_READ, client)
        client.ask()
    while chooser.get_map():
        for key, _ in chooser.select():
            client = key.data
            if got := client.take():
                size = got
                now = time.perf_counter()
                times.append(now - client.began)
                if now < until:
                    client.ask()
                else:
                    chooser.unregister(client.socket)
                    client.socket.close()
    whole = time.perf_counter() - began
    times.sort()
    return len(times), len(times) / whole, statistics.median(times) * 1000, times[int(len(times) * 0.99)] * 1000, size


def measure(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Each figure once a round, in turn; the medians, by name."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        for name, one in measures.items():
            found[name].append(one())
            print(f"  round {number + 1}  {name:44} {found[name][-1]:12,.2f}", flush=True)
    return {name: statistics.median(values) for name, values in found.items()}


class Rates:
    """Loads by name, and what each answer cost the server's processor."""

    def __init__(self) -> None:
        self.cost: dict[str, list[float]] = {}

    def per_second(self, name: str, port: int, request: Request, seconds: float, connections: int = 32) -> float:
        """Answers a second."""
        found = load(port, request, seconds, connections)
        self.cost.setdefault(name, []).append(found.processor)
        return found.per_second

    def show(self, medians: Mapping[str, float]) -> None:
        """Prints the medians of both."""
        print(f"medians: {'answers a second':>38}   ms of the processor each")
        for name, rate in medians.items():
            print(f"  {name:36} {rate:10.1f} {statistics.median(self.cost[name]):14.2f}")


@dataclass(frozen=True)
class PostgreSQL:
    """A server in memory that lives as long as the block of `postgresql`, with one empty database."""

    url: str
    psql: tuple[str | Path, ...]  #: the command that speaks to it

    def execute(self, sql: str) -> None:
        """Carries out statements."""
        subprocess.run([*self.psql, "-c", sql], check=True, capture_output=True)

    def processor_seconds(self) -> float:
        """What the server has taken so far, with its processes that are gone."""
        asked = [*self.psql, "-A", "-t", "-c", "SELECT pg_backend_pid()", "-c", r"\! cat /proc/[0-9]*/stat 2>/dev/null"]
        own, *lines = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
        fields = {line.partition(" ")[0]: line.rpartition(")")[2].split() for line in lines}
        keeper = fields[own][1]
        family = [fields[keeper][13:15], *([one[11], one[12]] for one in fields.values() if one[1] == keeper)]
        family.append(fields[keeper][11:13])
        return sum(int(ticks) for one in family for ticks in one) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A fresh PostgreSQL from pip, for as long as the block."""
    from tests import postgresql as plugin  # pytest's, with psycopg
    from tests import postgresql_server

    programs = plugin.binaries()
    answer = postgresql_server.start(programs, os.getpid())
    try:
        user, password, port = answer["user"], answer["password"], answer["port"]
        os.environ["PGPASSWORD"] = password
        psql = (programs / "psql", "-X", "-q", "-h", answer["host"], "-p", str(port), "-U", user, "postgres")
        yield PostgreSQL(f"postgresql+psycopg://{user}:{password}@{answer['host']}:{port}/postgres", psql)
    finally:
        postgresql_server.stop(answer)


def noise() -> str:
    """What else the machine does, as far as one can tell."""
    one = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load before the start {one:.1f}: the machine is shared; ratios count, not figures"


def told(name: str, ratio: float, goal: float, *, at_least: bool = True) -> str:
    """A ratio beside its goal."""
    met = ratio >= goal if at_least else ratio <= goal
    return (
        f"{name:60} {ratio:8.2f}x  goal {'at least' if at_least else 'at most'} {goal:g}x  {'met' if met else 'MISSED'}"
    )


if __name__ == "__main__":
    port, request, seconds, connections = json.load(sys.stdin)
    print(json.dumps(_load(port, request.encode(), seconds, connections)))
