import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from frontdesk import errors
from frontdesk.desk import Desk

EMPLOYEES = sa.table("employees", sa.column("name"))
DELETE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("DELETE FROM employees WHERE name = ?", sys.argv[2:])
connection.commit()
connection.close()
"""


def look_again(desk: Desk) -> None:
    desk._looked = float("-inf")
    _ = desk.databases


def names(desk: Desk) -> list[str]:
    with desk.database("example").connect() as connection:
        return list(connection.scalars(sa.select(EMPLOYEES.c.name)))


def test_what_another_program_writes_is_seen_although_the_folder_was_looked_at_meanwhile(desk: Desk) -> None:
    with desk.database("example").transaction() as connection:  # switches to a write-ahead log
        connection.execute(sa.insert(EMPLOYEES).values(name="Dora"))
    assert names(desk) == ["Krish", "Bob", "Charlie", "Dora"]
    look_again(desk)
    for name in ("Krish", "Bob", "Charlie"):
        subprocess.run([sys.executable, "-c", DELETE, str(desk.folder / "example.db"), name], check=True)
        assert name not in names(desk)


def test_a_file_that_is_no_database_is_said_and_the_others_are_served(desk: Desk) -> None:
    (desk.folder / "broken.db").write_text("this is no database")
    look_again(desk)
    with pytest.raises(errors.OperationalError, match=r"broken\.db is not a SQLite database"):
        desk.database("broken")
    assert names(desk)


def test_a_database_that_comes_is_found_and_one_that_goes_is_not(desk: Desk) -> None:
    sqlite3.connect(desk.folder / "new.db").close()
    look_again(desk)
    assert set(desk.databases) == {"example", "new"}
    (desk.folder / "new.db").unlink()
    look_again(desk)
    assert set(desk.databases) == {"example"}
