import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk import errors
from frontdesk.cli import serve
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.history import changes, undo
from frontdesk.tables import rows

Start = Callable[..., "Running"]


class Running:
    """A `frontdesk` command that serves, in a process of its own."""

    def __init__(self, *arguments: str | Path, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "frontdesk", *map(str, arguments)],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []
        self.address = self.wait_for(r"http://[^/]+/")

    def wait_for(self, pattern: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if found := re.search(pattern, line):
                return found[0]
        raise AssertionError(f"{pattern} was not printed: {self.lines}")

    def ask(self, path: str = "/healthz", host: str = "") -> tuple[int, str]:
        port = int(self.address.rstrip("/").rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.lines += self.process.communicate(timeout=20)[0].splitlines()
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command on a free port; what it left running is killed."""
    running: list[Running] = []

    def start(*arguments: str | Path, port: int = 0) -> Running:
        running.append(Running(*arguments, "--port", str(port), cwd=tmp_path))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found if int(child) != pid]


def all_gone(pids: list[int], patience: float = 5) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "frontdesk", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=30
    )


def test_a_folder_is_served_and_the_first_admin_is_made_at_the_printed_link(start: Start, folder: Path):
    running = start("serve", folder)
    link = running.wait_for(r"/welcome/fdl_[\w-]+")
    assert running.ask() == running.ask()
    assert running.ask()[0] == 200
    status, page = running.ask(link)
    assert (status, "password" in page) == (200, True)


def test_sigterm_ends_it_with_0_and_nothing_goes_on_running(start: Start, folder: Path):
    (folder / "hello.py").write_text("import frontdesk\n\n@frontdesk.function\ndef hello():\n    return 'hello'\n")
    running = start("serve", folder)
    running.ask()
    deadline = time.monotonic() + 10
    while not (begun := children(running.process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert begun, "it has worker processes"
    assert running.stop() == 0
    assert all_gone(begun)


def test_nothing_goes_on_running_when_it_is_killed(start: Start, folder: Path):
    (folder / "hello.py").write_text("import frontdesk\n\n@frontdesk.function\ndef hello():\n    return 'hello'\n")
    running = start("serve", folder, "--processes", "2")
    running.ask()
    time.sleep(1)
    begun = [
        *children(running.process.pid),
        *(pid for child in children(running.process.pid) for pid in children(child)),
    ]
    running.process.kill()
    running.process.wait()
    assert len(begun) > 2
    assert all_gone(begun)


def test_several_web_processes_serve_one_desk(start: Start, folder: Path):
    running = start("serve", folder, "--processes", "2")
    assert all(running.ask()[0] == 200 for _ in range(10))
    assert running.stop() == 0


def test_granian_serves_the_same_desk(start: Start, folder: Path):
    running = start("serve", folder, "--server", "granian")
    deadline = time.monotonic() + 10
    while True:
        try:
            assert running.ask()[0] == 200
            break
        except ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert running.stop() == 0


def test_another_sites_name_for_this_machine_is_refused(start: Start, folder: Path):
    running = start("serve", folder)
    port = running.address.rstrip("/").rpartition(":")[2]
    assert running.ask(host=f"localhost:{port}")[0] == 200
    assert running.ask(host=f"[::1]:{port}")[0] == 200
    assert running.ask(host=f"evil.example:{port}")[0] == 400


def test_a_port_in_use_is_one_sentence_and_a_hint(folder: Path, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", folder, "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Port {port} is in use.\n")
    assert "--port" in done.stderr.splitlines()[1]


def test_a_wrong_key_in_the_settings_is_one_sentence(folder: Path, tmp_path: Path):
    (folder / "frontdesk.toml").write_text("[server]\nprot = 8000\n")
    done = run("serve", folder, cwd=tmp_path)
    assert done.returncode == 1
    assert "[server] prot" in done.stderr
    assert "port" in done.stderr.splitlines()[1]


def test_a_csv_file_becomes_a_table_and_is_served(start: Start, tmp_path: Path):
    (tmp_path / "sales.csv").write_text("date,product,sales\n2023-01-01,Product1,100\n2023-01-02,Product2,200\n")
    running = start("serve", "sales.csv")
    assert running.lines[0] == "Loaded 2 rows of sales.csv into sales.db."
    assert running.ask()[0] == 200
    connection = sqlite3.connect(tmp_path / "sales.db")
    assert connection.execute("SELECT * FROM sales").fetchall() == [
        ("2023-01-01", "Product1", 100),
        ("2023-01-02", "Product2", 200),
    ]
    connection.close()
    assert not list(tmp_path.glob("*.new*"))


def test_a_csv_file_that_is_a_table_already_is_served_as_it_is(tmp_path: Path):
    (tmp_path / "sales.csv").write_text("a\n1\n")
    assert serve.find((tmp_path / "sales.csv",)) == (tmp_path, ("sales.db",))
    (tmp_path / "sales.csv").write_text("a\n1\n2\n")
    assert serve.find((tmp_path / "sales.csv",)) == (tmp_path, ("sales.db",))
    connection = sqlite3.connect(tmp_path / "sales.db")
    assert connection.execute("SELECT count(*) FROM sales").fetchone() == (1,)
    connection.close()


def test_a_csv_file_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path):
    (tmp_path / "sales.csv").write_text("a,b\n1\n")
    done = run("serve", "sales.csv", cwd=tmp_path)
    assert (done.returncode, "line 2" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]


def test_single_files_are_shown_without_their_neighbours(tmp_path: Path):
    for name in ("a.db", "b.db"):
        sqlite3.connect(tmp_path / name).close()
    assert serve.find((tmp_path / "a.db",)) == (tmp_path, ("a.db",))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["no.db"], "There is no file or folder"),
        (["notes.txt"], "cannot be served by itself"),
        (["a.db", "deep/b.db"], "lies in another folder"),
        (["a.db", "deep"], "cannot be served by itself"),
    ],
)
def test_what_cannot_be_served_is_said(tmp_path: Path, names: list[str], sentence: str):
    (tmp_path / "deep").mkdir()
    for name in ("notes.txt", "a.db", "deep/b.db"):
        (tmp_path / name).touch()
    with pytest.raises(errors.ConfigError, match=sentence):
        serve.find(tuple(tmp_path / name for name in names))


def newer(path: Path, text: str) -> None:
    """Writes the file anew, later than everything else."""
    path.write_text(text)
    later = time.time() + 10
    os.utime(path, (later, later))


def test_a_csv_file_that_is_newer_is_said_and_with_reload_replaces_the_rows_in_one_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "sales.csv").write_text("id,product\n1,Product1\n2,Product2\n")
    serve.find((tmp_path / "sales.csv",))
    newer(tmp_path / "sales.csv", "id,product\n2,Product2b\n3,Product3\n4,Product4\n")
    serve.find((tmp_path / "sales.csv",))
    assert "--reload" in capsys.readouterr().err
    serve.find((tmp_path / "sales.csv",), reload=True)
    with closing(Database("sales", tmp_path / "sales.db")) as place:
        assert [row[0] for row in rows.page(place, "sales").rows] == [2, 3, 4]
        undo.undo(place, [changes.search(place, table="sales").changes[0].number], Caller("ada", "admin"))
        assert [tuple(row) for row in rows.page(place, "sales").rows] == [(1, "Product1"), (2, "Product2")]


@pytest.mark.parametrize("said", ["option", "settings"])
def test_what_is_served_read_only_is_not_written_by_a_csv_file_beside_it(tmp_path: Path, said: str):
    (tmp_path / "sales.csv").write_text("id,product\n1,Product1\n")
    serve.find((tmp_path / "sales.csv",), read_only=True)  # what was not there is made
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    if said == "settings":
        (tmp_path / "frontdesk.toml").write_text("read_only = true\n")
    newer(tmp_path / "other.csv", "a\n1\n")
    newer(tmp_path / "sales.csv", "id,product\n2,Product2\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in ("sales.csv", "other.csv"):
        with pytest.raises(errors.PermissionDenied, match="served read-only"):
            serve.find((tmp_path / name,), reload=True, read_only=said == "option")
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_reload_that_does_not_fit_changes_nothing(tmp_path: Path):
    (tmp_path / "sales.csv").write_text("id,product\n1,Product1\n")
    serve.find((tmp_path / "sales.csv",))
    newer(tmp_path / "sales.csv", "id,colour\n1,red\n")
    with pytest.raises(errors.InputError, match="no such column"):
        serve.find((tmp_path / "sales.csv",), reload=True)
    with closing(sqlite3.connect(tmp_path / "sales.db")) as connection:
        assert connection.execute("SELECT * FROM sales").fetchall() == [(1, "Product1")]


def test_with_json_the_start_is_one_line_of_json(start: Start, tmp_path: Path):
    (tmp_path / "sales.csv").write_text("a\n1\n")
    running = start("serve", "sales.csv", "--json")
    told = json.loads(running.lines[0])
    assert told["folder"] == str(tmp_path)
    assert running.ask("/welcome/" + told["first_admin"].rpartition("/")[2])[0] == 200
