"""Parameters of typed SQL: their names where they stand in it, and the values that were given for them."""

import math
import re
from collections.abc import Mapping
from typing import Any

from frontdesk.database import places, queries
from frontdesk.database.postgresql import tokens
from frontdesk.errors import InputError

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?", re.ASCII)


def find(sql: str, dialect: str = "sqlite") -> list[str]:
    """The names of the parameters in their order, each once; what stands in texts, names and comments is none."""
    if dialect == "postgresql":
        return tokens.parameters(sql)
    found = (match["parameter"] for match in places.TOKEN.finditer(sql))
    return list(dict.fromkeys(name[1:] for name in found if name))


def renamed(sql: str, dialect: str, names: Mapping[str, str]) -> str:
    """The SQL with other names for its parameters."""
    if dialect == "postgresql":
        split = ((token.kind, token.text) for token in tokens.split(sql))
        return "".join(f":{names[text[1:]]}" if kind == "parameter" else text for kind, text in split)

    def written(match: re.Match[str]) -> str:
        return f":{names[match['parameter'][1:]]}" if match["parameter"] else match[0]

    return places.TOKEN.sub(written, sql)


def typed(text: str) -> Any:
    """What a person typed for a parameter: a number where it is written as one, else the text."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def bound(sql: Any, given: Any, dialect: str) -> dict[str, Any]:
    """The parameters' values. Raises InputError naming each that is missing or no plain value."""
    if not isinstance(sql, str) or not sql.strip():
        raise InputError(errors={"sql": "Write a query, such as SELECT * FROM … ."})
    if len(sql.encode("utf-8", "replace")) > queries.LONGEST_SQL:
        raise InputError(errors={"sql": f"A query has at most {queries.LONGEST_SQL:,} bytes."})
    if not isinstance(given, Mapping):
        raise InputError(errors={"parameters": 'Write an object, such as {"age": 30}.'})
    if dialect == "sqlite":  # elsewhere it is an operator
        _check_named(sql)
    wanted = find(sql, dialect)
    wrong = {name: f"Give a value for :{name}." for name in wanted if name not in given}
    wrong |= {name: "Write a text, a number, true, false or null." for name in wanted if not _plain(given.get(name))}
    if wrong:
        raise InputError(errors=wrong)
    return {name: given[name] for name in wanted}


def _check_named(sql: str) -> None:
    place = places.TOKEN.sub(lambda found: " " * len(found[0]), sql).find("?")
    if place >= 0:
        raise places.at(sql, place, places.UNNAMED.format("?"))


def _plain(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))
