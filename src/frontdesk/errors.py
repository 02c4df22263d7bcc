"""Every exception that Frontdesk raises: one root, with a sentence for the user and a hint for mending it."""

from collections.abc import Mapping, Sequence
from typing import Any


class Error(Exception):
    """What went wrong in one sentence, and what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(Error):
    """The settings, the desk folder or the command cannot be used as they are."""


class InputError(Error):
    """Parseable input with wrong values; `errors` holds a sentence for each wrong field."""

    def __init__(self, message: str = "", hint: str = "", errors: Mapping[str, str] | None = None) -> None:
        self.errors: dict[str, str] = dict(errors or {})
        super().__init__(message or " ".join(self.errors.values()), hint)


class StatementError(InputError):
    """What was typed as SQL is wrong at `line` and `column`, both from 1; `length` is that of the word there.

    `missing` says what is not there, as a kind (column, table, function) and a name; `near` are names to write instead.
    """

    def __init__(self, message: str, line: int, column: int, length: int = 1, missing: tuple[str, str] = ("", "")):
        super().__init__(message, errors={"sql": message})
        self.line, self.column, self.length = line, column, length
        self.missing = missing
        self.near: list[str] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.line, self.column, self.length, self.missing)


class MalformedError(Error):
    """Input that cannot be parsed at all."""


class UnsupportedMediaError(Error):
    """A body of a content type that is not read here."""


class TooLargeError(InputError):
    """Input beyond a size that is documented."""


class NotFoundError(Error):
    """The thing is not there, or not the caller's to see."""


class GoneError(Error):
    """The thing was there once and can be used no more."""


class LoginRequired(Error):
    """Nobody is signed in."""


class PermissionDenied(Error):
    """The caller's role is too low."""


class ConflictError(Error):
    """The thing has changed meanwhile, or something stands in the way; nothing was changed.

    `current` is the row as it is now; `refused` lists `{"key", "reason"}` for each row that blocks an undo.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        current: Mapping[str, Any] | None = None,
        refused: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.current = current
        self.refused = refused


class ThrottledError(Error):
    """Too many tries; the next one is heard after `seconds`."""

    def __init__(self, message: str, hint: str = "", seconds: int = 60) -> None:
        super().__init__(message, hint)
        self.seconds = seconds


class FunctionError(Error):
    """A function raised or its worker died; `run` is the kept run, `error` names the exception."""

    def __init__(self, message: str, hint: str = "", run: int | None = None, error: str = "") -> None:
        super().__init__(message, hint)
        self.run = run
        self.error = error or message


class FunctionTimeout(FunctionError):
    """A function was stopped at its limit of seconds."""


class PageError(Error):
    """A page of the desk's own has a mistake; the message names file and line."""


class DatabaseError(Error):
    """A database refused or failed; the root of the PEP 249 errors. `database` names it where it is known."""

    database = ""


class InterfaceError(DatabaseError):
    """The driver was used in a wrong way."""


class DataError(DatabaseError):
    """A value does not fit its column."""


class OperationalError(DatabaseError):
    """The database could not do it: not there, damaged, unreadable, interrupted."""


class InterruptedError(OperationalError):  # noqa: A001 - a statement was, not a system call
    """A statement was ended before it was done, as at its limit of seconds."""


class IntegrityError(DatabaseError):
    """A constraint forbids it; `rule` is not_null, unique, check or foreign_key, `columns` are concerned.

    `constraint` is the name of a CHECK, or its condition where it has none.
    """

    def __init__(
        self, message: str, hint: str = "", rule: str = "", columns: Sequence[str] = (), constraint: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.rule = rule
        self.columns = tuple(columns)
        self.constraint = constraint


class InternalError(DatabaseError):
    """The database is in an inner mess."""


class ProgrammingError(DatabaseError):
    """The SQL is wrong, or names something that is not there."""


class NotSupportedError(DatabaseError):
    """The database has no such feature."""


class BusyError(OperationalError):
    """Another writer holds the lock, or a queue is full; worth trying again after `seconds`."""

    def __init__(self, message: str, hint: str = "Try again in a moment.", seconds: int = 1) -> None:
        super().__init__(message, hint)
        self.seconds = seconds


class AlteredError(BusyError):
    """Another program has altered the table since it was last looked at."""


class DiskFullError(OperationalError):
    """No space is left; nothing was changed."""
