"""Undoing: possible when every row now equals what the change left, and itself a change that can be undone."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import alterations, schema, values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.database.steps import Step, kept_in
from frontdesk.history import blocks, capture, changes, entries, reactions, rings


@dataclass(frozen=True)
class Undone:
    """The new changes, and how many rows were set back."""

    changes: list[str]
    undone: int


def undo(database: Database, numbers: Iterable[int], by: Caller) -> Undone:
    """Sets the rows of these changes back, in one transaction, newest first; what a delete cascaded to comes along.

    Raises ConflictError with `refused` when a row is no longer as the change left it; then nothing is changed.
    """
    with undoing(database, numbers, by) as done:
        return done


@contextmanager
def undoing(database: Database, numbers: Iterable[int], by: Caller) -> Iterator[Undone]:
    """As `undo`, kept only when the block ends without an error: so several databases are undone all or none."""
    numbers = list(numbers)
    try:
        with capture.recording(database, by, "undo", redefining=_redefines(database, numbers)) as connection:
            work = _Undoing(database, connection, by)
            work.undo(_with_cascades(connection, database, numbers))
            yield Undone([f"{database.name}.{number}" for number in work.made], work.rows)
    except errors.IntegrityError as error:
        raise errors.ConflictError(f"It cannot be undone: {error.message}", error.hint) from error


def _redefines(database: Database, numbers: list[int]) -> bool:
    """Whether nothing but definitions are taken back."""
    with database.connect() as connection:
        if not entries.exist(connection):
            return False
        keys = connection.scalars(sa.select(entries.changes.c.key).where(entries.changes.c.id.in_(numbers))).all()
    return set(keys) == {"[]"}


class _Undoing:
    """One undo on its way."""

    def __init__(self, database: Database, connection: Connection, by: Caller) -> None:
        self.made: list[int] = []
        self.rows = 0
        self._database, self._connection, self._by = database, connection, by
        self._recorder = capture.recorder_of(connection)
        self._refused: list[dict[str, Any]] = []
        self._rings = rings.Rings(connection)

    def undo(self, headers: list[Any]) -> None:
        loads = blocks.find(self._connection, [header.id for header in headers])
        schema.defer_foreign_keys(self._connection)
        for what, several in groupby(headers, lambda header: _what(header, loads)):
            if what == "rows":
                self._undo_rows(list(several))
                continue
            for header in several:
                if what == "schema":
                    self._undo_schema(header)
                else:
                    self._undo_load(header, loads[header.id])
        if self._refused and all(one["key"] is None for one in self._refused):
            reasons = " ".join(one["reason"] for one in self._refused)
            raise errors.ConflictError(f"It cannot be undone. {reasons}", refused=self._refused)
        if self._refused:
            raise errors.ConflictError(
                "These rows have changed since, so nothing was undone.",
                "Undo the later changes first.",
                refused=self._refused,
            )

    def _undo_rows(self, headers: list[Any]) -> None:
        """Sets the rows of changes back in the reverse order of their changing, whichever change they belong to."""
        schema.defer_foreign_keys(self._connection)  # which a change of a definition ends
        tables: dict[int, tuple[Table, list[str], list[str]]] = {}
        for header in headers:
            table = schema.read(self._database, self._connection).get(header.table)
            names = json.loads(header.columns)
            if table is None or any(name not in table.clause.c for name in names):
                self._refuse(None, f"The table {header.table} is gone or has other columns now.")
            else:
                tables[header.id] = table, names, json.loads(header.key)
        rows = entries.rows
        newest_first = sa.select(rows).where(rows.c.change.in_(tables)).order_by(rows.c.id.desc())
        found = self._connection.execute(newest_first).all()
        self._lock(tables, found)
        reacting = reactions.Reactions(self._database, self._connection, headers)
        follows = {number for number, (table, _, _) in tables.items() if self._follows(table, tables)}
        follows -= {row.change for row in found if row.change in follows and not self._stands(*tables[row.change], row)}
        for row in found:
            self._recorder.resume("undo", row.change)
            self._undo_row(*tables[row.change], row, follows=row.change in follows)
        self._rings.close()
        if not self._refused and any(schema.has_triggers(self._connection, one) for one, _, _ in tables.values()):
            reacting.settle()
        for number in tables:
            self._recorder.resume("undo", number)
            self.made += self._recorder.ids

    def _lock(self, tables: Mapping[int, tuple[Table, list[str], list[str]]], rows: Sequence[Any]) -> None:
        """Takes the rows in the order of tables and keys, in which everybody takes them."""
        keys: dict[str, tuple[Table, list[list[Any]]]] = {}
        for row in rows:
            table, names, key = tables[row.change]
            if key == list(table.key):
                standing = dict(zip(names, values.exactly(row.after or row.before), strict=True))
                keys.setdefault(table.name, (table, []))[1].append([standing[name] for name in key])
        for name in sorted(keys):
            self._recorder.lock(*keys[name])

    def _follows(self, table: Table, others: Mapping[int, tuple[Table, list[str], list[str]]]) -> bool:
        """Whether rows of the table follow by themselves when keys of the others are set back."""
        moving = {key.table for key in table.foreign_keys if key.on_update == "CASCADE"}
        return any(other.name in moving for other, _, _ in others.values())

    def _stands(self, table: Table, names: list[str], key: list[str], row: Any) -> bool:
        """Whether a row is as the change left it."""
        after = dict(zip(names, values.exactly(row.after or row.before), strict=True))
        current = self._connection.execute(
            sa.select(*(table.clause.c[name] for name in names)).where(*entries.place(table, key, after))
        ).first()
        text: str | None = values.exact(current) if current else None
        return text == str(row.after) if row.after else text is None

    def _is_back(self, table: Table, names: list[str], key: list[str], before: dict[str, Any], row: Any) -> bool:
        found = sa.select(*(table.clause.c[name] for name in names)).where(*entries.place(table, key, before))
        current = self._connection.execute(found).first()
        return current is not None and values.exact(current) == row.before and row.before != row.after

    def _undo_row(self, table: Table, names: list[str], key: list[str], row: Any, *, follows: bool) -> None:
        """Sets a row back; where it `follows`, it may have been set back along with another one already."""
        before, after = (
            dict(zip(names, values.exactly(text), strict=True)) if text else None for text in (row.before, row.after)
        )
        standing = after or before or {}
        if follows and before and after and self._is_back(table, names, key, before, row):
            self.rows += 1
            return
        place = entries.place(table, key, standing)
        if not table.key:
            place = [entries.one(table, place)]
        found = sa.select(*(table.clause.c[name] for name in names)).where(*place).with_for_update()
        current = self._connection.execute(found).first()
        shown = [standing[name] for name in key]
        comes_beside = not table.key and after is None  # where there is no key, rows may be equal
        if not comes_beside and (values.exact(current) if current else None) != row.after:
            self._refuse(shown, _reason(current, after))
            return
        given = {name: value for name, value in (before or {}).items() if name not in entries.generated(table)}
        if before is None:
            capture.delete(self._connection, table, place)
        elif after is None:
            self._rings.bring_back(row.change, table, given)
        else:
            self._rings.set_back(row.change, table, place, given)
        self.rows += 1

    def _undo_load(self, header: Any, block: Any) -> None:
        """Takes the loaded rows away, or the table that the load made, unless one of them has changed since."""
        table = schema.read(self._database, self._connection).get(header.table)
        if table is None or [column.name for column in table.columns] != json.loads(header.columns):
            self._refuse(None, f"The table {header.table} is gone or has other columns now.")
        elif not blocks.stands(self._connection, table, block):
            self._refuse_changed(header)
        elif block.made is None:
            self._recorder.label("undo", header.id)
            place = blocks.order(table).between(block.first, block.last)
            self.rows += capture.delete(self._connection, table, [place])
            self.made += self._recorder.ids
        else:
            self._check_admin()
            self._drop(header, block.made)
            self.rows += block.rows

    def _refuse_changed(self, header: Any) -> None:
        """Names the rows that the history knows to have changed since."""
        listed = entries.changes.c
        later = sa.select(listed.id).where(listed.table == header.table, listed.id > header.id)
        keys = sa.select(entries.rows.c.key).where(entries.rows.c.change.in_(later)).distinct().limit(100)
        for text in self._connection.scalars(keys).all():
            self._refuse(values.exactly(text), "The row was changed after the load.")
        if not self._refused:
            self._refuse(None, f"Rows of {header.table} have changed since the load.")

    def _check_admin(self) -> None:
        if not self._by.may("admin"):
            raise errors.PermissionDenied(f"This needs the role admin; you are {self._by.role}.", "It drops a table.")

    def _drop(self, header: Any, sql: str) -> None:
        self._recorder.remove()
        schema.drop(self._connection, header.table)
        self._recorder.label("undo", header.id)
        self.made.append(self._recorder.record_schema(header.table, before=sql))

    def _undo_schema(self, header: Any) -> None:
        """Takes back a change of a definition, as long as no rows depend on it. Raises PermissionDenied below admin."""
        self._check_admin()
        row = self._connection.execute(sa.select(entries.rows).where(entries.rows.c.change == header.id)).one()
        names = json.loads(header.columns)
        before, after = (
            dict(zip(names, values.exactly(text), strict=True)) if text else {} for text in (row.before, row.after)
        )
        steps = _steps(header, before or after, bool(before))
        if steps is None:
            self._refuse(None, _unkept(header, before, after))
        elif "steps" in names and after and not alterations.stands(self._connection, header.table, after["sql"]):
            self._refuse(None, f"{header.table} is gone or was altered since.")
        elif not self._refuse_deleted(header, steps):
            self._take(header, steps, before.get("sql"), after.get("sql"))

    def _refuse_deleted(self, header: Any, steps: list[Step]) -> bool:
        """Names the rows whose values are kept that were deleted since: others may have their keys by now."""
        kept = [name for step in steps for name in kept_in(step)]
        listed, rows = entries.changes.c, entries.rows.c
        undone = sa.select(listed.undoes).where(listed.undoes.is_not(None))
        undos = sa.select(listed.id).where(listed.undoes.is_not(None))
        stands = listed.id.not_in(undone) & (listed.undoes.is_(None) | listed.undoes.in_(undos))  # or was done again
        later = sa.select(listed.id).where(
            listed.table == header.table, listed.id > header.id, stands, listed.key != "[]"
        )
        gone = sa.select(rows.key).where(rows.change.in_(later), rows.after.is_(None))
        keys = [values.exactly(text) for text in self._connection.scalars(gone)] if kept else []
        found = [key for key in keys if any(alterations.holds(self._connection, name, key) for name in kept)]
        for key in found:
            self._refuse(key, "The row was deleted since.")
        return bool(found)

    def _take(self, header: Any, steps: list[Step], before: str | None, after: str | None) -> None:
        """Takes the steps back, and keeps those that bring them back again."""
        self._recorder.remove()
        made: list[Step | None] = []
        try:
            for step in steps:
                made.insert(0, alterations.apply(self._connection, step))
        except errors.ConflictError as error:
            for row in error.refused or ({"key": None, "reason": error.message},):
                self._refused.append(dict(row))
            return
        back = None if None in made else made
        name = header.table
        for step in steps:
            if step[0] == "rename_table":
                self._recorder.rename(step[1], name := step[2])
        if before and after:  # its text may differ by quotes
            before = alterations.sql_of(self._connection, name)
        self._recorder.label("undo", header.id)
        self.made.append(self._recorder.record_schema(name, before=after, after=before, steps=back))

    def _refuse(self, key: list[Any] | None, reason: str) -> None:
        self._refused.append({"key": key[0] if key and len(key) == 1 else key, "reason": reason})


def _what(header: Any, loads: Mapping[int, Any]) -> str:
    return "schema" if json.loads(header.key) == [] else "load" if header.id in loads else "rows"


def _steps(header: Any, kept: dict[str, Any], dropped: bool) -> list[Step] | None:
    """What takes the change back; before steps were kept, only what made a table could be taken back."""
    if "steps" in kept:
        found: list[Step] | None = json.loads(kept["steps"]) if kept["steps"] else None
        return found
    return None if header.operation == "undo" or dropped else [["drop", "table", header.table]]


def _unkept(header: Any, before: dict[str, Any], after: dict[str, Any]) -> str:
    if not after:
        return f"What {header.table} held was not kept: create it anew."
    return f"What {header.table} was {'before ' if before else ''}cannot be brought back."


def _reason(current: Any, after: dict[str, Any] | None) -> str:
    if current is None:
        return "The row is no longer there."
    return "The row has changed since." if after else "A row with this key is there again."


def _with_cascades(connection: Connection, database: Database, numbers: Iterable[int]) -> list[Any]:
    """The changes' headers, newest first, with those of the same transaction that their deletes cascaded to."""
    if not entries.exist(connection):
        raise errors.NotFoundError(f"Nothing was ever changed in {database.name}.")
    listed, numbers = entries.changes, list(numbers)
    found = {header.id: header for header in connection.execute(sa.select(listed).where(listed.c.id.in_(numbers)))}
    if not found:
        raise changes.missing(connection, f"{database.name}.{max(numbers)}", max(numbers))
    found |= {other.id: other for header in list(found.values()) for other in _beside(connection, database, header)}
    pending = list(found.values())
    while pending:
        header = pending.pop()
        below = _referring(schema.read(database, connection), header.table)
        same = sa.select(listed).where(
            listed.c.transaction == header.transaction, listed.c.table.in_(below), listed.c.operation != "insert"
        )
        for other in connection.execute(same) if below and header.operation in {"delete", "update", "undo"} else ():
            if other.id not in found:
                found[other.id] = other
                pending.append(other)
    return sorted(found.values(), key=lambda header: header.id, reverse=True)


def _beside(connection: Connection, database: Database, header: Any) -> list[Any]:
    """The changes that made further tables of the same load, as long as these are there."""
    if header.operation != "import" or not blocks.exist(connection):
        return []
    listed = entries.changes
    made = sa.select(entries.blocks.c.change).where(entries.blocks.c.made.is_not(None))
    later = (listed.c.transaction == header.transaction, listed.c.id > header.id, listed.c.operation == "import")
    tables = schema.read(database, connection)
    found = connection.execute(sa.select(listed).where(*later, listed.c.id.in_(made)))
    return [other for other in found if other.table in tables]


def _referring(tables: dict[str, Table], name: str) -> list[str]:
    """The tables whose rows are changed or deleted along with the rows of `name`."""
    plain = {"NO ACTION", "RESTRICT"}
    return [
        table.name
        for table in tables.values()
        for key in table.foreign_keys
        if key.table == name and not {key.on_delete, key.on_update} <= plain
    ]
