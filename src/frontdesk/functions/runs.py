"""Every call, kept: what was asked, what came of it, and by whom. The table is the queue and the memory of calls."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, bindparam, case, func, insert, null, select, update

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.database.connections import Database
from frontdesk.database.state import runs
from frontdesk.errors import FunctionError, FunctionTimeout, InputError, NotFoundError
from frontdesk.files.store import File
from frontdesk.functions import attachments
from frontdesk.functions.descriptions import Description
from frontdesk.functions.orders import Outcome
from frontdesk.workers import owners

STATUSES = ("queued", "running", "done", "failed", "stopped")
LIVE = ("queued", "running")
TIMED_OUT = "timed out after"
"""How the error of a run that was stopped at its limit begins."""
DIED = "worker died"
_LARGEST = 2**63
SILENT = timedelta(seconds=60)
"""A process on another machine that has not told that it lives for this long is taken to be dead."""

_OWN = ("viewer",)
"""Roles that see their own runs only."""

# Statements are made once: making one takes longer than executing it.
_START = insert(runs)
_UNENDED = update(runs).where(runs.c.id == bindparam("run"), runs.c.ended.is_(None))
_BEGIN = _UNENDED.values(status="running")
_ENDS = ("status", "result", "result_kind", "error", "traceback", "milliseconds", "ended")
_FINISH = _UNENDED.values({name: bindparam(f"new_{name}", type_=runs.c[name].type) for name in _ENDS})
_SHORT = 10_000
"""Characters of a result that a list of runs holds."""
_LEFT_OUT = {
    "traceback": null().label("traceback"),
    "result": case((func.length(runs.c.result) <= _SHORT, runs.c.result), else_=None).label("result"),
}
_LISTED = [_LEFT_OUT.get(column.name, column) for column in runs.c]
_SHOW = select(runs).where(runs.c.id == bindparam("run"))


@dataclass(frozen=True)
class Run:
    """One call of a function."""

    id: int
    function: str
    file: str
    version: str
    status: str
    arguments: dict[str, Any]
    result: Any
    result_kind: str | None
    error: str | None
    traceback: str | None
    started: datetime
    ended: datetime | None
    milliseconds: float | None
    user: str
    request: str | None
    replays: int | None
    seconds: float | None
    progress: dict[str, Any] | None
    stop_requested: str | None

    @property
    def live(self) -> bool:
        """Whether its end is still to come."""
        return self.status in LIVE

    def json(self) -> dict[str, Any]:
        """The run as the API gives it."""
        names = (
            *(
                "id",
                "function",
                "status",
                "arguments",
                "result",
                "result_kind",
                "error",
                "traceback",
                "started",
                "ended",
            ),
            *("milliseconds", "user", "request", "replays", "progress", "version"),
        )
        return {name: getattr(self, name) for name in names} | {"file": Path(self.file).name}


@dataclass(frozen=True)
class Page:
    """Some runs, and the token of those that follow."""

    runs: list[Run]
    next: str | None


def start(
    state: Database,
    description: Description,
    arguments: Mapping[str, Any],
    by: Caller,
    seconds: float,
    status: str = "queued",
    replays: int | None = None,
    files: Iterable[File] = (),
) -> int:
    """The id of a new run with the files that it holds, kept before anything is called."""
    owner, now = owners.this(), values.now()
    row = {
        "function": description.name,
        "file": description.file,
        "version": description.version,
        "status": status,
        "arguments": values.storable(values.dumps(arguments)),
        "started": now,
        "user": by.name,
        "request": context.request.get(),
        "replays": replays,
        "seconds": seconds,
        "node": owner.node,
        "pid": owner.pid,
        "process_started": owner.started,
        "heartbeat": now,
    }
    with state.transaction(durable=False) as connection:
        made = connection.execute(_START, row).inserted_primary_key
        run = int(made[0]) if made else 0
        if files:
            attachments.attach(connection, run, files, fresh=True)
    return run


def begin(state: Database, run: int) -> None:
    """A worker has begun."""
    with state.transaction(durable=False) as connection:
        connection.execute(_BEGIN, {"run": run})


def finish(state: Database, run: int, status: str, outcome: Outcome) -> None:
    """The end of a run; the first that is told counts."""
    kind = outcome.kind if status == "done" else None
    texts = [text and values.storable(text) for text in (outcome.result, outcome.error, outcome.traceback)]
    ends = (status, texts[0], kind, *texts[1:], outcome.milliseconds, values.now())
    with state.transaction(durable=False) as connection:
        connection.execute(_FINISH, {"run": run} | {f"new_{name}": end for name, end in zip(_ENDS, ends, strict=True)})
        if outcome.files:
            attachments.attach(connection, run, outcome.files)


def tell_progress(state: Database, run: int, done: float, total: float | None) -> None:
    """Keeps how far the run has come."""
    _change(state, run, progress=values.dumps({"done": done, "total": total}))


def show(state: Database, run: int, by: Caller) -> Run:
    """A run. Raises NotFoundError when there is none, or none that the caller may see."""
    with state.connect() as connection:
        row = connection.execute(_SHOW, {"run": run}).one_or_none() if run < _LARGEST else None
    if row is None or (by.role in _OWN and row.user != by.name):
        raise NotFoundError(f"There is no run {run}.")
    return _run(row)


def search(
    state: Database, by: Caller, *, function: str = "", status: str = "", size: int = 100, token: str | None = None
) -> Page:
    """The newest runs that the caller may see, without tracebacks and large results."""
    if status and status not in STATUSES:
        raise InputError(errors={"status": f"Choose one of: {', '.join(STATUSES)}."})
    wanted = select(*_LISTED)
    if by.role in _OWN:
        wanted = wanted.where(runs.c.user == by.name)
    if function:
        wanted = wanted.where(runs.c.function == function)
    if status:
        wanted = wanted.where(runs.c.status == status)
    if token:
        wanted = wanted.where(runs.c.id < _number(token))
    with state.connect() as connection:
        rows = connection.execute(wanted.order_by(runs.c.id.desc()).limit(size + 1)).all()
    found = [_run(row) for row in rows[:size]]
    return Page(found, str(found[-1].id) if len(rows) > size else None)


def stop(state: Database, run: int, by: Caller, patience: float = 1.0) -> Run:
    """Asks the process that owns the run to end it, waits for that a moment, and gives the run as it is then."""
    found = show(state, run, by)
    if found.live:
        _change(state, run, stop_requested=by.name)
    deadline = time.monotonic() + patience
    while found.live and time.monotonic() < deadline:
        time.sleep(0.05)
        found = show(state, run, by)
    return found


def stop_requests(state: Database, mine: Collection[int]) -> dict[int, str]:
    """Which of these runs are to be stopped, and by whom."""
    wanted = select(runs.c.id, runs.c.stop_requested).where(runs.c.id.in_(mine), runs.c.stop_requested.is_not(None))
    with state.connect() as connection:
        return {row.id: row.stop_requested for row in connection.execute(wanted)}


def beat(state: Database, mine: Collection[int]) -> None:
    """Tells that the process which owns these runs lives."""
    with state.transaction(durable=False) as connection:
        connection.execute(update(runs).where(runs.c.id.in_(mine)).values(heartbeat=values.now()))


def fail_orphans(state: Database) -> Sequence[int]:
    """Ends the runs whose process is dead, and names them."""
    columns = (runs.c.id, runs.c.node, runs.c.pid, runs.c.process_started, runs.c.heartbeat)
    with state.connect() as connection:
        rows = connection.execute(select(*columns).where(runs.c.status.in_(LIVE))).all()
    lost = [row.id for row in rows if not _lives(row)]
    for run in lost:
        finish(state, run, "failed", Outcome(error=DIED))
    return lost


def value(run: Run) -> Any:
    """The result. Raises FunctionTimeout or FunctionError where there is none."""
    if run.status == "done":
        return run.result
    error = run.error or f"run {run.id} is {run.status}"
    kind = FunctionTimeout if error.startswith(TIMED_OUT) else FunctionError
    raise kind(f"{run.function}: {error}.", f"Run {run.id} has the details.", run=run.id, error=error)


def _change(state: Database, run: int, **changes: Any) -> None:
    """Writes to a run that has not ended."""
    with state.transaction(durable=False) as connection:
        connection.execute(update(runs).where(runs.c.id == run, runs.c.ended.is_(None)).values(changes))


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    found = {name: value for name, value in row._mapping.items() if name in Run.__dataclass_fields__}
    for name in ("arguments", "result", "progress"):
        found[name] = values.loads(found[name]) if found[name] is not None else None
    return Run(**found)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(errors={"_next": "Take it from the page before."})
    return int(text)


def _lives(row: Row[*tuple[Any, ...]]) -> bool:
    owner = owners.Owner(row.node, row.pid, row.process_started)
    if owner.node != owners.this().node:
        return row.heartbeat is not None and values.now() - row.heartbeat < SILENT
    return owners.alive(owner)
