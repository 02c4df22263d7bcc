"""What the tests of copies share: a shop in a SQLite file, and a copy that shows nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from frontdesk.database.connections import Database
from frontdesk.tables.formats import inputs
from frontdesk.upkeep import copies
from frontdesk.upkeep.copies import Copied

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, born DATE,
  vip BOOLEAN DEFAULT 0, joined DATETIME DEFAULT CURRENT_TIMESTAMP,
  "We%ird ""x" TEXT DEFAULT 'it''s', data JSON, pic BLOB,
  price NUMERIC(10,2), ratio REAL, CHECK (length(name) > 0));
CREATE TABLE orders (a INTEGER, b TEXT, customer INTEGER REFERENCES customers(id) ON DELETE CASCADE,
  n INT DEFAULT 5, total INT GENERATED ALWAYS AS (n * 2) STORED, PRIMARY KEY (a, b));
CREATE TABLE notes (text TEXT, n);
CREATE INDEX by_n ON orders (n DESC) WHERE n > 1;
CREATE VIEW totals AS SELECT name, count(*) AS k FROM customers
  JOIN orders ON orders.customer = customers.id GROUP BY 1;
INSERT INTO customers VALUES
  (7, 'Ann', '2020-01-31', 1, '2026-01-31 10:00:00', '100 %', '{"a": 1.50}', x'00ff', 12.5, 0.1),
  (9, 'Böb', NULL, 0, NULL, '', '[]', x'', -3, -2.5e-300);
DELETE FROM customers WHERE id = 9;
INSERT INTO customers (id, name) VALUES (8, 'Cé');
INSERT INTO orders (a, b, customer) VALUES (1, 'x', 7), (1, 'y', 8);
INSERT INTO notes VALUES ('first', 1), ('second', 2), (NULL, NULL), ('last', -4);
DELETE FROM notes WHERE n = 1;
"""


@contextmanager
def silent(_: str) -> Iterator[Any]:
    """A bar that shows nothing."""
    yield inputs.silent


def made(path: Path, script: str) -> Path:
    """A SQLite file with what the script makes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def copy(source: Path | str, target: Path | str, *, as_text: bool = False) -> Copied:
    with closing(Database("shop", source)) as database:
        return copies.copy(database, target, silent, as_text=as_text)


def held(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a file with their hidden keys, in order."""
    with closing(sqlite3.connect(path)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        keyed = "SELECT rowid, * FROM notes"
        return {name: sorted(held, key=repr) for name, held in found.items()} | (
            {"notes": connection.execute(keyed).fetchall()} if "notes" in names else {}
        )
