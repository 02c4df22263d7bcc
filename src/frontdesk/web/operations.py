"""Every route of the API in words: what it is for, takes and answers. One entry for each endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from frontdesk.config import LEVELS
from frontdesk.database import measures
from frontdesk.forms import fields
from frontdesk.functions.runs import STATUSES
from frontdesk.history import changes
from frontdesk.tables import charts
from frontdesk.tables.exports import FORMATS
from frontdesk.upkeep import dumps
from frontdesk.web import imports, saved_charts, saved_queries, saved_views, shapes, tokens, users
from frontdesk.web.bodies import LARGEST_PAGE, USUAL_PAGE
from frontdesk.web.shapes import Schema, anything, many, maybe, named, one_of, ref, text, thing, whole

JSON = "application/json"
BYTES: Schema = {"type": "string", "format": "binary"}


@dataclass(frozen=True)
class Parameter:
    """What an address may say after its `?`, or a header."""

    name: str
    schema: Schema
    help: str
    place: str = "query"


@dataclass(frozen=True)
class Operation:
    """One route in words. What every route has in common (401, 503 and the like) is not said here."""

    noun: str  #: the heading that it stands under
    title: str  #: what it does, in a few words
    answer: Schema | None = None  #: of the status below; None is no body
    status: int = 200
    also: Mapping[int, Schema] = field(default_factory=dict)  #: other answers that are no errors
    types: Sequence[str] = (JSON,)  #: content types of the answer
    query: Sequence[Parameter] = ()
    body: Schema | None = None
    bodies: Mapping[str, Schema] = field(default_factory=dict)  #: by content type, where it is not JSON alone
    optional_body: bool = False
    errors: Sequence[int] = ()
    help: str = ""  #: one more sentence
    own_role: str = ""  #: who may, where it is not simply a role
    headers: Mapping[str, str] = field(default_factory=dict)  #: of the answer, each with what it says

    def takes(self) -> Mapping[str, Schema]:
        """The bodies that it reads, by content type."""
        return self.bodies or ({JSON: self.body} if self.body is not None else {})


SIZE = Parameter("_size", whole(USUAL_PAGE, minimum=1, maximum=LARGEST_PAGE, default=USUAL_PAGE), "So many at most.")
NEXT = Parameter("_next", text(), "`next` of the page before.")
PAGED = (SIZE, NEXT)
SWITCH = one_of("1", "0", "true", "false", "yes", "no", "")
WAIT = Parameter("wait", SWITCH, "0 answers 202 at once, with the run's id.")
IF_MATCH = Parameter("If-Match", text(), "The `ETag` that was read: 409 when the row has changed since.", "header")
FILTERS = Parameter(
    "filters",
    named({"age__gt": "30"}, text()),
    "`column=value` and `column__operator=value`; operators are not, gt, gte, lt, lte, contains, startswith, endswith, "
    "in (commas between) and isnull (1 or 0). A column whose name begins with `_` needs an operator.",
)
SORT = Parameter("_sort", text("-age"), "Columns with commas between, `-` before those that descend.")
COLUMNS = Parameter("_columns", text("id,name"), "Only these columns, commas between.")
SEARCH = Parameter(
    "_search",
    text("Krish"),
    "Words that all stand in the row, in whatever column; "
    "where the table has a search index, words that begin so, in its columns.",
)
FACET = Parameter("_facet", text("department"), "Columns whose values are counted, commas between; may be repeated.")
COUNT = Parameter("_count", text("1"), "1 counts exactly; a larger number counts at most so far, `count_capped`.")
SINCE = Parameter("since", text("15m"), "From then on: `15m`, `2h`, `7d`, a date, or RFC 3339.")
UNTIL = Parameter("until", text("2026-01-31"), "Before then.")
USER = Parameter("user", text("ada"), "Of this user.")
JOINED = (
    Parameter("run", text("2"), "Of this run."),
    Parameter("request", text("5de53f6433564705"), "Of this request."),
    USER,
)
CHANGES = (Parameter("operation", one_of("", *changes.OPERATIONS), "Of this kind."), USER, *PAGED)
LOGS = (
    Parameter("level", text("WARNING"), f"At least this level: {', '.join(LEVELS)}."),
    Parameter("logger", text("school"), "This logger and its children."),
    Parameter("text", text("below average"), "Holds this, without regard to case."),
    SINCE,
    UNTIL,
    *JOINED,
)
ROWS = many(named(shapes.ROW))
KEY_OF_ROW = anything(4, "The key's value; an array of them when it is of several columns.")
FILE = {
    content_type: BYTES if form in {"parquet", "xlsx", "gz", "zip"} else text("date,amount\n2024-01-05,12.5\n")
    for content_type, form in imports.TYPES.items()
}


_SEARCH = thing(
    columns=maybe(many(text("name"))), made_by=maybe(one_of("frontdesk", "others")), searchable=many(text("name"))
)

UNTIL_ROW = thing(type=text("INTEGER"), row=whole(17), value=text("0012"))
"""Of a column, why it is not of a narrower type."""


def _body(*known: fields.Field, partial: bool = False) -> Schema:
    """The JSON object that a form of these fields is read from."""
    made = fields.schema(known)
    return made | {"required": []} if partial else made


WISH = (
    Parameter("_kind", one_of("", *charts.KINDS), "What is drawn; guessed from the columns where nothing is."),
    Parameter("_x", text("department"), "The column along which is drawn."),
    Parameter("_y", text("age"), "The column that is measured; without it rows are counted."),
    Parameter("_aggregate", one_of("", *charts.AGGREGATES), "How it is measured."),
    Parameter("_colour", text("department"), "The column by which is coloured; its 8 most frequent values."),
    Parameter("_bucket", one_of("", *measures.UNITS), "Into which parts times are put."),
    Parameter("_bins", text("20"), "Into how many bins numbers are put, 1 to 100."),
)
"""The parameters of a chart."""
CHART = {one.name: one.schema for one in WISH}


OPERATIONS: dict[str, Operation] = {
    # Databases and tables
    "tables.databases_json": Operation(
        "Tables", "Every database", shapes.listed("databases", ref("Database")), query=PAGED
    ),
    "tables.tables_json": Operation(
        "Tables", "A database with its tables", thing(name=text("example"), tables=many(ref("Summary")))
    ),
    "health.database_json": Operation("Tables", "What a database takes and what ails it, at a glance", ref("Health")),
    "health.check_json": Operation(
        "Tables",
        "The same after each page of a file and each reference was looked at",
        ref("Health"),
        errors=(409,),
        help="It ends after ten seconds for each, and `left` names what took longer. 409 while another check is made.",
    ),
    "tables.create_table_json": Operation(
        "Tables",
        "Creates a table, or a view",
        ref("Table"),
        201,
        body=thing(
            ("columns", "lines", "sql"),
            name=text("pets"),
            columns=many(ref("NewColumn")),
            lines=text("id,name\n1,Rex\n"),
            sql=text("SELECT name FROM employees"),
        ),
        help="Of `columns`, of the `lines` of a file from which they are guessed, or of the `sql` that a view shows.",
        errors=(409,),
    ),
    "tables.table_json": Operation("Tables", "A table: columns, keys, references", ref("Table")),
    "structures.show_json": Operation("Tables", "A table with all that stands on it", ref("Structure")),
    "structures.alter_json": Operation(
        "Tables",
        "Changes a table's definition: its name, columns, rules, references and indexes",
        thing(
            ("statements", "undoable"),
            **shapes.SHAPES["Table"]["properties"],
            change=maybe(text("example.7")),
            statements=many(text('ALTER TABLE "employees" ADD COLUMN "mail" TEXT')),
            undoable=shapes.flag(True),
        ),
        body=ref("Alteration"),
        errors=(409,),
        optional_body=True,
        help="One change of the history, which can be undone. With `dry_run` nothing is changed, and the `statements` "
        "are those that would be carried out. Rows in the way are 409 with the first of them in `refused`.",
    ),
    "structures.delete_json": Operation(
        "Tables", "Deletes a table with its rows, or a view", None, 204, errors=(409, 422)
    ),
    "structures.search_json": Operation("Tables", "The search index of a table", _SEARCH),
    "structures.make_search_json": Operation(
        "Tables",
        "Makes the search index of a table, or one of other columns",
        thing(**_SEARCH["properties"], change=maybe(text("example.9"))),
        body=thing(("columns",), columns=many(text("name"))),
        errors=(409,),
        optional_body=True,
        help="One change of the history, which can be undone. Without `columns` it covers those of texts. From then on "
        "`_search` finds words, and words that begin so, in these columns.",
    ),
    "structures.drop_search_json": Operation(
        "Tables", "Drops the search index of a table", None, 204, errors=(409, 422)
    ),
    "rows.rows_json": Operation(
        "Tables",
        "Rows, filtered, sorted, by the page",
        thing(
            ("count_capped",),
            rows=ROWS,
            next=maybe(text()),
            count=maybe(whole(2)),
            count_capped=shapes.flag(),
            facets=named({}),
        ),
        query=(FILTERS, SORT, COLUMNS, SEARCH, FACET, COUNT, *PAGED),
        help="Rows of a table without a primary key carry it as `_key`.",
    ),
    "rows.insert_json": Operation(
        "Tables",
        "Inserts rows, all in one transaction",
        thing(inserted=whole(1), updated=whole(0), keys=many(KEY_OF_ROW)),
        201,
        body=thing(
            ("on_conflict",),
            rows=many(named({"name": "Dana", "age": 41})),
            on_conflict=one_of("error", "ignore", "update") | {"default": "error"},
        ),
        errors=(409,),
    ),
    "rows.row_json": Operation(
        "Tables",
        "One row",
        thing(row=named(shapes.ROW)),
        headers={"ETag": "Changes with the row; send it back as `If-Match`."},
    ),
    "rows.update_json": Operation(
        "Tables",
        "Sets columns of a row",
        thing(row=named(shapes.ROW | {"age": 34})),
        query=(
            IF_MATCH,
            Parameter("_text", text("1"), "With 1 the values are texts as typed into cells, null for NULL."),
        ),
        body=named({"age": 34}),
        errors=(409,),
        optional_body=True,
        headers={"ETag": "Changes with the row; send it back as `If-Match`."},
    ),
    "rows.delete_json": Operation("Tables", "Deletes a row", None, 204, query=(IF_MATCH,), errors=(409, 422)),
    "blobs.download": Operation(
        "Tables", "The bytes in a column of a row, as a file", BYTES, types=["application/octet-stream", "image/png"]
    ),
    "edits.edit_json": Operation(
        "Tables",
        "Sets columns of many rows, all of it or nothing",
        shapes.edited(),
        body=shapes.chosen(
            rows=many(named({"key": 1, "set": {"age": 34}})),
            insert=many(named({"name": "Dana"})),
            set=named({"age": 34}),
            text=shapes.flag(),
        )
        | {"examples": [{"rows": [{"key": 1, "set": {"age": 34}}], "insert": [{"name": "Dana"}]}]},
        errors=(404, 409),
        help="Either `rows`, each `{key, set}` (with `etag` where it must be as read), and others to `insert`; "
        "or one `set` for all rows of `keys`, or of `where` and `search`. With `text` the values are as typed into "
        "cells. At most 10,000 rows, one transaction, one change; with `dry_run` nothing is written.",
    ),
    "edits.delete_json": Operation(
        "Tables",
        "Deletes many rows, all or none",
        shapes.edited(),
        body=shapes.chosen() | {"examples": [{"keys": [1]}]},
        errors=(409,),
        help="Those of `keys`, or all that `where` and `search` select: at most 10,000; 409 where not `count`.",
    ),
    "edits.duplicate_json": Operation(
        "Tables",
        "Inserts many rows once more, all or none",
        shapes.edited(),
        body=shapes.chosen() | {"examples": [{"keys": [1]}]},
        errors=(409,),
        help="Under keys that the database draws; the rows are chosen as for `rows/delete`.",
    ),
    "imports.load_json": Operation(
        "Tables",
        "Imports a file: all of its rows or none",
        thing(
            table=text("payments"),
            inserted=whole(2),
            updated=whole(0),
            ignored=whole(0),
            columns=many(
                thing(
                    ("label", "until", "changed"),
                    name=text("date"),
                    type=text("DATE"),
                    label=text(),
                    until=UNTIL_ROW,
                    changed=text(),
                )
            ),
            change=maybe(text("example.8")),
            bad_lines=maybe(thing(table=text("payments_bad_lines"), rows=whole(1))),
            command=text("frontdesk import payments.csv example --table payments"),
        ),
        201,
        query=(
            Parameter("wait", one_of("1", "true", "yes", ""), "Loads are waited for."),
            Parameter("create", SWITCH, "1 makes the table; for admins."),
            Parameter("key", text("id"), "The key's columns, commas between."),
            Parameter("on_conflict", one_of("error", "ignore", "update"), "What happens to a key that is there."),
            Parameter("bad_lines", one_of("error", "keep"), "keep: they go to a table of their own; for admins."),
            Parameter("empty_text", SWITCH, "1 keeps empty text in columns of texts; else it is NULL."),
            Parameter("map", text('{"Full name": "name"}'), "By the file's columns the table's; null: none."),
            Parameter("encoding", text("utf-8"), "Of the file, where it is not UTF-8."),
            Parameter("delimiter", text("comma"), "comma, semicolon, tab or |, where it is not found."),
            Parameter("sheet", text("Payments"), "Of an xlsx file, where it is not the first."),
        ),
        bodies=FILE | {"multipart/form-data": thing(file=BYTES)},
        errors=(409,),
        own_role="editor; with `create=1` admin",
    ),
    "layouts.layout_json": Operation("Tables", "How one has the columns of a table", ref("Layout")),
    "layouts.keep_layout_json": Operation(
        "Tables",
        "Keeps how one has the columns of a table",
        ref("Layout"),
        body=ref("Layout"),
        help="In this order, widths in pixels. The page shows it where its address names no `_columns`.",
    ),
    "layouts.forget_layout_json": Operation("Tables", "Has the columns as the table has them", None, 204),
    "saved_views.views_json": Operation(
        "Tables", "The saved views of a table", shapes.listed("views", ref("View")), query=PAGED
    ),
    "saved_views.view_json": Operation("Tables", "A saved view", ref("View")),
    "saved_views.keep_view_json": Operation(
        "Tables",
        "Keeps a view under a name",
        ref("View"),
        201,
        also={200: ref("View")},
        body=_body(*saved_views.SAVED),
        help="200 where it takes the place of one. `question` is the page's address behind the question mark.",
    ),
    "saved_views.forget_view_json": Operation("Tables", "Forgets a saved view", None, 204),
    "charts.chart_json": Operation(
        "Tables",
        "A chart of the rows that the filters select",
        ref("Chart"),
        query=(
            FILTERS,
            SEARCH,
            *WISH,
        ),
        help="Grouped in the database within a second (else 422), at most 1,000 groups or 2,000 points. In `data`, "
        "`x`, `y` and `colour` are values of these columns; `x_end` is where a bin ends; `other` says that a group "
        "holds all other colours. `spec` is a Vega-Lite specification with its data.",
    ),
    "charts.column_json": Operation(
        "Tables",
        "What the values of a column are",
        ref("Profile"),
        query=(FILTERS, SEARCH),
        help="Each part is counted within a second, all within three; `missed` names those that took longer.",
    ),
    "exports.download": Operation(
        "Tables",
        "The rows that the filters select, as a file",
        ROWS,
        types=[FORMATS[form].partition(";")[0] for form in FORMATS],
        query=(
            FILTERS,
            SORT,
            SEARCH,
            COLUMNS,
            Parameter("raw", SWITCH, "1 leaves texts that begin like formulas as they are."),
        ),
    ),
    "exports.dump": Operation(
        "Tables",
        "All tables and views of a database, as a file",
        BYTES,
        types=[dumps.FORMATS[form].partition(";")[0] for form in dumps.FORMATS],
        errors=(422,),
        help="`export.sqlite` is a SQLite file, `export.sql` statements that make one again (not of PostgreSQL).",
    ),
    # History
    "changes.latest_json": Operation(
        "History",
        "What changed in every database, newest first",
        shapes.listed("changes", ref("Change")),
        query=(
            Parameter("database", text("example"), "In this database."),
            Parameter("table", text("employees"), "Of this table."),
            *JOINED[:2],
            *CHANGES,
        ),
    ),
    "changes.row_past_json": Operation(
        "History",
        "A row as it was at a moment",
        ref("Past"),
        query=(Parameter("at", text("2026-01-31T18:00:00Z"), "The moment, in UTC where it names no zone."),),
        help="`row` is null where it was not there; `began` is the change that made it so, `ended` the next.",
    ),
    "changes.history_json": Operation(
        "History", "What changed in a table, newest first", shapes.listed("changes", ref("Change")), query=CHANGES
    ),
    "changes.row_history_json": Operation(
        "History", "What changed in a row, newest first", shapes.listed("changes", ref("Change")), query=CHANGES
    ),
    "changes.change_json": Operation("History", "One change", ref("Change")),
    "changes.change_rows_json": Operation(
        "History", "The rows of a change, before and after", shapes.listed("rows", ref("ChangedRow")), query=PAGED
    ),
    "changes.undo_json": Operation("History", "Undoes a change", ref("Undone"), errors=(409, 422)),
    # Queries
    "queries.query_json": Operation(
        "Queries",
        "Asks with SQL, or writes with it",
        thing(
            ("answers", "changes", "total", "recorded", "status"),
            answers=many(ref("Answer")),
            columns=many(text("name")),
            rows=many(many(anything("Krish"))),
            truncated=shapes.flag(),
            milliseconds={"type": "number", "examples": [1.2]},
            changes={"type": "array", "items": {"anyOf": [text("example.5"), ref("TrialRow")]}, "examples": [[]]},
            total=whole(0),
            recorded=shapes.flag(),
            status=text("UPDATE 3"),
        ),
        body=thing(
            ("parameters", "write", "dry_run"),
            sql=text("SELECT name FROM employees WHERE age > :age"),
            parameters=maybe(named({"age": 30})),
            write=shapes.flag(),
            dry_run=shapes.flag(),
        ),
        errors=(403, 409),
        own_role="viewer; with `write` admin",
        help="With `write` it may change rows and tables, and `changes` are the ids of its changes; with `dry_run` too "
        "nothing is written, and `changes` are the rows that would change. On PostgreSQL no history keeps what was "
        "written: `changes` is empty, `recorded` false, `total` counts the rows, `status` is the server's word for it. "
        "Of several statements `answers` has each, and the answer itself is that of the last. A 422 has `line` and "
        "`column` of what is wrong, where the database says it, and `near` names like one that is not there.",
    ),
    "queries.chart_json": Operation(
        "Queries",
        "A chart of what a query gives",
        ref("Chart"),
        body=thing(
            ("parameters", *CHART),
            sql=text("SELECT department, age FROM employees"),
            parameters=maybe(named({})),
            **CHART,
        ),
        optional_body=True,
        help="Grouped in the database; what is left open is guessed from the columns.",
    ),
    "queries.plan_json": Operation(
        "Queries",
        "How a query would be carried out",
        thing(plan=many(ref("PlanStep")), sentences=many(text("Reads all 3 rows of employees."))),
        body=thing(("parameters",), sql=text("SELECT name FROM employees"), parameters=maybe(named({}))),
        help="`sentences` say in plain words what of it costs.",
    ),
    "asked.index_json": Operation(
        "Queries", "What one asked lately", shapes.listed("queries", ref("AskedQuery")), query=PAGED
    ),
    "asked.forget_json": Operation("Queries", "Forgets what one asked", None, 204),
    "saved_charts.index_json": Operation(
        "Queries", "The saved charts", shapes.listed("charts", ref("SavedChart")), query=PAGED
    ),
    "saved_charts.chart_json": Operation("Queries", "A saved chart, as it is now", ref("DrawnChart"), errors=(422,)),
    "saved_charts.save_json": Operation(
        "Queries",
        "Keeps a chart under a name",
        ref("SavedChart"),
        201,
        also={200: ref("SavedChart")},
        body=_body(*saved_charts.SAVED),
        help="200 where it takes the place of one. `question` is the chart page's address behind the question mark.",
    ),
    "saved_charts.forget_json": Operation("Queries", "Forgets a saved chart", None, 204),
    "saved_queries.index_json": Operation(
        "Queries", "The saved queries", shapes.listed("queries", ref("SavedQuery")), query=PAGED
    ),
    "saved_queries.save_json": Operation(
        "Queries", "Keeps a query under a name", ref("SavedQuery"), 201, body=_body(*saved_queries.SAVED), errors=(409,)
    ),
    "saved_queries.query_json": Operation("Queries", "A saved query", ref("SavedQuery")),
    "saved_queries.change_json": Operation(
        "Queries",
        "Gives a saved query another name, text, description or role",
        ref("SavedQuery"),
        body=_body(*saved_queries.SAVED, partial=True),
        errors=(409,),
        optional_body=True,
    ),
    "saved_queries.forget_json": Operation("Queries", "Forgets a saved query", None, 204),
    # Functions and runs
    "functions.index_json": Operation(
        "Functions", "Every function", shapes.listed("functions", ref("Function")), query=PAGED
    ),
    "functions.function_json": Operation("Functions", "A function: what it takes and gives", ref("Function")),
    "functions.call_json": Operation(
        "Functions",
        "Calls a function",
        ref("Result"),
        also={202: ref("Queued")},
        query=(WAIT,),
        body=named({"a": 20, "b": 5}),
        optional_body=True,
        errors=(403, 504),
        own_role="the function's",
        help="One that raised is 422 with `run` and `error`; one past its limit 504.",
    ),
    "runs.index_json": Operation(
        "Runs",
        "Runs, newest first",
        shapes.listed("runs", ref("Run")),
        query=(
            Parameter("function", text("divide"), "Of this function."),
            Parameter("status", one_of(*STATUSES, ""), "In this status."),
            *PAGED,
        ),
        own_role="viewer: their own",
    ),
    "runs.run_json": Operation(
        "Runs", "A run with its log records and changes", ref("RunWithAll"), own_role="viewer: their own"
    ),
    "runs.records_json": Operation(
        "Runs",
        "The log records of a run, oldest first",
        shapes.listed("records", ref("Record")),
        query=PAGED,
        own_role="viewer: their own",
        help="Takes `records_next` of the run as `_next`.",
    ),
    "runs.changes_json": Operation(
        "Runs",
        "What a run changed",
        shapes.listed("changes", ref("Change")),
        query=PAGED,
        own_role="viewer: their own",
        help="Takes `changes_next` of the run as `_next`.",
    ),
    "runs.replay_json": Operation(
        "Runs",
        "Calls again with the same arguments",
        ref("Result"),
        also={202: ref("Queued")},
        query=(WAIT,),
        errors=(403, 504),
        own_role="the function's",
    ),
    "runs.stop_json": Operation("Runs", "Stops a run", ref("Queued"), own_role="viewer: their own"),
    "runs.undo_json": Operation("Runs", "Undoes all that a run changed", ref("Undone"), errors=(409, 422)),
    "files.download": Operation(
        "Runs",
        "A file that a run took or gave",
        text("%PDF-1.7 …"),
        types=["*/*"],
        own_role="whoever may see one of its runs",
    ),
    # Logs
    "logs.index_json": Operation(
        "Logs",
        "Log records, newest first",
        shapes.listed("records", ref("Record")),
        query=(*LOGS, Parameter("_after", text("19"), "Those of a later id, oldest first."), *PAGED),
    ),
    "logs.histogram_json": Operation("Logs", "Counts of records by time and level", ref("Histogram"), query=LOGS),
    "logs.all_loggers_json": Operation(
        "Logs", "Every logger with its level", shapes.listed("loggers", ref("Logger")), query=PAGED
    ),
    "logs.set_level_json": Operation(
        "Logs",
        "Sets the level of a logger",
        ref("Logger"),
        body=thing(("minutes",), level=ref("Level"), minutes=maybe(whole(5))),
        help="A level of null takes back what was set; `root` is the root.",
    ),
    # People
    "accounts.me": Operation("People", "Who asks", ref("Me")),
    "users.index_json": Operation("People", "The users", shapes.listed("users", ref("User")), query=PAGED),
    "users.add_json": Operation("People", "Adds a user", ref("User"), 201, body=_body(*users.NEW), errors=(409,)),
    "users.change_json": Operation(
        "People",
        "Gives a user another password or role",
        ref("User"),
        body=_body(*users.CHANGED, partial=True),
        errors=(409,),
        optional_body=True,
        help="A password ends all sessions.",
    ),
    "users.remove_json": Operation("People", "Removes a user with all sessions and tokens", None, 204, errors=(409,)),
    "tokens.index_json": Operation("People", "The tokens", shapes.listed("tokens", ref("Token")), query=PAGED),
    "tokens.create_json": Operation(
        "People",
        "Creates a token, shown this once",
        thing(**shapes.SHAPES["Token"]["properties"], token=text("fd_…")),
        201,
        body=_body(*tokens.NEW),
        errors=(409,),
    ),
    "tokens.revoke_json": Operation("People", "Revokes a token, by its name or id", None, 204),
    # This
    "openapi.document": Operation("This API", "This description as OpenAPI 3.1", named()),
    "docs.index": Operation("This API", "This description for people", text(), types=["text/html"]),
}
"""By endpoint. A route of the API that is missing here fails a test."""
