"""Memory of one web process against a bare Flask + SQLAlchemy process: `python -m benchmarks.memory`

PSS of /proc/PID/smaps_rollup after 200 pages: what is shared with other processes counts by its share.
"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rounds
from benchmarks.pages import frontdesk, write
from benchmarks.rounds import Request

BARE = """
import sys
import flask, sqlalchemy, waitress
engine = sqlalchemy.create_engine(f"sqlite:///{sys.argv[1]}")
app = flask.Flask("bare")
@app.get("/")
def rows():
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT * FROM sales LIMIT 100")).all()
    return flask.jsonify([list(row) for row in found])
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[2]), threads=4)
"""
GOAL = 1.3


@contextlib.contextmanager
def bare(database: Path) -> Iterator[int]:
    """A page of rows with nothing around it."""
    port = rounds.free_port()
    with rounds.serving([sys.executable, "-c", BARE, database, str(port)], port):
        yield port


def pss(port: int) -> float:
    """Megabytes of the process that was begun for this port."""
    text = Path(f"/proc/{rounds.process(port)}/smaps_rollup").read_text("ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1000


def main() -> None:
    """Prints both and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "sales.db", 10_000)
        with frontdesk(folder) as (port, cookie), bare(folder / "sales.db") as bare_port:
            rounds.load(port, Request("/databases/sales/tables/sales", {"Cookie": cookie}), 2, 4)
            rounds.load(bare_port, Request("/"), 2, 4)
            ours, theirs = pss(port), pss(bare_port)
    print(f"PSS of one web process {ours:.1f} MB, bare {theirs:.1f} MB; {rounds.noise()}")
    print(rounds.told("against the bare process", ours / theirs, GOAL, at_least=False))


if __name__ == "__main__":
    main()
