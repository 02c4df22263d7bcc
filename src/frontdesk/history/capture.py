"""Every change of rows is recorded: on SQLite by triggers, on PostgreSQL by the verbs that make it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from frontdesk import config as settings
from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import files, schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.database.sqlite import drivers
from frontdesk.history import triggers, verbs
from frontdesk.history.entries import Where


class Recorder(Protocol):
    """Records what is changed through one connection."""

    @property
    def ids(self) -> list[int]: ...
    def begin(self, operation: str | None = None, undoes: int | None = None) -> None: ...
    def label(self, operation: str | None, undoes: int | None = None) -> None: ...
    def resume(self, operation: str, undoes: int) -> None: ...
    def prepare(self) -> None: ...
    def remove(self) -> None: ...
    def leave_out(self, table: str) -> None: ...
    def rename(self, table: str, new: str) -> None: ...
    def enter(self, table: str, operation: str, columns: Sequence[str], key: Sequence[str]) -> int: ...
    def record_schema(
        self, table: str, *, before: str | None = None, after: str | None = None, steps: Sequence[Any] | None = None
    ) -> int: ...
    def lock(self, table: Table, keys: Iterable[Sequence[Any]]) -> None: ...
    def insert(self, connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]: ...
    def update(self, connection: Connection, table: Table, where: Where, row: Mapping[str, Any]) -> int: ...
    def delete(self, connection: Connection, table: Table, where: Where) -> int: ...


def lock(connection: Connection, table: Table, keys: Iterable[Sequence[Any]]) -> None:
    """Has others wait who change the rows with these keys: taken in one order, so that no two wait for each other."""
    recorder_of(connection).lock(table, keys)


def insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Inserts a row, recorded, and gives its key."""
    return recorder_of(connection).insert(connection, table, row)


def update(connection: Connection, table: Table, where: Where, row: Mapping[str, Any]) -> int:
    """Sets columns of the rows that fit, recorded, and gives how many there were."""
    return recorder_of(connection).update(connection, table, where, row)


def delete(connection: Connection, table: Table, where: Where) -> int:
    """Deletes the rows that fit, recorded with all that is deleted or changed along, and gives how many there were."""
    return recorder_of(connection).delete(connection, table, where)


@contextmanager
def recording(
    database: Database, by: Caller, operation: str | None = None, *, trial: bool = False, redefining: bool = False
) -> Iterator[Connection]:
    """A writing transaction whose every change of rows is in the history, by this caller; a trial leaves nothing.

    With `redefining` tables may be given another definition.
    """
    begin = database.trial if trial else database.transaction
    with context.bind(user=by.name), begin(redefining=redefining) as connection:
        if database.dialect == "postgresql":
            connection.info["recorder"] = verbs.Recorder(database, connection)
        recorder = recorder_of(connection)
        recorder.begin(operation)
        recorder.prepare()
        yield connection
    if isinstance(recorder, verbs.Recorder) and recorder.defined:  # whoever looked before the commit saw it as it was
        schema.forget(database)


def recorder_of(connection: Connection) -> Recorder:
    """The recorder of the driver's connection below."""
    recorder: Recorder | None = connection.info.get("recorder")
    if recorder is None:
        recorder = connection.info["recorder"] = triggers.Recorder(drivers.driver_of(connection))
    return recorder


known: dict[Path, Mapping[str, str]] = {}
"""By a desk's folder the URLs of its databases on servers, where the process knows more than frontdesk.toml says."""


def connect(name: str, folder: Path | None = None) -> Any:
    """The driver's own PEP 249 connection to a database of the desk; a file is made when missing.

    What is changed in a file is recorded. A database that the desk's settings name by URL gives psycopg's connection,
    whose changes no history sees. Without `folder` the desk is that of the run, else the one that FRONTDESK_DESK names,
    else the current folder. Where FRONTDESK_READ_ONLY is set, as in the workers of a desk that is served read-only,
    nothing can be changed.
    """
    folder = (folder or Path(os.environ.get("FRONTDESK_DESK", "."))).resolve()
    read_only = bool(os.environ.get("FRONTDESK_READ_ONLY"))
    urls = known[folder] if folder in known else settings.load(folder).databases
    if name in urls:
        from frontdesk.database.postgresql import drivers as postgresql  # its driver is an extra

        return postgresql.open_bare(urls[name], read_only=read_only)
    path = files.find(folder).get(name, folder / (name if Path(name).suffix in files.SUFFIXES else f"{name}.db"))
    connection = drivers.open_recorded(path, read_only=read_only)
    recorder = triggers.Recorder(connection)
    connection.recorder = recorder.before
    connection.ended = recorder.begin
    return connection
