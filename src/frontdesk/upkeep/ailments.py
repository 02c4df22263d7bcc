"""What ails a database, on either engine: for its page, its route of the API and `frontdesk check` alike."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk import errors
from frontdesk.database import integrity, schema, vitals
from frontdesk.database.connections import Database
from frontdesk.database.schema import ForeignKey, Table
from frontdesk.database.vitals import Dangling, Index, Room, Statistic, Wait
from frontdesk.errors import BusyError, Error
from frontdesk.upkeep.findings import Finding, Found

MUCH_FREE, MUCH_LOG = 10_000_000, 100_000_000
"""Bytes free within a file, and of a write-ahead log, that are worth a word."""
LONG_WAIT = 5.0
MANY_DEAD, MANY_ROWS = 10_000, 1_000
NOT_WHOLE = "Restore it from a backup, or save what can be read with the shell: sqlite3 FILE .recover"


def find(database: Database, seconds: float) -> list[Finding]:
    """Everything that ails a database but its pages; what reads tables ends after so many seconds."""
    look = Look(seconds, thorough=True)
    found = [*standing(read(database)), *lost(database, look)]
    if look.left:
        message = f"{database.name} is too large for all its references to be looked at within {seconds:.0f} s."
        found.append(Finding("note", database.name, message, "Check it on its health page while few people work."))
    return found


def pages(path: Path, seconds: float) -> Found:
    """What is damaged in a SQLite file. Raises OverrunError when that takes longer, Error for what cannot be read."""
    for fault in integrity.faults(path, seconds):
        yield Finding("error", path.name, f"{path.name}: {fault}.", NOT_WHOLE)


@dataclass
class Look:
    """How long is looked, and what took longer."""

    seconds: float
    thorough: bool = False
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What a database tells of itself without reading its tables."""

    name: str
    room: Room
    tables: Mapping[str, Table]
    indexes: list[Index]
    waits: list[Wait]
    statistics: list[Statistic]
    unproven: list[tuple[str, str]]


def read(database: Database) -> Facts:
    """What is told at once."""
    with database.connect() as connection:
        tables = schema.read(database, connection)
        return Facts(
            database.name,
            vitals.room(connection),
            tables,
            vitals.indexes(connection, tables.values()),
            vitals.waits(connection),
            vitals.statistics(connection),
            vitals.unproven(connection),
        )


def lost(database: Database, look: Look) -> Found:
    """Rows that refer to nothing; on PostgreSQL, which takes none, only where all is looked through."""
    if database.dialect != "sqlite" and not look.thorough:
        return
    until = time.monotonic() + look.seconds
    with database.connect() as connection:
        tables = schema.read(database, connection)
    for table in tables.values():
        if not table.foreign_keys or table.kind != "table":
            continue
        try:
            with database.within(max(until - time.monotonic(), 0.001)) as connection:
                for one in vitals.dangling(connection, table, tables):
                    yield _dangling(database.name, one)
        except errors.InterruptedError:
            look.left.append("references")
            return
        except BusyError:
            raise
        except Error as error:
            message = f"The references of {table.name} cannot be looked at: {error.message}"
            hint = "A reference leads to a primary key or to unique columns: mend it on the structure page."
            yield Finding("warning", database.name, message, hint, table.name)


def _dangling(name: str, lost: Dangling) -> Finding:
    what = "1 row of {0} refers to a row" if lost.rows == 1 else f"{lost.rows:,} rows of {{0}} refer to rows"
    message = f"{what.format(lost.table)} that {lost.parent} does not have ({', '.join(lost.columns)})."
    keys = tuple(key[0] if len(key) == 1 else list(key) for key in lost.keys)
    hint = "Delete these rows, or bring back those that they refer to."
    return Finding("warning", name, message, hint, lost.table, keys)


def standing(facts: Facts) -> Found:
    """What is wrong with how the database is made and used."""
    yield from _room(facts)
    yield from _waits(facts)
    for place, key in facts.unproven:
        message = f"Older rows of {place} were never held against its foreign key {key}."
        hint = f"An admin of the server has it look: ALTER TABLE {place} VALIDATE CONSTRAINT {key}"
        yield Finding("note", facts.name, message, hint, place)
    for table in facts.tables.values():
        own = [index for index in facts.indexes if index.table == table.name]
        yield from _indexes(facts.name, table, own)
    yield from _statistics(facts)


def _room(facts: Facts) -> Found:
    room = facts.room
    if room.free and room.free > max(MUCH_FREE, room.bytes / 4):
        message = f"{size(room.free)} of the {size(room.bytes)} of {facts.name} are free."
        hint = "They are used again by and by; to give them back, stop the desk and run: sqlite3 FILE VACUUM"
        yield Finding("note", facts.name, message, hint)
    if room.log and room.log > max(MUCH_LOG, room.bytes):
        message = f"The write-ahead log of {facts.name} has grown to {size(room.log)}."
        hint = "A program reads from it without end: close it, and the log is used from its beginning again."
        yield Finding("warning", facts.name, message, hint)


def _waits(facts: Facts) -> Found:
    for wait in facts.waits:
        if wait.seconds >= LONG_WAIT:
            held = f", which {' and '.join(wait.holders)} holds" if wait.holders else ""
            message = f"{wait.who} has waited for {wait.seconds:,.0f} s for {wait.what}{held}."
            hint = "Have that one end; an admin of the server can: SELECT pg_terminate_backend(its number)"
            yield Finding("warning", facts.name, message[0].upper() + message[1:], hint)


def _indexes(name: str, table: Table, own: Sequence[Index]) -> Found:
    """Indexes that are missing, broken, needless or in no use."""
    for key in table.foreign_keys if table.kind == "table" else ():
        if not any(_finds(index, key) for index in own):
            by = ", ".join(key.columns)
            message = f"{table.name} refers to {key.table} by {by} without an index."
            mend = {"add_indexes": [{"columns": list(key.columns)}]}
            hint = f"Add one on {by}: until then, deleting a row of {key.table} reads all of {table.name}."
            yield Finding("note", name, message, hint, table.name, mend=mend)
    searched = table.search.name if table.search else ""
    for index in own:
        if not index.valid:
            message = f"The index {index.name} of {table.name} is not valid: making it has failed, and nothing uses it."
            hint = f"Drop it, or have an admin of the server make it anew: REINDEX INDEX {index.name}"
            yield Finding("warning", name, message, hint, table.name, mend=_drop(index))
            continue
        if index.rule or index.unique or index.name == searched:
            continue
        longer = next((one for one in own if _covers(one, index)), None)
        if longer is not None:
            what = f"the index {longer.name}" if longer.name else "the key"
            message = f"The index {index.name} of {table.name} finds nothing that {what} would not find."
            hint = "Drop it: it takes room, and time at every change."
            yield Finding("note", name, message, hint, table.name, mend=_drop(index))
        elif index.scans == 0 and not _stands_in(index, table, own):
            message = f"Nothing has used the index {index.name} of {table.name} since the server counts."
            hint = "Drop it if that is long ago: it takes room, and time at every change."
            yield Finding("note", name, message, hint, table.name, mend=_drop(index))


def _stands_in(index: Index, table: Table, own: Sequence[Index]) -> bool:
    """Whether a foreign key needs the index, or it would be used once a needless one is gone."""
    needed = any(_finds(index, key) for key in table.foreign_keys)
    return needed or any(one.scans and _covers(index, one) for one in own)


def _drop(index: Index) -> Mapping[str, Any]:
    return {"drop_indexes": [index.name]}


def _finds(index: Index, key: ForeignKey) -> bool:
    """Whether the rows with given values in the columns of a foreign key are found by the index."""
    first = {(name or "").casefold() for name in index.columns[: len(key.columns)]}
    return index.valid and not index.partial and first == {name.casefold() for name in key.columns}


def _covers(longer: Index, index: Index) -> bool:
    """Whether another index begins with all of this one; of two that are equal the first one stays."""
    if longer is index or index.partial or longer.partial or not (longer.valid and longer.ordered and index.ordered):
        return False
    length = len(index.columns)
    same = None not in index.columns and index.columns == longer.columns[:length]
    alike = same and index.marks == longer.marks[:length]
    first = longer.rule or longer.unique or longer.name < index.name
    return alike and (first or len(longer.columns) > length)


def _statistics(facts: Facts) -> Found:
    for one in facts.statistics:
        if one.dead is None or one.rows is None or one.table not in facts.tables:
            continue
        if one.dead > max(MANY_DEAD, one.rows / 2):
            message = f"{one.table} holds {one.dead:,} dead rows beside {one.rows:,} live ones."
            hint = f"The server clears them by itself unless a transaction stays open; by hand: VACUUM {one.table}"
            yield Finding("note", facts.name, message, hint, one.table)
        if one.analysed is None and one.rows >= MANY_ROWS:
            message = f"The server knows nothing of the values in {one.table}, so its plans are guesses."
            yield Finding("note", facts.name, message, f"Run ANALYZE {one.table}", one.table)


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
