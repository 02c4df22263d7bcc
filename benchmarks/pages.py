"""The page of 100 rows out of 1,000,000 as HTML and JSON, signed in, against Datasette's newest stable release.

`python -m benchmarks.pages [--rows N] [--rounds N] [--seconds S]`; the load comes from 32 kept connections of a plain
Python process. Datasette runs as it comes, and light: without the count and the suggested facets of each page.
"""

import argparse
import contextlib
import datetime as dt
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks import rounds
from benchmarks.rounds import Request
from frontdesk.accounts import sessions, users
from frontdesk.desk import Desk

LIGHT = "_nocount=1&_nofacet=1&_nosuggest=1"
OURS = {
    "HTML": Request("/databases/sales/tables/sales"),
    "JSON": Request("/api/databases/sales/tables/sales/rows"),
}
THEIRS = {
    ("HTML", "as it comes"): Request("/sales/sales?_size=100"),
    ("JSON", "as it comes"): Request("/sales/sales.json?_size=100&_shape=objects"),
    ("HTML", "light"): Request(f"/sales/sales?_size=100&{LIGHT}"),
    ("JSON", "light"): Request(f"/sales/sales.json?_size=100&_shape=objects&{LIGHT}"),
}
GOALS = {"HTML": 40, "JSON": 20}


def write(path: Path, rows: int) -> None:
    """A table of sales with 7 columns."""
    drawn = random.Random(1)
    day = dt.date(2020, 1, 1)
    sales = (
        (
            (day + dt.timedelta(drawn.randrange(2000))).isoformat(),
            drawn.choice(["Laptop", "Phone", "Desk"]),
            drawn.randrange(100),
            round(drawn.random() * 1000, 2),
            drawn.choice(["North", "South", "East", "West"]),
            f"note {drawn.randrange(10**6)} of the sale",
        )
        for _ in range(rows)
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE sales (id INTEGER PRIMARY KEY, date TEXT, product TEXT, quantity INTEGER, price REAL,"
            " region TEXT, note TEXT)"
        )
        connection.executemany(
            "INSERT INTO sales (date, product, quantity, price, region, note) VALUES (?, ?, ?, ?, ?, ?)", sales
        )


@contextlib.contextmanager
def frontdesk(folder: Path, *options: str) -> Iterator[tuple[int, str]]:
    """Frontdesk over the folder: its port, and the cookie of one who is signed in."""
    desk = Desk(folder, logs={"console": False})
    try:
        ada = users.add(desk.state, "ada", "correct horse battery staple", "admin")
        cookie = f"frontdesk_session={sessions.start(desk.state, ada, desk.config.sessions)}"
    finally:
        desk.close()
    port = rounds.free_port()
    command: list[str | Path] = [sys.executable, "-m", "frontdesk", "serve", folder, "--port", str(port), *options]
    with rounds.serving(command, port) as port:
        yield port, cookie


@contextlib.contextmanager
def datasette(programs: Path, database: Path) -> Iterator[int]:
    """Datasette over the same file."""
    port = rounds.free_port()
    with rounds.serving([programs / "datasette", "serve", database, "--port", str(port)], port):
        yield port


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    programs = rounds.peer("datasette", "datasette", "sqlite-utils")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "sales.db", given.rows)
        print(f"{rounds.version(programs, 'datasette')}; {rounds.noise()}")
        ours = frontdesk(folder, "--processes", str(given.processes))
        with ours as (port, cookie), datasette(programs, folder / "sales.db") as their_port:
            rates, measures = rounds.Rates(), {}
            for kind, request in OURS.items():
                asked = Request(request.path, {"Cookie": cookie})
                rounds.load(port, asked, 2)
                told = f"frontdesk {kind}"
                measures[told] = partial(rates.per_second, told, port, asked, given.seconds)
            for (kind, how), request in THEIRS.items():
                few = 2 if how == "as it comes" else 32
                rounds.load(their_port, request, 2, few)
                told = f"datasette {kind} {how}"
                measures[told] = partial(rates.per_second, told, their_port, request, given.seconds, few)
            found = rounds.measure(given.rounds, measures)
    rates.show(found)
    for kind, how in THEIRS:
        ratio = found[f"frontdesk {kind}"] / found[f"datasette {kind} {how}"]
        print(rounds.told(f"{kind} page against Datasette {how}", ratio, GOALS[kind]))


if __name__ == "__main__":
    main()
