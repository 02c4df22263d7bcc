"""What rows refer to, shown by its label, and what refers to a row, counted as far as that takes no time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from frontdesk import errors
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import ForeignKey, Table
from frontdesk.tables import filters, keys

MOST = 1000
"""Rows that refer to one are counted so far."""
SECONDS = 0.2
"""How long the rows of one table may be counted; all of them together twice as long."""
LONGEST = 60
"""Characters of a label."""

NAMES = ("name", "title", "label", "full_name", "display_name", "username", "email", "code", "description")

Key = tuple[Any, ...]
Labels = Mapping[ForeignKey, Mapping[Key, str]]
"""By foreign key and the values that refer, what they refer to is called."""


@dataclass(frozen=True)
class Reference:
    """A row that another one refers to: where it is found, and its label where it has one."""

    columns: tuple[str, ...]
    table: str
    key: Key | None  # of the row there; None where it is named by other columns than its key
    where: tuple[tuple[str, str], ...]  # filters that find it
    label: str | None
    text: str


@dataclass(frozen=True)
class Referring:
    """The rows of a table that refer to a row: the filters that find them, and how many they are."""

    table: str
    columns: tuple[str, ...]
    where: tuple[tuple[str, str], ...]
    count: int | None  # None where counting takes too long
    capped: bool = False


@lru_cache(1024)
def label_column(table: Table) -> str | None:
    """The column that people know a row by: one that is called so, else the first of short texts outside the key."""
    texts = [column for column in table.columns if column.kind in {"text", "choice"} and not column.array]
    by_name = {column.name.casefold(): column.name for column in reversed(texts)}
    called = [by_name[name] for name in NAMES if name in by_name]
    ending = [column.name for column in texts if column.name.casefold().endswith(("name", "title"))]
    others = [column.name for column in texts if not column.primary_key and not column.references]
    return next(iter((*called, *ending, *others)), None)


def target(tables: Mapping[str, Table], key: ForeignKey) -> Table | None:
    """The table that a foreign key names, without regard to case as SQLite reads it."""
    if key.table in tables:
        return tables[key.table]
    return next((table for name, table in tables.items() if name.casefold() == key.table.casefold()), None)


def labels(database: Database, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Labels:
    """What the rows of a page refer to is called, fetched by one statement for each foreign key."""
    wanted = [key for key in table.foreign_keys if set(key.columns) <= set(names)]
    if not (wanted and rows):
        return {}
    tables = schema.tables(database)
    found = {}
    for key in wanted:
        places = [names.index(name) for name in key.columns]
        known = {tuple(row[place] for place in places) for row in rows}
        made = _labels(database, target(tables, key), key, [one for one in known if None not in one])
        if made:
            found[key] = made
    return found


def _labels(database: Database, there: Table | None, key: ForeignKey, known: Sequence[Key]) -> dict[Key, str]:
    called = label_column(there) if there else None
    if there is None or called is None or called in key.references or not known:
        return {}
    columns = {name.casefold(): there.clause.c[name] for name in (*(c.name for c in there.columns), *there.key)}
    referred = [columns.get(name.casefold()) for name in key.references]
    if any(column is None for column in referred):
        return {}
    place: Any = referred[0] if len(referred) == 1 else sa.tuple_(*referred)
    among = place.in_([one[0] for one in known] if len(referred) == 1 else known)
    try:
        with database.connect() as connection:
            found = connection.execute(sa.select(*referred, there.clause.c[called]).where(among)).all()  # type: ignore[arg-type]
    except (errors.PermissionDenied, errors.DataError, errors.ProgrammingError, errors.NotSupportedError):
        return {}  # a table that this role may not read, or keys of other types, such as others may make
    return {tuple(row[:-1]): _short(row[-1]) for row in found if row[-1] not in (None, "")}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def refers(database: Database, table: Table, row: Mapping[str, Any]) -> list[Reference]:
    """The rows that a row refers to."""
    tables = schema.tables(database)
    names = tuple(row)
    called = labels(database, table, names, [tuple(row.values())])
    made = []
    for key in sorted(table.foreign_keys, key=lambda key: names.index(key.columns[0])):
        values = tuple(row[name] for name in key.columns)
        there = target(tables, key)
        if there is not None and None not in values:
            made.append(reference(there, key, values, called.get(key, {}).get(values)))
    return made


def reference(there: Table, key: ForeignKey, values: Key, label: str | None) -> Reference:
    """The row that these values refer to, by its key where they are its key."""
    by_name = {name.casefold(): value for name, value in zip(key.references, values, strict=True)}
    is_key = len(there.key) == len(by_name) and all(name.casefold() in by_name for name in there.key)
    place = tuple(by_name[name.casefold()] for name in there.key) if is_key else None
    text = ", ".join(keys.text(value) for value in values)
    return Reference(key.columns, there.name, place, _where(key.references, values), label, text)


def _where(names: Sequence[str], values: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    found = [filters.Filter(name, "exact", keys.text(value)) for name, value in zip(names, values, strict=True)]
    return tuple((one.parameter, one.text) for one in found)


def referring(database: Database, table: Table, row: Mapping[str, Any]) -> list[Referring]:
    """The tables whose rows refer to a row, with how many rows do, as long as counting them takes no time."""
    folded = {name.casefold(): value for name, value in row.items()}
    until = time.monotonic() + 2 * SECONDS
    made = []
    for other in schema.tables(database).values():
        for key in other.foreign_keys:
            values = [folded.get(name.casefold()) for name in key.references]
            if key.table.casefold() == table.name.casefold() and None not in values:
                made.append(_referring(database, other, key, values, until))
    return made


def _referring(database: Database, other: Table, key: ForeignKey, values: Sequence[Any], until: float) -> Referring:
    where = _where(key.columns, values)
    seconds = min(SECONDS, until - time.monotonic())
    fits = [other.clause.c[name] == value for name, value in zip(key.columns, values, strict=True)]
    counted = sa.select(sa.literal(1)).select_from(other.clause).where(*fits).limit(MOST + 1).subquery()
    if seconds <= 0:
        return Referring(other.name, key.columns, where, None)
    try:
        with database.within(seconds) as connection:
            rows = connection.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
    except (errors.InterruptedError, errors.PermissionDenied):
        return Referring(other.name, key.columns, where, None)
    return Referring(other.name, key.columns, where, min(rows, MOST), rows > MOST)
