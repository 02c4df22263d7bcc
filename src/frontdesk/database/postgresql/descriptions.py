"""The SQL that makes a table, a view or a column as it stands: PostgreSQL keeps no text of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from frontdesk.database.postgresql.drivers import driver_of

_RELATION = """
SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname), array_to_string(c.reloptions, ', '),
       c.relispartition OR c.relkind = 'p'
       OR EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE c.oid IN (inhrelid, inhparent))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s"""

_COLUMNS = """
SELECT a.attnum, a.attname, quote_ident(a.attname),
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation THEN
         (SELECT ' COLLATE ' || quote_ident(o.nspname) || '.' || quote_ident(l.collname) FROM pg_catalog.pg_collation l
          JOIN pg_catalog.pg_namespace o ON o.oid = l.collnamespace WHERE l.oid = a.attcollation) ELSE '' END,
       CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid), a.attnotnull, quote_literal(col_description(a.attrelid, a.attnum))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

_CONSTRAINTS = """
SELECT quote_ident(k.conname), 'CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid),
       k.contype, k.confrelid <> k.conrelid
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = %(table)s AND k.contype IN ('p', 'u', 'c', 'x', 'f')
  AND (%(column)s::smallint IS NULL OR %(column)s::smallint = ANY(k.conkey))
ORDER BY position(k.contype::text IN 'pucxf'), k.conname"""

_INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %(table)s AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid
                                             AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))
  AND (%(column)s::smallint IS NULL OR %(column)s::smallint = ANY(i.indkey) OR EXISTS
       (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = %(column)s::smallint))
ORDER BY c.relname"""


@dataclass(frozen=True)
class Relation:
    """A table, view or index: its number and kind (r, v, m, i, …), its name and its options as SQL writes them."""

    oid: int
    kind: str
    written: str
    options: str | None
    related: bool  # to others by partitions or inheritance


@dataclass(frozen=True)
class Column:
    """A column as the server describes it."""

    number: int
    name: str
    written: str
    type: str
    identity: str
    generated: str  # s stored, v virtual
    default: str | None
    required: bool
    comment: str | None

    def sql(self, *, required: bool | None = None) -> str:
        """The column as SQL defines it."""
        text = f"{self.written} {self.type}"
        if self.identity:
            text += f" GENERATED {self.identity} AS IDENTITY"
        if self.generated:
            text += f" GENERATED ALWAYS AS ({self.default}) {'STORED' if self.generated == 's' else 'VIRTUAL'}"
        elif self.default is not None:
            text += f" DEFAULT {self.default}"
        return text + (" NOT NULL" if (self.required if required is None else required) else "")


@dataclass(frozen=True)
class Constraint:
    """A rule of a table, by its name as SQL writes it."""

    written: str
    sql: str
    kind: str
    refers: bool  # to another table


@contextmanager
def written_out(connection: Connection) -> Iterator[Any]:
    """The driver's connection, describing every name with its schema until the block ends; within a transaction."""
    driver = driver_of(connection)
    (path,) = driver.execute("SELECT current_setting('search_path')").fetchone() or ("",)
    driver.execute("SELECT set_config('search_path', '', true)")
    yield driver  # after an error a rollback sets it back
    driver.execute("SELECT set_config('search_path', %s, true)", [path])


def relation(connection: Connection, schema: str, bare: str) -> Relation | None:
    """What stands under this name."""
    found = driver_of(connection).execute(_RELATION, [schema, bare]).fetchone()
    return found and Relation(*found)


def columns(driver: Any, oid: int) -> list[Column]:
    """The columns in their order."""
    return [Column(*row) for row in driver.execute(_COLUMNS, [oid]).fetchall()]


def constraints(driver: Any, oid: int, column: int | None = None) -> list[Constraint]:
    """The rules of a table, or those that hold this column."""
    found = driver.execute(_CONSTRAINTS, {"table": oid, "column": column}).fetchall()
    return [Constraint(row[0], row[1], row[2], bool(row[3])) for row in found]


def indexes(driver: Any, oid: int, column: int | None = None) -> list[tuple[str, str]]:
    """Name and SQL of the indexes that no rule made, or of those that hold this column."""
    return [tuple(row) for row in driver.execute(_INDEXES, {"table": oid, "column": column}).fetchall()]


def sql(connection: Connection, schema: str, bare: str) -> str | None:
    """The SQL that makes the table, view or index with what stands on it; None where there is none."""
    found = relation(connection, schema, bare)
    if found is None:
        return None
    with written_out(connection) as driver:
        return ";\n".join(statements(driver, found))


def statements(driver: Any, found: Relation) -> list[str]:
    """The statements that make a table, view or index, one after the other; within `written_out`."""
    if found.kind in {"i", "I"}:
        return [str(driver.execute("SELECT pg_get_indexdef(%s)", [found.oid]).fetchone()[0])]
    options = f" WITH ({found.options})" if found.options else ""
    below = [made for _, made in indexes(driver, found.oid)]
    if found.kind in {"v", "m"}:
        body = str(driver.execute("SELECT pg_get_viewdef(%s)", [found.oid]).fetchone()[0])
        what = "VIEW" if found.kind == "v" else "MATERIALIZED VIEW"
        return [f"CREATE {what} {found.written}{options} AS\n{body.rstrip().rstrip(';')}", *below]
    parts = [column.sql() for column in columns(driver, found.oid)]
    parts += [constraint.sql for constraint in constraints(driver, found.oid)]
    listed = ",\n  ".join(parts)
    return [f"CREATE TABLE {found.written} (\n  {listed}\n){options}", *below]
