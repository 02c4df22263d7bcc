"""What a model says of itself, in its metadata or a NAME.toml beside it: its name, what it takes, what it tells."""

import json
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from frontdesk.errors import InputError

Text = Annotated[str, pydantic.Field(min_length=1, max_length=200)]
Numbers = Annotated[tuple[float, ...], pydantic.Field(min_length=1, max_length=3)]
Pixels = Annotated[int, pydantic.Field(ge=1, le=4096)]


class Card(pydantic.BaseModel):
    """A model's card. Each key may stand in the model's metadata (lists as JSON or with commas) or in the TOML file."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, pydantic.Field(pattern=r"^[^\W\d]\w*$", max_length=100)]  #: of the function
    title: str = ""
    description: str = ""
    input: Annotated[str, pydantic.Field(pattern=r"^[^\W\d]\w*$")] = "photo"  #: the parameter's name
    labels: Annotated[tuple[Text, ...], pydantic.Field(min_length=2)]  #: in the order of the output
    size: tuple[Pixels, Pixels] | None = None  #: width and height; needed where the model takes any
    fit: Literal["stretch", "crop"] = "stretch"  #: how a picture becomes that size
    mean: Numbers = (0.0,)  #: of each channel, in pixel values from 0 to 255; taken off first
    scale: Numbers = (1 / 255,)  #: what is left is multiplied by this
    doubt: str = ""  #: the label of what is none of the others
    threshold: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0  #: below this score the model is not sure
    roles: tuple[str, ...] = ("editor",)  #: the lowest role that may call it


_LISTS = {"labels", "mean", "scale", "roles", "size"}


def beside(model: Path) -> Path:
    """Where a model's TOML file lies or would lie."""
    return model.with_suffix(".toml")


def read(model: Path, metadata: Mapping[str, str]) -> Card:
    """The model's card; the TOML file goes before the metadata. Raises InputError with a sentence."""
    given: dict[str, Any] = {"name": _name(model)}
    given |= {key: _parsed(key, text) for key, text in metadata.items() if key in Card.model_fields}
    given |= {key: _listed(key, value) for key, value in _written(beside(model)).items()}
    try:
        return Card(**given)
    except pydantic.ValidationError as error:
        raise _refusal(model, error) from None


def _name(model: Path) -> str:
    """The file's name as one that a function may have."""
    name = "".join(letter if letter.isalnum() else "_" for letter in model.stem)
    return f"_{name}" if name[:1].isdigit() else name


def _written(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{file.name} cannot be read: {error}") from error


def _parsed(key: str, text: str) -> Any:
    """A metadata entry, which is always text, as what it stands for."""
    if key not in _LISTS:
        return text
    try:
        return _listed(key, json.loads(text))
    except ValueError:
        return _listed(key, [part.strip() for part in text.split(",")])


def _listed(key: str, value: Any) -> Any:
    """One number or name where several may stand is a list of one; one size is that of both sides."""
    if key not in _LISTS or isinstance(value, list):
        return value * 2 if key == "size" and isinstance(value, list) and len(value) == 1 else value
    return [value, value] if key == "size" else [value]


def _refusal(model: Path, error: pydantic.ValidationError) -> InputError:
    first = error.errors(include_url=False)[0]
    key = str(first["loc"][0])
    if first["type"] == "missing":
        return InputError(f"it does not say its {key}", f'Write them in {beside(model).name}: {key} = ["cat", "dog"].')
    if first["type"] == "extra_forbidden":
        near = get_close_matches(key, Card.model_fields, 1)
        return InputError(f"{beside(model).name} has an unknown key {key}", f"Did you mean {near[0]}?" if near else "")
    return InputError(f"its {key} is wrong: {first['msg'].rstrip('.').lower()}")
