"""Desk: settings, databases, functions, logs and accounts of one folder."""

import functools
import logging
import os
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk import config as settings
from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database import files, logs, state
from frontdesk.database.connections import Database
from frontdesk.desk import overviews, workers
from frontdesk.desk.changes import Changes
from frontdesk.desk.files import Files
from frontdesk.desk.runs import Runs
from frontdesk.errors import ConfigError, Error, NotFoundError, OperationalError
from frontdesk.functions import calls, runs
from frontdesk.functions.calls import Calls
from frontdesk.functions.registry import Registry
from frontdesk.logs import carrier, handlers, loggers
from frontdesk.tables import imports, structure, uploads
from frontdesk.tables.queries import Queries
from frontdesk.upkeep.keeper import Keeper, Sweep
from frontdesk.workers.pool import Pool

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the folder is looked at for databases that came or went."""


@dataclass(frozen=True)
class DatabaseSummary:
    """A database in a list; `problem` says why it cannot be read."""

    name: str
    tables: tuple[structure.Summary, ...]
    problem: str | None = None


class Desk:
    """The desk in a folder, as a library: nothing is started and no logging configured until `start`."""

    def __init__(self, folder: Path | str = ".", **overrides: Any) -> None:
        """Raises ConfigError for a folder that is not there or cannot be written, or for wrong settings.

        Raises BusyError or OperationalError where Frontdesk's own tables are on a server that does not answer.
        """
        self.folder = Path(folder).resolve()
        if not self.folder.is_dir():
            raise ConfigError(f"There is no folder {folder}.", "Make it, or name another one.")
        self.config: Config = settings.load(self.folder, **overrides)
        calls.check(self.config)
        self._make_state_folder()
        self._servers = self._open_servers()
        self.state = state.open(self.config)
        self.log_index = self._open_logs()
        self._databases: dict[str, Database] = {}
        self._problems: dict[str, str] = {}
        self._looked = float("-inf")
        self._lock = threading.RLock()
        self._closing: list[Any] = []

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name or "desk"

    @property
    def databases(self) -> dict[str, Database]:
        """The databases by name: those of the settings, and the files that the folder holds now."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._look()
            return self._databases

    def database(self, name: str) -> Database:
        """The database of this name. Raises NotFoundError, OperationalError when its file is no database."""
        found = self.databases.get(name)
        if found is None and name in self._problems:
            raise OperationalError(self._problems[name], "Move it out of the desk's folder, or restore it.")
        if found is None:
            raise NotFoundError(f"There is no database {name!r}.", "The home page lists the databases.")
        return found

    def summaries(self) -> list[DatabaseSummary]:
        """Every database with its tables, those that cannot be read with the reason."""
        found = []
        for name, database in self.databases.items():
            try:
                found.append(DatabaseSummary(name, tuple(structure.summaries(database))))
            except Error as error:
                found.append(DatabaseSummary(name, (), error.message))
        found += [DatabaseSummary(name, (), problem) for name, problem in self._problems.items()]
        return sorted(found, key=lambda one: one.name)

    @functools.cached_property
    def pool(self) -> Pool:
        """The worker processes, begun at the first use."""
        initialise = functools.partial(workers.initialise, self.config)
        pool = Pool(initialise, self.config.functions.workers, self.config.functions.queue)
        self._closing.append(pool.close)
        return pool

    @functools.cached_property
    def registry(self) -> Registry:
        """The functions of the folder's files."""
        return Registry(self.config, self.pool)

    @functools.cached_property
    def calls(self) -> Calls:
        """The calls that this process makes."""
        calls = Calls(self.config, self.state, self.registry, self.pool)
        self._closing.append(calls.close)
        return calls

    @functools.cached_property
    def queries(self) -> Queries:
        """Typed SQL."""
        return Queries(self.config, self.state, self.pool)

    @property
    def changes(self) -> Changes:
        """The history of all databases."""
        return Changes(self.databases)

    @property
    def runs(self) -> Runs:
        """The runs with what they changed and logged."""
        return Runs(self.state, self.changes, self.read_logs())

    @property
    def files(self) -> Files:
        """The files that runs hold."""
        return Files(self.config, self.state, self.pool)

    def read_logs(self) -> Database:
        """The log index, with everything in it that was logged up to now."""
        carrier.catch_up(self.config, self.log_index)
        return self.log_index

    def navigation(self, by: Caller) -> overviews.Navigation:
        """What the navigation lists."""
        return overviews.navigation(self, by)

    def overview(self, by: Caller) -> overviews.Overview:
        """What the home page shows."""
        return overviews.overview(self, by)

    def start(self, process: str = "web", *, empties: bool = False) -> None:
        """Begins what serving needs: logging, the watch over levels, and the workers."""
        self.watch(process, empties=empties)
        _ = self.calls
        self._drop_leftovers()

    def watch(self, process: str, *, empties: bool = False) -> None:
        """Begins this process's logging, with levels that follow what is set on the page."""
        handlers.configure(self.config, process, empties)
        watch = loggers.Watch(self.config, self.state)
        watch.start()
        self._closing.append(watch.stop)

    def keep(self) -> None:
        """Begins what goes by the clock, in this process unless another one of this machine does it."""
        keeper = Keeper(
            self.config,
            self.state,
            self.log_index,
            also=[
                functools.partial(runs.fail_orphans, self.state),
                functools.partial(uploads.forget, self.config),
                Sweep(lambda: self.changes.purge(self.config.history)),
            ],
        )
        keeper.start()
        self._closing.append(keeper.stop)

    def close(self) -> None:
        """Ends what was begun: workers, watch and keeper; the last records are carried."""
        while self._closing:
            self._closing.pop()()
        carrier.catch_up(self.config, self.log_index)
        for database in {*self._databases.values(), *self._servers.values(), self.state, self.log_index}:
            database.close()

    def secret_key(self) -> bytes:
        """The key that signs the messages between two pages; drawn once and kept in the state folder."""
        path = self.config.state_folder / "secret"
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(file, "wb") as opened:
            opened.write(secrets.token_bytes(32))
        return path.read_bytes()

    def _make_state_folder(self) -> None:
        folder = self.config.state_folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            writable = os.access(folder, os.W_OK)
        except OSError:
            writable = False
        if not writable:
            raise ConfigError(
                f"The desk's folder {self.folder} cannot be written.",
                "Frontdesk keeps users, runs and logs in .frontdesk/ there: mend its permissions, or copy the folder.",
            )

    def _drop_leftovers(self) -> None:
        """What imports left behind that were killed."""
        for name, database in self.databases.items():
            try:
                imports.drop_leftovers(database)
            except Error as error:
                logger.warning("%s: leftovers of an import stay for now: %s", name, error)

    def _open_servers(self) -> dict[str, Database]:
        """The databases that the settings name by URL; none of them is asked for anything yet."""
        given = {} if self.config.only else self.config.databases
        for name, path in files.find(self.folder).items():
            if name in given:
                raise ConfigError(
                    f"frontdesk.toml: [databases] {name} has the name of the file {path.name}.", "Rename one of them."
                )
        return {name: Database(name, url, read_only=self.config.read_only) for name, url in given.items()}

    def _open_logs(self) -> Database:
        try:
            return logs.open(self.config)
        except BaseException:
            self.state.close()
            raise

    def _look(self) -> None:
        found = files.find(self.folder, self.config.only)
        taken = [found.pop(name) for name in self._servers.keys() & found.keys()]
        known = self._databases
        # A file that this process has open in SQLite must not be opened and closed beside it: that drops the locks of
        # all its connections, and another process may then delete the write-ahead log under them.
        opened = {database.place for database in known.values()}
        self._problems = {
            name: problem for name, path in found.items() if path not in opened and (problem := files.problem(path))
        }
        self._problems |= {path.name: f"{path.name} has the name of a database of frontdesk.toml." for path in taken}
        self._databases = self._servers | {
            name: known[name] if name in known and known[name].place == path else self._open(name, path)
            for name, path in found.items()
            if name not in self._problems
        }
        for name in known.keys() - self._databases.keys():
            known[name].close()
        self._looked = time.monotonic()

    def _open(self, name: str, path: Path) -> Database:
        return Database(name, path, read_only=self.config.read_only)
