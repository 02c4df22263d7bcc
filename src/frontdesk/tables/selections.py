"""The same done to all the rows that were chosen, by their keys or by a filter: set, deleted, duplicated."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError, NotFoundError
from frontdesk.history import capture, entries
from frontdesk.tables import columns, edits, facets, filters, keys, refusals, rows
from frontdesk.tables.edits import MOST, Edited
from frontdesk.tables.keys import KeyText

SAMPLE = 5
"""Rows that are told before and after."""
TOO_MANY = f"More than {MOST:,} rows are chosen, and at most {MOST:,} are changed at once."
TOO_MANY_HINT = "Filter further; an admin can write it as SQL on the query page."

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Chosen:
    """The rows of these keys, or those that filters and searched words select; `count` is how many somebody saw."""

    keys: Sequence[KeyText] | None = None
    where: Sequence[tuple[str, str]] = ()
    search: str = ""
    count: int | None = None


def update(
    database: Database,
    name: str,
    chosen: Chosen,
    given: Mapping[str, Any],
    by: Caller,
    *,
    texts: bool = False,
    trial: bool = False,
) -> Edited:
    """Sets columns of all chosen rows to the same values, in one change; a trial changes nothing.

    Raises InputError and IntegrityError naming columns, ConflictError where other rows are chosen than were counted.
    """
    table = rows.editable(schema.table(database, name))
    if not given:
        raise InputError(errors={"set": 'Write what to set, such as {"age": 34}.'})
    stored = edits.stored(table, given, texts)
    done = Edited()
    with capture.recording(database, by, trial=trial) as connection:
        changing = _changing(connection, table, _find(connection, table, chosen), stored, done)
        before = [rows.read(connection, table, place) for place in changing[:SAMPLE]]
        with refusals.named(database, table, stored):
            for part in _parts(table, changing):
                done.updated += capture.update(connection, table, part, stored)
        for row in before:
            place = [stored.get(name, value) for name, value in zip(table.key, row.key, strict=True)]
            done.tell(row, rows.read(connection, table, place))
        done.end(database, connection, trial)
    return done


def delete(database: Database, name: str, chosen: Chosen, by: Caller, *, trial: bool = False) -> Edited:
    """Deletes all chosen rows, in one change; a trial changes nothing.

    Raises ConflictError where other rows refer to one, or other rows are chosen than were counted.
    """
    table = rows.editable(schema.table(database, name))
    done = Edited()
    try:
        with capture.recording(database, by, trial=trial) as connection:
            places = _find(connection, table, chosen)
            for place in places[:SAMPLE]:
                done.tell(rows.read(connection, table, place), None)
            for part in _parts(table, places, MOST):
                done.deleted += capture.delete(connection, table, part)
            done.end(database, connection, trial)
    except errors.IntegrityError as error:
        if error.rule != "foreign_key":
            raise
        raise ConflictError(
            "Other rows refer to some of these, so none was deleted.", "Delete or change those first."
        ) from error
    return done


def duplicate(database: Database, name: str, chosen: Chosen, by: Caller, *, trial: bool = False) -> Edited:
    """Inserts each chosen row once more under a key that the database draws; a trial changes nothing.

    Raises InputError where the database draws no key, IntegrityError where a value may be there only once.
    """
    table = rows.editable(schema.table(database, name))
    for column in (column for column in table.columns if column.primary_key):
        if not column.automatic and column.default is None:
            raise InputError(
                f"{table.name} is given its key, {column.name}, by hand: a duplicate needs one of its own.",
                "Duplicate one row at a time, from its page.",
            )
    copied = [column.name for column in columns.writable(table) if not column.primary_key]
    done = Edited()
    with capture.recording(database, by, trial=trial) as connection:
        for place in _find(connection, table, chosen):
            row = rows.read(connection, table, place)
            values = {name: row.values[name] for name in copied}
            with refusals.named(database, table, values):
                key = capture.insert(connection, table, values)
            done.inserted += 1
            if done.inserted <= SAMPLE:
                done.tell(None, rows.read(connection, table, key))
        done.end(database, connection, trial)
    return done


def _find(connection: Connection, table: Table, chosen: Chosen) -> list[Key]:
    """The keys of the chosen rows, in their order. Raises ConflictError where one is gone or the count is another."""
    if chosen.keys is not None:
        return _known(connection, table, chosen.keys)
    conditions = filters.conditions(table, filters.parse(table, chosen.where)) + facets.search(table, chosen.search)
    order, there = entries.in_order(table), [table.clause.c[name] for name in table.key]
    found = connection.execute(sa.select(*there).where(*conditions).order_by(*order).limit(MOST + 1)).all()
    if len(found) > MOST:
        raise InputError(TOO_MANY, TOO_MANY_HINT)
    if chosen.count is not None and chosen.count != len(found):
        raise ConflictError(
            f"The filter selects {len(found):,} rows by now, and not {chosen.count:,}; nothing was changed.",
            "Look at them, then try again.",
        )
    if not found:
        raise InputError("No row is chosen.", "Tick some, or take a filter away.")
    return [tuple(row) for row in found]


def _known(connection: Connection, table: Table, given: Sequence[KeyText]) -> list[Key]:
    if not given:
        raise InputError("No row is chosen.", "Tick some rows first.")
    if len(given) > MOST:
        raise InputError(TOO_MANY, TOO_MANY_HINT)
    places = list(dict.fromkeys(keys.values(table, key) for key in given))
    there = [table.clause.c[name] for name in table.key]
    found = sum(len(connection.execute(sa.select(*there).where(*part)).all()) for part in _parts(table, places))
    if found != len(places):  # another reading of a key may be meant, or several rows have one
        places = []
        for key in given:
            with suppress(NotFoundError):
                places.append(rows.find_meant(connection, table, key).key)
        places, found = list(dict.fromkeys(places)), len(places)
    if found < len(set(given)):
        gone = len(set(given)) - found
        what = "One of these rows is" if gone == 1 else f"{gone:,} of these rows are"
        raise ConflictError(f"{what} no longer there; nothing was changed.", "Look at the table as it is now.")
    return places


def _changing(
    connection: Connection, table: Table, places: Sequence[Key], stored: Mapping[str, Any], done: Edited
) -> list[Key]:
    """The rows that do not hold these values yet; how many cells that are is noted."""
    wanted = [table.clause.c[name] for name in (*table.key, *stored)]
    width, new = len(table.key), tuple(stored.values())
    changing = []
    for part in _parts(table, places):
        for row in connection.execute(sa.select(*wanted).where(*part)).all():
            cells = sum(edits.differs(old, value) for old, value in zip(row[width:], new, strict=True))
            done.cells += cells
            if cells:
                changing.append(tuple(row[:width]))
    return changing


def _parts(table: Table, places: Sequence[Key], most: int = 500) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Conditions that select these rows, some at a time: what a statement takes has an end."""
    single = len(table.key) == 1 and not any(place[0] is None for place in places)
    size = most if single else 100
    for start in range(0, len(places), size):
        part = places[start : start + size]
        if single:
            yield [table.ordered(table.key[0]).in_([place[0] for place in part])]
        else:
            yield [sa.or_(*(sa.and_(*(entries.equals(table, *one) for one in zip(table.key, place, strict=True)))
                            for place in part))]  # fmt: skip
