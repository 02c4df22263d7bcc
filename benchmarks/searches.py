"""The search for a word in 1,000,000 notes, without and with a search index: one page, as rows.page gives it.

`python -m benchmarks.searches [--rows N] [--rounds N]`; in one process, so that nothing but the search is measured.
"""

import argparse
import random
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks import rounds
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import rows, searches

GOAL = 5.0
WORDS = {"an absent word": "nosuchword", "a rare word": "w4711", "a common word": "laptop", "two words": "laptop w47"}


def write(database: Database, count: int) -> None:
    """A table of notes of about 50 characters."""
    drawn = random.Random(1)
    things = ["laptop", "phone", "desk", "chair", "lamp", "table"]
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT, region TEXT, amount REAL)")
        connection.exec_driver_sql(
            "INSERT INTO notes (note, region, amount) VALUES (?, ?, ?)",
            [
                (f"sold a {drawn.choice(things)} to the customer w{drawn.randrange(10_000)}", drawn.choice("NSEW"), 1.5)
                for _ in range(count)
            ],
        )


def milliseconds(database: Database, word: str, many: int) -> float:
    """The median time of a page."""
    taken = []
    for _ in range(many):
        began = time.perf_counter()
        rows.page(database, "notes", search=word)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Prints medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        closing(Database("notes", Path(name) / "n.db", create=True)) as database,
    ):
        write(database, given.rows)
        print(rounds.noise())
        before = {what: milliseconds(database, word, 3) for what, word in WORDS.items()}
        database.close()
        size, began = database.path.stat().st_size, time.perf_counter()
        searches.create(database, "notes", ["note"], Caller("ada", "admin"))
        took = time.perf_counter() - began
        database.close()
        grown = database.path.stat().st_size / size - 1
        print(f"the index of {given.rows:,} rows is made in {took:.1f} s; the file grows by {grown:.0%}")
        for what, word in WORDS.items():
            found = milliseconds(database, word, given.rounds)
            print(f"{what}: {before[what]:.1f} ms without, {found:.2f} ms with an index")
            if what == "an absent word":
                print(f"  at most {GOAL:.0f} ms: {'met' if found <= GOAL else 'missed'}")


if __name__ == "__main__":
    main()
