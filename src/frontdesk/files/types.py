"""What a file is by its first bytes, whatever its name and its sender say."""

IMAGES = ("image/png", "image/jpeg", "image/webp")
"""The pictures that are read."""
UNKNOWN = "application/octet-stream"
ENOUGH = 16
"""Bytes that tell."""

_OTHERS = {b"GIF8": "a GIF", b"%PDF": "a PDF", b"BM": "a BMP", b"II*\0": "a TIFF", b"MM\0*": "a TIFF"}
_TEXTS = (b"<", b"\xef\xbb\xbf<")


def image_type(first: bytes) -> str:
    """`image/png`, `image/jpeg` or `image/webp`; empty for everything else."""
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if first.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if first[:4] == b"RIFF" and first[8:12] == b"WEBP" else ""


def picture_type(first: bytes) -> str:
    """As `image_type`, and `image/gif`: what a browser shows and cannot carry out."""
    return image_type(first) or ("image/gif" if first.startswith((b"GIF87a", b"GIF89a")) else "")


def told(first: bytes, claimed: str) -> str:
    """A picture's type by its bytes; what only claims to be a picture is of unknown type; else what is claimed."""
    claimed = claimed.partition(";")[0].strip().lower()
    return image_type(first) or (UNKNOWN if claimed.startswith("image/") else claimed or UNKNOWN)


def no_picture(first: bytes) -> str:
    """A sentence for somebody who sent this as a picture; empty for a picture that is read."""
    if image_type(first):
        return ""
    what = next((name for start, name in _OTHERS.items() if first.startswith(start)), "")
    if not what and first[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"}:
        what = "a HEIC or AVIF picture"
    if not what and first.lstrip().startswith(_TEXTS):
        what = "HTML, SVG or XML"
    return f"This is {what or 'no picture'}: send PNG, JPEG or WebP."
