"""The history as it is read: changes, newest first, and the rows of one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema, values
from frontdesk.database.connections import Database
from frontdesk.errors import InputError, NotFoundError
from frontdesk.history import blocks, entries, purges

OPERATIONS = ("insert", "update", "delete", "import", "batch", "schema", "undo")
HIDDEN_KEYS = {"rowid", "_rowid_", "oid", f"{schema.OWN}row"}
"""The names of keys that no column shows."""


@dataclass(frozen=True)
class Row:
    """One row as it was and became; None where it was not there."""

    key: Any  # the key's value, or an array when composite
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def changed(self) -> list[str]:
        """The names of the columns whose values differ."""
        before, after = self.before or {}, self.after or {}
        return [name for name in (after or before) if before.get(name) != after.get(name) or not (before and after)]


@dataclass(frozen=True)
class Change:
    """An entry of the history: what was done to how many rows of a table, when, by whom, by which request or run."""

    id: str  # DATABASE.N
    database: str
    table: str
    operation: str
    rows: int
    row: Row | None  # when it is one
    at: datetime
    user: str
    request: str | None
    run: int | None
    undoes: str | None
    undone_by: str | None = field(default=None)

    @property
    def number(self) -> int:
        """N of the id."""
        return int(self.id.rpartition(".")[2])

    def json(self) -> dict[str, Any]:
        """The change as the API gives it."""
        row = self.row or Row(None, None, None)
        names = ("id", "table", "operation", "rows", "at", "user", "request", "run", "undoes", "undone_by")
        return {name: getattr(self, name) for name in names} | {
            "key": row.key,
            "before": row.before,
            "after": row.after,
        }


@dataclass(frozen=True)
class Page:
    """Some changes and the token of those that follow."""

    changes: list[Change]
    next: str | None


def search(
    database: Database,
    *,
    table: str | None = None,
    key: Sequence[Any] | None = None,
    run: int | None = None,
    request: str | None = None,
    user: str | None = None,
    operation: str | None = None,
    size: int = 100,
    before: int | None = None,
) -> Page:
    """The changes of a database that fit, newest first; `before` is the number of the last one seen.

    Raises InputError for an operation that there is none of.
    """
    if operation is not None and operation not in OPERATIONS:
        raise InputError(errors={"operation": f"Write one of {', '.join(OPERATIONS)}."})
    listed = entries.changes
    statement = sa.select(listed).order_by(listed.c.id.desc()).limit(size + 1)
    wanted = {"table": table, "run": run, "request": request, "user": user, "operation": operation}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(listed.c[name] == value)
    if before is not None:
        statement = statement.where(listed.c.id < before)
    with database.connect() as connection:
        if not entries.exist(connection):
            return Page([], None)
        found = connection.execute(statement.where(_touches(key, blocks.exist(connection)))).all()
        changes = _changes(connection, database.name, found[:size], key)
    return Page(changes, str(changes[-1].number) if len(found) > size else None)


def deletions(database: Database, size: int = 20) -> list[Change]:
    """The latest changes that took a table or view away which is not back, newest first."""
    listed, kept = entries.changes, entries.rows.c
    gone = sa.exists().where(kept.change == listed.c.id, kept.after.is_(None))
    statement = sa.select(listed).where(listed.c.operation == "schema", listed.c.key == "[]", gone)
    with database.connect() as connection:
        if not entries.exist(connection):
            return []
        found = connection.execute(statement.order_by(listed.c.id.desc()).limit(size)).all()
        there = schema.read(database, connection)
        changes = _changes(connection, database.name, [one for one in found if one.table not in there])
    return [change for change in changes if change.undone_by is None]


def around(database: Database, table: str, key: Sequence[Any], moment: datetime) -> tuple[Change | None, Change | None]:
    """The last change of a row up to a moment and the first after it, None where there is none."""
    listed = entries.changes
    with database.connect() as connection:
        if not entries.exist(connection):
            return None, None
        touching = sa.select(listed).where(listed.c.table == table, _touches(key, blocks.exist(connection)))
        last = touching.where(listed.c.at <= moment).order_by(listed.c.id.desc())
        first = touching.where(listed.c.at > moment).order_by(listed.c.id)
        found = [connection.execute(one.limit(1)).all() for one in (last, first)]
        before, after = (_changes(connection, database.name, some, key) for some in found)
    return next(iter(before), None), next(iter(after), None)


def newest(connection: Connection) -> int:
    """The number of the newest change, 0 before the first."""
    if not entries.exist(connection):
        return 0
    return connection.scalar(sa.select(sa.func.max(entries.changes.c.id))) or 0


def since(connection: Connection, database: str, number: int) -> list[Change]:
    """The changes after this number as this transaction sees them, oldest first."""
    if not entries.exist(connection):
        return []
    listed = entries.changes
    found = connection.execute(sa.select(listed).where(listed.c.id > number).order_by(listed.c.id)).all()
    return _changes(connection, database, found, None)


def find(database: Database, number: int) -> Change:
    """The change of this number. Raises NotFoundError."""
    with database.connect() as connection:
        found = (
            entries.exist(connection)
            and connection.execute(sa.select(entries.changes).where(entries.changes.c.id == number)).all()
        )
        if not found:
            raise missing(connection, f"{database.name}.{number}", number)
        return _changes(connection, database.name, found)[0]


def missing(connection: Connection, change: str, number: int) -> NotFoundError:
    """What is said of a change that is not there."""
    cut = purges.find(connection)
    gone = cut is not None and number <= cut.number
    return NotFoundError(f"Change {change} was not kept." if gone else f"There is no change {change}.")


def rows(database: Database, number: int, *, size: int = 100, after: int = 0) -> tuple[list[Row], str | None]:
    """The rows of a change in the order of their changing, and the token of those that follow."""
    with database.connect() as connection:
        return rows_in(database, connection, number, size=size, after=after)


def rows_in(
    database: Database, connection: Connection, number: int, *, size: int = 100, after: int = 0
) -> tuple[list[Row], str | None]:
    """As `rows`, as this transaction sees them. Raises NotFoundError."""
    statement = (
        sa.select(entries.rows)
        .where(entries.rows.c.change == number, entries.rows.c.id > after)
        .order_by(entries.rows.c.id)
        .limit(size + 1)
    )
    header = (
        entries.exist(connection)
        and connection.execute(sa.select(entries.changes).where(entries.changes.c.id == number)).first()
    )
    if not header:
        raise missing(connection, f"{database.name}.{number}", number)
    block = blocks.find(connection, [number]).get(number)
    if block is not None:
        return _loaded(database, connection, header, block, size, after)
    found = connection.execute(statement).all()
    return [_row(header, row) for row in found[:size]], str(found[size - 1].id) if len(found) > size else None


def _loaded(
    database: Database, connection: Connection, header: Any, block: Any, size: int, after: int
) -> tuple[list[Row], str | None]:
    """The rows of a load: what is still there of them, as it is now."""
    table = schema.read(database, connection).get(header.table)
    if table is None or [column.name for column in table.columns] != json.loads(header.columns):
        return [], None
    found = blocks.rows(connection, table, block, size=size + 1, after=after)
    names, hidden = [column.name for column in table.columns], table.row_id is not None
    listed = []
    for place, *given in found[:size]:
        named = dict(zip(names, given, strict=True)) | ({"_key": place} if hidden else {})
        key = [place] if hidden else [named[name] for name in table.key]
        listed.append(Row(key[0] if len(key) == 1 else key, None, named))
    return listed, str(found[size - 1][0]) if len(found) > size else None


def _touches(key: Sequence[Any] | None, loads: bool) -> sa.ColumnElement[bool]:
    """Whether a change has rows; with `key`, whether this row is among them."""
    if key is None:
        changed = sa.exists().where(entries.rows.c.change == entries.changes.c.id)
        loaded = sa.exists().where(entries.blocks.c.change == entries.changes.c.id)
        return sa.or_(changed, loaded) if loads else changed
    found: list[sa.Select[Any]] = [sa.select(entries.rows.c.change).where(entries.rows.c.key == values.exact(key))]
    if loads and len(key) == 1 and isinstance(key[0], int):
        block = entries.blocks.c
        found.append(sa.select(block.change).where(block.first <= key[0], block.last >= key[0]))
    return sa.or_(*(entries.changes.c.id.in_(one) for one in found))


def _changes(
    connection: Connection, database: str, found: Sequence[Any], key: Sequence[Any] | None = None
) -> list[Change]:
    ids = [header.id for header in found]
    counted = sa.select(entries.rows.c.change, sa.func.count(), sa.func.max(entries.rows.c.id))
    counts = {
        change: (count, newest)
        for change, count, newest in connection.execute(
            counted.where(entries.rows.c.change.in_(ids)).group_by(entries.rows.c.change)
        )
    }
    loads = blocks.find(connection, ids)
    counts |= {change: (block.rows, 0) for change, block in loads.items()}
    single = [newest for count, newest in counts.values() if count == 1 and newest]
    wanted = sa.select(entries.rows).where(entries.rows.c.id.in_(single))
    if key is not None:
        wanted = sa.select(entries.rows).where(entries.rows.c.change.in_(ids), entries.rows.c.key == values.exact(key))
    by_change = {row.change: row for row in connection.execute(wanted)}
    undoings = _undoings(connection, ids)
    return [
        Change(
            id=f"{database}.{header.id}",
            database=database,
            table=header.table,
            operation=header.operation,
            rows=counts.get(header.id, (0, 0))[0],
            row=_row(header, by_change[header.id]) if header.id in by_change else None,
            at=header.at,
            user=header.user,
            request=header.request,
            run=header.run,
            undoes=f"{database}.{header.undoes}" if header.undoes else None,
            undone_by=f"{database}.{undoings[header.id]}" if header.id in undoings else None,
        )
        for header in found
    ]


def _undoings(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """By change the one that undoes it, unless that is undone itself."""
    undone = entries.changes.c.undoes
    found = connection.execute(sa.select(undone, entries.changes.c.id).where(undone.in_(ids))).all()
    redone = _undoings(connection, [number for _, number in found]) if found else {}
    return {change: number for change, number in found if number not in redone}


def _row(header: Any, row: Any) -> Row:
    names, hidden = json.loads(header.columns), set(json.loads(header.key))
    if not hidden:
        return _definition(names, row)
    key = values.exactly(row.key) if row.key else [None]
    return Row(
        key[0] if len(key) == 1 else key,
        _named(names, row.before, hidden),
        _named(names, row.after, hidden),
    )


def _definition(names: list[str], row: Any) -> Row:
    """A table's definition before and after; how it is taken back is not for the eye."""
    sides = (dict(zip(names, values.exactly(text), strict=True)) if text else None for text in (row.before, row.after))
    before, after = ({"sql": side["sql"]} if side else None for side in sides)
    return Row(None, before, after)


def _named(names: list[str], text: str | None, key: set[str]) -> dict[str, Any] | None:
    if text is None:
        return None
    named = dict(zip(names, values.exactly(text), strict=True))
    return {
        ("_key" if name == names[-1] and name in key and name in HIDDEN_KEYS else name): value
        for name, value in named.items()
    }
