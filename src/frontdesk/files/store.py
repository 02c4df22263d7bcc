"""Files under the hash of their content: received part by part beside their place, then moved there whole."""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from frontdesk.errors import InputError, NotFoundError, TooLargeError
from frontdesk.files import types

ADDRESS = "/api/files/"
PART = 1 << 20
LONGEST_NAME = 200
INCOMING = "incoming"
"""The folder of what is not kept yet."""
PATIENCE = 3600
"""Seconds after which something incoming was left behind by a process that died."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_disk = ThreadPoolExecutor(1, "files")
"""Waits for the disk behind whoever keeps a file: a power cut may take the last moment's, as it does with runs."""


@dataclass(frozen=True)
class File:
    """A kept file."""

    sha256: str
    name: str
    type: str  #: its media type; of pictures by their bytes
    bytes: int

    def json(self) -> dict[str, str]:
        """`{"$file": "/api/files/SHA256", name, type}`, as it travels in arguments and results."""
        return {"$file": ADDRESS + self.sha256, "name": self.name, "type": self.type}


@dataclass(frozen=True)
class Upload:
    """A file that was received and is not kept yet."""

    file: File
    path: Path
    first: bytes  #: its first bytes


def receive(folder: Path, stream: IO[bytes], name: str, claimed: str = "", limit: int | None = None) -> Upload:
    """Takes a file in, to be settled or discarded.

    Raises InputError for an empty one, TooLargeError beyond `limit` bytes: then nothing of it is left.
    """
    path = f"{folder}/{INCOMING}/{secrets.token_hex(16)}"
    name = shortened(name)
    digest, size, first = hashlib.sha256(), 0, b""
    file = _new_file(path)
    try:
        while part := stream.read(PART):
            size += len(part)
            if limit is not None and size > limit:
                raise TooLargeError(f"{name} is too large: at most {megabytes(limit)} are taken.")
            first = first or part[: types.ENOUGH]
            digest.update(part)
            _write(file, part)
        if not size:
            raise InputError(f"{name} is empty: it has no bytes in it.")
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(file)
    return Upload(File(digest.hexdigest(), name, types.told(first, claimed), size), Path(path), first)


def settle(folder: Path, upload: Upload) -> File:
    """Moves an upload to its place. Where the same content lies already, that becomes new again."""
    target = str(place(folder, upload.file.sha256))
    if not _renewed(target, upload.file.bytes):
        try:
            os.replace(upload.path, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            os.replace(upload.path, target)
        with suppress(RuntimeError):  # at the very end of the process nobody waits any more
            _disk.submit(_flush, target)
    return upload.file


def discard(upload: Upload) -> None:
    """Forgets an upload, unless it was settled."""
    upload.path.unlink(missing_ok=True)


def keep(folder: Path, stream: IO[bytes], name: str, claimed: str = "", limit: int | None = None) -> File:
    """The file, kept. Raises as `receive`."""
    upload = receive(folder, stream, name, claimed, limit)
    try:
        return settle(folder, upload)
    finally:
        discard(upload)


def place(folder: Path, sha256: str) -> Path:
    """Where the file of this hash lies or would lie."""
    if not _SHA256.fullmatch(sha256):
        raise NotFoundError("There is no such file.")
    return folder / sha256[:2] / sha256


def path(folder: Path, sha256: str) -> Path:
    """Where the kept file lies. Raises NotFoundError where there is none."""
    found = place(folder, sha256)
    if not found.is_file():
        raise NotFoundError("There is no such file.")
    return found


def hash_in(address: str) -> str:
    """The hash in `/api/files/SHA256`; empty where there is none."""
    sha256 = address.removeprefix(ADDRESS)
    return sha256 if address.startswith(ADDRESS) and _SHA256.fullmatch(sha256) else ""


def all_before(folder: Path, moment: float) -> Iterator[str]:
    """The hashes of the files that were kept before a moment."""
    for found in folder.glob("[0-9a-f][0-9a-f]/*"):
        with suppress(OSError):  # it went away while we looked
            if _SHA256.fullmatch(found.name) and found.stat().st_mtime < moment:
                yield found.name


def remove(folder: Path, sha256: str, before: float) -> bool:
    """Removes the file and what was made of it, unless it was kept anew since that moment."""
    original = place(folder, sha256)
    if not original.is_file() or original.stat().st_mtime >= before:
        return False
    for found in original.parent.glob(f"{sha256}*"):
        found.unlink(missing_ok=True)
    return True


def forget(folder: Path, seconds: float = PATIENCE) -> None:
    """Removes what never was settled nor discarded."""
    old = time.time() - seconds
    for found in (folder / INCOMING).glob("*"):
        with suppress(OSError):
            if found.stat().st_mtime < old:
                found.unlink()


def shortened(name: str) -> str:
    """A file's name without folders and invisible characters, of at most 200 characters; its ending stays."""
    name = _CONTROLS.sub("", name.replace("\\", "/").rpartition("/")[2]).strip() or "file"
    stem, dot, ending = name.rpartition(".")
    if len(name) <= LONGEST_NAME or not dot or len(ending) > 20:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def megabytes(size: int) -> str:
    """The size for people, such as 25 MB."""
    return f"{size / 1_000_000:g} MB" if size >= 100_000 else f"{size:,} bytes"


def _new_file(path: str) -> int:
    """A file to be written, open; its folder is made with the first one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _write(file: int, part: bytes) -> None:
    rest = memoryview(part)
    while rest:
        rest = rest[os.write(file, rest) :]


def _renewed(target: str, size: int) -> bool:
    """Whether the file lies there whole; then it counts as kept now."""
    try:
        whole = os.stat(target).st_size == size
        if whole:
            os.utime(target)
    except FileNotFoundError:
        return False
    return whole


def _flush(path: str) -> None:
    with suppress(OSError):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
