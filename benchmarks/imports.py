"""Import and export of CSV against the sqlite3 shell and the plain loops that people write, in interleaved rounds.

`python benchmarks/imports.py [ROWS]`; seconds are of the processor (user and system), so that a busy machine does not
blur them. Another writer's longest wait beside an import is measured in real time.
"""

import csv
import datetime as dt
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

ROUNDS = 3
COLUMNS = "id date product quantity price region note".split()

OURS = """
import resource, sys, time
from pathlib import Path
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import exports, imports, sources
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
database = Database("t", Path(sys.argv[2]), create=True)
began = time.process_time()
if sys.argv[1] == "import":
    imports.load(database, sources.open(Path(sys.argv[3])), "sales", Caller("a", "admin"), imports.Wish(create=True))
else:
    with open(sys.argv[3], "wb") as file:
        file.writelines(exports.export(database, "sales", "csv", raw=sys.argv[4] == "raw"))
seconds = time.process_time() - began
print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - bare) / 1024)
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
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["sqlite3", str(database), ".mode csv", f".import {file} sales"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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


def plain_export(database: Path, file: Path) -> float:
    """csv.writer over the cursor."""
    began = time.process_time()
    with closing(sqlite3.connect(database)) as connection, file.open("w", newline="") as lines:
        csv.writer(lines).writerows(connection.execute("SELECT * FROM sales"))
    return time.process_time() - began


def ours(*arguments: str | Path) -> tuple[float, float]:
    """Seconds and megabytes above the bare process."""
    done = subprocess.run(
        [sys.executable, "-c", OURS, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


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
    folder = Path(tempfile.mkdtemp())
    file, database = folder / "sales.csv", folder / "t.db"
    write(file, rows)
    found: dict[str, list[float]] = {}
    memory: dict[str, float] = {}

    def run(name: str, measure: Callable[[], float | tuple[float, float]]) -> None:
        taken = measure()
        if isinstance(taken, tuple):
            memory[name] = max(memory.get(name, 0), taken[1])
        found.setdefault(name, []).append(taken[0] if isinstance(taken, tuple) else taken)

    def clear() -> None:
        for path in folder.glob("t.db*"):
            path.unlink()

    for _ in range(ROUNDS):
        for name, load in (("sqlite3 .import", shell), ("csv.reader + executemany", plain)):
            clear()
            run(name, lambda load=load: load(database, file))  # type: ignore[misc]
        clear()
        run("frontdesk import", lambda: ours("import", database, file))
        run("csv.writer(cursor)", lambda: plain_export(database, folder / "out.csv"))
        run("frontdesk export", lambda: ours("export", database, folder / "out.csv", "harmless"))
        run("frontdesk export --raw", lambda: ours("export", database, folder / "out.csv", "raw"))
    for name, seconds in found.items():
        peer = found["csv.writer(cursor)" if "export" in name or "writer" in name else "sqlite3 .import"]
        speed = rows / statistics.median(seconds)
        ratio = statistics.median(peer) / statistics.median(seconds)
        more = f", {memory[name]:.0f} MB above the bare process" if name in memory else ""
        print(f"{name:26} {speed:10,.0f} rows/s of processor time, {ratio:.2f} of its peer{more}")
    wait, written = longest_wait(folder, file)
    print(f"another writer beside an import: {written} rows written, longest wait {wait * 1000:.0f} ms")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
