"""Rows: read by the page, found by their key, inserted, updated and deleted."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import alterations, schema, values
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from frontdesk.history import capture, entries
from frontdesk.tables import columns, facets, filters, keys, keyset, refusals
from frontdesk.tables.keys import KeyText
from frontdesk.tables.pages import Page, Reading

MOST = 10_000
"""Rows that one insert takes."""


@dataclass(frozen=True)
class Row:
    """A row as the database keeps it."""

    table: Table
    values: Mapping[str, Any]  # by column, the hidden key included
    etag: str  # hash of the stored values

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of its key."""
        return tuple(self.values[name] for name in self.table.key)

    def json(self) -> dict[str, Any]:
        """The row as the API gives it."""
        return columns.named(self.table, list(self.values.values()), list(self.values))


def page(
    database: Database,
    name: str,
    *,
    where: Sequence[tuple[str, str]] = (),
    sort: str = "",
    size: int = 100,
    token: str | None = None,
    shown: str = "",
    count: str = "",
    search: str = "",
    counted: Sequence[str] = (),
) -> Page:
    """The rows that fit the filters, `size` at a time.

    `shown` names columns with commas between; `search` holds words that all stand in a row; `counted` names columns
    whose values are counted; `count` is empty, `1` (exact) or `10000` (at most that many are counted).
    Raises NotFoundError for the table, InputError for every unknown column, operator and value that does not fit.
    """
    with database.connect() as connection:
        table = schema.find(database, connection, name)
        wanted = filters.parse(table, where)
        sorts = keyset.parse_sort(table, sort)
        scope = json.dumps([table.name, sort, [(one.column, one.operator, one.text) for one in wanted], search])
        place = keyset.read(token, scope) if token else None
        names = _shown(table, shown)
        searched = facets.search(table, search)
        conditions = [*filters.conditions(table, wanted), *searched]
        reading = Reading(database, connection, table, conditions, size)
        by = reading.by_key if table.key else reading.by_offset
        with filters.explained(database, table, wanted):
            made = by(sorts, place, names, scope)
            total, capped = reading.count(count)
    found = facets.count(database, table, counted, wanted, searched) if counted else {}
    return Page(table, names, *made, total, capped, found)


def _shown(table: Table, text: str) -> tuple[str, ...]:
    known = [column.name for column in table.columns]
    names = [name for name in columns.listed(text) if name] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(errors={"_columns": f"{table.name} has no column {unknown[0]!r}."})
    return (*names, table.row_id) if table.row_id else tuple(names)


def find(database: Database, name: str, key: KeyText) -> Row:
    """The row of this key. Raises NotFoundError."""
    table = schema.table(database, name)
    with database.connect() as connection:
        return find_meant(connection, table, key)


def find_meant(connection: Connection, table: Table, key: KeyText, *, locks: bool = False) -> Row:
    """The row that the text of a key means. Raises NotFoundError."""
    found: NotFoundError | None = None
    for place in keys.readings(table, key):
        try:
            return read(connection, table, place, locks=locks)
        except NotFoundError as error:
            found = found or error
    assert found
    raise found


def read(connection: Connection, table: Table, key: Sequence[Any], *, locks: bool = False) -> Row:
    """The row of this key as this connection sees it.

    Raises NotFoundError, ConflictError where several rows have it: keys that are NULL on SQLite.
    """
    names = [column.name for column in table.columns] + ([table.row_id] if table.row_id else [])
    statement = sa.select(*(table.clause.c[name] for name in names)).where(*at(table, key))
    try:
        found = connection.execute((statement.with_for_update() if locks else statement).limit(2)).all()
    except (errors.DataError, errors.NotSupportedError):  # what is no value of the key's type names no row
        found = []
    shown = ", ".join(keys.text(value) for value in key)
    if not found:
        raise NotFoundError(f"{table.name} has no row {shown}.")
    if len(found) > 1:
        raise ConflictError(
            f"Several rows of {table.name} have the key {shown}.", "Give each a key of its own, by SQL."
        )
    return Row(table, dict(zip(names, found[0], strict=True)), etag(found[0]))


def etag(stored: Sequence[Any]) -> str:
    """The hash of a row's stored values: another value or another type of value makes another hash."""
    return hashlib.sha256(values.exact(stored).encode()).hexdigest()[:32]


def at(table: Table, key: Sequence[Any]) -> list[sa.ColumnElement[bool]]:
    """The conditions that only the row of this key meets."""
    return [entries.equals(table, name, value) for name, value in zip(table.key, key, strict=True)]


@dataclass(frozen=True)
class Inserted:
    """How many rows came in, how many were there and were set anew, and their keys."""

    inserted: int
    updated: int
    keys: list[tuple[Any, ...]]

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {"inserted": self.inserted, "updated": self.updated, "keys": [keys.json(key) for key in self.keys]}


def insert(
    database: Database, name: str, given: Sequence[Mapping[str, Any]], by: Caller, on_conflict: str = "error"
) -> Inserted:
    """Inserts rows given as JSON, all in one transaction; a key that is there already is an error, ignored, or updated.

    Raises InputError with `errors` by column (`rows.2.age` for the third of several), IntegrityError for what the
    table forbids.
    """
    if on_conflict not in {"error", "ignore", "update"}:
        raise InputError(errors={"on_conflict": "Write error, ignore or update."})
    if not 1 <= len(given) <= MOST:
        raise InputError(errors={"rows": f"Give 1 to {MOST:,} rows."})
    table = editable(schema.table(database, name))
    return _insert(database, table, _all_stored(table, given), by, on_conflict)


def insert_typed(database: Database, name: str, form: Mapping[str, str], by: Caller) -> tuple[Any, ...]:
    """Inserts the row that was typed into the form and gives its key. Raises InputError naming every wrong column."""
    table = editable(schema.table(database, name))
    return _insert(database, table, [columns.stored_from_form(table, form)], by, "error").keys[0]


def _all_stored(table: Table, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = []
    wrong: dict[str, str] = {}
    for number, row in enumerate(given):
        try:
            stored.append(columns.stored_from_json(table, row))
        except InputError as error:
            wrong |= (
                error.errors if len(given) == 1 else {f"rows.{number}.{n}": text for n, text in error.errors.items()}
            )
    if wrong:
        raise InputError(errors=wrong)
    return stored


def _insert(
    database: Database, table: Table, stored: Sequence[Mapping[str, Any]], by: Caller, on_conflict: str
) -> Inserted:
    inserted = updated = 0
    made: list[tuple[Any, ...]] = []
    with capture.recording(database, by) as connection:
        if on_conflict == "update":
            lock(connection, table, [[row.get(name) for name in table.key] for row in stored])
        for number, row in enumerate(stored):
            with refusals.named(database, table, row, f"rows.{number}." if len(stored) > 1 else ""):
                known = on_conflict != "error" and _is_there(connection, table, row)
                if not known:
                    made.append(capture.insert(connection, table, row))
                    inserted += 1
                elif on_conflict == "update":
                    made.append(_set(connection, table, row))
                    updated += 1
    return Inserted(inserted, updated, made)


def lock(connection: Connection, table: Table, places: Sequence[Sequence[Any]]) -> None:
    """Takes the rows with these keys, where there are several, in one order: so nobody waits who is waited for."""
    given = [place for place in places if None not in place]
    if len(given) > 1:
        with suppress(errors.DataError, errors.NotSupportedError), connection.begin_nested():  # said at the row itself
            capture.lock(connection, table, given)


def _is_there(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    if any(row.get(name) is None for name in table.key):
        return False
    statement = sa.select(sa.literal(1)).select_from(table.clause).where(*at(table, [row[name] for name in table.key]))
    return connection.execute(statement).first() is not None


def _set(connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    key = tuple(row[name] for name in table.key)
    rest = {name: value for name, value in row.items() if name not in table.key}
    if rest:
        capture.update(connection, table, at(table, key), rest)
    return key


def update(
    database: Database,
    name: str,
    key: KeyText,
    given: Mapping[str, Any],
    by: Caller,
    if_match: str | None = None,
    *,
    texts: bool = False,
) -> Row:
    """Sets columns of one row, given as JSON or as `texts` typed into cells, and gives the row as it is now.

    Raises ConflictError with the `current` row when `if_match` is no longer its etag.
    """
    table = editable(schema.table(database, name))
    stored = columns.stored_from_cells if texts else columns.stored_from_json
    return _update(database, table, key, stored(table, given, partial=True), by, if_match)


def update_typed(
    database: Database, name: str, key: KeyText, form: Mapping[str, str], by: Caller, if_match: str | None = None
) -> Row:
    """Sets what was typed differently from what stands in the row; what was left alone is not even read."""
    table = editable(schema.table(database, name))
    current = find(database, name, key)
    typed = {name: text for name, text in form.items() if _is_typed(table, current, name, form)}
    return _update(database, table, key, columns.stored_from_form(table, typed, partial=True), by, if_match)


def _is_typed(table: Table, current: Row, name: str, form: Mapping[str, str]) -> bool:
    declared = next((column for column in columns.writable(table) if column.name == name), None)
    if declared is None:
        return True
    was_null = current.values[name] is None
    is_null = form[name] == "" and (f"{name}__null" in form or f"{name}__null_shown" not in form)
    return is_null != was_null or form[name].replace("\r\n", "\n") != columns.written(declared, current.values[name])


def _update(
    database: Database, table: Table, key: KeyText, stored: Mapping[str, Any], by: Caller, if_match: str | None
) -> Row:
    with capture.recording(database, by) as connection:
        current = find_meant(connection, table, key, locks=True)
        place = current.key
        check_decoded(current)
        check_match(current, if_match)
        if stored:
            with refusals.named(database, table, stored):
                capture.update(connection, table, at(table, place), stored)
        return read(connection, table, [stored.get(name, value) for name, value in zip(table.key, place, strict=True)])


def check_decoded(row: Row) -> None:
    """Raises ConflictError for a row that no history can keep."""
    wrong = [name for name, value in row.values.items() if isinstance(value, values.Undecoded)]
    if wrong:
        raise errors.ConflictError(
            f"The text in {wrong[0]} is no UTF-8, which no history can keep: this row is only read.",
            "Mend it with another program first.",
        )


def delete(database: Database, name: str, key: KeyText, by: Caller, if_match: str | None = None) -> None:
    """Deletes one row. Raises ConflictError when other rows refer to it, or `if_match` is no longer its etag."""
    table = editable(schema.table(database, name))
    try:
        with capture.recording(database, by) as connection:
            current = find_meant(connection, table, key, locks=True)
            check_decoded(current)
            check_match(current, if_match)
            capture.delete(connection, table, at(table, current.key))
    except errors.IntegrityError as error:
        if error.rule != "foreign_key":
            raise
        raise errors.ConflictError("Other rows refer to this one.", "Delete or change them first.") from error


def check_match(current: Row, if_match: str | None) -> None:
    """Raises ConflictError with the `current` row where none of the etags is its own."""
    wanted = [part.strip().removeprefix("W/").strip('"') for part in if_match.split(",")] if if_match else ["*"]
    if "*" not in wanted and current.etag not in wanted:
        raise errors.ConflictError(
            "This row has changed since you read it; nothing was changed.",
            "Look at it as it is now, then try again.",
            current=current.json(),
        )


def editable(table: Table) -> Table:
    """The table itself. Raises PermissionDenied where its rows cannot be changed."""
    if table.editable:
        return table
    if table.kind == "table" and table.schema is not None:
        message = f"{table.name} has no primary key, so that none of its rows can be named."
        raise PermissionDenied(message, f"Give it one: {alterations.keying(table)}.")
    raise PermissionDenied(
        f"{table.name} is a {table.kind}, whose rows cannot be changed.", "Change the tables it is made from."
    )
