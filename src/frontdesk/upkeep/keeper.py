"""What goes by the clock, in one process of each machine: logs carried, old things forgotten."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from frontdesk.accounts import answers, attempts, links, sessions
from frontdesk.config import Config
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import Error
from frontdesk.functions import attachments
from frontdesk.logs import carrier, records

logger = logging.getLogger(__name__)

CARRY_SECONDS = 0.15
SECOND = 1.0
HOUR = 3600.0

Task = Callable[[], Any]


class Keeper:
    """A thread that does what goes by the clock while it holds the machine's lock; else it waits for the lock.

    `also` is called once a second.
    """

    def __init__(self, config: Config, state: Database, logs: Database, also: Sequence[Task] = ()) -> None:
        self._config = config
        self._state = state
        self._logs = logs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="frontdesk-keeper", daemon=True)
        self._lock: int | None = None
        self._failing: set[int] = set()
        self._clock = [
            _Clock(CARRY_SECONDS, [self._carry]),
            _Clock(SECOND, [*also, self._remove_finished]),
            _Clock(HOUR, [self._forget_records, self._forget_accounts, self._forget_files]),
        ]

    @property
    def keeps(self) -> bool:
        """Whether this process holds the lock and does the work."""
        return self._lock is not None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what was logged up to now is carried, and another process may take over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._has_lock() and not self._stopping.wait(SECOND):
                pass
            while self.keeps and not self._stopping.wait(CARRY_SECONDS):
                self._tick()
            if self.keeps:
                self._do(self._carry)
        finally:
            self._release()

    def _tick(self) -> None:
        for clock in self._clock:
            for task in clock.due():
                self._do(task)

    def _do(self, task: Task) -> None:
        """Does a task; what fails is said once and tried again at its next time."""
        try:
            task()
            self._failing.discard(id(task))
        except Exception as error:  # the thread must not die of one task
            if id(task) not in self._failing:
                self._failing.add(id(task))
                logger.log(
                    logging.WARNING if isinstance(error, Error) else logging.ERROR,
                    "Upkeep failed and will be tried again: %s",
                    error,
                    exc_info=not isinstance(error, Error),
                )

    def _has_lock(self) -> bool:
        file = os.open(self._config.state_folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._lock = file
        return True

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _carry(self) -> None:
        carrier.carry(self._config, self._logs)

    def _remove_finished(self) -> None:
        carrier.remove_finished(self._config, self._logs)

    def _forget_records(self) -> None:
        records.forget(self._logs, now() - timedelta(days=self._config.logs.keep_days))

    def _forget_files(self) -> None:
        attachments.forget(self._state, self._config.files_folder)

    def _forget_accounts(self) -> None:
        sessions.forget(self._state, self._config.sessions)
        links.forget(self._state)
        attempts.forget(self._state)
        answers.forget(self._state)


class Sweep:
    """A long task done part by part: its next part a second later, and once all is done again after an hour."""

    def __init__(self, part: Callable[[], bool]) -> None:
        """`part` gives whether all is done."""
        self._part = part
        self._next = 0.0

    def __call__(self) -> None:
        """The next part, when its time has come."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + HOUR
            if not self._part():
                self._next = now


class _Clock:
    """Tasks with the time between them; the first time is at once."""

    def __init__(self, seconds: float, tasks: Sequence[Task]) -> None:
        self._seconds = seconds
        self._tasks = tasks
        self._next = 0.0

    def due(self) -> Sequence[Task]:
        """The tasks, when their time has come."""
        now = time.monotonic()
        if now < self._next:
            return ()
        self._next = now + self._seconds
        return self._tasks
