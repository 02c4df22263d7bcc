"""Tables renamed, given other columns, and deleted: each one change of the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from frontdesk.context import Caller
from frontdesk.database import alterations, schema, steps
from frontdesk.database.connections import Database
from frontdesk.database.details import Details
from frontdesk.database.schema import Column, Table
from frontdesk.database.steps import Step
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture
from frontdesk.tables import redefinitions, structure

KNOWN = ("name", "add", "rename", "drop", "dry_run", *redefinitions.KNOWN)


@dataclass(frozen=True)
class Plan:
    """What an alteration would do: its statements, the table then, and whether it could be undone."""

    statements: list[str]
    table: Table
    undoable: bool


def alter(database: Database, name: str, given: Mapping[str, Any], by: Caller) -> tuple[Table, str]:
    """The table after `{name, add: [column], rename: {old: new}, drop: [column], …}`, and the change's id.

    Raises InputError naming every wrong field, NotFoundError, ConflictError where the database refuses or rows stand in
    the way; then nothing is changed.
    """
    table = _own(schema.table(database, name))
    wanted = _steps(database, table, given)
    with capture.recording(database, by, redefining=True) as connection:
        new, _, number = _carry_out(connection, name, wanted)
    return schema.table(database, new), f"{database.name}.{number}"


def plan(database: Database, name: str, given: Mapping[str, Any], by: Caller) -> Plan:
    """What `alter` would do, tried out and taken back. Raises what it would raise."""
    table = _own(schema.table(database, name))
    wanted = _steps(database, table, given)
    with (
        capture.recording(database, by, trial=True, redefining=True) as connection,
        steps.watched(connection) as told,
    ):
        new, back, _ = _carry_out(connection, name, wanted)
        return Plan(list(told), schema.read_own(connection, new), back is not None)


def _carry_out(connection: sa.Connection, name: str, wanted: Sequence[Step]) -> tuple[str, list[Step] | None, int]:
    """Carries steps out as one change: the table's name then, the steps back, the change's number."""
    new = next((step[2] for step in wanted if step[0] == "rename_table"), name)
    recorder = capture.recorder_of(connection)
    recorder.remove()
    before = alterations.sql_of(connection, name)
    back = _reversed([alterations.apply(connection, step) for step in wanted])
    if new != name:
        recorder.rename(name, new)
    after = alterations.sql_of(connection, new)
    return new, back, recorder.record_schema(new, before=before, after=after, steps=back)


def delete(database: Database, name: str, by: Caller) -> str:
    """Deletes a table with its rows, or a view, and gives the change's id.

    Raises NotFoundError, and ConflictError naming the tables that refer to it.
    """
    table = schema.table(database, name)
    step: Step = ["drop", "view", name] if table.kind == "view" else ["delete", _own(table).name]
    with capture.recording(database, by) as connection:
        recorder = capture.recorder_of(connection)
        recorder.remove()
        before = alterations.sql_of(connection, name, table.kind)
        back = alterations.apply(connection, step)
        number = recorder.record_schema(name, before=before, steps=_reversed([back]))
    return f"{database.name}.{number}"


def hindrances(database: Database, table: Table) -> list[str]:
    """The tables that refer to this one, which stand in the way of its deletion."""
    with database.connect() as connection:
        return alterations.referring(connection, table.name)


def details(database: Database, table: Table) -> Details:
    """What stands on it beside its columns: indexes, rules, what refers to it, triggers, views, its SQL."""
    with database.connect() as connection:
        return alterations.details(connection, table.name)


def is_kept(database: Database, table: Table) -> bool:
    """Whether its deletion could be undone: on SQLite, where they are copied, many rows are not kept."""
    if table.kind == "view" or database.dialect == "postgresql":
        return True
    beyond = sa.select(sa.literal(1)).select_from(table.clause).offset(steps.MOST_KEPT).limit(1)
    with database.connect() as connection:
        return connection.execute(beyond).first() is None


def can_alter(table: Table) -> bool:
    """Whether it is a table of rows, and no view and no virtual table."""
    return table.kind == "table" and bool(table.editable or table.schema)


def _own(table: Table) -> Table:
    """Raises ConflictError for what is no table of rows: a view, or a virtual table."""
    if not can_alter(table):
        what = "view" if table.kind == "view" else "virtual table"
        raise ConflictError(f"{table.name} is a {what}.", "Change it by SQL that writes, or in another program.")
    return table


def _reversed(back: Sequence[Step | None]) -> list[Step] | None:
    """The steps back, the last one first; None when one of them cannot be taken back."""
    found = [step for step in reversed(back) if step is not None]
    return found if len(found) == len(back) else None


def _steps(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    wrong = {str(name): f"Unknown here; known: {', '.join(KNOWN)}." for name in given if name not in KNOWN}
    wanted: list[Step] = []
    for part in (_renamed, _unindexed, _dropped, _added, _redefined, _indexed, _named):
        try:
            wanted += part(database, table, given)
        except InputError as error:
            wrong |= error.errors
    if not (wrong or wanted):
        wrong["name"] = "Say what to change: name, add, rename, drop or columns."
    if wrong:
        raise InputError(errors=wrong)
    return wanted


def _names(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns' new names by the old ones."""
    names = given.get("rename")
    return names if isinstance(names, Mapping) else {}


def _renamed(_: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    if not isinstance(given.get("rename") or {}, Mapping):
        raise InputError(errors={"rename": 'Write an object, such as {"age": "years"}.'})
    names = _names(given)
    known = {column.name for column in table.columns}
    wrong: dict[str, str] = {}
    taken = {name.casefold() for name in known}
    for old, new in names.items():
        field = f"rename.{old}"
        if old not in known:
            wrong[field] = f"{table.name} has no column {old!r}."
        wrong |= structure.name_problem(field, new)
        if field not in wrong and new.casefold() in taken - {old.casefold()}:
            wrong[field] = f"There is a column {new!r} already."
        taken.add(str(new).casefold())
    if wrong:
        raise InputError(errors=wrong)
    return [["rename_column", table.name, old, new] for old, new in names.items() if old != new]


def _expected(table: Table, given: Mapping[str, Any]) -> list[str]:
    """The names that the columns have once they are renamed, dropped and added."""
    dropped, added = ([*one] if isinstance(one := given.get(member), list) else [] for member in ("drop", "add"))
    names = [str(_names(given).get(column.name, column.name)) for column in table.columns if column.name not in dropped]
    return [*names, *(str(one.get("name")) for one in added if isinstance(one, Mapping))]


def _then(table: Table, given: Mapping[str, Any]) -> Table:
    """The table with the columns' new names."""
    renamed = [replace(one, name=str(_names(given).get(one.name, one.name))) for one in table.columns]
    return replace(table, columns=tuple(renamed))


def _unindexed(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    return redefinitions.indexes_gone(database, table, given)


def _redefined(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    return redefinitions.steps_of(database, _then(table, given), _expected(table, given), given)


def _indexed(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    return redefinitions.indexes_made(database, table, _expected(table, given), given)


def _dropped(_: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    names = given.get("drop") or []
    if not isinstance(names, list):
        raise InputError(errors={"drop": 'Write a list of columns, such as ["age"].'})
    known = {column.name: column for column in table.columns}
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise InputError(errors={"drop": f"{table.name} has no column {name!r}."})
        if known[name].primary_key:
            raise InputError(errors={"drop": f"{name} is in the key, which cannot be dropped."})
        if name in _names(given):
            raise InputError(errors={"drop": f"{name} is to be renamed: do one or the other."})
    if len(set(names)) < len(names) or len(names) >= len(known):
        raise InputError(errors={"drop": "Name each column once, and leave one at least."})
    return [["drop_column", table.name, name, False] for name in names]


def _added(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    listed = given.get("add") or []
    if not isinstance(listed, list):
        raise InputError(errors={"add": 'Write a list of columns, such as [{"name": "age", "type": "INTEGER"}].'})
    taken = {column.name.casefold() for column in table.columns} | {
        str(new).casefold() for new in _names(given).values()
    }
    own = (table.name, {column.name for column in table.columns})
    wrong: dict[str, str] = {}
    made: list[Column] = []
    for number, one in enumerate(listed):
        try:
            column = _checked(structure.checked_column(database, one, own), taken)
            taken.add(column.name.casefold())
            made.append(column)
        except InputError as error:
            wrong |= {f"add.{number}.{field}": text for field, text in error.errors.items()}
    if len(table.columns) + len(listed) > structure.MOST_COLUMNS:
        wrong["add"] = f"A table has at most {structure.MOST_COLUMNS} columns."
    if wrong:
        raise InputError(errors=wrong)
    with database.connect() as connection:
        return [["add_column", table.name, one.name, alterations.definition(connection, one)] for one in made]


def _checked(column: Column, taken: set[str]) -> Column:
    """Raises InputError for what cannot be added to a table that is there."""
    if column.name.casefold() in taken:
        raise InputError(errors={"name": "Another column has this name."})
    if column.primary_key:
        raise InputError(errors={"primary_key": "The key of a table that is there cannot be changed."})
    if not column.nullable and column.default is None:
        raise InputError(errors={"default": "Give a default: rows that are there need a value."})
    if column.references and column.default is not None:
        raise InputError(errors={"default": "A column that refers to another table begins without a default."})
    return column


def _named(database: Database, table: Table, given: Mapping[str, Any]) -> list[Step]:
    new = given.get("name", table.name)
    if new == table.name:
        return []
    problem = structure.table_problem(database, "name", new)
    if not problem and (new := schema.listed(database, new)) == table.name:
        return []
    known = {name.casefold() for name in schema.tables(database)} - {table.name.casefold()}
    if not problem and new.casefold() in known:
        raise ConflictError(f"{database.name} has a table {new!r} already.", "Choose another name.")
    if problem:
        raise InputError(errors=problem)
    return [["rename_table", table.name, new]]
