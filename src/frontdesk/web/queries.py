"""Typed SQL: the page with its answers, charts and plans, and the same as JSON side by side."""

import csv
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request, url_for

from frontdesk.context import ROLES
from frontdesk.database import schema, values
from frontdesk.database.queries import Answer
from frontdesk.desk import statements
from frontdesk.errors import Error, InputError, LoginRequired, NotFoundError, PermissionDenied, StatementError
from frontdesk.history.changes import Change
from frontdesk.tables import exports, parameters, plans, saved_charts, saved_queries, scales, unrecorded
from frontdesk.tables.formats import texts
from frontdesk.tables.statements import Written
from frontdesk.tables.unrecorded import Unrecorded
from frontdesk.web import access, bodies, cells, charts, current, messages, rendering
from frontdesk.web.errors import status_of

routes = Blueprint("queries", __name__)

PREFIX = saved_charts.PREFIX
"""What the names of parameters begin with in an address."""
MARKED = 60
"""Characters that are shown of a line on both sides of a fault in it."""
SLOW = 1000.0
"""Milliseconds after which an answer comes with its plan in plain words."""


def _given(texts: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of an address or a form, as they were typed."""
    return {
        name.removeprefix(PREFIX): parameters.typed(text) for name, text in texts.items() if name.startswith(PREFIX)
    }


def _asked() -> tuple[str, dict[str, Any]]:
    """The SQL of the address and its values."""
    return request.args.get("sql", "").replace("\r\n", "\n"), _given(request.args)


def _read(database: str) -> list[tuple[str, Answer]]:
    return current.desk().queries.read_all(current.desk().database(database), *_asked(), access.caller())


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
    views = {"chart": _chart, "plan": _plan}
    return views.get(request.args.get("as", ""), _answers)(database)


def _answers(database: str) -> Response:
    return _tried(database, request.args, lambda: _with_answers(database, _read(database)))


def _with_answers(database: str, answers: list[tuple[str, Answer]]) -> Response:
    slow = sum(answer.milliseconds for _, answer in answers) > SLOW and len(answers) == 1
    return _page(database, request.args, answers=answers, why=_why(database) if slow else [])


def _why(database: str) -> list[str]:
    """The plan of what is asked in plain words, what costs alone; nothing where there is no plan."""
    try:
        steps = current.desk().queries.explain(current.desk().database(database), *_asked(), access.caller())
    except Error:
        return []
    return list(plans.sentences(steps))


def _plan(database: str) -> Response:
    place = current.desk().database(database)

    def act() -> Response:
        steps = current.desk().queries.explain(place, *_asked(), access.caller())
        return _page(database, request.args, plan=steps, why=list(plans.sentences(steps)))

    return _tried(database, request.args, act)


def _chart(database: str) -> Response:
    place = current.desk().database(database)

    def act() -> Response:
        wish, errors = charts.wish(request.args), dict[str, str]()
        try:
            chart = current.desk().queries.draw(place, *_asked(), wish, access.caller())
            names = [column.name for column in chart.table.columns if scales.is_drawable(column)]
        except InputError as error:
            if not any(name.startswith("_") for name in error.errors):
                raise
            chart, errors = None, error.errors
            names = current.desk().queries.read(place, *_asked(), access.caller()).columns
        question = urlencode([*_view()[1:], *charts.chosen()])
        drawn = charts.shown(chart, names, errors)
        return _page(database, request.args, status=422 if errors else 200, drawn=drawn, question=question)

    return _tried(database, request.args, act)


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
    return bool(sql.strip()) and all(PREFIX + name in texts for name in parameters.find(sql, dialect))


def _tried(database: str, texts: Mapping[str, str], act: Callable[[], Written | Response]) -> Response:
    """The page with the answer, or with what is wrong at the editor."""
    writes = texts is request.form
    try:
        done = act()
    except (LoginRequired, PermissionDenied):
        raise
    except Error as error:
        wrong = getattr(error, "errors", None) or {"sql": f"{error.message} {error.hint}".strip()}
        why = _why(database) if not writes and "was stopped after" in error.message else []
        mark = _mark(error, texts.get("sql", "")) if isinstance(error, StatementError) else None
        return _page(database, texts, wrong, status=status_of(error), writes=writes, mark=mark, why=why)
    return done if isinstance(done, Response) else _page(database, texts, answers=[("", done)], trial=done, writes=True)


def _mark(error: StatementError, sql: str) -> dict[str, Any]:
    """The line of the SQL in which the fault lies, cut around its place, and where to mark it."""
    line = [*sql.replace("\r\n", "\n").split("\n"), ""][error.line - 1]
    start = max(0, error.column - 1 - MARKED)
    text = ("…" if start else "") + line[start : start + 2 * MARKED]
    before = error.column - 1 - start + (1 if start else 0)
    return {"line": error.line, "column": error.column, "length": error.length, "text": text, "before": before}


def _page(
    database: str,
    texts: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    answers: Sequence[tuple[str, Answer]] = (),
    trial: Written | None = None,
    status: int = 200,
    writes: bool = False,
    **more: Any,
) -> Response:
    place, caller = current.desk().database(database), access.caller()
    sql = texts.get("sql", "").replace("\r\n", "\n")
    g.style_nonce = secrets.token_urlsafe(16)  # the editor's styles are made by its script
    return rendering.page(
        "queries/query.html",
        status,
        nonce=g.style_nonce,
        database=database,
        databases=sorted(current.desk().databases),
        sql=sql,
        parameters=[(name, texts.get(PREFIX + name, "")) for name in parameters.find(sql, place.dialect)],
        missing="" if writes else current.desk().queries.missing(place),
        unrecorded=unrecorded.is_unrecorded(place),
        errors=errors or {},
        answers=[_shown(database, sql if len(answers) == 1 else one, answer) for one, answer in answers],
        answer=trial,
        trial=getattr(trial, "trial", None),
        compared=cells.compared,
        writes=writes,
        may_write=caller.may("admin") and not place.read_only,
        saved=saved_queries.search(current.desk().state, database, caller),
        roles=[role for role in ROLES if caller.may(role)],
        kept=_view(),
        here=lambda **more: _address(database, more),
        schema=values.dumps({t.name: [c.name for c in t.columns] for t in schema.tables(place).values()}),
        dialect=place.dialect,
        seconds=current.desk().queries.seconds,
        **{"mark": None, "why": [], "plan": (), "drawn": None} | more,
    )


def _shown(database: str, sql: str, answer: Answer) -> dict[str, Any]:
    """An answer with its cells, and the addresses of its chart and its files."""
    numeric, view = _numeric(answer), [("sql", sql), *_view()[1:]]
    return {
        "sql": sql,
        "answer": answer,
        "numeric": numeric,
        "body": cells.plain(answer.rows, numeric),
        "chart": rendering.address("queries.query", [*view, ("as", "chart")], database=database),
        "export": {
            form: rendering.address("queries.download", view, database=database, form=form) for form in ("csv", "json")
        },
    }


def _address(database: str, more: Mapping[str, str]) -> str:
    """The address of this page in another view."""
    return rendering.address("queries.query", [*_view(), *more.items()], database=database)


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
    """What of the address says what is asked, the SQL first."""
    given = [(name, text) for name, text in request.args.items() if name.startswith(PREFIX)]
    return [("sql", request.args.get("sql", "")), *given]


def _numeric(answer: Answer) -> list[bool]:
    """For each column whether it holds numbers and nothing else."""
    kinds = [{type(row[place]) for row in answer.rows} - {type(None)} for place in range(len(answer.columns))]
    return [place in answer.exact or (bool(kind) and kind <= {int, float}) for place, kind in enumerate(kinds)]


@routes.get("/databases/<name:database>/query.<form>")
@access.allow("viewer")
def download(database: str, form: str) -> Response:
    """The answer as csv or json, exactly as the page shows it; texts like formulas are made harmless in csv."""
    if form not in {"csv", "json"}:
        raise NotFoundError("An answer is exported as csv or json.")
    answer = _read(database)[-1][1]
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
    answers = current.desk().queries.read_all(current.desk().database(database), sql, given, access.caller())
    several = {"answers": [{"sql": text} | one.json() for text, one in answers]} if len(answers) > 1 else {}
    return rendering.answer(answers[-1][1].json() | several)


@routes.post("/api/databases/<name:database>/query/chart")
@access.allow("viewer")
def chart_json(database: str) -> Response:
    """`{kind, x, y, aggregate, colour, bucket, step, data, notes, spec}` of `{sql, parameters, _kind, _x, …}`."""
    body, place = bodies.json_object(), current.desk().database(database)
    bodies.refuse_unknown(body, "sql", "parameters", *saved_charts.PARTS)
    wish = charts.wish({name: _text(name, body) for name in saved_charts.PARTS if body.get(name) is not None})
    given = body.get("parameters") or {}
    return rendering.answer(
        current.desk().queries.draw(place, body.get("sql", ""), given, wish, access.caller()).json()
    )


def _text(name: str, body: Mapping[str, Any]) -> str:
    if not isinstance(body[name], (str, int)) or isinstance(body[name], bool):
        raise InputError(errors={name: "Write a text."})
    return str(body[name])


@routes.post("/api/databases/<name:database>/query/plan")
@access.allow("viewer")
def plan_json(database: str) -> Response:
    """`{plan: [{step, sentence, costly, steps}], sentences}`: how `{sql, parameters}` would be carried out."""
    body, place = bodies.json_object(), current.desk().database(database)
    bodies.refuse_unknown(body, "sql", "parameters")
    steps = current.desk().queries.explain(place, body.get("sql", ""), body.get("parameters") or {}, access.caller())
    return rendering.answer({"plan": [step.json() for step in steps], "sentences": list(plans.sentences(steps))})


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
