"""A database, or a whole desk, carried from SQLite to PostgreSQL and back: all or nothing, and proved to be equal."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData

from frontdesk import errors, urls
from frontdesk.config import Config
from frontdesk.database import bulk, canonical, copying, files, logs, migrations, state
from frontdesk.database.connections import Database
from frontdesk.database.outlines import Table
from frontdesk.database.sqlite import copying as sqlite
from frontdesk.history import copies as history
from frontdesk.logs import carrier
from frontdesk.upkeep import targets

ROWS = 1000
"""Rows of Frontdesk's own tables that are carried at a time."""

Progress = Callable[[int, int, int], object]
"""Hears of rows carried, rows in all, and once more rows carried."""
Bar = Callable[[str], AbstractContextManager[Progress]]
"""Gives what hears of the progress of the database of this name."""


@dataclass(frozen=True)
class Proof:
    """A table with its rows and their checksum, on both sides the same."""

    table: str
    rows: int
    checksum: str
    same: bool = True


@dataclass(frozen=True)
class Copied:
    """A database that was carried: each table proved, and what is not there as it was."""

    database: str
    tables: tuple[Proof, ...]
    changes: int = 0
    notes: tuple[str, ...] = ()
    place: str = ""

    def json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


@dataclass
class _Walk:
    """How far a copy is."""

    total: int
    progress: Progress
    done: int = field(default=0)

    def go(self, rows: int) -> None:
        self.done += rows
        self.progress(self.done, self.total, self.done)


def copy(source: Database, target: Path | str, bar: Bar, *, as_text: bool = False, history: bool = True) -> Copied:
    """Carries a database to a new SQLite file, or into a PostgreSQL database where nothing is in the way.

    `as_text` keeps columns as text that hold what the other engine's types do not; the `history` goes along. Raises
    InputError naming what does not fit, ConflictError for a target that holds such tables; then nothing was changed.
    """
    server = isinstance(target, str)
    if server == (source.dialect == "postgresql"):
        raise errors.InputError(
            f"Both are {'PostgreSQL' if server else 'SQLite'}.",
            "Copy with pg_dump and psql." if server else "Copy a SQLite file with VACUUM INTO, or as a file.",
        )
    if isinstance(target, str):
        with closing(Database(source.name, target)) as database, targets.filling(database) as writing:
            return replace(_carry(source, writing, bar, as_text, history), place=target)
    with targets.new_file(target) as path, sqlite.making(path) as writing:
        return replace(_carry(source, writing, bar, as_text, history), place=target.name)


def _carry(source: Database, writing: Connection, bar: Bar, as_text: bool, with_history: bool = True) -> Copied:
    with source.snapshot() as reading:
        here, there = copying.reader(reading), copying.writer(writing)
        with here.moment(reading):
            found = here.outline(reading, as_text=as_text)
            if found.misfits:
                raise errors.InputError(
                    f"{source.name} holds values that do not fit: nothing was copied.", _MISFITS, found.misfits
                )
            made = there.make(writing, found)
            pairs = list(zip(found.tables, made.tables, strict=True))
            with bar(source.name) as tell:
                walk = _Walk(sum(table.rows for table in found.tables), tell)
                sums = [_copy_rows(reading, writing, old, new, walk) for old, new in pairs]
            notes = [*found.notes, *made.notes, *there.finish(writing, made)]
            proofs = [_prove(writing, new, sums[place]) for place, new in enumerate(made.tables)]
            named = {table.name: table for table in made.tables}
            changes = history.carry(reading, writing, named) if with_history else 0
            return Copied(source.name, tuple(proofs), changes, tuple(notes))


_MISFITS = "Mend these values, or add --as-text to keep such columns as text."


def _copy_rows(reading: Connection, writing: Connection, old: Table, new: Table, walk: _Walk) -> canonical.Checksum:
    """Carries the rows of a table, and gives the checksum of what was read."""
    seen = canonical.Checksum()

    def blocks() -> Iterator[Sequence[Sequence[Any]]]:
        for block in copying.reader(reading).blocks(reading, old):
            columns = canonical.columns(old.forms, block)
            seen.add(columns)
            yield columns
            walk.go(len(block))

    try:
        copying.writer(writing).put(writing, new, blocks())
    except ValueError as error:
        raise errors.InputError(f"{old.name} cannot be copied: {error}.", _MISFITS) from error
    except (errors.DataError, errors.IntegrityError) as error:
        raise errors.InputError(f"{old.name} cannot be copied: {error.message}") from error
    return seen


def _prove(writing: Connection, table: Table, expected: canonical.Checksum) -> Proof:
    """Reads back what was written. Raises DatabaseError where it is not the same."""
    seen = canonical.Checksum()
    for block in copying.reader(writing).blocks(writing, table):
        seen.add(canonical.columns(table.forms, block))
    if (seen.rows, seen.text()) != (expected.rows, expected.text()):
        raise errors.DatabaseError(
            f"{table.name} is not the same on both sides ({expected.rows:,} rows, {expected.text()[:8]};"
            f" {seen.rows:,} rows, {seen.text()[:8]}): nothing was copied."
        )
    return Proof(table.name, seen.rows, seen.text())


def copy_desk(config: Config, target: Path | str, bar: Bar, *, as_text: bool = False) -> list[Copied]:
    """Carries all databases of a desk, its users and runs, and its logs.

    To a URL: users, runs and logs go into the database that it names, each of the others into one of its own beside
    it, `URL_NAME`, made where it is not there. To a folder, new or empty: all into SQLite files.
    """
    with ExitStack() as stack:
        people = _people(config, stack)
        own = [stack.enter_context(closing(opened(config))) for opened in (state.open, logs.open)]
        carrier.catch_up(config, own[1])
        if isinstance(target, str):
            return _to_server(config, people, own, target, bar, as_text)
        return _to_folder(config, people, own, target, bar, as_text)


def _people(config: Config, stack: ExitStack) -> list[Database]:
    found: dict[str, Path | str] = dict(files.find(config.folder, config.only))
    found |= config.databases
    for path in found.values():
        if isinstance(path, Path) and (problem := files.problem(path)):
            raise errors.OperationalError(problem, "Move it out of the desk's folder, or restore it.")
    databases = [Database(name, place, read_only=True) for name, place in sorted(found.items())]
    return [stack.enter_context(closing(database)) for database in databases]


_OWN: dict[str, tuple[MetaData, str, str]] = {
    "state": (state.metadata, state.REVISION, "users"),
    "logs": (logs.metadata, logs.REVISION, "records"),
}
"""Frontdesk's own databases, with their newest revision and a table that holds something where they are in use."""


def _to_server(
    config: Config, people: Sequence[Database], own: Sequence[Database], url: str, bar: Bar, as_text: bool
) -> list[Copied]:
    moving = [database for database in people if database.dialect == "sqlite"]
    if all(database.dialect == "postgresql" for database in own) and not moving:
        raise errors.InputError("All of the desk is on PostgreSQL.", "Name a new folder to copy it into SQLite files.")
    beside = {database.name: urls.beside(url, database.name) for database in moving}
    with targets.made_databases(url, [urls.database(one) for one in beside.values()]), ExitStack() as stack:
        done = [Copied(database.name, (), place=str(database.place)) for database in people if database not in moving]
        for database in moving:
            place = beside[database.name]
            opened = stack.enter_context(closing(Database(database.name, place)))
            writing = stack.enter_context(targets.filling(opened))
            done.append(replace(_carry(database, writing, bar, as_text), place=place))
        opened = stack.enter_context(closing(Database("state", url, own=True)))
        writing = stack.enter_context(targets.filling(opened))
        return done + [_carry_own(database, writing, bar, url) for database in own if database.dialect == "sqlite"]


def _to_folder(
    config: Config, people: Sequence[Database], own: Sequence[Database], target: Path, bar: Bar, as_text: bool
) -> list[Copied]:
    with targets.new_folder(target.absolute()) as new:
        hidden = new / ".frontdesk"
        hidden.mkdir(mode=0o700)
        done = [_to_file(database, new / f"{_stem(database.name)}.db", bar, as_text) for database in people]
        done += [_own_to_file(database, hidden / f"{database.name}.db", bar) for database in own]
        if config.files_folder.is_dir():
            shutil.copytree(config.files_folder, hidden / "files")
    return done


def _own_to_file(database: Database, path: Path, bar: Bar) -> Copied:
    if database.dialect == "sqlite":
        return _duplicate(database, path)
    with sqlite.making(path) as writing:
        done = _carry_own(database, writing, bar, path.name)
    path.chmod(0o600)
    return done


def _stem(name: str) -> str:
    return Path(name).stem if name.endswith(files.SUFFIXES) else name


def _to_file(database: Database, path: Path, bar: Bar, as_text: bool) -> Copied:
    if database.dialect == "sqlite":
        return _duplicate(database, path)
    with sqlite.making(path) as writing:
        return replace(_carry(database, writing, bar, as_text), place=path.name)


def _duplicate(database: Database, path: Path) -> Copied:
    sqlite.duplicate(database.path, path)
    return Copied(database.name, (), place=path.name)


def _carry_own(source: Database, writing: Connection, bar: Bar, place: str) -> Copied:
    """Carries Frontdesk's own tables with their ids. Raises ConflictError where there are such in use already."""
    metadata, newest, telling = _OWN[source.name]
    migrations.make(writing, source.name, newest, "The target")
    if writing.scalar(sa.select(sa.func.count()).select_from(metadata.tables[telling])):
        raise errors.ConflictError(f"The target holds {telling} of a desk already.", "Copy into an empty database.")
    with source.snapshot() as reading, copying.reader(reading).moment(reading):
        tables = metadata.sorted_tables
        counts = [reading.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]
        for table in reversed(tables):
            writing.execute(sa.delete(table))
        with bar(source.name) as tell:
            walk = _Walk(sum(counts), tell)
            proofs = [_copy_own(reading, writing, table, walk) for table in tables]
    return Copied(source.name, tuple(proofs), place=place)


def _copy_own(reading: Connection, writing: Connection, table: sa.Table, walk: _Walk) -> Proof:
    seen = canonical.Checksum()
    for rows in _rows(reading, table):
        seen.add(_columns(rows))
        if writing.dialect.name == "sqlite":
            writing.execute(sa.insert(table), [row._asdict() for row in rows])
        else:
            bulk.insert(writing, table, rows)
        walk.go(len(rows))
    copying.draw_on(reading, writing, table)
    back = canonical.Checksum()
    for rows in _rows(writing, table):
        back.add(_columns(rows))
    if (back.rows, back.text()) != (seen.rows, seen.text()):
        raise errors.DatabaseError(f"{table.name} is not the same on both sides: nothing was copied.")
    return Proof(table.name, seen.rows, seen.text())


def _rows(connection: Connection, table: sa.Table) -> Iterator[Sequence[Any]]:
    yield from connection.execute(sa.select(table).execution_options(yield_per=ROWS)).partitions()


def _columns(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [
        [value.isoformat() if isinstance(value, datetime) else value for value in column]
        for column in zip(*rows, strict=True)
    ]
