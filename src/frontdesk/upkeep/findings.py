"""What is found wrong with a desk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error), will go wrong (warning), or is worth knowing (note)."""

    level: str
    what: str  #: the file, or the part of the desk
    message: str  #: one sentence
    hint: str  #: what to do about it; SQL stands in lines of its own
    table: str = ""  #: where it is about one
    keys: tuple[Any, ...] = ()  #: of the first rows that it is about: values, or arrays of them
    mend: Mapping[str, Any] | None = None  #: what mends it when asked of the table, as `PATCH …/tables/T` takes it

    @property
    def is_wrong(self) -> bool:
        """Whether something should be done about it."""
        return self.level != "note"


Found = Iterator[Finding]
