"""psycopg's errors as ours, with a sentence that a person can act on and never a password."""

import re
from typing import TYPE_CHECKING

from frontdesk import errors
from frontdesk.database.postgresql import versions

if TYPE_CHECKING:
    import psycopg

_KEY = re.compile(r"Key \((?P<columns>.+?)\)=", re.DOTALL)

_NO_VALUE = re.compile(
    r"(?:invalid input (?:syntax|value) for (?:type|enum) (?P<type>[^:]+)"
    r"|malformed (?P<literal>array|range|record) literal|(?:date/time|interval) field value out of range)"
    r"(?:: \"(?P<value>.*)\")?",
    re.DOTALL,
)
_ALTERED = "If it was there a moment ago, another program has changed the table: look at it again."

_BY_STATE: dict[str, tuple[type[errors.Error], str, str]] = {
    "25006": (errors.OperationalError, "The database server only reads, as a standby does.", "Connect to the primary."),
    "40001": (errors.BusyError, "Another transaction changed the same rows.", "Try again in a moment."),
    "40P01": (errors.BusyError, "Another transaction waited for this one.", "Try again in a moment."),
    "42501": (errors.PermissionDenied, "", "Ask who keeps the database for the right to do this."),
    "42703": (errors.ProgrammingError, "", _ALTERED),
    "42P01": (errors.ProgrammingError, "", _ALTERED),
    "42883": (errors.ProgrammingError, "", _ALTERED),
    "42701": (errors.ConflictError, "", "Choose another name."),
    "42710": (errors.ConflictError, "", "Choose another name."),
    "42830": (errors.ConflictError, "", "Refer to a key, or to a column whose values are unique."),
    "42P07": (errors.ConflictError, "", "Choose another name."),
    "428C9": (errors.DataError, "", "The database draws this value by itself: leave it as it is."),
    "53100": (errors.DiskFullError, "The disk is full; nothing was changed.", "Make space and try again."),
    "53200": (errors.OperationalError, "The database server is out of memory.", "Try with fewer rows."),
    "53300": (errors.BusyError, "The database server has no connection left.", "Try again in a moment."),
    "55000": (errors.ProgrammingError, "", "A materialised view is filled by REFRESH MATERIALIZED VIEW."),
    "55P03": (errors.BusyError, "The database is busy: another transaction holds the lock.", "Try again in a moment."),
    "57014": (errors.InterruptedError, "The statement was interrupted.", ""),
    "54000": (errors.DataError, "A value is too big for the database.", ""),
}

_BY_CLASS: dict[str, type[errors.DatabaseError]] = {
    "0A": errors.NotSupportedError,
    "22": errors.DataError,
    "23": errors.IntegrityError,
    "42": errors.ProgrammingError,
    "54": errors.OperationalError,
    "XX": errors.InternalError,
}

LOST = ("08", "57P0", "58")
"""States that mean that the server is gone, or going."""

_REFUSALS = (
    (
        "password authentication failed",
        "The database server refuses the password.",
        "Look at the URL's user and password.",
    ),
    ("no password supplied", "The database server asks for a password.", "Write it into the URL, or into ~/.pgpass."),
    ("no pg_hba.conf entry", "The database server lets nobody in from this machine.", "Look at its pg_hba.conf."),
    ("does not exist", "The database server has no such database or user.", "Look at the URL's names."),
    ("permission denied for database", "This user may not connect to the database.", "Grant it CONNECT."),
)  # fmt: skip


def translate(error: "psycopg.Error") -> errors.Error:
    """The driver's error as ours."""
    state = error.sqlstate or ""
    message = _sentence(error.diag.message_primary or str(error).partition("\n")[0])
    if state.startswith("42"):  # what is known of the tables may be old
        versions.forget()
    if state in _BY_STATE:
        kind, sentence, hint = _BY_STATE[state]
        return kind(sentence or message, hint)
    if state == "0A000" and "cached plan" in message.casefold():
        versions.forget()
        return errors.AlteredError("The table was altered just now.")
    if "cannot contain NUL" in message:  # said by psycopg itself
        return errors.DataError("A text holds the sign NUL (U+0000), which no database text may.", "Leave it out.")
    if found := _NO_VALUE.fullmatch(error.diag.message_primary or ""):
        return errors.DataError(_no_value(found))
    if state.startswith("23"):
        return _integrity(error, message)
    if state == "2BP01":
        needing = "; ".join((error.diag.message_detail or "").splitlines())
        return errors.ConflictError(_sentence(needing) if needing else message, "Delete first what depends on it.")
    if state == "42804" and error.diag.message_detail:
        message = f"{message} {_sentence(error.diag.message_detail)}"
    if state.startswith(LOST) or (not state and type(error).__name__ in {"OperationalError", "ConnectionTimeout"}):
        return unreachable(error)
    for beginning, ours in _BY_CLASS.items():
        if state.startswith(beginning):
            return ours(message)
    ours = getattr(errors, type(error).__name__, errors.DatabaseError)
    return ours(message) if issubclass(ours, errors.DatabaseError) else errors.DatabaseError(message)


def unreachable(error: "psycopg.Error") -> errors.Error:
    """What is said of a server that does not answer, or lets nobody in."""
    text = str(error)
    for part, sentence, hint in _REFUSALS:
        if part in text:
            return errors.OperationalError(sentence, hint)
    if "too many" in text or "remaining connection slots" in text:
        return errors.BusyError("The database server has no connection left.")
    if "resolve" in text or "not known" in text:
        return errors.BusyError("The database server's name leads nowhere.", "Look at the URL's host.", seconds=5)
    return errors.BusyError("The database server cannot be reached.", "It is tried again by itself.", seconds=2)


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def _no_value(found: re.Match[str]) -> str:
    """That a text is no value of a type: `"x" is no uuid.`"""
    kind = found["type"] or {None: "date or time", "array": "list"}.get(found["literal"], found["literal"])
    return f"This is no {kind}." if found["value"] is None else f'"{found["value"]}" is no {kind}.'


def _integrity(error: "psycopg.Error", message: str) -> errors.IntegrityError:
    detail, rule = error.diag.message_detail or "", error.diag.constraint_name or ""
    found = _KEY.search(detail)
    columns = [part.strip().strip('"') for part in found["columns"].split(", ")] if found else []
    listed = ", ".join(columns)
    match error.sqlstate:
        case "23505":
            sentence = f"Another row has the same {listed}." if columns else message
            return errors.IntegrityError(sentence, "", "unique", columns)
        case "23502":
            column = error.diag.column_name or ""
            return errors.IntegrityError(f"{column} needs a value.", "", "not_null", [column])
        case "23514":
            return errors.IntegrityError(f"The table's rule {rule!r} forbids this value.", "", "check", (), rule)
        case "23503" if "still referenced" in detail:
            return errors.IntegrityError("Another row refers to this one.", "", "foreign_key")
        case "23503" | "23001":
            return errors.IntegrityError("A row refers to a row that is not there.", "", "foreign_key", columns)
    return errors.IntegrityError(message, "", "check" if error.sqlstate == "23P01" else "")
