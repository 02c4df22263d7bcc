"""What a function takes and gives besides Python's own types: files, images, labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class File:
    """An uploaded file: where it lies, and what its sender called it."""

    path: Path
    name: str = ""
    type: str = "application/octet-stream"

    def read(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class Image(File):
    """An uploaded image."""


@dataclass(frozen=True)
class Label:
    """What a classifier says: the label, and the score of each, from 0 to 1."""

    label: str
    scores: Mapping[str, float] = field(default_factory=dict)
