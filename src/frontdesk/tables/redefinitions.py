"""What is wished of a table beyond its columns' names: types, NULL, defaults, order, rules, references, indexes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frontdesk.database import alterations, dialects, expressions, references, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Column, Table
from frontdesk.database.steps import Step
from frontdesk.errors import InputError
from frontdesk.tables import structure

KNOWN = (
    "columns",
    "order",
    "add_checks",
    "drop_checks",
    "add_foreign_keys",
    "drop_foreign_keys",
    "add_indexes",
    "drop_indexes",
    "misfits",
)
_FACTS = ("type", "nullable", "default")
_KEY = {"columns", "table", "references", "on_delete", "on_update"}
_INDEX = {"name", "columns", "unique", "where"}
MISFITS = ("refuse", "leave")
ORDER = "PostgreSQL keeps its columns in the order in which they were added: a view can show them in another."


def steps_of(database: Database, table: Table, names: Sequence[str], given: Mapping[str, Any]) -> list[Step]:
    """The steps for what is wished, of a table that has columns of these names by then.

    Raises InputError naming every wrong field.
    """
    wrong: dict[str, str] = {}
    wish: dict[str, Any] = {}
    made: dict[str, Callable[[], Any]] = {
        "columns": lambda: _columns(database, table, names, given["columns"]),
        "order": lambda: _order(database, names, given["order"]),
        "add_checks": lambda: _checks(database, "add_checks", given["add_checks"]),
        "drop_checks": lambda: _texts("drop_checks", given["drop_checks"]),
        "add_foreign_keys": lambda: _keys(database, table, names, given["add_foreign_keys"]),
        "drop_foreign_keys": lambda: _dropped_keys(given["drop_foreign_keys"]),
    }
    for member, read in made.items():
        try:
            if given.get(member) is not None and (found := read()):
                wish[member] = found
        except InputError as error:
            wrong |= error.errors
    if given.get("misfits", "refuse") not in MISFITS:
        wrong["misfits"] = f"Choose one of: {', '.join(MISFITS)}."
    elif given.get("misfits") == "leave" and database.dialect == "postgresql":
        wrong["misfits"] = "PostgreSQL keeps no value that does not fit its column."
    if wrong:
        raise InputError(errors=wrong)
    return [["redefine", table.name, wish, given.get("misfits") == "leave"]] if wish else []


def _columns(database: Database, table: Table, names: Sequence[str], given: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(given, Mapping):
        raise InputError(errors={"columns": 'Write an object, such as {"age": {"type": "REAL"}}.'})
    known = {column.name: column for column in table.columns}
    wrong: dict[str, str] = {}
    made: dict[str, dict[str, Any]] = {}
    for name, facts in given.items():
        if name not in names:
            wrong[f"columns.{name}"] = f"{table.name} has no column {name!r}."
        elif not isinstance(facts, Mapping) or not set(facts) <= set(_FACTS):
            wrong[f"columns.{name}"] = f"Write an object of {', '.join(_FACTS)}."
        else:
            try:
                made[name] = _facts(database, known.get(name), facts)
            except InputError as error:
                wrong |= {f"columns.{name}.{field}": text for field, text in error.errors.items()}
    if wrong:
        raise InputError(errors=wrong)
    return {name: facts for name, facts in made.items() if facts}


def _facts(database: Database, column: Column | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be another; what is so already is left out."""
    made: dict[str, Any] = {}
    declared = given.get("type")
    if declared is not None and str(declared).upper() != (column.type.upper() if column else ""):
        if str(declared).upper() not in schema.TYPES:
            raise InputError(errors={"type": f"Choose one of: {', '.join(schema.TYPES)}."})
        made["type"] = str(declared).upper()
    if column is not None and column.generated and ("default" in given or made):
        raise InputError(errors={"type": f"{column.name} is generated: it takes its values from other columns."})
    nullable = given.get("nullable")
    if nullable is not None and not isinstance(nullable, bool):
        raise InputError(errors={"nullable": "Write true or false."})
    if nullable and column is not None and column.primary_key:
        raise InputError(errors={"nullable": "A column of the key needs a value."})
    if nullable is not None and (column is None or column.nullable is not nullable):
        made["nullable"] = nullable
    if "default" in given:
        kind_type = made.get("type") or (column.type if column else "TEXT")
        kind = dialects.kind_of(kind_type) if database.dialect == "sqlite" or "type" in made else column and column.kind
        default = structure.default_of(database, kind_type, str(kind), given["default"])
        if column is None or default != column.default:
            made["default"] = default
    return made


def _order(database: Database, names: Sequence[str], given: Any) -> list[str]:
    if database.dialect == "postgresql":
        raise InputError(errors={"order": ORDER})
    if not isinstance(given, list) or sorted(map(str, given)) != sorted(names):
        raise InputError(errors={"order": f"Name each column once: {', '.join(names)}."})
    return [] if given == list(names) else given


def _texts(field: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InputError(errors={field: "Write a list of texts."})
    return given


def _checks(database: Database, field: str, given: Any) -> list[str]:
    found = _texts(field, given)
    wrong = {f"{field}.{place}": expressions.problem(database.dialect, one) for place, one in enumerate(found)}
    if any(wrong.values()):
        raise InputError(errors={name: text for name, text in wrong.items() if text})
    return [one.strip() for one in found]


def _listed(field: str, given: Any, known: set[str]) -> list[Mapping[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) and set(one) <= known for one in given):
        raise InputError(errors={field: f"Write a list of objects with {', '.join(sorted(known))}."})
    return given


def _chosen(given: Any, names: Sequence[str], of: str) -> list[str]:
    if not isinstance(given, list) or not given or len({str(one) for one in given}) < len(given):
        raise InputError(errors={"columns": "Choose columns, each once."})
    for name in given:
        if name not in names:
            raise InputError(errors={"columns": f"{of} has no column {name!r}."})
    return given


def _keys(database: Database, table: Table, names: Sequence[str], given: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    wrong: dict[str, str] = {}
    for place, one in enumerate(_listed("add_foreign_keys", given, _KEY)):
        try:
            made.append(_key(database, table, names, one))
        except InputError as error:
            wrong |= {f"add_foreign_keys.{place}.{field}": text for field, text in error.errors.items()}
    if wrong:
        raise InputError(errors=wrong)
    return made


def _key(database: Database, table: Table, names: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    columns = _chosen(given.get("columns"), names, table.name)
    target = table if given.get("table") == table.name else schema.tables(database).get(str(given.get("table")))
    if target is None or target.kind != "table":
        raise InputError(errors={"table": f"{database.name} has no table {str(given.get('table'))!r}."})
    wanted = given.get("references") or list(target.primary_key)
    try:
        there = _chosen(wanted, names if target is table else [one.name for one in target.columns], target.name)
    except InputError as error:
        raise InputError(errors={"references": " ".join(error.errors.values())}) from None
    if len(there) != len(columns):
        raise InputError(errors={"references": f"As many columns as these: {', '.join(columns)}."})
    acts = {act: str(given.get(act) or "NO ACTION").upper() for act in ("on_delete", "on_update")}
    wrong = {
        act: f"Choose one of: {', '.join(references.ACTIONS)}." for act in acts if acts[act] not in references.ACTIONS
    }
    if wrong:
        raise InputError(errors=wrong)
    return {"columns": columns, "table": target.name, "references": there, **acts}


def _dropped_keys(given: Any) -> list[dict[str, Any]]:
    found = _listed("drop_foreign_keys", given, {"columns", "table"})
    if any(not isinstance(one.get("columns"), list) or not isinstance(one.get("table"), str) for one in found):
        raise InputError(
            errors={"drop_foreign_keys": 'Write a list, such as [{"columns": ["owner"], "table": "people"}].'}
        )
    return [dict(one) for one in found]


def indexes_gone(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    """The steps that drop indexes. Raises InputError for what is none of the table's own."""
    names = _texts("drop_indexes", given.get("drop_indexes") or [])
    if not names:
        return []
    with database.connect() as connection:
        known = {one.name for one in alterations.details(connection, table.name).indexes if not one.rule}
    for name in names:
        if name not in known:
            raise InputError(
                errors={"drop_indexes": f"{table.name} has no index {name!r} that can be dropped by itself."}
            )
    return [["drop", "index", name] for name in names]


def indexes_made(database: Database, table: Table, names: Sequence[str], given: Mapping[str, Any]) -> list[Step]:
    """The steps that make indexes. Raises InputError naming every wrong field."""
    made: list[Step] = []
    wrong: dict[str, str] = {}
    for place, one in enumerate(_listed("add_indexes", given.get("add_indexes") or [], _INDEX)):
        try:
            made.append(_index(database, table, names, one))
        except InputError as error:
            wrong |= {f"add_indexes.{place}.{field}": text for field, text in error.errors.items()}
    if wrong:
        raise InputError(errors=wrong)
    return made


def _index(database: Database, table: Table, names: Sequence[str], given: Mapping[str, Any]) -> Step:
    columns = _chosen(given.get("columns"), names, table.name)
    unique, where = given.get("unique", False), given.get("where") or ""
    if not isinstance(unique, bool):
        raise InputError(errors={"unique": "Write true or false."})
    problem = expressions.problem(database.dialect, where) if where else ""
    if problem:
        raise InputError(errors={"where": problem})
    bare = table.bare_name or table.name
    name = given.get("name") or "_".join((bare, *columns))[: structure.LONGEST_NAME]
    wrong = structure.name_problem("name", name)
    if wrong:
        raise InputError(errors=wrong)
    with database.connect() as connection:
        return alterations.index_step(connection, table.name, name, columns, unique=unique, where=where)
