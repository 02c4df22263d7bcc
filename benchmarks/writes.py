"""Rows inserted over HTTP one by one, each on the disk before the answer, against Datasette's newest alpha.

`python -m benchmarks.writes [--rounds N] [--seconds S]`; 8 kept connections of a plain Python process, Frontdesk with 2
processes. Frontdesk also keeps who changed what, so that it can be undone. Datasette's stable release cannot write.
"""

import argparse
import contextlib
import json
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import rounds
from benchmarks.pages import frontdesk
from benchmarks.rounds import Request

WRITERS = 8
ROW = {"name": "Krish", "age": 32, "note": "one more of them"}
SECRET = "of the benchmark alone"
GOAL, GOAL_SLOW = 8, 20.0


def make(path: Path) -> None:
    """An empty table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, note TEXT)")


@contextlib.contextmanager
def datasette(programs: Path, database: Path) -> Iterator[tuple[int, Request]]:
    """Datasette over a file of its own, and the request that inserts a row."""
    port = rounds.free_port()
    made = subprocess.run(
        [programs / "datasette", "create-token", "root", "--secret", SECRET], capture_output=True, text=True, check=True
    )
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    asked = Request(f"/{database.stem}/people/-/insert", headers, "POST", json.dumps({"row": ROW}))
    command: list[str | Path] = [
        programs / "datasette",
        "serve",
        database,
        "--port",
        str(port),
        "--root",
        "--secret",
        SECRET,
    ]
    with rounds.serving(command, port):
        yield port, asked


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    programs = rounds.peer("datasette-alpha", "datasette>=1.0a20")
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        ours.mkdir()
        theirs.mkdir()
        make(ours / "people.db")
        make(theirs / "people.db")
        print(f"{rounds.version(programs, 'datasette')}; {rounds.noise()}")
        with frontdesk(ours, "--processes", "2") as (port, cookie), datasette(programs, theirs / "people.db") as peer:
            asked = Request(
                "/api/databases/people/tables/people/rows",
                {"Cookie": cookie, "Origin": f"http://127.0.0.1:{port}", "Host": f"127.0.0.1:{port}"},
                "POST",
                json.dumps({"rows": [ROW]}),
            )
            slow: dict[str, list[float]] = {"frontdesk": [], "datasette": []}

            def rate(name: str, port: int, request: Request) -> float:
                found = rounds.load(port, request, given.seconds, WRITERS)
                slow[name].append(found.slow)
                return found.per_second

            measures = {
                "frontdesk": lambda: rate("frontdesk", port, asked),
                "datasette": lambda: rate("datasette", *peer),
            }
            found = rounds.measure(given.rounds, measures)
    print(rounds.told("rows a second against Datasette's", found["frontdesk"] / found["datasette"], GOAL))
    for name, times in slow.items():
        print(f"  {name}: 99 of 100 within {sorted(times)[len(times) // 2]:.1f} ms (goal {GOAL_SLOW:.0f})")


if __name__ == "__main__":
    main()
