"""Scripts: what was typed, cut into its statements, each with the place at which it begins."""

from collections.abc import Iterator
from dataclasses import dataclass

from frontdesk.database import places
from frontdesk.database.postgresql import tokens
from frontdesk.errors import InputError

MOST = 20
"""Statements that are carried out in one go."""


@dataclass(frozen=True)
class Statement:
    """One statement and where it begins."""

    sql: str
    place: int


def split(sql: str, dialect: str) -> list[Statement]:
    """The statements; a single one is the text as it was typed. Raises InputError for too many."""
    found = _statements(sql, dialect)
    if len(found) > MOST:
        raise InputError(errors={"sql": f"Write at most {MOST} statements at a time."})
    return found if len(found) > 1 else [Statement(sql, 0)]


def single(sql: str, dialect: str) -> str:
    """The one statement that was typed, without what ends it. Raises InputError for several."""
    found = _statements(sql, dialect)
    if len(found) > 1:
        raise InputError(errors={"sql": "Write one statement: a chart and a plan are of one at a time."})
    return found[0].sql if found else sql


def _statements(sql: str, dialect: str) -> list[Statement]:
    found = []
    for piece, place in _of_postgresql(sql) if dialect == "postgresql" else _of_sqlite(sql):
        if _says_something(piece, dialect):
            found.append(Statement(piece.strip(), place + len(piece) - len(piece.lstrip())))
    return found


def _says_something(piece: str, dialect: str) -> bool:
    """Whether there is more than spaces and comments."""
    if dialect == "postgresql":
        return bool(tokens.significant(piece))
    return bool(places.TOKEN.sub(lambda found: "" if found["comment"] else found[0], piece).strip())


def _of_sqlite(sql: str) -> Iterator[tuple[str, int]]:
    """The pieces between semicolons; those within a trigger's body end none."""
    start = 0
    for found in places.TOKEN.finditer(sql):
        if found["end"] and places.is_complete(sql[start : found.end()]):
            yield sql[start : found.start()], start
            start = found.end()
    yield sql[start:], start


def _of_postgresql(sql: str) -> Iterator[tuple[str, int]]:
    start = place = 0
    for token in tokens.split(sql):
        if token.text == ";" and token.kind == "other":
            yield sql[start:place], start
            start = place + 1
        place += len(token.text)
    yield sql[start:], start
