"""The database files of a desk folder, by name."""

from pathlib import Path

SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")
_MAGIC = b"SQLite format 3\x00"


def find(folder: Path, only: tuple[str, ...] = ()) -> dict[str, Path]:
    """Name -> file for every database at the folder's top level; of two with one stem the later keeps its suffix."""
    found: dict[str, Path] = {}
    candidates = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    for path in sorted(candidates, key=lambda path: (path.stem, SUFFIXES.index(path.suffix.lower()), path.name)):
        if not only or path.name in only:
            found[path.name if path.stem in found else path.stem] = path
    return found


def problem(path: Path) -> str | None:
    """Why this file cannot be a SQLite database, in a sentence; None when it looks like one (an empty file is one)."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror}."
    return None if start in {b"", _MAGIC} else f"{path.name} is not a SQLite database."
