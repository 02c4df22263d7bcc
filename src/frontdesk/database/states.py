"""The states of a database, its indexes and its sessions as every engine tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_KEYS = 5
"""Rows that are named of those that refer to nothing."""


@dataclass(frozen=True)
class Room:
    """What a database is and takes on the disk, in bytes; None for what its engine does not know."""

    engine: str  # with its version
    bytes: int
    log: int | None  # of the write-ahead log beside the file
    free: int | None  # within the file
    journal: str


@dataclass(frozen=True)
class Size:
    """The bytes of a table and of its indexes; Frontdesk's own tables are one, without a name."""

    table: str
    bytes: int
    indexes: int


@dataclass(frozen=True)
class Index:
    """An index as it finds rows."""

    table: str
    name: str
    columns: tuple[str | None, ...]  # None for an expression
    marks: tuple[str, ...]  # how each column is ordered: equal marks order alike
    ordered: bool = True  # whether its beginning can be used by itself
    unique: bool = False
    rule: bool = False  # whether it is a rule of the table, such as its key
    partial: bool = False
    valid: bool = True
    scans: int | None = None  # how often it was used; None where the engine does not count


@dataclass(frozen=True)
class Wait:
    """A session that waits for a lock."""

    who: str
    seconds: float
    what: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class Statistic:
    """What the engine keeps of a table for its planner; moments are None where it never happened or is not known."""

    table: str
    rows: int | None
    dead: int | None
    analysed: datetime | None
    vacuumed: datetime | None


@dataclass(frozen=True)
class Dangling:
    """Rows of a table that refer by these columns to rows that another does not have."""

    table: str
    columns: tuple[str, ...]
    parent: str
    rows: int
    keys: tuple[tuple[Any, ...], ...]  # of the first of them
