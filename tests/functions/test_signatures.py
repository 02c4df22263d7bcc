import dataclasses
import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union

import pydantic
import pytest

from frontdesk.errors import InputError
from frontdesk.forms.fields import Field
from frontdesk.functions import marks, media, signatures


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


def describe(target):
    marks.function(target)
    mark = marks.of(target)
    assert mark is not None
    return signatures.describe(target, mark, "/desk/file.py", "1")


def field_of(hint, *default):
    def target(x=None):
        pass

    target.__annotations__ = {"x": hint}
    target.__defaults__ = default or None
    return describe(target).fields[0]


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (str, "text"), (int, "integer"), (float, "real"), (int | float, "number"), (float | int, "number"),
        (Union[int, float], "number"),  # noqa: UP007
        (bool, "boolean"), (date, "date"), (datetime, "datetime"),
        (media.Image, "image"), (media.File, "file"), (Any, "any"),
    ],
)  # fmt: skip
def test_a_hint_makes_its_kind_of_field(hint, kind):
    assert field_of(hint) == Field("x", kind)


def test_a_decimal_is_a_number_that_keeps_every_digit():
    assert field_of(Decimal) == Field("x", "number", exact=True)


def test_no_hint_takes_json_or_text():
    def add(a, b=2):
        pass

    assert describe(add).fields == (Field("a", "any"), Field("b", "any", required=False, default=2, has_default=True))


def test_choices_come_from_literal_and_enum():
    assert field_of(Literal["a", 1]) == Field("x", "choice", choices=("a", 1))
    assert field_of(Size) == Field("x", "choice", choices=("s", "l"), own=True)
    assert field_of(Size, Size.LARGE).default == "l"


@pytest.mark.parametrize("hint", [Optional[int], int | None])  # noqa: UP045
def test_an_optional_value_may_be_left_empty(hint):
    assert field_of(hint) == Field("x", "integer", required=False, nullable=True)
    assert field_of(hint, 3) == Field("x", "integer", required=False, nullable=True, has_default=True, default=3)


def test_none_as_default_makes_a_value_optional():
    assert field_of(int, None) == Field("x", "integer", required=False, nullable=True, has_default=True)


def test_a_list_takes_several_values():
    assert field_of(list[int]) == Field("x", "integer", multiple=True)
    assert field_of(list[Literal["a", "b"]]) == Field("x", "choice", choices=("a", "b"), multiple=True)
    assert field_of(list) == Field("x", "any", multiple=True)
    assert field_of(list[list[int]]) == Field("x", "json", own=True)
    assert field_of(list[int] | None).multiple


def test_bounds_and_words_are_read_from_annotated():
    found = field_of(Annotated[int, pydantic.Field(ge=1, lt=10, description="How many", title="Number")])
    assert found == Field("x", "integer", minimum=1, exclusive_maximum=10, help="How many", label="Number")
    assert field_of(Annotated[str, pydantic.Field(max_length=5)]) == Field("x", "text", max_length=5)
    assert field_of(Annotated[str, pydantic.Field(pattern="^a")]) == Field("x", "text", own=True)
    assert field_of(Annotated[int | None, pydantic.Field(ge=1)]).minimum == 1


@pytest.mark.parametrize("hint", [dict, dict[str, int], Person, Point, tuple[int, str]])
def test_structures_are_json_that_the_worker_checks(hint):
    assert field_of(hint) == Field("x", "json", own=True)


def test_a_description_has_name_title_text_and_schemas():
    def mean_of(values: list[float], person: Person, digits: int = 2) -> float:
        """The mean.

        With digits.
        """
        return 0.0

    found = describe(mean_of)
    assert (found.name, found.title, found.result) == ("mean_of", "Mean of", "number")
    assert found.description == "The mean.\n\nWith digits."
    assert found.input["required"] == ["values", "person"]
    assert found.input["properties"]["values"] == {"type": "array", "items": {"type": "number"}}
    assert found.input["properties"]["digits"] == {"type": "integer", "default": 2}
    assert found.input["properties"]["person"]["required"] == ["name", "age"]
    assert found.output == {"type": "number"}


@pytest.mark.parametrize(
    ("hint", "kind"),
    [(str, "text"), (int | float, "number"), (None, "none"), (media.Label, "label"), (list[dict], "table"),
     (list[dict[str, int]], "table"), (list[int], "json"), (dict, "")],
)  # fmt: skip
def test_the_result_hint_promises_a_kind(hint, kind):
    def target():
        pass

    target.__annotations__ = {"return": hint}
    assert describe(target).result == kind


def test_values_of_ones_own_types_are_made():
    def target(size: Size, person: Person, point: Point, n: int):
        pass

    given = {"size": "l", "person": {"name": "Bob", "age": 3}, "point": {"x": 1}, "n": 5}
    made = signatures.convert(target, given)
    assert made == {"size": Size.LARGE, "person": Person(name="Bob", age=3), "point": Point(1.0), "n": 5}


def test_every_part_that_ones_own_types_refuse_is_named():
    def target(person: Person, point: Point, word: Annotated[str, pydantic.Field(pattern="^a")]):
        pass

    with pytest.raises(InputError) as caught:
        signatures.convert(target, {"person": {"age": -1}, "point": {"x": "left"}, "word": "b"})
    assert set(caught.value.errors) == {"person.name", "person.age", "point.x", "word"}
    assert caught.value.errors["person.name"] == "Field required."


def test_variadic_parameters_are_left_out():
    def target(a, *more, b=1, **others):
        pass

    assert [field.name for field in describe(target).fields] == ["a", "b"]


def test_a_lambda_needs_a_name():
    with pytest.raises(ValueError, match="name="):
        describe(lambda: 1)
