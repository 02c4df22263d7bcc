"""Makes the demo desk in a folder: once, and nothing that is there is touched."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from frontdesk import errors
from frontdesk.database.sqlite import drivers
from frontdesk.demo import business, school

FILES = Path(__file__).parent / "files"
SETTINGS = "frontdesk.toml"
"""Written last: a folder that has it is complete."""

EMPLOYEES = """
CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    age INTEGER,
    department TEXT
);
INSERT INTO employees (name, age, department) VALUES
    ('Krish', 32, 'Data Scientist'), ('Bob', 25, 'Engineering'), ('Charlie', 35, 'Finance');
"""


def make(folder: Path) -> bool:
    """Whether the demo desk was made just now; False when it is there.

    Raises ConfigError for a folder that holds other things or cannot be written.
    """
    if (folder / SETTINGS).exists():
        return False
    _check(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _database(folder / "example.db", lambda driver: driver.executescript(EMPLOYEES))
        _database(folder / "sales_data.db", business.fill)
        _database(folder / "school.db", school.fill)
        shutil.copytree(FILES, folder, ignore=shutil.ignore_patterns(SETTINGS, "__pycache__"), dirs_exist_ok=True)
        shutil.copyfile(FILES / SETTINGS, folder / SETTINGS)
    except OSError as error:
        raise errors.ConfigError(
            f"The demo desk cannot be made in {folder}: {error.strerror}.", "Name a folder that can be written."
        ) from error
    return True


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise errors.ConfigError(f"{folder} is no folder.", "Name a new one: frontdesk demo FOLDER")
    ours = {path.name for path in FILES.iterdir()} | {"example.db", "sales_data.db", "school.db"}
    others = [path.name for path in folder.glob("*") if path.name not in ours and path.suffix != ".new"]
    if others:
        raise errors.ConfigError(
            f"{folder} holds other things ({min(others)}).", "Name a new folder: frontdesk demo FOLDER"
        )


def _database(path: Path, fill: Callable[[Any], object]) -> None:
    """Makes the file under another name first, so that a start that was broken off leaves no half of it."""
    if path.exists():
        return
    new = path.with_suffix(".db.new")
    new.unlink(missing_ok=True)
    with closing(drivers.open_file(new, create=True)) as driver:
        driver.execute("PRAGMA synchronous = OFF")
        fill(driver)
        if driver.in_transaction:
            driver.execute("COMMIT")
    os.replace(new, path)
