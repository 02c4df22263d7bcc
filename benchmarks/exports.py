"""Export of a table as CSV against csv.writer over the cursor, the sqlite3 shell and sqlite-utils.

`python -m benchmarks.exports [ROWS]`; seconds are of the processor (user and system), of whole processes.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks import imports, pages, rounds

ROUNDS = 5
GOAL = 1.5
PLAIN = """
import csv, sqlite3, sys
with open(sys.argv[2], "w", newline="") as lines:
    csv.writer(lines).writerows(sqlite3.connect(sys.argv[1]).execute("SELECT * FROM sales"))
"""


def main(rows: int) -> None:
    """Prints medians and ratios."""
    programs = rounds.peer("datasette", "datasette", "sqlite-utils")
    print(f"{rounds.version(programs, 'sqlite-utils')}, SQLite {sqlite3.sqlite_version}; {rounds.noise()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database, out = folder / "t.db", folder / "out.csv"
        pages.write(database, rows)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        shell: list[str | Path] = ["sqlite3", "-csv", "-header", database, "SELECT * FROM sales"]
        theirs: list[str | Path] = [programs / "sqlite-utils", "rows", database, "sales", "--csv"]
        measures: dict[str, Callable[[], float]] = {
            "csv.writer(cursor)": partial(imports.of_children, [sys.executable, "-c", PLAIN, database, out]),
            "frontdesk export": lambda: imports.ours("export", database, out, "harmless")[0],
            "frontdesk export --raw": lambda: imports.ours("export", database, out, "raw")[0],
            "sqlite3 -csv": partial(imports.of_children, shell, out),
            "sqlite-utils rows --csv": partial(imports.of_children, theirs, out),
        }
        found = rounds.measure(ROUNDS, measures)
    print("seconds of the processor, medians:")
    for one, seconds in found.items():
        print(f"  {one:30} {seconds:8.2f}  {rows / seconds:12,.0f} rows/s")
    for one in ("frontdesk export", "frontdesk export --raw"):
        ratio = found[one] / found["csv.writer(cursor)"]
        print(rounds.told(f"{one} against csv.writer(cursor), time", ratio, GOAL, at_least=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
