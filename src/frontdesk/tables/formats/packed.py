"""Packed files as they are read: gz, and zip that holds one file; what inflates too far is refused on the way."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from frontdesk.errors import InputError, TooLargeError

PACKINGS = {".gz": "gz", ".zip": "zip"}
LARGEST = 500_000_000
"""Bytes that a packed file may hold."""
MOST_FILES = 1000
RATIO = 100
"""Bytes that come of one byte, in files above LOOKED_AT bytes."""
LOOKED_AT = 50_000_000
ENCRYPTED = 1


class _Counted(io.RawIOBase):
    """A stream that refuses to give more than a packed file may hold."""

    def __init__(self, inner: IO[bytes], name: str, packed: int) -> None:
        self._inner, self._name, self._packed, self._count = inner, name, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with said(self._name):
            part = self._inner.read(len(buffer))
        self._count += len(part)
        check_size(self._name, self._count, self._packed)
        buffer[: len(part)] = part
        return len(part)


def check_size(name: str, count: int, packed: int) -> None:
    """Raises TooLargeError for more bytes than a packed file may hold."""
    if count > LARGEST:
        raise TooLargeError(
            f"{name} holds more than {LARGEST // 1_000_000:,} MB unpacked. Nothing was imported.", "Send it in parts."
        )
    if count > LOOKED_AT and count > packed * RATIO:
        raise TooLargeError(
            f"{name} unpacks to more than {RATIO} times its size. Nothing was imported.", "Send it unpacked."
        )


@contextmanager
def said(name: str) -> Iterator[None]:
    """Raises InputError where the packed bytes are broken."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError, RuntimeError) as error:
        raise damaged(name) from error


def damaged(name: str) -> InputError:
    """The error for a file that breaks off, or was changed on its way."""
    return InputError(f"{name} is damaged, or is no such file. Nothing was imported.", "Send it again, or unpacked.")


def members(path: Path, name: str, endings: Sequence[str]) -> list[str]:
    """The files in a zip that hold rows. Raises what `member` raises."""
    return [one.filename for one in _listed(path, name) if one.filename.lower().endswith(tuple(endings))]


def _listed(path: Path, name: str) -> list[zipfile.ZipInfo]:
    with said(name), zipfile.ZipFile(path) as archive:
        listed = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(listed) > MOST_FILES:
        raise TooLargeError(f"{name} holds {len(listed):,} files; at most {MOST_FILES:,} are looked at.")
    return listed


def member(path: Path, name: str, endings: Sequence[str], wanted: str = "") -> str:
    """The one file in a zip that holds rows, or the one of this name.

    Raises InputError for none of them, and naming `sheet` for several, TooLargeError for too many files.
    """
    listed = _listed(path, name)
    ends = tuple(endings)
    found = [one for one in listed if (one.filename == wanted if wanted else one.filename.lower().endswith(ends))]
    if len(found) > 1:
        raise InputError(errors={"sheet": f"{name} holds {len(found)} files of rows: name one of them."})
    if len(found) != 1:
        nested = any(one.filename.lower().endswith(tuple(PACKINGS)) for one in listed)
        raise InputError(
            f"{name} holds no files{f' named {wanted!r}' if wanted else ' of rows'}.",
            "Packed files inside packed ones are not opened."
            if nested and not found
            else f"Pack one file that ends in {', '.join(endings)}.",
        )
    if found[0].flag_bits & ENCRYPTED:
        raise InputError(f"{name} is encrypted.", "Pack the file without a password.")
    return found[0].filename


@contextmanager
def opened(path: Path, name: str, packing: str, inside: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The bytes as they were before they were packed, and the packed file below, for the progress."""
    with path.open("rb", buffering=1 << 20) as file:
        if not packing:
            yield file, file
        elif packing == "gz":
            with gzip.GzipFile(fileobj=file) as inner:
                yield _buffered(inner, name, path), file
        else:
            with said(name), zipfile.ZipFile(file) as archive:
                part = archive.open(inside)
            with part:
                yield _buffered(part, name, path), file


def _buffered(inner: Any, name: str, path: Path) -> IO[bytes]:
    return io.BufferedReader(_Counted(inner, name, path.stat().st_size), 1 << 20)


def check_parts(path: Path, name: str) -> None:
    """Inflates a zip part by part, keeping nothing. Raises TooLargeError, InputError for what is no zip."""
    count, size = 0, path.stat().st_size
    with said(name), zipfile.ZipFile(path) as archive:
        listed = archive.infolist()
        if len(listed) > MOST_FILES:
            raise TooLargeError(f"{name} holds {len(listed):,} parts; at most {MOST_FILES:,} are looked at.")
        for one in listed:
            with archive.open(one) as file:
                while part := file.read(1 << 20):
                    count += len(part)
                    check_size(name, count, size)
