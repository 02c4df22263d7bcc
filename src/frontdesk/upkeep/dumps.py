"""A whole database taken out: as SQL, or as a SQLite file, without what is Frontdesk's own."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from frontdesk.database import copying as engines
from frontdesk.database.connections import Database
from frontdesk.database.sqlite import dumps
from frontdesk.errors import InputError
from frontdesk.tables import exports
from frontdesk.upkeep import copies

FORMATS = {form: exports.FORMATS[form] for form in ("sqlite", "sql")}
"""The formats and their content types."""


@dataclass(frozen=True)
class Dump:
    """A database on its way out: iterate over it for the bytes."""

    database: Database
    format: str

    @property
    def content_type(self) -> str:
        """The content type of the bytes."""
        return FORMATS[self.format]

    @property
    def disposition(self) -> str:
        """The header that makes a browser save the bytes under the database's name."""
        return exports.disposition(f"{self.database.name}.{self.format}")

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in one view of the database: what is written meanwhile is not among them."""
        yield from self._script() if self.format == "sql" else dumps.file(self._fill)

    def _script(self) -> Iterator[bytes]:
        with self.database.snapshot() as connection, engines.reader(connection).moment(connection):
            for piece in dumps.whole(connection):
                yield piece.encode()

    def _fill(self, path: Path) -> None:
        if self.database.dialect == "sqlite":
            dumps.copy(self.database.path, path)
        else:
            copies.copy(self.database, path, lambda _: nullcontext(lambda *_: None), as_text=True, history=False)


def dump(database: Database, form: str) -> Dump:
    """All tables and views of the database; a SQLite file of one on PostgreSQL keeps as text what SQLite cannot hold.

    Raises InputError for another format, and for SQL where the database is on PostgreSQL.
    """
    if form not in FORMATS:
        raise InputError(
            errors={"format": f"A whole database is exported as {' or '.join(FORMATS)}; a table as anything else too."}
        )
    if form == "sql":
        exports.check_sql(database)
    return Dump(database, form)
