"""What a worker can be asked. Its own end is imported there alone: a server has no need of people's types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.files.store import File
from frontdesk.functions.descriptions import Description, FileProblem


@dataclass(frozen=True)
class Order:
    """A call to be made."""

    file: str
    function: str  #: its own name in the file
    arguments: Mapping[str, Any]
    convert: bool = False  #: whether types of the user's own, files or images are among the hints
    files: Mapping[str, str] = field(default_factory=dict)  #: where each file among the arguments lies, by its hash
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
    files: tuple[File, ...] = ()  #: that the result holds


def describe(file: str) -> list[Description] | FileProblem:
    """The functions that a file serves, or why it cannot be imported."""
    from frontdesk.functions import worker

    return worker.describe(file)


def check(order: Order) -> dict[str, str]:
    """A sentence for every argument that a type of the user's own refuses, and for pictures that cannot be read."""
    from frontdesk.functions import worker

    return worker.check(order)


def call(order: Order) -> Outcome:
    """What became of the call."""
    from frontdesk.functions import worker

    return worker.call(order)


def preview(source: Path, target: Path) -> str:
    """Makes a picture's preview; a sentence where it cannot be read."""
    from frontdesk.functions import worker

    return worker.preview(source, target)
