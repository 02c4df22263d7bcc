"""Rows on their way into a table of PostgreSQL, without those that the server cannot read."""

from collections.abc import Sequence

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database.postgresql import copies
from frontdesk.database.postgresql import loads as server


def fill(connection: Connection, names: Sequence[str], lines: Sequence[str]) -> dict[int, str]:
    """Copies lines that begin with their place into the stage; gives the places of refused ones with the reason."""
    refused: dict[int, str] = {}
    waiting = [list(lines)] if lines else []
    while waiting:
        part = waiting.pop()
        refusal = _copy(connection, names, part)
        if refusal is None:
            continue
        at = refusal.row
        if at is None or not isinstance(refusal.error, (errors.DataError, errors.IntegrityError)):
            raise refusal.error from refusal
        refused[int(part[at].partition("\t")[0])] = refusal.sentence
        waiting += [rest for rest in (part[at + 1 :], part[:at]) if rest]
    return refused


def _copy(connection: Connection, names: Sequence[str], lines: Sequence[str]) -> copies.Refused | None:
    """Copies all lines or none."""
    try:
        with (
            connection.begin_nested(),
            copies.copying(connection, server.STAGE, (server.PLACE, *names)) as write,
        ):
            write("\n".join([*lines, ""]))
    except copies.Refused as refusal:
        return refusal
    return None
