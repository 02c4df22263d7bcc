"""Typed SQL that writes, in the worker: in one recorded transaction, or as a trial that leaves nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import alterations, places, schema, statements
from frontdesk.database.connections import Database
from frontdesk.database.queries import Answer
from frontdesk.database.schema import Table
from frontdesk.database.sqlite import catalog, drivers, fulltext, shapes
from frontdesk.database.sqlite.shapes import Shape
from frontdesk.database.statements import WritingGuard
from frontdesk.database.steps import Step
from frontdesk.errors import Error, InputError
from frontdesk.history import blocks, capture, changes, triggers
from frontdesk.history.changes import Change, Row
from frontdesk.tables import columns, scripts

PATIENCE = 2.0
"""Seconds that a statement waits for another writer."""
SHOWN = 100
"""Rows that a trial shows of each table and operation."""

OWN_NAMES = f"Names that begin with {schema.OWN} are Frontdesk's own; a text that holds one goes in as a parameter."
UNSEEN = (
    "In a database with triggers, the history does not see the rows that REPLACE takes away: "
    "write INSERT … ON CONFLICT (…) DO UPDATE SET … ."
)


@dataclass(frozen=True)
class Group:
    """What a statement does to the rows of one table: all of them counted, the first of them before and after."""

    table: str
    operation: str
    rows: int
    first: list[Row]


@dataclass(frozen=True)
class Outcome:
    """The answer of a statement and its changes: their ids, the one of the table it names first."""

    answer: Answer
    changes: list[str]
    groups: list[Group]  # of a trial


@dataclass(frozen=True)
class Written(Answer):
    """The answer of a statement that may write: the ids of its changes, or of a dry run what would change."""

    changes: list[str]
    trial: list[Group] | None = None

    @property
    def total(self) -> int:
        """How many rows would change in all."""
        return sum(group.rows for group in self.trial or ())

    def json(self) -> dict[str, Any]:
        """The answer as the API gives it: of a dry run each row that would change, the first of each table."""
        answer = super().json()
        if self.trial is None:
            return answer | {"changes": self.changes}
        rows = [
            {"table": group.table, "operation": group.operation, "rows": group.rows} | vars(row)
            for group in self.trial
            for row in group.first
        ]
        return answer | {"changes": rows, "total": self.total}


@dataclass(frozen=True)
class Order:
    """What a worker is to carry out, and for whom."""

    name: str
    path: Path
    sql: str
    parameters: Mapping[str, Any]
    seconds: float
    by: Caller
    request: str | None
    trial: bool


def carry_out(order: Order) -> Outcome:
    """Carries out the statement. Raises InputError, ConflictError, BusyError; then nothing is changed."""
    database = Database(order.name, order.path, patience=PATIENCE)
    try:
        with (
            context.bind(request=order.request),
            capture.recording(database, order.by, trial=order.trial) as connection,
        ):
            return _carry_out(database, connection, order)
    finally:
        database.close()


def _carry_out(database: Database, connection: Connection, order: Order) -> Outcome:
    driver = drivers.driver_of(connection)
    newest, written = changes.newest(connection), driver.total_changes
    began, target = time.perf_counter(), ""
    for statement in scripts.split(order.sql, "sqlite"):
        capture.recorder_of(connection).prepare()  # anew where the statement before it changed the schema
        guard = _guard(driver)
        try:
            answer = _execute(connection, replace(order, sql=statement.sql), guard, began)
        except Error as error:
            raise places.shifted(error, order.sql, statement.place) from None
        target = target or guard.target
    made = changes.since(connection, database.name, newest)
    made.sort(key=lambda change: (change.table.casefold() != target.casefold(), change.number))
    if not made and driver.total_changes == written:
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    if not order.trial:
        return Outcome(answer, [change.id for change in made], [])
    return Outcome(answer, [], [_group(database, connection, change) for change in made])


def _guard(driver: Any) -> WritingGuard:
    known = catalog.read_tables(driver)
    nameless = [table.name for table in known.values() if table.kind == "table" and not table.editable]
    return WritingGuard(nameless, catalog.inner_tables(driver))


def _group(database: Database, connection: Connection, change: Change) -> Group:
    first, _ = changes.rows_in(database, connection, change.number, size=SHOWN)
    return Group(change.table, change.operation, change.rows, first)


def _execute(connection: Connection, order: Order, guard: WritingGuard, began: float) -> Answer:
    """Carries out the statement, and records what it did to the schema."""
    driver, recorder = drivers.driver_of(connection), capture.recorder_of(connection)
    if schema.OWN in order.sql.casefold():  # a trigger's body, a new name: SQLite's authorizer does not see them, and
        raise InputError(errors={"sql": OWN_NAMES})  # takes what a subquery of such a name does for our triggers' doing
    if triggers.replaces(order.sql) and triggers.misses_replaced(driver):
        raise InputError(errors={"sql": UNSEEN})
    before, version = shapes.read(connection), schema.version(connection)
    if triggers.defines(order.sql):
        recorder.remove()
    driver.execute("SAVEPOINT statement")
    try:
        answer = statements.execute(driver, order.sql, order.parameters, order.seconds, guard, began)
    except InputError:
        if guard.dropped:  # rows that refer to the table are told by its tables' names
            alterations.check_unreferred(connection, guard.dropped)
        raise
    if schema.version(connection) == version:
        return answer
    after = shapes.read(connection)
    if after.parts == before.parts:  # such as REINDEX
        return answer
    step = shapes.instead(before, after)
    if step is None:
        fulltext.mend(driver)
        _record(connection, before, shapes.read(connection))
    else:
        recorder.remove()
        driver.execute("ROLLBACK TO statement")
        _apply(connection, before, step)
    return answer


def _record(connection: Connection, before: Shape, after: Shape) -> None:
    """Enters a change of the schema; a table that was made with rows is a load of them."""
    found = shapes.between(before, after)
    recorder = capture.recorder_of(connection)
    recorder.remove()
    if found.steps and found.steps[0][0] == "rename_table":
        recorder.prepare()
        recorder.rename(found.steps[0][2], found.table)
    table = after.tables.get(found.table)
    made = table if table and table.row_id and found.table not in before.tables and not found.before else None
    if made and blocks.bounds(connection, made):
        _record_load(connection, made, found.after)
    else:
        recorder.record_schema(found.table, before=found.before, after=found.after, steps=found.steps)


def _record_load(connection: Connection, table: Table, made: str | None) -> None:
    first, last = blocks.bounds(connection, table) or (1, 0)
    rows, digest = blocks.digest_of(connection, table, first, last)
    blocks.record(connection, table, rows, first, last, digest, made)


def _apply(connection: Connection, before: Shape, step: Step) -> None:
    """Does what the statement did in the way that keeps what it takes away."""
    table = step[1]
    back = alterations.apply(connection, step)
    capture.recorder_of(connection).record_schema(
        table,
        before=before.parts["table", table].sql,
        after=alterations.sql_of(connection, table),
        steps=None if back is None else [back],
    )


def written(database: Database, outcome: Outcome, *, trial: bool) -> Written:
    """The answer with values as the columns of their tables show them."""
    known = schema.tables(database)
    groups = [_shown(known.get(group.table), group) for group in outcome.groups]
    return Written(**vars(outcome.answer), changes=outcome.changes, trial=groups if trial else None)


def _shown(table: Table | None, group: Group) -> Group:
    """The group with values as their columns show them."""
    kinds = {column.name: column for column in table.columns} if table else {}

    def show(row: dict[str, Any] | None) -> dict[str, Any] | None:
        return row and {name: columns.shown(kinds[name], v) if name in kinds else v for name, v in row.items()}

    if group.operation == "schema":
        return group
    return replace(group, first=[Row(row.key, show(row.before), show(row.after)) for row in group.first])
