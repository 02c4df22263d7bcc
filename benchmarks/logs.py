"""`logger.info` into a desk's logs against the standard library's FileHandler, and against no handler at all.

`python -m benchmarks.logs [--records N] [--rounds N]`; microseconds of the processor a record, so that a busy machine
does not blur them. What is measured is the call: each record is in the kernel's hands when it returns.
"""

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import rounds

GOAL = 1.3
CODE = """
import logging, sys, time
from pathlib import Path
kind, folder, records = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
logger = logging.getLogger("bench.pages")
logging.getLogger().setLevel("INFO")
FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
if kind == "FileHandler":
    handler = logging.FileHandler(folder / "plain.log")
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
elif kind == "no handler":
    logging.getLogger().addHandler(logging.NullHandler())
else:
    from frontdesk import config
    from frontdesk.logs import handlers
    file = "plain.log" if kind.endswith("text file") else ""
    handlers.configure(config.load(folder, logs={"console": False, "file": file}), "bench")
for _ in range(2000):
    logger.info("Warm: %s", _)
began = time.process_time()
for number in range(records):
    logger.info("GET /databases/%s/tables/%s %d in %.1f ms", "sales", "orders", 200, number * 0.01)
print((time.process_time() - began) / records * 1e6)
"""
KINDS = ("FileHandler", "frontdesk", "frontdesk and a text file", "no handler")


def microseconds(kind: str, records: int) -> float:
    """Of the processor, a record."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", CODE, kind, str(Path(folder)), str(records)],
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout)


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(rounds.noise())
    found = rounds.measure(given.rounds, {kind: partial(microseconds, kind, given.records) for kind in KINDS})
    print("microseconds of the processor a record, medians:")
    for kind, taken in found.items():
        print(f"  {kind:36} {taken:8.2f}")
    ratio = found["frontdesk"] / found["FileHandler"]
    print(rounds.told("logger.info against FileHandler", ratio, GOAL, at_least=False))


if __name__ == "__main__":
    main()
