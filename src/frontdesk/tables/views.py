"""Views made of a SELECT: each one change of the history."""

from collections.abc import Mapping
from typing import Any

from frontdesk.context import Caller
from frontdesk.database import alterations, expressions, queries, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture
from frontdesk.tables import structure


def create(database: Database, given: Mapping[str, Any], by: Caller) -> Table:
    """Creates a view from `{name, sql}`.

    Raises InputError naming every wrong field, ConflictError when the name is taken or the database refuses.
    """
    name, select = given.get("name"), given.get("sql")
    wrong = {str(one): "Unknown here; known: name, sql." for one in given if one not in {"name", "sql"}}
    wrong |= structure.table_problem(database, "name", name)
    if not isinstance(select, str) or not select.strip() or len(select) > queries.LONGEST_SQL:
        wrong["sql"] = "Write a query, such as SELECT name FROM employees."
    if wrong:
        raise InputError(errors=wrong)
    name, select = schema.listed(database, str(name)), str(select).strip().rstrip(";").rstrip()
    if name.casefold() in {known.casefold() for known in schema.tables(database)}:
        raise ConflictError(f"{database.name} has a table or view {name!r} already.", "Choose another name.")
    with capture.recording(database, by, redefining=True) as connection:
        recorder = capture.recorder_of(connection)
        recorder.remove()
        expressions.check_select(connection, select)
        back = alterations.apply(connection, alterations.view_step(connection, name, select))
        after = alterations.sql_of(connection, name, "view")
        recorder.record_schema(name, after=after, steps=[back] if back else None)
    return schema.table(database, name)
