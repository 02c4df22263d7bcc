"""Plans: how a database would carry a query out, as a tree of steps and in plain words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.database.schema import Table
from frontdesk.tables import conditions

SORTED = {"ORDER BY": "puts them in order", "GROUP BY": "groups", "DISTINCT": "finds what is different"}


@dataclass(frozen=True)
class Step:
    """One step of a plan, as the database writes it, with those that it is made of."""

    text: str
    steps: tuple["Step", ...] = ()
    table: str = ""  # that is read, by the name that it has in the query
    rows: int | None = None  # that the database expects
    filter: str = ""  # what its rows are looked at for, as PostgreSQL writes it


@dataclass(frozen=True)
class Told:
    """A step with a sentence; `costly` says that it reads or sorts all there is."""

    text: str
    sentence: str
    costly: bool
    steps: tuple["Told", ...] = ()

    def json(self) -> dict[str, Any]:
        """The step as the API gives it."""
        steps = [one.json() for one in self.steps]
        return {"step": self.text, "sentence": self.sentence, "costly": self.costly, "steps": steps}


def read(dialect: str, rows: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    """The plan that an EXPLAIN gave."""
    if dialect == "postgresql":
        return tuple(_node(one["Plan"]) for one in json.loads(rows[0][0]))
    return _below(0, rows)


def _below(parent: int, rows: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    return tuple(
        Step(str(row[3]), _below(row[0], rows), _scanned(str(row[3]))) for row in rows if row[1] == parent != row[0]
    )


def _scanned(text: str) -> str:
    found = _LOOK.fullmatch(text)
    return found["table"] if found else ""


def _node(plan: Mapping[str, Any]) -> Step:
    name = str(plan["Node Type"])
    relation = plan.get("Alias") or plan.get("Relation Name") or plan.get("CTE Name") or ""
    details = [plan[key] for key in ("Index Cond", "Hash Cond", "Merge Cond", "Recheck Cond") if key in plan]
    details += [f"by {', '.join(plan[key])}" for key in ("Sort Key", "Group Key") if key in plan]
    text = name + (f" using {plan['Index Name']}" if "Index Name" in plan else "")
    text += f" on {relation}" if relation else ""
    text += f" {'; '.join(map(str, details))}" if details else ""
    below = tuple(_node(one) for one in plan.get("Plans", ()))
    return Step(text, below, str(relation), int(plan.get("Plan Rows", 0)), str(plan.get("Filter", "")))


@dataclass(frozen=True)
class Known:
    """What is known of the tables that a query reads."""

    tables: Mapping[str, Table]
    counts: Mapping[str, int | None]
    names: Mapping[str, str]  # tables by the names that they have in the query
    sql: str

    def rows_of(self, name: str) -> str:
        """The rows of a table in words: `all 50,000 rows of orders`."""
        table = self.names.get(name.casefold(), name)
        count = self.counts.get(table)
        number = "all rows" if count is None else f"all {count:,} rows" if count != 1 else "the one row"
        return f"{number} of {table}" + (f" ({name})" if table.casefold() != name.casefold() else "")

    def conditions(self, name: str) -> list[str]:
        """What the query looks at the rows of a table for."""
        table = self.tables.get(self.names.get(name.casefold(), name))
        return conditions.find(self.sql, table, name, alone=len(set(self.names.values())) == 1) if table else []


def tell(dialect: str, steps: Sequence[Step], known: Known) -> tuple[Told, ...]:
    """The steps with a sentence each."""
    words = _sentence_of_postgresql if dialect == "postgresql" else _sentence_of_sqlite
    return tuple(_tell(step, known, words) for step in steps)


def _tell(step: Step, known: Known, words: Callable[[Step, Known], tuple[str, bool]]) -> Told:
    sentence, costly = words(step, known)
    sentence = sentence.replace("….", "…")
    return Told(step.text, sentence, costly, tuple(_tell(one, known, words) for one in step.steps))


def sentences(steps: Sequence[Told]) -> Iterator[str]:
    """The sentences of what costs, from the first step on."""
    for step in steps:
        if step.costly and step.sentence:
            yield step.sentence
        yield from sentences(step.steps)


# SQLite

_LOOK = re.compile(
    r"(?P<verb>SCAN|SEARCH) (?:TABLE )?(?P<table>.+?)(?: AS (?P<alias>\S+))?"
    r"(?: USING (?P<kind>AUTOMATIC (?:PARTIAL )?COVERING INDEX|AUTOMATIC INDEX|COVERING INDEX|INDEX"
    r"|INTEGER PRIMARY KEY|PRIMARY KEY)(?: (?P<index>[^(].*?))?)?(?P<virtual> VIRTUAL TABLE INDEX .*)?"
    r"(?: \((?P<terms>[^)]*)\))?(?: LEFT-JOIN)?"
)
_ROWS = re.compile(r"SCAN (\d+ )?CONSTANT ROWS?")
_SORT = re.compile(r"USE TEMP B-TREE FOR (?:(RIGHT PART|LAST \d+ TERMS) OF )?(.+)")
_PLAIN = (
    (r"CO-ROUTINE (.+)", "Carries out {0} row by row for what follows."),
    (r"MATERIALIZE (.+)", "Carries out {0} once and keeps what it gives."),
    (r"CORRELATED (?:SCALAR|LIST) SUBQUERY.*", "Carries out a query again for each row."),
    (r"(?:SCALAR|LIST) SUBQUERY.*", "Carries out a query within, once."),
    (r"MULTI-INDEX OR", "Looks each side of OR up by itself."),
    (r"INDEX \d+", "One side of OR."),
    (r"RECURSIVE STEP", "Again and again, until no row is new."),
    (r"SETUP", "The first rows."),
    (r"MERGE \((.+)\)|COMPOUND QUERY", "Puts the rows of several queries together."),
    (r"UNION USING TEMP B-TREE|EXCEPT USING TEMP B-TREE|INTERSECT USING TEMP B-TREE", "Compares all rows."),
    (r"LEFT|LEFT-MOST SUBQUERY", "The first query."),
    (r"RIGHT|UNION ALL", "The next query."),
    (r"BLOOM FILTER ON (\S+).*", "Leaves out most rows of {0} that do not fit."),
)


def _sentence_of_sqlite(step: Step, known: Known) -> tuple[str, bool]:
    if _ROWS.fullmatch(step.text):
        return "Reads no table.", False
    sort = _SORT.fullmatch(step.text)
    if sort:
        part = " within what an index has in order already" if sort[1] else ""
        return f"Sorts what was found for {sort[2]}{part}: no index has it in this order.", not sort[1]
    look = _LOOK.fullmatch(step.text)
    if look:
        return _look(look, known)
    for pattern, sentence in _PLAIN:
        found = re.fullmatch(pattern, step.text)
        if found:
            return sentence.format(*found.groups()), pattern.startswith("CORRELATED")
    return "", False


def _look(look: re.Match[str], known: Known) -> tuple[str, bool]:
    name, kind, terms = look["alias"] or look["table"], look["kind"] or "", _terms(look["terms"])
    if look["virtual"]:
        return f"Asks {name} itself, which keeps its own index.", False
    if kind.startswith("AUTOMATIC"):
        whole = known.rows_of(name)
        return f"Reads {whole} into an index by {terms} that this query alone uses: no index serves {terms}.", True
    table = known.names.get(name.casefold(), name)
    if look["verb"] == "SEARCH":
        by = {"INTEGER PRIMARY KEY": "its key", "PRIMARY KEY": "its key"}.get(kind, f"the index {look['index']}")
        at = f" ({terms})" if terms and terms != "rowid = …" else ""
        return f"Finds rows of {table} by {by}{at}." if kind else f"Takes the first or last row of {table}.", False
    if table.casefold() not in {one.casefold() for one in known.tables}:
        return f"Reads what {name} gave.", False
    along = f" along the index {look['index']}" if kind else ""
    return f"Reads {known.rows_of(name)}{along}{_unserved(known.conditions(name))}.", True


def _terms(text: str | None) -> str:
    """The columns that an index is asked for: `region = …`."""
    parts = [re.sub(r"(<=|>=|[<>=]) ?\?", r" \1 …", part.strip()) for part in re.split(" AND ", text or "") if part]
    return " and ".join(part.replace("  ", " ") for part in parts)


def _unserved(wanted: Sequence[str]) -> str:
    return f": no index serves {' and '.join(wanted)}" if wanted else ""


# PostgreSQL

_NODES = {
    "Nested Loop": "For each row of the first part, looks for rows of the second.",
    "Hash Join": "Matches the rows of both parts by a table of hashes.",
    "Merge Join": "Matches the rows of both parts, which are in the same order.",
    "Hash": "Puts the rows into a table of hashes.",
    "Aggregate": "Groups and counts the rows.",
    "Limit": "Takes the first rows.",
    "Unique": "Leaves out rows that are the same.",
    "Append": "Puts the rows of several parts together.",
    "CTE Scan": "Reads what a WITH gave.",
    "Subquery Scan": "Reads what a query within gave.",
    "Function Scan": "Reads what a function gave.",
    "Values Scan": "Reads values that stand in the query.",
    "Result": "Reads no table.",
    "Materialize": "Keeps the rows to read them again.",
    "Memoize": "Remembers what was looked up.",
    "Gather": "Puts together what several processes found.",
    "Gather Merge": "Puts together in order what several processes found.",
    "WindowAgg": "Reckons over the rows beside each row.",
    "Recursive Union": "Again and again, until no row is new.",
    "WorkTable Scan": "Reads the rows that were new.",
    "Bitmap Index Scan": "Collects places of rows from an index.",
}


def _sentence_of_postgresql(step: Step, known: Known) -> tuple[str, bool]:
    name = re.split(r" using | on | by |(?= \()", step.text)[0]
    table = known.names.get(step.table.casefold(), step.table)
    if name == "Seq Scan":
        whole = known.rows_of(step.table)
        return f"Reads {whole}" + (f": no index is used for {_bare(step.filter)}" if step.filter else "") + ".", True
    if name in {"Index Scan", "Index Only Scan"}:
        index = step.text.split(" using ")[1].split(" on ")[0]
        at = step.text.partition(f" on {step.table} ")[2]
        return f"Finds rows of {table} by the index {index}{f' {at}' if at else ''}.", False
    if name == "Bitmap Heap Scan":
        return f"Reads the rows of {table} whose places were collected.", False
    if name in {"Sort", "Incremental Sort"}:
        return f"Sorts what was found{_by(step.text)}.", name == "Sort"
    return _NODES.get(name, ""), False


def _bare(text: str) -> str:
    """A condition without the casts that nobody wrote."""
    return re.sub(r"::(?:character varying|double precision|timestamp with(?:out)? time zone|\w+)", "", text)


def _by(text: str) -> str:
    return f" by {text.partition(' by ')[2]}" if " by " in text else ""
