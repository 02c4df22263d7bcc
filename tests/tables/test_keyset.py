import sqlite3
from pathlib import Path

from frontdesk.database.connections import Database
from frontdesk.tables import rows


def test_a_row_without_a_value_in_its_key_is_on_the_last_page_and_hides_no_other(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE codes (code TEXT PRIMARY KEY, value INTEGER)")
        connection.execute("INSERT INTO codes VALUES (NULL, 3), ('a', 1), ('b', 2)")
    connection.close()
    database = Database("shop", tmp_path / "shop.db")
    found, token = [], None
    for _ in range(3):
        page = rows.page(database, "codes", size=1, token=token)
        found += [row[1] for row in page.rows]
        token = page.next
    database.close()

    assert (found, token) == ([1, 2, 3], None)
