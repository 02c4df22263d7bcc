"""Lines of a file that cannot be loaded, kept in a table of their own beside the rows that were."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.errors import InputError
from frontdesk.history import blocks
from frontdesk.tables import detection
from frontdesk.tables.formats import inputs
from frontdesk.tables.formats.inputs import Attempt
from frontdesk.tables.sources import LONGEST_NAME, Source

WISHES = ("error", "keep")
"""What becomes of bad lines: nothing is loaded, or the others are and these are kept apart."""
MOST = 10_000
"""Lines that are kept; a file with more is read in a wrong way."""
ENDING = "_bad_lines"

Read = Callable[[Sequence[Any]], Sequence[Any]]
_COLUMNS = {"line": "INTEGER", "reason": "TEXT", "text": "TEXT"}


def tolerant(source: Source) -> Source:
    """The same file, whose lines that are no rows are left out instead of refused."""
    return replace(source, left_out=frozenset())


def sift(source: Source, readers: Sequence[Read], key: Sequence[int] = ()) -> tuple[Source, list[Attempt]]:
    """The file without the lines that these readers refuse, and those; `key` are places whose values differ.

    Raises InputError where there are too many, or where there is no telling where the next row begins.
    """
    bad: dict[int, Attempt] = {}
    seen: set[tuple[Any, ...]] = set()
    numbered = enumerate(source.attempts())
    while part := list(islice(numbered, inputs.BLOCK)):
        rows = [(at, one) for at, one in part if not one.reason]
        bad |= {at: one for at, one in part if one.reason}
        bad |= _unread(source, readers, rows)
        bad |= _repeated(rows, readers, key, seen, bad) if key else {}
        _check(source, len(bad))
    return replace(source, left_out=frozenset(bad) if bad else None), [bad[at] for at in sorted(bad)]


def _unread(source: Source, readers: Sequence[Read], rows: Sequence[tuple[int, Attempt]]) -> dict[int, Attempt]:
    """The rows that the readers refuse, with the reason."""
    try:
        for read, cells in zip(readers, zip(*(one.cells for _, one in rows), strict=True), strict=False):
            read(cells)
    except InputError:
        found = ((at, one, _reason(source, readers, one)) for at, one in rows)
        return {at: replace(one, reason=reason) for at, one, reason in found if reason}
    return {}


def _reason(source: Source, readers: Sequence[Read], row: Attempt) -> str:
    wrong = []
    for name, read, cell in zip(source.names, readers, row.cells, strict=True):
        try:
            read([cell])
        except InputError as error:
            wrong.append(f"{name}: {error.message}")
    return " ".join(wrong)


def _repeated(
    rows: Sequence[tuple[int, Attempt]],
    readers: Sequence[Read],
    key: Sequence[int],
    seen: set[tuple[Any, ...]],
    bad: Mapping[int, Attempt],
) -> dict[int, Attempt]:
    """The rows without a key, or with one that a row before them has."""
    found = {}
    for at, one in rows:
        if at in bad:
            continue
        values = tuple(readers[place]([one.cells[place]])[0] for place in key)
        if None in values or "" in values:
            found[at] = replace(one, reason="This is the key and needs a value.")
        elif values in seen:
            found[at] = replace(one, reason="A row before this one has the same key.")
        seen.add(values)
    return found


def named(source: Source, rows: Mapping[int, str]) -> Iterator[Attempt]:
    """Rows of the file, counted from 0, with the reasons why the database refused them."""
    if not rows:
        return
    left_out = source.left_out or frozenset()
    kept = (one for at, one in enumerate(source.attempts()) if not one.reason and at not in left_out)
    for row, one in enumerate(islice(kept, max(rows) + 1)):
        if row in rows:
            yield replace(one, reason=rows[row])


def _check(source: Source, count: int) -> None:
    if count > MOST:
        raise InputError(
            f"{source.name} has more than {MOST:,} bad lines. Nothing was imported.",
            "Look at how it is read: the separator, the encoding and the types.",
        )


def keep(
    database: Database, connection: Connection, table: str, source: Source, lines: Sequence[Attempt]
) -> tuple[dict[str, Any] | None, int | None]:
    """Makes the table of these lines beside the one they were meant for, as a change; `{table, rows}` and its number.

    Nothing where there are none. Raises InputError where there are too many.
    """
    if not lines:
        return None, None
    _check(source, len(lines))
    name = _free(database, connection, table)
    sql = schema.create(connection, name, [detection.column(one, declared) for one, declared in _COLUMNS.items()])
    made = schema.read_own(connection, name)
    ordered = sorted(lines, key=lambda one: one.line)
    rows = [dict(zip(_COLUMNS, (one.line, one.reason, one.text), strict=True)) for one in ordered]
    connection.execute(sa.insert(made.clause), rows)
    first, last = blocks.bounds(connection, made) or (1, 0)
    count, digest = blocks.digest_of(connection, made, first, last, whole=True)
    number = blocks.record(connection, replace(made, name=name), count, first, last, digest, sql)
    return {"table": name, "rows": count}, number


def _free(database: Database, connection: Connection, table: str) -> str:
    taken = {name.casefold() for name in schema.read(database, connection)}
    number, ending = 1, ENDING
    while True:
        most = LONGEST_NAME - len(ending)
        name = table.encode()[:most].decode(errors="ignore") + ending
        if name.casefold() not in taken:
            return name
        number += 1
        ending = f"{ENDING}_{number}"
