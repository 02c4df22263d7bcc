"""Answers kept for a day under the key that a client sent along, so that a request sent twice is carried out once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import ConflictError
from frontdesk.workers import owners

KEPT = timedelta(hours=24)
LARGEST = 10_000_000
"""Bytes of an answer that is kept; of a larger one only that it was given."""

_answers = state.answers.c


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    content_type: str
    body: bytes


def reserve(database: Database, by: Caller, key: str, asked: str) -> Answer | None:
    """The answer that was kept for this key and request; None when it is now to be carried out, by whoever asked.

    Raises ConflictError for a key of another request, one that is not answered yet, or whose answer is lost.
    """
    owner = owners.this()
    row = {"asked": asked, "at": now(), "node": owner.node, "pid": owner.pid, "process_started": owner.started}
    # Durable: were this lost in a power cut and the deed not, the same request would be carried out twice.
    with database.transaction() as connection:
        connection.execute(delete(state.answers).where(_of(by, key), _answers.at <= now() - KEPT))
        found = connection.execute(select(state.answers).where(_of(by, key))).one_or_none()
        if found is None:
            connection.execute(insert(state.answers).values(user=by.name, key=key, **row))
            return None
    return _again(found, asked)


def keep(database: Database, by: Caller, key: str, answer: Answer) -> None:
    """Keeps the answer for the rest of the day."""
    body = answer.body if len(answer.body) <= LARGEST else None
    given = {"status": answer.status, "content_type": answer.content_type, "body": body}
    with database.transaction(durable=False) as connection:
        connection.execute(update(state.answers).where(_of(by, key)).values(given))


def release(database: Database, by: Caller, key: str) -> None:
    """Lets the request be tried again under its key."""
    with database.transaction(durable=False) as connection:
        connection.execute(delete(state.answers).where(_of(by, key)))


def forget(database: Database) -> None:
    """Deletes the answers that are older than a day."""
    with database.transaction(durable=False) as connection:
        connection.execute(delete(state.answers).where(_answers.at <= now() - KEPT))


def forget_of(connection: Connection, name: str) -> None:
    """Deletes the answers of an earlier user or token of this name, in the caller's transaction."""
    connection.execute(delete(state.answers).where(_answers.user == name))


def _of(by: Caller, key: str) -> ColumnElement[bool]:
    return (_answers.user == by.name) & (_answers.key == key)


def _again(found: Any, asked: str) -> Answer:
    if found.asked != asked:
        raise ConflictError("This Idempotency-Key was sent with another request.", "Draw a new key for each request.")
    if found.status is None and owners.alive(owners.Owner(found.node, found.pid, found.process_started)):
        raise ConflictError("This request is still being carried out.", "Send it again in a moment.")
    if found.status is None:
        raise ConflictError(
            "This request was begun, and its process ended before it answered.",
            "Whether it was carried out is not known: look, then send it with a new Idempotency-Key.",
        )
    if found.body is None:
        raise ConflictError("This request was carried out, but its answer was too large to be kept.")
    return Answer(found.status, found.content_type, found.body)
