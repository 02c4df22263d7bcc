"""Steps by which definitions are altered, on either engine: each a verb and its arguments."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database.definitions import OWN

Step: TypeAlias = list[Any]
"""A verb of `alterations.apply` and its arguments, as JSON keeps them."""

KEPT = f"{OWN}kept_"
"""What the names of tables begin with that hold what was deleted."""
MOST_KEPT = 1_000_000
"""Rows: the values of more are not copied in order to be kept."""
SHOWN = 5
"""Rows that a refusal names."""
_TOLD = "frontdesk_told"


def free(taken: Iterable[str]) -> str:
    """A name for what is to be kept, beside those that are taken."""
    numbers = [name.rpartition(KEPT)[2] for name in taken]
    return f"{KEPT}{max((int(number) for number in numbers if number.isdigit()), default=0) + 1}"


@contextmanager
def watched(connection: Connection) -> Iterator[list[str]]:
    """The statements that are carried out until the block ends, those that keep what is taken away left out."""
    told: list[str] = []
    connection.info[_TOLD] = told
    try:
        yield told
    finally:
        del connection.info[_TOLD]


def tell(connection: Connection, sql: str) -> None:
    """Says that a statement is carried out, to who listens."""
    told = connection.info.get(_TOLD)
    if told is not None:
        told.append(sql)


def kept_in(step: Step) -> list[str]:
    """The hidden tables with values of rows that a step brings back."""
    match step:
        case ["add_column", _, _, _, str(kept), *_]:
            return [kept]
        case ["rebuild", _, _, values, *_]:
            return [kept for _, kept in values]
        case ["recast", _, _, _, _, str(kept), *_]:
            return [kept]
        case ["several", several]:
            return [kept for one in several for kept in kept_in(one)]
    return []


def check_unreferred(name: str, others: Sequence[str], what: str) -> None:
    """Raises ConflictError where others, which are `what`, refer to this table."""
    if others:
        raise errors.ConflictError(
            f"{', '.join(others)} {'refers' if len(others) == 1 else 'refer'} to {name}.",
            f"Delete those {what} first, or their columns that refer to it.",
        )


def refusal(count: int, rows: Sequence[tuple[Sequence[Any], str]], sentence: str) -> errors.ConflictError:
    """What is said where rows stand in the way: how many, and the first of them by key, each with its reason."""
    listed = [{"key": key[0] if len(key) == 1 else list(key) or None, "reason": reason} for key, reason in rows]
    words = "1 row stands" if count == 1 else f"{count:,} rows stand"
    first = "; ".join(f"{', '.join(map(str, key))}: {reason}".removeprefix(": ") for key, reason in rows[:1])
    hint = f"Change {'that row' if count == 1 else 'those rows'} first. The first is {first}" if rows else ""
    return errors.ConflictError(f"{sentence}: {words} in the way.", hint, refused=listed)
