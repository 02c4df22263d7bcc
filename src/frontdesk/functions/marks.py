"""`@frontdesk.function`: marks a callable to be served, and leaves it what it was.

People's files import this: nothing but the standard library is imported here.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from frontdesk import context

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE = "__frontdesk__"
"""Where a callable carries its mark."""

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)(i?)B?\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True)
class Mark:
    """What the decorator was told."""

    module: str  #: the module whose file serves the callable
    name: str
    title: str
    seconds: float | None
    memory: int
    role: str  #: the lowest that may call
    batch: bool  #: whether it may be applied to the rows of a table


@overload
def function(target: F, /) -> F: ...
@overload
def function(
    *,
    seconds: float | None = None,
    memory: str | int = "",
    roles: Sequence[str] = ("editor",),
    batch: bool = True,
    title: str = "",
    name: str = "",
) -> Callable[[F], F]: ...
def function(
    target: F | None = None,
    /,
    *,
    seconds: float | None = None,
    memory: str | int = "",
    roles: Sequence[str] = ("editor",),
    batch: bool = True,
    title: str = "",
    name: str = "",
) -> F | Callable[[F], F]:
    """Serves the callable: a form, an address, a command. The callable itself stays as it is.

    A call is stopped after `seconds`; `memory` ("512 MB") is how much it may take; `roles` holds the lowest role that
    may call it; `batch` says whether it may be applied to the rows of a table; `name` and `title` replace its own.
    """
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds must be more than 0, not {seconds!r}")
    module = sys._getframe(1).f_globals.get("__name__", "")
    mark = Mark(module, name, title, seconds, size_in_bytes(memory), lowest(roles), batch)

    def put(target: F) -> F:
        return _put(target, mark)

    return put if target is None else put(target)


def of(candidate: object) -> Mark | None:
    """The mark that a callable carries itself; a class does not hand it to its instances."""
    found = getattr(candidate, "__dict__", {}).get(ATTRIBUTE)
    return found if isinstance(found, Mark) else None


def size_in_bytes(text: str | int) -> int:
    """How many bytes "512 MB" or "1.5 GiB" are; nothing is 0. Raises ValueError."""
    if isinstance(text, int) or not text:
        return int(text or 0)
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(f'memory must be written as in "512 MB", not {text!r}')
    number, power, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[power.lower()])


def lowest(roles: Sequence[str]) -> str:
    """The lowest of these roles. Raises ValueError for what is no role."""
    given = [roles] if isinstance(roles, str) else list(roles)
    wrong = [role for role in given if role not in context.ROLES]
    if wrong or not given:
        raise ValueError(f"roles are {', '.join(context.ROLES)}, not {', '.join(map(repr, wrong)) or 'none'}")
    return min(given, key=context.ROLES.index)


def _put(target: F, mark: Mark) -> F:
    if not callable(target):
        raise TypeError(f"@frontdesk.function marks a callable, not {target!r}")
    try:
        setattr(target, ATTRIBUTE, mark)
    except AttributeError:
        raise TypeError(f"{target!r} cannot be marked; write a function that calls it") from None
    return target
