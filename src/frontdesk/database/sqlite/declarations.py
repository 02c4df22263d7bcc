"""The SQL that made a SQLite table, taken apart: one part of it is changed, and the rest stays letter for letter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import ForeignKey
from frontdesk.database.sqlite import definitions

_RULES = frozenset("constraint primary unique check foreign".split())
_CLAUSES = frozenset("constraint primary not null unique check default collate references generated as".split())
_TAKING = frozenset({"default", "collate", "constraint", "not"})
"""Words after which the next one belongs to the same clause, whatever it is."""
ACTIONS = ("NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE")

Tokens = list[str]


@dataclass(frozen=True)
class Column:
    """A column: its name and type, then clauses such as NOT NULL, each with the space and comments after it."""

    name: str
    head: Tokens
    clauses: tuple[Tokens, ...]

    def tokens(self) -> Tokens:
        """All of it."""
        return [*self.head, *(one for clause in self.clauses for one in clause)]


@dataclass(frozen=True)
class Declaration:
    """A table as its SQL declares it: what stands before the brackets is left out, what stands after them is `tail`."""

    columns: tuple[Column, ...]
    rules: tuple[Tokens, ...] = field(default=())
    tail: str = ""

    def sql(self, name: str) -> str:
        """The SQL that makes the table under this name."""
        parts = ["".join(part) for part in (*(one.tokens() for one in self.columns), *self.rules)]
        return f"CREATE TABLE {quoted(name)} ({','.join(parts)}{self.tail}"

    def column(self, name: str, change: Callable[[Column], Column]) -> "Declaration":
        """With one column changed."""
        return replace(self, columns=tuple(change(one) if one.name == name else one for one in self.columns))

    def ordered(self, names: Sequence[str]) -> "Declaration":
        """With the columns in this order."""
        by_name = {one.name: one for one in self.columns}
        return replace(self, columns=tuple(by_name[name] for name in names))

    def with_rule(self, sql: str) -> "Declaration":
        """With one rule more, at the end."""
        return replace(self, rules=(*self.rules, ["\n  ", sql, "\n"]))

    def without(self, gone: Callable[[str | None, Tokens], bool]) -> "Declaration":
        """Without the clauses and rules of which `gone` says so, by the name of their column and their tokens."""
        columns = [
            replace(one, clauses=tuple(_rest(clause) if gone(one.name, clause) else clause for clause in one.clauses))
            for one in self.columns
        ]
        return replace(self, columns=tuple(columns), rules=tuple(one for one in self.rules if not gone(None, one)))


def parse(sql: str) -> Declaration:
    """The table that this SQL declares."""
    found = definitions.written(sql)
    opening = found.index("(")
    closing = _closing(found, opening)
    columns: list[Column] = []
    rules: list[Tokens] = []
    for part in _split(found[opening + 1 : closing]):
        if _words(part)[0].casefold() in _RULES:
            rules += _starts(part, _RULES)
        else:
            columns.append(_column(part))
    return Declaration(tuple(columns), tuple(rules), "".join(found[closing:]))


def _words(found: Sequence[str]) -> Tokens:
    """The tokens that mean something."""
    return [one for one in found if not _is_space(one)]


def _is_space(one: str) -> bool:
    return one.isspace() or one.startswith(("--", "/*"))


def _rest(clause: Tokens) -> Tokens:
    """The space and comments after a clause that goes."""
    end = max(place for place, one in enumerate(clause) if not _is_space(one))
    return clause[end + 1 :] or [" "]


def _closing(found: Sequence[str], opening: int) -> int:
    depth = 0
    for place in range(opening, len(found)):
        depth += (found[place] == "(") - (found[place] == ")")
        if depth == 0:
            return place
    raise ValueError("the brackets do not close")


def _split(found: Sequence[str]) -> list[Tokens]:
    """What stands between the commas."""
    parts: list[Tokens] = [[]]
    depth = 0
    for one in found:
        depth += (one == "(") - (one == ")")
        if depth == 0 and one == ",":
            parts.append([])
        else:
            parts[-1].append(one)
    return parts


def _starts(found: Sequence[str], words: frozenset[str]) -> list[Tokens]:
    """The tokens cut before each of these words that begins a clause; what stands before the first goes with it."""
    parts: list[Tokens] = [[]]
    depth, before = 0, ""
    begun = named = taken = False  # `named`: after CONSTRAINT and a name; `taken`: this word belongs to the one before
    for one in found:
        word = "" if depth or _is_space(one) else one.casefold()
        if taken and word:
            taken, named = word in "+-", named or before == "constraint"
        elif word in words and not _goes_on(before, word):
            if begun and not named:
                parts.append([])
            begun, named, taken = True, False, word in _TAKING
        before = word or before
        depth += (one == "(") - (one == ")")
        parts[-1].append(one)
    return parts


def _goes_on(before: str, word: str) -> bool:
    """Whether a word belongs to the clause before: SET NULL, NOT DEFERRABLE, GENERATED ALWAYS AS."""
    return (before == "set" and word in {"null", "default"}) or (before == "always" and word == "as")


def _column(part: Tokens) -> Column:
    words = _words(part)
    place = part.index(words[0])
    rest = part[place + 1 :]
    first = next(iter(_clause_places(rest)), len(rest))
    clauses = _starts(rest[first:], _CLAUSES) if first < len(rest) else []
    joined: list[Tokens] = []
    for clause in clauses:  # NOT DEFERRABLE stands in a reference
        if joined and [one.casefold() for one in _words(clause)[:2]] == ["not", "deferrable"]:
            joined[-1] += clause
        else:
            joined.append(clause)
    return Column(_name(words[0]), part[: place + 1] + rest[:first], tuple(joined))


def _clause_places(found: Sequence[str]) -> Iterator[int]:
    depth = 0
    for place, one in enumerate(found):
        if depth == 0 and one.casefold() in _CLAUSES:
            yield place
        depth += (one == "(") - (one == ")")


def kind(clause: Sequence[str]) -> str:
    """The word that says what a clause or rule is, such as check; its name set aside."""
    words = [one.casefold() for one in _words(clause)]
    if words[:1] == ["constraint"]:
        words = words[2:]
    return " ".join(words[:2]) if words[:1] == ["not"] else "".join(words[:1])


def _insert(column: Column, text: str) -> Tokens:
    """The name and type with this after them, before their space."""
    end = max(place for place, one in enumerate(column.head) if not _is_space(one))
    return [*column.head[: end + 1], " ", text, *_space(column, end)]


def _space(column: Column, end: int) -> Tokens:
    """What stands between the type and the first clause."""
    return column.head[end + 1 :] or [" "] * bool(column.clauses)


def retyped(column: Column, declared: str) -> Column:
    """With another type."""
    place = column.head.index(_words(column.head)[0])
    end = max(at for at, one in enumerate(column.head) if not _is_space(one))
    return replace(column, head=[*column.head[: place + 1], " ", declared, *_space(column, end)])


def required(column: Column, needed: bool) -> Column:
    """With NOT NULL or without."""
    without = tuple(_rest(one) if kind(one) in {"not null", "null"} else one for one in column.clauses)
    return replace(column, head=_insert(column, "NOT NULL") if needed else column.head, clauses=without)


def defaulted(column: Column, default: str | None) -> Column:
    """With this default, SQL as it is, or without one."""
    without = tuple(_rest(one) if kind(one) == "default" else one for one in column.clauses)
    head = column.head if default is None else _insert(column, f"DEFAULT {default}")
    return replace(column, head=head, clauses=without)


def checks(declaration: Declaration) -> list[str]:
    """The conditions of its CHECKs, as they are written."""
    clauses = [clause for column in declaration.columns for clause in column.clauses]
    return [inside(one) for one in (*clauses, *declaration.rules) if kind(one) == "check"]


def inside(clause: Sequence[str]) -> str:
    """What stands in the brackets of a clause."""
    opening = list(clause).index("(")
    return "".join(clause[opening + 1 : _closing(clause, opening)]).strip()


def refers(name: str | None, clause: Sequence[str], key: ForeignKey) -> bool:
    """Whether a clause of the column of this name, or a rule, is that foreign key."""
    if kind(clause) not in {"references", "foreign"}:
        return False
    words = _words(clause)
    at = next(place for place, one in enumerate(words) if one.casefold() == "references")
    columns = [name] if name is not None else _named(words[:at])
    return _folded(columns) == _folded(key.columns) and _same(_name(words[at + 1]), key.table)


def _named(words: Sequence[str]) -> list[str]:
    opening = list(words).index("(")
    return [_name(one) for one in words[opening + 1 : _closing(words, opening)] if one != ","]


def _folded(names: Sequence[str | None]) -> list[str]:
    return [str(name).casefold() for name in names]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _name(one: str) -> str:
    """A name without its quotes, of whichever kind SQLite takes."""
    return one[1:-1].replace("''", "'") if one[0] == "'" else definitions.unquoted(one)


def plain(sql: str) -> str:
    """The SQL without what means nothing: space, comments, quotes around names and capitals."""
    return " ".join(_plain(one) for one in definitions.written(sql) if not _is_space(one))


def _plain(one: str) -> str:
    return one if one[0] == "'" else definitions.unquoted(one).casefold()
