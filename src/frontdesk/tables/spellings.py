"""Spellings: names that are like one that is not there, offered beside what the database says."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from frontdesk.database import places
from frontdesk.database.schema import Table
from frontdesk.errors import StatementError
from frontdesk.tables import conditions

MOST = 3
FUNCTIONS = (
    "abs avg cast char_length coalesce concat count cume_dist date datetime dense_rank first_value format"
    " group_concat ifnull iif instr json_each json_extract lag last_value lead length like lower ltrim max min"
    " nth_value ntile nullif now percent_rank printf random rank replace round row_number rtrim sign split_part"
    " strftime string_agg substr substring sum time to_char total trim typeof upper"
).split()
KEYWORDS = (
    "SELECT FROM WHERE GROUP ORDER BY HAVING LIMIT OFFSET JOIN LEFT INNER OUTER CROSS ON USING AS AND OR NOT NULL IN"
    " LIKE BETWEEN IS DISTINCT UNION ALL EXCEPT INTERSECT CASE WHEN THEN ELSE END WITH VALUES EXISTS ASC DESC INSERT"
    " UPDATE DELETE INTO SET CREATE TABLE EXPLAIN"
).split()
_WORD = re.compile(r"\w+")


def offer(error: StatementError, sql: str, tables: Mapping[str, Table]) -> StatementError:
    """The error with names that are like what is not there, also in its sentence."""
    kind, name = error.missing
    near = _like(name, _known(kind, sql, tables)) if kind else []
    if not kind and "syntax error" in error.message.casefold():
        near = _keywords(error, sql)
    if near:
        error.near = near
        error.message = f"{error.message} Did you mean {_listed(near)}?"
        error.errors["sql"] = error.message
    return error


def _known(kind: str, sql: str, tables: Mapping[str, Table]) -> list[str]:
    if kind == "table":
        return list(tables)
    if kind == "function":
        return FUNCTIONS
    named = set(conditions.names(sql, tables).values())
    ordered = sorted(tables.values(), key=lambda table: table.name not in named)
    return [column.name for table in ordered for column in table.columns if not named or table.name in named]


def _like(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    return [folded[one] for one in get_close_matches(name.casefold(), folded, MOST, cutoff)]


def _keywords(error: StatementError, sql: str) -> list[str]:
    """What was meant by the word at which the parser stopped, or by the one before it."""
    lines = sql.split("\n")
    place = sum(len(line) + 1 for line in lines[: error.line - 1]) + error.column - 1
    before = [found[0] for found in places.TOKEN.finditer(sql[:place]) if found["word"]]
    for word in [found[0] for found in [_WORD.match(sql, place)] if found] + before[-1:]:
        if word.upper() not in KEYWORDS and not word.isdigit():
            near = _like(word, KEYWORDS, 0.7)
            if near:
                return near[:1]
    return []


def _listed(near: list[str]) -> str:
    return near[0] if len(near) == 1 else f"{', '.join(near[:-1])} or {near[-1]}"
