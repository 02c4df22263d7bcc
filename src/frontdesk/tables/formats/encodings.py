"""In which encoding the bytes of a file are text."""

import codecs
from typing import IO

from frontdesk.errors import InputError

ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "mac-roman", "cp437")


def check(name: str, file: IO[bytes], given: str) -> str:
    """Reads all bytes once: the encoding in which they are text without NUL, the given one where there is one.

    Raises InputError with the line of what is no text.
    """
    encoding, start = _begun(name, file, given)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, offset, part = 1, 0, start
    while True:
        try:
            text = decoder.decode(part, final=not part)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            place = offset + len(part) - len(error.object) + error.start
            wrong = f"byte {place:,} (0x{error.object[error.start]:02X}) is not {encoding.removesuffix('-sig').upper()}"
            raise InputError(
                f"{name}, line {line}: {wrong}. Nothing was imported.",
                "Save the file as UTF-8, or name its encoding, such as cp1252 for older spreadsheets.",
            ) from None
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise InputError(
                f"{name}, line {line}: a NUL character, which no text has. Nothing was imported.",
                "Is this a file of rows? CSV, TSV, JSON and NDJSON are read.",
            )
        line += text.count("\n")
        offset += len(part)
        if not part:
            return encoding
        part = file.read(1 << 20)


def _begun(name: str, file: IO[bytes], given: str) -> tuple[str, bytes]:
    """The encoding that the first bytes speak for, and these."""
    start = file.read(4)
    if not start:
        raise InputError(f"{name} is empty.", "A file of rows names its columns in the first line.")
    encoding = given or ("utf-16" if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8")
    if encoding not in ENCODINGS:
        raise InputError(errors={"encoding": f"Choose one of: {', '.join(ENCODINGS)}."})
    return "utf-8-sig" if encoding == "utf-8" else encoding, start
