"""Rows of a table, a whole table or a whole database as a file. Pages and downloads side by side."""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flask import Blueprint, Response, request, url_for

from frontdesk.tables import exports
from frontdesk.tables.formats import extras
from frontdesk.upkeep import dumps
from frontdesk.web import access, bodies, current, listings, rendering

routes = Blueprint("exports", __name__)

MINE = frozenset({"raw", "_size", "_next", "_count", "_facet"})
"""Parameters that choose no rows of an export."""

OPTIONS = {"_sort": "--sort", "_columns": "--columns", "_search": "--search"}
"""How the command is told what an address says."""

LABELS = {form: form.upper() for form in exports.FORMATS} | {"xlsx": "xlsx", "parquet": "Parquet", "sqlite": "SQLite"}
HELP = {
    "csv": "for spreadsheets; a text that begins like a formula gets a ' in front",
    "ndjson": "a JSON object a line",
    "json": "an array of objects",
    "xlsx": "a spreadsheet of up to 1,048,575 rows; no text in it is a formula",
    "parquet": "each column of its own type, packed, for programs",
    "sql": "statements that make the table again in SQLite",
    "sqlite": "a database file of its own",
}


class Choice(NamedTuple):
    """A format on the page: why it is not to be had, where it is not."""

    name: str
    label: str
    help: str
    href: str
    problem: str = ""
    hint: str = ""


def _export(database: str, table: str, form: str) -> exports.Export:
    """What the request asks for; a column named `raw` is filtered as `raw__exact`."""
    place = current.desk().database(database)
    return exports.export(
        place,
        table,
        form,
        where=_filters(),
        search=request.args.get("_search", ""),
        sort=request.args.get("_sort", ""),
        shown=request.args.get("_columns", ""),
        raw=bodies.flag("raw"),
    )


def _filters() -> list[tuple[str, str]]:
    return [pair for pair in listings.where() if pair[0] not in MINE]


@routes.get("/databases/<name:database>/tables/<name:table>/export")
@access.allow("viewer")
def index(database: str, table: str) -> Response:
    """Every format for the rows of the view that one comes from, and the commands that repeat it."""
    found = _export(database, table, "csv")
    view = [(name, value) for name, value in request.args.items(multi=True) if name not in MINE]
    links = {
        form: rendering.address("exports.download", view, database=database, table=table, form=form)
        for form in exports.FORMATS
    }
    raw = rendering.address("exports.download", [*view, ("raw", "1")], database=database, table=table, form="csv")
    return rendering.page(
        "exports/index.html",
        database=database,
        table=found.table,
        count=found.count(),
        filters=found.where,
        all_of_it=url_for("exports.index", database=database, table=table),
        choices=[_choice(found, form, links[form]) for form in exports.FORMATS],
        raw=raw,
        curl=_curl(request.url_root.rstrip("/") + links["csv"].removeprefix(request.script_root), f"{table}.csv"),
        command=_command([database, table], f"{table}.csv"),
    )


def _choice(found: exports.Export, form: str, href: str) -> Choice:
    if form == "parquet" and not extras.has("pyarrow"):
        return Choice(form, LABELS[form], "", href, "needs pyarrow:", extras.COMMAND)
    if form == "sql" and found.database.dialect != "sqlite":
        return Choice(form, LABELS[form], "", href, "is what pg_dump makes of a table on PostgreSQL")
    return Choice(form, LABELS[form], HELP[form], href)


def _curl(address: str, file: str) -> str:
    lines = ["curl --fail", '-H "Authorization: Bearer $FRONTDESK_TOKEN"', f"-o {shlex.quote(file)}"]
    return " \\\n  ".join([*lines, shlex.quote(address)])


def _command(names: Sequence[str], file: str) -> str:
    told = [f"--where {shlex.quote(f'{name}={value}')}" for name, value in _filters()]
    told += [f"{OPTIONS[name]} {shlex.quote(request.args[name])}" for name in OPTIONS if request.args.get(name)]
    return " \\\n  ".join([" ".join(["frontdesk export", *map(shlex.quote, names)]), *told, f"-o {shlex.quote(file)}"])


@routes.get("/api/databases/<name:database>/tables/<name:table>/export.<form>")
@access.allow("viewer")
def download(database: str, table: str, form: str) -> Response:
    """The rows in one of the formats, streamed; `?raw=1` leaves texts that begin like formulas as they are."""
    return _sent(_export(database, table, form))


@routes.get("/databases/<name:database>/export")
@access.allow("viewer")
def whole(database: str) -> Response:
    """The whole database as a file, and the commands that repeat it."""
    place = current.desk().database(database)
    forms = [form for form in dumps.FORMATS if form != "sql" or place.dialect == "sqlite"]
    links = {form: url_for("exports.dump", database=database, kind=form) for form in forms}
    address = request.url_root.rstrip("/") + links["sqlite"].removeprefix(request.script_root)
    return rendering.page(
        "exports/whole.html",
        database=database,
        links=links,
        server=place.dialect != "sqlite",
        curl=_curl(address, f"{database}.sqlite"),
        command=_command([database], f"{database}.sqlite"),
    )


@routes.get("/api/databases/<name:database>/export.<kind>")
@access.allow("viewer")
def dump(database: str, kind: str) -> Response:
    """The whole database as sql or sqlite, without what is Frontdesk's own."""
    return _sent(dumps.dump(current.desk().database(database), kind))


def _sent(found: exports.Export | dumps.Dump) -> Response:
    response = Response(_begun(found), mimetype=found.content_type)
    response.headers["Content-Type"] = found.content_type
    response.headers["Content-Disposition"] = found.disposition
    return response


def _begun(found: exports.Export | dumps.Dump) -> Iterator[bytes]:
    """The bytes, the first of them read already: what fails at once is still an error with its status."""
    parts = iter(found)
    return _after(next(parts, b""), parts)


def _after(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from parts
