"""The rules that a sharded PostgreSQL (Citus) needs, kept by Frontdesk's own tables and by its code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, UniqueConstraint

import frontdesk
from frontdesk.database import logs, state
from frontdesk.history import entries

CODE = Path(frontdesk.__file__).parent
OWN = [("state", state.metadata), ("logs", logs.metadata), ("history", entries.metadata)]
TABLES = [pytest.param(table, id=f"{name}-{table.name}") for name, made in OWN for table in made.sorted_tables]

WHOLE = {"reference", "local"}
"""A copy on every node; or on the coordinator alone."""
SQL_ROOMS = ("database/", "history/triggers.py", "tables/statements.py", "demo/")
"""Where SQL may stand as text: the database floor, SQLite's own triggers, the query page, the demo's making."""

STATEMENT = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|PRAGMA|SET|LOCK|BEGIN|SAVEPOINT|TRUNCATE|COPY|GRANT)\b"
)
RUNS_SQL = {"sa.text", "exec_driver_sql", "execute", "executemany", "executescript", "scalar", "scalars"}


@pytest.mark.parametrize("table", TABLES)
def test_every_own_table_says_how_it_would_be_distributed(table: Table) -> None:
    how = table.info.get("distribution")
    assert how in {*WHOLE, *table.columns.keys()}, f"{table.name}: info={{'distribution': column, reference or local}}"


@pytest.mark.parametrize("table", TABLES)
def test_what_is_unique_holds_the_column_that_the_table_is_distributed_by(table: Table) -> None:
    how = table.info.get("distribution")
    if how in WHOLE:
        return
    unique = [set(table.primary_key.columns.keys())]
    unique += [set(rule.columns.keys()) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    unique += [{column.name for column in index.columns} for index in table.indexes if index.unique]
    assert [columns for columns in unique if how not in columns] == []


@pytest.mark.parametrize("table", TABLES)
def test_a_reference_leads_to_a_copy_on_every_node_or_to_the_same_shard(table: Table) -> None:
    how = table.info.get("distribution")
    for key in table.foreign_keys:
        target = key.column.table.info.get("distribution")
        same_shard = (how, target) == (key.parent.name, key.column.name)
        assert target == "reference" or same_shard or how == target == "local", f"{table.name}.{key.parent.name}"


@pytest.mark.parametrize("metadata", [made for _, made in OWN])
def test_no_own_table_has_a_trigger(metadata: MetaData) -> None:
    listened = [
        str(ddl)
        for table in metadata.tables.values()
        for ddl in (*table.dispatch.after_create, *table.dispatch.before_create)
    ]
    assert listened == []


def statements() -> Iterator[tuple[str, int, str]]:
    """Every SQL text that code outside the rooms for it gives to a connection."""
    for path in sorted(CODE.rglob("*.py")):
        room = path.relative_to(CODE).as_posix()
        if room.startswith(SQL_ROOMS):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _called(node.func) in RUNS_SQL:
                text = _written(node.args[0])
                if text is not None and STATEMENT.match(text):
                    yield room, node.lineno, text


def _called(function: ast.expr) -> str:
    if not isinstance(function, ast.Attribute):
        return getattr(function, "id", "")
    return "sa.text" if ast.unparse(function) == "sa.text" else "" if function.attr == "text" else function.attr


def _written(argument: ast.expr) -> str | None:
    """The text of an argument; of an f-string its first piece."""
    if isinstance(argument, ast.JoinedStr):
        argument = argument.values[0] if argument.values else argument
    if isinstance(argument, ast.BinOp):
        return _written(argument.left)
    found = argument.value if isinstance(argument, ast.Constant) else None
    return found if isinstance(found, str) else None


def test_sql_stands_as_text_in_the_database_floor_and_the_query_page_alone() -> None:
    assert list(statements()) == []


def test_triggers_are_made_on_sqlite_alone() -> None:
    making = {
        path.relative_to(CODE).as_posix()
        for path in CODE.rglob("*.py")
        if re.search(r"CREATE (?:TEMP )?TRIGGER [{\"]", path.read_text("utf-8"))
    }
    assert making == {"history/triggers.py", "database/sqlite/fulltext.py"}
