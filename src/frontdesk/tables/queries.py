"""Typed SQL: in a worker that can be killed, with named parameters, a limit of time and Stop; and kept by name."""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frontdesk import context
from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database import queries, readers, schema, state, values
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import tokens
from frontdesk.database.queries import Answer
from frontdesk.errors import BusyError, ConflictError, InputError, IntegrityError, NotFoundError, PermissionDenied
from frontdesk.history import changes
from frontdesk.tables import statements, unrecorded
from frontdesk.tables.statements import Order, Outcome, Written
from frontdesk.tables.unrecorded import Unrecorded
from frontdesk.workers.pool import Pool, Task, WorkerDied

logger = logging.getLogger("frontdesk.queries")

LOOK = 0.2
"""Seconds between looks whether a query is to be stopped."""
GRACE = 0.25
"""Seconds after its limit at which a query is killed that did not end by itself."""
COMMIT = 1.0
"""Seconds that a statement has besides for what it wrote to reach the disk."""
PATIENCE = 10.0
"""Seconds that a query waits for a worker: one that was killed takes a while to come back."""
CONNECT = 3.0
"""Seconds that a query has besides to reach a server; the server itself keeps to the limit."""
MEMORY = 512_000_000
"""Bytes that a query may take."""
LONGEST_NAME = 100
UNKNOWN = "Look at the rows whether it was carried out before that."
SET_UP = "`frontdesk check --fix` makes one, or says by which SQL it is made."

_TOKEN = re.compile(
    r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|--[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|(?P<parameter>[:@$][A-Za-z0-9_$\x80-\U0010ffff]+)|[A-Za-z0-9_$\x80-\U0010ffff]+",
    re.DOTALL,
)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Saved:
    """A query that was kept under a name."""

    name: str
    sql: str
    by: str
    at: datetime


def parameters(sql: str, dialect: str = "sqlite") -> list[str]:
    """The names of the parameters in their order, each once; what stands in texts, names and comments is none."""
    if dialect == "postgresql":
        return tokens.parameters(sql)
    found = (match["parameter"] for match in _TOKEN.finditer(sql))
    return list(dict.fromkeys(name[1:] for name in found if name))


def typed(text: str) -> Any:
    """What a person typed for a parameter: a number where it is written as one, else the text."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


class Queries:
    """The queries that this process has carried out."""

    def __init__(self, config: Config, state: Database, pool: Pool) -> None:
        self.seconds = config.queries.seconds
        self._config = config
        self._state = state
        self._pool = pool
        # Each waits in a thread of the server: one is always left for others.
        self._places = threading.BoundedSemaphore(max(1, config.server.threads - 1))

    def read(self, database: Database, sql: str, given: Mapping[str, Any], by: Caller) -> Answer:
        """The first rows of a query.

        Raises InputError where it is wrong, refused, stopped at its limit or by its caller, or where no role is set up
        to read by; BusyError.
        """
        place, limit = self._reader(database)
        bound = _bound(sql, given, database.dialect)
        with self._place():
            task = self._submit(_read, place, sql, bound, self.seconds, limit=limit)
            answer: Answer = self._wait(task, database.name, by)
        logger.info("Query of %s: %d rows in %.1f ms", database.name, len(answer.rows), answer.milliseconds)
        return answer

    def missing(self, database: Database) -> str:
        """Why no query can read this database; empty where queries can."""
        if database.dialect == "sqlite" or readers.find(self._config, database):
            return ""
        return f"{database.name} has no role for typed SQL to read by."

    def _reader(self, database: Database) -> tuple[Path | str, float]:
        """By what a query reads, and after how many seconds it is killed."""
        if database.dialect == "sqlite":
            return database.path, self.seconds + GRACE
        url = readers.find(self._config, database)
        if url is None:
            sentence = self.missing(database)
            raise InputError(sentence, SET_UP, errors={"sql": sentence})
        return url, self.seconds + CONNECT + GRACE

    def write(self, database: Database, sql: str, given: Mapping[str, Any], by: Caller, *, trial: bool) -> Written:
        """Carries out one statement that may change rows and tables, as one transaction of the history.

        On `trial` nothing is written, and what would change is told. Raises InputError where the SQL is wrong, refused
        or stopped, ConflictError where something stands in the way, PermissionDenied below admin, BusyError.
        """
        if not by.may("admin"):
            raise PermissionDenied(
                f"Writing SQL needs the role admin; you are {by.role}.", "Ask an admin of this desk."
            )
        database.check_writable()
        bound = _bound(sql, given, database.dialect)
        if unrecorded.is_unrecorded(database):
            return self._write_unrecorded(database, sql, bound, by, trial)
        order = Order(database.name, database.path, sql, bound, self.seconds, by, context.request.get(), trial)
        with self._place():
            outcome = self._carry_out(database, order)
        logger.info(
            "%s in %s: %s", "Dry run" if trial else "SQL", database.name, sql, extra={"changes": outcome.changes}
        )
        return statements.written(database, outcome, trial=trial)

    def _write_unrecorded(
        self, database: Database, sql: str, bound: Mapping[str, Any], by: Caller, trial: bool
    ) -> Unrecorded:
        limit = self.seconds + CONNECT + COMMIT
        with self._place():
            task = self._submit(unrecorded.carry_out, database.place, sql, bound, self.seconds, trial, limit=limit)
            try:
                done: Unrecorded = self._wait(task, database.name, by)
            except InputError as error:
                if trial or isinstance(task.exception(), InputError):
                    raise
                raise InputError(f"{error.message} {UNKNOWN}", errors={"sql": f"{error.message} {UNKNOWN}"}) from None
        schema.forget(database)
        logger.info("%s in %s: %s", "Dry run" if trial else "SQL", database.name, sql, extra={"rows": done.total})
        return done

    def _carry_out(self, database: Database, order: Order) -> Outcome:
        """What the worker did; where it was killed right after its commit, what the history says."""
        limit = self.seconds + statements.PATIENCE + COMMIT
        with context.bind(request=order.request or context.new_request_id()):
            order = replace(order, request=context.request.get())
            task = self._submit(statements.carry_out, order, limit=limit)
            try:
                outcome: Outcome = self._wait(task, database.name, order.by)
            except InputError:
                made = [] if order.trial else changes.search(database, request=order.request).changes
                if not made:
                    raise
                outcome = Outcome(Answer([], [], False, limit * 1000), [change.id for change in reversed(made)], [])
        return outcome

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise BusyError("As many queries run as may at once.")
        try:
            yield
        finally:
            self._places.release()

    def _submit(self, function: Callable[..., Any], *arguments: Any, limit: float) -> Task:
        return self._pool.submit(function, *arguments, seconds=limit, memory=MEMORY)

    def stop(self, database: str, by: Caller) -> None:
        """Ends what this caller has running in a database, in whichever process."""
        place = {"database": database, "user": by.name}
        with self._state.transaction(durable=False) as connection:
            connection.execute(sa.delete(state.query_stops).filter_by(**place))
            connection.execute(sa.insert(state.query_stops).values(at=values.now(), **place))

    def saved(self, database: str) -> list[Saved]:
        """The kept queries of a database, by name."""
        kept = state.queries
        statement = sa.select(kept).where(kept.c.database == database).order_by(kept.c.name)
        with self._state.connect() as connection:
            return [Saved(row.name, row.sql, row.by, row.at) for row in connection.execute(statement)]

    def find(self, database: str, name: str) -> Saved:
        """The kept query of this name. Raises NotFoundError."""
        with self._state.connect() as connection:
            return _kept(connection, database, name)

    def save(self, database: str, name: str, sql: str, by: Caller, *, replaces: bool = True) -> Saved:
        """The query, kept under a name in place of what had it, or else with a ConflictError. Raises InputError."""
        _check(name, sql)
        made = Saved(name.strip(), sql, by.name, values.now())
        with self._state.transaction() as connection:
            if replaces:
                connection.execute(sa.delete(state.queries).filter_by(database=database, name=made.name))
            _keep(connection, database, made)
        return made

    def change(
        self, database: str, name: str, by: Caller, *, new_name: str | None = None, sql: str | None = None
    ) -> Saved:
        """The kept query after giving it another name, another text or both.

        Raises NotFoundError, InputError, ConflictError for a name that is taken.
        """
        with self._state.transaction() as connection:
            old = _kept(connection, database, name)
            made = Saved(
                old.name if new_name is None else new_name.strip(),
                old.sql if sql is None else sql,
                by.name,
                values.now(),
            )
            _check(made.name, made.sql)
            connection.execute(sa.delete(state.queries).filter_by(database=database, name=old.name))
            _keep(connection, database, made)
        return made

    def delete(self, database: str, name: str) -> None:
        """Forgets a kept query. Raises NotFoundError."""
        with self._state.transaction() as connection:
            gone = connection.execute(sa.delete(state.queries).filter_by(database=database, name=name))
            if not gone.rowcount:
                raise _not_there(name)

    def _wait(self, task: Task, database: str, by: Caller) -> Any:
        began, waited = values.now(), time.monotonic()
        while True:
            try:
                return task.result(LOOK)
            except CancelledError:
                raise InputError(f"The query was stopped by {by.name}.") from None
            except TimeoutError:
                if task.done():
                    raise queries.overrun(self.seconds) from None
                self._look(task, database, by, began, time.monotonic() - waited)
            except WorkerDied as error:
                raise InputError(f"The query ended its worker: {error.message}.") from None

    def _look(self, task: Task, database: str, by: Caller, began: datetime, waited: float) -> None:
        """Ends the task where its caller wishes so, or no worker was free for long."""
        if not task.running() and waited > PATIENCE and task.cancel():
            raise BusyError("No worker was free: they are busy with functions and queries.")
        stops = state.query_stops.c
        asked = sa.select(stops.at).where(stops.database == database, stops.user == by.name)
        with self._state.connect() as connection:
            at = connection.scalar(asked)
        if at is not None and at >= began:
            task.cancel()


def _check(name: str, sql: str) -> None:
    wrong = {}
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        wrong["name"] = f"Write a name of at most {LONGEST_NAME} characters."
    if not sql.strip() or len(sql) > queries.LONGEST_SQL:
        wrong["sql"] = f"Write a query of at most {queries.LONGEST_SQL:,} characters."
    if wrong:
        raise InputError(errors=wrong)


def _kept(connection: sa.Connection, database: str, name: str) -> Saved:
    row = connection.execute(sa.select(state.queries).filter_by(database=database, name=name)).one_or_none()
    if row is None:
        raise _not_there(name)
    return Saved(row.name, row.sql, row.by, row.at)


def _keep(connection: sa.Connection, database: str, made: Saved) -> None:
    try:
        connection.execute(sa.insert(state.queries).values(database=database, **vars(made)))
    except IntegrityError as error:
        raise ConflictError(f"There is a saved query {made.name!r} already.", "Choose another name.") from error


def _not_there(name: str) -> NotFoundError:
    return NotFoundError(f"There is no saved query {name!r}.")


def _read(place: Path | str, sql: str, bound: Mapping[str, Any], seconds: float) -> Answer:
    """The worker's end."""
    if isinstance(place, Path):
        return queries.read(place, sql, bound, seconds)
    from frontdesk.database.postgresql import queries as postgresql  # its driver is an extra

    return postgresql.read(place, sql, bound, seconds)


def _bound(sql: Any, given: Any, dialect: str) -> dict[str, Any]:
    """The parameters' values. Raises InputError naming each that is missing or no plain value."""
    if not isinstance(sql, str) or not sql.strip():
        raise InputError(errors={"sql": "Write a query, such as SELECT * FROM … ."})
    if len(sql.encode("utf-8", "replace")) > queries.LONGEST_SQL:
        raise InputError(errors={"sql": f"A query has at most {queries.LONGEST_SQL:,} bytes."})
    if not isinstance(given, Mapping):
        raise InputError(errors={"parameters": 'Write an object, such as {"age": 30}.'})
    wanted = parameters(sql, dialect)
    wrong = {name: f"Give a value for :{name}." for name in wanted if name not in given}
    wrong |= {name: "Write a text, a number, true, false or null." for name in wanted if not _plain(given.get(name))}
    if wrong:
        raise InputError(errors=wrong)
    return {name: given[name] for name in wanted}


def _plain(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))
