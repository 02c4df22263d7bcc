"""What a SQLite file holds, as another program reads it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def quoted(name: str) -> str:
    """The name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def asked(path: Path, sql: str, *values: Any) -> list[Any]:
    """The rows that another program reads."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def held(path: Path, table: str) -> list[Any]:
    """All rows of a table with the storage class of each value, in one order."""
    names = [quoted(row[0]) for row in asked(path, "SELECT name FROM pragma_table_xinfo(?)", table)]
    listed = ", ".join([*names, *(f"typeof({one})" for one in names)])
    return sorted(asked(path, f"SELECT {listed} FROM {quoted(table)}"), key=repr)
