"""Many rows at once: a block of cells as it is pasted, in one transaction and one change."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError, NotFoundError
from frontdesk.history import capture
from frontdesk.history.changes import Row
from frontdesk.tables import columns, keys, refusals, rows
from frontdesk.tables.keys import KeyText

MOST = 10_000
"""Rows that are changed at once."""
TOLD = 1000
"""Rows of a block that are told before and after."""


@dataclass
class Edited:
    """What was done, or in a trial would be: how many rows and cells, the first rows before and after, the change."""

    updated: int = 0
    inserted: int = 0
    deleted: int = 0
    cells: int = 0
    told: list[Row] = field(default_factory=list)
    etags: list[str | None] = field(default_factory=list)
    change: str | None = None

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        listed = [
            {"key": row.key, "before": row.before, "after": row.after, "etag": etag}
            for row, etag in zip(self.told, self.etags, strict=True)
        ]
        counts = {"updated": self.updated, "inserted": self.inserted, "deleted": self.deleted, "cells": self.cells}
        return counts | {"rows": listed, "change": self.change}

    def tell(self, before: rows.Row | None, after: rows.Row | None, most: int = TOLD) -> None:
        """Takes a row up among those that are told, while there are not too many."""
        if len(self.told) < most and (one := before or after):
            sides = [side.json() if side else None for side in (before, after)]
            self.told.append(Row(keys.json(one.key), *sides))
            self.etags.append(before.etag if before else None)

    def end(self, database: Database, connection: Connection, trial: bool) -> None:
        """Notes the change that the transaction made."""
        ids = capture.recorder_of(connection).ids
        self.change = f"{database.name}.{ids[0]}" if ids and not trial else None


@dataclass(frozen=True)
class _Line:
    """A row of the block: its key, what is set there, and the etag that it must have."""

    key: KeyText
    stored: Mapping[str, Any]
    etag: str | None


def update_many(
    database: Database,
    name: str,
    given: Sequence[Mapping[str, Any]],
    by: Caller,
    *,
    insert: Sequence[Mapping[str, Any]] = (),
    texts: bool = False,
    trial: bool = False,
) -> Edited:
    """Sets columns of many rows, each given as `{key, set, etag}`, and inserts others: all of it or nothing.

    With `texts` the values are as typed into cells, None for NULL; else they are JSON. A trial changes nothing. Raises
    InputError and IntegrityError with `errors` by row and column (`rows.2.age`, `insert.0.age`), ConflictError where a
    row is gone or no longer has its etag.
    """
    if not 1 <= len(given) + len(insert) <= MOST:
        raise InputError(errors={"rows": f"Give 1 to {MOST:,} rows."})
    table = rows.editable(schema.table(database, name))
    lines, made = _parsed(table, given, insert, texts)
    done = Edited()
    with capture.recording(database, by, "update" if lines else "insert", trial=trial) as connection:
        rows.lock(connection, table, _places(table, lines))
        for number, line in enumerate(lines):
            _update(database, connection, table, number, line, done)
        for number, stored in enumerate(made):
            with refusals.named(database, table, stored, f"insert.{number}."):
                key = capture.insert(connection, table, stored)
            done.inserted += 1
            done.tell(None, rows.read(connection, table, key))
        done.end(database, connection, trial)
    return done


def _parsed(
    table: Table, given: Sequence[Mapping[str, Any]], insert: Sequence[Mapping[str, Any]], texts: bool
) -> tuple[list[_Line], list[dict[str, Any]]]:
    wrong: dict[str, str] = {}
    lines: list[_Line] = []
    made: list[dict[str, Any]] = []
    for number, one in enumerate(given):
        try:
            lines.append(_line(table, one, texts))
        except InputError as error:
            wrong |= _prefixed(f"rows.{number}", error)
    for number, one in enumerate(insert):
        try:
            made.append(stored(table, one, texts, partial=False))
        except InputError as error:
            wrong |= _prefixed(f"insert.{number}", error)
    places = [line.key.parts for line in lines]
    for number, place in enumerate(places):
        if places.index(place) < number:
            wrong[f"rows.{number}"] = "This row stands here twice."
    if wrong:
        raise InputError(errors=wrong)
    return lines, made


def _prefixed(place: str, error: InputError) -> dict[str, str]:
    named = {f"{place}.{name}": sentence for name, sentence in error.errors.items()}
    return named or {place: error.message}


def _line(table: Table, one: Mapping[str, Any], texts: bool) -> _Line:
    known = {"key", "set", "etag"}
    if not known >= set(one) >= {"key", "set"} or not isinstance(one["set"], Mapping):
        raise InputError('Write {"key": …, "set": {column: value}}, with "etag" where the row must be as it was read.')
    return _Line(keys.of_json(one["key"]), stored(table, one["set"], texts), one.get("etag"))


def stored(table: Table, given: Mapping[str, Any], texts: bool, *, partial: bool = True) -> dict[str, Any]:
    """What is to be stored of values given as JSON, or as typed into cells. Raises InputError naming wrong columns."""
    if not texts:
        return columns.stored_from_json(table, given, partial=partial)
    wrong = [name for name, text in given.items() if not isinstance(text, (str, type(None)))]
    if wrong:
        raise InputError(errors=dict.fromkeys(wrong, "Write a text, or null for NULL."))
    return columns.stored_from_cells(table, given, partial=partial)


def differs(old: Any, new: Any) -> bool:
    """Whether a stored value is another than the one that is there: 1 and 1.0 are one number, "1" is a text."""
    return not (old == new and (type(old) is type(new) or {type(old), type(new)} <= {int, float}))


def _places(table: Table, lines: Sequence[_Line]) -> list[tuple[Any, ...]]:
    """The keys of the rows; what cannot be one is told at its row."""
    found = []
    for line in lines:
        with suppress(NotFoundError):
            found.append(keys.values(table, line.key))
    return found


def _update(database: Database, connection: Connection, table: Table, number: int, line: _Line, done: Edited) -> None:
    try:
        current = rows.find_meant(connection, table, line.key, locks=True)
    except NotFoundError as error:
        raise ConflictError(f"{error.message} Nothing was changed.", "Look at the table as it is now.") from error
    rows.check_decoded(current)
    rows.check_match(current, line.etag)
    changed = {name: value for name, value in line.stored.items() if differs(current.values[name], value)}
    if not changed:
        return
    with refusals.named(database, table, changed, f"rows.{number}."):
        capture.update(connection, table, rows.at(table, current.key), changed)
    place = [changed.get(name, value) for name, value in zip(table.key, current.key, strict=True)]
    done.updated += 1
    done.cells += len(changed)
    done.tell(current, rows.read(connection, table, place))
