"""Places: where in the SQL the fault lies that the database tells."""

import re
import sqlite3
from bisect import bisect_left
from collections.abc import Callable

from frontdesk.errors import InputError, StatementError

TOKEN = re.compile(
    r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<parameter>[:@$][A-Za-z0-9_$\x80-\U0010ffff]+)|(?P<word>[A-Za-z0-9_$\x80-\U0010ffff]+)|(?P<end>;)",
    re.DOTALL,
)
"""What SQLite reads as one: texts, names in quotes, comments, parameters, words and numbers, and ends of statements."""

UNNAMED = "Write a parameter as :name, such as WHERE id = :id, not as {}."
"""What is said of a parameter in another spelling."""

_NEAR = re.compile(r'near "(?P<token>.+)": syntax error', re.DOTALL | re.IGNORECASE)
_NAMED = re.compile(
    r"(?:(?P<missing>no such) (?P<kind>column|table|function)|ambiguous column name|unrecognized token"
    r"|misuse of (?:aggregate|window function)|wrong number of arguments to function|no tables specified):? "
    r"(?P<name>.+?)\.?",
    re.DOTALL | re.IGNORECASE,
)


def line_and_column(sql: str, place: int) -> tuple[int, int]:
    """The line and the column of a place in a text, from 1."""
    before = sql[:place]
    return before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1


def is_complete(sql: str) -> bool:
    """Whether the semicolon at the end of the text ends a statement of SQLite's, and not one within a trigger."""
    return sqlite3.complete_statement(sql)


def at(sql: str, place: int, message: str, length: int = 1, missing: tuple[str, str] = ("", "")) -> StatementError:
    """The error of a place."""
    line, column = line_and_column(sql, place)
    return StatementError(message, line, column, length, missing)


def shifted(error: Exception, sql: str, place: int) -> Exception:
    """The error of a statement that begins at a place of a longer text."""
    if isinstance(error, StatementError) and place:
        line, column = line_and_column(sql, place)
        error.column += column - 1 if error.line == 1 else 0
        error.line += line - 1
    return error


def located(error: Exception, sql: str, probe: Callable[[str], str]) -> Exception:
    """SQLite's error with its place, where that can be found; `probe` says what SQLite says of another text."""
    if not isinstance(error, InputError):
        return error
    message = error.message.rstrip(".")
    if message.lower() == "incomplete input":
        return at(sql, len(sql.rstrip()), "The statement is not complete: something is missing at its end.")
    near = _NEAR.fullmatch(message)
    if near:
        return _syntax(error, sql, near["token"], probe)
    named = _NAMED.fullmatch(message)
    if not named:
        return error
    name = named["name"].removesuffix("()").strip()
    found = _named(sql, name.strip('"') if named["kind"] else name)
    if found is None:
        return error
    missing = (named["kind"].lower(), name.rpartition(".")[2]) if named["missing"] else ("", "")
    return at(sql, found[0], error.message, found[1], missing)


def _syntax(error: InputError, sql: str, token: str, probe: Callable[[str], str]) -> Exception:
    """The first place of the token at which the parser stops: what ends there is refused, what ends before is not."""
    folded = token.casefold()
    spots = [found.start() for found in re.finditer(re.escape(token), sql)]
    if not spots:
        return error

    def stops(spot: int) -> bool:
        told = _NEAR.match(probe(sql[: spot + len(token)]))
        return bool(told) and told["token"].casefold() == folded  # type: ignore[index]

    number = bisect_left(spots, True, key=stops)
    spot = spots[min(number, len(spots) - 1)]
    return at(sql, spot, error.message, len(token))


def _named(sql: str, name: str) -> tuple[int, int] | None:
    """Where a name stands, perhaps behind that of its table, and how long it is there."""
    last = name.rpartition(".")[2].casefold()
    for found in TOKEN.finditer(sql):
        if found["comment"] is None and found[0].strip('"`[]').casefold() == last:
            return found.start(), len(found[0])
    spot = sql.casefold().find(name.casefold())
    return (spot, len(name)) if spot >= 0 else None
