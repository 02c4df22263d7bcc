"""Pictures made for tests: good ones, and every bad one that people may send."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, BLUE = (200, 30, 40), (30, 40, 200)


def picture(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    file = io.BytesIO()
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def animated(kind: str) -> bytes:
    """Two pictures, one after the other."""
    first, second = Image.new("RGB", (20, 20), RED), Image.new("RGB", (20, 20), BLUE)
    file = io.BytesIO()
    first.save(file, kind, save_all=True, append_images=[second])
    return file.getvalue()


def sixteen_bits(level: int) -> bytes:
    """A grey picture of 16 bits, all of one level from 0 to 65535."""
    image = Image.new("I;16", (20, 20), level)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def rotated(orientation: int) -> bytes:
    """A JPEG that says that it was taken with the camera turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture(exif=exif)


def bomb() -> bytes:
    """169 megapixels in a few kilobytes."""
    file = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(file, "PNG")
    return file.getvalue()


def claimed(width: int, height: int) -> bytes:
    """A PNG of some bytes whose header claims any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


HTML = b"<!doctype html><script>document.title = 'taken over'</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

BAD = {
    "cut off": (picture(size=(400, 300))[:-200], "damaged or cut off"),
    "cut off in its header": (picture()[:100], "no picture that can be read"),
    "cut off PNG": (picture("PNG", size=(400, 300))[:-100], "damaged or cut off"),
    "cut off WebP": (picture("WEBP", size=(400, 300))[:-100], "PNG, JPEG or WebP"),
    "animated PNG": (animated("PNG"), "animated"),
    "animated WebP": (animated("WEBP"), "animated"),
    "GIF": (animated("GIF"), "This is a GIF"),
    "one pixel": (picture(size=(1, 1)), "1 × 1 pixels"),
    "169 megapixels": (bomb(), "169 million pixels"),
    "a header that claims too much": (claimed(2**31 - 1, 2**31 - 1), "pixels"),
    "a header that claims more than there is": (claimed(4000, 4000), "damaged or cut off"),
    "SVG": (SVG, "HTML, SVG or XML"),
    "HTML": (HTML, "HTML, SVG or XML"),
    "PDF": (b"%PDF-1.7\n" + HTML, "This is a PDF"),
    "text": (b"a,b\n1,2\n", "no picture"),
    "empty": (b"", "is empty"),
}
"""What is refused, and words of the sentence that says why."""
