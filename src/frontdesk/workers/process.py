"""One worker process, seen from both ends: `Process` in the parent, `serve` in the worker.

A worker is a fresh interpreter (never a fork: threads and open databases do not survive one), the leader of its own
process group, so that what a task started is killed with it, and it ends when its parent does.
"""

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from frontdesk.workers import process; process.serve()"
)
_SIGKILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Process:
    """A worker process that the calling thread has started; it dies with that thread at the latest."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self._ending = threading.Lock()
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(theirs.fileno()), _import_path(), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a function prints must not mix with the answer of a command
                start_new_session=True,
            )
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()
        self.pid = self._popen.pid

    def ended(self) -> bool:
        """Whether the process has ended; it stays to be reaped."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def kill(self) -> None:
        """Ends the process and whatever it has started, at once."""
        with self._ending:
            self._kill()

    def reap(self, patience: float = 0.0) -> int:
        """Waits `patience` seconds for the end, then makes one; gives the exit status, negative for a signal."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not self.ended():
            time.sleep(0.002)
        with self._ending:
            self._kill()
            status = self._popen.wait()
        self.connection.close()
        return status

    def _kill(self) -> None:
        if self._popen.returncode is None:  # else the number may be another process's by now
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


def _import_path() -> str:
    return json.dumps([os.path.abspath(place) for place in sys.path])


def serve() -> None:
    """What a worker does: tell that it is ready, then one task after the other until the parent is gone."""
    _end_with_parent(int(sys.argv[3]))
    connection = Connection(int(sys.argv[1]))
    sys.argv[1:] = []
    os.register_at_fork(after_in_child=connection.close)
    try:
        while True:
            connection.send_bytes(_outcome(connection.recv_bytes()))
    except (EOFError, ConnectionError):  # the parent is gone
        os._exit(0)


def _outcome(call: bytes) -> bytes:
    """`(True, result)` or `(False, exception)`, pickled, of `(function, arguments, memory)`, pickled."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    try:
        function, arguments, memory = pickle.loads(call)  # noqa: S301 - from our own parent
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory, limits[1]))
        try:
            return pickle.dumps((True, function(*arguments)))
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
    except BaseException as error:  # noqa: BLE001 - the task's failure, told to whoever waits for it
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    error.add_note("In the worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickled := pickle.dumps((False, error)))  # noqa: S301 - just made
    except Exception:  # noqa: BLE001 - an exception that cannot travel is told in words
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return pickled


def _address_space() -> int:
    """Bytes of address space in use, which a limit must not undercut."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:  # pragma: no cover - not Linux
        return 0


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SIGKILL_WITH_PARENT, signal.SIGKILL)
    else:  # pragma: no cover - not Linux
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it went before we could ask to be told
        os._exit(0)


def _watch_parent(parent: int) -> None:  # pragma: no cover - not Linux
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
