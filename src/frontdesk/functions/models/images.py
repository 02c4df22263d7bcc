"""Pictures that people send: refused by their header where they are not fit, then decoded, upright, as RGB.

Pillow is imported here only, and only in worker processes.
"""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

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


@dataclass
class _Checked:
    """The picture that was checked last: it is handed out once, its size again and again."""

    sha256: str
    size: Size
    jpeg: bool
    scale: int
    image: Image.Image | None


_usual: Size | None = None
"""The size that was asked for last, as a square of its shorter side, since models ask for a picture's own shape: a
picture is decoded near it when it is checked, and mostly that once."""
_checked = _Checked("", (0, 0), False, 1, None)


def check(source: Source, sha256: str) -> None:
    """Decodes the picture near the size that is usually asked for. Raises InputError with a sentence."""
    global _checked
    _checked.image = None
    image, size, jpeg = _decoded(source, _usual)
    _checked = _Checked(sha256, size, jpeg, _scale(size, _usual, jpeg), image)


def read(source: Source, size: Size | None = None, sha256: str = "") -> Image.Image:
    """The picture upright, as RGB; with `size` (width, height in pixels) near it: never smaller than it, unless it is.

    A JPEG is decoded several times faster near the size that is needed, and one that was just checked under this hash
    is not decoded again. Raises InputError with a sentence.
    """
    global _usual
    _usual = (min(size), min(size)) if size else None
    image, _checked.image = _checked.image, None
    fits = _checked.sha256 == sha256 and _checked.scale == _scale(_checked.size, size, _checked.jpeg)
    return image if image and fits else _decoded(source, size)[0]


def size(source: Source, sha256: str = "") -> Size:
    """Width and height in pixels of the upright picture, from its header. Raises InputError with a sentence."""
    if sha256 and sha256 == _checked.sha256:
        return _checked.size
    with _silence(), _opened(source) as image:
        return _turned(image, image.size)


def write(image: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file of this format."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def preview(source: Source, target: Path) -> None:
    """Writes the picture anew as a JPEG of at most 1200 pixels a side, with nothing in it but what is seen."""
    image, _, _ = _decoded(source, (PREVIEW, PREVIEW))
    image.thumbnail((PREVIEW, PREVIEW))
    image.info.clear()
    new = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        image.save(new, "JPEG", quality=85)
        new.replace(target)  # whole or not at all: what lies there is shown from then on
    finally:
        new.unlink(missing_ok=True)


def _decoded(source: Source, size: Size | None) -> tuple[Image.Image, Size, bool]:
    """The picture near a size, its own size and whether it is a JPEG."""
    with _silence(), _opened(source) as image:
        own, jpeg = _turned(image, image.size), isinstance(image, JpegImageFile)
        scale = _scale(own, size, jpeg)
        if scale > 1:
            image.draft(None, (image.width // scale, image.height // scale))
        try:
            return _in_colour(_upright(image)), own, jpeg
        except MemoryError:
            raise
        except Exception as error:  # decoders raise whatever they like
            raise InputError(DAMAGED) from error


def _scale(own: Size, wanted: Size | None, jpeg: bool) -> int:
    """How many times smaller a JPEG is decoded: 1, 2, 4 or 8."""
    if not (wanted and jpeg):
        return 1
    most = min(own[0] // max(1, wanted[0]), own[1] // max(1, wanted[1]))
    return next((scale for scale in (8, 4, 2) if scale <= most), 1)


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
