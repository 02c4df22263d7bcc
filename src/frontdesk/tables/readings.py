"""Readings: what a worker does with typed SQL that only reads: its answers, its chart, its plan."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frontdesk.database import envelopes, places, queries
from frontdesk.database.queries import BYTES, ROWS, Answer
from frontdesk.errors import Error
from frontdesk.tables import charts, groups, plans, results
from frontdesk.tables.figures import Chart, Wish
from frontdesk.tables.plans import Step
from frontdesk.tables.scripts import Statement


class Reader:
    """Carries out statements one after the other, all of them within so many seconds."""

    def __init__(self, place: Path | str, seconds: float) -> None:
        self.dialect = "sqlite" if isinstance(place, Path) else "postgresql"
        self._place = place
        self._seconds = seconds
        self._began = time.perf_counter()

    def read(self, sql: str, bound: Mapping[str, Any], *, most: int = ROWS, room: int = BYTES) -> Answer:
        """The first rows that a statement gives."""
        if isinstance(self._place, Path):
            return queries.read(self._place, sql, bound, self._seconds, began=self._began, most=most, room=room)
        return self.read_whole(sql, bound, most=most, room=room, whole=False)

    def read_whole(
        self, sql: str, bound: Mapping[str, Any], *, most: int = ROWS, room: int = BYTES, whole: bool = True
    ) -> Answer:
        """The same with the hidden key, where `SELECT *` brings one along."""
        if isinstance(self._place, Path):
            return self.read(sql, bound, most=most, room=room)
        from frontdesk.database.postgresql import queries as postgresql  # its driver is an extra

        limits = {"began": self._began, "most": most, "room": room, "whole": whole}
        return postgresql.read(self._place, sql, bound, self._seconds, **limits)  # type: ignore[arg-type]


def answer(
    place: Path | str, script: Sequence[Statement], sql: str, bound: Mapping[str, Any], seconds: float
) -> list[Answer]:
    """What each statement gives. Raises InputError with the place of what is wrong in all of the SQL."""
    reader, found = Reader(place, seconds), []
    for statement in script:
        try:
            found.append(reader.read(statement.sql, bound, room=BYTES // len(script)))
        except Error as error:
            raise places.shifted(error, sql, statement.place) from None
    return found


def draw(place: Path | str, sql: str, bound: Mapping[str, Any], wish: Wish, seconds: float) -> Chart:
    """The chart of what one statement gives, grouped in the database. Raises InputError."""
    reader = Reader(place, seconds)
    table = results.describe(reader, sql, bound)

    def fetch(query: sa.Select[Any]) -> Sequence[Any]:
        text, parameters = results.around(reader.dialect, table, sql, bound, query)
        return reader.read(text, parameters, most=groups.MOST_POINTS + 1).rows

    with charts.limited():
        return charts.draw_of(fetch, table, wish)


def plan(place: Path | str, sql: str, bound: Mapping[str, Any], seconds: float) -> tuple[Step, ...]:
    """How one statement would be carried out. Raises InputError."""
    reader = Reader(place, seconds)
    return plans.read(reader.dialect, reader.read(envelopes.EXPLAIN[reader.dialect] + sql, bound).rows)
