"""Conditions and SELECTs that a person typed for a definition: looked at before they become a part of one."""

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import statements
from frontdesk.database.postgresql import tokens
from frontdesk.database.sqlite import definitions
from frontdesk.database.sqlite.drivers import driver_of

LONGEST = 10_000
SECONDS = 2.0
_OPEN = frozenset("'\"`[")
_QUERIES = frozenset({"select", "with", "values"})


def problem(dialect: str, text: object) -> str:
    """Why a text cannot be a condition; empty where it can."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or "\0" in text:
        return "Write a condition, such as age > 0."
    found = _words(dialect, text)
    depth = 0
    for one in found:
        depth += (one == "(") - (one == ")")
        if depth < 0:
            break
    if depth:
        return "The brackets do not match."
    if ";" in found or any(one in _OPEN for one in found):
        return "Write one condition, its quotes closed."
    if any(one.startswith(("--", "/*")) for one in found):
        return "Write it without comments."
    if any(one.casefold() in _QUERIES for one in found):
        return "A condition holds no query: it looks at one row."
    if any("frontdesk" in one.casefold() and one[0] != "'" for one in found):
        return "Names with frontdesk are Frontdesk's own."
    return ""


def _words(dialect: str, text: str) -> list[str]:
    """The tokens of the engine's SQL; what opens a quote and does not close it is that sign alone."""
    if dialect != "postgresql":
        return [one for one in definitions.written(text) if not one.isspace()]
    found = [one for one in tokens.split(text) if not one.text.isspace()]
    return ["'" if one.kind == "text" and not _closes(one.text) else one.text for one in found]


def _closes(text: str) -> bool:
    return len(text) > 1 and text[-1] in "'$" and text.count("'") % 2 == 0


def check_select(connection: Connection, select: str) -> None:
    """Raises InputError with the database's sentence where what is to be a view is no SELECT of what is shown."""
    if connection.dialect.name == "sqlite":
        if "_frontdesk_" in select.casefold():
            raise errors.InputError(errors={"sql": "Frontdesk's own tables are not shown."})
        sql = f"SELECT * FROM ({select}\n) LIMIT 0"  # noqa: S608 - guarded
        statements.execute(driver_of(connection), sql, {}, SECONDS, statements.WritingGuard())
        return
    from frontdesk.database.postgresql import rules  # its driver is an extra

    rules.check_reading(select)
    rules.check_writing(f"CREATE VIEW made AS {select}")
