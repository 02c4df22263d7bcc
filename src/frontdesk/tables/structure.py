"""Tables as things: listed with their sizes, described, created."""

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import dialects, schema
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import OWN_SCHEMA
from frontdesk.database.schema import Column, Table
from frontdesk.errors import ConflictError, InputError, PermissionDenied
from frontdesk.forms import kinds
from frontdesk.history import capture
from frontdesk.tables import columns

LONGEST_NAME = 63
"""Bytes; PostgreSQL silently cuts what is longer."""
MOST_COLUMNS = 1000
COSTLY_SECONDS = 0.005
COUNT_SECONDS = 2.0
"""How long a server may count the rows of one table for a list of tables."""


@dataclass(frozen=True)
class Summary:
    """A table in a list."""

    name: str
    kind: str
    rows: int | None  # None for views, and where they could not be counted
    columns: int


def summaries(database: Database) -> list[Summary]:
    """The tables and views of a database, with exact counts of rows that are at most some seconds old when costly.

    A table that may not be read, or whose rows take longer than COUNT_SECONDS to count, comes without a count.
    """
    stamp = database.stamp()
    return [
        Summary(
            table.name,
            table.kind,
            _counts.count(database, table, stamp) if table.kind == "table" else None,
            len(table.columns),
        )
        for table in schema.tables(database).values()
    ]


def describe(table: Table) -> dict[str, Any]:
    """The table as the API gives it."""
    return {
        "name": table.name,
        "kind": table.kind,
        "columns": [_described(column) for column in table.columns],
        "primary_key": list(table.primary_key),
        "foreign_keys": [
            {"columns": list(key.columns), "table": key.table, "references": list(key.references)}
            for key in table.foreign_keys
        ],
    }


def _described(column: Column) -> dict[str, Any]:
    names = ("name", "type", "kind", "nullable", "default", "generated")
    references = dict(zip(("table", "column"), column.references, strict=True)) if column.references else None
    return {name: getattr(column, name) for name in names} | {
        "primary_key": bool(column.primary_key),
        "references": references,
    }


class _Counts:
    """Row counts, kept until the database's files change; costly ones for 50 times what the counting took."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Database, dict[str, _Count]] = WeakKeyDictionary()

    def known(self, database: Database, table: Table) -> int | None:
        last = self._known.get(database, {}).get(table.name)
        return last.rows if last is not None and last.stamp == database.stamp() else None

    def count(self, database: Database, table: Table, stamp: Hashable) -> int | None:
        known = self._known.setdefault(database, {})
        began = time.monotonic()
        last = known.get(table.name)
        if last is not None and (last.stamp == stamp or began < last.until):
            return last.rows
        cheap = database.dialect == "sqlite" or (last is not None and last.rows is not None and not last.until)
        rows = _counted(database, table, cheap=cheap)
        took = time.monotonic() - began
        known[table.name] = _Count(rows, stamp, began + took * 50 if took > COSTLY_SECONDS else 0)
        return rows


def _counted(database: Database, table: Table, *, cheap: bool) -> int | None:
    """How many rows there are; None where they may not be read or, unless `cheap`, take too long."""
    try:
        with database.connect() if cheap else database.within(COUNT_SECONDS) as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table.clause)) or 0
    except (errors.InterruptedError, PermissionDenied):
        return None


@dataclass(frozen=True)
class _Count:
    rows: int | None
    stamp: Hashable
    until: float  # for how long it is good whatever is written; 0 where counting cost next to nothing


_counts = _Counts()


def known_count(database: Database, table: Table) -> int | None:
    """The exact number of rows where it was counted already and nobody has written since; else None."""
    return _counts.known(database, table)


def create(database: Database, given: Mapping[str, Any], by: Caller) -> Table:
    """Creates a table from `{name, columns: [{name, type, nullable, default, primary_key, references}]}`.

    Raises InputError naming every wrong field, ConflictError when there is such a table already.
    """
    name, wanted = _checked(database, given)
    with capture.recording(database, by) as connection:
        sql = _create(database, connection, name := schema.listed(database, name), wanted)
        capture.recorder_of(connection).record_schema(name, after=sql, steps=[["drop", "table", name]])
    return schema.table(database, name)


def plan(database: Database, given: Mapping[str, Any], by: Caller) -> str:
    """The SQL by which `create` would, tried out and taken back. Raises what it would raise."""
    name, wanted = _checked(database, given)
    with capture.recording(database, by, trial=True) as connection:
        return _create(database, connection, schema.listed(database, name), wanted)


def _create(database: Database, connection: sa.Connection, name: str, wanted: list[Column]) -> str:
    if name.casefold() in {known.casefold() for known in schema.tables(database)}:
        raise ConflictError(f"{database.name} has a table {name!r} already.", "Choose another name.")
    return schema.create(connection, name, wanted)


def _checked(database: Database, given: Mapping[str, Any]) -> tuple[str, list[Column]]:
    wrong = {str(name): "Unknown here; known: name, columns." for name in given if name not in {"name", "columns"}}
    name, listed = given.get("name"), given.get("columns")
    wrong |= table_problem(database, "name", name)
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_COLUMNS:
        raise InputError(errors={**wrong, "columns": f"Give 1 to {MOST_COLUMNS} columns."})
    made, seen = [], set()
    own = (name, {str(one.get("name")) for one in listed if isinstance(one, Mapping)})
    for number, one in enumerate(listed):
        try:
            column = checked_column(database, one, own)
            if column.name.casefold() in seen:
                raise InputError(errors={"name": "Another column has this name."})
            seen.add(column.name.casefold())
            made.append(column)
        except InputError as error:
            wrong |= {f"columns.{number}.{field}": text for field, text in error.errors.items()}
    if wrong:
        raise InputError(errors=wrong)
    return str(name), made


def check_name(name: str) -> None:
    """Raises InputError for what cannot be the name of a table."""
    problem = name_problem("table", name)
    if problem:
        raise InputError(errors=problem)


def table_problem(database: Database, field: str, name: Any) -> dict[str, str]:
    """As `name_problem`, of a table that may stand in a schema of its own."""
    if database.dialect == "sqlite" or not isinstance(name, str) or "\0" in name or not name.isprintable():
        return name_problem(field, name)
    place, bare = schema.place(database, name)
    if bare.startswith(f"{OWN_SCHEMA}."):  # a schema that the first change will make
        place = OWN_SCHEMA
    if place is not None and (place in _TAKEN or place.startswith("pg_")):
        return {field: f"The schema {place} is taken."}
    return name_problem(field, bare)


def name_problem(field: str, name: Any) -> dict[str, str]:
    """What is wrong with the name of a table or column, under the field's name; empty when nothing is."""
    if not isinstance(name, str) or name.strip() == "":
        return {field: "Write a name."}
    try:
        kinds.text(name)
    except InputError as error:
        return {field: error.message}
    if len(name.encode()) > LONGEST_NAME:
        return {field: f"Write at most {LONGEST_NAME} bytes; this name has {len(name.encode())}."}
    if name.casefold().startswith((schema.OWN, "sqlite_")):
        return {field: f"Names that begin with {schema.OWN} or sqlite_ are taken."}
    return {}


_TAKEN = {OWN_SCHEMA, "information_schema"}
_KNOWN = {"name", "type", "nullable", "default", "primary_key", "references"}


def checked_column(database: Database, given: Any, own: tuple[Any, set[str]]) -> Column:
    """The column that was described; `own` is the name of its table with the names of the columns.

    Raises InputError naming every wrong field.
    """
    if not isinstance(given, Mapping):
        raise InputError(errors={"name": 'Write a column as {"name": "age", "type": "INTEGER"}.'})
    wrong = {str(name): f"Unknown here; known: {', '.join(sorted(_KNOWN))}." for name in given if name not in _KNOWN}
    wrong |= name_problem("name", given.get("name"))
    declared = str(given.get("type", "TEXT")).upper()
    if declared not in schema.TYPES:
        wrong["type"] = f"Choose one of: {', '.join(schema.TYPES)}."
    for flag in ("nullable", "primary_key"):
        if not isinstance(given.get(flag, False), bool):
            wrong[flag] = "Write true or false."
    if wrong:
        raise InputError(errors=wrong)
    in_key = bool(given.get("primary_key", False))
    return Column(
        name=given["name"],
        type=declared,
        kind=dialects.kind_of(declared),
        nullable=bool(given.get("nullable", True)) and not in_key,
        default=_default(declared, given.get("default"), exact=database.dialect == "postgresql"),
        primary_key=int(in_key),
        references=_references(database, given.get("references"), own),
    )


def _default(declared: str, value: Any, *, exact: bool) -> str | None:
    """The default as SQL text. Raises InputError when it does not fit the type."""
    return _default_text(dialects.kind_of(declared), declared, value, exact=exact)


def default_of(database: Database, declared: str, kind: str, value: Any) -> str | None:
    """The default of a column of this type and kind as SQL text. Raises InputError when it does not fit."""
    return _default_text(kind, declared, value, exact=database.dialect == "postgresql")


def _default_text(kind: str, declared: str, value: Any, *, exact: bool) -> str | None:
    if value is None:
        return None
    column = Column("default", declared, kind, exact=exact and kind == "number")
    stored = columns.stored_from_json(Table("", (column,)), {"default": value})["default"]
    if isinstance(stored, bytes):
        return f"X'{stored.hex()}'"
    return repr(stored) if isinstance(stored, (int, float)) else "'" + str(stored).replace("'", "''") + "'"


def _references(database: Database, given: Any, own: tuple[Any, set[str]]) -> tuple[str, str] | None:
    """The table and column referred to, of the database or of the new table itself."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"table", "column"}:
        raise InputError(errors={"references": 'Write {"table": "…", "column": "…"}.'})
    table, column = str(given["table"]), str(given["column"])
    target = schema.tables(database).get(table)
    known = {one.name for one in target.columns} if target else own[1] if table == own[0] else set()
    if column not in known:
        raise InputError(errors={"references": f"{database.name} has no column {table}.{column}."})
    return table, column
