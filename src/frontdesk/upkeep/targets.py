"""Where a copy goes: a new file or folder that gets its name at the end, a transaction, databases that are made."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import copying
from frontdesk.database.connections import Database


@contextmanager
def filling(database: Database) -> Iterator[Connection]:
    """A transaction that may take long."""
    with database.transaction() as writing:
        copying.take_time(writing)
        yield writing


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A file beside the target, which takes its place at the end of the block; else it is gone."""
    if not target.parent.is_dir():
        raise errors.ConfigError(f"There is no folder {target.parent}.", "Make it, or name another one.")
    path = target.with_name(f".{target.name}.copying")
    with _alone(path, os.O_RDWR | os.O_CREAT):
        if target.exists() and target.stat().st_size:
            raise errors.ConflictError(f"There is a file {target.name} already.", "Name a new one.")
        os.truncate(path, 0)  # what a copy left that was killed
        yield path
        os.replace(path, target)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target, which takes its place at the end of the block; else it is gone."""
    path = target.with_name(f".{target.name}.copying")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise errors.ConfigError(f"{path.parent} cannot be written: {error.strerror}.") from error
    with _alone(path, os.O_RDONLY):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise errors.ConflictError(f"{target} is there already and not empty.", "Name a new folder.")
        for left in path.iterdir():
            _remove(left)
        yield path
        os.replace(path, target)


@contextmanager
def _alone(path: Path, flags: int) -> Iterator[None]:
    """Nobody else makes the same; at the end it is gone from here. A copy that is killed holds it no longer."""
    try:
        opened = os.open(path, flags, 0o644)
    except OSError as error:
        raise errors.ConfigError(f"{path.parent} cannot be written: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise errors.BusyError("Another copy to the same place is under way.", "Wait until it is done.") from None
        try:
            yield
        finally:
            _remove(path)
    finally:
        os.close(opened)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def made_databases(url: str, names: Sequence[str]) -> Iterator[None]:
    """These databases of the URL's server, those that were made gone again after an error."""
    from frontdesk.database.postgresql import copying as postgresql

    with closing(Database("state", url)) as server, server.connect() as connection:
        made = postgresql.create_databases(connection, names)
        try:
            yield
        except BaseException:
            for name in made:
                with suppress(errors.Error):
                    postgresql.drop_database(connection, name)
            raise
