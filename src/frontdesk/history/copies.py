"""The history of a database carried over to another engine: its changes, its rows by their values there, its loads."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import canonical, copying, schema, values
from frontdesk.database.outlines import Form, Table
from frontdesk.history import blocks, changes, entries

ROWS = 500
"""Rows that are carried at a time."""

_Give = Callable[[Any], Any]


@dataclass(frozen=True)
class _Names:
    """How the values of a change's rows are named and made there."""

    columns: list[str]
    key: list[str]
    gives: Mapping[str, _Give]


def carry(reading: Connection, writing: Connection, tables: Mapping[str, Table]) -> int:
    """Copies the history of these tables as they are on the other side; gives how many changes there were.

    A definition that was changed can no longer be taken back: its SQL is the other engine's.
    Raises ConflictError where there is a history already.
    """
    if not entries.exist(reading):
        return 0
    _prepare(writing)
    hidden = {name: table.row_id for name, table in copying.known(writing).items() if table.row_id}
    translation = _Translation(writing, tables, hidden)
    carried = _copy(reading, writing, sa.select(entries.changes), entries.changes, translation.change)
    joined = sa.select(
        entries.rows, *(entries.changes.c[name].label(f"_{name}") for name in ("table", "columns", "key"))
    ).join(entries.changes, entries.changes.c.id == entries.rows.c.change)
    _copy(reading, writing, joined, entries.rows, translation.row)
    if entries.exist(reading, entries.blocks):
        _copy_loads(reading, writing)
    if entries.exist(reading, entries.purges):
        for cut in reading.execute(sa.select(entries.purges)).mappings().all():
            writing.execute(sa.insert(entries.purges).values(**cut))
    return carried


def _prepare(writing: Connection) -> None:
    if writing.dialect.name == "sqlite":
        entries.metadata.create_all(writing)
        return
    from frontdesk.database.postgresql import writing as own

    own.make_own(writing, entries.metadata)
    if writing.scalar(sa.select(sa.func.count()).select_from(entries.changes)):
        raise errors.ConflictError("There is a history in this database already.", "Copy into an empty database.")


def _copy(
    reading: Connection,
    writing: Connection,
    statement: sa.Select[Any],
    table: sa.Table,
    made: Callable[[dict[str, Any]], dict[str, Any]],
) -> int:
    """Copies the rows of one of the history's tables in their order; gives how many."""
    carried, newest = 0, 0
    ordered = statement.order_by(table.c.id).execution_options(yield_per=ROWS)
    for part in reading.execute(ordered).mappings().partitions():
        rows = [made(dict(row)) for row in part]
        carried, newest = carried + len(rows), rows[-1]["id"]
        writing.execute(sa.insert(table), rows)
    if newest and writing.dialect.name != "sqlite":
        writing.execute(
            sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(f"frontdesk.{table.name}", "id"), newest))
        )
    return carried


class _Translation:
    """What is kept on one side as it is kept on the other."""

    def __init__(self, writing: Connection, tables: Mapping[str, Table], hidden: Mapping[str, str]) -> None:
        self._writing, self._tables, self._hidden = writing, tables, hidden
        self._known: dict[tuple[str, str, str], _Names] = {}
        self._default = "rowid" if writing.dialect.name == "sqlite" else f"{schema.OWN}row"

    def change(self, header: dict[str, Any]) -> dict[str, Any]:
        names = self._names(header["table"], header["columns"], header["key"])
        return header | {"columns": json.dumps(names.columns), "key": json.dumps(names.key)}

    def row(self, found: dict[str, Any]) -> dict[str, Any]:
        names = self._names(*(found.pop(f"_{name}") for name in ("table", "columns", "key")))
        if not names.key:
            sides = {side: _without_steps(found[side]) for side in ("before", "after")}
            return found | sides
        sides = {side: _given(names, names.columns, found[side]) for side in ("before", "after")}
        return found | sides | {"key": _given(names, names.key, found["key"])}

    def _names(self, table: str, columns: str, key: str) -> _Names:
        place = table, columns, key
        if place not in self._known:
            self._known[place] = self._read(table, json.loads(columns), json.loads(key))
        return self._known[place]

    def _read(self, table: str, columns: list[str], key: list[str]) -> _Names:
        known = self._tables.get(table)
        forms = {column.name: column.form for column in known.columns} if known else {}
        hides = bool(columns) and columns[-1:] == key and columns[-1] in changes.HIDDEN_KEYS - forms.keys()
        if hides:
            hidden = self._hidden.get(table, self._default)
            columns, key = [*columns[:-1], hidden], [hidden]
        return _Names(columns, key, {name: self._give(form) for name, form in forms.items()})

    def _give(self, form: Form) -> _Give:
        read, give = canonical.value(form), copying.giver(self._writing, form)
        return lambda value: give(read(value)) if give else read(value)


def _given(names: _Names, listed: Sequence[str], text: str | None) -> str | None:
    """The values of a row as the other side gives them; what it could not hold stays as it was."""
    if text is None:
        return None
    return values.exact(_each(names.gives, zip(listed, values.exactly(text), strict=True)))


def _each(gives: Mapping[str, _Give], named: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    for name, value in named:
        try:
            yield value if value is None or name not in gives else gives[name](value)
        except ValueError:
            yield value


def _without_steps(text: str | None) -> str | None:
    if text is None:
        return None
    sql, *steps = values.exactly(text)
    return values.exact([sql, *(None for _ in steps)])


def _copy_loads(reading: Connection, writing: Connection) -> None:
    """The loads, their digests reckoned anew where the rows are still as they were loaded."""
    here, there = copying.known(reading), copying.known(writing)
    names = {row.id: row.table for row in reading.execute(sa.select(entries.changes.c.id, entries.changes.c.table))}
    for block in reading.execute(sa.select(entries.blocks).order_by(entries.blocks.c.id)).mappings().all():
        name, digest = names.get(block["change"], ""), block["digest"]
        if name in here and name in there:
            stands = blocks.digest_of(reading, here[name], block["first"], block["last"]) == (block["rows"], digest)
            digest = blocks.digest_of(writing, there[name], block["first"], block["last"])[1] if stands else digest
        writing.execute(sa.insert(entries.blocks).values(**{**block, "digest": digest}))
    newest = writing.scalar(sa.select(sa.func.max(entries.blocks.c.id)))
    if newest and writing.dialect.name != "sqlite":
        drawn = sa.func.pg_get_serial_sequence(f"frontdesk.{entries.blocks.name}", "id")
        writing.execute(sa.select(sa.func.setval(drawn, newest)))
