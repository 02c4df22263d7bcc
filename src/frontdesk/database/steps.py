"""Steps by which definitions are altered, on either engine: each a verb and its arguments."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from frontdesk.database.definitions import OWN

Step: TypeAlias = list[Any]
"""A verb of `alterations.apply` and its arguments, as JSON keeps them."""

KEPT = f"{OWN}kept_"
"""What the names of tables begin with that hold what was deleted."""
MOST_KEPT = 1_000_000
"""Rows: the values of more are not copied in order to be kept."""


def free(taken: Iterable[str]) -> str:
    """A name for what is to be kept, beside those that are taken."""
    numbers = [name.rpartition(KEPT)[2] for name in taken]
    return f"{KEPT}{max((int(number) for number in numbers if number.isdigit()), default=0) + 1}"
