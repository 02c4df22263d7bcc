"""PostgreSQL's tables altered in steps, each with the step that takes it back.

A table that is deleted moves under a hidden name into Frontdesk's own schema: so it comes back as it was, with its
rows, indexes, rules and drawn keys.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import steps, values
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Column as Known
from frontdesk.database.definitions import Table
from frontdesk.database.postgresql import OWN_SCHEMA, catalog, descriptions, redefinitions, relations
from frontdesk.database.postgresql import details as made
from frontdesk.database.postgresql.catalog import execute
from frontdesk.database.postgresql.descriptions import Column, Relation
from frontdesk.database.postgresql.drivers import driver_of
from frontdesk.database.steps import Step

_DEPENDING = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid <> %(table)s AND c.oid IN (
  SELECT conrelid FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = %(table)s
  UNION SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = %(table)s
  UNION SELECT r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s)
ORDER BY n.nspname <> 'public', n.nspname, c.relname"""

_PARTS = """
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'INDEX' END, c.relname FROM pg_catalog.pg_class c
WHERE c.oid IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = %(table)s)
   OR c.relkind = 'S' AND c.oid IN
      (SELECT objid FROM pg_catalog.pg_depend WHERE classid = 'pg_class'::regclass
       AND refclassid = 'pg_class'::regclass AND refobjid = %(table)s AND deptype IN ('a', 'i'))
ORDER BY c.relname"""


def sql_of(connection: Connection, name: str, kind: str = "table") -> str | None:
    """The SQL that would make the table, view or index of this name as it is; None when there is none."""
    return descriptions.sql(connection, *catalog.place(connection, name))


def stands(connection: Connection, name: str, sql: str) -> bool:
    """Whether the table or view is still as this SQL describes it."""
    return sql_of(connection, name) == sql


def referring(connection: Connection, name: str) -> list[str]:
    """The other tables that refer to this one, and the views that show it."""
    found = descriptions.relation(connection, *catalog.place(connection, name))
    if found is None:
        return []
    rows = driver_of(connection).execute(_DEPENDING, {"table": found.oid}).fetchall()
    return [catalog.listed(connection, f"{schema}.{bare}") for schema, bare in rows]


def check_unreferred(connection: Connection, name: str) -> None:
    """Raises ConflictError naming the tables and views that need this one."""
    steps.check_unreferred(name, referring(connection, name), "tables and views")


def apply(connection: Connection, step: Step) -> Step | None:
    """Carries out a step and gives the one that takes it back; None when nothing does."""
    verb, *given = step
    with connection.begin_nested():  # after a refusal the transaction goes on
        # A table with checks that wait for the end of the transaction cannot be altered.
        driver_of(connection).execute("SET CONSTRAINTS ALL IMMEDIATE")
        return _VERBS[verb](connection, *given)


def _rename_table(connection: Connection, old: str, new: str) -> Step:
    relations.read(connection, old)
    catalog.rename(connection, old, new)
    return ["rename_table", new, old]


def _rename_column(connection: Connection, table: str, old: str, new: str) -> Step:
    execute(connection, f"ALTER TABLE {relations.at(connection, table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}")
    return ["rename_column", table, new, old]


def _add_column(
    connection: Connection, table: str, name: str, definition: str, kept: str | None = None, rules: Sequence[str] = ()
) -> Step:
    """With the values in `kept`, where there are, and what then makes the rules and indexes that held the column."""
    at = relations.at(connection, table)
    execute(connection, f"ALTER TABLE {at} ADD COLUMN {definition}")
    if kept is not None:
        place = " AND ".join(
            f"k.k{number} = t.{quoted(part)}" for number, part in enumerate(relations.read(connection, table).key)
        )
        with relations.without_triggers(connection, table):
            execute(
                connection,
                f"UPDATE {at} AS t SET {quoted(name)} = k.v FROM {relations.hidden(kept)} AS k WHERE {place}",
            )
        execute(connection, f"DROP TABLE {relations.hidden(kept)}")
    for sql in rules:
        execute(connection, sql)
    return ["drop_column", table, name, kept is None]


def _drop_column(connection: Connection, table: str, name: str, unused: bool) -> Step | None:
    """With `unused` only while every row has the column's default."""
    at, found = relations.at(connection, table), relations.relation(connection, table)
    with descriptions.written_out(connection) as driver:
        column = next((one for one in descriptions.columns(driver, found.oid) if one.name == name), None)
        if column is None:
            raise errors.ConflictError(f"{table} has no column {name}.")
        if unused and not column.generated and relations.any_row(driver, at, _valued(column)):
            raise errors.ConflictError(f"Rows have values in {name}.", "Drop the column instead.")
        back = _keep_column(connection, relations.read(connection, table), found, column)
    execute(connection, f"ALTER TABLE {at} DROP COLUMN {quoted(name)}")
    return back


def _valued(column: Column) -> str:
    """SQL for the rows that would not have their value back by the column's default; empty for all."""
    if column.default is None:
        return f"{column.written} IS NOT NULL"
    if not catalog.CONSTANT.fullmatch(column.default):
        return ""
    bare = column.type.partition(" COLLATE ")[0]
    return f"{column.written}::text IS DISTINCT FROM CAST({column.default} AS {bare})::text"


def _keep_column(connection: Connection, table: Table, found: Relation, column: Column) -> Step | None:
    """Keeps the column's values; gives the step that brings it back, None when it would not be as it was."""
    driver, at = driver_of(connection), found.written
    sequence = "SELECT pg_get_serial_sequence(%s, %s)"
    if column.identity or (driver.execute(sequence, [at, column.name]).fetchone() or [None])[0]:
        return None
    where = f" WHERE {_valued(column)}" if _valued(column) else ""
    kept = None
    if not column.generated and relations.any_row(driver, at, _valued(column)):
        if not table.key or relations.count(driver, at, where) > steps.MOST_KEPT:
            return None
        kept = relations.free(connection)
        chosen = ", ".join(f"{quoted(part)} AS k{number}" for number, part in enumerate(table.key))
        execute(
            connection,
            f"CREATE TABLE {relations.hidden(kept)} AS SELECT {chosen}, {column.written} AS v FROM {at}{where}",
        )
        places = ", ".join(f"k{number}" for number in range(len(table.key)))
        execute(connection, f"ALTER TABLE {relations.hidden(kept)} ADD PRIMARY KEY ({places})")
    return ["add_column", table.name, column.name, column.sql(required=False), kept, _rules(driver, found, column)]


def _rules(driver: Any, found: Relation, column: Column) -> list[str]:
    """What makes a column anew as it was, once its values are there; within `written_out`."""
    alter = f"ALTER TABLE {found.written}"
    made = [f"{alter} ALTER COLUMN {column.written} SET NOT NULL"] if column.required else []
    made += [f"{alter} ADD {rule.sql}" for rule in descriptions.constraints(driver, found.oid, column.number)]
    made += [sql for _, sql in descriptions.indexes(driver, found.oid, column.number)]
    if column.comment:
        made.append(f"COMMENT ON COLUMN {found.written}.{column.written} IS {column.comment}")
    return made


def _create(connection: Connection, made: Sequence[Sequence[str]]) -> Step:
    """Makes parts, each a type, a name and its SQL."""
    for _, _, sql in made:
        execute(connection, sql)
    kind, name, _ = made[0]
    return ["drop", kind, name]


def _drop(connection: Connection, kind: str, name: str) -> Step:
    """Drops an index, a view or a table without rows."""
    found = descriptions.relation(connection, *catalog.place(connection, name))
    if found is None:
        raise errors.ConflictError(f"The {kind} {name} is no longer there.")
    check_unreferred(connection, name)
    if found.kind in {"r", "p"}:
        if relations.any_row(driver_of(connection), found.written):
            raise errors.ConflictError(f"The table {name} holds rows.")
        return _hide(connection, name, found, ["drop", "table", name])
    what = {"v": "VIEW", "m": "MATERIALIZED VIEW", "i": "INDEX"}.get(found.kind)
    if what is None:
        raise errors.ConflictError(f"{name} is a table of another server.", "Drop it in another program.")
    with descriptions.written_out(connection) as driver:
        made = [[kind, name, sql] for sql in descriptions.statements(driver, found)]
        made += [[kind, name, sql] for sql in _on_view(driver, found)]
    execute(connection, f"DROP {what} {found.written}")
    return ["create", made]


def _on_view(driver: Any, found: Relation) -> list[str]:
    """What stands on a view besides its indexes: triggers and its comment."""
    sql = "SELECT pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE tgrelid = %s AND NOT tgisinternal"
    made = [str(row[0]) for row in driver.execute(sql, [found.oid]).fetchall()]
    comment = "SELECT quote_literal(obj_description(%s, 'pg_class'))"
    (text,) = driver.execute(comment, [found.oid]).fetchone()
    what = "VIEW" if found.kind == "v" else "MATERIALIZED VIEW"
    return [*made, *([f"COMMENT ON {what} {found.written} IS {text}"] if text else [])]


def _delete(connection: Connection, name: str) -> Step:
    """Deletes a table with its rows, which stay under a hidden name."""
    found = relations.relation(connection, name)
    if found.related:
        raise errors.ConflictError(f"{name} is in parts, or inherits.", "Delete it in another program.")
    check_unreferred(connection, name)
    return _hide(connection, name, found, ["delete", name])


def _hide(connection: Connection, name: str, found: Relation, again: Step) -> Step:
    """Moves a table into our schema under a hidden name; gives the step that brings it back and leaves `again`.

    What it refers to is dropped, so that a table that is away stands in nobody's way.
    """
    schema, bare = catalog.place(connection, name)
    kept = relations.free(connection)
    with descriptions.written_out(connection) as driver:
        rules = [rule for rule in descriptions.constraints(driver, found.oid) if rule.kind == "f" and rule.refers]
        parts = driver.execute(_PARTS, {"table": found.oid}).fetchall()
    for rule in rules:
        execute(connection, f"ALTER TABLE {found.written} DROP CONSTRAINT {rule.written}")
    hidden = [[kind, f"{kept}_{number}", part] for number, (kind, part) in enumerate(parts)]
    for kind, now, then in hidden:
        execute(connection, f"ALTER {kind} {quoted(schema)}.{quoted(then)} RENAME TO {quoted(now)}")
    execute(connection, f"ALTER TABLE {found.written} RENAME TO {quoted(kept)}")
    execute(connection, f"ALTER TABLE {quoted(schema)}.{quoted(kept)} SET SCHEMA {quoted(OWN_SCHEMA)}")
    place = {"schema": schema, "name": bare, "parts": hidden, "rules": [rule.sql for rule in rules]}
    return ["restore", name, kept, place, again]


def _restore(connection: Connection, name: str, kept: str, place: Mapping[str, Any], again: Step) -> Step:
    """Moves a deleted table back, then makes what it refers to."""
    schema, bare = place["schema"], place["name"]
    if descriptions.relation(connection, schema, bare) is not None:
        raise errors.ConflictError(f"There is another table {name} now.", "Rename that one first.")
    if descriptions.relation(connection, OWN_SCHEMA, kept) is None:
        raise errors.ConflictError(f"The rows of {name} are no longer kept.")
    at = f"{quoted(schema)}.{quoted(bare)}"
    execute(connection, f"ALTER TABLE {relations.hidden(kept)} SET SCHEMA {quoted(schema)}")
    execute(connection, f"ALTER TABLE {quoted(schema)}.{quoted(kept)} RENAME TO {quoted(bare)}")
    for kind, now, then in place["parts"]:
        execute(connection, f"ALTER {kind} {quoted(schema)}.{quoted(now)} RENAME TO {quoted(then)}")
    for rule in place["rules"]:
        execute(connection, f"ALTER TABLE {at} ADD {rule}")
    return again


def _several(connection: Connection, several: Sequence[Step]) -> Step | None:
    """Carries out steps one after the other."""
    back = [_VERBS[verb](connection, *given) for verb, *given in several]
    return None if None in back else ["several", back[::-1]]


_VERBS: dict[str, Callable[..., Step | None]] = {
    "rename_table": _rename_table,
    "rename_column": _rename_column,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "create": _create,
    "drop": _drop,
    "delete": _delete,
    "restore": _restore,
    "redefine": redefinitions.redefine,
    "recast": redefinitions.recast,
    "execute": redefinitions.carry_out,
    "several": _several,
}


def definition(connection: Connection, column: Known) -> str:
    """The column as SQL defines it."""
    return catalog.definition(connection, column)


def holds(connection: Connection, kept: str, key: Sequence[Any]) -> bool:
    """Whether a value is kept of the row that had this key."""
    place = " AND ".join(f"k{number} = %s" for number in range(len(key)))
    found = driver_of(connection).execute(
        f"SELECT 1 FROM {relations.hidden(kept)} WHERE {place}", [values.as_text(value) for value in key]
    )
    return found.fetchone() is not None


details = made.details
index_step = made.index_step
