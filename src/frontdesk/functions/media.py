"""What a function takes and gives besides Python's own types: files, images, labels.

People's files import this: nothing but the standard library is imported here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

UNKNOWN = "application/octet-stream"
MISSING = "Pictures need Pillow. It comes with: pip install 'frontdesk[models]'"
"""What is said where the extra is not installed."""


def can_read_images() -> bool:
    """Whether Pillow is installed."""
    return find_spec("PIL") is not None


@dataclass(frozen=True)
class File:
    """A file that a function takes or gives: one that lies somewhere, or bytes."""

    content: str | Path | bytes = field(repr=False)
    name: str = ""  #: what people call it, such as report.csv
    type: str = ""  #: its media type, such as text/csv
    sha256: str = field(default="", repr=False)  #: of one that the desk keeps

    def __post_init__(self) -> None:
        if isinstance(self.content, str):
            object.__setattr__(self, "content", Path(self.content))
        if not self.name and isinstance(self.content, Path):
            object.__setattr__(self, "name", self.content.name)
        if not self.type:
            object.__setattr__(self, "type", guess_type(self.name)[0] or UNKNOWN)

    @property
    def path(self) -> Path:
        """Where the file lies. Raises TypeError for one that is made of bytes."""
        if not isinstance(self.content, Path):
            raise TypeError(f"{self.name or 'This file'} is made of bytes and lies nowhere; read() gives them.")
        return self.content

    def read(self) -> bytes:
        """The file's bytes."""
        return self.content if isinstance(self.content, bytes) else self.path.read_bytes()


@dataclass(frozen=True)
class Image(File):
    """A picture that a function takes or gives: PNG, JPEG or WebP."""

    @property
    def width(self) -> int:
        """Pixels from left to right, as the picture is seen."""
        return self._size()[0]

    @property
    def height(self) -> int:
        """Pixels from top to bottom, as the picture is seen."""
        return self._size()[1]

    def open(self, size: tuple[int, int] | None = None) -> "Picture":
        """A Pillow image, upright, in RGB; raises frontdesk.Error where it cannot be read.

        With `size` (width, height) a large JPEG is decoded near it, several times faster: at least of that size, unless
        the picture itself is smaller. `resize` does the rest.
        """
        from frontdesk.functions.models import images

        return images.read(self._source(), size, self.sha256)

    def _size(self) -> tuple[int, int]:
        from frontdesk.functions.models import images

        return images.size(self._source(), self.sha256)

    def _source(self) -> Path | bytes:
        return self.content if isinstance(self.content, bytes) else self.path


@dataclass(frozen=True, init=False)
class Label:
    """What a classifier says: the best label, and the score of each, from 0 to 1.

    `Label({"cat": 0.97, "dog": 0.03})` finds the best itself. `sure=False` is an honest doubt.
    """

    label: str
    scores: Mapping[str, float]
    sure: bool

    def __init__(
        self, label: str | Mapping[str, float], scores: Mapping[str, float] | None = None, *, sure: bool = True
    ) -> None:
        """Raises ValueError for scores that are no shares of 1, or where there are neither label nor scores."""
        given = _shares(label if isinstance(label, Mapping) else scores or {})
        if isinstance(label, Mapping):
            if not given:
                raise ValueError("A Label needs a label, or scores to find it in.")
            label = max(given, key=lambda name: given[name])
        object.__setattr__(self, "label", str(label))
        object.__setattr__(self, "scores", given)
        object.__setattr__(self, "sure", bool(sure))

    @property
    def sentence(self) -> str:
        """For people: "This is a cat (97 %)", "Not sure: maybe a cat (55 %)" or "Not sure: neither (93 %)"."""
        return sentence(self.json())

    def json(self) -> dict[str, Any]:
        """`{"label": "cat", "scores": {"cat": 0.97, "dog": 0.03}}`; the label of one that is not sure is "not sure"."""
        return {"label": self.label if self.sure else NOT_SURE, "scores": dict(self.scores)}


NOT_SURE = "not sure"
NOTHING = ("neither", "none", "other", "unknown", NOT_SURE)
"""Labels that name no thing, so that "maybe a" cannot stand before them."""
_HAIR = 1e-4
"""How far a score may be outside, since sums of rounded numbers are."""


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    given = {str(name): float(score) for name, score in scores.items()}
    for name, score in given.items():
        if not (math.isfinite(score) and -_HAIR <= score <= 1 + _HAIR):
            raise ValueError(f"A score is a number from 0 to 1; that of {name!r} is {score}.")
    return {name: min(1.0, max(0.0, score)) for name, score in given.items()}


def sentence(label: Mapping[str, Any]) -> str:
    """A label's JSON as a sentence."""
    name, scores = str(label["label"]), label["scores"]
    if name != NOT_SURE:
        return f"This is {_thing(name, scores)}"
    if not scores:
        return "Not sure"
    best = max(scores, key=lambda name: scores[name])
    return f"Not sure: {'' if best in NOTHING else 'maybe '}{_thing(best, scores)}"


def _thing(name: str, scores: Mapping[str, Any]) -> str:
    """`a cat (97 %)`; what names no thing has no article."""
    article = "" if name in NOTHING else "an " if name[:1].lower() in set("aeiou") else "a "
    share = f" ({percent(scores[name])} %)" if isinstance(scores.get(name), (int, float)) else ""
    return f"{article}{name}{share}"


def percent(score: float) -> int:
    """The score in whole percent: 100 and 0 are said only where nothing is left out."""
    return round(score * 100) if score in {0, 1} else min(99, max(1, round(score * 100)))
