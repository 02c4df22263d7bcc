"""An ONNX model that tells what is on a picture, as a function. onnxruntime is imported here only, in workers only."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.errors import Error, InputError
from frontdesk.functions import marks
from frontdesk.functions.descriptions import version_of
from frontdesk.functions.media import Image, Label
from frontdesk.functions.models import cards
from frontdesk.functions.models.cards import Card

MISSING = "models need onnxruntime, which is not installed"
INSTALL = "It comes with: pip install 'frontdesk[models]'"

_ELSEWHERE = b"\n\x08location\x12"
"""How a tensor's data begins that lies in another file (onnx.proto, TensorProto.external_data): key "location"."""

Served = tuple[Callable[..., Label], marks.Mark]

_loaded: dict[str, tuple[str, Served]] = {}


@dataclass(frozen=True)
class Layout:
    """What the model takes: pictures as (1, channels, height, width), or with the channels last."""

    name: str
    type: str  #: of a number: float32, float16 or uint8
    channels: int
    channels_last: bool
    size: tuple[int, int]  #: width and height in pixels


def load(file: str) -> Served:
    """The model as a function of one picture, and its mark; kept until the file or its TOML changes.

    Raises InputError where the file is no model, or one that does not tell what is on a picture.
    """
    version = version_of(file)
    if file not in _loaded or _loaded[file][0] != version:
        _loaded[file] = (version, _function(Path(file)))
    return _loaded[file][1]


def _function(path: Path) -> Served:
    session = _session(path)
    card = cards.read(path, session.get_modelmeta().custom_metadata_map)
    layout = _layout(session, card)
    _try(session, layout, card)

    def classify(**given: Image) -> Label:
        return tell(session, layout, card, given[card.input])

    classify.__name__ = card.name
    classify.__doc__ = card.description or f"Tells which of these a picture shows: {', '.join(card.labels)}."
    classify.__annotations__ = {card.input: Image, "return": Label}
    parameter = inspect.Parameter(card.input, inspect.Parameter.KEYWORD_ONLY, annotation=Image)
    classify.__signature__ = inspect.Signature([parameter], return_annotation=Label)  # type: ignore[attr-defined]
    return classify, marks.Mark(__name__, card.name, card.title, None, 0, marks.lowest(card.roles), batch=True)


def tell(session: Any, layout: Layout, card: Card, picture: Image) -> Label:
    """What the model says of a picture; not sure where it sees none of what it knows. It is logged too."""
    scores = _scores(session, layout, _pixels(picture, layout, card))
    told = dict(zip(card.labels, scores, strict=True))
    best = max(told, key=lambda label: told[label])
    label = Label(told, sure=best != card.doubt and told[best] >= card.threshold)
    logging.getLogger(card.name).info("%s: %s", picture.name, label.sentence)
    return label


def _session(path: Path) -> Any:
    """The model on one thread of the processor: with several workers, more threads get in each other's way."""
    try:
        import onnxruntime
    except ImportError:
        raise InputError(MISSING, INSTALL) from None
    content = path.read_bytes()
    if _ELSEWHERE in content:
        raise InputError("it keeps its numbers in another file", "Save it with all its data in one .onnx file.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime raises kinds of its own, of which none is public
        raise InputError(f"it is no ONNX model that can be run: {_first_line(error)}") from error


def _layout(session: Any, card: Card) -> Layout:
    inputs = session.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    if len(shape) != 4 or (isinstance(shape[0], int) and shape[0] != 1):
        raise InputError("it does not take one picture", f"It takes {_told(inputs)}; (1, 3, height, width) is needed.")
    kind = inputs[0].type.removeprefix("tensor(").removesuffix(")")
    types = {"float": "float32", "float16": "float16", "uint8": "uint8"}
    last = shape[1] not in {1, 3} and shape[3] in {1, 3}
    channels, high, wide = (shape[3], shape[1], shape[2]) if last else shape[1:]
    if kind not in types or channels not in {1, 3}:
        raise InputError("it does not take a picture", f"It takes {_told(inputs)}; (1, 3, height, width) is needed.")
    fixed = (wide, high) if isinstance(wide, int) and isinstance(high, int) else None
    if fixed and card.size and fixed != card.size:
        raise InputError(f"it takes pictures of {_by(fixed)} pixels, and its size says {_by(card.size)}")
    if not (size := fixed or card.size):
        raise InputError("it takes pictures of any size and does not say of which", "Write size = [128, 128].")
    if any(len(numbers) not in {1, channels} for numbers in (card.mean, card.scale)):
        raise InputError(f"its mean and scale need one number, or one for each of {channels} channels")
    return Layout(inputs[0].name, types[kind], channels, last, size)


def _try(session: Any, layout: Layout, card: Card) -> None:
    """Runs the model once: so the first person need not wait, and one that does not fit is found before."""
    import numpy as np

    wide, high = layout.size
    shape = (1, high, wide, layout.channels) if layout.channels_last else (1, layout.channels, high, wide)
    try:
        scores = _scores(session, layout, np.zeros(shape, layout.type))
    except Error:
        raise
    except Exception as error:
        raise InputError(f"it cannot be run: {_first_line(error)}") from error
    if len(scores) != len(card.labels):
        raise InputError(f"it gives {len(scores)} scores and has {len(card.labels)} labels")
    if card.doubt and card.doubt not in card.labels:
        raise InputError(f"its doubt is {card.doubt}, which is not among its labels")


def _pixels(picture: Image, layout: Layout, card: Card) -> Any:
    """The picture as the numbers that the model takes."""
    import numpy as np

    image = picture.open(_wanted(layout.size, card.fit, picture))
    if layout.channels == 1:
        image = image.convert("L")
    image = image.resize(layout.size, box=_box(image.size, layout.size) if card.fit == "crop" else None)
    pixels = np.asarray(image).reshape(*reversed(layout.size), layout.channels)
    if layout.type != "uint8":
        pixels = (pixels - np.array(card.mean, "float32")) * np.array(card.scale, "float32")
    if not layout.channels_last:
        pixels = pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(pixels[None], layout.type)


def _wanted(size: tuple[int, int], fit: str, picture: Image) -> tuple[int, int]:
    """The size near which the picture is decoded: never smaller than what is needed of it."""
    if fit == "stretch":
        return size
    scale = max(size[0] / picture.width, size[1] / picture.height)
    return round(picture.width * scale), round(picture.height * scale)


def _box(given: tuple[int, int], wanted: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest part of a picture, in its middle, that has the wanted shape."""
    scale = min(given[0] / wanted[0], given[1] / wanted[1])
    left, top = (given[0] - wanted[0] * scale) / 2, (given[1] - wanted[1] * scale) / 2
    return left, top, given[0] - left, given[1] - top


def _scores(session: Any, layout: Layout, pixels: Any) -> list[float]:
    """A share of 1 for each label: what the model gives, or the softmax of it where that is no share."""
    import numpy as np

    found = np.asarray(session.run(None, {layout.name: pixels})[0], "float64").reshape(-1)
    if not np.isfinite(found).all():
        raise InputError("it gives numbers that are none")
    if found.min() < 0 or abs(found.sum() - 1) > 1e-2:
        found = np.exp(found - found.max())
    return [float(score) for score in found / found.sum()]


def _told(inputs: Any) -> str:
    return ", ".join(f"{item.name} {tuple(item.shape)}".replace("'", "") for item in inputs) or "nothing"


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
