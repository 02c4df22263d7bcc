"""Every table and view of three databases as people have them: shown, sorted, filtered, taken out, put in, undone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.history import undo
from frontdesk.tables import exports, imports, keyset, rows, sources
from frontdesk.tables.keys import KeyText
from frontdesk.upkeep import dumps
from frontdesk.web.paths import KeyConverter
from tests import places
from tests.schemas import films, music, trade
from tests.tables.holding import asked, held, quoted

BY = Caller("ada", "admin")
SCRIPTS = {"music": music.SCRIPT, "trade": trade.SCRIPT, "films": films.SCRIPT}


def _named(*kinds: str) -> list[Any]:
    found = []
    for name, script in SCRIPTS.items():
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(script)
            listed = connection.execute(
                "SELECT name, type FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
            ).fetchall()
            found += [pytest.param(name, one, id=f"{name}-{one}") for one, kind in listed if kind in kinds]
    return found


TABLES, SHOWN = _named("table"), _named("table", "view")
PLAIN = [one for one in TABLES if one.values[1] not in {"anything", "strictly"}]
"""Without the tables of many storage classes in a column, which texts cannot tell apart (test_round_trips.py)."""


@pytest.fixture
def database(tmp_path: Path, name: str) -> Iterator[Database]:
    with closing(places.opened(tmp_path / "shop.db", SCRIPTS[name])) as opened:
        yield opened


def meant(key: Any) -> KeyText:
    """The key as it arrives by its address."""
    path = unquote(KeyConverter.to_url(None, key))  # type: ignore[arg-type]
    return KeyConverter.to_python(None, path)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "table"), SHOWN)
def test_its_pages_hold_every_row_once_in_the_order_of_any_column(database: Database, table: str) -> None:
    for column in schema.table(database, table).columns:
        for direction in ("ASC", "DESC"):
            sort = keyset.written_sort(column.name, direction == "DESC")
            seen: list[Any] = []
            token: str | None = None
            while token or not seen:
                page = rows.page(database, table, sort=sort, size=7, token=token)
                seen += [row[page.names.index(column.name)] for row in page.rows]
                token = page.next
                if token is None:
                    break
            one = quoted(column.name)
            order = f"SELECT {one} FROM {quoted(table)} ORDER BY {one} IS NULL, {one} {direction}"
            assert list(map(_folded, seen)) == [_folded(row[0]) for row in asked(database.path, order)]


def _folded(value: Any) -> Any:
    """Rows that a column's own order holds for equal come in the order of their keys."""
    return value.lower() if isinstance(value, str) else value


@pytest.mark.parametrize(("name", "table"), SHOWN)
def test_a_filter_finds_the_rows_that_have_the_value(database: Database, table: str) -> None:
    page = rows.page(database, table, size=1000)
    for column in schema.table(database, table).columns:
        values = [row[page.names.index(column.name)] for row in page.rows]
        empty = rows.page(database, table, where=[(f"{column.name}__isnull", "1")], size=1000)
        assert len(empty.rows) == values.count(None)
        for value in [one for one in values if isinstance(one, str) and column.kind == "text"][:3]:
            found = rows.page(database, table, where=[(f"{column.name}__exact", value)], size=1000)
            counted = f"SELECT count(*) FROM {quoted(table)} WHERE {quoted(column.name)} = ?"
            assert len(found.rows) == asked(database.path, counted, value)[0][0]


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_each_row_is_found_by_its_address(database: Database, table: str) -> None:
    page = rows.page(database, table, size=1000)
    for row, key in zip(page.rows, page.keys(), strict=True):
        found = tuple(rows.find(database, table, meant(key)).values.values())
        if table != "strictly":  # whose keys 1, '1' and x'31' have one address
            assert [(one, type(one)) for one in found] == [(one, type(one)) for one in row]


@pytest.mark.parametrize(("name", "table"), PLAIN)
@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "xlsx", "parquet"])
def test_what_comes_out_of_a_table_goes_in_again_as_equal_rows(
    database: Database, table: str, form: str, tmp_path: Path
) -> None:
    before = held(database.path, table)
    out = tmp_path / f"out.{form}"
    out.write_bytes(b"".join(exports.export(database, table, form, raw=True)))
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute(f"DELETE FROM {quoted(table)}")
        connection.commit()
    source = sources.open(out, delimiter="," if form == "csv" else "")
    imports.load(database, source, table, BY, imports.Wish(empty_text=form == "csv" and table != "film"))
    after = held(database.path, table)
    if form == "csv":  # which has no NULL beside empty text
        before, after = _without_empty(before), _without_empty(after)
    if form == "xlsx":  # which has no empty rows
        before = [row for row in before if set(row) != {None, "null"}]
    assert after == before


def _without_empty(found: list[Any]) -> list[Any]:
    half = len(found[0]) // 2
    return sorted(([None if value in {"", b""} else value for value in row[:half]] for row in found), key=repr)


@pytest.mark.parametrize(("name", "table"), SHOWN)
@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "xlsx", "parquet", "sql", "sqlite"])
def test_every_table_and_view_comes_out_in_every_format(
    database: Database, table: str, form: str, tmp_path: Path
) -> None:
    written = b"".join(exports.export(database, table, form))
    assert written
    if form == "sqlite":
        (tmp_path / "out.db").write_bytes(written)
        assert _values(held(tmp_path / "out.db", table)) == _values(held(database.path, table))


def _values(found: list[Any]) -> list[Any]:
    return sorted((row[: len(row) // 2] for row in found), key=repr)


@pytest.mark.parametrize("form", ["sql", "sqlite"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_whole_database_comes_out_equal(database: Database, name: str, form: str, tmp_path: Path) -> None:
    written = b"".join(dumps.dump(database, form))
    out = tmp_path / "out.db"
    if form == "sqlite":
        out.write_bytes(written)
    else:
        with closing(sqlite3.connect(out)) as connection:
            connection.executescript(written.decode())
    everything = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    assert asked(out, everything) == asked(database.path, everything)
    for param in SHOWN:
        if param.values[0] == name:
            assert held(out, str(param.values[1])) == held(database.path, str(param.values[1]))
    assert asked(out, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_a_row_that_was_changed_or_deleted_comes_back_as_it_was(database: Database, table: str) -> None:
    everything = [str(one.values[1]) for one in TABLES if asked_has(database, str(one.values[1]))]
    before = {one: held(database.path, one) for one in everything}
    found = schema.table(database, table)
    page = rows.page(database, table, size=3)
    found_keys = page.keys()
    for key in found_keys:
        for column in found.columns:
            if column.kind == "text" and not column.primary_key and not column.generated and not column.references:
                _undone_after(
                    database, lambda c=column, k=key: rows.update(database, table, meant(k), {c.name: "PG"}, BY)
                )
        _undone_after(database, lambda k=key: rows.delete(database, table, meant(k), BY))
    assert {one: held(database.path, one) for one in everything} == before


def asked_has(database: Database, table: str) -> bool:
    return bool(asked(database.path, "SELECT 1 FROM sqlite_master WHERE name = ?", table))


def _undone_after(database: Database, act: Any) -> None:
    """Does it, and undoes all that came of it, what cascaded and what triggers did too."""
    last = asked_last(database)
    try:
        act()
    except (errors.ConflictError, errors.IntegrityError, errors.InputError):
        return  # other rows refer to it, or the table forbids the value
    numbers = range(last + 1, asked_last(database) + 1)
    if numbers:
        undo.undo(database, numbers, BY)


def asked_last(database: Database) -> int:
    if not asked_has(database, "_frontdesk_changes"):
        return 0
    return int(asked(database.path, "SELECT coalesce(max(id), 0) FROM _frontdesk_changes")[0][0])
