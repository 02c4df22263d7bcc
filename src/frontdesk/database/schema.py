"""Tables, columns and foreign keys: read as they are, and created."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import dialects
from frontdesk.database.connections import Database, driver_of, quoted

OWN = "_frontdesk_"
"""What the names of our tables in people's databases begin with; these are never listed."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the columns of another table."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"


@dataclass(frozen=True)
class Column:
    """A column as its table declares it."""

    name: str
    type: str
    kind: str
    nullable: bool = True
    default: str | None = None  # as SQL text
    primary_key: int = 0  # its place in the key, from 1; 0 outside
    generated: bool = False
    automatic: bool = False  # the database draws a value where none is given
    references: tuple[str, str] | None = None  # table, column

    @property
    def required(self) -> bool:
        """Whether a new row must give a value."""
        return not (self.nullable or self.generated or self.automatic or self.default is not None)


@dataclass(frozen=True)
class Table:
    """A table or view with its columns, in their order."""

    name: str
    columns: tuple[Column, ...]
    kind: str = "table"  # or view
    foreign_keys: tuple[ForeignKey, ...] = ()
    row_id: str | None = None  # the hidden key's name where no primary key is declared

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the key's columns, in the key's order."""
        keyed = [column for column in self.columns if column.primary_key]
        return tuple(column.name for column in sorted(keyed, key=lambda column: column.primary_key))

    @cached_property
    def key(self) -> tuple[str, ...]:
        """What names a row: the primary key, else the hidden row id; empty for views."""
        return self.primary_key or ((self.row_id,) if self.row_id else ())

    @property
    def editable(self) -> bool:
        """Whether rows can be changed one by one."""
        return self.kind == "table" and bool(self.key)

    def column(self, name: str) -> Column:
        """The column of this name. Raises NotFoundError."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise errors.NotFoundError(f"{self.name} has no column {name!r}.")
        return found

    @cached_property
    def clause(self) -> sa.TableClause:
        """The table for SQLAlchemy's expressions, its hidden key included; values come as the driver gives them."""
        names = [column.name for column in self.columns] + ([self.row_id] if self.row_id else [])
        return sa.table(self.name, *(sa.column(name) for name in names))


_cache: WeakKeyDictionary[Database, tuple[int, dict[str, Table]]] = WeakKeyDictionary()


def tables(database: Database) -> dict[str, Table]:
    """Every table and view of a database by name, read again only when its schema has changed."""
    with database.connect() as connection:
        return read(database, connection)


def table(database: Database, name: str) -> Table:
    """The table or view of this name. Raises NotFoundError."""
    with database.connect() as connection:
        return find(database, connection, name)


def find(database: Database, connection: Connection, name: str) -> Table:
    """The table or view of this name as this connection sees it. Raises NotFoundError."""
    found = read(database, connection).get(name)
    if found is None:
        raise errors.NotFoundError(
            f"{database.name} has no table {name!r}.", "Its tables are listed at the database's page."
        )
    return found


def version(connection: Connection) -> int:
    """A number that changes with every change of the schema."""
    return int(driver_of(connection).execute("PRAGMA schema_version").fetchone()[0])


def read(database: Database, connection: Connection) -> dict[str, Table]:
    """Every table and view as this connection sees them."""
    try:
        now = version(connection)
        known = _cache.get(database)
        if known is None or known[0] != now:
            known = _cache[database] = (now, read_tables(driver_of(connection)))
    except Exception as error:
        raise dialects.translate(error) from error
    return known[1]


def read_tables(driver: Any) -> dict[str, Table]:
    """Every table and view, through the driver's own connection."""
    listed = driver.execute(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual')"
        " ORDER BY name COLLATE NOCASE"
    ).fetchall()
    shown = [row for row in listed if not row[0].startswith((OWN, "sqlite_"))]
    return {name: _read_table(driver, name, kind, bool(without)) for name, kind, without in shown}


def inner_tables(driver: Any) -> list[str]:
    """The names of the tables in which virtual ones, such as full-text indexes, keep what they hold."""
    found = driver.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
    return [name for (name,) in found.fetchall()]


def _read_table(driver: Any, name: str, kind: str, without_rowid: bool) -> Table:
    try:
        rows = driver.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    except Exception:  # noqa: BLE001 - a view over a table that is gone is listed, with no columns
        rows = []
    keys = _foreign_keys(driver, name)
    references = {key.columns[0]: (key.table, key.references[0]) for key in keys if len(key.columns) == 1}
    in_key = sum(1 for row in rows if row[5])
    columns = tuple(_column(row, in_key, references.get(row[1]), without_rowid) for row in rows if row[6] != 1)
    has_key = in_key > 0 or kind != "table" or without_rowid
    return Table(name, columns, "view" if kind == "view" else "table", keys, None if has_key else row_id(columns))


def _column(row: Sequence[Any], in_key: int, references: tuple[str, str] | None, without_rowid: bool) -> Column:
    _, name, declared, not_null, default, place, hidden = row
    return Column(
        name=name,
        type=declared,
        kind=dialects.kind_of(declared),
        nullable=not not_null and not (place and (without_rowid or declared.upper() == "INTEGER")),
        default=default,
        primary_key=place,
        generated=hidden in {2, 3},
        automatic=place == 1 and in_key == 1 and declared.upper() == "INTEGER" and not without_rowid,
        references=references,
    )


def row_id(columns: Sequence[Column]) -> str | None:
    """The name by which SQLite knows the hidden integer key beside these columns."""
    taken = {column.name.casefold() for column in columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)


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


TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "INTEGER": sa.Integer,
    "TEXT": sa.Text,
    "REAL": sa.REAL,
    "NUMERIC": sa.Numeric,
    "BOOLEAN": sa.Boolean,
    "DATE": sa.Date,
    "DATETIME": sa.DateTime,
    "JSON": sa.JSON,
    "BLOB": sa.LargeBinary,
}
"""The types that a new column may have, by the names that a person writes."""


def create(connection: Connection, name: str, columns: Sequence[Column]) -> str:
    """Creates a table and gives the SQL that did it."""
    metadata = sa.MetaData()
    made = sa.Table(name, metadata, *(_new_column(column) for column in columns))
    connection.execute(sa.schema.CreateTable(made))
    return str(sa.schema.CreateTable(made).compile(connection)).strip()


def _new_column(column: Column) -> sa.Column[Any]:
    constraints = [sa.ForeignKey(_target(column.references))] if column.references else []
    return sa.Column(
        column.name,
        TYPES[column.type](),
        *constraints,
        primary_key=bool(column.primary_key),
        nullable=column.nullable,
        server_default=sa.literal_column(column.default) if column.default is not None else None,
    )


def _target(references: tuple[str, str]) -> Any:
    return sa.Table(references[0], sa.MetaData(), sa.Column(references[1])).c[references[1]]


def drop(connection: Connection, name: str) -> None:
    """Drops a table."""
    connection.execute(sa.schema.DropTable(sa.Table(name, sa.MetaData())))


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


def has_triggers(connection: Connection, name: str) -> bool:
    """Whether the database itself does something when rows of this table change."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
    return driver_of(connection).execute(sql, [name]).fetchone() is not None


def read_own(connection: Connection, name: str) -> Table:
    """One of our own tables, which are never listed."""
    return _read_table(driver_of(connection), name, "table", without_rowid=False)
