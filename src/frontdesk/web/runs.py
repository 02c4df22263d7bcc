"""Runs: the list, and one with what it gave, logged and changed; pages and JSON side by side."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from frontdesk.functions import runs as kept
from frontdesk.web import access, bodies, current, messages, rendering
from frontdesk.web.functions import PATIENCE, answer, waits

routes = Blueprint("runs", __name__)


def _page() -> kept.Page:
    return kept.search(
        current.desk().state,
        access.caller(),
        function=request.args.get("function", ""),
        status=request.args.get("status", ""),
        size=bodies.size(),
        token=bodies.next_token(),
    )


@routes.get("/runs")
@access.allow("viewer")
def index() -> Response:
    """The newest runs, by function and status."""
    names = [function.name for function in current.desk().registry.functions()]
    return rendering.page("runs/index.html", page=_page(), functions=names, statuses=kept.STATUSES)


@routes.get("/api/runs")
@access.allow("viewer")
def index_json() -> Response:
    """`{runs: […], next}`."""
    page = _page()
    return rendering.answer({"runs": [run.json() for run in page.runs], "next": page.next})


@routes.get("/runs/<int:run>")
@access.allow("viewer")
def run(run: int) -> Response:
    """One run; while it runs the page renews its part, and at the end all of itself."""
    shown = current.desk().runs.show(run, access.caller())
    response = rendering.page("runs/run.html", **shown)
    if request.headers.get("X-Fragment") and not shown["run"].live:
        response.headers["X-Reload"] = "1"
    return response


@routes.get("/api/runs/<int:run>")
@access.allow("viewer")
def run_json(run: int) -> Response:
    """The run with its records and changes."""
    shown = current.desk().runs.show(run, access.caller())
    joined: dict[str, Any] = {
        **shown["run"].json(),
        "records": [vars(record) for record in shown["records"]],
        "records_next": shown["records_next"],
        "changes": [current.desk().changes.json(change) for change in shown["changes"]],
        "changes_next": shown["changes_next"],
    }
    return rendering.answer(joined)


@routes.get("/api/runs/<int:run>/records")
@access.allow("viewer")
def records_json(run: int) -> Response:
    """`{records: […], next}` of the run, oldest first; takes the run's `records_next` as `_next`."""
    page = current.desk().runs.records(run, access.caller(), size=bodies.size(), token=bodies.next_token() or "")
    return rendering.answer({"records": [vars(record) for record in page.records], "next": page.next})


@routes.get("/api/runs/<int:run>/changes")
@access.allow("viewer")
def changes_json(run: int) -> Response:
    """`{changes: […], next}` of the run, in all its databases; takes the run's `changes_next` as `_next`."""
    found, after = current.desk().runs.changed(run, access.caller(), size=bodies.size(), token=bodies.next_token())
    return rendering.answer({"changes": [current.desk().changes.json(change) for change in found], "next": after})


@routes.post("/runs/<int:run>/replay")
@access.allow("viewer")
def replay(run: int) -> Response:
    """Calls again with the same arguments and leads to the new run."""
    made = current.desk().calls.replay(run, access.caller(), wait=PATIENCE)
    return rendering.lead_to(url_for("runs.run", run=made.id))


@routes.post("/api/runs/<int:run>/replay")
@access.allow("viewer")
def replay_json(run: int) -> Response:
    """As the first call answered."""
    return answer(current.desk().calls.replay(run, access.caller(), wait=waits()))


@routes.post("/runs/<int:run>/stop")
@access.allow("viewer")
def stop(run: int) -> Response:
    """Stops the run and shows it."""
    kept.stop(current.desk().state, run, access.caller())
    return rendering.lead_to(url_for("runs.run", run=run))


@routes.post("/api/runs/<int:run>/stop")
@access.allow("viewer")
def stop_json(run: int) -> Response:
    """`{run, status}`."""
    stopped = kept.stop(current.desk().state, run, access.caller())
    return rendering.answer({"run": stopped.id, "status": stopped.status})


@routes.post("/runs/<int:run>/undo")
@access.allow("editor")
def undo(run: int) -> Response:
    """Undoes all that the run changed and shows it."""
    done = current.desk().runs.undo(run, access.caller())
    messages.say_undone(done.undone)
    return rendering.lead_to(url_for("runs.run", run=run))


@routes.post("/api/runs/<int:run>/undo")
@access.allow("editor")
def undo_json(run: int) -> Response:
    """`{changes: [ids], undone}`; 409 with `refused` when a row has changed since."""
    return rendering.answer(vars(current.desk().runs.undo(run, access.caller())))
