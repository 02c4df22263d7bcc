"""The settings of a desk: every default, read from `frontdesk.toml` and the environment."""

import difflib
import functools
import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_origin, get_type_hints

from frontdesk import urls
from frontdesk.errors import ConfigError

FILE = "frontdesk.toml"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class LogSettings:
    """`[logs]`: what `logging.basicConfig` takes, and how long records are kept."""

    level: str = "INFO"  #: level of the root logger
    file: str = ""  #: a plain text file beside the JSON lines, relative to the desk folder
    file_mode: str = "a"  #: "w" empties the text file at each start
    format: str = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"  #: of the text file and the console
    date_format: str = "%Y-%m-%d %H:%M:%S"  #: of %(asctime)s
    console: bool = True  #: write records to stderr as well
    keep_days: int = 30  #: records older than this are dropped
    levels: Mapping[str, str] = field(default_factory=dict)  #: level of each logger by name
    level_given: bool = False  #: not a setting: whether `level` was written by the user


@dataclass(frozen=True)
class FunctionSettings:
    """`[functions]`: limits of calls, where a function names none of its own."""

    seconds: float = 60.0  #: a call is stopped after this many seconds
    memory: str = ""  #: address space of a call, such as "512 MB"; empty is no limit
    workers: int = 2  #: warm worker processes of each web process
    queue: int = 100  #: calls that may wait for a worker


@dataclass(frozen=True)
class FileSettings:
    """`[files]`: files and pictures that are sent to functions, and that functions give."""

    max_bytes: int = 25_000_000  #: bytes of one file


@dataclass(frozen=True)
class HistorySettings:
    """`[history]`: how much of the changes is kept, with what undoes them."""

    keep_days: int = 0  #: changes older than this are forgotten, and can no longer be undone; 0 keeps all
    keep_changes: int = 0  #: of each database only so many changes are kept, the newest; 0 keeps all


@dataclass(frozen=True)
class QuerySettings:
    """`[queries]`: limits of typed SQL."""

    seconds: float = 5.0  #: a query is stopped after this many seconds
    keep: int = 200  #: so many of a person's own queries are kept for each database; 0 keeps none
    readers: Mapping[str, str] = field(default_factory=dict, repr=False)  #: by database the URL of the role that reads


@dataclass(frozen=True)
class ServerSettings:
    """`[server]`: how the desk is served."""

    host: str = "127.0.0.1"  #: address to listen on
    port: int = 8000  #: port to listen on
    processes: int = 1  #: web processes over one listening socket
    threads: int = 4  #: threads of each web process
    server: str = "waitress"  #: waitress or granian
    trusted_hosts: tuple[str, ...] = ()  #: names that may stand in the Host header, besides this machine's own
    max_body: int = 100_000_000  #: bytes of a request's body


@dataclass(frozen=True)
class SessionSettings:
    """`[sessions]`: how long a sign-in lasts."""

    idle_hours: int = 8  #: a session ends when unused for this long
    days: int = 30  #: a session ends after this long in any case


@dataclass(frozen=True)
class Config:
    """The settings of one desk."""

    folder: Path
    read_only: bool = False  #: nothing in the people's databases can be changed
    only: tuple[str, ...] = ()  #: not a setting: file names that `serve FILE…` shows, empty is all
    databases: Mapping[str, str] = field(default_factory=dict, repr=False)  #: by name the URL of a database on a server
    state: str = field(default="", repr=False)  #: URL of the users, runs …; empty is a file in .frontdesk/
    log_index: str = field(default="", repr=False)  #: not a setting of its own: `[databases] logs`
    logs: LogSettings = field(default_factory=LogSettings)
    functions: FunctionSettings = field(default_factory=FunctionSettings)
    files: FileSettings = field(default_factory=FileSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    queries: QuerySettings = field(default_factory=QuerySettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)

    @property
    def state_folder(self) -> Path:
        """The folder that Frontdesk makes for itself inside the desk folder."""
        return self.folder / ".frontdesk"

    @property
    def files_folder(self) -> Path:
        """The folder of the kept files, under the hashes of their contents."""
        return self.state_folder / "files"


OWN = ("state", "logs")
"""Names in `[databases]` that are Frontdesk's own: users and runs; the log index."""
HIDDEN = {"folder", "only", "level_given", "log_index"}
"""Fields that are no settings."""


def load(folder: Path | str, environment: Mapping[str, str] | None = None, **given: Any) -> Config:
    """The settings of the desk in `folder`; `given` (`server={"port": 1}`) goes before the environment and the file.

    Raises ConfigError naming an unknown key with the nearest right one, or a value of the wrong kind.
    """
    folder = Path(folder).resolve()
    only = tuple(given.pop("only", ()))
    values = _read_file(folder / FILE)
    _with_urls(_fill(Config(folder), values, ""))  # by itself first: what is merged over it would hide its faults
    _merge(values, _read_environment(os.environ if environment is None else environment))
    _merge(values, given)
    config = _with_urls(_fill(Config(folder), values, ""))
    logs = replace(config.logs, level_given="level" in values.get("logs", {}))
    _check(config)
    return replace(config, only=only, logs=logs)


def _with_urls(config: Config) -> Config:
    """With every URL in the one way it is written, and Frontdesk's own two databases apart from people's."""
    given = {name: _checked_url(f"[databases] {name}", name, url) for name, url in config.databases.items()}
    state = urls.postgresql("state", config.state) if config.state else ""
    if state and given.get("state", state) != state:
        raise ConfigError("frontdesk.toml: state and [databases] state name two databases.", "Leave one of them out.")
    readers = {
        name: urls.postgresql(f"frontdesk.toml: [queries.readers] {name}", url)
        for name, url in config.queries.readers.items()
    }
    return replace(
        config,
        databases={name: url for name, url in given.items() if name not in OWN},
        state=given.get("state", state),
        log_index=given.get("logs", ""),
        queries=replace(config.queries, readers=readers),
    )


def _checked_url(label: str, name: str, url: str) -> str:
    if not name.strip() or not name.isprintable() or "/" in name or name in {".", ".."}:
        raise ConfigError(
            f"frontdesk.toml: {urls.masked(name)!r} in [databases] cannot be a database's name.", 'Write shop = "URL".'
        )
    return urls.postgresql(f"frontdesk.toml: {label}", url)


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}.", "See docs/settings.md for an example.") from error
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be opened: {error.strerror}.") from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """`FRONTDESK_SERVER_PORT=8001` as `{"server": {"port": 8001}}`."""
    values: dict[str, Any] = {}
    for item in fields(Config):
        default = getattr(Config(Path()), item.name)
        if is_dataclass(default):
            for inner in fields(default):
                _take(environment, f"{item.name}_{inner.name}", values.setdefault(item.name, {}), inner.name, default)
        else:
            _take(environment, item.name, values, item.name, Config(Path()))
    for variable, text in environment.items():
        for start, place in _NAMED.items():
            if variable.startswith(start) and variable != start:
                by_name = functools.reduce(lambda inside, name: inside.setdefault(name, {}), place, values)
                by_name[variable.removeprefix(start).lower()] = text
    return {name: value for name, value in values.items() if value != {}}


_NAMED = {"FRONTDESK_DATABASES_": ("databases",), "FRONTDESK_QUERIES_READERS_": ("queries", "readers")}
"""What variables begin with that go on with the name of a database."""


def _take(environment: Mapping[str, str], variable: str, values: dict[str, Any], name: str, default: Any) -> None:
    text = environment.get(f"FRONTDESK_{variable.upper()}")
    if text is None or name in HIDDEN:
        return
    kind = type(getattr(default, name))
    if kind is bool:
        values[name] = text.lower() in {"1", "true", "yes", "on"}
    elif kind in {int, float}:
        values[name] = _number(kind, text, f"FRONTDESK_{variable.upper()}")
    elif kind is tuple:
        values[name] = text.split(",")
    elif kind is str:
        values[name] = text


def _number(kind: type, text: str, variable: str) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise ConfigError(f"{variable} is {text!r}, which is no number.") from error


def _merge(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(values.get(name), dict):
            _merge(values[name], value)
        elif value is not None:
            values[name] = dict(value) if isinstance(value, Mapping) else value


def _fill(settings: Any, values: Mapping[str, Any], place: str) -> Any:
    known = [item.name for item in fields(settings) if item.name not in HIDDEN]
    hints = get_type_hints(type(settings))
    filled: dict[str, Any] = {}
    for name, value in values.items():
        label = f"[{place}] {name}" if place else name
        if name not in known:
            raise ConfigError(f"frontdesk.toml: unknown key {label}.", _nearest(name, known))
        current = getattr(settings, name)
        if is_dataclass(current):
            _expect(label, value, Mapping)
            filled[name] = _fill(current, value, name)
        else:
            filled[name] = _coerce(label, value, hints[name])
    made: Any = replace(settings, **filled)
    return made


def _coerce(label: str, value: Any, hint: Any) -> Any:
    kind = get_origin(hint) or hint
    if isinstance(kind, UnionType):  # pragma: no cover - no setting is a union
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is tuple:
        _expect(label, value, (list, tuple))
        return tuple(str(item) for item in value)
    if kind is int and isinstance(value, bool):
        raise ConfigError(f"frontdesk.toml: {label} takes a whole number, not {value!r}.")
    _expect(label, value, kind)
    if kind is Mapping:
        return {str(name): str(item) for name, item in value.items()}
    return value


_EXPECTED = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def _expect(label: str, value: Any, kind: Any) -> None:
    if not isinstance(value, kind):
        what = _EXPECTED.get(kind, "a table" if kind is Mapping else "a list")
        given = "" if urls.names_one(value) else f", not {value!r}"  # it may hold a password
        raise ConfigError(f"frontdesk.toml: {label} takes {what}{given}.")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(known)}."


def _check(config: Config) -> None:
    _check_logs(config)
    if config.server.server not in {"waitress", "granian"}:
        raise ConfigError(f'frontdesk.toml: [server] server is "waitress" or "granian", not {config.server.server!r}.')
    for section in ("functions", "queries"):
        if getattr(config, section).seconds <= 0:
            raise ConfigError(f"frontdesk.toml: [{section}] seconds is more than 0.")
    for section, names in _AT_LEAST_ONE.items():
        for name in names:
            if getattr(getattr(config, section), name) < 1:
                raise ConfigError(f"frontdesk.toml: [{section}] {name} is at least 1.")
    for name in ("keep_days", "keep_changes"):
        if getattr(config.history, name) < 0:
            raise ConfigError(f"frontdesk.toml: [history] {name} is at least 0, which keeps everything.")


_AT_LEAST_ONE = {
    "logs": ("keep_days",),
    "functions": ("workers", "queue"),
    "files": ("max_bytes",),
    "server": ("processes", "threads", "max_body"),
    "sessions": ("idle_hours", "days"),
}


def _check_logs(config: Config) -> None:
    logs = config.logs
    for name, level in {
        "[logs] level": logs.level,
        **{f"[logs.levels] {n}": v for n, v in logs.levels.items()},
    }.items():
        if level.upper() not in LEVELS:
            raise ConfigError(f"frontdesk.toml: {name} is no level: {level!r}.", f"Levels: {', '.join(LEVELS)}.")
    if logs.file_mode not in {"a", "w"}:
        raise ConfigError(f'frontdesk.toml: [logs] file_mode is "a" or "w", not {logs.file_mode!r}.')
    if logs.file and ((config.folder / logs.file).is_dir() or not (config.folder / logs.file).parent.is_dir()):
        raise ConfigError(
            f"frontdesk.toml: [logs] file cannot be {logs.file!r}.", "Name a file in a folder that is there."
        )
    try:
        logging.Formatter(logs.format, logs.date_format).format(logging.makeLogRecord({}))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"frontdesk.toml: [logs] format cannot be used: {error}.", _FORMAT_HINT) from error


_FORMAT_HINT = 'Write it as for logging.basicConfig, such as "%(asctime)s - %(name)s - %(levelname)s - %(message)s".'
