"""PostgreSQL's full-text indexes: GIN over the words of a row as they stand, of whatever language."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Search, Table
from frontdesk.database.postgresql.drivers import driver_of

PREFIX = f"{OWN}search_"
"""What the names of our indexes begin with."""

_LISTED = """
SELECT i.indrelid, c.relname, pg_get_expr(i.indexprs, i.indrelid),
       (SELECT array_to_json(array_agg(DISTINCT a.attname))::text FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indrelid = ANY(%(relations)s) AND m.amname = 'gin' AND i.indisvalid AND i.indpred IS NULL
  AND i.indnatts = 1 AND i.indexprs IS NOT NULL
ORDER BY c.relname"""

_WORDS = re.compile(r"to_tsvector\('simple'::regconfig, ")


def read(driver: Any, relations: Sequence[int]) -> dict[int, list[tuple[str, str, str]]]:
    """By a table's number its indexes of words: name, expression, and its columns as JSON."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    for table, name, expression, columns in driver.execute(_LISTED, {"relations": list(relations)}).fetchall():
        if _WORDS.match(expression):
            found.setdefault(table, []).append((name, expression, columns or "[]"))
    return found


def search(table: Sequence[str], name: str, expression: str, covered: Sequence[str]) -> Search:
    """An index of these columns, in the order of the table's own."""
    columns = tuple(column for column in table if column in covered)
    return Search(name, columns, name.startswith(PREFIX), expression=expression)


def statement(connection: Connection, table: Table, columns: Sequence[str]) -> tuple[str, str]:
    """The name of a new index, with its schema, and the SQL that makes it."""
    sql = (
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND starts_with(c.relname, %s)"
    )
    taken = {row[0] for row in driver_of(connection).execute(sql, [table.schema, PREFIX]).fetchall()}
    name = next(f"{PREFIX}{number}" for number in range(1, len(taken) + 2) if f"{PREFIX}{number}" not in taken)
    words = " || ' ' || ".join(f"coalesce({quoted(column)}::text, '')" for column in columns)
    on = f"{quoted(table.schema or '')}.{quoted(table.bare_name)}"
    return (
        f"{table.schema}.{name}",
        f"CREATE INDEX {quoted(name)} ON {on} USING gin (to_tsvector('simple'::regconfig, {words}))",
    )
