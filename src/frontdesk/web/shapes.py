"""What the API takes and answers, as JSON Schema: every shape once, with an example of each value."""

from collections.abc import Mapping
from typing import Any

from frontdesk.config import LEVELS
from frontdesk.context import ROLES
from frontdesk.database.references import ACTIONS
from frontdesk.database.schema import TYPES
from frontdesk.forms.fields import KINDS
from frontdesk.functions.runs import STATUSES

Schema = dict[str, Any]


def text(example: str = "", **more: Any) -> Schema:
    """A text."""
    return {"type": "string"} | ({"examples": [example]} if example else {}) | more


def whole(example: int = 1, **more: Any) -> Schema:
    """A whole number."""
    return {"type": "integer", "examples": [example], **more}


def flag(example: bool = False) -> Schema:
    """True or false."""
    return {"type": "boolean", "examples": [example]}


def one_of(*values: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(values)}


def moment() -> Schema:
    """A time, RFC 3339 in UTC."""
    return text("2026-01-31T17:52:02.775388Z", format="date-time")


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": schema}


def thing(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def anything(example: Any = None, description: str = "") -> Schema:
    """Any JSON value."""
    return ({"description": description} if description else {}) | ({} if example is None else {"examples": [example]})


def named(example: Mapping[str, Any] | None = None, values: Schema | None = None) -> Schema:
    """An object whose properties have names of people's own."""
    found: Schema = {"type": "object", "additionalProperties": True if values is None else values}
    return found | ({"examples": [dict(example)]} if example is not None else {})


def ref(name: str) -> Schema:
    """The shape of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def edited() -> Schema:
    """What an edit of many rows did."""
    row = thing(key=_KEY, before=maybe(named(ROW)), after=maybe(named(ROW | {"age": 34})), etag=maybe(text()))
    counts = {name: whole(number) for name, number in (("updated", 1), ("inserted", 0), ("deleted", 0), ("cells", 1))}
    return thing(**counts, rows=many(row), change=maybe(text("example.7")))


def chosen(**more: Schema) -> Schema:
    """Which rows are meant: by their keys, or all that filters select."""
    which = {
        "keys": many(_KEY),
        "where": named({"age__gt": 30}),
        "search": text("Krish"),
        "count": whole(2),
        "dry_run": flag(),
    }
    return thing(("where", "search", "count", "dry_run", *more, "keys"), **more, **which)


def listed(noun: str, item: Schema) -> Schema:
    """A page of a list, and the token of the next one."""
    return thing(**{noun: many(item), "next": maybe(text())})


ROW = {"id": 1, "name": "Krish", "age": 32, "department": "Data Scientist"}
_KEY = anything(1, "The key's value; an array of them when it is of several columns.")
_KIND = one_of(*KINDS)
_REFERENCE = maybe(thing(table=text("departments"), column=text("id")))
_DEFAULT = anything(None, "As it stands in the table's declaration; null where there is none.")
_CHANGE = {
    "id": text("example.1"),
    "table": text("employees"),
    "operation": one_of("insert", "update", "delete", "import", "batch", "schema", "undo"),
    "rows": whole(1),
    "at": moment(),
    "user": text("ada"),
    "request": maybe(text("3473729b0a451186")),
    "run": maybe(whole(2)),
    "undoes": maybe(text()),
    "undone_by": maybe(text()),
    "key": _KEY,
    "before": maybe(named(ROW)),
    "after": maybe(named(ROW | {"age": 34})),
}
_KEY_OF_TABLE = thing(
    columns=many(text("owner")),
    table=text("employees"),
    references=many(maybe(text("id"))),
    on_update=text("NO ACTION"),
    on_delete=text("CASCADE"),
)
_TABLE = {
    "name": text("employees"),
    "kind": one_of("table", "view"),
    "columns": many(ref("Column")),
    "primary_key": many(text("id")),
    "foreign_keys": many(thing(columns=many(text()), table=text(), references=many(maybe(text())))),
}
_RUN = {
    "id": whole(2),
    "function": text("divide"),
    "status": one_of(*STATUSES),
    "arguments": named({"a": 20, "b": 5}),
    "result": anything(4),
    "result_kind": maybe(text("number")),
    "error": maybe(text()),
    "traceback": maybe(text()),
    "started": moment(),
    "ended": maybe(moment()),
    "milliseconds": maybe({"type": "number", "examples": [0.324]}),
    "user": text("ada"),
    "request": maybe(text("5de53f6433564705")),
    "replays": maybe(whole(1)),
    "progress": maybe(named()),
    "version": text("1769881922-812"),
    "file": text("arithmetic.py"),
}
_RECORD = {
    "id": whole(19),
    "time": moment(),
    "level": text("WARNING"),
    "logger": text("grades"),
    "message": text("Student Jane Doe's grade is below average."),
    "exception": maybe(text()),
    "fields": maybe(named()),
    "request": maybe(text("5de53f6433564705")),
    "run": maybe(whole(2)),
    "user": maybe(text("ada")),
    "process": whole(12004),
}

_DRAWN = thing(
    ("x_end", "colour", "other"),
    x=anything("Engineering"),
    x_end=maybe({"type": "number", "examples": [30]}),
    y=anything(1),
    colour=anything("Finance"),
    other=flag(),
)
_MEASURED = {"type": ["number", "string", "null"], "examples": [25]}

_SAVED_CHART = {
    "name": text("Ages"),
    "table": maybe(text("employees")),
    "sql": maybe(text("SELECT age FROM employees")),
    "question": text("_kind=histogram&_x=age"),
    "role": one_of(*ROLES),
    "by": text("ada"),
    "at": moment(),
    "page": text("/databases/example/tables/employees/chart?_kind=histogram&_x=age"),
}

SHAPES: dict[str, Schema] = {
    "Chart": thing(
        kind=text("bar"),
        x=text("department"),
        y=maybe(text("age")),
        aggregate=maybe(text("count")),
        colour=maybe(text()),
        bucket=maybe(text("month")),
        step=maybe({"type": "number", "examples": [5]}),
        data=many(_DRAWN),
        notes=many(text("Only the first 2,000 rows are drawn.")),
        spec=named({"mark": {"type": "bar"}}),
    ),
    "Profile": thing(
        column=text("age"),
        kind=one_of("number", "time", "category", "other"),
        count=maybe(whole(3)),
        missing=maybe(whole(0)),
        distinct=maybe(whole(3)),
        distinct_capped=flag(),
        min=_MEASURED,
        max=_MEASURED,
        mean=maybe({"type": "number", "examples": [30.7]}),
        quantiles=maybe(many(thing(share={"type": "number", "examples": [0.5]}, value=_MEASURED))),
        lengths=maybe(named({"min": 3, "mean": 4.2, "max": 7})),
        frequent=many(thing(value=anything(32), count=whole(1))),
        histogram=maybe(many(_DRAWN)),
        missed=many(text("distinct")),
    ),
    "Problem": {
        "type": "object",
        "properties": {
            "type": text("about:blank"),
            "title": text("Unprocessable Entity"),
            "status": whole(422),
            "detail": text("Write a whole number, such as 42."),
            "errors": named({"age": "Write a whole number, such as 42."}, text()),
            "request": text("a785aab833a9fcd9", pattern="^[0-9a-f]{16}$"),
            "current": named(),
            "refused": many(thing(key=_KEY, reason=text())),
            "run": maybe(whole(1)),
            "error": text(),
            "line": whole(3),
            "column": whole(7),
            "near": many(text("region")),
        },
        "required": ["type", "title", "status", "detail", "errors", "request"],
        "additionalProperties": False,
    },
    "Me": thing(name=text("ada"), role=one_of(*ROLES)),
    "User": thing(name=text("eve"), role=one_of(*ROLES), disabled=flag(), created=moment()),
    "Token": thing(
        id=whole(3),
        name=text("nightly"),
        prefix=text("fd_x9Q2a"),
        role=one_of(*ROLES),
        maker=text("ada"),
        created=moment(),
        used=maybe(moment()),
        expires=maybe(moment()),
    ),
    "Database": thing(name=text("example"), tables=whole(1), problem=maybe(text())),
    "Summary": thing(name=text("employees"), kind=one_of("table", "view"), rows=maybe(whole(3)), columns=whole(4)),
    "Column": thing(
        name=text("age"),
        type=text("INTEGER"),
        kind=_KIND,
        nullable=flag(True),
        default=_DEFAULT,
        generated=flag(),
        primary_key=flag(),
        references=_REFERENCE,
    ),
    "NewColumn": thing(
        ("type", "nullable", "default", "primary_key", "references"),
        name=text("age"),
        type={"type": "string", "enum": list(TYPES), "default": "TEXT"},
        nullable=flag(True),
        default=anything(),
        primary_key=flag(),
        references=_REFERENCE,
    ),
    "Table": thing(**_TABLE),
    "Health": thing(
        name=text("example"),
        engine=text("SQLite 3.45.1"),
        bytes=whole(40_960),
        log=maybe(whole(0)),
        free=maybe(whole(0)),
        journal=text("wal"),
        backup=maybe(text()),
        dialect=one_of("sqlite", "postgresql"),
        sizes=maybe(many(thing(table=text("employees"), bytes=whole(4096), indexes=whole(4096)))),
        waits=many(
            thing(who=text(), seconds={"type": "number", "examples": [12.5]}, what=text(), holders=many(text()))
        ),
        statistics=many(
            thing(
                table=text("employees"),
                rows=maybe(whole(3)),
                dead=maybe(whole(0)),
                analysed=maybe(moment()),
                vacuumed=maybe(moment()),
            )
        ),
        indexes=whole(2),
        findings=many(
            thing(
                level=one_of("error", "warning", "note"),
                what=text("example"),
                message=text("pets refers to people by owner without an index."),
                hint=text("Add one on owner."),
                table=text("pets"),
                keys=many(anything(4)),
                mend=maybe(named({"add_indexes": [{"columns": ["owner"]}]})),
            )
        ),
        history_from=maybe(moment()),
        checked=flag(),
        left=many(one_of("pages", "references", "sizes")),
    ),
    "Structure": thing(
        **_TABLE,
        sql=text("CREATE TABLE employees (…)"),
        indexes=many(
            thing(
                name=text("employees_age"),
                columns=many(text("age")),
                unique=flag(),
                rule=flag(),
                where=text(),
            )
        ),
        checks=many(text("age > 0")),
        referring=many(thing(table=text("pets"), key=_KEY_OF_TABLE)),
        triggers=many(thing(name=text(), sql=text())),
        views=many(thing(name=text(), sql=text())),
    ),
    "Alteration": thing(
        (
            *("name", "add", "rename", "drop", "columns", "order", "add_checks", "drop_checks", "add_foreign_keys"),
            *("drop_foreign_keys", "add_indexes", "drop_indexes", "misfits", "dry_run"),
        ),
        name=text("people"),
        add=many(ref("NewColumn")),
        rename=named({"age": "years"}, text()),
        drop=many(text("department")),
        columns=named(
            {"age": {"type": "REAL", "nullable": False, "default": 0}},
            thing(
                ("type", "nullable", "default"),
                type={"type": "string", "enum": list(TYPES)},
                nullable=flag(True),
                default=anything(),
            ),
        ),
        order=many(text("id")),
        add_checks=many(text("age > 0")),
        drop_checks=many(text("age > 0")),
        add_foreign_keys=many(
            thing(
                ("references", "on_delete", "on_update"),
                columns=many(text("department")),
                table=text("departments"),
                references=many(text("id")),
                on_delete=one_of(*ACTIONS),
                on_update=one_of(*ACTIONS),
            )
        ),
        drop_foreign_keys=many(thing(columns=many(text("department")), table=text("departments"))),
        add_indexes=many(
            thing(
                ("name", "unique", "where"),
                name=text("employees_age"),
                columns=many(text("age")),
                unique=flag(),
                where=text("age > 30"),
            )
        ),
        drop_indexes=many(text("employees_age")),
        misfits=one_of("refuse", "leave"),
        dry_run=flag(True),
    ),
    "Change": thing(**_CHANGE),
    "ChangedRow": thing(key=_KEY, before=maybe(named(ROW)), after=maybe(named(ROW | {"age": 34}))),
    "TrialRow": thing(
        table=text("employees"),
        operation=one_of("insert", "update", "delete"),
        rows=whole(1),
        key=_KEY,
        before=maybe(named(ROW)),
        after=maybe(named(ROW | {"age": 34})),
    ),
    "Past": thing(row=maybe(named(ROW)), at=moment(), began=maybe(text("example.3")), ended=maybe(text("example.4"))),
    "Undone": thing(changes=many(text("example.4")), undone=whole(1)),
    "SavedQuery": thing(
        name=text("Grown up"),
        sql=text("SELECT * FROM employees WHERE age > :age"),
        description=text("Who is older than that."),
        role=one_of(*ROLES),
        by=text("ada"),
        at=moment(),
    ),
    "Layout": thing(columns=many(thing(("width", "hidden"), name=text("age"), width=maybe(whole(90)), hidden=flag()))),
    "View": thing(name=text("Old ones"), question=text("age__gt=60&_sort=-age"), by=text("ada"), at=moment()),
    "SavedChart": thing(**_SAVED_CHART),
    "DrawnChart": thing(**_SAVED_CHART, chart=ref("Chart")),
    "Answer": thing(
        sql=text("SELECT 1"),
        columns=many(text("name")),
        rows=many(many(anything("Krish"))),
        truncated=flag(),
        milliseconds={"type": "number", "examples": [1.2]},
    ),
    "PlanStep": thing(
        step=text("SCAN employees"),
        sentence=text("Reads all 3 rows of employees."),
        costly=flag(),
        steps=many(named({"step": "SCAN employees"})),  # each of this shape again
    ),
    "AskedQuery": thing(
        id=whole(7),
        database=text("example"),
        sql=text("SELECT * FROM employees WHERE age > :age"),
        parameters=named({"age": 30}),
        at=moment(),
        milliseconds=maybe({"type": "number", "examples": [1.2]}),
        rows=maybe(whole(2)),
        error=maybe(text("No such column: nosuch.")),
    ),
    "Function": thing(
        name=text("divide"),
        title=text("Divide"),
        description=text("Divide a by b."),
        input=named({"type": "object", "properties": {"a": {"type": "number"}}}),
        output=named({"type": "number"}),
    ),
    "Result": thing(
        ("result", "milliseconds"),
        run=whole(2),
        status=one_of(*STATUSES),
        result=anything(4),
        milliseconds=maybe({"type": "number", "examples": [0.324]}),
    ),
    "File": {
        "type": "object",
        "properties": {
            "$file": text(pattern="^/api/files/[0-9a-f]{64}$"),
            "name": text("cat.jpg"),
            "type": text("image/jpeg"),
        },
        "required": ["$file"],
        "additionalProperties": False,
    },
    "Queued": thing(run=whole(2), status=one_of(*STATUSES)),
    "Run": thing(**_RUN),
    "RunWithAll": thing(
        **_RUN,
        records=many(ref("Record")),
        records_next=maybe(text()),
        changes=many(ref("Change")),
        changes_next=maybe(text()),
    ),
    "Record": thing(**_RECORD),
    "Histogram": thing(
        buckets=many(thing(time=moment(), counts=named({"INFO": 25, "ERROR": 3}, whole()))), seconds=whole(60)
    ),
    "Logger": thing(
        name=text("grades"),
        level=maybe(text("ERROR")),
        effective=text("ERROR"),
        source=text("set by ada until 2026-01-31 17:57 UTC"),
        by=maybe(text("ada")),
        until=maybe(moment()),
    ),
    "Level": {"type": ["string", "null"], "enum": [*LEVELS, None]},
}
"""The shapes that stand in the description under a name of their own."""


def example(schema: Schema) -> Any:
    """A value of this shape."""
    if "$ref" in schema:
        return example(SHAPES[schema["$ref"].rpartition("/")[2]])
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        return {name: example(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"])] if "items" in schema else []
    return None if isinstance(kind, list) and "null" in kind else _EXAMPLES.get(str(kind))


_EXAMPLES = {"string": "text", "integer": 1, "number": 0.5, "boolean": True}
