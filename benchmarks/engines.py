"""A page of a table on PostgreSQL against the same on SQLite: by key, in the middle, filtered, sorted and as JSON.

`python -m benchmarks.engines [ROWS]`; milliseconds by the clock of one process that asks again and again, medians of
rounds in turn. On PostgreSQL the server works in a process of its own meanwhile.
"""

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import imports, rounds
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import imports as loads
from frontdesk.tables import rows, sources

ROUNDS = 7
CALLS = 100
GOAL = 3.0
INDEXES = ("CREATE INDEX by_price ON sales (price, id)", "CREATE INDEX by_product ON sales (product, id)")


def main(count: int) -> None:
    """Prints medians and ratios."""
    with tempfile.TemporaryDirectory() as name, rounds.postgresql() as place:
        file = Path(name) / "sales.csv"
        imports.write(file, count)
        with (
            closing(Database("sales", Path(name) / "sales.db", create=True)) as sqlite,
            closing(Database("sales", place.url)) as postgresql,
        ):
            for database in (sqlite, postgresql):
                loads.load(database, sources.open(file), "sales", Caller("a", "admin"), loads.Wish(create=True))
                with database.transaction() as connection:
                    for sql in (*INDEXES, "ANALYZE"):
                        connection.exec_driver_sql(sql)
            _compare(sqlite, postgresql, count)


def _compare(sqlite: Database, postgresql: Database, count: int) -> None:
    print(f"{count:,} rows, SQLite {sqlite3.sqlite_version}; {rounds.noise()}")
    asked: dict[str, Callable[[Database], object]] = {
        "by key": lambda database: rows.page(database, "sales"),
        "in the middle": lambda database: rows.page(database, "sales", where=[("id__gt", str(count // 2))]),
        "filtered": lambda database: rows.page(database, "sales", where=[("product", "Desk")]),
        "sorted": lambda database: rows.page(database, "sales", sort="-price"),
        "by key, as JSON": lambda database: json.dumps(rows.page(database, "sales").json()),
    }
    measures = {
        f"{what}, {database.dialect}, ms": _timed(one, database)
        for what, one in asked.items()
        for database in (sqlite, postgresql)
    }
    found = rounds.measure(ROUNDS, measures)
    for what in asked:
        ratio = found[f"{what}, postgresql, ms"] / found[f"{what}, sqlite, ms"]
        print(rounds.told(f"PostgreSQL's time to SQLite's, {what}", ratio, GOAL, at_least=False))


def _timed(one: Callable[[Database], object], database: Database) -> Callable[[], float]:
    def milliseconds() -> float:
        times = []
        for _ in range(CALLS):
            began = time.perf_counter()
            one(database)
            times.append(time.perf_counter() - began)
        return statistics.median(times) * 1000

    return milliseconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
