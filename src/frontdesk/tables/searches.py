"""Full-text indexes of tables: made and dropped, each as one change that can be undone."""

from collections.abc import Sequence
from typing import Any

from frontdesk.context import Caller
from frontdesk.database import alterations, fulltext, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture

KINDS = {"text", "choice", "json"}
"""Of the columns that an index covers where none are named."""


def describe(table: Table) -> dict[str, Any]:
    """The index of a table as the API gives it: `{columns, made_by, searchable}`; `columns` is null without one."""
    found = table.search
    return {
        "columns": list(found.columns) if found else None,
        "made_by": None if found is None else "frontdesk" if found.own else "others",
        "searchable": fulltext.searchable(table),
    }


def usual(table: Table) -> list[str]:
    """The columns that an index covers where none are named: those of texts, else all."""
    known = fulltext.searchable(table)
    return [name for name in known if table.column(name).kind in KINDS] or known


def create(database: Database, name: str, columns: Sequence[str], by: Caller) -> tuple[Table, str | None]:
    """Makes the index of these columns, in place of the one that is there; the table, and the change's id.

    Without columns it covers the usual ones. Nothing is done where it covers just these. Raises InputError for a column
    that cannot be covered, ConflictError for a table whose rows cannot be found by an index.
    """
    table = schema.table(database, name)
    wanted = list(dict.fromkeys(columns)) or usual(table)
    _check(table, wanted)
    replaced = table.search is not None and table.search.own
    if replaced and table.search and list(table.search.columns) == wanted:
        return table, None
    with capture.recording(database, by) as connection:
        recorder = capture.recorder_of(connection)
        recorder.remove()
        before = alterations.sql_of(connection, name) if table.schema else None
        back = [alterations.apply(connection, fulltext.dropping(table))] if replaced else []
        step = fulltext.making(connection, table, wanted)
        back.insert(0, alterations.apply(connection, step))
        after = alterations.sql_of(connection, name) if table.schema else step[1][0][2]
        number = recorder.record_schema(name, before=before, after=after, steps=back)
    return schema.table(database, name), f"{database.name}.{number}"


def _check(table: Table, wanted: Sequence[str]) -> None:
    known = fulltext.searchable(table)
    if not known:
        why = "is a view" if table.kind == "view" else "has no column of words, or rows without a number"
        raise ConflictError(f"{table.name} cannot have a search index: it {why}.", "Search works without one.")
    for name in wanted:
        if name not in known:
            raise InputError(errors={"columns": f"{name!r} cannot be in a search index; known: {', '.join(known)}."})


def drop(database: Database, name: str, by: Caller) -> str:
    """Drops the index that Frontdesk made and gives the change's id. Raises ConflictError where there is none."""
    table = schema.table(database, name)
    if table.search is None or not table.search.own:
        raise ConflictError(
            f"{name} has no search index that was made here.",
            "One that others made is dropped where it was made." if table.search else "",
        )
    step = fulltext.dropping(table)
    with capture.recording(database, by) as connection:
        recorder = capture.recorder_of(connection)
        recorder.remove()
        before = alterations.sql_of(connection, name) if table.schema else None
        back = alterations.apply(connection, step)
        after = alterations.sql_of(connection, name) if table.schema else None
        sql = before or (str(back[1][0][2]) if back else None)
        number = recorder.record_schema(name, before=sql, after=after, steps=[back] if back else None)
    return f"{database.name}.{number}"
