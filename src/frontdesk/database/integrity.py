"""Whether a database file is whole: asked of SQLite itself, within a time, without changing anything."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from frontdesk.database import dialects
from frontdesk.database.sqlite import drivers

STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""
MOST = 5
"""Faults that are told of one database."""
NETWORK_DISKS = frozenset("nfs nfs4 cifs smb3 smbfs 9p afs ceph glusterfs lustre fuse.sshfs fuse.glusterfs".split())
"""Kinds of disks on which SQLite's write-ahead log, which is shared memory, cannot be relied upon."""


class OverrunError(Exception):
    """The database is too large to be looked through in the time given."""


def faults(path: Path, seconds: float) -> list[str]:
    """What SQLite finds wrong with the pages and indexes of the file, in sentences.

    Raises OverrunError when that takes longer than `seconds`, Error when the file cannot be read at all.
    """
    until = time.monotonic() + seconds
    try:
        with closing(drivers.open_file(path, read_only=True)) as connection, _ended(connection, seconds):
            connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
            return [text for (text,) in connection.execute(f"PRAGMA quick_check({MOST})") if text != "ok"]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise OverrunError from None
        raise dialects.translate(error) from error


@contextmanager
def _ended(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupts what looks at pages for too long: that is one step of SQLite's machine."""
    timer = threading.Timer(max(seconds, 0.0), connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def uses_wal(path: Path) -> bool:
    """Whether the file says that it is written through a write-ahead log."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:20] == b"\x02\x02"
    except OSError:
        return False


def network_disk(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The kind of network disk that the path lies on, such as nfs4; None where it is none or the system is silent."""
    try:
        lines = [line.split() for line in mounts.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return None
    inside = [(place, kind) for _, place, kind, *_ in lines if path.resolve().is_relative_to(place)]
    kind = max(inside, key=lambda one: len(one[0]), default=("", ""))[1]
    return kind if kind in NETWORK_DISKS else None
