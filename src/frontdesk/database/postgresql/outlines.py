"""A PostgreSQL database described as both engines can make it, and its rows read at one moment."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import canonical, dialects
from frontdesk.database.definitions import OWN
from frontdesk.database.definitions import Column as KnownColumn
from frontdesk.database.definitions import Table as Known
from frontdesk.database.outlines import Column, Form, Index, Outline, Table, View, quoted_list
from frontdesk.database.postgresql import catalog
from frontdesk.database.postgresql.drivers import driver_of

BLOCK = 2000
"""Rows that are fetched at a time."""
MOST = 3
"""Rows that a sentence names."""
_FORMS = {
    "integer": "integer",
    "real": "real",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "file": "bytes",
}
_TEXTS = re.compile(r"(?:text|character varying|character)(?:\(\d+\))?")
_DIGITS = re.compile(r"numeric\((\d+),(\d+)\)")

_RULES = """
SELECT conname, contype, pg_get_constraintdef(oid),
       (SELECT array_to_json(array_agg(a.attname ORDER BY o.place))::text
        FROM unnest(conkey) WITH ORDINALITY AS o(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = conrelid AND a.attnum = o.number)
FROM pg_catalog.pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u', 'x') ORDER BY oid"""
_INDEXES = """
SELECT c.relname, i.indisunique, pg_get_indexdef(i.indexrelid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %s::regclass AND i.indisvalid
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
ORDER BY c.oid"""
_EXPRESSIONS = """
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attgenerated <> ''"""
_KIND = "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = %s::regclass"
_VIEW = "SELECT pg_get_viewdef(%s::regclass, true)"
_TRIGGERS = """
SELECT t.tgname, n.nspname, c.relname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal ORDER BY t.oid"""


@contextmanager
def moment(connection: Connection) -> Iterator[None]:
    """All that a snapshot's connection reads is of one moment. Raises our errors."""
    with translated():
        yield


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors come out as ours."""
    try:
        yield
    except errors.Error:
        raise
    except Exception as error:
        if dialects.is_drivers(error):
            raise dialects.translate(error) from error
        raise


def place_of(connection: Connection, name: str) -> str:
    """The table's name as SQL writes it."""
    return catalog.written(connection, name)


def outline(connection: Connection, *, as_text: bool = False) -> Outline:
    """The database's tables and views; `as_text` takes numbers with more digits than a real holds as texts."""
    found = Outline()
    driver = driver_of(connection)
    for known in catalog.read(connection).values():
        if known.kind == "view":
            place = place_of(connection, known.name)
            if _one(driver, _KIND, [place]) == "m":
                found.notes.append(f"{known.name}: materialised there, a plain view here.")
            found.views.append(View(known.name, str(_one(driver, _VIEW, [place]))))
        elif not known.columns:
            found.notes.append(f"{known.name}: a table without columns is left out.")
        else:
            found.tables.append(_table(connection, known, found, as_text))
    for name, schema, bare in driver.execute(_TRIGGERS).fetchall():
        if not bare.startswith(OWN):
            found.notes.append(f"{catalog.name_of(schema, bare, ())}: the trigger {name} is left out.")
    return found


def _table(connection: Connection, known: Known, found: Outline, as_text: bool) -> Table:
    driver, place = driver_of(connection), place_of(connection, known.name)
    expressions = dict(driver.execute(_EXPRESSIONS, [place]).fetchall())
    rows = int(_one(driver, f"SELECT count(*) FROM {place}"))  # noqa: S608 - quoted names
    columns = []
    for column in known.columns:
        form = _checked(connection, known, column, _form(column), found, as_text)
        nullable = column.nullable and column.name not in known.primary_key
        expression = expressions.get(column.name) if column.generated else None
        columns.append(Column(column.name, form, nullable, column.default, expression, column.choices))
        if column.automatic and known.primary_key != (column.name,):
            found.notes.append(f"{known.name}.{column.name}: its sequence is left out.")
    drawn = len(known.primary_key) == 1 and known.column(known.primary_key[0]).kind == "integer"
    automatic = drawn and known.column(known.primary_key[0]).automatic
    last = _last(driver, place, known.primary_key[0]) if automatic else None
    indexes, checks = _rules(driver, known, place, found)
    return Table(
        known.name,
        tuple(columns),
        known.primary_key,
        drawn,
        automatic,
        last,
        None if known.primary_key else known.row_id,
        known.foreign_keys,
        indexes,
        checks,
        rows,
    )


def _form(column: KnownColumn) -> Form:
    if column.array or column.kind == "choice":
        return Form("text")
    if column.kind == "datetime":
        return Form("timestamptz" if column.type.endswith("with time zone") else "timestamp")
    if column.kind == "json":
        return Form("json" if column.type == "json" else "jsonb")
    if column.kind == "text":
        return Form("uuid" if column.type == "uuid" else "text", column.length)
    digits = _DIGITS.fullmatch(column.type)
    return Form(_FORMS[column.kind], digits=(int(digits[1]), int(digits[2])) if digits else None)


def _checked(
    connection: Connection, known: Known, column: KnownColumn, form: Form, found: Outline, as_text: bool
) -> Form:
    """The form, text with `as_text` where SQLite would not keep a value as it is; else the misfits are told."""
    if form.kind == "text" and not column.choices and form.kind != "uuid" and not _TEXTS.fullmatch(column.type):
        found.notes.append(f"{known.name}.{column.name}: {column.type} is kept as text.")
    if form.kind not in {"number", "real"}:
        return form
    wrong = 0
    shown: list[str] = []
    read, keep = canonical.value(form), canonical.for_sqlite(form)
    bare = Table(known.name, (Column(column.name, form),))
    for block in blocks(connection, bare):
        for (value,) in block:
            try:
                _ = value is None or (keep(read(value)) if keep else read(value))
            except ValueError as error:
                wrong += 1
                shown += [str(error)] if len(shown) < MOST else []
    if wrong and as_text:
        found.notes.append(f"{known.name}.{column.name}: kept as text.")
        return Form("text", loose=True)
    if wrong:
        rows = "row" if wrong == 1 else "rows"
        found.misfits[f"{known.name}.{column.name}"] = f"{wrong:,} {rows} that SQLite cannot keep: {'; '.join(shown)}."
    return form


def _last(driver: Any, place: str, column: str) -> int | None:
    found = _one(driver, "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)", [place, column])
    return None if found is None else int(found)


def _one(driver: Any, sql: str, given: Sequence[Any] | None = None) -> Any:
    """The only value of what is asked."""
    (found,) = driver.execute(sql, given).fetchone()
    return found


def _rules(driver: Any, known: Known, place: str, found: Outline) -> tuple[tuple[Index, ...], tuple[str, ...]]:
    indexes, checks = [], []
    for name, kind, text, columns in driver.execute(_RULES, [place]).fetchall():
        if kind == "c":
            checks.append(_inside(text))
        elif kind == "x":
            found.notes.append(f"{known.name}: the rule {name} is left out.")
        else:
            indexes.append(
                Index(name, tuple((one, False, False) for one in json.loads(columns)), unique=True, rule=True)
            )
    for name, unique, text in driver.execute(_INDEXES, [place]).fetchall():
        method, _, rest = text.partition(" USING ")[2].partition(" ")
        if method == "btree":
            indexes.append(Index(name, (), bool(unique), sql=rest))
        else:
            found.notes.append(f"{known.name}: the index {name} ({method}) is left out.")
    return tuple(indexes), tuple(checks)


def _inside(definition: str) -> str:
    """What stands in the brackets of CHECK (…)."""
    return definition[definition.index("(") + 1 : definition.rindex(")")]


def blocks(connection: Connection, table: Table, size: int = BLOCK) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table, some at a time, by a cursor of the server's: the hidden key first, then the columns."""
    sql = f"SELECT {quoted_list(table.label)} FROM {place_of(connection, table.name)}"  # noqa: S608 - quoted names
    with translated(), driver_of(connection).cursor(name="frontdesk_copy") as cursor:
        cursor.execute(sql.encode())
        while found := cursor.fetchmany(size):
            yield found
