"""The undo of a load on PostgreSQL, while others write into the table."""

import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError
from frontdesk.history import changes, undo
from frontdesk.tables import imports, sources

ADA = Caller("ada", "admin")


def test_a_row_that_comes_in_meanwhile_is_waited_for_and_keeps_its_table(postgresql_url: str, tmp_path: Path) -> None:
    path = tmp_path / "item.csv"
    path.write_text("id,name\n1,one\n2,two\n")
    found: list[object] = []
    with closing(Database("home", postgresql_url)) as database:
        imports.load(database, sources.open(path), "item", ADA, imports.Wish(create=True))
        number = changes.search(database).changes[0].number

        def take_back() -> None:
            with pytest.raises(ConflictError) as refusal:
                undo.undo(database, [number], ADA)
            found.append(refusal.value)

        with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
            other.execute("INSERT INTO item VALUES (3, 'three')")
            undoing = threading.Thread(target=take_back)
            undoing.start()
            time.sleep(0.5)
        undoing.join(15)
        assert found
        with database.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM item").scalar() == 3
