"""The state of a database as its health page shows it: at a glance, or looked through."""

import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from frontdesk import errors
from frontdesk.database import integrity, vitals
from frontdesk.database.connections import Database
from frontdesk.database.vitals import Room, Size, Statistic, Wait
from frontdesk.history import purges
from frontdesk.upkeep import ailments
from frontdesk.upkeep.findings import Finding

GLANCE = 0.5
"""Seconds at most for each thing that reads tables, while a page waits."""
SECONDS = 10.0
"""Seconds at most for each of them where somebody asked for all to be looked through."""
LEVELS = ("error", "warning", "note")

_checking = threading.Lock()


@dataclass(frozen=True)
class Health:
    """The state of a database; None stands for what is not known."""

    database: str
    dialect: str
    room: Room
    sizes: list[Size] | None
    waits: list[Wait]
    statistics: list[Statistic]
    indexes: int
    findings: list[Finding]
    history_from: datetime | None  # of older changes none is kept
    checked: bool = False  # whether all was looked through, rather than glanced at
    left: list[str] = field(default_factory=list)  # what took too long

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        found = asdict(self)
        return {"name": found.pop("database"), **found.pop("room"), "backup": None, **found}


def glance(database: Database) -> Health:
    """What can be told at once: tables are read for half a second at most."""
    return _examine(database, ailments.Look(GLANCE))


def examine(database: Database) -> Health:
    """As `glance`, with each page of a file and each reference looked at. Raises ConflictError while another does."""
    if not _checking.acquire(blocking=False):
        raise errors.ConflictError("Another check is under way.", "Wait until it has ended: it takes a few seconds.")
    try:
        return _examine(database, ailments.Look(SECONDS, thorough=True))
    finally:
        _checking.release()


def _examine(database: Database, look: ailments.Look) -> Health:
    facts = ailments.read(database)
    sizes = _sizes(database, look)
    broken = _broken(database, look) if look.thorough and database.dialect == "sqlite" else []
    found = [*broken, *ailments.standing(facts), *ailments.lost(database, look)]
    cut = purges.latest(database)
    return Health(
        database.name,
        database.dialect,
        facts.room,
        sizes,
        facts.waits,
        facts.statistics,
        sum(bool(index.name) for index in facts.indexes),
        sorted(found, key=lambda one: LEVELS.index(one.level)),
        cut.at if cut else None,
        look.thorough,
        look.left,
    )


def _sizes(database: Database, look: ailments.Look) -> list[Size] | None:
    try:
        with database.within(look.seconds) as connection:
            return vitals.sizes(connection)
    except errors.InterruptedError:
        look.left.append("sizes")
    except errors.DatabaseError:  # of a damaged file no more can be told; `examine` says what is damaged
        pass
    return None


def _broken(database: Database, look: ailments.Look) -> list[Finding]:
    try:
        return list(ailments.pages(database.path, look.seconds))
    except integrity.OverrunError:
        look.left.append("pages")
        return []
    except errors.Error as error:
        return [Finding("error", database.name, f"{database.name}: {error.message}", error.hint or ailments.NOT_WHOLE)]
