import enum
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from frontdesk.functions import results
from frontdesk.functions.media import Label


@dataclass
class Point:
    x: int
    y: int


class Colour(enum.Enum):
    RED = "red"


class Frame:
    """As a DataFrame of pandas."""

    def to_dict(self, how):
        return [{"a": 1}] if how == "records" else None


class Array:
    """As an array of numpy."""

    def tolist(self):
        return [1, 2]


class Shy:
    def __repr__(self):
        raise ValueError("no")


CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        (None, "none", None),
        ("text", "text", "text"),
        (2.5, "number", 2.5),
        (float("nan"), "number", None),
        (Decimal("0.10"), "number", "0.10"),
        (2**60, "number", str(2**60)),
        (True, "json", True),
        ([{"a": 1}, {"a": 2}], "table", [{"a": 1}, {"a": 2}]),
        ([], "json", []),
        ({1, 2}, "json", [1, 2]),
        ((x for x in (1, 2)), "json", [1, 2]),
        (Point(1, 2), "json", {"x": 1, "y": 2}),
        (date(2024, 1, 2), "json", "2024-01-02"),
        (Colour.RED, "json", "red"),
        (Label("cat", {"cat": 0.9}), "label", {"label": "cat", "scores": {"cat": 0.9}}),
        (Frame(), "table", [{"a": 1}]),
        (Array(), "json", [1, 2]),
        (CIRCLE, "text", "[[...]]"),
        (Shy(), "text", "<Shy that cannot be shown>"),
        ("half \ud800", "text", "half ?"),
    ],
)
def test_a_result_is_kept_as_json_with_its_kind(value, kind, kept):
    found, text = results.keep(value)
    assert (found, json.loads(text)) == (kind, kept)


def test_an_enormous_result_is_replaced_by_a_sentence():
    kind, text = results.keep("x" * 2_000_000)
    assert kind == "text"
    assert json.loads(text) == "The result has 2,000,002 characters as JSON; at most 1,000,000 are kept."
