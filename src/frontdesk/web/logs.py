"""Log records found, counted and followed; levels of loggers set: pages and JSON side by side."""

import logging
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from frontdesk.accounts import audit
from frontdesk.config import LEVELS
from frontdesk.database.values import now
from frontdesk.errors import InputError
from frontdesk.logs import filters, loggers, records
from frontdesk.logs.filters import Filter
from frontdesk.web import access, bodies, current, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("logs", __name__)
logger = logging.getLogger("frontdesk.logs")

OWN = frozenset({"_size", "_next", "_after"})
SPANS = (("15m", "last 15 minutes"), ("1h", "last hour"), ("1d", "last day"), ("7d", "last 7 days"))
BARS = 60
"""So many minutes the histogram shows at least, so that a single bar is not a wall."""

FEW = 300
"""The live tail shows at most so many new records at a time."""


def _wanted() -> Filter:
    return filters.parse({name: text.strip() for name, text in request.args.items() if name not in OWN})


def _after() -> int | None:
    text = request.args.get("_after", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(errors={"_after": "Write the id of a record."})
    return int(text) if text else None


# Records


@routes.get("/logs")
@access.allow("editor")
def index() -> Response:
    """The records that the filters select, newest first, with their histogram; the first page goes on with new ones."""
    database = current.desk().read_logs()
    newest = records.newest(database)
    try:
        wanted = _wanted()
        page = records.search(database, wanted, size=bodies.size(), token=bodies.next_token() or "")
    except InputError as error:
        return _index(status_of(error), errors=error.errors)
    return _index(wanted=wanted, page=page, newest=newest, histogram=_histogram(wanted), changes=_changes(wanted))


def _index(status: int = 200, **shown: Any) -> Response:
    return rendering.page(
        "logs/index.html",
        status,
        levels=LEVELS,
        spans=SPANS,
        tail=_tail_url(),
        filters=_filters(),
        **_MACROS,
        **shown,
    )


def _tail_url() -> str:
    return rendering.address("logs.tail", _filters())


def _filters() -> list[tuple[str, str]]:
    return [(name, text) for name, text in request.args.items() if name not in OWN and text]


def _histogram(wanted: Filter) -> records.Histogram:
    """Of the last day where no time is asked for: what the page shows first."""
    since = wanted.since or (wanted.until or now()) - timedelta(days=1)
    return records.histogram(current.desk().log_index, wanted, since=since, until=wanted.until, least=BARS)


def _bars(histogram: records.Histogram) -> list[tuple[str, int, float, float]]:
    """(level, place, top, height) of each bar, of 100, the worst level lowest."""
    tallest = max((sum(bucket.counts.values()) for bucket in histogram.buckets), default=0)
    bars = []
    for place, bucket in enumerate(histogram.buckets):
        top = 100.0
        for level in sorted(bucket.counts, key=_severity, reverse=True):
            height = 100 * bucket.counts[level] / tallest
            top -= height
            bars.append((level, place, top, height))
    return bars


def _total(histogram: records.Histogram) -> int:
    return sum(sum(bucket.counts.values()) for bucket in histogram.buckets)


def _pace(histogram: records.Histogram) -> str:
    for seconds, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if histogram.seconds % seconds == 0:
            count = histogram.seconds // seconds
            return word if count == 1 else f"{count} {word}s"
    return f"{histogram.seconds} seconds"


def _severity(level: str) -> int:
    return logging.getLevelNamesMapping().get(level, 0)


_MACROS = {"bars_of": _bars, "total_of": _total, "pace_of": _pace}


def _changes(wanted: Filter) -> list[Any]:
    """What the request of these records changed, so that one click leads on from them."""
    return current.desk().changes.search(request=wanted.request)[0] if wanted.request else []


@routes.get("/logs/tail")
@access.allow("editor")
def tail() -> Response:
    """The rows of the records after `_after`, newest first: what the script puts on top of the page's."""
    found = records.search(current.desk().read_logs(), _wanted(), size=FEW, after=_after() or 0)
    return rendering.page("logs/_rows.html", records=list(reversed(found.records)))


@routes.get("/api/logs")
@access.allow("editor")
def index_json() -> Response:
    """`{records, next}`: newest first; with `_after` those of a later id, oldest first."""
    database = current.desk().read_logs()
    page = records.search(database, _wanted(), size=bodies.size(), after=_after(), token=bodies.next_token() or "")
    return rendering.answer({"records": [vars(record) for record in page.records], "next": page.next})


@routes.get("/api/logs/histogram")
@access.allow("editor")
def histogram_json() -> Response:
    """`{buckets: [{time, counts: {LEVEL: n}}], seconds}`; of the last day where no `since` is given."""
    current.desk().read_logs()
    found = _histogram(_wanted())
    return rendering.answer({"buckets": [vars(bucket) for bucket in found.buckets], "seconds": found.seconds})


# Loggers


@routes.get("/loggers")
@access.allow("editor")
def all_loggers() -> Response:
    """Every logger with its level, and for admins the form that sets it."""
    return _all_loggers()


def _all_loggers(status: int = 200, errors: dict[str, str] | None = None, wrong: str = "") -> Response:
    return rendering.page("logs/loggers.html", status, loggers=_list(), levels=LEVELS, errors=errors or {}, wrong=wrong)


@routes.post("/loggers")
@access.allow("admin")
def set_level() -> Response:
    """Sets the level of one logger, or takes back what was set, and shows them all."""
    name, level, minutes = (request.form.get(field, "").strip() for field in ("logger", "level", "minutes"))
    level = "" if "reset" in request.form else level
    try:
        _set(name, level or None, _number(minutes))
    except InputError as error:
        return _all_loggers(status_of(error), error.errors, name)
    flash(f"{name} is at {level}." if level else f"{name} is as it was before.", "done")
    return rendering.lead_to(url_for("logs.all_loggers"))


@routes.get("/api/loggers")
@access.allow("editor")
def all_loggers_json() -> Response:
    """`{loggers: [{name, level, effective, source, by, until}], next}`."""
    found, after = bodies.part(_list())
    return rendering.answer({"loggers": [vars(one) for one in found], "next": after})


@routes.put("/api/loggers/<name:name>")
@access.allow("admin")
def set_level_json(name: str) -> Response:
    """Sets the level of `{level, minutes}`; a level of null takes back what was set. Answers the logger."""
    given = bodies.json_object()
    bodies.refuse_unknown(given, "level", "minutes")
    _check_types(given)
    _set(name, given["level"], given.get("minutes"))
    return rendering.answer(vars(next(one for one in _list(name) if one.name == name)))


def _list(*also: str) -> list[loggers.Logger]:
    desk = current.desk()
    return loggers.list_all(desk.config, desk.state, desk.read_logs(), also)


def _set(name: str, level: str | None, minutes: int | None) -> None:
    """What the page and the JSON do: sets or resets, in this process at once, and keeps who did it."""
    desk, who = current.desk(), access.caller().name
    if level:
        loggers.set_level(desk.state, name, level, who, minutes)
        deed = f"set logger {name} to {level.upper()}" + (f" for {minutes} minutes" if minutes else "")
    else:
        loggers.reset(desk.state, name)
        deed = f"reset logger {name}"
    audit.record(desk.state, who, "logger level", deed, request.remote_addr or "")
    logger.info("%s %s", who, deed)


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(errors={"minutes": "Write a whole number of minutes, or nothing for no end."})
    return int(text) if text else None


def _check_types(given: dict[str, Any]) -> None:
    wrong = {}
    if "level" not in given or not (given["level"] is None or isinstance(given["level"], str)):
        wrong["level"] = f"Write one of {', '.join(LEVELS)}, or null to take it back."
    if not (given.get("minutes") is None or type(given["minutes"]) is int):
        wrong["minutes"] = "Write a whole number of minutes, or null for no end."
    if wrong:
        raise InputError(errors=wrong)
