"""SQLite's side of a copy: a file read at one moment, or made anew."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from frontdesk import errors
from frontdesk.database import bulk, canonical, dialects
from frontdesk.database.connections import quoted
from frontdesk.database.outlines import Column, Index, Outline, Table, View, quoted_list
from frontdesk.database.sqlite import definitions
from frontdesk.database.sqlite.drivers import driver_of, open_file
from frontdesk.database.sqlite.outlines import translated

TYPES = {
    "integer": "INTEGER",
    "real": "REAL",
    "number": "NUMERIC",
    "boolean": "BOOLEAN",
    "text": "TEXT",
    "bytes": "BLOB",
    "date": "DATE",
    "timestamp": "DATETIME",
    "timestamptz": "TIMESTAMPTZ",
    "json": "JSON TEXT",
    "jsonb": "JSONB TEXT",  # TEXT, else SQLite would make a number of JSON that is one
    "uuid": "UUID",
}
"""Types of columns by their form."""
_LITERAL = re.compile(r"'(?:[^']|'')*'|[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|NULL|CURRENT_(?:TIMESTAMP|DATE|TIME)")

_NOW = re.compile(
    r"\(*(?:to_char\(|date_trunc\('second', )?\(*"
    r"(?:CURRENT_TIMESTAMP|CURRENT_DATE|now\(\)|LOCALTIMESTAMP)(?: AT TIME ZONE 'UTC')?\)*"
    r"(?:, '(?P<shape>[^']*)'\))?\)*"
)
"""The time now as a default of PostgreSQL, as text of a shape where it is one."""


@contextmanager
def making(path: Path) -> Iterator[Connection]:
    """A connection that fills a new file, which is whole and on the disk at the end of the block. Raises our errors."""
    with translated(), closing(open_file(path, create=True)) as driver:
        engine = create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool, logging_name="frontdesk")
        event.listen(engine, "handle_error", _raise_ours)
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = MEMORY", "cell_size_check = OFF"):
            driver.execute(f"PRAGMA {pragma}")
        driver.execute("PRAGMA ignore_check_constraints = ON")
        with engine.connect() as connection:
            driver.execute("BEGIN IMMEDIATE")
            yield connection
            driver.execute("COMMIT")
        engine.dispose()
    _sync(path)


def _sync(path: Path) -> None:
    for one in (path, path.parent):
        place = os.open(one, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def _raise_ours(context: Any) -> None:
    if dialects.is_drivers(context.original_exception):
        raise dialects.translate(context.original_exception) from context.original_exception


def make(connection: Connection, found: Outline) -> Outline:
    """Makes the tables; gives them as they are now, with what could not be made as it was."""
    made = Outline(views=found.views)
    names = {table.name.casefold() for table in found.tables}
    if len(names) < len(found.tables):
        raise errors.InputError("Two tables have one name but for its capitals.", "Rename one of them first.")
    for table in found.tables:
        made.tables.append(_make(driver_of(connection), table, made.notes))
    return made


def _make(driver: sqlite3.Connection, table: Table, notes: list[str]) -> Table:
    if len({column.name.casefold() for column in table.columns}) < len(table.columns):
        raise errors.InputError(f"{table.name}: two columns have one name but for its capitals.", "Rename one first.")
    columns = []
    for column in table.columns:
        default, generated = column.default, column.generated
        if default is not None and (default := _default(default, column.form.kind)) is None:
            notes.append(f"{table.name}.{column.name}: the default {column.default} is left out.")
        if generated is not None:
            generated = _tried(table, replace(column, generated=definitions.plainer(generated)))
            if generated is None:
                notes.append(f"{table.name}.{column.name}: generated there, plain values here.")
        columns.append(replace(column, default=default, generated=generated))
    made = replace(table, columns=tuple(columns), checks=(), row_id=_hidden(table))
    checks = []
    for check in (*table.checks, *(_among(column) for column in columns if column.choices)):
        rule = definitions.plainer(check)
        if rule is not None and _accepted(replace(made, checks=(rule,))):
            checks.append(rule)
        else:
            notes.append(f"{table.name}: the rule CHECK ({check}) is left out.")
    made = replace(made, checks=tuple(checks))
    driver.execute(_definition(made))
    return made


def _hidden(table: Table) -> str | None:
    if table.row_id is None:
        return None
    taken = {column.name.casefold() for column in table.columns}
    return next(name for name in ("rowid", "_rowid_", "oid") if name not in taken)


def _tried(table: Table, column: Column) -> str | None:
    """The expression of a generated column where SQLite takes it."""
    plain = [replace(other, generated=None, default=None) for other in table.columns if other.name != column.name]
    trial = replace(table, columns=(*plain, replace(column, default=None)), checks=())
    return column.generated if column.generated and _accepted(trial) else None


def _among(column: Column) -> str:
    listed = ", ".join("'" + choice.replace("'", "''") + "'" for choice in column.choices)
    return f"{quoted(column.name)} IN ({listed})"


def _accepted(table: Table) -> bool:
    """Whether SQLite takes the definition: tried in a database of its own."""
    with closing(sqlite3.connect(":memory:")) as trial:
        try:
            trial.execute(_definition(replace(table, foreign_keys=(), indexes=())))
            trial.execute(f"EXPLAIN INSERT INTO {quoted(table.name)} DEFAULT VALUES")
        except sqlite3.Error:
            return False
    return True


def _default(sql: str, kind: str) -> str | None:
    """The default where SQLite knows it too."""
    if _LITERAL.fullmatch(sql):
        return sql
    plain = definitions.plainer(sql) or ""
    if now := _NOW.fullmatch(plain):
        part = "DATE" if kind == "date" or now["shape"] == "YYYY-MM-DD" else "TIMESTAMP"
        return f"CURRENT_{'TIME' if now['shape'] == 'HH24:MI:SS' else part}"
    known = {"true": "1", "false": "0"}
    plain = known.get(plain.lower(), plain)
    if re.fullmatch(r"'\\x(?:[0-9a-fA-F]{2})*'", plain):
        return f"X{plain.replace(chr(92) + 'x', '')}"
    number = plain.strip("()")
    return plain if _LITERAL.fullmatch(plain) else number if _LITERAL.fullmatch(number) else None


def _definition(table: Table) -> str:
    drawn = table.key[0] if table.drawn and len(table.key) == 1 else None
    parts = [_column(column, drawn, never_again=table.never_again) for column in table.columns]
    if table.key and drawn is None:
        parts.append(f"PRIMARY KEY ({quoted_list(table.key)})")
    rules = [quoted_list([name for name, _, _ in index.columns]) for index in table.indexes if index.rule]
    parts += [f"UNIQUE ({listed})" for listed in rules]
    parts += [f"CHECK ({check})" for check in table.checks]
    for key in table.foreign_keys:
        acts = "".join(
            f" ON {verb} {act}"
            for verb, act in (("UPDATE", key.on_update), ("DELETE", key.on_delete))
            if act != "NO ACTION"
        )
        target = f"{quoted(key.table)} ({quoted_list(key.references)})"
        parts.append(f"FOREIGN KEY ({quoted_list(key.columns)}) REFERENCES {target}{acts}")
    listed = ",\n\t".join(parts)
    return f"CREATE TABLE {quoted(table.name)} (\n\t{listed}\n)"


def _column(column: Column, drawn: str | None, *, never_again: bool) -> str:
    form = column.form
    declared = TYPES[form.kind]
    if form.length:
        declared = f"VARCHAR({form.length})"
    if form.digits:
        declared = f"NUMERIC({form.digits[0]},{form.digits[1]})"
    text = f"{quoted(column.name)} {declared}"
    if column.name == drawn:
        return f"{text} PRIMARY KEY{' AUTOINCREMENT' if never_again else ''}"
    if column.generated is not None:
        return f"{text} GENERATED ALWAYS AS ({column.generated}) STORED"
    if not column.nullable:
        text += " NOT NULL"
    return f"{text} DEFAULT {column.default}" if column.default is not None else text


def put(connection: Connection, table: Table, found: Iterator[Sequence[Sequence[Any]]]) -> None:
    """Inserts rows that come in blocks of columns, as `canonical` writes their values. Raises our errors."""
    forms, names = table.forms, table.label
    generated = {column.name for column in table.columns if column.generated is not None}
    places = [place for place, name in enumerate(names) if name not in generated]
    kept = tuple(names[place] for place in places)
    makers = [canonical.for_sqlite(forms[place]) for place in places]
    with translated():
        for block in found:
            stored = [_stored(maker, block[place]) for maker, place in zip(makers, places, strict=True)]
            if not stored:
                continue
            size = bulk.rows_at_once(len(stored))
            for start in range(0, len(stored[0]), size):
                part = tuple(chain.from_iterable(zip(*(one[start : start + size] for one in stored), strict=True)))
                bulk.insert_flat(connection, table.name, kept, part)


def _stored(maker: canonical.Read | None, values: Sequence[Any]) -> Sequence[Any]:
    return values if maker is None else [None if value is None else maker(value) for value in values]


def finish(connection: Connection, made: Outline) -> list[str]:
    """After the rows: indexes, views, the keys that were drawn; gives what could not be made."""
    driver, notes = driver_of(connection), []
    taken: set[str] = {table.name.casefold() for table in made.tables}
    for table in made.tables:
        if table.drawn and table.never_again and table.last is not None:
            driver.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name])
            driver.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table.name, table.last])
        indexes = [index for index in table.indexes if not index.rule]
        left_out = [index for index in indexes if not _made(driver, _index(table, index, taken))]
        notes += [f"{table.name}: the index {index.name} is left out." for index in left_out]
    waiting = [(view, definitions.plainer(view.select)) for view in made.views]
    while waiting:
        left = [pair for pair in waiting if not _make_view(driver, *pair)]
        if len(left) == len(waiting):
            break
        waiting = left
    return notes + [f"{view.name}: the view is left out, its SQL is no SQLite." for view, _ in waiting]


def _index(table: Table, index: Index, taken: set[str]) -> str:
    name = index.name if index.name.casefold() not in taken else f"{table.name}_{index.name}"
    taken.add(name.casefold())
    unique = "UNIQUE " if index.unique else ""
    listed = ", ".join(
        quoted(column) + (" COLLATE NOCASE" if folded else "") + (" DESC" if down else "")
        for column, down, folded in index.columns
    )
    rest = definitions.plainer(index.sql) if index.sql else f"({listed})"
    return f"CREATE {unique}INDEX {quoted(name)} ON {quoted(table.name)} {rest or '?'}"


def _make_view(driver: sqlite3.Connection, view: View, select: str | None) -> bool:
    if select is None or not _made(driver, f"CREATE VIEW {quoted(view.name)} AS {select}"):
        return False
    if _made(driver, f"SELECT * FROM {quoted(view.name)} LIMIT 0"):  # noqa: S608 - quoted names
        return True
    driver.execute(f"DROP VIEW {quoted(view.name)}")
    return False


def _made(driver: sqlite3.Connection, sql: str) -> bool:
    driver.execute("SAVEPOINT part")
    try:
        driver.execute(sql)
    except (sqlite3.Error, sqlite3.Warning):
        driver.execute("ROLLBACK TO part")
        return False
    finally:
        driver.execute("RELEASE part")
    return True


def duplicate(path: Path, new: Path) -> None:
    """Copies a file as it is at one moment, others writing it or not. Raises our errors."""
    with translated(), closing(open_file(path, read_only=True)) as source, closing(sqlite3.connect(new)) as target:
        source.backup(target)
    _sync(new)
