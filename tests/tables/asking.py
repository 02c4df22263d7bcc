"""Typed SQL for tests that run on both engines, asked without a pool of workers."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.database.queries import Answer
from frontdesk.errors import InputError
from frontdesk.tables import plans
from frontdesk.tables.figures import Chart, Wish
from frontdesk.tables.plans import Told
from frontdesk.tables.queries import Queries

VIC = Caller("vic", "viewer")


class Here:
    """A pool that does at once what it is asked, in this process."""

    def submit(self, function: Callable[..., Any], *arguments: Any, **_: Any) -> "Future[Any]":
        task: Future[Any] = Future()
        try:
            task.set_result(function(*arguments))
        except Exception as error:
            task.set_exception(error)
        return task


@dataclass(frozen=True)
class Asking:
    """A database and who asks it."""

    queries: Queries
    database: Database

    def read(self, sql: str, given: Any = None) -> Answer:
        return self.queries.read(self.database, sql, given or {}, VIC)

    def all(self, sql: str, given: Any = None) -> list[tuple[str, Answer]]:
        return self.queries.read_all(self.database, sql, given or {}, VIC)

    def plan(self, sql: str, given: Any = None) -> tuple[Told, ...]:
        return self.queries.explain(self.database, sql, given or {}, VIC)

    def sentences(self, sql: str, given: Any = None) -> list[str]:
        return list(plans.sentences(self.plan(sql, given)))

    def draw(self, sql: str, given: Any = None, **wish: str) -> Chart:
        return self.queries.draw(self.database, sql, given or {}, Wish(**wish), VIC)

    def refused(self, ask: Callable[[], Any]) -> InputError:
        """What is said against it."""
        try:
            ask()
        except InputError as error:
            return error
        raise AssertionError("it was not refused")


def made(config: Config, state: Database, database: Database) -> Asking:
    """Who asks this database."""
    return Asking(Queries(config, state, Here()), database)  # type: ignore[arg-type]
