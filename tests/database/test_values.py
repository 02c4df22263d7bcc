import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.database import values

STORED = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


@given(st.lists(STORED))
def test_what_history_keeps_of_a_row_comes_back_as_the_very_same_values(row: list[object]) -> None:
    back = values.exactly(values.exact(row))
    assert back == row
    assert [type(value) for value in back] == [type(value) for value in row]


def test_one_and_one_point_zero_are_different_values() -> None:
    assert values.exact([1]) != values.exact([1.0])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53, 2**53),
        (2**53 + 1, str(2**53 + 1)),
        (b"\x00\xff", {"$base64": "AP8="}),
        (math.nan, None),
        (math.inf, None),
        ({"a": (1, 2.5, True)}, {"a": [1, 2.5, True]}),
    ],
)
def test_json_answers_never_hold_what_a_javascript_reader_would_misread(value: object, shown: object) -> None:
    assert json.loads(values.dumps(value)) == shown
