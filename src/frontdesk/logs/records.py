"""Log records found again: by level, logger, text, time, run and request, newest first; counted by minute."""

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select

from frontdesk.database import dialects, logs
from frontdesk.database.connections import Database
from frontdesk.errors import InputError
from frontdesk.logs.filters import Filter as Filter
from frontdesk.logs.filters import level_number

MICROSECONDS = 1_000_000
BUCKETS = 120
"""A histogram has at most so many bars."""

CHUNK = 5_000
"""Records that retention deletes in one transaction: the lock is held for about 20 ms."""

_STEPS = (1, 2, 5, 10, 30, 60, 180, 360, 720, 1440, 10_080)
_TOKEN = re.compile(r"([ab])(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Record:
    """One log record."""

    id: int
    time: datetime
    level: str
    logger: str
    message: str
    exception: str | None
    fields: dict[str, Any] | None
    request: str | None
    run: int | None
    user: str | None
    process: int


@dataclass(frozen=True)
class Page:
    """Some records, and the token of the next page where there is one."""

    records: list[Record]
    next: str | None


@dataclass(frozen=True)
class Bucket:
    """How many records of each level from `time` on."""

    time: datetime
    counts: dict[str, int]


@dataclass(frozen=True)
class Histogram:
    """Buckets without gaps, each of `seconds`."""

    buckets: list[Bucket]
    seconds: int


ALL = Filter()


def search(
    database: Database, wanted: Filter = ALL, *, size: int = 100, after: int | None = None, token: str = ""
) -> Page:
    """A page of records, newest first; with `after` those of a later id, oldest first.

    Raises InputError for a level that is none or a token that is not of this search.
    """
    forward, bound = _position(after, token)
    conditions = _conditions(wanted)
    if bound is not None:
        conditions.append(logs.records.c.id > bound if forward else logs.records.c.id < bound)
    with database.connect() as connection:
        rows = _fetch(database, connection, wanted.logger, conditions, size + 1, forward)
    found = [_record(row) for row in rows[:size]]
    more = f"{'a' if forward else 'b'}{found[-1].id}" if len(rows) > size else None
    return Page(found, more)


def newest(database: Database) -> int:
    """The id of the newest record, 0 when there is none: where a live tail begins."""
    with database.connect() as connection:
        return connection.scalar(select(func.max(logs.records.c.id))) or 0


def histogram(
    database: Database,
    wanted: Filter = ALL,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    least: int = 1,
) -> Histogram:
    """Counts by level from `since`, but from the first record at the earliest, to `until` or the last record.

    Where `since` allows it these are at least so many minutes.
    """
    minutes = logs.minutes.c
    with database.connect() as connection:
        span = connection.execute(select(func.min(minutes.minute), func.max(minutes.minute))).one()
        if span[0] is None:
            return Histogram([], 60)
        end = min(_minute(until), span[1]) if until else span[1]
        start = max(_minute(since) if since else 0, min(span[0], end - least + 1))
        counts = _counts(connection, wanted, start, end)
    step = next((step for step in _STEPS if (end - start) // step < BUCKETS), (end - start) // BUCKETS + 1)
    return Histogram(_buckets(counts, start - start % step, end, step), step * 60)


def forget(database: Database, before: datetime) -> int:
    """Deletes the records that are older than the minute of `before`, in short transactions; answers how many.

    The newest record always stays: the next id is one more than its.
    """
    minute = _minute(before)
    with database.connect() as connection:
        old = connection.scalar(select(func.max(logs.minutes.c.max_id)).where(logs.minutes.c.minute < minute))
    if old is None:
        return 0
    total = 0
    while count := _forget_chunk(database, old, minute):
        total += count
    with database.transaction(durable=False) as connection:
        connection.execute(delete(logs.minutes).where(logs.minutes.c.minute < minute))
    return total


def _position(after: int | None, token: str) -> tuple[bool, int | None]:
    if not token:
        return after is not None, after
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise InputError(errors={"_next": "Use the value of `next` of the page before."})
    return found[1] == "a", int(found[2])


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    columns = logs.records.c
    conditions = [*_level_conditions(wanted.level), *_time_conditions(wanted)]
    if wanted.text:
        conditions.append(
            or_(dialects.contains(columns.message, wanted.text), dialects.contains(columns.exception, wanted.text))
        )
    given = {"run": wanted.run, "request": wanted.request or None, "user": wanted.user or None}
    conditions += [columns[name] == value for name, value in given.items() if value is not None]
    return conditions


def _level_conditions(level: str) -> list[ColumnElement[bool]]:
    if not level:
        return []
    number = level_number(level)
    conditions = [logs.records.c.level >= number]
    return [logs.records.c.level >= logs.SEVERE, *conditions] if number >= logging.WARNING else conditions


def _time_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """The time, and by the minutes the ids too: without them a search with few hits reads the whole table."""
    columns, minutes = logs.records.c, logs.minutes.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        first = select(func.min(minutes.min_id)).where(minutes.minute >= _minute(wanted.since))
        conditions += [columns.id >= first.scalar_subquery(), columns.time >= _microseconds(wanted.since)]
    if wanted.until is not None:
        last = select(func.max(minutes.max_id)).where(minutes.minute <= _minute(wanted.until))
        conditions += [columns.id <= last.scalar_subquery(), columns.time <= _microseconds(wanted.until)]
    return conditions


def _fetch(
    database: Database,
    connection: Connection,
    logger: str,
    conditions: list[ColumnElement[bool]],
    size: int,
    forward: bool,
) -> list[Any]:
    """The rows; of several loggers each one's own are taken by its index and merged."""
    columns = logs.records.c
    statement = select(logs.records, logs.loggers.c.name).join(logs.loggers, logs.loggers.c.id == columns.logger_id)
    statement = statement.where(*conditions).order_by(columns.id if forward else columns.id.desc()).limit(size)
    if not logger:
        return list(database.fetch(connection, statement))
    rows = [
        row
        for number in _logger_ids(connection, logger)
        for row in database.fetch(connection, statement.where(columns.logger_id == number))
    ]
    return sorted(rows, key=lambda row: row.id, reverse=not forward)[:size]


def _logger_ids(connection: Connection, logger: str) -> Sequence[int]:
    """The logger and its children, by id; names of loggers count capitals."""
    loggers = logs.loggers.c
    found = select(loggers.id, loggers.name).where(dialects.contains(loggers.name, logger, start=True))
    rows = connection.execute(found).all()
    return [row.id for row in rows if row.name == logger or row.name.startswith(f"{logger}.")]


def _record(row: Any) -> Record:
    return Record(
        id=row.id,
        time=datetime.fromtimestamp(row.time / MICROSECONDS, UTC),
        level=logging.getLevelName(row.level),
        logger=row.name,
        message=row.message,
        exception=row.exception,
        fields=json.loads(row.fields) if row.fields else None,
        request=row.request,
        run=row.run,
        user=row.user,
        process=row.pid,
    )


def _counts(connection: Connection, wanted: Filter, start: int, end: int) -> list[Any]:
    """(minute, level, number): from the minutes, or by counting where another filter is set."""
    minutes = logs.minutes.c
    if wanted == Filter(level=wanted.level):
        least = level_number(wanted.level) if wanted.level else 0
        counted: Select[Any] = select(minutes.minute, minutes.level, minutes.n).where(
            minutes.minute >= start, minutes.minute <= end, minutes.level >= least
        )
        return list(connection.execute(counted).all())
    records = logs.records.c
    minute = records.time // (60 * MICROSECONDS)
    first = select(func.min(minutes.min_id)).where(minutes.minute >= start).scalar_subquery()
    last = select(func.max(minutes.max_id)).where(minutes.minute <= end).scalar_subquery()
    grouped = select(minute, records.level, func.count()).group_by(minute, records.level)
    grouped = grouped.where(records.id >= first, records.id <= last, *_conditions(wanted))
    if wanted.logger:
        grouped = grouped.where(records.logger_id.in_(_logger_ids(connection, wanted.logger)))
    return [row for row in connection.execute(grouped).all() if start <= row[0] <= end]


def _buckets(counts: list[Any], start: int, end: int, step: int) -> list[Bucket]:
    by_start: dict[int, dict[str, int]] = {minute: {} for minute in range(start, end + 1, step)}
    for minute, level, number in counts:
        bucket = by_start[minute - (minute - start) % step]
        name = logging.getLevelName(level)
        bucket[name] = bucket.get(name, 0) + number
    return [Bucket(datetime.fromtimestamp(minute * 60, UTC), bucket) for minute, bucket in by_start.items()]


def _forget_chunk(database: Database, old: int, minute: int) -> int:
    columns = logs.records.c
    latest = select(func.max(columns.id)).scalar_subquery()
    chosen = select(columns.id).where(columns.id <= old, columns.id < latest, columns.time < minute * 60 * MICROSECONDS)
    chosen = chosen.order_by(columns.id).limit(CHUNK)
    with database.transaction(durable=False) as connection:
        return connection.execute(delete(logs.records).where(columns.id.in_(chosen))).rowcount


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * MICROSECONDS)
