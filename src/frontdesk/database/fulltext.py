"""Full-text indexes of tables, on either engine: the steps that make and drop one, and the condition that uses it."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database.definitions import Table, row_id
from frontdesk.database.sqlite import fulltext as sqlite
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.steps import Step


def searchable(table: Table) -> list[str]:
    """The columns that an index can cover: none where rows have no number, or what has no words."""
    if table.kind != "table" or not (table.schema or table.numbered):
        return []
    if table.schema is not None:  # only texts are words whatever the server's settings are
        return [column.name for column in table.columns if column.kind == "text" and not column.array]
    kinds = {"file", "boolean"}
    return [one.name for one in table.columns if one.kind not in kinds and one.name.casefold() not in sqlite.RESERVED]


def making(connection: Connection, table: Table, columns: Sequence[str]) -> Step:
    """The step that makes an index of these columns."""
    if table.schema is None:
        drawn = [column.name for column in table.columns if column.automatic]
        number = drawn[0] if drawn else row_id(table.columns) or "rowid"
        made = sqlite.statements(driver_of(connection), table.name, columns, number)
        return ["create", [["search", table.name, sql] for sql in made]]
    from frontdesk.database.postgresql import fulltext  # its driver is an extra

    return ["create", [["index", *fulltext.statement(connection, table, columns)]]]


def dropping(table: Table) -> Step:
    """The step that drops the index of a table that has one."""
    assert table.search
    if table.schema is None:
        return ["drop", "search", table.name]
    return ["drop", "index", f"{table.schema}.{table.search.name}"]


def condition(table: Table, words: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether the indexed columns of a row hold words that begin with each of these."""
    found = table.search
    assert found
    if table.schema is None:
        index = sa.table(found.name, sa.column("rowid"), sa.column(found.name))
        asked = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
        fits = index.c[found.name].op("MATCH", is_comparison=True)(asked)
        return sa.column(found.key).in_(sa.select(index.c.rowid).where(fits))
    texts = " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
    query = sa.func.to_tsquery(sa.literal_column("'simple'::regconfig"), sa.literal(texts, sa.Text()))
    return sa.literal_column(f"({found.expression})").op("@@", is_comparison=True)(query)
