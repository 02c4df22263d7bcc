"""Import of CSV against the sqlite3 shell, the plain loop that people write, and sqlite-utils, in interleaved rounds.

`python -m benchmarks.imports [ROWS]`; seconds are of the processor (user and system), so that a busy machine does not
blur them. sqlite-utils gets a tenth of the rows. Another writer's longest wait beside an import is in real time.
In the same run the file goes into PostgreSQL, against psql's `\\copy` into a table of the same columns and key that is
made in the same transaction: by the clock, from connecting to the commit, and by the processors of client and server.
"""

import csv
import datetime as dt
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import rounds

ROUNDS = 3
COLUMNS = "id date product quantity price region note".split()

OURS = """
import resource, sys, time
from pathlib import Path
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, sources
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
database = Database("t", sys.argv[2], create=True)
clock, began = time.perf_counter(), time.process_time()
if sys.argv[1] == "import":
    imports.load(database, sources.open(Path(sys.argv[3])), "sales", Caller("a", "admin"), imports.Wish(create=True))
else:
    with open(sys.argv[3], "wb") as file:
        file.writelines(exports.export(database, "sales", "csv", raw=sys.argv[4] == "raw"))
seconds, clock = time.process_time() - began, time.perf_counter() - clock
print(seconds, clock, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - bare) / 1024)
"""


def write(path: Path, rows: int) -> None:
    """A file of sales."""
    drawn = random.Random(1)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for number in range(1, rows + 1):
            day = dt.date(2020, 1, 1) + dt.timedelta(drawn.randrange(2000))
            price, note = f"{drawn.random() * 1000:.2f}", f"note {drawn.randrange(10**6)} of the sale"
            product, region = drawn.choice(["Laptop", "Phone", "Desk"]), drawn.choice(["North", "South"])
            out.writerow([number, day, product, drawn.randrange(100), price, region, note])


def shell(database: Path, file: Path) -> float:
    """`.import`, all TEXT."""
    return of_children(["sqlite3", database, ".mode csv", f".import {file} sales"])


def plain(database: Path, file: Path) -> float:
    """csv.reader and executemany into a table whose types are known."""
    began = time.process_time()
    with closing(sqlite3.connect(database)) as connection, file.open(newline="") as lines, connection:
        reader = csv.reader(lines)
        next(reader)
        connection.execute(
            "CREATE TABLE sales (id INTEGER PRIMARY KEY, date, product, quantity INT, price REAL, region, note)"
        )
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?, ?)", reader)
    return time.process_time() - began


def sqlite_utils(programs: Path, database: Path, file: Path) -> float:
    """`insert --csv`, which finds the kinds of columns as we do."""
    return of_children([programs / "sqlite-utils", "insert", database, "sales", file, "--csv"])


def of_children(command: Sequence[str | Path], output: Path = Path(os.devnull)) -> float:
    """Seconds of the processor that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with output.open("wb") as out:
        subprocess.run(command, check=True, stdout=out, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(*arguments: str | Path) -> tuple[float, float]:
    """Seconds of the processor, and megabytes above the bare process."""
    seconds, _, megabytes = run(*arguments)
    return seconds, megabytes


def run(*arguments: str | Path) -> tuple[float, float, float]:
    """Seconds of the processor and of the clock, and megabytes above the bare process."""
    done = subprocess.run(
        [sys.executable, "-c", OURS, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    seconds, clock, megabytes = map(float, done.stdout.split())
    return seconds, clock, megabytes


@dataclass
class Server:
    """A PostgreSQL server, and what loads of one file into it cost."""

    place: rounds.PostgreSQL
    file: Path
    rows: int
    costs: dict[str, list[float]] = field(default_factory=dict)

    def ours(self) -> float:
        """Rows a second."""
        self.place.execute("DROP TABLE IF EXISTS sales")
        before = self.place.processor_seconds()
        seconds, clock, megabytes = run("import", self.place.url, self.file)
        self.costs.setdefault("frontdesk", []).append(seconds + self.place.processor_seconds() - before)
        self.costs.setdefault("megabytes", []).append(megabytes)
        return self.rows / clock

    def psql(self) -> float:
        """Rows a second."""
        self.place.execute("DROP TABLE IF EXISTS sales")
        kinds = "bigint PRIMARY KEY, date, text, bigint, double precision, text, text".split(", ")
        listed = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, kinds, strict=True))
        before, began = self.place.processor_seconds(), time.perf_counter()
        copy = f"\\copy sales FROM '{self.file}' CSV HEADER"
        seconds = of_children([*self.place.psql, "-1", "-c", f"CREATE TABLE sales ({listed})", "-c", copy])
        clock = time.perf_counter() - began
        self.costs.setdefault("psql", []).append(seconds + self.place.processor_seconds() - before)
        return self.rows / clock

    def tell(self, ours: float, psql: float) -> None:
        """Prints the ratios."""
        costs = {name: statistics.median(values) for name, values in self.costs.items()}
        print(rounds.told("into PostgreSQL against psql's \\copy, by the clock", ours / psql, 0.8))
        ratio = costs["psql"] / costs["frontdesk"]
        print(rounds.told("the same by the processors of client and server", ratio, 0.8))
        print(f"memory above the bare process: {costs['megabytes']:.0f} MB (goal at most 60)")


def longest_wait(folder: Path, file: Path) -> tuple[float, int]:
    """Seconds that a row of another process waits at most while a file is imported, and how many were written."""
    database = folder / "waits.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE other (n)")
    waits: list[float] = []
    over = threading.Event()

    def write_rows() -> None:
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            while not over.is_set():
                began = time.perf_counter()
                connection.execute("INSERT INTO other VALUES (1)")
                waits.append(time.perf_counter() - began)
                time.sleep(0.005)

    thread = threading.Thread(target=write_rows)
    thread.start()
    ours("import", database, file)
    over.set()
    thread.join()
    return max(waits), len(waits)


def main(rows: int) -> None:
    """Prints medians and ratios."""
    programs = rounds.peer("datasette", "datasette", "sqlite-utils")
    print(f"{rounds.version(programs, 'sqlite-utils')}, SQLite {sqlite3.sqlite_version}; {rounds.noise()}")
    with tempfile.TemporaryDirectory() as name, rounds.postgresql() as place:
        folder = Path(name)
        file, tenth, database = folder / "sales.csv", folder / "tenth.csv", folder / "t.db"
        write(file, rows)
        write(tenth, rows // 10)
        memory: list[float] = []

        def rate(count: int, load: Callable[[], float]) -> float:
            for path in folder.glob("t.db*"):
                path.unlink()
            return count / load()

        def our_seconds() -> float:
            seconds, above = ours("import", database, file)
            memory.append(above)
            return seconds

        measures: dict[str, Callable[[], float]] = {
            "sqlite3 .import": lambda: rate(rows, lambda: shell(database, file)),
            "csv.reader + executemany": lambda: rate(rows, lambda: plain(database, file)),
            "sqlite-utils insert --csv": lambda: rate(rows // 10, lambda: sqlite_utils(programs, database, tenth)),
            "frontdesk import": lambda: rate(rows, our_seconds),
        }
        server = Server(place, file, rows)
        by_clock = {"frontdesk import, PostgreSQL, clock": server.ours, "psql \\copy, clock": server.psql}
        found = rounds.measure(ROUNDS, measures)
        print("rows a second of processor time, medians:")
        for one, speed in found.items():
            print(f"  {one:30} {speed:12,.0f}")
        mine = found["frontdesk import"]
        print(rounds.told("import against the shell's .import", mine / found["sqlite3 .import"], 0.5))
        print(rounds.told("import against sqlite-utils", mine / found["sqlite-utils insert --csv"], 12))
        print(f"memory above the bare process: {max(memory):.0f} MB (goal at most 60)")
        mine, theirs = rounds.measure(2 * ROUNDS, by_clock).values()
        server.tell(mine, theirs)
        wait, written = longest_wait(folder, file)
        print(f"another writer beside an import: {written} rows written, longest wait {wait * 1000:.0f} ms (goal 250)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
