"""Carries the JSON lines of every process into the log index: each record once, none lost."""

import contextlib
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from frontdesk.config import Config
from frontdesk.database import bulk, logs, values
from frontdesk.database.connections import Database
from frontdesk.errors import OperationalError
from frontdesk.logs import handlers

BATCH_BYTES = 1_000_000
"""What one transaction takes of each file."""

MINUTE = 60_000_000
"""In microseconds."""

TORN = "A record was half written when its process ended, and was dropped."
UNREADABLE = "A line of the log files could not be read, and was dropped."


def carry(config: Config, database: Database) -> int:
    """Brings what was logged since the last time into the index; answers how many lines that were.

    Any process may call it at any time; when nothing is new it costs a look at the folder.
    """
    folder = handlers.folder_of(config)
    total = 0
    until = _sizes(folder)  # what is logged while this carries is the next one's: there may be no end of it
    while names := _waiting(folder, database, until):
        count = _carry_batch(folder, names, database)
        total += count
        if not count:
            break
    return total


def catch_up(config: Config, database: Database) -> None:
    """As `carry`, for a reader: when the index cannot be written just now, it shows what it has."""
    with contextlib.suppress(OperationalError):
        carry(config, database)


def waiting(config: Config, database: Database) -> int:
    """The bytes of log lines that are not in the index yet."""
    sizes = _sizes(handlers.folder_of(config))
    with database.connect() as connection:
        known = _offsets(connection, list(sizes))
    return sum(max(0, size - known.get(name, 0)) for name, size in sizes.items())


@dataclass
class _Piece:
    """New whole lines of one file, from its last carried byte to `end`."""

    name: str
    end: int
    lines: list[bytes]
    torn: bool = False


_carried: dict[str, dict[str, int]] = {}
"""By folder and file: the bytes that need no second look. A hint only; what counts stands in the index."""


def _waiting(folder: Path, database: Database, until: Mapping[str, int]) -> list[str]:
    """Of each process the oldest file of which less is carried than `until` says."""
    known = _carried.setdefault(str(folder), {})
    grown = {name: size for name, size in until.items() if size > known.get(name, 0)}
    if grown:  # another process may have carried them meanwhile: ask before locking
        with database.connect() as connection:
            known.update(_offsets(connection, list(grown)))
    names = sorted((name for name, size in grown.items() if size > known.get(name, 0)), reverse=True)
    return sorted({name.partition(".")[2]: name for name in names}.values())


def _sizes(folder: Path) -> dict[str, int]:
    found = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # carried to its end and removed by another process
                if entry.name.endswith(".jsonl"):
                    found[entry.name] = os.stat(entry.path).st_size
    return found


def _offsets(connection: Connection, names: list[str]) -> dict[str, int]:
    carried = logs.carried.c
    rows = connection.execute(select(carried.file, carried.offset).where(carried.file.in_(names)))
    return {row.file: row.offset for row in rows}


def _carry_batch(folder: Path, names: list[str], database: Database) -> int:
    """One transaction: the next lines of each file, and how far they reach."""
    with database.transaction(durable=False) as connection:
        offsets = _offsets(connection, names)
        pieces = [piece for name in names if (piece := _read(folder / name, offsets.get(name, 0)))]
        entries = list(_entries(pieces))
        _insert(connection, [entry for entry in entries if "message" in entry])
        _keep_levels(connection, [entry["levels"] for entry in entries if "levels" in entry])
        for piece in pieces:
            _keep_offset(connection, piece, piece.name in offsets)
    _carried[str(folder)].update({piece.name: piece.end for piece in pieces})
    return len(entries)


def _read(path: Path, start: int) -> _Piece | None:
    """The next whole lines of a file. What is half written stays, until whole or until its process is gone.

    Called inside the transaction: a file whose offset was forgotten before is removed, and cannot be opened here.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        dead = _is_dead(file)  # asked before reading: whatever is read then is all there will be
        size = os.fstat(file).st_size
        data = _read_lines(file, start)
        end = start + len(data)
        torn = dead and not data and size > start
        return _Piece(path.name, size if torn else end, data.splitlines(), torn)
    finally:
        os.close(file)


def _read_lines(file: int, start: int) -> bytes:
    size = BATCH_BYTES
    while True:
        data = os.pread(file, size, start)
        whole = data.rfind(b"\n") + 1
        if whole or len(data) < size:
            return data[:whole]
        size *= 4  # one line longer than a batch


def _is_dead(file: int) -> bool:
    """Whether no process can write to the file any more: a writer holds a lock for as long as it lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _entries(pieces: list[_Piece]) -> Iterator[dict[str, Any]]:
    """The pieces' entries, merged by time; for each line that is none, a record that says so."""
    entries = [_parse(line) for piece in pieces for line in piece.lines if line]
    entries += [_notice(TORN) for piece in pieces if piece.torn]
    yield from sorted(entries, key=lambda entry: entry.get("time", 0))


def _parse(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
        whole = entry["levels"].values() if "levels" in entry else [entry[name] for name in ("time", "level", "pid")]
        texts = entry["levels"] if "levels" in entry else [entry["logger"], entry["message"]]
        if all(map(_is_whole, whole)) and all(isinstance(item, str) for item in texts):
            return entry  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return _notice(UNREADABLE)


def _is_whole(item: Any) -> bool:
    return isinstance(item, int) and -(2**63) <= item < 2**63


def _notice(message: str) -> dict[str, Any]:
    return {
        "time": time.time_ns() // 1000,
        "level": logging.WARNING,
        "logger": "frontdesk.logs",
        "pid": os.getpid(),
        "message": message,
    }


def _insert(connection: Connection, entries: list[dict[str, Any]]) -> None:
    if not entries:
        return
    ids = _logger_ids(connection, {entry["logger"] for entry in entries})
    first = (connection.scalar(select(func.max(logs.records.c.id))) or 0) + 1
    rows = [_row(first + n, ids[_name(entry["logger"])], entry) for n, entry in enumerate(entries)]
    bulk.insert(connection, logs.records, rows)
    _count_minutes(connection, entries, first)


def _row(record: int, logger: int, entry: Mapping[str, Any]) -> tuple[Any, ...]:
    fields = entry.get("fields")
    return (
        record,
        entry["time"],
        entry["level"],
        logger,
        entry["pid"],
        _storable(entry["message"]),
        _storable(entry.get("exception")),
        _storable(json.dumps(fields, ensure_ascii=False)) if fields else None,
        _storable(entry.get("request"), 16),
        run if _is_whole(run := entry.get("run")) else None,
        _storable(entry.get("user"), 110),
    )


def _logger_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The id of each logger; those that are new are added."""
    wanted = {_name(name) for name in names}
    for name in sorted(wanted - _known_ids(connection, wanted).keys()):
        connection.execute(insert(logs.loggers).values(name=name, level=0))
    return _known_ids(connection, wanted)


def _known_ids(connection: Connection, names: set[str]) -> dict[str, int]:
    loggers = logs.loggers.c
    rows = connection.execute(select(loggers.name, loggers.id).where(loggers.name.in_(names)))
    return {row.name: row.id for row in rows}


def _keep_levels(connection: Connection, reports: list[dict[str, int]]) -> None:
    """What user code set, so that the page knows loggers that live in other processes and have said nothing yet."""
    levels = {_name(name): level for report in reports for name, level in report.items()}
    ids = _logger_ids(connection, levels)
    for name, level in levels.items():
        connection.execute(update(logs.loggers).where(logs.loggers.c.id == ids[name]).values(level=level))


def _count_minutes(connection: Connection, entries: list[dict[str, Any]], first: int) -> None:
    """Adds the records to the counts by minute; their ids are higher than all before."""
    minutes = logs.minutes
    spans: dict[tuple[int, int], list[int]] = {}
    for number, entry in enumerate(entries, first):
        spans.setdefault((entry["time"] // MINUTE, entry["level"]), []).append(number)
    for (minute, level), ids in spans.items():
        here = (minutes.c.minute == minute) & (minutes.c.level == level)
        more = {"n": minutes.c.n + len(ids), "max_id": ids[-1]}
        if not connection.execute(update(minutes).where(here).values(more)).rowcount:
            new = {"minute": minute, "level": level, "n": len(ids), "min_id": ids[0], "max_id": ids[-1]}
            connection.execute(insert(minutes).values(new))


def _keep_offset(connection: Connection, piece: _Piece, known: bool) -> None:
    carried = logs.carried
    if known:
        connection.execute(update(carried).where(carried.c.file == piece.name).values(offset=piece.end))
    else:
        connection.execute(insert(carried).values(file=piece.name, offset=piece.end))


def remove_finished(config: Config, database: Database) -> int:
    """Removes the files that are wholly carried and whose processes are gone; answers how many."""
    folder = handlers.folder_of(config)
    removed = [name for name in _sizes(folder) if _remove(folder / name, database)]
    for name in removed:
        with database.transaction(durable=False) as connection:
            connection.execute(delete(logs.carried).where(logs.carried.c.file == name))
        _carried.get(str(folder), {}).pop(name, None)
    return len(removed)


def _remove(path: Path, database: Database) -> bool:
    """Removes a file before its offset is forgotten: the other way round it would be carried again."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        if not _is_dead(file) or not _is_carried(path.name, os.fstat(file).st_size, database):
            return False
        path.unlink(missing_ok=True)  # still locked: a process that has just made the file sees that it is gone
        return True
    finally:
        os.close(file)


def _is_carried(name: str, size: int, database: Database) -> bool:
    """Whether the index holds the file to its end, and would after a power cut too."""
    if not size:
        return True
    carried = logs.carried
    here = (carried.c.file == name) & (carried.c.offset == size)
    with database.transaction(durable=True) as connection:
        return bool(connection.execute(update(carried).where(here).values(offset=size)).rowcount)


def _name(logger: str) -> str:
    return values.storable(logger)[:255]


def _storable(text: str | None, longest: int | None = None) -> str | None:
    return None if text is None else values.storable(text)[:longest]
