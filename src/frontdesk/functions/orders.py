"""What a worker can be asked. Its own end is imported there alone: a server has no need of people's types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.functions.descriptions import Description, FileProblem


@dataclass(frozen=True)
class Order:
    """A call to be made."""

    file: str
    function: str  #: its own name in the file
    arguments: Mapping[str, Any]
    convert: bool = False  #: whether types of the user's own are among the hints
    run: int | None = None
    request: str | None = None
    user: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a call: a result as JSON, or an error with its traceback."""

    kind: str = "none"
    result: str | None = None
    error: str | None = None
    traceback: str | None = None
    milliseconds: float = 0.0


def describe(file: str) -> list[Description] | FileProblem:
    """The functions that a file serves, or why it cannot be imported."""
    from frontdesk.functions import worker

    return worker.describe(file)


def check(order: Order) -> dict[str, str]:
    """A sentence for every argument that a type of the user's own refuses."""
    from frontdesk.functions import worker

    return worker.check(order)


def call(order: Order) -> Outcome:
    """What became of the call."""
    from frontdesk.functions import worker

    return worker.call(order)
