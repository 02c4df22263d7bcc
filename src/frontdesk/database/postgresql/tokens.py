"""Typed SQL in PostgreSQL's own spelling: cut into tokens, so that a parameter is found where it is one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_WIDE = r"\x80-\U0010ffff"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\n\r\f\v]+|--[^\n\r]*)
    |(?P<comment>/\*)
    |(?P<escaped>[eE]'(?:[^'\\]|''|\\.)*'?)
    |(?P<text>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'?)
    |(?P<name>(?:[uU]&)?"(?:[^"]|"")*"?)
    |(?P<tag>\$(?:[A-Za-z_{_WIDE}][A-Za-z0-9_{_WIDE}]*)?\$)
    |(?P<number>[0-9][0-9A-Za-z_.]*)
    |(?P<word>[A-Za-z_{_WIDE}][A-Za-z0-9_${_WIDE}]*)
    |(?P<colons>::|:=)
    |(?P<parameter>:[A-Za-z_{_WIDE}][A-Za-z0-9_{_WIDE}]*)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT_ENDS = re.compile(r"/\*|\*/")
_GOES_ON = re.compile(
    r"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]+|--[^\n\r]*[\n\r])*'(?:[^'\\]|''|\\.)*'?", re.DOTALL
)
"""A text goes on in the next line; one with backslashes keeps them."""
_OPERANDS = frozenset({"number", "parameter", "text", "name"})


@dataclass(frozen=True)
class Token:
    """A piece of SQL: space (comments too), text, name (in quotes), word, number, parameter or other."""

    kind: str
    text: str

    @property
    def identifier(self) -> str:
        """The name that a word or a quoted name stands for; empty for all else."""
        if self.kind == "word":
            return self.text.lower()
        return self.text.strip('"').replace('""', '"') if self.kind == "name" and self.text[0] == '"' else ""


def split(sql: str) -> list[Token]:
    """The tokens, which together are the SQL again."""
    found: list[Token] = []
    brackets: list[str] = []
    for token in _raw(sql):
        if token.kind == "parameter" and brackets[-1:] == ["["] and _ends_operand(found):
            token = Token("other", token.text)  # the second bound of a[1:b]
        if token.text in {"[", "("}:
            brackets.append(token.text)
        elif token.text in {"]", ")"} and brackets:
            brackets.pop()
        found.append(token)
    return found


def significant(sql: str) -> list[Token]:
    """The tokens without spaces and comments."""
    return [token for token in split(sql) if token.kind != "space"]


def parameters(sql: str) -> list[str]:
    """The names of the parameters in their order, each once."""
    return list(dict.fromkeys(token.text[1:] for token in split(sql) if token.kind == "parameter"))


def numbered(sql: str) -> tuple[str, list[str]]:
    """The SQL with `$1` in place of the first parameter and so on, and the parameters' names."""
    names = parameters(sql)
    places = {f":{name}": f" ${place} " for place, name in enumerate(names, 1)}
    parts = (places[token.text] if token.kind == "parameter" else token.text for token in split(sql))
    return "".join(parts), names


def placed(sql: str) -> list[tuple[int, Token]]:
    """The tokens without spaces and comments, each with the place at which it begins."""
    found, place = [], 0
    for token in split(sql):
        if token.kind != "space":
            found.append((place, token))
        place += len(token.text)
    return found


def unnamed(sql: str) -> tuple[int, str] | None:
    """Where a parameter stands in a driver's spelling, which may be an operator too, and that spelling."""
    for (place, token), (_, after) in pairwise([*placed(sql), (len(sql), Token("space", ""))]):
        if token.text == "?" or (token.text == "%" and sql[place + 1 : place + 2] == "s" and after.text == "s"):
            return place, "?" if token.text == "?" else "%s"
    return None


def place_of(sql: str, place: int) -> int:
    """The place in the SQL that stands at this one once its parameters are numbered."""
    names = parameters(sql)
    typed = sent = 0
    for token in split(sql):
        length = len(f" ${names.index(token.text[1:]) + 1} ") if token.kind == "parameter" else len(token.text)
        if sent + length > place:
            return typed if token.kind == "parameter" else typed + place - sent
        typed, sent = typed + len(token.text), sent + length
    return max(0, min(typed, len(sql)))


def _raw(sql: str) -> Iterator[Token]:
    place = 0
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        assert match and match.lastgroup
        kind, end = match.lastgroup, match.end()
        if kind == "comment":
            kind, end = "space", _after_comment(sql, end)
        elif kind == "escaped":
            kind, end = "text", _after_escaped(sql, match)
        elif kind == "tag":
            closing = sql.find(match[0], end)
            kind, end = "text", len(sql) if closing < 0 else closing + len(match[0])
        yield Token("other" if kind == "colons" else kind, sql[place:end])
        place = end


def _after_comment(sql: str, place: int) -> int:
    """Comments stand within comments."""
    depth = 1
    while depth:
        found = _COMMENT_ENDS.search(sql, place)
        if not found:
            return len(sql)
        depth += 1 if found[0] == "/*" else -1
        place = found.end()
    return place


def _after_escaped(sql: str, match: re.Match[str]) -> int:
    end = match.end()
    while more := _GOES_ON.match(sql, end):
        end = more.end()
    return end


def _ends_operand(found: list[Token]) -> bool:
    """Whether what stands right before is a value: then a name after a colon is the end of a slice."""
    last = next((token for token in reversed(found) if token.kind != "space"), None)
    if last is None or found[-1].kind == "space":
        return last is not None and (last.kind in _OPERANDS or last.text in {")", "]"})
    return last.kind in _OPERANDS or last.kind == "word" or last.text in {")", "]"}
