"""SQLite's own description of its tables, and what it does to them as a whole."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from frontdesk.database import dialects
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Column, ForeignKey, Search, Table, row_id
from frontdesk.database.sqlite import definitions, fulltext
from frontdesk.database.sqlite.drivers import driver_of


def version(connection: Connection) -> int:
    """A number that changes with every change of the schema."""
    return int(driver_of(connection).execute("PRAGMA schema_version").fetchone()[0])


def read_tables(driver: Any) -> dict[str, Table]:
    """Every table and view, through the driver's own connection."""
    listed = driver.execute(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual')"
        " ORDER BY name COLLATE NOCASE"
    ).fetchall()
    shown = [row for row in listed if not row[0].startswith((OWN, "sqlite_"))]
    searches = fulltext.read(driver)
    tables = {name: read_table(driver, name, kind, bool(without)) for name, kind, without in shown}
    return {name: replace(table, search=_search(table, searches)) for name, table in tables.items()}


def _search(table: Table, known: dict[str, list[Search]]) -> Search | None:
    """The full-text index that can be used: it covers columns that are there, and knows rows by their number."""
    names = {column.name.casefold(): column.name for column in table.columns}
    numbers = {"rowid", "_rowid_", "oid"} - set(names) if table.numbered else set()
    numbers |= {column.name.casefold() for column in table.columns if column.automatic}
    for found in known.get(table.name.casefold(), ()):
        if found.key.casefold() in numbers and all(name.casefold() in names for name in found.columns):
            columns = tuple(names[name.casefold()] for name in found.columns)
            return replace(found, columns=columns, key=names.get(found.key.casefold(), found.key))
    return None


def read(connection: Connection) -> dict[str, Table]:
    """Every table and view."""
    return read_tables(driver_of(connection))


def inner_tables(driver: Any) -> list[str]:
    """The names of the tables in which virtual ones, such as full-text indexes, keep what they hold."""
    found = driver.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
    return [name for (name,) in found.fetchall()]


def read_table(driver: Any, name: str, kind: str, without_rowid: bool) -> Table:
    """One table or view, whoever made it; `kind` is table, view or virtual."""
    try:
        rows = driver.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    except Exception:  # noqa: BLE001 - a view over a table that is gone is listed, with no columns
        rows = []
    keys = _foreign_keys(driver, name)
    references = {key.columns[0]: (key.table, key.references[0]) for key in keys if len(key.columns) == 1}
    in_key = sum(1 for row in rows if row[5])
    columns = tuple(_column(row, in_key, references.get(row[1]), without_rowid) for row in rows if row[6] != 1)
    has_key = in_key > 0 or kind != "table" or without_rowid
    hidden, numbered = None if has_key else row_id(columns), kind == "table" and not without_rowid
    return Table(name, columns, "view" if kind == "view" else "table", keys, hidden, numbered=numbered)


def _column(row: Sequence[Any], in_key: int, references: tuple[str, str] | None, without_rowid: bool) -> Column:
    _, name, declared, not_null, default, place, hidden = row
    is_row_id = place == 1 and in_key == 1 and declared.upper() == "INTEGER" and not without_rowid
    return Column(
        name=name,
        type=declared,
        kind=dialects.kind_of(declared),
        nullable=not not_null and not is_row_id and not (place and without_rowid),
        default=default,
        primary_key=place,
        generated=hidden in {2, 3},
        automatic=is_row_id,
        references=references,
    )


def _foreign_keys(driver: Any, name: str) -> tuple[ForeignKey, ...]:
    found: dict[int, list[Sequence[Any]]] = {}
    for row in driver.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall():
        found.setdefault(row[0], []).append(row)
    return tuple(_foreign_key(driver, sorted(rows, key=lambda row: row[1])) for _, rows in sorted(found.items()))


def _foreign_key(driver: Any, rows: Sequence[Sequence[Any]]) -> ForeignKey:
    target = rows[0][2]
    references = tuple(row[4] for row in rows)
    if None in references:  # REFERENCES t without columns means t's primary key
        keyed = driver.execute(f"PRAGMA table_info({quoted(target)})").fetchall()
        keyed = sorted((row for row in keyed if row[5]), key=lambda row: row[5])
        references = tuple(row[1] for row in keyed) or ("rowid",)
    return ForeignKey(tuple(row[3] for row in rows), target, references, rows[0][5], rows[0][6])


def rename(connection: Connection, name: str, new: str) -> str:
    """Renames a table that nothing refers to, and gives the SQL that creates it."""
    driver = driver_of(connection)
    # Else a broken view anywhere in the database would stand in the way.
    driver.execute("PRAGMA legacy_alter_table = ON")
    try:
        driver.execute(f"ALTER TABLE {quoted(name)} RENAME TO {quoted(new)}")
    except Exception as error:
        raise dialects.translate(error) from error
    finally:
        driver.execute("PRAGMA legacy_alter_table = OFF")
    return str(driver.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [new]).fetchone()[0])


def names(connection: Connection, prefix: str) -> list[str]:
    """The names of tables that begin so, our own ones too."""
    found = driver_of(connection).execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in found if name.startswith(prefix)]


def has_triggers(connection: Connection, table: Table) -> bool:
    """Whether the database itself does something when rows of this table change."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?) AND NOT name GLOB ?"
    return driver_of(connection).execute(sql, [table.name, f"{fulltext.PREFIX}*"]).fetchone() is not None


def concerned(connection: Connection, table: Table, constraint: str) -> list[str]:
    """The columns that a CHECK of the table is about, by its name or its condition."""
    sql = "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)"
    found = driver_of(connection).execute(sql, [table.name]).fetchone()
    return definitions.concerned(found[0] if found else "", constraint, [column.name for column in table.columns])


def read_own(connection: Connection, name: str) -> Table:
    """One of our own tables, which are never listed."""
    return read_table(driver_of(connection), name, "table", without_rowid=False)
