"""The one list of what differs between the engines: how a driver's errors, kinds and texts are read."""

import re
import sqlite3
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement, literal

from frontdesk import errors

_CONSTRAINT = re.compile(r"^(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?$", re.DOTALL)

_BY_CODE: dict[str, tuple[type[errors.DatabaseError], str, str]] = {
    "SQLITE_BUSY": (
        errors.BusyError,
        "The database is busy: another program holds its lock.",
        "Try again in a moment.",
    ),
    "SQLITE_LOCKED": (errors.BusyError, "The table is locked by another statement.", "Try again in a moment."),
    "SQLITE_FULL": (errors.DiskFullError, "The disk is full; nothing was changed.", "Make space and try again."),
    "SQLITE_NOTADB": (
        errors.OperationalError,
        "This file is not a SQLite database.",
        "Check the file's name, or move it away.",
    ),
    "SQLITE_CORRUPT": (
        errors.OperationalError,
        "The database file is damaged.",
        "Restore it from a backup, or try `sqlite3 FILE .recover`.",
    ),
    "SQLITE_READONLY": (
        errors.OperationalError,
        "The database cannot be written.",
        "Check the file's and its folder's permissions.",
    ),
    "SQLITE_CANTOPEN": (
        errors.OperationalError,
        "The database file cannot be opened.",
        "Check that it is there and can be read.",
    ),
    "SQLITE_IOERR": (
        errors.OperationalError,
        "The disk failed while the database was read or written.",
        "Look at the system's log.",
    ),
    "SQLITE_INTERRUPT": (errors.InterruptedError, "The statement was interrupted.", ""),
    "SQLITE_TOOBIG": (errors.DataError, "A value is too big for the database.", "At most 1,000,000,000 bytes."),
    "SQLITE_MISMATCH": (errors.DataError, "A value does not fit its column's type.", ""),
}


def is_drivers(error: BaseException) -> bool:
    """Whether a driver raised it."""
    return isinstance(error, sqlite3.Error) or _is_psycopgs(error)


def _is_psycopgs(error: BaseException) -> bool:
    return any(one.__module__.startswith("psycopg") for one in type(error).__mro__)


def translate(error: BaseException) -> errors.Error:
    """The driver's error as ours, with a sentence that a person can act on."""
    if isinstance(error, sqlite3.Error):
        return _translate_sqlite(error)
    if _is_psycopgs(error):
        from frontdesk.database.postgresql import faults  # an extra: where there is such an error, there is the driver

        return faults.translate(error)  # type: ignore[arg-type]
    return errors.DatabaseError(str(error))


def _translate_sqlite(error: sqlite3.Error) -> errors.DatabaseError:
    message = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    for prefix, (kind, sentence, hint) in _BY_CODE.items():
        if code.startswith(prefix):
            return kind(sentence, hint)
    if isinstance(error, sqlite3.IntegrityError):
        return _integrity(message)
    if message == "user-defined function raised exception":  # ours are given every value of a row that changes
        return errors.DataError(
            "A text of a row that would change is no UTF-8, which no history can keep.",
            "Mend it with another program first.",
        )
    kinds = (errors.ProgrammingError, errors.OperationalError, errors.DataError, errors.NotSupportedError)
    for ours in (*kinds, errors.InternalError, errors.InterfaceError):
        if type(error).__name__ == ours.__name__:
            return ours(message)
    return errors.DatabaseError(message)


def _integrity(message: str) -> errors.IntegrityError:
    found = _CONSTRAINT.match(message)
    if found is None:
        return errors.IntegrityError(message)
    rule, detail = found[1], found[2] or ""
    columns = [part.strip().rpartition(".")[2] for part in detail.split(", ")] if rule != "CHECK" else []
    listed = ", ".join(columns)
    sentence = {
        "UNIQUE": f"Another row has the same {listed}.",
        "NOT NULL": f"{listed} needs a value.",
        "CHECK": f"The table's rule {detail!r} forbids this value.",
        "FOREIGN KEY": "A row refers to a row that is not there.",
    }[rule]
    named = detail if rule == "CHECK" else ""
    return errors.IntegrityError(
        sentence, "", rule.lower().replace(" ", "_"), columns if rule != "FOREIGN KEY" else (), named
    )


def kind_of(declared: str) -> str:
    """The kind of a column by its declared type, by SQLite's own rules of affinity and the common names."""
    name = declared.upper()
    if name in {"", "ANY"}:
        return "any"
    if name.startswith("BOOL"):
        return "boolean"
    if name.startswith(("TIMESTAMP", "DATETIME")):
        return "datetime"
    if name == "DATE":
        return "date"
    if name.startswith("JSON"):
        return "json"
    if "INT" in name:
        return "integer"
    if any(word in name for word in ("CHAR", "CLOB", "TEXT", "UUID")):
        return "text"
    if "BLOB" in name or name == "BYTEA":
        return "file"
    if any(word in name for word in ("REAL", "FLOA", "DOUB")):
        return "real"
    return "number" if any(word in name for word in ("NUM", "DEC", "MONEY")) else "text"


class Contains(FunctionElement[bool]):
    """Whether a text holds another one without regard to case, for every alphabet."""

    type = Boolean()
    inherit_cache = True
    name = "frontdesk_contains"


def contains(column: ColumnElement[str], text: str, *, start: bool = False, end: bool = False) -> ColumnElement[bool]:
    """Whether the column holds `text` without regard to case, for every alphabet; `start` and `end` anchor it."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    pattern = f"{'' if start else '%'}{escaped}{'' if end else '%'}"
    found = _ContainsPlain if text.isascii() else _ContainsFolded
    return found(column, literal(pattern if text.isascii() else pattern.casefold(), Text()))


class _ContainsPlain(Contains):
    """Of text within ASCII, which SQLite's LIKE folds by itself."""

    inherit_cache = True


class _ContainsFolded(Contains):
    """Of text beyond ASCII, which goes through our own `frontdesk_fold` on SQLite."""

    inherit_cache = True


@compiles(_ContainsPlain)
def _plain(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern = (compiler.process(part, **kw) for part in element.clauses)
    return f"({column} LIKE {pattern} ESCAPE '\\')"


@compiles(_ContainsFolded)
def _folded(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern = (compiler.process(part, **kw) for part in element.clauses)
    # As bytes, since the driver gives no function a text that is no UTF-8.
    return f"(frontdesk_fold(CAST({column} AS BLOB)) LIKE {pattern} ESCAPE '\\')"


@compiles(_ContainsPlain, "postgresql")
@compiles(_ContainsFolded, "postgresql")
def _postgresql(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    """By the server's own Unicode, whatever the database's locale is: PostgreSQL 18 folds, older ones lower."""
    column, pattern = (compiler.process(part, **kw) for part in element.clauses)
    version = getattr(compiler.dialect, "server_version_info", None) or (18,)
    if version >= (18,):
        return f"(casefold(({column}) COLLATE pg_unicode_fast) LIKE casefold(({pattern}) COLLATE pg_unicode_fast))"
    if version >= (17,):
        return f"(lower(({column}) COLLATE pg_c_utf8) LIKE lower(({pattern}) COLLATE pg_c_utf8))"
    return f"({column} ILIKE {pattern})"


def fold(value: object) -> str | None:
    """The text, or that of the bytes, without regard to case, as the SQL function `frontdesk_fold`."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return None if value is None else text.casefold()
