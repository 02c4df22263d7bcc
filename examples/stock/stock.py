"""A stock room: deliveries come in, things go out, and the log says when something runs low."""

import csv
import logging
from contextlib import closing
from pathlib import Path
from typing import Annotated

from pydantic import Field

import frontdesk

logger = logging.getLogger("stock")

TABLE = "CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, count INTEGER NOT NULL CHECK (count >= 0))"
ADD = "INSERT INTO items (name, count) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
LOW = 10


@frontdesk.function
def deliver(file: str = "delivery.csv") -> int:
    """Add what a CSV file of this folder says was delivered; gives the number of lines."""
    with Path(file).open(encoding="utf-8", newline="") as lines:
        delivered = [(line["name"], int(line["count"])) for line in csv.DictReader(lines)]
    with closing(frontdesk.connect("stock")) as connection, connection:
        connection.execute(TABLE)
        connection.executemany(ADD, delivered)
    logger.info("%d lines of %s delivered", len(delivered), file)
    return len(delivered)


@frontdesk.function
def take(name: str, count: Annotated[int, Field(ge=1, description="How many are taken out")] = 1) -> int:
    """Take things out; gives how many are left. More than there are cannot be taken."""
    with closing(frontdesk.connect("stock")) as connection, connection:
        found = connection.execute("SELECT count FROM items WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise LookupError(f"There is no {name} in the stock room")
        left = found[0] - count
        connection.execute("UPDATE items SET count = ? WHERE name = ?", (left, name))
    if left < LOW:
        logger.warning("Only %d of %s left", left, name)
    return left
