"""The one list of what differs between the engines: how a driver's errors, kinds and texts are read."""

import re
import sqlite3

from sqlalchemy import ColumnElement, func

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
    "SQLITE_INTERRUPT": (errors.OperationalError, "The statement was interrupted.", ""),
    "SQLITE_TOOBIG": (errors.DataError, "A value is too big for the database.", "At most 1,000,000,000 bytes."),
    "SQLITE_MISMATCH": (errors.DataError, "A value does not fit its column's type.", ""),
}


def translate(error: BaseException) -> errors.DatabaseError:
    """The driver's error as ours, with a sentence that a person can act on."""
    if isinstance(error, sqlite3.Error):
        return _translate_sqlite(error)
    return errors.DatabaseError(str(error))


def _translate_sqlite(error: sqlite3.Error) -> errors.DatabaseError:
    message = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    for prefix, (kind, sentence, hint) in _BY_CODE.items():
        if code.startswith(prefix):
            return kind(sentence, hint)
    if isinstance(error, sqlite3.IntegrityError):
        return _integrity(message)
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
    return errors.IntegrityError(sentence, "", rule.lower().replace(" ", "_"), columns if rule != "FOREIGN KEY" else ())


def kind_of(declared: str) -> str:
    """The kind of a column by its declared type, by SQLite's own rules of affinity and the common names."""
    name = declared.upper()
    if name == "":
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


def contains(column: ColumnElement[str], text: str, *, start: bool = False, end: bool = False) -> ColumnElement[bool]:
    """Whether the column holds `text` without regard to case, for every alphabet; `start` and `end` anchor it.

    SQLite's LIKE folds ASCII only, so text beyond ASCII goes through our own `frontdesk_fold`.
    """
    if not text.isascii():
        column, text = func.frontdesk_fold(column), text.casefold()
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    pattern = f"{'' if start else '%'}{escaped}{'' if end else '%'}"
    return column.like(pattern, escape="\\")


def fold(value: object) -> str | None:
    """The text without regard to case, as the SQL function `frontdesk_fold`."""
    return None if value is None else str(value).casefold()
