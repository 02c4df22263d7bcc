"""From what was typed or sent to a run with its end: coerced first, kept before it is called, watched while it runs."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frontdesk import context
from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.errors import (
    BusyError,
    ConfigError,
    DatabaseError,
    Error,
    FunctionError,
    FunctionTimeout,
    InputError,
    NotFoundError,
    PermissionDenied,
)
from frontdesk.files import store
from frontdesk.files.store import File, Upload
from frontdesk.forms import parsing
from frontdesk.functions import attachments, marks, orders, runs
from frontdesk.functions.descriptions import Description
from frontdesk.functions.orders import Order, Outcome
from frontdesk.functions.registry import Registry
from frontdesk.functions.runs import Run
from frontdesk.workers.pool import Pool, Task, WorkerDied

logger = logging.getLogger("frontdesk.functions")

LOOK = 0.2
"""Seconds between looks whether a run of this process is to be stopped."""
BEAT = 5.0
"""Seconds between two signs of life."""
FREE = 5.0
"""Seconds within which a worker must be free to look at the arguments of who does not wait for the end."""
CLOSED = "the server was stopped"


def check(config: Config) -> int:
    """The bytes that a call may take by the desk's settings. Raises ConfigError when they are written wrong."""
    try:
        return marks.size_in_bytes(config.functions.memory)
    except ValueError as error:
        raise ConfigError(f"frontdesk.toml: [functions] {error}.") from error


@dataclass
class _Live:
    """A run of this process whose end is still to come."""

    run: int
    function: str
    caller: Caller
    request: str | None
    finished: Future[None]
    began: float
    task: Task | None = None
    stopped_by: str = ""
    end: tuple[str, Outcome] | None = None  #: known, but not yet written


@dataclass(frozen=True)
class _Call:
    """A call whose arguments are read."""

    description: Description
    arguments: dict[str, Any]
    by: Caller
    replays: int | None
    files: Mapping[str, File]  #: that the arguments hold, by their hash
    uploads: Sequence[Upload]  #: those of them that are not kept yet
    request: str | None


class Calls:
    """The calls that this process makes; it owns their runs until they end."""

    def __init__(self, config: Config, state: Database, registry: Registry, pool: Pool) -> None:
        self._settings = config.functions
        self._folder = config.files_folder
        self._state = state
        self._registry = registry
        self._pool = pool
        self._memory = check(config)
        self._live: dict[int, _Live] = {}
        self._busy = threading.Event()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._watch_live, name="runs", daemon=True)
        self._watch.start()

    def call(
        self,
        name: str,
        given: Mapping[str, Any],
        by: Caller,
        *,
        text: bool = False,
        wait: bool | float = True,
        replays: int | None = None,
        uploads: Sequence[Upload] = (),
    ) -> Run:
        """The run of calling a function with what was given, as JSON or as text.

        A file among it is the address of one that the caller may see, or of one of `uploads`, which are kept with the
        run. It has ended, unless `wait` is False or the number of seconds to wait at most. Raises NotFoundError,
        PermissionDenied, InputError naming every wrong field, BusyError: then there is no run, and no upload is kept.
        """
        description = self._registry.find(name)
        if not by.may(description.role):
            raise PermissionDenied(f"{name} needs the role {description.role}; you are {by.role}.")
        arguments = self._arguments(description, given, text)
        files = attachments.gather(self._state, self._folder, description.fields, arguments, uploads, by)
        call = _Call(description, arguments, by, replays, files, uploads, context.request.get())
        live = self._check_and_start(call, wait) if description.checked_by_worker else self._start(call)
        if wait:
            with suppress(TimeoutError):
                live.finished.result(None if wait is True else wait)
        return runs.show(self._state, live.run, by)

    def replay(self, run: int, by: Caller, *, wait: bool | float = True) -> Run:
        """A new run with the arguments of an old one, which it names."""
        old = runs.show(self._state, run, by)
        try:
            name = self._registry.find(old.function).name
        except NotFoundError:
            name = f"{Path(old.file).stem}.{old.function.rpartition('.')[2]}"
        return self.call(name, old.arguments, by, wait=wait, replays=run)

    def close(self) -> None:
        """Ends what still runs; a second time does nothing."""
        self._closing.set()
        self._busy.set()
        left = list(self._live.values())
        for live in left:
            if live.task:
                live.task.cancel()
        deadline = time.monotonic() + 1.0
        while self._live and time.monotonic() < deadline:
            time.sleep(0.01)
        self._watch.join(1.0)
        for live in list(self._live.values()):  # nobody may wait for an end that cannot be kept any more
            live.finished.set_result(None)

    def _arguments(self, description: Description, given: Mapping[str, Any], text: bool) -> dict[str, Any]:
        parse = parsing.parse_text if text else parsing.parse_json
        arguments = parse(description.fields, given)
        for field in description.fields:
            if field.nullable and not field.has_default:
                arguments.setdefault(field.name, None)
        return arguments

    def _limit(self, description: Description) -> float:
        return description.seconds or self._settings.seconds

    def _start(self, call: "_Call") -> _Live:
        """Keeps the run, then hands it to a worker."""
        at_once = self._pool.idle > 0
        self._pool.refuse_when_full()
        live = self._keep(call, "running" if at_once else "queued")
        try:
            task = self._pool.submit(
                orders.call,
                self._order(call, live.run),
                seconds=self._limit(call.description),
                memory=call.description.memory or self._memory,
                started=None if at_once else lambda: self._begin(live),
            )
        except BusyError as error:
            self._finish(live, "failed", Outcome(error=error.message))
            raise
        self._follow(live, task, self._limit(call.description))
        return live

    def _check_and_start(self, call: "_Call", wait: bool | float) -> _Live:
        """Has a worker look at the arguments, keeps the run when they are good, and the same worker goes on with it.

        So a picture is decoded once. Who waits for the end anyway is not woken before. Raises InputError naming every
        wrong field, and BusyError where no worker is free in time for who does not wait: then there is no run.
        """
        seconds, memory = self._limit(call.description), call.description.memory or self._memory
        started: Future[_Live] = Future()
        begun: list[_Live] = []

        def go_on(task: Task, errors: dict[str, str]) -> tuple[Callable[..., Any], tuple[Any, ...], int]:
            if errors:
                raise InputError("; ".join(f"{name}: {text}" for name, text in errors.items()), errors=errors)
            live = self._keep(call, "running")
            begun.append(live)
            self._follow(live, task, seconds)
            if wait is True:
                live.finished.add_done_callback(lambda _: started.set_result(live))
            else:
                started.set_result(live)
            return orders.call, (self._order(call, live.run),), memory

        def refuse(task: "Future[Any]") -> None:
            if not begun:
                started.set_exception(_refusal(call.description, task, seconds))

        paths = {upload.file.sha256: str(upload.path) for upload in call.uploads}
        order = self._order(call, None, paths)
        task = self._pool.submit(orders.check, order, seconds=seconds, memory=memory, then=go_on)
        task.add_done_callback(refuse)
        if wait is not True and not _settles(started, FREE) and Future.cancel(task):
            raise BusyError("All workers are busy, and none could look at what you sent.", seconds=round(FREE))
        return started.result()

    def _order(self, call: "_Call", run: int | None, paths: Mapping[str, str] | None = None) -> Order:
        """What a worker is asked; `paths` says where files lie that are not kept yet."""
        kept = {sha256: str(store.place(self._folder, sha256)) for sha256 in call.files}
        found = call.description
        return Order(
            *(found.file, found.own_name, call.arguments, found.converted_by_worker),
            *(kept | dict(paths or {}), run, call.request, call.by.name),
        )

    def _keep(self, call: "_Call", status: str) -> _Live:
        """The run, kept with its files."""
        for upload in call.uploads:
            if upload.file.sha256 in call.files:
                store.settle(self._folder, upload)
        seconds, files = self._limit(call.description), call.files.values()
        with context.bind(request=call.request):
            run = runs.start(
                self._state, call.description, call.arguments, call.by, seconds, status, call.replays, files
            )
        live = self._live[run] = _Live(run, call.description.name, call.by, call.request, Future(), time.monotonic())
        self._busy.set()
        return live

    def _follow(self, live: _Live, task: Task, seconds: float) -> None:
        live.task = task
        task.add_done_callback(lambda task: self._end(live, seconds, task))

    def _begin(self, live: _Live) -> None:
        live.began = time.monotonic()
        with suppress(DatabaseError):  # it stays "queued" for the eye; its end is what counts
            runs.begin(self._state, live.run)

    def _end(self, live: _Live, seconds: float, task: "Future[Any]") -> None:
        """Writes what became of the task."""
        status, outcome = "failed", Outcome()
        try:
            outcome = task.result()
            status = "failed" if outcome.error else "done"
        except CancelledError:
            status = "stopped" if live.stopped_by else "failed"
            outcome = Outcome(error=f"stopped by {live.stopped_by}" if live.stopped_by else CLOSED)
        except TimeoutError:
            outcome = Outcome(error=f"{runs.TIMED_OUT} {seconds:g} s")
        except WorkerDied as error:
            outcome = Outcome(error=CLOSED if self._closing.is_set() else error.message)
        except Exception as error:  # noqa: BLE001 - the run must have its end
            outcome = Outcome(error=f"{type(error).__name__}: {error}")
        if not outcome.milliseconds:
            outcome = replace(outcome, milliseconds=round((time.monotonic() - live.began) * 1000, 3))
            with context.bind(run=live.run, request=live.request, user=live.caller.name):
                logger.warning("%s: %s", live.function, outcome.error)
        self._finish(live, status, outcome)

    def _finish(self, live: _Live, status: str, outcome: Outcome) -> None:
        """Writes the end; where the database is busy, the watch tries again."""
        try:
            runs.finish(self._state, live.run, status, outcome)
        except DatabaseError as error:
            live.end = (status, outcome)
            logger.warning("The end of run %d could not be kept yet: %s", live.run, error)
            return
        self._live.pop(live.run, None)
        live.finished.set_result(None)

    def _watch_live(self) -> None:
        beaten, failing = time.monotonic(), False
        while self._busy.wait() and not self._closing.is_set():
            self._closing.wait(LOOK)
            try:
                self._look()
                if time.monotonic() - beaten > BEAT and self._live:
                    beaten = time.monotonic()
                    runs.beat(self._state, list(self._live))
                failing = False
            except Error as error:
                self._busy.set()  # what was not looked at is still to be
                if not failing:
                    logger.warning("The runs of this process cannot be watched for now: %s", error)
                failing = True

    def _look(self) -> None:
        self._busy.clear()
        live = [item for item in list(self._live.values()) if time.monotonic() - item.began > LOOK / 2]
        requests = runs.stop_requests(self._state, [item.run for item in live]) if live else {}
        for item in live:
            if item.end:
                self._finish(item, *item.end)
            elif item.run in requests and item.task:
                item.stopped_by = requests[item.run]
                item.task.cancel()
        if self._live or self._closing.is_set():
            self._busy.set()


def _settles(future: "Future[Any]", seconds: float) -> bool:
    """Whether there is a result, or a failure, within so many seconds."""
    return bool(futures.wait([future], seconds).done)


def _refusal(description: Description, task: "Future[Any]", seconds: float) -> BaseException:
    """Why a call whose arguments a worker looked at did not become a run."""
    if task.cancelled():
        return BusyError("The workers have been stopped.")
    error = task.exception()
    if isinstance(error, WorkerDied):
        return FunctionError(f"Checking the arguments of {description.name} ended its worker: {error}.")
    if isinstance(error, CancelledError):
        return BusyError("The workers have been stopped.")
    if isinstance(error, TimeoutError):
        return FunctionTimeout(f"Checking the arguments of {description.name} took over {seconds:g} s.")
    return error or RuntimeError(f"{description.name} was not called.")
