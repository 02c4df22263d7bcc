"""Typed SQL: in a worker that can be killed, with named parameters, a limit of time and Stop."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frontdesk import context
from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database import queries, readers, schema, state, values
from frontdesk.database.connections import Database
from frontdesk.database.queries import Answer
from frontdesk.errors import BusyError, ConflictError, InputError, OperationalError, PermissionDenied, StatementError
from frontdesk.history import changes
from frontdesk.tables import (
    asked,
    charts,
    conditions,
    parameters,
    plans,
    readings,
    scripts,
    spellings,
    statements,
    structure,
    unrecorded,
)
from frontdesk.tables.figures import Chart, Wish
from frontdesk.tables.plans import Known, Step, Told
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
UNKNOWN = "Look at the rows whether it was carried out before that."
SET_UP = "`frontdesk check --fix` makes one, or says by which SQL it is made."


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
        """The first rows of a query; of several statements those of the last.

        Raises InputError where it is wrong, refused, stopped at its limit or by its caller, or where no role is set up
        to read by; BusyError.
        """
        return self.read_all(database, sql, given, by)[-1][1]

    def read_all(self, database: Database, sql: str, given: Mapping[str, Any], by: Caller) -> list[tuple[str, Answer]]:
        """Each statement with its first rows. Raises as `read`; then none has an answer."""
        bound = parameters.bound(sql, given, database.dialect)
        with self._remembered(database, sql, bound, by) as told:
            script = scripts.split(sql, database.dialect)
            answers: list[Answer] = self._ask(database, by, sql, readings.answer, script, sql, bound)
            told["milliseconds"] = round(sum(answer.milliseconds for answer in answers), 3)
            told["rows"] = sum(len(answer.rows) for answer in answers)
        logger.info("Query of %s: %d rows in %.1f ms", database.name, told["rows"], told["milliseconds"])
        return [(one.sql, answer) for one, answer in zip(script, answers, strict=True)]

    def draw(self, database: Database, sql: str, given: Mapping[str, Any], wish: Wish, by: Caller) -> Chart:
        """The chart of what one statement gives, grouped in the database. Raises as `read`."""
        charts.check(wish)
        bound = parameters.bound(sql, given, database.dialect)
        single = scripts.single(sql, database.dialect)
        chart: Chart = self._ask(database, by, sql, readings.draw, single, bound, wish)
        return chart

    def explain(self, database: Database, sql: str, given: Mapping[str, Any], by: Caller) -> tuple[Told, ...]:
        """How one statement would be carried out, each step with a sentence. Raises as `read`."""
        bound = parameters.bound(sql, given, database.dialect)
        single = scripts.single(sql, database.dialect)
        steps: tuple[Step, ...] = self._ask(database, by, sql, readings.plan, single, bound)
        return plans.tell(database.dialect, steps, _known(database, single))

    def _ask(self, database: Database, by: Caller, sql: str, work: Callable[..., Any], *arguments: Any) -> Any:
        """What a worker gives that reads; a name that is not there gets names that are like it."""
        place, limit = self._reader(database)
        try:
            with self._place():
                return self._wait(self._submit(work, place, *arguments, self.seconds, limit=limit), database.name, by)
        except StatementError as error:
            raise spellings.offer(error, sql, schema.tables(database)) from None
        except OperationalError as error:
            error.database = database.name
            raise

    @contextmanager
    def _remembered(
        self, database: Database, sql: str, bound: Mapping[str, Any], by: Caller
    ) -> Iterator[dict[str, Any]]:
        """Keeps what is asked among the caller's own, with what is told of it or with its error."""
        told: dict[str, Any] = {}
        try:
            yield told
        except (InputError, ConflictError) as error:
            told = {"error": error.message}
            raise
        finally:
            if told:
                asked.record(self._state, database.name, sql, bound, by, self._config.queries.keep, **told)

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
        """Carries out what may change rows and tables, one statement or several, as one transaction of the history.

        On `trial` nothing is written, and what would change is told. Raises InputError where the SQL is wrong, refused
        or stopped, ConflictError where something stands in the way, PermissionDenied below admin, BusyError.
        """
        if not by.may("admin"):
            raise PermissionDenied(
                f"Writing SQL needs the role admin; you are {by.role}.", "Ask an admin of this desk."
            )
        database.check_writable()
        bound = parameters.bound(sql, given, database.dialect)
        with self._remembered(database, sql, bound, by) as told:
            try:
                done = self._write(database, sql, bound, by, trial)
            except StatementError as error:
                raise spellings.offer(error, sql, schema.tables(database)) from None
            told |= {"milliseconds": done.milliseconds, "rows": len(done.rows)}
        return done

    def _write(self, database: Database, sql: str, bound: Mapping[str, Any], by: Caller, trial: bool) -> Written:
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
        wished = sa.select(stops.at).where(stops.database == database, stops.user == by.name)
        with self._state.connect() as connection:
            at = connection.scalar(wished)
        if at is not None and at >= began:
            task.cancel()


def _known(database: Database, sql: str) -> Known:
    """What the sentences of a plan tell besides."""
    tables = schema.tables(database)
    counts = {one.name: one.rows for one in structure.summaries(database)}
    return Known(tables, counts, conditions.names(sql, tables), sql)
