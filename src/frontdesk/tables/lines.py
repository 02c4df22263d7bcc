"""A table's columns guessed from the lines of a file that a person pasted: the names in the first, then some rows."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from frontdesk.errors import InputError
from frontdesk.tables import detection, sources

LONGEST = 1_000_000
"""Characters."""


def columns(text: Any) -> list[dict[str, Any]]:
    """The columns as JSON has them, with the narrowest type that all lines fit. Raises InputError."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise InputError(
            errors={"lines": f"Paste the line with the names and some rows, at most {LONGEST:,} characters."}
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.csv"
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            found = detection.find(sources.open(path, name="What was pasted", encoding="utf-8"))
        except InputError as error:
            raise InputError(errors={"lines": error.message}) from error
    return [
        {"name": one.name, "type": one.type, "primary_key": one.name in found.key, "nullable": True}
        for one in found.columns
    ]


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of a new table, with the `columns` that its `lines` have. Raises InputError."""
    rest = {name: value for name, value in given.items() if name != "lines"}
    return rest | {"columns": columns(given["lines"])} if "lines" in given and "columns" not in given else dict(given)
