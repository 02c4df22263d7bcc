"""Levels of loggers: what is set at run time goes before `[logs.levels]`, before user code, before the root."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select

from frontdesk.config import Config
from frontdesk.database import logs, state
from frontdesk.database.connections import Database
from frontdesk.database.values import now
from frontdesk.errors import Error, InputError
from frontdesk.logs import filters, handlers

SECONDS = 0.5
"""How often every process looks whether a level was set."""

MINUTES = 525_600
"""A level can be set for a year at most."""

ROOT = "root"

NOT_OBEYED = (
    "basicConfig and handlers of the root logger are not obeyed while it is served; [logs] of frontdesk.toml is."
)

logger = logging.getLogger("frontdesk.logs")


@dataclass(frozen=True)
class Override:
    """A level that a person set at run time."""

    level: str
    by: str
    until: datetime | None


@dataclass(frozen=True)
class Logger:
    """A logger with its own level, the one in effect, and where its own comes from."""

    name: str
    level: str | None
    effective: str
    source: str
    by: str | None = None
    until: datetime | None = None


def list_all(config: Config, state_database: Database, index: Database, also: Sequence[str] = ()) -> list[Logger]:
    """Every logger that has logged or has a level, Frontdesk's own, and `also` these; the root first.

    A library's logger that never spoke and inherits its level is left out: there are dozens.
    """
    code = _levels_of_index(index)
    here = _levels_of_process().items()
    code |= {name: level for name, level in here if level or (name not in code and name.startswith("frontdesk"))}
    set_by_people = overrides(state_database)
    names = {*code, *config.logs.levels, *set_by_people, *also} - {ROOT}
    own = {name: _own(config, name, set_by_people, code) for name in (ROOT, *sorted(names))}
    levels = {name: level for name, (level, *_) in own.items()}
    return [
        Logger(name, level, _effective(name, levels), source, by, until)
        for name, (level, source, by, until) in own.items()
    ]


def set_level(database: Database, name: str, level: str, by: str, minutes: int | None = None) -> None:
    """Sets a level in every process, within a second, for so many minutes or until it is reset. Raises InputError."""
    _check(name, minutes)
    number = filters.level_number(level)
    until = now() + timedelta(minutes=minutes) if minutes else None
    row = {"logger": name, "level": logging.getLevelName(number), "by": by, "at": now(), "until": until}
    with database.transaction() as connection:
        connection.execute(delete(state.levels).where(or_(state.levels.c.logger == name, _expired())))
        connection.execute(insert(state.levels).values(row))


def reset(database: Database, name: str) -> None:
    """Takes back what was set at run time."""
    with database.transaction() as connection:
        connection.execute(delete(state.levels).where(or_(state.levels.c.logger == name, _expired())))


def overrides(database: Database) -> dict[str, Override]:
    """The levels set at run time that hold now, by logger."""
    with database.connect() as connection:
        rows = connection.execute(select(state.levels).where(~_expired()))
        return {row.logger: Override(row.level, row.by, row.until) for row in rows}


def apply(config: Config, set_by_people: Mapping[str, Override]) -> None:
    """Gives the loggers of this process their levels; one that is no longer named gets back what user code set."""
    wanted = {name: level.upper() for name, level in config.logs.levels.items()}
    wanted |= {name: override.level for name, override in set_by_people.items()}
    with _lock:
        _applied[:] = [(config, dict(set_by_people))]
        wanted.setdefault(ROOT, _level_of_root(config))
        for name in _held.keys() - wanted.keys():
            _release(name)
        for name, level in wanted.items():
            _hold(name, logging.getLevelNamesMapping()[level])


def forget() -> None:
    """Gives every logger back what user code set, as if nothing had ever been applied."""
    with _lock:
        for name in list(_held):
            _release(name)
        _applied.clear()
        _levels_by_file.clear()


@contextlib.contextmanager
def importing(file: Path) -> Iterator[None]:
    """Around the import of a user's file: its levels count, its root handlers and formats do not.

    In a process where `apply` was never called nothing is changed: there the file is its own program.
    """
    if not _applied:
        yield
        return
    before = _levels_of_process()
    present, awake = list(logging.getLogger().handlers), [known for known in _loggers().values() if not known.disabled]
    calls: list[Mapping[str, Any]] = []
    genuine = logging.basicConfig
    logging.basicConfig = lambda **given: _note_call(calls, given)
    try:
        yield
    finally:
        logging.basicConfig = genuine
        strange = handlers.evict(present)
        for known in awake:  # dictConfig and fileConfig silence every logger that was there before
            known.disabled = False
        if strange or any(call.keys() - {"level"} for call in calls):
            _warn_once(file)
        _keep_levels(file, before)


class Watch:
    """A thread that keeps the levels of this process as they are set, in this process or another."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="frontdesk-levels", daemon=True)

    def start(self) -> None:
        """Applies the levels at once and goes on looking."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(Error):  # busy or damaged: the levels stay as they are until the next look
            apply(self._config, overrides(self._database))
        if handlers.installed():
            handlers.restore()


@dataclass
class _Held:
    """A logger under our hand: the level we gave it, and the one that user code had given it."""

    ours: int
    before: int


_held: dict[str, _Held] = {}
_applied: list[tuple[Config, Mapping[str, Override]]] = []
_levels_by_file: dict[str, int] = {}
_lock = threading.RLock()

Own = tuple[str | None, str, str | None, datetime | None]


def _hold(name: str, level: int) -> None:
    known = logging.getLogger(name)
    held = _held.get(name)
    before = held.before if held and known.level == held.ours else known.level
    if known.level != level:
        known.setLevel(level)
    _held[name] = _Held(level, before)


def _release(name: str) -> None:
    known, held = logging.getLogger(name), _held.pop(name)
    if known.level == held.ours:
        known.setLevel(held.before)


def _level_of_root(config: Config) -> str:
    """The written level; else the lowest that a user's file asked for, so that no file loses records by another."""
    if config.logs.level_given or not _levels_by_file:
        return config.logs.level.upper()
    level = logging.getLevelName(min(_levels_by_file.values()))
    return level if level in logging.getLevelNamesMapping() else config.logs.level.upper()


def _note_call(calls: list[Mapping[str, Any]], given: Mapping[str, Any]) -> None:
    """What `logging.basicConfig` does while a user's file is imported: only its level is taken."""
    calls.append(given)
    for handler in given.get("handlers") or ():
        handler.close()
    if given.get("level") is not None:
        logging.getLogger().setLevel(given["level"])


def _keep_levels(file: Path, before: Mapping[str, int]) -> None:
    """Tells the levels that the file gave its loggers to the log index, and puts ours on top again."""
    root, held = logging.getLogger(), _held.get(ROOT)
    _levels_by_file.pop(str(file), None)
    if held and root.level != held.ours:
        _levels_by_file[str(file)] = root.level
    config, set_by_people = _applied[0]
    apply(config, set_by_people)
    after = _levels_of_process()
    if changed := {name: level for name, level in after.items() if before.get(name) != level}:
        handlers.report(changed)


def _warn_once(file: Path) -> None:
    """Once for each version of the file, in whichever process imports it first."""
    told = _applied[0][0].state_folder / "told"
    with contextlib.suppress(OSError):
        told.mkdir(parents=True, exist_ok=True)
        (told / f"{file.name}.{file.stat().st_mtime_ns}").touch(exist_ok=False)
        logger.warning("%s: %s", file.name, NOT_OBEYED)


def _levels_of_process() -> dict[str, int]:
    """The level that code gave to each logger of this process, 0 where it inherits; ours are not code."""
    found = {name: known.level for name, known in _loggers().items()}
    with _lock:
        found |= {name: held.before for name, held in _held.items() if found.get(name, held.ours) == held.ours}
    found.pop(ROOT, None)
    return found | ({ROOT: min(_levels_by_file.values())} if _levels_by_file else {})


def _loggers() -> dict[str, logging.Logger]:
    known = list(logging.root.manager.loggerDict.items())
    return {name: logger for name, logger in known if isinstance(logger, logging.Logger)}


def _levels_of_index(index: Database) -> dict[str, int]:
    with index.connect() as connection:
        rows = connection.execute(select(logs.loggers.c.name, logs.loggers.c.level))
        return {row.name: row.level for row in rows}


def _own(config: Config, name: str, set_by_people: Mapping[str, Override], code: Mapping[str, int]) -> Own:
    if override := set_by_people.get(name):
        return override.level, _sentence(override), override.by, override.until
    if name in config.logs.levels:
        return config.logs.levels[name].upper(), "frontdesk.toml", None, None
    if name == ROOT and config.logs.level_given:
        return config.logs.level.upper(), "frontdesk.toml", None, None
    if code.get(name):
        return logging.getLevelName(code[name]), "code", None, None
    return (config.logs.level.upper(), "default", None, None) if name == ROOT else (None, "inherited", None, None)


def _sentence(override: Override) -> str:
    until = f" until {override.until:%Y-%m-%d %H:%M} UTC" if override.until else ""
    return f"set by {override.by}{until}"


def _effective(name: str, own: Mapping[str, str | None]) -> str:
    while name and not own.get(name):
        name = name.rpartition(".")[0]
    return own.get(name) or own[ROOT] or "NOTSET"


def _expired() -> Any:
    until = state.levels.c.until
    return until.is_not(None) & (until <= now())


def _check(name: str, minutes: int | None) -> None:
    wrong = {}
    if not name or len(name) > 255 or not name.isprintable():
        wrong["logger"] = "Write a logger's name of 1 to 255 characters, such as school.grades."
    if minutes is not None and not 0 < minutes <= MINUTES:
        wrong["minutes"] = f"Write a number of minutes from 1 to {MINUTES:,}, or nothing for no end."
    if wrong:
        raise InputError(errors=wrong)
