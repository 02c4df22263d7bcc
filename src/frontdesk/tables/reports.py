"""What a file was found to hold, column by column with the reasons, and the command line that loads it again."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.database.schema import Column
from frontdesk.tables.detection import Finder, Found, Until
from frontdesk.tables.loads import Loaded, Wish
from frontdesk.tables.sources import Source


@dataclass(frozen=True)
class Evidence:
    """How many cells of a column have a value and how many none, and what its type is not and why."""

    values: int
    empty: int
    until: Until | None
    changed: str = ""  # what of the values is not kept as it is written


def evidence(found: Found) -> list[Evidence]:
    """That of each column, over the rows that were read."""
    counted = zip(found.empty, found.finders, strict=True)
    return [Evidence(found.rows - empty, empty, finder.until, finder.changed) for empty, finder in counted]


def described(
    source: Source, columns: Sequence[Column], wish: Wish, finders: Sequence[Finder] = ()
) -> list[dict[str, Any]]:
    """The columns as the API gives them: with the file's own name where it was changed, and why a type was found."""
    written = dict(zip(source.names, source.written_names, strict=True))
    known = dict(zip(source.names, finders, strict=False))
    return [_described(column, written.get(column.name), *_evidence(column, known, wish)) for column in columns]


def _described(column: Column, label: str | None, until: Until | None, changed: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "type": column.type}
    if changed:
        found["changed"] = changed
    if label not in {None, column.name}:
        found["label"] = label
    return found if until is None else found | {"until": vars(until)}


def _evidence(column: Column, known: dict[str, Finder], wish: Wish) -> tuple[Until | None, str]:
    if column.name not in known or column.name in wish.types:
        return None, ""
    finder = known[column.name]
    return finder.until, finder.changed


def bad(done: Loaded) -> str:
    """What is said of lines that were not loaded; empty without any."""
    if done.bad_lines is None:
        return ""
    rows = done.bad_lines["rows"]
    return f"{rows:,} bad {'line stands' if rows == 1 else 'lines stand'} in {done.bad_lines['table']}."


def command(source: Source, database: str, table: str, wish: Wish) -> str:
    """The command line that loads the file so once more."""
    words = ["frontdesk", "import", source.name, database, "--table", table]
    options = [("--key", name) for name in wish.key]
    options += [("--type", f"{name}={declared}") for name, declared in wish.types.items()]
    options += [("--map", f"{name}={column}") for name, column in (*source.called, *wish.columns.items())]
    if wish.on_conflict != "error":
        options.append(("--on-conflict", wish.on_conflict))
    if wish.bad_lines != "error":
        options.append(("--bad-lines", wish.bad_lines))
    if not source.typed and source.encoding not in {"utf-8", "utf-8-sig"}:
        options.append(("--encoding", source.encoding))
    if source.format == "csv" and source.delimiter != ",":
        options.append(("--delimiter", "tab" if source.delimiter == "\t" else source.delimiter))
    if source.part:
        options.append(("--sheet", source.part))
    words += [word for option in options for word in option] + ["--empty-text"] * wish.empty_text
    return shlex.join(words)
