"""Definitions as SQL has them: what SQLite's catalog does not tell is read from their text, PostgreSQL's made plain."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/
    |[A-Za-z_\x80-\U0010ffff][\w$]*|\d[\w.]*|::|~~\*?|!~~?|\s+|.""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = frozenset("constraint check primary unique foreign".split())
_TYPE = re.compile(
    r"(?:character varying|character|double precision|bit varying|(?:timestamp|time)(?:\(\d+\))? with(?:out)? time zone"
    r'|interval|"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*',
    re.IGNORECASE,
)
_SERVERS = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_\x80-\U0010ffff][\w$]*|\d[\w.]*|::|~~\*?|!~~?|\s+|.""",
    re.DOTALL,
)
"""The tokens of PostgreSQL's expressions, where brackets hold arrays."""
_KEYWORDS = frozenset(
    "select from where group order by and or not in is null as on case when then else end like between having limit"
    " union all distinct join left inner cross natural using exists cast asc desc with values".split()
)
_ANY = re.compile(r"= ANY \((?:\(ARRAY\[([^\[\]]*)\]\)|ARRAY\[([^\[\]]*)\])\)")


@dataclass(frozen=True)
class Rules:
    """What a table's SQL says beyond its columns: conditions, and the expressions of generated columns."""

    checks: tuple[str, ...] = ()
    generated: dict[str, str] = field(default_factory=dict)


def tokens(sql: str) -> list[str]:
    """The SQL cut into words, texts, names and signs, comments as a space."""
    return [" " if one.startswith(("--", "/*")) else one for one in _TOKEN.findall(sql)]


def written(sql: str) -> list[str]:
    """As `tokens`, with the comments as they are."""
    return _TOKEN.findall(sql)


def _standard(found: Sequence[str], names: Sequence[str]) -> str:
    """The tokens as SQL in which every name stands in double quotes."""
    known = {name.casefold(): name for name in names}
    return "".join(_name(one, known) for one in found).strip()


def _name(one: str, known: dict[str, str]) -> str:
    if one[0] in '[`"' and len(one) > 1:
        inner = one[1:-1].replace("``", "`") if one[0] == "`" else one[1:-1].replace('""', '"')
        name = known.get(inner.casefold(), inner)
    else:
        name = known.get(one.casefold(), "")
        if name == name.lower() or one.casefold() in _KEYWORDS:  # as it is read without quotes
            return one
    return '"' + name.replace('"', '""') + '"'


def unquoted(one: str) -> str:
    """A name without its quotes."""
    return one[1:-1].replace('""', '"').replace("``", "`") if one[0] in '[`"' else one


def rules(sql: str, names: Sequence[str]) -> Rules:
    """The rules in the SQL that made a table with columns of these names."""
    found = Rules(generated={})
    checks: list[str] = []
    for part in parts(tokens(sql)):
        words = [one for one in part if not one.isspace()]
        for place, one in enumerate(part):
            inside = _bracket(part, place + 1) if one.casefold() in {"check", "as"} else None
            if inside is None or _depth(part[:place]):
                continue
            if one.casefold() == "check":
                checks.append(_standard(inside, names))
            elif words[0].casefold() not in _WORDS:
                found.generated[_true(unquoted(words[0]), names)] = _standard(inside, names)
    return Rules(tuple(checks), found.generated)


def concerned(sql: str, constraint: str, names: Sequence[str]) -> list[str]:
    """Which of a table's columns a CHECK of its SQL is about, by the constraint's name or its own words."""
    found = [one for one in tokens(sql) if not one.isspace()]
    condition = tokens(constraint)
    for place, one in enumerate(found[:-2]):
        named = one.casefold() == "constraint" and unquoted(found[place + 1]).casefold() == constraint.casefold()
        if named and found[place + 2].casefold() == "check":
            condition = _bracket(found, place + 3) or condition
    words = {unquoted(one).casefold() for one in condition if not one.startswith("'")}
    return [name for name in names if name.casefold() in words]


def _true(name: str, names: Sequence[str]) -> str:
    return next((one for one in names if one.casefold() == name.casefold()), name)


def parts(found: list[str]) -> list[list[str]]:
    """What stands between the commas of the outer brackets."""
    if "(" not in found:
        return []
    parts: list[list[str]] = [[]]
    depth = 0
    for one in found[found.index("(") :]:
        depth -= one == ")"
        if depth == 0 and one == ")":
            break
        if depth == 1 and one == ",":
            parts.append([])
        elif depth:
            parts[-1].append(one)
        depth += one == "("
    return [part for part in parts if any(not one.isspace() for one in part)]


def _depth(found: Sequence[str]) -> int:
    return sum((one == "(") - (one == ")") for one in found)


def _bracket(found: Sequence[str], place: int) -> list[str] | None:
    """What stands in the brackets that open at this place."""
    while place < len(found) and found[place].isspace():
        place += 1
    if place >= len(found) or found[place] != "(":
        return None
    depth = 0
    for end in range(place, len(found)):
        depth += (found[end] == "(") - (found[end] == ")")
        if depth == 0:
            return list(found[place + 1 : end])
    return None


def view(sql: str, names: Sequence[str]) -> str | None:
    """The SELECT of a view's SQL, over tables and columns of these names; None where its columns are named apart."""
    found = tokens(sql)
    for place, one in enumerate(found):
        if one == "(" and not any(one.casefold() == "as" for one in found[:place]):
            return None
        if one.casefold() == "as":
            return _standard(found[place + 1 :], names)
    return None


def index(sql: str, names: Sequence[str]) -> tuple[str, str]:
    """What stands in an index's brackets, with them, and its condition with WHERE before it; empty without one."""
    found = tokens(sql)
    start = next(place for place, one in enumerate(found) if one.casefold() == "on")
    opening = found.index("(", start)
    inside = _bracket(found, opening) or []
    rest = found[opening + len(inside) + 2 :]
    listed = ", ".join(_indexed(part, names) for part in parts(["(", *inside, ")"]))
    return f"({listed})", _standard([" ", *rest], names) and f" {_standard(rest, names)}"


def _indexed(part: Sequence[str], names: Sequence[str]) -> str:
    """One of the things that an index is by: an expression in brackets."""
    words = [one for one in part if not one.isspace()]
    order = f" {words.pop().upper()}" if words[-1].upper() in {"ASC", "DESC"} else ""
    if len(words) == 1:
        return _standard(words, names) + order
    end = len(part) - [*reversed(part)].index(words[-1])
    return f"({_standard(part[:end], names)}){order}"


def plainer(sql: str) -> str | None:
    """PostgreSQL's expression without what it alone writes, such as casts; None where it means something else here."""
    if any(one in {"~", "~~", "~~*", "!~", "!~~"} for one in _SERVERS.findall(sql)):  # LIKE regards no case in SQLite
        return None
    text, rest = "", sql
    while rest:
        match = _SERVERS.match(rest)
        assert match
        rest = rest[match.end() :]
        if match[0] == "::":
            kind = _TYPE.match(rest)
            rest = rest[kind.end() :] if kind else rest
        else:
            text += match[0]
    return _ANY.sub(lambda listed: f"IN ({listed[1] or listed[2]})", text).strip().rstrip(";")
