"""Which process owns something, so that another one can tell whether it still lives."""

import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process: its id alone may be another one's later, together with its start it is unique."""

    node: str
    pid: int
    started: float


def this() -> Owner:
    """The calling process."""
    return _owner(os.getpid())


def alive(owner: Owner) -> bool:
    """Whether the process still lives; one of another machine is taken to live."""
    return owner.node != platform.node() or (owner.started == started(owner.pid) and _exists(owner.pid))


def started(pid: int) -> float:
    """When the process started, in clock ticks of this machine; 0 when it has ended or the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0.0
    after_name = stat.rpartition(")")[2].split()
    return 0.0 if after_name[0] == "Z" else float(after_name[19])


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
