from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.errors import InputError
from frontdesk.forms import kinds, parsing
from frontdesk.forms.fields import KINDS, Field, schema

settings.register_profile("quick", max_examples=50)
settings.load_profile("quick")

AGE = Field("age", "integer", minimum=0)
NAME = Field("name", "text", max_length=5)


def sentence(kind, text):
    with pytest.raises(InputError) as caught:
        kinds.parse(kind, text)
    return caught.value.message


def errors(fields, form, parse=parsing.parse_text):
    with pytest.raises(InputError) as caught:
        parse(fields, form)
    return caught.value.errors


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "10", 10),
        ("integer", " -7 ", -7),
        ("integer", str(2**63), 2**63),
        ("real", "10", 10.0),
        ("real", "1e3", 1000.0),
        ("number", "10", 10),
        ("number", "10.5", 10.5),
        ("number", ".5", 0.5),
        ("boolean", "on", True),
        ("boolean", "No", False),
        ("boolean", "0", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("datetime", "2024-03-31T14:30", datetime(2024, 3, 31, 14, 30)),
        ("datetime", "2024-03-31 14:30:05.25", datetime(2024, 3, 31, 14, 30, 5, 250000)),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("any", "10", 10),
        ("any", "ten", "ten"),
        ("any", "", ""),
        ("any", "NaN", "NaN"),
        ("text", " as typed ", " as typed "),
    ],
)
def test_text_becomes_the_typed_value(kind, text, value):
    found = kinds.parse(kind, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        ("integer", "4.5", "such as 42"),
        ("integer", "1_000", "such as 42"),
        ("integer", "٤٢", "such as 42"),
        ("integer", "9" * 5000, "such as 42"),
        ("real", "0,01", "such as 0.01"),
        ("real", "nan", "such as 0.01"),
        ("real", "1e999", "such as 0.01"),
        ("number", "abc", "or 0.01"),
        ("number", "inf", "or 0.01"),
        ("boolean", "maybe", "true or false"),
        ("date", "31.03.2024", "2024-03-31"),
        ("date", "2024-02-30", "2024-03-31"),
        ("datetime", "2024-03-31", "2024-03-31T14:30"),
        ("datetime", "2024-03-31T25:00", "2024-03-31T14:30"),
        ("json", "{a: 1}", "line 1"),
        ("json", "[" * 100_000, "JSON"),
        ("json", "[" * 500 + "]" * 500, "nested"),
        ("text", "a\0b", "NUL"),
        ("text", "a\ud800", "surrogate"),
        ("json", '{"a\\u0000": 1}', "NUL"),
        ("json", '["\\ud800"]', "surrogate"),
    ],
)
def test_wrong_text_is_answered_with_what_to_write(kind, text, hint):
    assert hint in sentence(kind, text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", True), ("integer", 1.5), ("text", 5), ("real", True), ("real", float("nan")), ("real", 10**400),
     ("boolean", 2), ("boolean", []), ("date", 20240101), ("datetime", None), ("file", "x")],
)  # fmt: skip
def test_a_json_value_of_another_kind_is_refused(kind, value):
    with pytest.raises(InputError):
        kinds.check(kind, value)


def test_json_keeps_the_kind_of_a_number_and_reads_big_numbers_from_strings():
    fields = [Field("n", "number"), Field("i", "integer"), Field("r", "real")]
    values = parsing.parse_json(fields, {"n": 10, "i": "9007199254740993", "r": 2})
    assert values == {"n": 10, "i": 9007199254740993, "r": 2.0}
    assert [type(value) for value in values.values()] == [int, int, float]


def test_every_wrong_field_is_named_with_its_sentence():
    found = errors([AGE, NAME, Field("city", "text")], {"age": "-1", "name": "Charlie", "colour": "red"})
    assert found == {
        "age": "Write at least 0.",
        "name": "Write at most 5 characters; these are 7.",
        "city": "Write something here.",
        "colour": "Not known here. Known: age, name, city.",
    }


def test_empty_text_is_none_where_that_may_be_and_missing_where_a_value_is_required():
    nullable = Field("age", "integer", required=False, nullable=True)
    assert parsing.parse_text([nullable], {"age": ""}) == {"age": None}
    assert errors([AGE], {"age": ""}) == {"age": kinds.WHOLE}
    assert parsing.parse_text([Field("age", "integer", has_default=True, default=3)], {"age": ""}) == {}
    assert parsing.parse_text([Field("note", "text", required=False)], {"note": ""}) == {"note": ""}


def test_a_part_of_the_fields_is_enough_where_asked():
    assert parsing.parse_json([AGE, NAME], {"age": 3}, partial=True) == {"age": 3}


def test_null_is_refused_where_a_value_is_required():
    assert errors([AGE], {"age": None}, parsing.parse_json) == {"age": kinds.WHOLE}


def test_a_choice_is_one_of_the_choices_with_its_own_type():
    field = Field("size", "choice", choices=("small", 1, 2))
    assert parsing.parse_text([field], {"size": "2"}) == {"size": 2}
    assert parsing.parse_json([field], {"size": "small"}) == {"size": "small"}
    assert errors([field], {"size": "huge"}) == {"size": "Choose one of: small, 1, 2."}


def test_a_list_is_read_from_lines_from_repeated_inputs_and_from_json():
    field = Field("xs", "number", multiple=True, minimum=0)
    assert parsing.parse_text([field], {"xs": "1\n2.5\n"}) == {"xs": [1, 2.5]}
    assert parsing.parse_text([field], {"xs": ["1", "2"]}) == {"xs": [1, 2]}
    assert parsing.parse_text([field], {"xs": "[1, 2]"}) == {"xs": [1, 2]}
    assert parsing.parse_json([field], {"xs": [1, 2]}) == {"xs": [1, 2]}
    assert errors([field], {"xs": "1\nx"})["xs"].startswith("Item 2: Write a number")
    assert errors([field], {"xs": [1, -1]}, parsing.parse_json) == {"xs": "Item 2: Write at least 0."}
    assert errors([field], {"xs": 5}, parsing.parse_json) == {"xs": "Write a list, such as [1, 2, 3]."}


def test_a_decimal_keeps_every_digit():
    field = Field("price", "number", exact=True)
    long = "0.1234567890123456789012345"
    assert parsing.parse_text([field], {"price": long}) == {"price": Decimal(long)}
    assert parsing.parse_json([field], {"price": 0.1}) == {"price": Decimal("0.1")}
    assert "price" in errors([field], {"price": "1,5"})


def test_the_parts_of_a_group_are_named_by_their_path():
    field = Field("who", "group", fields=(NAME, AGE))
    assert parsing.parse_text([field], {"who": '{"name": "Bob", "age": 3}'}) == {"who": {"name": "Bob", "age": 3}}
    assert errors([field], {"who": {"name": "Bob", "age": "x"}}, parsing.parse_json) == {"who.age": kinds.WHOLE}


def test_of_repeated_inputs_the_last_counts_so_that_a_checkbox_can_say_no():
    field = Field("on", "boolean")
    assert parsing.parse_text([field], {"on": ["0", "1"]}) == {"on": True}
    assert parsing.parse_text([field], {"on": ["0"]}) == {"on": False}


def test_fields_describe_themselves_as_json_schema():
    found = schema((AGE, Field("size", "choice", choices=("s", "m"), nullable=True, has_default=True, default="s")))
    assert found["required"] == ["age"]
    assert found["properties"]["age"] == {"type": "integer", "minimum": 0}
    assert found["properties"]["size"] == {"enum": ["s", "m", None], "default": "s"}


@given(st.integers(-(2**70), 2**70))
def test_integers_come_back_equal_from_their_text(value):
    assert kinds.parse("integer", str(value)) == value
    assert kinds.parse("number", str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reals_come_back_equal_from_their_text(value):
    assert kinds.parse("real", repr(value)) == value


@given(st.datetimes())
def test_times_come_back_equal_from_their_text(value):
    assert kinds.parse("datetime", value.isoformat()) == value
    assert kinds.parse("date", value.date().isoformat()) == value.date()


@given(st.sampled_from(KINDS), st.text())
def test_any_text_is_a_value_or_a_sentence_never_a_crash(kind, text):
    answer = "a value."
    try:
        kinds.parse(kind, text)
    except InputError as error:
        answer = error.message
    assert answer.endswith(".")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(KINDS), st.booleans(), json_values)
def test_any_json_is_a_value_or_an_error_at_its_field_never_a_crash(kind, multiple, value):
    wrong = {}
    try:
        parsing.parse_json([Field("x", kind, multiple=multiple)], {"x": value})
    except InputError as error:
        wrong = error.errors
    assert all(name.split(".")[0] == "x" for name in wrong)
