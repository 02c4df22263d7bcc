"""What is found wrong with a desk."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error), will go wrong (warning), or is worth knowing (note)."""

    level: str
    what: str  #: the file, or the part of the desk
    message: str  #: one sentence
    hint: str  #: what to do about it; SQL stands in lines of its own

    @property
    def is_wrong(self) -> bool:
        """Whether something should be done about it."""
        return self.level != "note"


Found = Iterator[Finding]
