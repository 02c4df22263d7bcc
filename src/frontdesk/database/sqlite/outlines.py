"""A SQLite file described as both engines can make it: its columns by what they hold, its rules by their SQL."""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection

from frontdesk.database import canonical, dialects
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN
from frontdesk.database.definitions import Table as Known
from frontdesk.database.outlines import Column, Form, Index, Outline, Table, View, quoted_list
from frontdesk.database.sqlite import catalog, definitions, fulltext
from frontdesk.database.sqlite.drivers import driver_of

BLOCK = 2000
"""Rows that are read at a time."""
MOST = 3
"""Rows that a sentence names."""

_FORMS = {
    "integer": "integer",
    "real": "real",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "json": "jsonb",
    "file": "bytes",
    "text": "text",
}
_STORED = {"integer": "integer", "real": "real", "text": "text", "blob": "bytes"}
_LENGTH = re.compile(r"\w*CHAR\w*\s*\((\d+)\)", re.IGNORECASE)
_DIGITS = re.compile(r"(?:NUMERIC|DECIMAL)\s*\((\d+)(?:\s*,\s*(\d+))?\)", re.IGNORECASE)
_TEXTUAL = re.compile("CHAR|CLOB|TEXT|UUID", re.IGNORECASE)


@contextmanager
def moment(connection: Connection) -> Iterator[None]:
    """All that the connection reads is of one moment. Raises our errors."""
    driver = driver_of(connection)
    with translated():
        driver.execute("BEGIN")
        try:
            yield
        finally:
            driver.execute("ROLLBACK")


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors come out as ours."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise dialects.translate(error) from error


def outline(connection: Connection, *, as_text: bool = False) -> Outline:
    """The file's tables and views, their columns by what they hold; `as_text` takes what is mixed as text."""
    driver, found = driver_of(connection), Outline()
    virtual = {row[0] for row in driver.execute("SELECT name FROM pragma_table_list WHERE type = 'virtual'")}
    tables = catalog.read_tables(driver)
    names = [*tables, *(column.name for known in tables.values() for column in known.columns)]
    for known in tables.values():
        if known.kind == "view":
            _add_view(driver, known.name, names, found)
        elif known.name in virtual:
            found.notes.append(f"{known.name}: a virtual table is left out.")
        else:
            found.tables.append(_table(driver, known, found, as_text))
    for name, table in driver.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"):
        if name.startswith(fulltext.PREFIX):
            if name.endswith("_insert"):
                found.notes.append(f"{table}: the search index is left out.")
        elif not table.startswith(OWN):
            found.notes.append(f"{table}: the trigger {name} is left out.")
    return found


def _add_view(driver: sqlite3.Connection, name: str, names: Sequence[str], found: Outline) -> None:
    (sql,) = driver.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", [name]).fetchone()
    select = definitions.view(sql, names)
    if select is None:
        found.notes.append(f"{name}: the view is left out.")
    else:
        found.views.append(View(name, select))


def _table(driver: sqlite3.Connection, known: Known, found: Outline, as_text: bool) -> Table:
    (sql,) = driver.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [known.name]).fetchone()
    rules = definitions.rules(sql, [column.name for column in known.columns])
    counts, rows = _counts(driver, known)
    columns = []
    for column in known.columns:
        form = _form(column.type, column.kind, counts[column.name])
        form = _checked(driver, known, column.name, form, counts[column.name], found, as_text)
        nullable = column.nullable and column.name not in known.primary_key
        expression = rules.generated.get(column.name) if column.generated else None
        columns.append(Column(column.name, form, nullable, column.default, expression))
        if column.name in known.primary_key and (empty := counts[column.name]["null"]):
            rows_have = "row has" if empty == 1 else "rows have"
            found.misfits[f"{known.name}.{column.name}"] = f"{empty:,} {rows_have} no key."
    last = _last(driver, known.name)
    drawn = any(column.automatic for column in known.columns)
    return Table(
        known.name,
        tuple(columns),
        known.primary_key,
        drawn,
        last is not None,
        last,
        known.row_id,
        known.foreign_keys,
        _indexes(driver, known),
        rules.checks,
        rows,
    )


def _counts(driver: sqlite3.Connection, known: Known) -> tuple[dict[str, dict[str, int]], int]:
    """How many values of each type a column holds, in one look at the table, and how many rows there are."""
    kinds = ("integer", "real", "text", "blob", "null")
    sums = [f"coalesce(sum(typeof({quoted(column.name)}) = '{kind}'), 0)" for column in known.columns for kind in kinds]
    found: list[int] = []
    for start in range(0, len(sums), 500):
        chosen = ", ".join(sums[start : start + 500])
        found += driver.execute(f"SELECT {chosen} FROM {quoted(known.name)}").fetchone()  # noqa: S608 - quoted names
    size = len(kinds)
    by_name = {
        column.name: dict(zip(kinds, found[place * size : place * size + size], strict=True))
        for place, column in enumerate(known.columns)
    }
    return by_name, sum(next(iter(by_name.values())).values()) if by_name else 0


def _form(declared: str, kind: str, counts: Mapping[str, int]) -> Form:
    """What the column holds: as it is declared, else as its values are."""
    held = {name for name, count in counts.items() if count and name != "null"}
    unknown = kind == "any" or (kind == "text" and not _TEXTUAL.search(declared))
    if unknown or (kind in {"boolean", "date", "datetime"} and held in ({"integer"}, {"real"}) and kind != "boolean"):
        if held == {"integer", "real"}:
            return Form("number")
        return Form(_STORED[held.pop()]) if len(held) == 1 else Form("text")
    if kind == "text":
        length = _LENGTH.fullmatch(declared.strip())
        return Form("uuid" if declared.upper() == "UUID" else "text", int(length[1]) if length else None)
    if kind == "number":
        digits = _DIGITS.fullmatch(declared.strip())
        return Form("number", digits=(int(digits[1]), int(digits[2] or 0)) if digits else None)
    if declared.upper() in {"JSON TEXT", "TIMESTAMPTZ"}:
        return Form("json" if kind == "json" else "timestamptz")
    return Form(_FORMS[kind])


def _checked(
    driver: sqlite3.Connection,
    known: Known,
    name: str,
    form: Form,
    counts: Mapping[str, int],
    found: Outline,
    as_text: bool,
) -> Form:
    """The form that all values fit, the declared one where there is none: then the misfits are told."""
    last: tuple[Form, int, list[str]] | None = None
    for candidate in _candidates(form, counts, as_text):
        wrong, shown = _misfits(driver, known, name, candidate, counts)
        if not wrong:
            if candidate.loose:
                found.notes.append(f"{known.name}.{name}: kept as text.")
            elif candidate.kind != form.kind and candidate.kind != "timestamptz":
                found.notes.append(f"{known.name}.{name}: kept as {candidate.kind}.")
            return candidate
        last = last or (candidate, wrong, shown)
    assert last
    rows = "row" if last[1] == 1 else "rows"
    sentence = f"{last[1]:,} {rows} whose value is no {last[0].kind}: {'; '.join(last[2])}."
    found.misfits[f"{known.name}.{name}"] = sentence
    return form


def _candidates(form: Form, counts: Mapping[str, int], as_text: bool) -> Iterator[Form]:
    yield form
    if form.kind == "timestamp":
        yield Form("timestamptz")
    if form.length or form.digits:
        yield Form(form.kind)
    if form.kind == "boolean" and not counts["text"] + counts["blob"] + counts["real"]:
        yield Form("integer")
    if form.kind == "uuid":
        yield Form("text")
    if as_text:
        yield Form("text", loose=True)


def _misfits(
    driver: sqlite3.Connection, known: Known, name: str, form: Form, counts: Mapping[str, int]
) -> tuple[int, list[str]]:
    """How many values are not of this form, and the first of them with their rows."""
    if _all_fit(driver, known, name, form, counts):
        return 0, []
    read, wrong = canonical.value(form), 0
    shown: list[str] = []
    key = known.key or (quoted(known.columns[0].name),)
    sql = f"SELECT {quoted(name)}, {quoted_list(key)} FROM {quoted(known.name)} WHERE {quoted(name)} IS NOT NULL"  # noqa: S608 - quoted names
    for value, *place in driver.execute(sql):
        try:
            _check_size(form, value, read(value))
        except ValueError as error:
            wrong += 1
            if len(shown) < MOST:
                shown.append(f"{', '.join(map(str, key))} {', '.join(map(str, place))}: {error}")
    return wrong, shown


def _check_size(form: Form, value: Any, text: Any) -> None:
    if form.length and len(text) > form.length:
        raise ValueError(f"longer than {form.length} characters")
    if form.digits:
        whole, _, rest = str(text).lstrip("-").partition(".")
        if (
            not whole.isdigit()
            or len(rest) > form.digits[1]
            or len(whole.lstrip("0")) > form.digits[0] - form.digits[1]
        ):
            raise ValueError(f"{value} has more digits than {form.digits[0]}, {form.digits[1]}")


_SURE = {"integer": {"integer"}, "real": {"real"}, "bytes": {"blob"}, "number": {"integer", "real"}}


def _all_fit(driver: sqlite3.Connection, known: Known, name: str, form: Form, counts: Mapping[str, int]) -> bool:
    """Whether it is known without a look at each value by itself."""
    held = {kind for kind, count in counts.items() if count and kind != "null"}
    if not held:
        return True
    if form.kind == "text" and not form.length and held <= ({"text", "integer", "real"} if form.loose else {"text"}):
        nul = f"SELECT 1 FROM {quoted(known.name)} WHERE instr({quoted(name)}, char(0)) LIMIT 1"  # noqa: S608 - quoted names
        return driver.execute(nul).fetchone() is None
    return held <= _SURE.get(form.kind, set()) and not form.digits


def _last(driver: sqlite3.Connection, table: str) -> int | None:
    """The last key that was drawn, where none is drawn twice."""
    if driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone() is None:
        return None
    found = driver.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
    return None if found is None else int(found[0])


def _indexes(driver: sqlite3.Connection, known: Known) -> tuple[Index, ...]:
    found = []
    for _, name, unique, origin, _ in driver.execute(f"PRAGMA index_list({quoted(known.name)})").fetchall():
        if origin == "pk":
            continue
        parts = driver.execute(f"PRAGMA index_xinfo({quoted(name)})").fetchall()
        columns = tuple((row[2], bool(row[3]), str(row[4]).upper() == "NOCASE") for row in parts if row[5])
        (sql,) = driver.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
        plain = all(column[0] for column in columns)
        rest = definitions.index(sql, [column.name for column in known.columns]) if sql else None
        needed = rest is not None and (not plain or rest[1])
        found.append(Index(name, columns, bool(unique), origin == "u", rest[0] + rest[1] if rest and needed else ""))
    return tuple(reversed(found))


def blocks(connection: Connection, table: Table, size: int = BLOCK) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table, some at a time: the hidden key first, where there is one, then the columns."""
    sql = f"SELECT {quoted_list(table.label)} FROM {quoted(table.name)}"  # noqa: S608 - quoted names
    with translated(), closing(driver_of(connection).execute(sql)) as cursor:
        while found := cursor.fetchmany(size):
            yield found
