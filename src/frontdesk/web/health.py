"""Whether this process lives and can do its work, and the health of each database."""

from flask import Blueprint, Response

from frontdesk.accounts import users
from frontdesk.errors import ConflictError
from frontdesk.logs import handlers
from frontdesk.upkeep import ailments, examinations
from frontdesk.upkeep.examinations import Health
from frontdesk.upkeep.findings import Finding
from frontdesk.web import access, current, rendering, wishes
from frontdesk.web.errors import status_of

routes = Blueprint("health", __name__)


@routes.get("/healthz")
@access.allow(access.ANYONE)
def healthz() -> Response:
    """200 while this process answers; `degraded` when log records of this process could not be written."""
    dropped = handlers.dropped()
    return rendering.answer({"status": "degraded" if dropped else "ok", "dropped_records": dropped})


@routes.get("/readyz")
@access.allow(access.ANYONE)
def readyz() -> Response:
    """200 while the desk's own tables can be read; else 503."""
    users.exist(current.desk().state)
    return rendering.answer({"status": "ok"})


@routes.app_template_filter("size")
def size(count: int) -> str:
    """Bytes as a person reads them."""
    return ailments.size(count)


@routes.app_template_filter("mending")
def mending(found: Finding) -> dict[str, str]:
    """What the form of a structure page is sent that mends it; empty where none does."""
    mend = found.mend or {}
    if mend.get("drop_indexes"):
        return {"drop_index": mend["drop_indexes"][0]}
    columns = mend["add_indexes"][0]["columns"] if mend.get("add_indexes") else []
    return {f"index.{place}": name for place, name in enumerate(columns)} if len(columns) <= wishes.LINES else {}


@routes.get("/databases/<name:database>/health")
@access.allow("viewer")
def database(database: str) -> Response:
    """What a database takes and what ails it, at a glance."""
    return _page(database, examinations.glance(current.desk().database(database)))


@routes.post("/databases/<name:database>/health")
@access.allow("editor")
def check(database: str) -> Response:
    """The same after all of it was looked through."""
    place = current.desk().database(database)
    try:
        return _page(database, examinations.examine(place))
    except ConflictError as error:
        return _page(database, examinations.glance(place), f"{error.message} {error.hint}", status_of(error))


def _page(database: str, found: Health, problem: str = "", status: int = 200) -> Response:
    place = current.desk().database(database)
    return rendering.page(
        "health/database.html",
        status,
        database=database,
        health=found,
        problem=problem,
        may_alter=access.caller().may("admin") and not place.read_only,
    )


@routes.get("/api/databases/<name:database>/health")
@access.allow("viewer")
def database_json(database: str) -> Response:
    """`{name, engine, bytes, log, free, journal, sizes, waits, statistics, indexes, findings, …}`."""
    return rendering.answer(examinations.glance(current.desk().database(database)).json())


@routes.post("/api/databases/<name:database>/health")
@access.allow("editor")
def check_json(database: str) -> Response:
    """The same after all of it was looked through; 409 while another check is under way."""
    return rendering.answer(examinations.examine(current.desk().database(database)).json())
