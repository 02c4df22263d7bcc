"""Typed SQL: the page, its answer as a file, saved queries. Pages and JSON side by side."""

import csv
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from frontdesk.database import schema, values
from frontdesk.database.queries import Answer
from frontdesk.desk import statements
from frontdesk.errors import Error, InputError, LoginRequired, NotFoundError, PermissionDenied
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field
from frontdesk.history.changes import Change
from frontdesk.tables import exports, queries, unrecorded
from frontdesk.tables.formats import texts
from frontdesk.tables.statements import Written
from frontdesk.tables.unrecorded import Unrecorded
from frontdesk.web import access, bodies, cells, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("queries", __name__)

SAVED = (Field("name", "text"), Field("sql", "text"))
"""What a saved query is made of."""

PREFIX = "p."
"""What the names of parameters begin with in an address."""


def _given(texts: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of an address or a form, as they were typed."""
    return {name.removeprefix(PREFIX): queries.typed(text) for name, text in texts.items() if name.startswith(PREFIX)}


def _read(database: str) -> Answer:
    place = current.desk().database(database)
    return current.desk().queries.read(place, request.args.get("sql", ""), _given(request.args), access.caller())


def _write(database: str, sql: str, given: Mapping[str, Any], *, trial: bool) -> Written:
    desk, address = current.desk(), request.remote_addr or ""
    return statements.write(desk, desk.database(database), sql, given, access.caller(), trial=trial, address=address)


@routes.get("/query")
@access.allow("viewer")
def index() -> Response:
    """Leads to the query page of the first database."""
    names = sorted(current.desk().databases)
    return rendering.lead_to(url_for("queries.query", database=names[0]) if names else url_for("tables.databases"))


@routes.get("/databases/<name:database>/query")
@access.allow("viewer")
def query(database: str) -> Response:
    """The editor, and the answer to the `sql` of the address once every parameter has a value."""
    writes = "write" in request.args and access.caller().may("admin")
    if writes or not _complete(database, request.args):
        return _page(database, request.args, writes=writes)
    return _tried(database, request.args, lambda: _read(database))


@routes.post("/databases/<name:database>/query")
@access.allow("admin")
def rehearse(database: str) -> Response:
    """The editor, and every row that the `sql` of the form would change, before and after; nothing is written."""
    if not _complete(database, request.form):
        return _page(database, request.form, writes=True)
    return _tried(database, request.form, lambda: _write(database, _sql(), _given(request.form), trial=True))


@routes.post("/databases/<name:database>/query/write")
@access.allow("admin")
def write(database: str) -> Response:
    """Carries the `sql` of the form out, and leads back to the editor."""

    def act() -> Response:
        done = _write(database, _sql(), _given(request.form), trial=False)
        made = done.changes
        sentence = _told([current.desk().changes.find(change) for change in made])
        messages.say(_told_unrecorded(done) if isinstance(done, Unrecorded) else sentence, made[0] if made else None)
        return rendering.lead_to(url_for("queries.query", database=database, write=1, sql=_sql()))

    return _tried(database, request.form, act)


def _sql() -> str:
    return request.form.get("sql", "").replace("\r\n", "\n")


def _complete(database: str, texts: Mapping[str, str]) -> bool:
    """Whether there is SQL and a value for each of its parameters."""
    sql, dialect = texts.get("sql", ""), current.desk().database(database).dialect
    return bool(sql.strip()) and all(PREFIX + name in texts for name in queries.parameters(sql, dialect))


def _tried(database: str, texts: Mapping[str, str], act: Callable[[], Answer | Response]) -> Response:
    """The page with the answer, or with what is wrong at the editor."""
    writes = texts is request.form
    try:
        done = act()
    except (LoginRequired, PermissionDenied):
        raise
    except Error as error:
        wrong = getattr(error, "errors", None) or {"sql": f"{error.message} {error.hint}".strip()}
        return _page(database, texts, wrong, status=status_of(error), writes=writes)
    return done if isinstance(done, Response) else _page(database, texts, answer=done, writes=writes)


def _page(
    database: str,
    texts: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    answer: Answer | None = None,
    status: int = 200,
    writes: bool = False,
) -> Response:
    place = current.desk().database(database)
    sql = texts.get("sql", "").replace("\r\n", "\n")
    g.style_nonce = secrets.token_urlsafe(16)  # the editor's styles are made by its script
    return rendering.page(
        "queries/query.html",
        status,
        nonce=g.style_nonce,
        database=database,
        databases=sorted(current.desk().databases),
        sql=sql,
        parameters=[(name, texts.get(PREFIX + name, "")) for name in queries.parameters(sql, place.dialect)],
        missing="" if writes else current.desk().queries.missing(place),
        unrecorded=unrecorded.is_unrecorded(place),
        errors=errors or {},
        answer=answer,
        trial=getattr(answer, "trial", None),
        compared=cells.compared,
        writes=writes,
        may_write=access.caller().may("admin") and not place.read_only,
        numeric=_numeric(answer) if answer else [],
        body=cells.plain(answer.rows, _numeric(answer)) if answer else "",
        saved=current.desk().queries.saved(database),
        schema=values.dumps({t.name: [c.name for c in t.columns] for t in schema.tables(place).values()}),
        seconds=current.desk().queries.seconds,
        export=lambda form: rendering.address("queries.download", _view(), database=database, form=form),
    )


DONE = {"insert": "Inserted", "update": "Changed", "delete": "Deleted", "import": "Made"}


def _told(made: Sequence[Change]) -> str:
    """What was done, in a sentence."""
    if not made:
        return "Nothing changed."
    first, others = made[0], sum(change.rows for change in made[1:])
    if first.operation == "schema":
        return f"Changed the definition of {first.table}."
    along = f", and {_rows(others)} elsewhere along with it" if others else ""
    return f"{DONE.get(first.operation, 'Changed')} {_rows(first.rows)} of {first.table}{along}."


def _told_unrecorded(done: Unrecorded) -> str:
    """What was done where no history keeps it, in a sentence."""
    if not done.effects:
        return f"Carried out: {done.status}."
    parts = [f"{DONE[one.operation].lower()} {_rows(one.rows)} of {one.table}" for one in done.effects]
    told = ", ".join(parts)
    return f"{told[:1].upper()}{told[1:]}."


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def _view() -> list[tuple[str, str]]:
    """What of the address says which answer is shown."""
    return [(name, text) for name, text in request.args.items() if name == "sql" or name.startswith(PREFIX)]


def _numeric(answer: Answer) -> list[bool]:
    """For each column whether it holds numbers and nothing else."""
    kinds = [{type(row[place]) for row in answer.rows} - {type(None)} for place in range(len(answer.columns))]
    return [bool(kind) and kind <= {int, float} for kind in kinds]


@routes.get("/databases/<name:database>/query.<form>")
@access.allow("viewer")
def download(database: str, form: str) -> Response:
    """The answer as csv or json, exactly as the page shows it; texts like formulas are made harmless in csv."""
    if form not in {"csv", "json"}:
        raise NotFoundError("An answer is exported as csv or json.")
    answer = _read(database)
    response = Response(_csv(answer) if form == "csv" else _json(answer), content_type=exports.FORMATS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="query.{form}"'
    return response


def _csv(answer: Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_safe(answer.columns))
    writer.writerows(_safe([values.dumps(v) if isinstance(v, bytes) else v for v in row]) for row in answer.rows)
    return text.getvalue()


def _safe(row: Sequence[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in texts.FORMULA else cell for cell in row]


def _json(answer: Answer) -> str:
    return values.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows]) + "\n"


@routes.post("/databases/<name:database>/query/stop")
@access.allow("viewer")
def stop(database: str) -> Response:
    """Ends the queries that the caller has running in this database."""
    current.desk().database(database)
    current.desk().queries.stop(database, access.caller())
    return Response(status=204)


@routes.post("/databases/<name:database>/queries")
@access.allow("editor")
def save(database: str) -> Response:
    """Keeps what was typed under a name, for everybody."""
    current.desk().database(database)
    sql, name = request.form.get("sql", ""), request.form.get("name", "")
    current.desk().queries.save(database, name, sql, access.caller())
    messages.say(f"Saved as {name.strip()}.")
    return rendering.lead_to(url_for("queries.query", database=database, sql=sql))


@routes.post("/databases/<name:database>/queries/<name:query>/delete")
@access.allow("editor")
def forget(database: str, query: str) -> Response:
    """Forgets a saved query."""
    current.desk().queries.delete(database, query)
    messages.say(f"Forgotten: {query}.")
    return rendering.lead_to(url_for("queries.query", database=database))


@routes.get("/api/databases/<name:database>/queries")
@access.allow("viewer")
def saved_json(database: str) -> Response:
    """`{queries: [{name, sql, by, at}], next}`."""
    current.desk().database(database)
    found, after = bodies.part(current.desk().queries.saved(database))
    return rendering.answer({"queries": [vars(one) for one in found], "next": after})


@routes.post("/api/databases/<name:database>/queries")
@access.allow("editor")
def save_json(database: str) -> Response:
    """201 with the query kept from `{name, sql}`; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object())
    kept = current.desk().queries.save(database, given["name"], given["sql"], access.caller(), replaces=False)
    return rendering.answer(vars(kept), 201)


@routes.get("/api/databases/<name:database>/queries/<name:query>")
@access.allow("viewer")
def one_saved_json(database: str, query: str) -> Response:
    """`{name, sql, by, at}`."""
    current.desk().database(database)
    return rendering.answer(vars(current.desk().queries.find(database, query)))


@routes.patch("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def change_saved_json(database: str, query: str) -> Response:
    """The query after setting `{name, sql}`, either or both; 409 for a name that is taken."""
    current.desk().database(database)
    given = parsing.parse_json(SAVED, bodies.json_object(), partial=True)
    kept = current.desk().queries.change(
        database, query, access.caller(), new_name=given.get("name"), sql=given.get("sql")
    )
    return rendering.answer(vars(kept))


@routes.delete("/api/databases/<name:database>/queries/<name:query>")
@access.allow("editor")
def forget_json(database: str, query: str) -> Response:
    """204."""
    current.desk().database(database)
    current.desk().queries.delete(database, query)
    return Response(status=204)


@routes.post("/api/databases/<name:database>/query")
@access.allow("viewer")
def query_json(database: str) -> Response:
    """`{columns, rows, truncated, milliseconds}` for `{sql, parameters}`; with `write`, for admins, also `changes`.

    On PostgreSQL what was written is in no history: `changes` is empty and `recorded` false.
    """
    body = bodies.json_object()
    bodies.refuse_unknown(body, "sql", "parameters", "write", "dry_run")
    writes, trial = _modes(body)
    sql, given = body.get("sql", ""), body.get("parameters")
    given = {} if given is None else given
    if writes:
        return rendering.answer(_write(database, sql, given, trial=trial).json())
    place = current.desk().database(database)
    return rendering.answer(vars(current.desk().queries.read(place, sql, given, access.caller())))


def _modes(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """`write` and `dry_run`. Raises InputError for what is neither true nor false."""
    writes, trial = body.get("write", False), body.get("dry_run", False)
    wrong = {
        name: "Write true or false." for name in ("write", "dry_run") if not isinstance(body.get(name, False), bool)
    }
    if trial is True and writes is False:
        wrong["dry_run"] = "Only what writes has a dry run: send write as true too."
    if wrong:
        raise InputError(errors=wrong)
    return writes, trial
