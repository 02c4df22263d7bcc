"""Pictures that people send: refused by their header where they are not fit, then decoded, upright, as RGB.

Pillow is imported here only, and only in worker processes.
"""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from frontdesk.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 25_000_000
FEWEST = 2
"""Pixels of the shorter side: a picture of one pixel shows nothing."""
PREVIEW = 1200
"""Pixels of a preview's longer side, at most."""

NO_PICTURE = "This is no picture that can be read: send PNG, JPEG or WebP."
DAMAGED = "This picture is damaged or cut off: send it again, or another one."
ANIMATED = "This picture is animated: send one that stands still."
SMALL = "This picture has only {} × {} pixels; there is nothing to see in it."
LARGE = "This picture has {} million pixels; at most 25 are taken. Send a smaller one."

_ORIENTATION = 0x0112
_ON_ITS_SIDE = 5
"""From this orientation on, width and height change places."""

Source = Path | bytes
Size = tuple[int, int]

_usual: Size | None = None
"""The size that was asked for last: a picture is decoded near it when it is checked, and once only."""
_ready: tuple[str, Size | None, Image.Image] | None = None
"""The picture that was checked last, by the hash of its content, until it is opened."""


def check(source: Source, sha256: str) -> None:
    """Decodes the picture near the size that is usually asked for. Raises InputError with a sentence."""
    global _ready
    _ready = None
    _ready = (sha256, _usual, _read(source, _usual))


def read(source: Source, size: Size | None = None, sha256: str = "") -> Image.Image:
    """The picture upright, as RGB; with `size` (width, height in pixels) near it: never smaller than it, unless it is.

    A JPEG is decoded several times faster near the size that is needed, and one that was just checked under this hash
    is not decoded again. Raises InputError with a sentence.
    """
    global _usual, _ready
    _usual, ready, _ready = size, _ready, None
    return ready[2] if sha256 and ready and ready[:2] == (sha256, size) else _read(source, size)


def size(source: Source) -> Size:
    """Width and height in pixels of the upright picture, from its header. Raises InputError with a sentence."""
    with _silence(), _opened(source) as image:
        return _turned(image, image.size)


def write(image: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file of this format."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def preview(source: Source, target: Path) -> None:
    """Writes the picture anew as a JPEG of at most 1200 pixels a side, with nothing in it but what is seen."""
    image = _read(source, (PREVIEW, PREVIEW))
    image.thumbnail((PREVIEW, PREVIEW))
    image.info.clear()
    image.save(target, "JPEG", quality=85)


def _read(source: Source, size: Size | None) -> Image.Image:
    with _silence(), _opened(source) as image:
        if size:
            image.draft(None, _turned(image, size))
        try:
            return _in_colour(_upright(image))
        except MemoryError:
            raise
        except Exception as error:  # decoders raise whatever they like
            raise InputError(DAMAGED) from error


def _silence() -> "warnings.catch_warnings[None]":
    """What Pillow finds odd in somebody's picture is nobody's concern."""
    return warnings.catch_warnings(action="ignore")


def _opened(source: Source) -> Image.Image:
    """The picture with its header read and found fit, and nothing decoded."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        raise InputError(LARGE.format("over 178")) from None
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(NO_PICTURE) from error
    if sentence := _unfit(image):
        image.close()
        raise InputError(sentence)
    return image


def _unfit(image: Image.Image) -> str:
    """Why a picture is not taken; empty where it is. Phones' JPEGs with a second picture in them are taken."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        return LARGE.format(round(width * height / 1_000_000))
    if min(width, height) < FEWEST:
        return SMALL.format(width, height)
    moves = image.format in {"PNG", "WEBP"} and getattr(image, "n_frames", 1) > 1
    return ANIMATED if moves else ""


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - what a camera wrote beside the picture may be broken in any way
        return 1


def _turned(image: Image.Image, size: Size) -> Size:
    return (size[1], size[0]) if _orientation(image) >= _ON_ITS_SIDE else size


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    if _orientation(image) == 1:
        return image
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - as above
        return image


def _in_colour(image: Image.Image) -> Image.Image:
    """As RGB: 16 bits scaled down instead of cut off, and what is transparent on white."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGBA", image.size, "white")
        image.alpha_composite(seen)
    return image.copy() if image.mode == "RGB" else image.convert("RGB")
