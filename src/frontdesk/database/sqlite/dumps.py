"""A SQLite database, or a table, as SQL that makes it again, and as a file of its own."""

import math
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Column
from frontdesk.database.outlines import quoted_list
from frontdesk.database.sqlite import catalog
from frontdesk.database.sqlite.drivers import driver_of, open_file
from frontdesk.database.sqlite.outlines import translated
from frontdesk.database.values import Undecoded

BLOCK = 100
"""Rows of one INSERT."""
LONGEST = 1_000_000
"""Characters of one INSERT, where a row is not longer by itself."""
PART = 1 << 16
"""Bytes of a file that are given at a time."""
BEGIN = ("PRAGMA foreign_keys = OFF;\n", "PRAGMA ignore_check_constraints = ON;\n", "BEGIN;\n")
"""Rows may refer to later ones, and may have been there before a rule was."""
END = ("COMMIT;\n", "PRAGMA ignore_check_constraints = OFF;\n")
_PLAIN_REAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")
_SCALE = 40

Rows = Sequence[Sequence[Any]]


def whole(connection: Connection) -> Iterator[str]:
    """Everything in the database but what is Frontdesk's own, statement by statement."""
    yield from _everything(driver_of(connection))


def _everything(driver: sqlite3.Connection, source: str = "main") -> Iterator[str]:
    """What makes the database anew that the driver knows as `source`."""
    yield from BEGIN
    sql = f"SELECT type, name, tbl_name, sql FROM {source}.sqlite_master ORDER BY rowid"  # noqa: S608 - a name of ours
    listed = driver.execute(sql).fetchall()
    parts = [part for part in listed if part[3] and not part[1].startswith((OWN, "sqlite_"))]
    parts = [part for part in parts if not part[2].startswith(OWN)]
    virtual = [part for part in parts if part[0] == "table" and is_virtual(part[3])]
    for part in (part for part in parts if part[0] == "table" and part not in virtual):
        yield f"{part[3]};\n"
        yield from _rows(driver, part[1], source)
    if any(part[1] == "sqlite_sequence" for part in listed):
        yield from _drawn(driver, source)
    for kind in ("index", "view", "trigger"):
        yield from (f"{part[3]};\n" for part in parts if part[0] == kind)
    yield from _virtual(virtual)
    yield from END
    if virtual:
        yield "PRAGMA writable_schema = RESET;\n"


def is_virtual(sql: str) -> bool:
    """Whether a table keeps its rows in others."""
    return sql.upper().startswith("CREATE VIRTUAL")


def _rows(driver: sqlite3.Connection, name: str, source: str) -> Iterator[str]:
    (without,) = driver.execute(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", [name]
    ).fetchone()
    table = catalog.read_table(driver, name, "table", bool(without))
    names = [column.name for column in table.columns if not column.generated]
    names = [table.row_id, *names] if table.row_id else names
    sql = f"SELECT {quoted_list(names)} FROM {source}.{quoted(name)}"  # noqa: S608 - quoted names
    if source != "main":
        yield f"INSERT INTO main.{quoted(name)} ({quoted_list(names)}) {sql};\n"
        return
    with closing(driver.execute(sql)) as cursor:
        yield from inserts(name, names, iter(lambda: cursor.fetchmany(BLOCK), []))


def _drawn(driver: sqlite3.Connection, source: str) -> Iterator[str]:
    """The keys that were drawn last, where none is drawn twice."""
    yield "DELETE FROM sqlite_sequence;\n"
    found = driver.execute(f"SELECT name, seq FROM {source}.sqlite_sequence").fetchall()  # noqa: S608 - a name of ours
    yield from inserts("sqlite_sequence", ["name", "seq"], [[row for row in found if not row[0].startswith(OWN)]])


def _virtual(parts: Sequence[Sequence[str]]) -> Iterator[str]:
    """Virtual tables as entries of the schema: the tables that hold what they show are made already."""
    if parts:
        yield "PRAGMA writable_schema = ON;\n"
        rows = [[(kind, name, table, 0, sql) for kind, name, table, sql in parts]]
        yield from inserts("sqlite_master", ["type", "name", "tbl_name", "rootpage", "sql"], rows)


def table(
    definition: str, after: Sequence[str], name: str, names: Sequence[str], blocks: Iterable[Rows]
) -> Iterator[str]:
    """One table with these rows, and what is made after them, statement by statement."""
    yield from BEGIN
    yield f"{definition};\n"
    yield from inserts(name, names, (block[at : at + BLOCK] for block in blocks for at in range(0, len(block), BLOCK)))
    yield from (f"{sql};\n" for sql in after)
    yield from END


def definitions(connection: Connection, name: str) -> tuple[str, list[str]]:
    """The SQL that makes a table, and its indexes; no SQL where it is a view or keeps its rows in others."""
    found = driver_of(connection).execute(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY rowid", [name]
    )
    made: dict[str, list[str]] = {"table": [], "index": [], "view": [], "trigger": []}
    for kind, sql in found.fetchall():
        made[kind].append(sql)
    own = [sql for sql in made["table"] if not is_virtual(sql)]
    return (own[0], made["index"]) if own else ("", [])


def plain_definition(name: str, columns: Sequence[Column]) -> str:
    """The SQL of a table of these columns with no rules."""
    listed = ", ".join(f"{quoted(column.name)} {_declared(column)}".strip() for column in columns)
    return f"CREATE TABLE {quoted(name)} ({listed})"


_TYPES = {"integer": "INTEGER", "real": "REAL", "boolean": "BOOLEAN", "date": "DATE", "datetime": "DATETIME"}


def _declared(column: Column) -> str:
    """A type that keeps the column's values as they are."""
    if column.array or column.exact:
        return "TEXT"
    return {**_TYPES, "file": "BLOB", "any": "", "number": "NUMERIC"}.get(column.kind, "TEXT")


def inserts(name: str, names: Sequence[str], blocks: Iterable[Rows]) -> Iterator[str]:
    """An INSERT for each block of rows."""
    begin = f"INSERT INTO {quoted(name)} ({quoted_list(names)}) VALUES\n"
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as tried:
        for block in blocks:
            cells = [_literals(tried, column) for column in zip(*block, strict=True)]
            lines = [f"({','.join(row)})" for row in zip(*cells, strict=True)]
            yield from (begin + ",\n".join(part) + ";\n" for part in _parts(lines))


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines in parts of moderate length: SQLite takes a thousand million bytes in a statement."""
    part: list[str] = []
    size = 0
    for line in lines:
        if part and size + len(line) > LONGEST:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield part


def _literals(tried: sqlite3.Connection, cells: Sequence[Any]) -> list[str]:
    texts = [_literal(cell) for cell in cells]
    doubtful = [at for at, cell in enumerate(cells) if type(cell) is float and not _PLAIN_REAL.fullmatch(texts[at])]
    if doubtful:  # SQLite does not read every number to its last bit
        listed = ", ".join(texts[at] for at in doubtful)
        for at, read in zip(doubtful, tried.execute(f"SELECT {listed}").fetchone(), strict=True):
            texts[at] = texts[at] if read == cells[at] else _by_parts(cells[at])
    return texts


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        quoted_text = "'" + value.replace("'", "''") + "'"
        return quoted_text if "\0" not in value else _cast(value.encode())
    if isinstance(value, bytes):
        return _cast(value) if isinstance(value, Undecoded) else f"X'{value.hex()}'"
    if isinstance(value, float) and math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def _cast(text: bytes) -> str:
    return f"CAST(X'{text.hex()}' AS TEXT)"


def _by_parts(value: float) -> str:
    """A number as a whole one times powers of two, each step of which is exact."""
    fraction, exponent = math.frexp(value)
    sign, (count, rest) = ("*" if exponent >= 53 else "/"), divmod(abs(exponent - 53), _SCALE)
    steps = [2**_SCALE] * count + [2**rest]
    return f"({int(fraction * 2**53)}*1.0" + "".join(f"{sign}{step}.0" for step in steps) + ")"


def file(fill: Callable[[Path], object]) -> Iterator[bytes]:
    """The bytes of a new file, filled at a place of its own that is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        path = Path(folder) / "new.db"
        fill(path)
        with path.open("rb") as whole:
            yield from iter(lambda: whole.read(PART), b"")


def make(path: Path, statements: Iterable[str]) -> None:
    """A new file of what the statements make. Raises our errors."""
    with _making(path) as driver:
        for statement in statements:
            driver.execute(statement)


def copy(source: Path, path: Path) -> None:
    """A new file of all that `whole` gives, hidden keys too, and of nothing that was deleted. Raises our errors."""
    with _making(path) as driver:
        driver.execute("ATTACH ? AS source", [f"file:{quote(str(source))}?mode=ro"])
        for statement in _everything(driver, "source"):
            driver.execute(statement)


@contextmanager
def _making(path: Path) -> Iterator[sqlite3.Connection]:
    with translated(), closing(open_file(path, create=True)) as driver:
        driver.execute("PRAGMA journal_mode = OFF")
        driver.execute("PRAGMA synchronous = OFF")
        yield driver
