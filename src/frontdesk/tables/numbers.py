"""Numbers written as text: which of them SQLite and JSON give back to the last digit."""

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

INTEGERS = (-(2**63), 2**63 - 1)
EXACT = 2**53
"""Whole numbers up to this are exact as real numbers."""

WHOLE = re.compile(r"(?:(?:-?[1-9][0-9]{0,17}+|0|)\n)*+")
"""Whole numbers that surely are within 64 bits, or nothing, one a line."""


class Reals:
    """Numbers with a point, where nothing is lost: written as Python writes them, or all with as many decimals.

    So `1.50` and `2.00` are numbers, but the versions `1.9` and `1.10` stay text.
    """

    def __init__(self) -> None:
        self.free = True
        self._decimals: int | None = None  # -1: not all have as many
        self._shape = re.compile("")

    @property
    def shape(self) -> re.Pattern[str] | None:
        """What surely are numbers of as many decimals as all before, or nothing, one a line; no digit is lost."""
        most = 13 - (self._decimals or 0)
        if self._decimals in {None, -1} or most < 0:
            return None
        return _decimals(most, self._decimals or 0)

    @property
    def trimmed(self) -> bool:
        """Whether zeros at the end of numbers are not kept, as in `1.50`."""
        return not self.free and self._decimals not in {None, -1}

    def pattern(self) -> str | None:
        """One number of which surely no digit is lost, as a regular expression."""
        decimals = self._decimals or 0
        if decimals != -1:
            return (
                None
                if decimals > 13
                else rf"(?!-0\.0+(?![0-9]))-?(?:0|[1-9][0-9]{{0,{13 - decimals}}}+)\.[0-9]{{{decimals}}}"
            )
        whole, after = "[1-9][0-9]{0,6}", r"(?:0|[0-9]{0,7}[1-9])"
        return (
            rf"(?!-0\.0(?![0-9]))-?(?:{whole}\.{after}|[1-9][0-9]{{0,14}}|0\.(?:0|(?!0000)[0-9]{{0,13}}[1-9]))|0"
            if self.free
            else None
        )

    def meet_integers(self, least: int, most: int) -> None:
        self._decimals = -1
        self.free = self.free and least >= -EXACT and most <= EXACT

    def read(self, cells: tuple[str, ...]) -> Sequence[float] | None:
        try:
            values = list(map(float, cells))
        except ValueError:
            return None
        if not all(map(math.isfinite, values)) or _has_minus_zero(values):
            return None
        if self.free:
            self._check_free(cells, values)
        if self._decimals != -1:
            self._check_decimals(cells)
        return values if self.free or self._decimals != -1 else None

    def _check_free(self, cells: tuple[str, ...], values: Sequence[float]) -> None:
        texts = tuple(map(repr, values))
        if texts != cells:
            other = ((cell, value) for cell, text, value in zip(cells, texts, values, strict=True) if cell != text)
            self.free = all(abs(value) <= EXACT and str(int(value)) == cell for cell, value in other)

    def _check_decimals(self, cells: tuple[str, ...]) -> None:
        """Up to 15 digits a real number keeps exactly."""
        if self._decimals is None:
            self._decimals = len(cells[0].partition(".")[2])
            self._shape = re.compile(rf"(?:-?(?:0|[1-9][0-9]*)\.[0-9]{{{self._decimals}}}\n)*")
        fits = self._decimals and max(map(len, cells)) <= 16 and self._shape.fullmatch("\n".join(cells) + "\n")
        if not fits:
            self._decimals = -1


@lru_cache
def _decimals(most: int, decimals: int) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:(?!-0\.0+\n)-?(?:0|[1-9][0-9]{{0,{most}}}+)\.[0-9]{{{decimals}}})?\n)*+")


def _has_minus_zero(values: Iterable[float]) -> bool:
    """SQLite keeps -0.0 as 0.0."""
    return 0.0 in values and any(value == 0 and math.copysign(1, value) < 0 for value in values)
