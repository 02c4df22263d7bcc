"""Figures: what a chart is asked for and what it is made of, before and after it is drawn."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from frontdesk.database import values
from frontdesk.database.schema import Table
from frontdesk.tables import drawings
from frontdesk.tables.scales import Scale

KINDS = ("bar", "line", "area", "scatter", "histogram")
AGGREGATES = ("count", "sum", "mean", "median", "min", "max")


@dataclass(frozen=True)
class Wish:
    """What is asked for, as texts of an address; what is empty is guessed."""

    kind: str = ""
    x: str = ""
    y: str = ""
    aggregate: str = ""
    colour: str = ""
    bucket: str = ""
    bins: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart: what is drawn of which columns, and the groups or points themselves."""

    table: Table
    kind: str
    x: Scale
    y: Scale | None = None
    aggregate: str | None = None  # None draws each row as a point
    colour: Scale | None = None
    bucket: str | None = None  # of times
    step: float | None = None  # of bins
    data: list[dict[str, Any]] = field(default_factory=list)  # x, x_end of bins, y, colour, other
    notes: tuple[str, ...] = ()  # what is not drawn, in sentences

    def json(self) -> dict[str, Any]:
        """The chart as the API gives it."""
        return {
            "kind": self.kind,
            "x": self.x.name,
            "y": self.y.name if self.y else None,
            "aggregate": self.aggregate,
            "colour": self.colour.name if self.colour else None,
            "bucket": self.bucket,
            "step": self.step,
            "data": self.data,
            "notes": list(self.notes),
            "spec": drawings.spec(self),
        }

    @property
    def measure(self) -> str:
        """What its y is, in words: `sum of sales`."""
        if self.aggregate is None:
            return self.y.name if self.y else ""
        if self.y is None:
            return "rows"
        return f"{self.aggregate} of {self.y.name}"


def number(value: Any) -> Any:
    """A number of either engine as JSON has it: an integer where it is a small one, else a double; None for none."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    if isinstance(value, bytes) or value is None or not math.isfinite(value):
        return None
    is_whole = value == int(value) and not isinstance(value, float)
    return int(value) if is_whole and abs(value) <= values.SAFE_INTEGER else float(value)
