"""What the navigation and the home page show."""

import json
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from frontdesk.context import Caller
from frontdesk.database import values
from frontdesk.database.connections import Database
from frontdesk.desk import pages
from frontdesk.errors import OperationalError
from frontdesk.functions import runs
from frontdesk.logs import records

if TYPE_CHECKING:
    from frontdesk.desk.desks import DatabaseSummary, Desk

LATELY = timedelta(hours=24)
TOUR = "tour.json"
"""In the state folder: `[{title, text, page}]`."""


@dataclass(frozen=True)
class Navigation:
    """The entries below each of the navigation's headings."""

    databases: tuple["DatabaseSummary", ...]
    functions: tuple[str, ...]
    pages: tuple[str, ...]
    errors: int  # ERROR records within the last day, at most 100 are counted


@dataclass(frozen=True)
class Overview:
    """The home page: what is here, what was done and what went wrong lately."""

    databases: list["DatabaseSummary"]
    functions: list[Any]
    problems: list[Any]
    pages: list[str]
    runs: list[Any]
    errors: list[records.Record] = field(default_factory=list)
    tour: list[dict[str, str]] = field(default_factory=list)  # the steps that a desk's maker left for newcomers


def navigation(desk: "Desk", by: Caller) -> Navigation:
    """The navigation for this caller."""
    return Navigation(
        databases=tuple(desk.summaries()),
        functions=tuple(function.name for function in desk.registry.functions()),
        pages=tuple(pages.names(desk.folder)),
        errors=_count_errors(desk.log_index, by),
    )


def overview(desk: "Desk", by: Caller) -> Overview:
    """The home page for this caller."""
    return Overview(
        databases=desk.summaries(),
        functions=desk.registry.functions(),
        problems=desk.registry.problems(),
        pages=pages.names(desk.folder),
        runs=runs.search(desk.state, by, size=8).runs,
        errors=_latest_errors(desk, by),
        tour=_tour(desk),
    )


def _tour(desk: "Desk") -> list[dict[str, str]]:
    path = desk.config.state_folder / TOUR
    found: list[dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return found


def _count_errors(log_index: Database, by: Caller) -> int:
    """As of the keeper's last round; every page shows it, so it is counted once a round."""
    if not by.may("editor"):
        return 0
    known = _counted.get(log_index)
    with suppress(OperationalError):  # without its server every page still shows what it can
        stamp = log_index.stamp()
        if known is None or known[0] != stamp:
            known = _counted[log_index] = (stamp, len(_errors(log_index, by, 100)))
    return known[1] if known else 0


_counted: WeakKeyDictionary[Database, tuple[Hashable, int]] = WeakKeyDictionary()


def _latest_errors(desk: "Desk", by: Caller) -> list[records.Record]:
    with suppress(OperationalError):  # the logs' own page says why they cannot be read
        return _errors(desk.read_logs(), by, 8)
    return []


def _errors(log_index: Database, by: Caller, size: int) -> list[records.Record]:
    if not by.may("editor"):
        return []
    wanted = records.Filter(level="ERROR", since=values.now() - LATELY)
    return records.search(log_index, wanted, size=size).records
