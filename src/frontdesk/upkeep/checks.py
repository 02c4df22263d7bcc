"""What is wrong with a desk, and how to mend it: looked at from outside, without changing anything."""

import importlib.util
import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from frontdesk import config as settings
from frontdesk.accounts import users
from frontdesk.config import Config
from frontdesk.database import files, integrity, logs, migrations, readers, schema, state
from frontdesk.database.connections import Database
from frontdesk.errors import ConfigError, Error
from frontdesk.functions import calls
from frontdesk.functions.registry import Registry
from frontdesk.logs import carrier, handlers
from frontdesk.tables import imports
from frontdesk.upkeep import ailments, servers
from frontdesk.upkeep.findings import Finding, Found
from frontdesk.workers.pool import Pool

SECONDS = 20.0
"""How long one database is looked through."""
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000
"""Bytes free on the disk, below which is a warning and an error."""
MANY_LOGS = 2_000_000_000
"""Bytes of log lines and their index."""
MANY_WAITING = 1_000_000
"""Bytes of log lines that the keeper should long have carried into the index."""
SECRET_BYTES = 32
EXTRAS = {".onnx": ("onnxruntime", "models"), ".xlsx": ("openpyxl", "files"), ".parquet": ("pyarrow", "files")}
"""Files that need a package which is not always installed, and the extra that brings it."""


def look(folder: Path, initialise: Callable[[Config], Any]) -> list[Finding]:
    """Everything that is found, in the order of the desk's parts; `initialise` makes a process a worker of the desk.

    Raises ConfigError when there is no such folder. People's files are imported in worker processes only.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}.", "Make it, or name another one.")
    config, found = _settings(folder.resolve())
    found += _permissions(config)
    found += _disk(config)
    for name, path in files.find(config.folder, config.only).items():
        found += _database(config, name, path)
    found += servers.look(config)
    found += _newer(config)
    found += _functions(config, initialise)
    found += _extras(config)
    if config.state_folder.is_dir():
        found += _own(config)
        found += _logs(config)
    return found


def mend(folder: Path) -> list[str]:
    """Mends what is safe to mend: permissions, leftovers of imports, roles to read by; a sentence for each."""
    config, _ = _settings(folder.resolve())
    done = []
    for path in filter(_is_open, _private(config)):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o077)
        done.append(f"{path.relative_to(config.folder)} can be read by its owner only now.")
    for name, path in files.find(config.folder, config.only).items():
        if not files.problem(path) and not config.read_only:
            done += _drop_leftovers(name, path)
    return done + servers.mend(config)


def _drop_leftovers(name: str, path: Path) -> list[str]:
    try:
        with closing(Database(name, path)) as database:
            left = imports.leftovers(database)
            imports.drop_leftovers(database)
    except Error:  # told by `look`
        return []
    return [f"{path.name}: what {len(left)} ended imports had left is gone."] if left else []


def _settings(folder: Path) -> tuple[Config, list[Finding]]:
    """The settings, or the defaults where the file cannot be used."""
    try:
        config = settings.load(folder)
        calls.check(config)
    except ConfigError as error:
        hint = error.hint or "See docs/settings.md; nothing is served until it is mended."
        return Config(folder), [Finding("error", settings.FILE, error.message, hint)]
    return config, []


def _is_open(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o077)


def _private(config: Config) -> tuple[Path, ...]:
    """What nobody else may read."""
    return config.state_folder, config.state_folder / "secret", readers.path_of(config)


def _permissions(config: Config) -> Found:
    folder = config.state_folder
    if not _writable(config.folder if not folder.exists() else folder):
        message = f"The folder {config.folder} cannot be written, so it cannot be served."
        yield Finding("error", "folder", message, "Mend its permissions, or copy it to where you may write.")
    for path in _private(config):
        if _is_open(path):
            message = f"{path.relative_to(config.folder)} can be read by other people of this machine."
            yield Finding("error", path.name, message, "`frontdesk check --fix` takes that away.")
    secret = folder / "secret"
    if secret.exists() and secret.stat().st_size != SECRET_BYTES:
        message = "The secret that signs messages is not one that Frontdesk has drawn."
        yield Finding("error", "secret", message, f"Delete {secret.name} in {folder.name}; another one is drawn.")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK)


def _disk(config: Config) -> Found:
    free = shutil.disk_usage(config.folder).free
    if free < LITTLE_SPACE:
        level = "error" if free < NO_SPACE else "warning"
        yield Finding(
            level, "disk", f"Only {ailments.size(free)} are free on the disk.", "Make room before something stops."
        )


def _database(config: Config, name: str, path: Path) -> Found:
    problem = files.problem(path)
    if problem:
        yield Finding("error", path.name, problem, "Move it out of the desk's folder, or restore it from a backup.")
        return
    if not config.read_only and not _writable(path):
        hint = "Mend its permissions, or serve it with --read-only."
        yield Finding("warning", path.name, f"{path.name} cannot be written.", hint)
    disk = integrity.network_disk(path)
    if disk and (integrity.uses_wal(path) or not config.read_only):
        message = f"{path.name} lies on a network disk ({disk}), where write-ahead logging can lose data."
        yield Finding("warning", path.name, message, "Move the desk to a disk of this machine.")
    broken = list(_whole(path))
    yield from broken
    with closing(Database(name, path, read_only=True)) as database:
        try:
            left = imports.leftovers(database)
            found = [] if any(one.level == "error" for one in broken) else ailments.find(database, SECONDS)
        except Error:  # told by `_whole`
            return
    yield from (replace(one, what=path.name) for one in found)
    if left:
        message = f"{path.name} holds what {len(left)} ended imports have left."
        yield Finding("warning", path.name, message, "The next start drops it, and so does `frontdesk check --fix`.")


def _whole(path: Path) -> Found:
    """Whether the file is undamaged."""
    try:
        yield from ailments.pages(path, SECONDS)
    except integrity.OverrunError:
        message = f"{path.name} is too large to be looked through within {SECONDS:.0f} s."
        yield Finding("note", path.name, message, 'Look through it yourself: sqlite3 FILE "PRAGMA integrity_check"')
    except Error as error:
        yield Finding("error", path.name, f"{path.name}: {error.message}", error.hint or "Restore it from a backup.")


def _newer(config: Config) -> Found:
    """CSV files that were loaded into the database beside them, and have changed since."""
    for path in sorted(path for path in config.folder.iterdir() if path.suffix.lower() in imports.SUFFIXES):
        target = path.with_suffix(".db")
        if not target.exists() or files.problem(target) or path.stat().st_mtime <= target.stat().st_mtime:
            continue
        with closing(Database(path.stem, target, read_only=True)) as database:
            try:
                known = path.stem in schema.tables(database)
            except Error:  # told by `_whole`
                continue
        if known:
            message = f"{path.name} is newer than {target.name}, whose table {path.stem} holds its older rows."
            hint = f"`frontdesk serve {path.name} --reload` puts the new rows in their place; it can be undone."
            yield Finding("warning", path.name, message, hint)


def _functions(config: Config, initialise: Callable[[Config], Any]) -> Found:
    if not any(config.folder.glob("*.py")) and not any(config.folder.glob("*.onnx")):
        return
    pool = Pool(partial(initialise, config), size=1)
    try:
        registry = Registry(config, pool)
        found = registry.functions()
        for problem in registry.problems():
            place = f"{problem.name}, line {problem.line}" if problem.line else problem.name
            message = f"{place}: {problem.message.rstrip('.')}."
            yield Finding("error", problem.name, message, "Mend the file; its functions are not served until then.")
    finally:
        pool.close()
    twice = [name for name, count in Counter(item.own_name for item in found).items() if count > 1]
    for name in twice:
        both = " and ".join(item.name for item in found if item.own_name == name)
        message = f"There are two functions {name}, so neither is served by that name alone."
        yield Finding("warning", name, message, f"They are called {both}; rename one.")


def _extras(config: Config) -> Found:
    for suffix, (package, extra) in EXTRAS.items():
        needed = next(iter(sorted(config.folder.glob(f"*{suffix}"))), None)
        if needed is not None and importlib.util.find_spec(package) is None:
            message = f"{needed.name} needs {package}, which is not installed."
            yield Finding("warning", needed.name, message, f"Install it: pip install 'frontdesk[{extra}]'")
    if config.server.server == "granian" and importlib.util.find_spec("granian") is None:
        hint = "Install it: pip install 'frontdesk[granian]'"
        yield Finding("error", settings.FILE, "The server granian is not installed.", hint)


def _own(config: Config) -> Found:
    """Frontdesk's own databases."""
    for name, newest in (("state", state.REVISION), ("logs", logs.REVISION)):
        path = config.state_folder / f"{name}.db"
        if path.exists():
            faults = list(_whole(path))
            yield from (replace(one, what=f".frontdesk/{path.name}") for one in faults)
            yield from _revision(path, newest) if not faults else ()
    if not _has_users(config):
        hint = "`frontdesk serve` prints a link to make the first, `frontdesk users add` makes one here."
        yield Finding("note", "users", "Nobody can sign in yet: there are no users.", hint)


def _revision(path: Path, newest: str) -> Found:
    with closing(Database(path.stem, path, read_only=True)) as database:
        revision = migrations.revision_of(database)
    what = f".frontdesk/{path.name}"
    if revision is not None and revision > newest:
        message = f"{path.name} was made by a newer Frontdesk (revision {revision}, here {newest})."
        yield Finding("error", what, message, "Install that one: pip install --upgrade frontdesk")
    elif revision != newest:
        message = f"{path.name} is at revision {revision or 'none'}, behind {newest}."
        yield Finding(
            "note", what, message, "The next start of any command brings it there; back the folder up before."
        )


def _has_users(config: Config) -> bool:
    path = config.state_folder / "state.db"
    with closing(Database("state", config.state or path, read_only=True)) as database:
        try:
            return bool(config.state or path.exists()) and users.exist(database)
        except Error:  # told by `_whole` or `_revision`
            return True


def _logs(config: Config) -> Found:
    folder, path = handlers.folder_of(config), config.state_folder / "logs.db"
    lines = [file.stat().st_size for file in folder.glob("*.jsonl")] if folder.is_dir() else []
    total = sum(lines) + (path.stat().st_size if path.exists() else 0)
    if total > MANY_LOGS:
        hint = f"Lower [logs] keep_days in {settings.FILE} (now {config.logs.keep_days}), or a noisy logger's level."
        yield Finding("warning", "logs", f"The logs take {ailments.size(total)} of the disk.", hint)
    try:
        with closing(Database("logs", path, read_only=True)) as database:
            waiting = carrier.waiting(config, database) if path.exists() else sum(lines)
    except Error:  # told by `_own`
        return
    if waiting > MANY_WAITING:
        message = f"{ailments.size(waiting)} of log lines are not in the index yet."
        yield Finding(
            "warning", "logs", message, "`frontdesk logs` carries them; while a desk is served that goes by itself."
        )
