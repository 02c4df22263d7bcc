import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from frontdesk import errors
from frontdesk.web import serving

Start = Callable[..., AbstractContextManager["Served"]]


class Served:
    """A server process of its own."""

    def __init__(self, server: str, processes: int, folder: Path) -> None:
        with serving.listen("127.0.0.1", 0) as probe:
            self.port = probe.getsockname()[1]
        script = Path(__file__).parent / "served.py"
        command = [sys.executable, str(script), server, str(self.port), str(processes), str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.get("/pid", patience=15)

    def get(self, path: str, patience: float = 5) -> str:
        deadline = time.monotonic() + patience
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
                connection.request("GET", path)
                return connection.getresponse().read().decode()
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            finally:
                connection.close()

    def pids(self) -> set[int]:
        return {int(self.get("/pid")) for _ in range(40)}

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        output, errors = self.process.communicate(timeout=20)
        print(errors)
        return self.process.returncode, output


@contextmanager
def run(folder: Path, server: str = "waitress", processes: int = 1) -> Iterator[Served]:
    served = Served(server, processes, folder)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


def gone(pid: int, patience: float = 5) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 5
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_port_in_use_is_a_sentence_before_anything_starts():
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.ConfigError, match=f"Port {port} is in use") as caught:
            serving.listen("127.0.0.1", port)
    assert "--port" in caught.value.hint


def test_the_next_free_port_is_taken_when_asked_so():
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with serving.listen_near("127.0.0.1", port) as near:
            assert port < near.getsockname()[1] < port + 100


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no such host", 0), ("192.0.2.1", 0)])
def test_an_address_that_cannot_be_is_a_sentence(host: str, port: int):
    with pytest.raises(errors.ConfigError, match=f"{port or host} is no"):
        serving.listen(host, port)


def test_the_address_is_one_that_a_browser_can_open():
    with serving.listen("0.0.0.0", 0) as listener:
        assert serving.address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.mark.parametrize(("server", "processes"), [("waitress", 1), ("waitress", 2), ("granian", 1)])
def test_sigterm_finishes_what_is_in_flight_closes_the_application_and_exits_0(
    tmp_path: Path, server: str, processes: int
):
    with run(tmp_path, server, processes) as served:
        while len(served.pids()) < (processes if server == "waitress" else 1):
            time.sleep(0.1)
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(served.get("/slow")))
        thread.start()
        wait_for(tmp_path / "slow-began")
        code, output = served.stop()
        thread.join()
    assert (code, answers, output) == (0, ["finished"], "ready\nended\n")
    assert len(list(tmp_path.glob("closed-*"))) == processes
    assert (tmp_path / "around-ended").exists()


def test_a_connection_that_comes_while_it_stops_is_refused(tmp_path: Path):
    with run(tmp_path) as served:
        thread = threading.Thread(target=lambda: served.get("/slow"))
        thread.start()
        wait_for(tmp_path / "slow-began")
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))
        thread.join()


def test_stopping_does_not_wait_for_clients_that_ask_nothing(tmp_path: Path):
    with run(tmp_path) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(b"GET /pid HTTP/1.1\r\nX-Half: ")
            start = time.monotonic()
            assert served.stop()[0] == 0
        assert time.monotonic() - start < 10


def test_two_processes_share_one_port_and_one_that_dies_is_replaced(tmp_path: Path):
    with run(tmp_path, processes=2) as served:
        before = served.pids()
        assert before
        assert served.process.pid not in before
        victim = before.pop()
        os.kill(victim, signal.SIGKILL)
        assert gone(victim)
        deadline = time.monotonic() + 10
        while not (served.pids() - before - {victim}):
            assert time.monotonic() < deadline
        assert served.stop()[0] == 0


@pytest.mark.parametrize(("server", "processes"), [("waitress", 2), ("granian", 1)])
def test_nothing_is_left_behind_when_the_parent_is_killed(tmp_path: Path, server: str, processes: int):
    with run(tmp_path, server, processes) as served:
        children = served.pids()
        served.process.kill()
        served.process.wait()
        assert all(gone(pid) for pid in children)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))


def test_granian_that_is_not_installed_is_said_with_the_command_that_adds_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "granian", None)
    with pytest.raises(errors.ConfigError) as caught:
        serving.serve(lambda: pytest.fail("opened"), serving.listen("127.0.0.1", 0), server="granian")
    assert "pip install 'frontdesk[granian]'" in caught.value.hint


def ask(port: int, data: bytes) -> bytes:
    """All that comes back until the server closes the connection or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
        answer = b""
        try:
            client.sendall(data)
            while chunk := client.recv(65_536):
                answer += chunk
        except (TimeoutError, ConnectionError):
            pass
        return answer


POST = b"POST /length HTTP/1.1\r\nHost: localhost\r\n"
SECOND = b"GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n"
MALFORMED = {
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 5\r\n\r\nx" + SECOND,
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SECOND,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + SECOND,
    "bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n0\r\n\r\n" + SECOND,
    "space in a header's name": POST + b"Content-Length : 4\r\n\r\nabcd" + SECOND,
    "bare newline in a header": b"GET /pid HTTP/1.1\r\nHost: a\nX-Two: b\r\n\r\n" + SECOND,
    "64 kB of header": b"GET /pid HTTP/1.1\r\nX-Long: " + b"x" * 65_536 + b"\r\n\r\n" + SECOND,
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" + SECOND,
}


def test_a_malformed_request_is_refused_and_what_follows_it_is_no_request(tmp_path: Path):
    with run(tmp_path) as served:
        answers = {name: ask(served.port, data) for name, data in MALFORMED.items()}
        assert served.get("/pid")
    statuses = {name: answer[9:12] for name, answer in answers.items()}
    assert set(statuses.values()) <= {b"400", b"431", b"501", b"505"}, statuses
    assert all(answer.count(b"HTTP/1.") == 1 for answer in answers.values()), answers


def test_the_server_does_not_say_what_it_is(tmp_path: Path):
    with run(tmp_path) as served:
        assert b"\r\nServer:" not in ask(served.port, SECOND)
