"""Names and keys in a path: written so that every character survives a WSGI server's one decoding."""

import re
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Map

from frontdesk.tables import keys

_WRITTEN = re.compile(r"[,/~%\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"(?:~[0-9A-Fa-f]{2})+")


def written(name: str) -> str:
    """The name with `, / ~ %`, control characters and a lone `.` or `..` as `~XX` per UTF-8 byte; empty text is `~`."""
    if name == "":
        return "~"
    if name in {".", ".."}:
        return "~2E" * len(name)
    return _WRITTEN.sub(lambda found: "".join(f"~{byte:02X}" for byte in found[0].encode()), name)


def read(text: str) -> str:
    """The name that `written` wrote. Raises ValueError for an escape that is none."""
    if text == "~":
        return ""
    if "~" in _ESCAPE.sub("", text):
        raise ValueError(f"{text!r} holds a ~ without two hexadecimal digits")
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[0].replace("~", "")).decode(), text)


def key(text: str) -> keys.KeyText:
    """The key that stands so in a path, or in a form. Raises ValueError for an escape that is none."""
    parts = tuple(None if part == "~0" else read(part) for part in text.split(","))
    return keys.KeyText(parts, None if None in parts else ",".join(part or "" for part in parts))


class NameConverter(BaseConverter):
    """`<name:table>`: one name."""

    part_isolating = True
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The name."""
        try:
            return read(value)
        except ValueError as error:
            raise NotFound from error  # no ValidationError: another method of this address would make it a 405

    def to_url(self, value: Any) -> str:
        """The name as it stands in a path."""
        return quote(written(str(value)), safe="~")


class KeyConverter(BaseConverter):
    """`<key:key>`: the key of a row, as text parts; NULL is None."""

    part_isolating = True
    regex = "[^/]+"

    def to_python(self, value: str) -> keys.KeyText:
        """The parts as text, and the whole as one part for tables whose key is one column."""
        try:
            return key(value)
        except ValueError as error:
            raise NotFound from error

    def to_url(self, value: Any) -> str:
        """The key's values as they stand in a path."""
        parts = (
            value.parts if isinstance(value, keys.KeyText) else value if isinstance(value, (tuple, list)) else (value,)
        )
        return ",".join("~0" if part is None else quote(written(keys.text(part)), safe="~") for part in parts)


def install(url_map: Map) -> None:
    """Makes `<name:…>` and `<key:…>` known to the application's routes."""
    url_map.converters.update(name=NameConverter, key=KeyConverter)
