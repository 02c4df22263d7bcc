"""A desk served by a real `frontdesk` process, the people who may use it, and a client that speaks JSON."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from frontdesk.accounts import sessions, tokens, users
from frontdesk.context import Caller
from frontdesk.desk import Desk

PASSWORD = "correct horse battery staple"
PEOPLE = {"ada": "admin", "eve": "editor", "vic": "viewer"}
READY = "Ctrl-C stops it."


@dataclass(frozen=True)
class Person:
    """Somebody with a password, a token and a session of their own."""

    name: str
    role: str
    token: str
    session: str


def introduce(folder: Path) -> dict[str, Person]:
    """ada, eve and vic by name, as users of the desk in this folder, which nobody serves now."""
    desk = Desk(folder)
    try:
        return {name: _person(desk, name, role) for name, role in PEOPLE.items()}
    finally:
        desk.close()


def _person(desk: Desk, name: str, role: str) -> Person:
    if users.is_there(desk.state, name):
        users.set_password(desk.state, name, PASSWORD)
        user = users.find(desk.state, name)
    else:
        user = users.add(desk.state, name, PASSWORD, role)
    secret = tokens.create(desk.state, f"{name}-{os.urandom(4).hex()}", role, Caller("cli:test", "admin"))
    return Person(name, role, secret, sessions.start(desk.state, user, desk.config.sessions))


class Server:
    """`frontdesk serve FOLDER` (or `demo`), in a process group of its own."""

    def __init__(self, folder: Path, *arguments: str, command: str = "serve", source: Path | None = None) -> None:
        """With `source`, the package is imported from that folder."""
        self.folder = folder
        self.console = folder.parent / f"{folder.name}-console.txt"
        self._arguments = (command, str(folder), *arguments)
        self._variables = {"PYTHONUNBUFFERED": "1"} | ({"PYTHONPATH": str(source)} if source else {})
        self.start()

    def start(self, port: int = 0) -> None:
        """Begins to serve, on a free port where none is given."""
        self.lines: list[str] = []
        with self.console.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "frontdesk", *self._arguments, "--port", str(port)],
                cwd=self.folder.parent,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | self._variables,
                start_new_session=True,
            )
        self.address = self._read_address()

    def _read_address(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if READY in line:
                words = " ".join(self.lines).split()
                return next(word for word in words if word.startswith("http://")).rstrip("/")
        self.kill()
        raise AssertionError(f"It does not serve: {self.lines} {self.console.read_text()}")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return urlsplit(self.address).port or 0

    def descendants(self) -> list[int]:
        """The processes that it began, and those that these began."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout.splitlines()
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed)}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def stop(self) -> int:
        """Ends it as Ctrl-C does; what does not end is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.returncode

    def kill(self) -> None:
        """Ends it and all its processes at once, as a power switch does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=20)

    def client(self, person: Person | None = None) -> "Client":
        """A client that sends this person's token."""
        return Client(self.address, person.token if person else "")


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        """The answer as JSON."""
        return json.loads(self.text)


class Client:
    """Speaks JSON with the server: a connection for each request, so that any of its processes may answer."""

    def __init__(self, address: str, token: str = "") -> None:
        self._place = urlsplit(address).netloc
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer, whatever its status. Raises OSError or HTTPException when there is none."""
        data = None if body is None else json.dumps(body)
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        with closing(http.client.HTTPConnection(self._place, timeout=30)) as connection:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())

    def get(self, path: str) -> Any:
        """The JSON that stands at a path."""
        return self._done(self.ask("GET", path), path)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that says that it was done."""
        return self._done(self.ask(method, path, body), path)

    def call(self, function: str, **arguments: Any) -> Any:
        """The answer to a call of a function: `{run, status, result, milliseconds}`."""
        return self.send("POST", f"/api/functions/{function}", arguments)

    def _done(self, answer: Answer, path: str) -> Any:
        assert answer.status < 300, f"{path}: {answer.status} {answer.text}"
        return answer.json if answer.text else None


def lives(pid: int) -> bool:
    """Whether a process goes on; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition: Callable[[], Any], patience: float = 10) -> Any:
    """What the condition gives as soon as it is true; what it gives at the end of patience otherwise."""
    deadline = time.monotonic() + patience
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


class Poll:
    """Asks /healthz again and again beside what a test does, and keeps how long each answer took."""

    def __init__(self, server: Server) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._client = server.client()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Poll":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            began = time.perf_counter()
            self.statuses.add(self._client.ask("GET", "/healthz").status)
            self.seconds.append(time.perf_counter() - began)
