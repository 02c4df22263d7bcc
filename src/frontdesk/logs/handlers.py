"""Where log records go: a JSON line of this process's own file, a plain text file, the console."""

import contextlib
import fcntl
import json
import logging
import os
import re
import sys
import time
import traceback
import weakref
from collections.abc import Mapping
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, TextIO

from frontdesk import context
from frontdesk.config import Config, LogSettings

ROTATE_BYTES = 16_000_000
"""A process starts a new JSON-lines file when its own has grown to this size."""

LOST = "A log record could not be written: %s\n"

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRET_FIELD = re.compile(r"authorization|cookie|passw|secret|token|api_?key", re.IGNORECASE)
_SECRET = re.compile(r"\b(fd[ls]?_)[A-Za-z0-9_-]{20,}|(://[^\s:/@]+:)[^\s:/@]+(?=@)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def configure(config: Config, process: str = "web", empties: bool = False) -> None:
    """Puts our handlers on the root logger, in the place of those of an earlier call; levels are `loggers.apply`'s.

    `process` stands in the file's name. `empties` (the main process of `serve` only) obeys `file_mode = "w"`.
    """
    remove()
    settings = config.logs
    ours: list[logging.Handler] = [JsonLines(folder_of(config), process)]
    if settings.file:
        path = config.folder / settings.file
        ours.append(_formatted(TextFile(path, empties and settings.file_mode == "w"), settings))
    if settings.console:
        ours.append(_formatted(Console(), settings))
    _installed[:] = ours
    restore()


def remove() -> None:
    """Takes our handlers off the root logger and closes them."""
    for handler in _installed:
        logging.getLogger().removeHandler(handler)
        handler.close()
    _installed.clear()


def restore() -> None:
    """Puts our handlers back on the root logger where something has taken them off."""
    root = logging.getLogger()
    for handler in _installed:
        if handler not in root.handlers:
            root.addHandler(handler)


def evict(before: list[logging.Handler]) -> list[logging.Handler]:
    """Takes every handler off the root logger that is neither ours nor in `before`; answers those that were taken."""
    root = logging.getLogger()
    strange = [handler for handler in root.handlers if handler not in before and handler not in _installed]
    for handler in strange:
        root.removeHandler(handler)
        handler.close()
    restore()
    return strange


def installed() -> bool:
    """Whether `configure` was called in this process."""
    return bool(_installed)


def dropped() -> int:
    """How many records of this process could not be written, to any of the places."""
    return sum(handler.dropped for handler in _everyone)


def report(levels: Mapping[str, int]) -> None:
    """Writes the levels that user code gave its loggers to the JSON lines, for the page of all loggers."""
    for handler in _installed:
        if isinstance(handler, JsonLines):
            handler.write(json.dumps({"levels": dict(levels)}) + "\n")


def logging_handler(desk: str | Path = ".") -> logging.Handler:
    """A handler for your own program: its records appear in the logs of the desk in that folder."""
    return JsonLines(Path(desk).resolve() / ".frontdesk" / "logs", "app")


def folder_of(config: Config) -> Path:
    """Where the processes of a desk keep their JSON-lines files."""
    return config.state_folder / "logs"


class _Counting(logging.Handler):
    """A handler that never raises: what could not be written is counted."""

    dropped = 0

    def __init__(self) -> None:
        super().__init__()
        _everyone.add(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record, or counts it as dropped."""
        try:
            self.write(self.line(record))
        except Exception:  # noqa: BLE001 - logging must not end what it reports on
            self.dropped += 1

    def line(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return self.format(record) + "\n"

    def write(self, line: str) -> None:
        """Writes the text, or raises."""
        raise NotImplementedError


class _Appending(_Counting):
    """Appends each line by one system call, so that lines of several processes never mix and kill -9 takes none."""

    def __init__(self) -> None:
        super().__init__()
        self._file: int | None = None
        self._size = 0
        self._torn = False
        _appending.add(self)

    def write(self, line: str) -> None:
        """Appends the text; after a write that ended half-way the next one begins a new line."""
        data = line.encode("utf-8", "replace")
        file = self._open_once()
        if self._torn:
            data = b"\n" + data
        written = os.write(file, data)
        self._size += written
        self._torn = written < len(data)
        if self._torn:
            raise OSError("no space left")

    def close(self) -> None:
        """Closes the file; a record that comes afterwards opens it again."""
        self.acquire()
        try:
            self.forget()
        finally:
            self.release()
        super().close()

    def forget(self) -> None:
        """Closes the file descriptor, as a forked child does with its parent's."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def _open_once(self) -> int:
        if self._file is None:
            self._file, self._size, self._torn = self._open(), 0, False
        return self._file

    def _open(self) -> int:
        raise NotImplementedError


class JsonLines(_Appending):
    """Each record as one JSON line of a file of this process's own, in the kernel's hands before the call returns."""

    def __init__(self, folder: Path, process: str) -> None:
        super().__init__()
        self._folder = folder
        self._process = process

    def line(self, record: logging.LogRecord) -> str:
        """The record as JSON; what the index needs, and nothing that is a secret."""
        parts = [
            f'{{"time":{int(record.created * 1_000_000)},"level":{record.levelno},"logger":{_quote(record.name)}',
            f',"pid":{record.process or os.getpid()},"message":{_quote(_without_secrets(message_of(record)))}',
        ]
        if record.exc_info or record.exc_text or record.stack_info:
            parts.append(f',"exception":{_quote(_without_secrets(_exception_of(record)))}')
        if extra := record.__dict__.keys() - _STANDARD:
            parts.append(f',"fields":{_json_of({name: record.__dict__[name] for name in sorted(extra)})}')
        if (run := context.run.get()) is not None:
            parts.append(f',"run":{run}')
        for name, value in (("request", context.request.get()), ("user", context.user.get())):
            if value is not None:
                parts.append(f',"{name}":{_quote(value)}')
        return "".join(parts) + "}\n"

    def write(self, line: str) -> None:
        """Appends the line and starts a new file when this one is full."""
        super().write(line)
        if self._size >= ROTATE_BYTES:
            self.forget()

    def _open(self) -> int:
        """A new file, locked for as long as its processes live, so that the carrier knows whether more will come."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = self._folder / f"{time.time_ns():020}.{self._process}.{os.getpid()}.jsonl"
            try:
                file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            fcntl.flock(file, fcntl.LOCK_SH)
            if os.fstat(file).st_nlink:
                return file
            os.close(file)  # the carrier took the empty file away before it was locked


class TextFile(_Appending):
    """A plain text file, as `logging.basicConfig(filename=…)` writes it, for several processes at once."""

    def __init__(self, path: Path, empty: bool = False) -> None:
        super().__init__()
        self._path = path
        with contextlib.suppress(OSError):
            if empty:
                path.write_bytes(b"")

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


class Console(_Counting):
    """The standard error stream, whatever it is at the moment."""

    def write(self, line: str) -> None:
        """Writes the line at once."""
        stream: TextIO | None = sys.stderr
        if stream is None:
            return
        try:
            stream.write(line)
        except UnicodeEncodeError:
            stream.write(line.encode("ascii", "backslashreplace").decode())
        stream.flush()


class PlainFormatter(logging.Formatter):
    """The standard formatter, with control characters escaped and all lines of a record but its first indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text that no message can forge or colour."""
        record.message = message_of(record)
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        text = self.formatMessage(record)
        if exception := _exception_of(record):
            text += "\n" + exception
        return printable(_without_secrets(text))


def printable(text: str) -> str:
    """The text with control characters escaped, and every line but the first indented."""
    return _CONTROL.sub(_escaped, text).replace("\n", "\n    ")


def message_of(record: logging.LogRecord) -> str:
    """The record's message, also where its arguments do not fit its format."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a wrong format is the caller's slip, and still worth a record
        return f"{_shown(record.msg)} {_shown(record.args)}"


def _formatted(handler: logging.Handler, settings: LogSettings) -> logging.Handler:
    handler.setFormatter(PlainFormatter(settings.format, settings.date_format))
    return handler


def _exception_of(record: logging.LogRecord) -> str:
    text = record.exc_text or ""
    if record.exc_info and not text:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return "\n".join(part for part in (text, record.stack_info) if part)


def _json_of(fields: Mapping[str, Any]) -> str:
    try:
        return json.dumps(_without_secret_fields(fields), ensure_ascii=False, default=_shown, skipkeys=True)
    except Exception:  # noqa: BLE001 - a value that holds itself, or keys that cannot be sorted out
        return json.dumps(_without_secret_fields({name: _shown(value) for name, value in fields.items()}))


def _without_secret_fields(fields: Mapping[Any, Any]) -> dict[Any, Any]:
    return {
        name: "***"
        if _SECRET_FIELD.search(str(name))
        else _without_secret_fields(value)
        if isinstance(value, dict)
        else _without_secrets(value)
        if isinstance(value, str)
        else value
        for name, value in fields.items()
    }


def _without_secrets(text: str) -> str:
    """The text without our own tokens and links, and without passwords of database URLs."""
    if "fd" not in text and "://" not in text:
        return text
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}***", text)


def _shown(value: object) -> str:
    try:
        return str(value) if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__} that cannot be shown>"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _after_fork() -> None:
    for handler in _appending:
        handler.forget()


_quote = encode_basestring
_installed: list[logging.Handler] = []
_everyone: weakref.WeakSet[_Counting] = weakref.WeakSet()
_appending: weakref.WeakSet[_Appending] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
