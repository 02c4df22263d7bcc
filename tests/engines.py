"""What a database of either engine is and holds, as tests compare it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from frontdesk.database import alterations, schema
from frontdesk.database.connections import Database


def rows(database: Database, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table with their hidden keys, sorted."""
    found = schema.table(database, table)
    names = [column.name for column in found.columns] + ([found.row_id] if found.row_id else [])
    with database.connect() as connection:
        selected = found.clause.select().with_only_columns(*(found.clause.c[name] for name in names))
        return sorted((tuple(row) for row in connection.execute(selected)), key=repr)


def query(place: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """The rows that another program reads."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as connection:
            return connection.execute(sql).fetchall()
    with psycopg.connect(place.replace("+psycopg", "", 1), autocommit=True) as server:
        return server.execute(sql.encode()).fetchall()


def dump(database: Database) -> list[str]:
    """All of a database but what is Frontdesk's own, as texts in one order."""
    if isinstance(database.place, Path):
        with closing(sqlite3.connect(database.place)) as connection:
            return sorted(line for line in connection.iterdump() if "_frontdesk_" not in line)
    triggers = (
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT tgisinternal AND relnamespace <> coalesce(to_regnamespace('frontdesk')::oid, 0)"
    )
    tables = [f"{sql}\n{rows}" for sql, rows in everything(database).values()]
    return sorted(tables + [row[0] for row in query(database.place, triggers)])


def everything(database: Database) -> dict[str, Any]:
    """What the tables and views of a database are and hold."""
    schema.forget(database)
    tables = schema.tables(database)
    with database.transaction() as connection:
        made = {name: alterations.sql_of(connection, name, table.kind) for name, table in tables.items()}
    return {name: (made[name], rows(database, name)) for name in tables}
