"""Conditions: which columns a query looks at, as far as its text tells."""

import re
from collections.abc import Iterable

from frontdesk.database import places
from frontdesk.database.schema import Table

_OPERATOR = r"\s*(?P<sign>==|<=|>=|<>|!=|=|<|>|\b(?:NOT\s+)?(?:IN|LIKE|ILIKE|GLOB|BETWEEN|MATCH)\b|\bIS\b(?:\s+NOT)?)"
_STARTS = re.compile(r"\b(?:WHERE|ON)\b", re.IGNORECASE)
_WORDS = frozenset(
    "where join left right inner outer cross natural full on using group order having limit union except intersect"
    " as set window offset fetch for indexed not".split()
)


def names(sql: str, tables: Iterable[str]) -> dict[str, str]:
    """The tables that the SQL names, each by the names that it has there, in small letters."""
    masked, found = _masked(sql), {}
    for table in tables:
        word = _word(table.rpartition(".")[2])
        for match in re.finditer(rf"{word}(?:\s+(?:AS\s+)?(?P<alias>[A-Za-z_]\w*))?", masked, re.IGNORECASE):
            alias = match["alias"]
            found[alias.casefold() if alias and alias.casefold() not in _WORDS else table.casefold()] = table
            found.setdefault(table.casefold(), table)
    return found


def find(sql: str, table: Table, name: str, *, alone: bool) -> list[str]:
    """What the SQL asks of the columns of a table, as `region = …`; `alone` where it names no other table."""
    masked = _masked(sql)
    start = _STARTS.search(masked)
    if start is None:
        return []
    found = []
    for column in table.columns:
        qualified = rf"(?:{_word(name)}\s*\.\s*){'?' if alone else ''}"
        pattern = rf"(?<![\w.]){qualified}{_word(column.name)}{_OPERATOR}"
        matches = re.finditer(pattern, masked[start.end() :], re.IGNORECASE)
        found += [(one.start(), f"{column.name} {' '.join(one['sign'].upper().split())} …") for one in matches]
    return list(dict.fromkeys(text for _, text in sorted(found)))


def _word(name: str) -> str:
    return rf'(?<!\w)["`\[]?{re.escape(name)}["`\]]?(?!\w)'


def _masked(sql: str) -> str:
    """The SQL with spaces in place of its comments and texts."""

    def blank(match: re.Match[str]) -> str:
        hides = match["comment"] is not None or match[0][:1] == "'"
        return " " * len(match[0]) if hides else match[0]

    return places.TOKEN.sub(blank, sql)
