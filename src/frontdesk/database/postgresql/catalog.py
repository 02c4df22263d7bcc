"""PostgreSQL's own description of its tables, and what it does to them as a whole."""

import json
import re
import threading
from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.pool import Pool

from frontdesk.database import dialects, steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Column, ForeignKey, Search, Table
from frontdesk.database.postgresql import OWN_SCHEMA, descriptions, drivers, fulltext, types, versions
from frontdesk.database.postgresql.drivers import driver_of

DEFAULT_SCHEMA = "public"
"""The schema whose tables are named without it."""
ROW_ID = f"{OWN}row"
"""The hidden key of tables that Frontdesk makes without a primary key."""

CONSTANT = re.compile(
    r"(?:'(?:[^']|'')*'|-?[\d.]+(?:e[+-]?\d+)?|true|false|NULL)(?:::[\w .\"\[\](),]+)?", re.IGNORECASE
)
"""A default that is the same for every row, as the server writes it."""

_VERSION = " || ':' || ".join(
    f"(SELECT count(*) || '.' || coalesce(sum(xmin::text::bigint), 0) FROM pg_catalog.{table} WHERE {key} >= 16384)"  # noqa: S608 - names written below
    for table, key in (
        ("pg_class", "oid"),
        ("pg_attribute", "attrelid"),
        ("pg_constraint", "oid"),
        ("pg_attrdef", "oid"),
        ("pg_enum", "oid"),
        ("pg_namespace", "oid"),
    )
)

_RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> %(own)s
  AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY n.nspname <> 'public', n.nspname, lower(c.relname), c.relname"""

_COLUMNS = """
SELECT a.attrelid, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), b.typname, b.typtype, t.typelem <> 0
       AND t.typlen = -1 AND t.typcategory = 'A', a.attnotnull OR t.typnotnull, a.attidentity, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid), a.atttypmod,
       CASE WHEN b.typtype = 'e' THEN
         (SELECT array_to_json(array_agg(e.enumlabel ORDER BY e.enumsortorder))::text FROM pg_catalog.pg_enum e
          WHERE e.enumtypid = b.oid)
       END, format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype
                                          WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%(relations)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum"""

_CONSTRAINTS = """
SELECT k.conrelid, k.contype, k.confupdtype, k.confdeltype, fn.nspname, fc.relname,
       (SELECT array_to_json(array_agg(f.attname ORDER BY o.place))::text
        FROM unnest(k.conkey) WITH ORDINALITY AS o(number, place)
        JOIN pg_catalog.pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = o.number),
       (SELECT array_to_json(array_agg(f.attname ORDER BY o.place))::text
        FROM unnest(k.confkey) WITH ORDINALITY AS o(number, place)
        JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = o.number)
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
WHERE k.conrelid = ANY(%(relations)s) AND k.contype IN ('p', 'f')
ORDER BY k.oid"""

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

_seen: WeakKeyDictionary[Pool, Hashable] = WeakKeyDictionary()
_looking = threading.Lock()


def version(connection: Connection) -> Hashable:
    """What changes with every change of the schema; up to a second old where one only reads."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        return _version(connection)
    found = versions.known(connection.engine)
    if found is None:
        found = _version(connection)
        versions.keep(connection.engine, found)
    return found


def _version(connection: Connection) -> Hashable:
    found = driver_of(connection).execute(f"SELECT {_VERSION}").fetchone()
    now = None if found is None else str(found[0])
    with _looking:
        last = _seen.get(connection.engine.pool, now)
        _seen[connection.engine.pool] = now
    if now != last:
        drivers.plan_anew(connection)
    return now


def forget() -> None:
    """Has the next one who reads look whether the schema has changed."""
    versions.forget()


def read(connection: Connection) -> dict[str, Table]:
    """Every table, view and materialised view, those of other schemas than the default one as `schema.table`."""
    driver = driver_of(connection)
    found = driver.execute(_RELATIONS, {"own": OWN_SCHEMA}).fetchall()
    return _read(driver, [row for row in found if not row[2].startswith(OWN)])


def read_own(connection: Connection, name: str) -> Table:
    """One of our own tables, which are never listed."""
    driver = driver_of(connection)
    schema, bare = place(connection, name)
    sql = (
        "SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"
    )
    return next(iter(_read(driver, driver.execute(sql, [schema, bare]).fetchall()).values()))


def _read(driver: Any, relations: Sequence[Any]) -> dict[str, Table]:
    wanted = {"relations": [row[0] for row in relations]}
    columns: dict[int, list[Any]] = {}
    constraints: dict[int, list[Any]] = {}
    for row in driver.execute(_COLUMNS, wanted).fetchall():
        columns.setdefault(row[0], []).append(row)
    for row in driver.execute(_CONSTRAINTS, wanted).fetchall():
        constraints.setdefault(row[0], []).append(row)
    schemas = {row[1] for row in relations} | {DEFAULT_SCHEMA, OWN_SCHEMA}
    searches = fulltext.read(driver, wanted["relations"])
    tables = {}
    for row in relations:
        table = _table(row, columns.get(row[0], []), constraints.get(row[0], []), schemas)
        tables[table.name] = replace(table, search=_search(table, searches.get(row[0], [])))
    return tables


def _search(table: Table, found: Sequence[tuple[str, str, str]]) -> Search | None:
    """The full-text index of the most columns."""
    names = [column.name for column in table.columns]
    made = [fulltext.search(names, name, expression, json.loads(columns)) for name, expression, columns in found]
    return max(made, key=lambda one: len(one.columns), default=None)


def _table(relation: Any, rows: Sequence[Any], constraints: Sequence[Any], schemas: set[str]) -> Table:
    _, schema, bare, kind = relation
    primary: list[str] = next((json.loads(row[6]) for row in constraints if row[1] == "p"), [])
    keys = tuple(_foreign_key(row, schemas) for row in constraints if row[1] == "f")
    references = {key.columns[0]: (key.table, key.references[0]) for key in keys if len(key.columns) == 1}
    columns = tuple(_column(row, primary, references.get(row[1])) for row in rows if row[1] != ROW_ID)
    hidden = ROW_ID if any(row[1] == ROW_ID for row in rows) else None
    what = "table" if kind in {"r", "p"} else "view"
    return Table(name_of(schema, bare, schemas), columns, what, keys, hidden, schema, bare)


def name_of(schema: str, bare: str, schemas: Collection[str]) -> str:
    """How a table is named: by its schema too where that is not the default one."""
    unclear = "." in bare and bare.partition(".")[0] in schemas
    return bare if schema == DEFAULT_SCHEMA and not unclear else f"{schema}.{bare}"


def place(connection: Connection, name: str) -> tuple[str, str]:
    """The schema and the bare name of a table; what stands before a point is a schema where there is such a one."""
    schema, point, bare = name.partition(".")
    if point and bare:
        sql = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"
        if driver_of(connection).execute(sql, [schema]).fetchone():
            return schema, bare
    return DEFAULT_SCHEMA, name


def listed(connection: Connection, name: str) -> str:
    """The name by which a table is listed that is named so, with its schema or without."""
    schema, bare = place(connection, name)
    unclear = bare.partition(".")[0] if "." in bare else ""
    sql = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = %s"
    schemas = {row[0] for row in driver_of(connection).execute(sql, [unclear]).fetchall()} if unclear else set()
    return name_of(schema, bare, schemas | {DEFAULT_SCHEMA, OWN_SCHEMA})


def written(connection: Connection, name: str) -> str:
    """The name of a table as SQL writes it."""
    return ".".join(map(quoted, place(connection, name)))


def _column(row: Any, primary: list[str], references: tuple[str, str] | None) -> Column:
    _, name, _, declared, type_name, type_kind, array, not_null, identity, generated, default, _, labels, below = row
    drawn = bool(identity) or (default or "").startswith("nextval(")
    choices = tuple(json.loads(labels)) if labels else ()
    array = bool(array) and type_name != "box"  # whose items stand apart by another sign
    return Column(
        name=name,
        type=declared,
        kind=types.kind_of(type_name, array=array, choices=bool(choices)),
        nullable=not not_null,
        default=None if drawn or generated else default,
        primary_key=primary.index(name) + 1 if name in primary else 0,
        generated=bool(generated),
        automatic=drawn,
        references=references,
        array=array,
        choices=choices,
        length=types.length_of(below),
        limits=types.LIMITS.get(type_name),
        item=types.kind_of(type_name, array=False, choices=bool(choices)) if array else "",
        exact=type_name == "numeric",
        digits=types.digits_of(below),
        zoned={"timestamp": False, "timestamptz": True}.get(type_name),
        sortable=type_name not in types.UNSORTED and type_kind != "c",
        blank=type_name in types.BLANK,
    )


def _foreign_key(row: Any, schemas: set[str]) -> ForeignKey:
    target = name_of(row[4], row[5], schemas)
    on_update, on_delete = _ACTIONS[row[2]], _ACTIONS[row[3]]
    return ForeignKey(tuple(json.loads(row[6])), target, tuple(json.loads(row[7])), on_update, on_delete)


def create(connection: Connection, name: str, columns: Sequence[Column]) -> str:
    """Creates a table, with a hidden key where no column is one, and gives the SQL that did it."""
    keyed = sorted((column for column in columns if column.primary_key), key=lambda column: column.primary_key)
    drawn = keyed[0].name if len(keyed) == 1 and keyed[0].type == "INTEGER" and keyed[0].default is None else None
    parts = [definition(connection, replace(one, automatic=True) if one.name == drawn else one) for one in columns]
    if keyed:
        parts.append(f"PRIMARY KEY ({', '.join(quoted(column.name) for column in keyed)})")
    else:
        parts.append(f"{quoted(ROW_ID)} bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
    sql = f"CREATE TABLE {written(connection, name)} (\n\t{', '.join(parts)}\n)"
    execute(connection, sql)
    return descriptions.sql(connection, *place(connection, name)) or sql


def definition(connection: Connection, column: Column) -> str:
    """The column as SQL defines it; a key of one integer column draws its values, as SQLite's does."""
    declared = types.NEW.get(column.type, column.type)
    text = f"{quoted(column.name)} {declared}"
    if column.automatic:
        text += " GENERATED BY DEFAULT AS IDENTITY"
    if not column.nullable:
        text += " NOT NULL"
    if column.default is not None:
        text += f" DEFAULT {default(column)}"
    if column.references:
        table, referred = column.references
        text += f" REFERENCES {written(connection, table)} ({quoted(referred)})"
    return text


def default(column: Column) -> str:
    """The default, as SQLite's SQL has it, as PostgreSQL's."""
    text = str(column.default)
    if column.kind == "boolean" and text in {"0", "1"}:
        return "true" if text == "1" else "false"
    if text.startswith("X'"):
        return f"'\\x{text[2:-1]}'::bytea"
    return text


def execute(connection: Connection, sql: str) -> None:
    """Carries out a definition. Raises our errors."""
    if f"{steps.KEPT}" not in sql:
        steps.tell(connection, sql)
    try:
        driver_of(connection).execute(sql)
    except Exception as error:
        raise dialects.translate(error) from error
    forget()


def drop(connection: Connection, name: str) -> None:
    """Drops a table."""
    execute(connection, f"DROP TABLE {written(connection, name)}")


def rename(connection: Connection, name: str, new: str) -> str:
    """Renames a table, into another schema where the new name says so, and gives the SQL that creates it."""
    (schema, bare), (new_schema, new_bare) = place(connection, name), place(connection, new)
    if new_schema != schema:
        execute(connection, f"ALTER TABLE {quoted(schema)}.{quoted(bare)} SET SCHEMA {quoted(new_schema)}")
    if new_bare != bare:
        execute(connection, f"ALTER TABLE {quoted(new_schema)}.{quoted(bare)} RENAME TO {quoted(new_bare)}")
    return descriptions.sql(connection, new_schema, new_bare) or ""


def names(connection: Connection, prefix: str) -> list[str]:
    """The names of tables that begin so, our own ones too."""
    sql = (
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND starts_with(c.relname, %s) AND NOT starts_with(n.nspname, 'pg_')"
    )
    found = driver_of(connection).execute(sql, [prefix]).fetchall()
    return [bare if schema == DEFAULT_SCHEMA else f"{schema}.{bare}" for schema, bare in found]


def concerned(connection: Connection, table: Table, constraint: str) -> list[str]:
    """The columns that a CHECK of the table is about, by its name."""
    sql = (
        "SELECT a.attname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)"
        " WHERE n.nspname = %s AND c.relname = %s AND k.conname = %s ORDER BY a.attnum"
    )
    found = driver_of(connection).execute(sql, [table.schema, table.bare_name, constraint]).fetchall()
    return [str(name) for (name,) in found]


def has_triggers(connection: Connection, table: Table) -> bool:
    """Whether the database itself does something when rows of this table change."""
    sql = (
        "SELECT 1 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s AND NOT t.tgisinternal LIMIT 1"
    )
    return driver_of(connection).execute(sql, [table.schema, table.bare_name]).fetchone() is not None
