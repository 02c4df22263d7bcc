"""A pool of warm worker processes: limits on time and memory, a bounded queue, and no end of one that hurts another.

Each worker has a pipe and a thread of its own in the parent, and nothing is shared between workers: so one can be
killed at any moment. (With one pipe and lock for all, a pool is lost when an idle worker is killed.)
"""

import atexit
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from frontdesk.errors import BusyError, Error
from frontdesk.workers.process import Process

_LOOK = 0.25
"""Seconds between looks whether a silent worker still lives."""
_IDLE_LOOK = 1.0
"""Seconds between looks whether an idle worker still lives."""
_START = 60.0
"""Seconds that a worker may take to start."""


class WorkerDied(Error):
    """The worker process ended during the task: by `signal`, or by itself with `status`."""

    def __init__(self, signal: int | None = None, status: int | None = None) -> None:
        self.signal = signal
        self.status = status
        super().__init__(f"worker died ({f'exit status {status}' if signal is None else f'signal {signal}'})")


class Task(Future[Any]):
    """What a worker was asked to do; `result()` waits for it, `cancel()` ends it even while it runs."""

    def __init__(
        self,
        call: bytes,
        seconds: float | None,
        started: Callable[[], None] | None,
        then: "Then | None",
        lock: threading.Lock,
    ) -> None:
        super().__init__()
        self.call = call
        self.seconds = seconds
        self.started = started
        self.then = then
        self._process: Process | None = None
        self._lock = lock
        self._stopped = False

    def cancel(self) -> bool:
        """Takes the task from the queue, or kills its worker; False when it is over already."""
        if super().cancel():
            return True
        with self._lock:
            self._stopped = True
            if self._process:
                self._process.kill()
        return not self.done()

    def run(self, process: Process) -> bool:
        """Has the process do the task and keeps the outcome; False when the process did not survive it."""
        with self._lock:
            self._process = process
            if self._stopped:
                process.kill()
        try:
            good, outcome = _exchange(process, self.call, self.seconds)
            if good and self.then:
                good, outcome = self._go_on(process, outcome)
        except _Overrun:
            self._let_go()
            process.reap()
            self.set_exception(TimeoutError(f"stopped after {self.seconds:g} s"))
            return False
        except _Ended:
            self._let_go()
            self.set_exception(self._why(process.reap(patience=1.0)))
            return False
        self._let_go()
        if good:
            self.set_result(outcome)
        else:
            self.set_exception(outcome)
        return not self._stopped

    def _go_on(self, process: Process, outcome: Any) -> tuple[bool, Any]:
        """The outcome of the second call, in the same process; of `then` itself where that raised."""
        assert self.then
        try:
            call = pickle.dumps(self.then(self, outcome))
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the task
            return False, error
        return _exchange(process, call, self.seconds)

    def _let_go(self) -> None:
        with self._lock:
            self._process = None

    def _why(self, status: int) -> BaseException:
        if self._stopped:
            return CancelledError()
        return WorkerDied(signal=-status) if status < 0 else WorkerDied(status=status)


Then = Callable[[Task, Any], tuple[Callable[..., Any], tuple[Any, ...], int]]
"""What a task goes on with: from its first outcome to the function, arguments and memory of a second call."""


class Pool:
    """`size` worker processes that wait for tasks; at most `queue` tasks wait for them.

    `initialise` (picklable, such as a partial) runs first in every worker.
    """

    def __init__(self, initialise: Callable[[], Any] | None = None, size: int = 2, queue: int = 100) -> None:
        self.queue = queue
        self._initialise = pickle.dumps((initialise or _nothing, (), 0))
        self._changed = threading.Condition()
        self._killing = threading.Lock()
        self._waiting: deque[Task] = deque()
        self._processes: dict[int, Process] = {}
        self._idle = 0
        self._closing = threading.Event()
        self._fault: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(place,), name=f"worker-{place}", daemon=True)
            for place in range(size)
        ]
        atexit.register(self.close)
        for thread in self._threads:
            thread.start()

    @property
    def idle(self) -> int:
        """How many workers have nothing to do, and nothing waiting for them."""
        return max(0, self._idle - len(self._waiting))

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [process.pid for process in list(self._processes.values())]

    def submit(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        seconds: float | None = None,
        memory: int = 0,
        started: Callable[[], None] | None = None,
        then: Then | None = None,
    ) -> Task:
        """The task of calling `function` in a worker, which can import it; `started` is called when a worker begins.

        `then` makes a second call of the first one's outcome, for the same worker and with `seconds` of its own; what
        it raises is the task's exception.

        After `seconds` the worker is killed and the result is a TimeoutError. `memory` is how many bytes the call may
        add to its worker's address space. Raises BusyError when the queue is full.
        """
        task = Task(pickle.dumps((function, arguments, memory)), seconds, started, then, self._killing)
        with self._changed:
            if self._closing.is_set():
                raise BusyError("The workers have been stopped.")
            self.refuse_when_full()
            self._waiting.append(task)
            self._changed.notify()
        return task

    def refuse_when_full(self) -> None:
        """Raises BusyError when as many tasks wait as may."""
        with self._changed:
            if len(self._waiting) >= self.queue + self._idle:
                self._waiting = deque(waiting for waiting in self._waiting if not waiting.done())
            if len(self._waiting) >= self.queue + self._idle:
                raise BusyError(f"queue full, position {len(self._waiting) - self._idle + 1}")

    def close(self) -> None:
        """Ends all workers and what they do, at once; a second time does nothing."""
        with self._changed:
            self._closing.set()
            waiting = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        atexit.unregister(self.close)
        for task in waiting:
            task.cancel()
        for process in list(self._processes.values()):
            process.kill()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(1.0)

    def _work(self, place: int) -> None:
        process = self._begin(place)
        while not self._closing.is_set():
            task = self._next()
            if process and process.ended():
                process.reap()
                process = self._begin(place)
            if task:
                process = self._do(task, process or self._begin(place)) or self._begin(place)
        if process:
            process.reap()

    def _next(self) -> Task | None:
        """The next task, or None when there was none for a while."""
        with self._changed:
            if not self._waiting and not self._closing.is_set():
                self._idle += 1
                self._changed.wait(_IDLE_LOOK)
                self._idle -= 1
            return self._waiting.popleft() if self._waiting else None

    def _do(self, task: Task, process: Process | None) -> Process | None:
        """The process again, unless it did not survive the task."""
        if not task.set_running_or_notify_cancel():
            return process
        if not process:
            task.set_exception(self._fault or WorkerDied(status=1))
            return None
        try:
            if task.started:
                task.started()
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the task
            task.set_exception(error)
            return process
        return process if task.run(process) else None

    def _begin(self, place: int) -> Process | None:
        """A process that is ready; None when it could not be started, or is no longer wanted."""
        if self._closing.is_set():
            return None
        try:
            process = self._processes[place] = Process()
        except OSError as error:  # no memory, no process or file left: the next task tries again
            self._fault = BusyError(f"No worker could be started: {error.strerror}.")
            return None
        if self._closing.is_set():  # close() may have looked before this one was there
            process.kill()
        try:
            good, outcome = _exchange(process, self._initialise, _START)
        except (_Overrun, _Ended):
            good, outcome = False, None
        if good:
            return process
        self._fault = outcome
        process.reap()
        return None


class _Overrun(Exception):
    pass


class _Ended(Exception):
    pass


def _exchange(process: Process, call: bytes, seconds: float | None) -> tuple[bool, Any]:
    """Sends the call, and waits for its outcome; a child that holds the pipe can hide an end, hence the looks."""
    deadline = time.monotonic() + seconds if seconds else None
    try:
        process.connection.send_bytes(call)
        while not process.connection.poll(_patience(deadline)):
            if deadline and time.monotonic() >= deadline:
                raise _Overrun
            if process.ended() and not process.connection.poll(0):
                raise _Ended
        answer = process.connection.recv_bytes()
    except (EOFError, OSError):
        raise _Ended from None
    return _outcome(answer)


def _outcome(answer: bytes) -> tuple[bool, Any]:
    try:
        good, outcome = pickle.loads(answer)  # noqa: S301 - from our own worker
    except Exception as error:  # noqa: BLE001 - a value of a class that only the worker knows
        return False, TypeError(f"The result cannot leave the worker: {error}.")
    return good, outcome


def _patience(deadline: float | None) -> float:
    return min(_LOOK, max(0.0, deadline - time.monotonic())) if deadline else _LOOK


def _nothing() -> None:
    pass
