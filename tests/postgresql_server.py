"""Runs one PostgreSQL for as long as a test run lives: `python postgresql_server.py BIN WATCHED`.

It answers with one line of JSON (address, or error) and goes on in the background: it watches the process WATCHED and
takes the server and its folder away when that ends, however it ends. Standard library alone, so that it starts at once.
"""

import json
import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

NAME = "frontdesk-postgresql"
USER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    # A power cut may take everything: it lives for one test run.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum": "off",
}
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 << 30
SECONDS_TO_START = 30
TRIES = 5


class Failure(Exception):
    """Why there is no server."""


def start(binaries: Path, watched: int) -> dict[str, Any]:
    """Starts a server that ends with the process `watched`.

    Gives {host, port, user, password, folder, in_memory, keeper}: `keeper` is the process to end with SIGTERM when the
    server is to go sooner. Raises Failure.
    """
    command = [sys.executable, "-I", __file__, str(binaries), str(watched)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    answer: dict[str, Any] = json.loads(done.stdout or '{"error": "it said nothing"}')
    if "error" in answer:
        raise Failure(answer["error"])
    return answer


def stop(answer: dict[str, Any]) -> None:
    """Ends what `start` gave, and waits until it is gone."""
    with suppress(ProcessLookupError):
        os.kill(answer["keeper"], signal.SIGTERM)
    deadline = time.monotonic() + 10
    while Path(answer["folder"]).exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _serve(binaries: Path, watched: int) -> None:
    """The background process: starts the server, answers, watches, and takes everything away again."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    user = _user()
    folder = _folder(user, [*_memory(), *_temporary()])
    programs = _folder(user, _temporary())
    try:
        binaries = _reachable(binaries, programs, user)
        password = secrets.token_hex(12)
        _initialise(binaries, folder, user, password)
        server, port = _launched(binaries, folder, user)
        try:
            address = {"host": "127.0.0.1", "port": port, "user": USER, "password": password}
            _answer(**address, folder=str(folder), in_memory=folder.parent == MEMORY, keeper=os.getpid())
            for _ in _while_alive(watched):
                if server.poll() is not None:
                    break
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            server.wait()
    finally:
        shutil.rmtree(programs, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)  # the last: who waits for the end looks at it


def _answer(**said: Any) -> None:
    os.write(1, json.dumps(said).encode())
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root. None means as ourselves."""
    if os.getuid() != 0:
        return None
    others = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise Failure("PostgreSQL refuses to run as root, and this machine has no other user: useradd --system nobody")
    return "nobody" if "nobody" in others else others[-1]


def _temporary() -> list[str]:
    return list(dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]))


def _memory() -> list[str]:
    """A folder in memory, where there is one of some size: a fresh database takes 8 ms there, 55 on a disk."""
    with suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY:
            return [str(MEMORY)]
    return []


def _folder(user: str | None, places: list[str]) -> Path:
    """A new folder of that user's, where it can reach it; those that a killed keeper left are removed."""
    for place in places:
        if user and subprocess.run(["test", "-x", place], user=user, extra_groups=[]).returncode:
            continue
        for left in Path(place).glob(f"{NAME}-*"):
            if not _lives(int(left.name.split("-")[2])):
                shutil.rmtree(left, ignore_errors=True)  # its server, if any, notices within a minute and ends
        made = Path(tempfile.mkdtemp(prefix=f"{NAME}-{os.getpid()}-", dir=place))
        if user:
            shutil.chown(made, user)
        return made
    raise Failure(f"the user {user} can reach no temporary folder")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _reachable(binaries: Path, programs: Path, user: str | None) -> Path:
    """The programs where the user can run them: as they are, or copied with the libraries that lie beside them."""
    with suppress(OSError):
        if not subprocess.run([binaries / "initdb", "--version"], **_as(user, programs)).returncode:
            return binaries
    installed = binaries.parent
    package = installed.parent
    copy = programs / package.name / installed.name
    shutil.copytree(installed, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, programs / libraries.name, symlinks=True)
    for path in programs.rglob("*"):
        if user and not path.is_symlink():
            shutil.chown(path, user)
    return copy / "bin"


def _as(user: str | None, folder: Path) -> dict[str, Any]:
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C"}
    alike: dict[str, Any] = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL}
    alike |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return alike | ({"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {})


def _initialise(binaries: Path, folder: Path, user: str | None, password: str) -> None:
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if user:
        shutil.chown(secret, user)
    command = [f"{binaries}/initdb", f"--pgdata={folder}/data", f"--username={USER}", f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    command += ["--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"]
    done: subprocess.CompletedProcess[bytes] = subprocess.run(command, **_as(user, folder))
    secret.unlink()
    if done.returncode:
        raise Failure("initdb: " + done.stdout.decode(errors="replace").strip()[-500:])


def _launched(binaries: Path, folder: Path, user: str | None) -> tuple[subprocess.Popen[bytes], int]:
    """The running server and its port; another port where somebody else took the one found free."""
    for _ in range(TRIES):
        port = _free_port()
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
        with (folder / "log").open("wb") as log:
            command = [f"{binaries}/postgres", "-D", f"{folder}/data", *settings]
            server: subprocess.Popen[bytes] = subprocess.Popen(command, **(_as(user, folder) | {"stdout": log}))
        if _ready(server, folder):
            return server, port
    raise Failure("postgres: " + (folder / "log").read_text(errors="replace").strip()[-500:])


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def _ready(server: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether the server takes connections; False where it has ended."""
    deadline = time.monotonic() + SECONDS_TO_START
    while server.poll() is None:
        with suppress(OSError):
            if (folder / "data" / "postmaster.pid").read_text().rstrip().endswith("ready"):
                return True
        if time.monotonic() > deadline:
            server.kill()
            server.wait()
        time.sleep(0.01)
    return False


def _while_alive(process: int) -> Iterator[None]:
    """Comes round about once in a second until that process is gone; a zombie counts as gone where Linux tells."""
    if hasattr(os, "pidfd_open"):
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(process)
            while not select.select([handle], [], [], 1)[0]:
                yield
        return
    while _lives(process):
        yield
        time.sleep(0.2)


def main() -> None:
    """Goes to the background, so that who started us has no child to wait for."""
    if os.fork():
        os._exit(0)
    try:
        _serve(Path(sys.argv[1]), int(sys.argv[2]))
    except Failure as why:
        _answer(error=str(why))
    except Exception as why:
        _answer(error=f"{type(why).__name__}: {why}")


if __name__ == "__main__":
    main()
