"""Which process owns something, so that another one can tell whether it still lives."""

import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process: a process id alone may be used again by another one, with its start it is unique."""

    node: str
    pid: int
    started: str


def this() -> Owner:
    """The calling process."""
    return _owner(os.getpid())


def alive(owner: Owner) -> bool:
    """Whether the process still lives; one of another machine is taken to live."""
    return owner.node != platform.node() or (owner.started == started(owner.pid) and _exists(owner.pid))


def started(pid: int) -> str:
    """When the process started, in words that differ for every start; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]
    except OSError:
        return ""
    after_name = stat.rpartition(")")[2].split()
    return "" if after_name[0] == "Z" else f"{boot}:{after_name[19]}"


@lru_cache(1)
def _owner(pid: int) -> Owner:
    return Owner(platform.node(), pid, started(pid))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
