"""A file of rows becomes a table, or rows of one: all of it or nothing, as one change that can be undone."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column
from frontdesk.errors import InputError, PermissionDenied
from frontdesk.tables import bad_lines, creation, detection, reports, sources, structure
from frontdesk.tables.additions import Replacement, Rows, matches
from frontdesk.tables.creation import NewTable, drop_leftovers, leftovers
from frontdesk.tables.formats.inputs import Attempt
from frontdesk.tables.loads import ON_CONFLICT, Loaded, Progress, Wish
from frontdesk.tables.reports import Evidence
from frontdesk.tables.sources import Source

__all__ = [
    "BAD_LINES",
    "ON_CONFLICT",
    "SUFFIXES",
    "Loaded",
    "Preview",
    "Progress",
    "Wish",
    "drop_leftovers",
    "leftovers",
    "load",
    "matches",
    "preview",
    "replace",
]

BAD_LINES = bad_lines.WISHES
PLAIN = Wish()
SUFFIXES = tuple(sources.FORMATS)


@dataclass(frozen=True)
class Preview:
    """A file before it is imported: its columns with the types found over all rows, and the first rows."""

    source: Source
    columns: list[Column]
    rows: list[Sequence[Any]]
    count: int
    key: tuple[str, ...]  # the column that can be the primary key for sure
    evidence: list[Evidence]  # of each column
    bad: list[Attempt]  # the lines that are no rows, where these are kept apart


def load(database: Database, source: Source, table: str, by: Caller, wish: Wish = PLAIN) -> Loaded:
    """Loads all rows of the file, or none: into a table that is there, or with `create` into a new one.

    Raises InputError naming every bad line, ConflictError when a new table's name is taken, PermissionDenied when one
    who is no admin asks for a new table.
    """
    if wish.bad_lines == "keep":
        if not by.may("admin"):
            raise PermissionDenied(f"A table of bad lines needs the role admin; you are {by.role}.", "Mend the lines.")
        source = bad_lines.tolerant(source)
    if wish.create and wish.columns:
        source, wish = called(source, wish.columns), _renamed(source, wish)
    _check(source, wish)
    done = _loaded(database, source, table, by, wish)
    return dataclasses.replace(done, command=reports.command(source, database.name, done.table, wish))


def called(source: Source, names: Mapping[str, str]) -> Source:
    """The file with other names for some of its columns, as they are called in a new table. Raises InputError."""
    _check_columns(source, names)
    if "" in names.values():
        raise InputError(errors={"map": "A new table takes all columns of the file: none can be left out."})
    return dataclasses.replace(source, called=tuple(names.items()))


def _renamed(source: Source, wish: Wish) -> Wish:
    """The wish for a file whose columns are called anew: types may be given by the file's own names."""
    types = {wish.columns.get(name, name): declared for name, declared in wish.types.items() if name in source.names}
    new = {name: declared for name, declared in wish.types.items() if name not in source.names}
    return dataclasses.replace(wish, types=types | new, columns={})


def _check_columns(source: Source, names: Mapping[str, str]) -> None:
    unknown = [name for name in names if name not in source.names]
    if unknown:
        raise InputError(errors={"map": f"{source.name} has no column {unknown[0]!r}."})


def _loaded(database: Database, source: Source, table: str, by: Caller, wish: Wish) -> Loaded:
    if not wish.create:
        return _ways(database).rows(database, source, schema.table(database, table), by, wish).load()
    if not by.may("admin"):
        raise PermissionDenied(f"A new table needs the role admin; you are {by.role}.", "Import into a table instead.")
    structure.check_name(table)
    creation.check_free(database, table)
    drop_leftovers(database)
    return _ways(database).table(database, source, table, by, wish).load()


def replace(database: Database, source: Source, table: str, by: Caller, wish: Wish = PLAIN) -> Loaded:
    """All rows of the file in place of those of a table that is there, as one change that can be undone.

    Raises what `load` raises, and ConflictError when other rows would go or change along with those of the table.
    """
    _check(source, wish)
    return _ways(database).replacement(database, source, schema.table(database, table), by, wish).load()


@dataclass(frozen=True)
class _Ways:
    """How rows go into a database of one engine."""

    table: type[NewTable] = NewTable
    rows: type[Rows] = Rows
    replacement: type[Rows] = Replacement


def _ways(database: Database) -> _Ways:
    if database.dialect == "sqlite":
        return _Ways()
    from frontdesk.tables import postgresql  # its driver is an extra

    return _Ways(postgresql.NewTable, postgresql.Rows, postgresql.Replacement)


def _check(source: Source, wish: Wish) -> None:
    wrong: dict[str, str] = {}
    if not wish.create:
        _check_columns(source, wish.columns)
    if wish.on_conflict not in ON_CONFLICT:
        wrong["on_conflict"] = "Write error, ignore or update."
    if wish.bad_lines not in bad_lines.WISHES:
        wrong["bad_lines"] = "Write error or keep."
    unknown = [name for name in wish.types if name not in source.names]
    if unknown:
        wrong["types"] = f"{source.name} has no column {unknown[0]!r}."
    types = [declared for declared in wish.types.values() if declared not in schema.TYPES]
    if types:
        wrong["types"] = f"{types[0]!r} is no type; choose one of: {', '.join(schema.TYPES)}."
    if wrong:
        raise InputError(errors=wrong)


def preview(source: Source, rows: int = 20) -> Preview:
    """The file's columns and first rows, after all rows were read once. Raises InputError naming bad lines."""
    bad = bad_lines.sift(source, [])[1] if source.left_out is not None else []
    found = detection.find(source)
    first = list(islice((row for block in source.blocks() for row in block), rows))
    return Preview(source, found.columns, first, found.rows, found.key, reports.evidence(found), bad)
