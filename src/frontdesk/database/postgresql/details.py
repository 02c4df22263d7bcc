"""What stands on a PostgreSQL table, as the server describes it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from frontdesk.database.connections import quoted
from frontdesk.database.details import Details, Index, Named, Reference
from frontdesk.database.postgresql import OWN_SCHEMA, catalog, descriptions, redefinitions, relations
from frontdesk.database.postgresql.drivers import driver_of
from frontdesk.database.steps import Step

_INDEXES = """
SELECT n.nspname, c.relname, i.indisunique, EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid
       AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')),
       pg_get_expr(i.indpred, i.indrelid),
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, o, true) FROM generate_series(1, i.indnkeyatts) AS o)::text[]
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = %s ORDER BY c.relname"""

_TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE tgrelid = %s AND NOT tgisinternal
ORDER BY tgname"""

_VIEWS = """
SELECT DISTINCT n.nspname, c.relname, c.oid FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s
  AND c.oid <> %(table)s ORDER BY n.nspname, c.relname"""


def details(connection: Connection, name: str) -> Details:
    """All that stands on a table or view."""
    found = descriptions.relation(connection, *catalog.place(connection, name))
    if found is None:
        return Details("")
    with descriptions.written_out(connection) as driver:
        sql = ";\n".join(descriptions.statements(driver, found))
        rules = descriptions.constraints(driver, found.oid) if found.kind in {"r", "p"} else []
        triggers = [Named(*row) for row in driver.execute(_TRIGGERS, [found.oid]).fetchall()]
        views = driver.execute(_VIEWS, {"table": found.oid}).fetchall()
        bodies = [str(driver.execute("SELECT pg_get_viewdef(%s)", [row[2]]).fetchone()[0]) for row in views]
    shown = [
        Named(catalog.listed(connection, f"{row[0]}.{row[1]}"), body) for row, body in zip(views, bodies, strict=True)
    ]
    return Details(
        sql,
        _indexes(connection, found.oid),
        tuple(redefinitions.condition(rule.sql) for rule in rules if rule.kind == "c"),
        _referring(connection, name),
        tuple(triggers),
        tuple(view for view in shown if not view.name.startswith(f"{OWN_SCHEMA}.")),
    )


def _indexes(connection: Connection, table: int) -> tuple[Index, ...]:
    found = []
    for schema, bare, unique, rule, where, parts in driver_of(connection).execute(_INDEXES, [table]).fetchall():
        name = bare if schema == catalog.DEFAULT_SCHEMA else f"{schema}.{bare}"
        found.append(Index(name, tuple(_listed(parts)), bool(unique), bool(rule), where or ""))
    return tuple(found)


def _listed(parts: Any) -> list[str]:
    from frontdesk.database.postgresql import arrays

    return [str(one) for one in (arrays.read(parts) if isinstance(parts, str) else parts)]


def _referring(connection: Connection, name: str) -> tuple[Reference, ...]:
    tables = catalog.read(connection).values()
    return tuple(
        Reference(table.name, key)
        for table in tables
        for key in table.foreign_keys
        if key.table == name and table.name != name
    )


def index_step(
    connection: Connection, table: str, name: str, columns: Sequence[str], *, unique: bool, where: str
) -> Step:
    """The step that makes an index in the schema of its table, under a name that is free."""
    schema, _ = catalog.place(connection, table)
    sql = "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    rows = driver_of(connection).execute(f"{sql} WHERE n.nspname = %s", [schema]).fetchall()
    taken = {row[0] for row in rows}
    free = next(one for one in (name, *(f"{name[:58]}_{number}" for number in range(2, 1000))) if one not in taken)
    what = "UNIQUE INDEX" if unique else "INDEX"
    made = f"CREATE {what} {quoted(free)} ON {relations.at(connection, table)} ({', '.join(map(quoted, columns))})"
    listed = free if schema == catalog.DEFAULT_SCHEMA else f"{schema}.{free}"
    return ["create", [["index", listed, f"{made} WHERE {where}" if where else made]]]
