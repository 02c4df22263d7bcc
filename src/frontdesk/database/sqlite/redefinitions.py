"""What is wished of a SQLite table's definition, made of the SQL that it has: types, NULL, defaults, order, rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import conversions, dialects, references, steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import ForeignKey, Table
from frontdesk.database.sqlite import declarations, parts, rebuilding
from frontdesk.database.sqlite.declarations import Declaration
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step

CONVERT, MISFIT = "frontdesk_converted", "frontdesk_misfit"


def redefine(connection: Connection, name: str, wish: Mapping[str, Any], leave: bool = False) -> Step | None:
    """Gives a table what is wished of `columns`, `order`, rules and foreign keys, by one rebuild; the step back.

    `leave` keeps values as they are that do not fit a new type. Raises ConflictError with the rows in the way.
    """
    table = parts.read(connection, name)
    declaration = declarations.parse(parts.table_sql(connection, name))
    if [one.name for one in declaration.columns] != [one.name for one in table.columns]:
        raise errors.ConflictError(f"The SQL of {name} is written in a way that is not read here.", "Use SQL.")
    driver, columns = driver_of(connection), wish.get("columns", {})
    for column, facts in columns.items():
        _check_required(driver, table, column, facts)
        declaration = rebuilding.changed(table.column(column), facts, declaration)
    declaration = _with_rules(connection, table, wish, declaration)
    if "order" in wish:
        declaration = declaration.ordered(wish["order"])
    kinds = {column: dialects.kind_of(facts["type"]) for column, facts in columns.items() if "type" in facts}
    sources = {column: f"{CONVERT}(o.{quoted(column)}, '{kind}')" for column, kind in kinds.items()}
    driver.create_function(CONVERT, 2, _converted)
    driver.create_function(MISFIT, 2, _misfit)
    try:
        for column, kind in kinds.items():
            _check_type(driver, table, column, kind, leave)
        return rebuilding.rebuild(connection, name, declaration.sql(name), sources=sources)
    finally:
        driver.create_function(CONVERT, 2, None)
        driver.create_function(MISFIT, 2, None)


def _converted(value: Any, kind: str) -> Any:
    try:
        return value if value is None else conversions.to(kind)(value)
    except ValueError:
        return value


def _misfit(value: Any, kind: str) -> str | None:
    try:
        if value is not None:
            conversions.to(kind)(value)
    except ValueError as error:
        return str(error)
    return None


def _check_type(driver: Any, table: Table, column: str, kind: str, leave: bool) -> None:
    at = table.column(column)
    if at.automatic:
        raise errors.ConflictError(f"{column} is numbered by the database: its type stays.")
    said = f"{MISFIT}({quoted(column)}, '{kind}')"
    if not leave:
        refuse(driver, table, f"{said} IS NOT NULL", f"Some values of {column} do not fit", said)
    if at.primary_key:
        moved = f"{quoted(column)} IS NOT {CONVERT}({quoted(column)}, '{kind}')"
        refuse(driver, table, moved, f"{column} is in the key", "'The key would change.'")


def _check_required(driver: Any, table: Table, column: str, facts: Mapping[str, Any]) -> None:
    if facts.get("nullable") is False:
        refuse(driver, table, f"{quoted(column)} IS NULL", f"{column} needs a value in every row", "'It has none.'")


def refuse(driver: Any, table: Table, where: str, sentence: str, reason: str) -> None:
    """Raises ConflictError where rows fit a condition, counted, the first named by their keys with the reason."""
    source = f"FROM {quoted(table.name)} WHERE {where}"
    (found,) = driver.execute(f"SELECT count(*) {source}").fetchone()
    if found:
        key = [quoted(part) for part in table.key]
        rows = driver.execute(f"SELECT {', '.join((*key, reason))} {source} LIMIT {steps.SHOWN}").fetchall()
        raise steps.refusal(found, [(row[:-1], row[-1]) for row in rows], sentence)


def _with_rules(connection: Connection, table: Table, wish: Mapping[str, Any], declaration: Declaration) -> Declaration:
    driver = driver_of(connection)
    for check in wish.get("drop_checks", ()):
        gone = _is_check(check)
        declaration = _without(declaration, gone, f"{table.name} has no CHECK ({check}).")
    for given in wish.get("drop_foreign_keys", ()):
        gone = _is_key(ForeignKey(tuple(given["columns"]), given["table"], ()))
        declaration = _without(declaration, gone, f"{table.name} has no such foreign key.")
    for check in wish.get("add_checks", ()):
        declaration = declaration.with_rule(f"CHECK ({check})")
        refuse(driver, table, f"NOT ({check})", f"CHECK ({check})", "'It says no to this row.'")
    for given in wish.get("add_foreign_keys", ()):
        key = ForeignKey(**{**given, "columns": tuple(given["columns"]), "references": tuple(given["references"])})
        declaration = declaration.with_rule(references.sql(key, quoted(key.table)))
        missing = references.missing(key, quoted(table.name), quoted(key.table))
        reason = references.reason(key, quoted(table.name))
        refuse(driver, table, missing, f"Not every row refers to one of {key.table}", reason)
    return declaration


def _is_check(check: str) -> Callable[[str | None, Sequence[str]], bool]:
    wanted = declarations.plain(check)
    return lambda _, clause: (
        declarations.kind(clause) == "check" and declarations.plain(declarations.inside(clause)) == wanted
    )


def _is_key(key: ForeignKey) -> Callable[[str | None, Sequence[str]], bool]:
    return lambda name, clause: declarations.refers(name, clause, key)


def _without(declaration: Declaration, gone: Callable[[str | None, Any], bool], sentence: str) -> Declaration:
    found = declaration.without(gone)
    if found == declaration:
        raise errors.ConflictError(sentence)
    return found
