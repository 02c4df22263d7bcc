"""PostgreSQL's texts of arrays, such as `{1,NULL,"a b"}`, as lists and back; no driver and no server are needed."""

import re
from collections.abc import Callable, Sequence
from typing import Any

_BOUNDS = re.compile(r"(?:\[[+-]?\d+:[+-]?\d+\])+=")
_TOKEN = re.compile(r'(?:([{}])|(,)|"((?:[^"\\]|\\.)*)"|((?:[^"\\{},]|\\.)+))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r'(["\\])')


def read(text: str, item: Callable[[str], Any] = str) -> list[Any]:
    """The list that the text stands for, each item made from its text; the numbers of its places are left out.

    Raises ValueError for what is no array.
    """
    bounds = _BOUNDS.match(text)
    at = bounds.end() if bounds else 0
    lists: list[list[Any]] = [[]]  # the one around the array, and those that are open
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or (token[1] != "{" and len(lists) == 1) or (len(lists) == 1 and lists[0]):
            raise ValueError("this is no array")
        at = token.end()
        _take(lists, token, item)
    if len(lists) != 1 or not lists[0]:
        raise ValueError("this is no array")
    return list(lists[0][0])


def _take(lists: list[list[Any]], token: re.Match[str], item: Callable[[str], Any]) -> None:
    brace, comma, quoted, plain = token.groups()
    if brace == "{":
        made: list[Any] = []
        lists[-1].append(made)
        lists.append(made)
    elif brace:
        lists.pop()
    elif quoted is not None:
        lists[-1].append(item(_ESCAPED.sub(r"\1", quoted)))
    elif not comma:
        lists[-1].append(_plain(plain, item))


def _plain(text: str, item: Callable[[str], Any]) -> Any:
    return None if text.upper() == "NULL" else item(_ESCAPED.sub(r"\1", text))


def write(values: Sequence[Any], item: Callable[[Any], str] = str) -> str:
    """The text of an array of these values, lists for further dimensions; None is NULL."""
    return "{" + ",".join(_written(value, item) for value in values) + "}"


def _written(value: Any, item: Callable[[Any], str]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)):
        return write(value, item)
    return '"' + _SPECIAL.sub(r"\\\1", item(value)) + '"'
