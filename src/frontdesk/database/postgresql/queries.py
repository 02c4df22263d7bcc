"""Typed SQL on PostgreSQL: one statement of a session of its own, within limits, and the session thrown away."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import postgres
from psycopg.types.numeric import Int4, Int8
from sqlalchemy import make_url

from frontdesk import errors
from frontdesk.database import places, queries
from frontdesk.database.definitions import OWN
from frontdesk.database.postgresql import OWN_SCHEMA, drivers, faults, rules, tokens
from frontdesk.database.queries import LONGEST_VALUE, ROWS, Answer, overrun, wrong
from frontdesk.errors import BusyError, OperationalError

LONGEST_SENTENCE = 300
LOCK_SECONDS = 2.0
"""How long a statement waits for another one's lock."""
NO_LOGIN = "`frontdesk check` says how to mend it; `frontdesk check --fix` makes another one where it made this one."

_LIMITS = """
SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {lock};
SET LOCAL standard_conforming_strings = on; SET LOCAL client_connection_check_interval = 500;
SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL work_mem = '16MB'
"""
_ROW_ID = f"{OWN}row"
_DECLARE = b"DECLARE typed NO SCROLL CURSOR FOR "

_POWERS = f"""
SELECT CASE
  WHEN rolsuper THEN 'is a superuser' WHEN rolcreaterole THEN 'may make roles'
  WHEN to_regnamespace('{OWN_SCHEMA}') IS NOT NULL AND has_schema_privilege('{OWN_SCHEMA}', 'USAGE')
    THEN 'may read Frontdesk''s own tables'
  WHEN pg_has_role('pg_read_server_files', 'MEMBER') OR pg_has_role('pg_write_server_files', 'MEMBER')
    OR pg_has_role('pg_execute_server_program', 'MEMBER') THEN 'reaches the server''s files'
  END
FROM pg_catalog.pg_roles WHERE rolname = session_user"""  # noqa: S608 - a name of ours

_ELSEWHERE = ("08", "40", "55P03", "53100", "53300", "57P", "58", "XX")
"""States that are no fault of the SQL."""
_VERB = re.compile(r"cannot execute ([A-Z ]+) in a read-only transaction")


@dataclass(frozen=True)
class Effect:
    """How many rows of a table a statement inserted, updated or deleted."""

    table: str
    operation: str
    rows: int


@dataclass(frozen=True)
class Done:
    """What a statement that may write gave, and did: `status` is PostgreSQL's word for it, such as `UPDATE 3`."""

    answer: Answer
    status: str
    effects: list[Effect]


def read(
    url: str,
    sql: str,
    parameters: Mapping[str, Any],
    seconds: float,
    *,
    began: float | None = None,
    most: int = ROWS,
    room: int = queries.BYTES,
    whole: bool = False,
) -> Answer:
    """What a query that only reads gives, by a role of its own that can only read; `whole` with the hidden key.

    Raises InputError with the database's sentence where the SQL is wrong, writes, reaches for what is hidden or takes
    longer than `seconds`; OperationalError where the role cannot log in or could do more than read; BusyError.
    """
    here = time.perf_counter()
    until = (here if began is None else began) + seconds
    rules.check_reading(sql)
    text, given = _numbered(sql, parameters)
    with _session(url, reads=True) as connection, _told(until - seconds, seconds, rules.READ_RULE, sql):
        _check_role(connection)
        _limit(connection, max(0.001, until - time.perf_counter()))
        if rules.explains(sql):
            columns, rows, truncated = _stream(connection, text, given, most, room)
            return Answer(columns, rows, truncated, queries.since(here))
        with psycopg.RawCursor(connection) as cursor:  # binary makes it one statement of the extended protocol
            cursor.execute(_DECLARE + text, given, binary=True)
        described = connection.execute("FETCH 0 FROM typed")
        _limit(connection, max(0.001, until - time.perf_counter()))
        _, rows, truncated = _stream(connection, f"FETCH {most + 1} FROM typed".encode(), [], most, room)
    answer = Answer(_columns(described), rows, truncated, queries.since(here), exact=_exact(described))
    return answer if whole else _shown(sql, answer)


def write(
    url: str,
    sql: str,
    parameters: Mapping[str, Any],
    seconds: float,
    *,
    trial: bool,
    script: Sequence[tuple[str, int]] = (),
) -> Done:
    """Carries out what was typed as one transaction, on `trial` only to roll it back; nothing of it is recorded.

    `script` has its statements with their places, where these are several; the answer is that of the last. Raises
    InputError with the database's sentence where the SQL is wrong, refused, in conflict or takes longer than
    `seconds`; BusyError. Then nothing is changed.
    """
    began, script = time.perf_counter(), script or [(sql, 0)]
    for text, _ in script:
        rules.check_writing(text)
    with _session(url, reads=False) as connection, _told(began, seconds, "", sql):
        _limit(connection, seconds)
        before = _own(connection)
        for text, place in script:
            try:
                with _told(began, seconds, "", text):
                    _limit(connection, max(0.001, seconds - (time.perf_counter() - began)))
                    columns, rows, truncated, status = _carry_out(connection, text, parameters)
            except errors.Error as error:
                raise places.shifted(error, sql, place) from None
        _limit(connection, seconds)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what else the end of the transaction would say
        if _own(connection) != before or _touched(connection, before):
            raise wrong(f"{rules.WRITE_RULE}; the schema {OWN_SCHEMA} is not authorized.")
        done = Done(Answer(columns, rows, truncated, queries.since(began)), status, _effects(connection))
        if not trial:
            connection.commit()
    return done


def _carry_out(
    connection: "psycopg.Connection[Any]", sql: str, parameters: Mapping[str, Any]
) -> tuple[list[str], list[tuple[Any, ...]], bool, str]:
    """The columns and first rows that one statement gives, whether there are more, and the server's word for it."""
    text, given = _numbered(sql, parameters)
    with psycopg.RawCursor(connection) as cursor:  # with a parameter it is one statement of the extended protocol
        cursor.execute(text, given or [Int4(0)])
        columns, status = _columns(cursor), cursor.statusmessage or ""
        rows, truncated = queries.fetch(cursor) if columns else ([], False)
    return columns, rows, truncated, status


@contextmanager
def _session(url: str, *, reads: bool) -> Iterator["psycopg.Connection[Any]"]:
    """A session for one statement, rolled back where it is not committed."""
    place = make_url(url)
    try:
        connection = drivers.connect(drivers.arguments(place), drivers.common_form())
    except BusyError:
        raise
    except OperationalError as error:
        if reads:
            message = f"The role {place.username}, by which typed SQL reads, cannot log in. {error.message}"
            raise OperationalError(message, NO_LOGIN) from None
        raise
    with closing(connection):
        connection.read_only = True if reads else None
        yield connection
        if not connection.closed:
            connection.rollback()


def _limit(connection: "psycopg.Connection[Any]", seconds: float) -> None:
    connection.execute(_LIMITS.format(milliseconds=max(1, int(seconds * 1000)), lock=int(LOCK_SECONDS * 1000)).encode())


def _check_role(connection: "psycopg.Connection[Any]") -> None:
    found = connection.execute(_POWERS.encode()).fetchone()
    if found and found[0]:
        message = f"The role by which typed SQL reads {found[0]}, so no query is carried out with it."
        raise OperationalError(message, NO_LOGIN)


def _numbered(sql: str, parameters: Mapping[str, Any]) -> tuple[bytes, list[Any]]:
    text, names = tokens.numbered(sql)
    given = [_adapted(parameters[name]) for name in names]
    if "\0" in sql or any(isinstance(value, str) and "\0" in value for value in given):
        raise wrong("PostgreSQL holds no NUL character.")
    try:
        return text.encode(), given
    except UnicodeEncodeError:
        raise wrong("The SQL is no Unicode text.") from None


def _adapted(value: Any) -> Any:
    """A value as if it stood in the SQL: a text takes the type that is wanted of it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if isinstance(value, float):
        return Decimal(repr(value))
    return Int4(value) if -(2**31) <= value < 2**31 else Int8(value)


def _small(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        if any(isinstance(value, (str, bytes)) and len(value) > LONGEST_VALUE for value in row):
            raise wrong(f"A value is too big to be shown: at most {LONGEST_VALUE:,} bytes.")
        yield row


def _stream(
    connection: "psycopg.Connection[Any]", sql: bytes, given: list[Any], most: int, room: int
) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """The first rows one by one, with their columns where there are rows; what is not wanted is not waited for."""
    cursor = psycopg.RawCursor(connection)
    found = cursor.stream(sql, given)
    rows, truncated = queries.fetch(_small(found), most, room)
    if truncated:
        connection.close()  # else the end of the generator asks the server to stop, and reads what it has sent
    return _columns(cursor), rows, truncated


def _columns(cursor: "psycopg.Cursor[Any]") -> list[str]:
    return [column.name for column in cursor.description or ()]


def _exact(cursor: "psycopg.Cursor[Any]") -> tuple[int, ...]:
    """The places of columns whose numbers come as text, so that no digit is lost."""
    return tuple(
        place
        for place, column in enumerate(cursor.description or ())
        if column.type_code == postgres.types["numeric"].oid
    )


def _shown(sql: str, answer: Answer) -> Answer:
    """The answer without the hidden key that `SELECT *` brings along."""
    if _ROW_ID not in answer.columns or _ROW_ID in sql:
        return answer
    kept = [place for place, name in enumerate(answer.columns) if name != _ROW_ID]
    rows = [tuple(row[place] for place in kept) for row in answer.rows]
    exact = tuple(new for new, place in enumerate(kept) if place in answer.exact)
    columns = [answer.columns[place] for place in kept]
    return Answer(columns, rows, answer.truncated, answer.milliseconds, exact=exact)


def _own(connection: "psycopg.Connection[Any]") -> list[Any]:
    """What stands in Frontdesk's own schema."""
    sql = (
        "SELECT c.oid, c.relname FROM pg_catalog.pg_class c WHERE c.relnamespace = to_regnamespace(%s)"
        " UNION ALL SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname = %s ORDER BY 1"
    )
    return connection.execute(sql, [OWN_SCHEMA, OWN_SCHEMA]).fetchall()


def _touched(connection: "psycopg.Connection[Any]", own: list[Any]) -> bool:
    """Whether the transaction holds a lock on a table of Frontdesk's own: whoever reads or writes one has it."""
    sql = "SELECT 1 FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND relation = ANY(%s) LIMIT 1"
    return connection.execute(sql, [[row[0] for row in own]]).fetchone() is not None


def _effects(connection: "psycopg.Connection[Any]") -> list[Effect]:
    """The rows that the transaction has changed, by table, with those that cascades and triggers changed along."""
    sql = (
        "SELECT CASE schemaname WHEN 'public' THEN relname ELSE schemaname || '.' || relname END,"
        " n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_user_tables"
        " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1"
    )
    verbs = ("insert", "update", "delete")
    found = connection.execute(sql).fetchall()
    return [Effect(row[0], verb, n) for row in found for verb, n in zip(verbs, row[1:], strict=True) if n]


@contextmanager
def _told(began: float, seconds: float, rule: str, sql: str) -> Iterator[None]:
    """The driver's faults as ours."""
    try:
        yield
    except MemoryError:
        raise wrong("The query needs more memory than it may have.") from None
    except psycopg.Error as error:
        ours = told(error, time.perf_counter() - began, seconds, rule)
        raise _located(ours, error, sql, rule) from None
    except (ValueError, OverflowError) as error:
        raise wrong(_sentence(str(error))) from None


def told(error: "psycopg.Error", took: float, seconds: float, rule: str) -> errors.Error:
    """The server's fault as ours: an InputError, unless the server itself is at fault. `rule` is what is refused by."""
    state, message = error.sqlstate or "", error.diag.message_primary or str(error)
    if state == "57014":
        return overrun(seconds) if took > seconds * 0.9 else wrong("The query was stopped at the server.")
    if state == "25006" and rule:
        verb = _VERB.search(message)
        return wrong(f"{rule}; {verb[1] if verb else 'what writes'} is not authorized.")
    if state == "0A000" and rule and "data-modifying" in message:
        return wrong(f"{rule}; a WITH that writes is not authorized.")
    if state == "42501" and rule:
        return wrong(f"{rule}; {message.rstrip('.')}.")
    if state == "53400":
        return wrong("The query needs more room on the disk than it may have.")
    if state == "53200" or (not state and "memory" in message):
        return wrong("The query needs more memory than it may have.")
    if not state or state.startswith(_ELSEWHERE):
        return faults.translate(error)
    hint = None if state in _MISSING else error.diag.message_hint
    return wrong(" ".join(map(_sentence, filter(None, (message, hint)))))


_MISSING = {"42703": "column", "42P01": "table", "42883": "function"}
_MISREAD = ("42601", "42883")
"""Wrong syntax, and an operator that is not there: as what a parameter in another spelling is read."""
_NAME = re.compile(r'(?:column|relation|function|table) (?:"((?:[^"]|"")+)"|([^\s("]+))')


def _located(ours: errors.Error, error: "psycopg.Error", sql: str, rule: str) -> errors.Error:
    """Our error with its place in what was typed, where the server names one."""
    position, state = error.diag.statement_position, error.sqlstate or ""
    if not isinstance(ours, errors.InputError) or not position or error.diag.internal_position:
        return ours
    if state in _MISREAD and (unnamed := tokens.unnamed(sql)):
        return places.at(sql, unnamed[0], places.UNNAMED.format(unnamed[1]), len(unnamed[1]))
    declared = bool(rule) and not rules.explains(sql)
    place = tokens.place_of(sql, int(position) - 1 - (len(_DECLARE) if declared else 0))
    found = next((token for token in tokens.placed(sql) if token[0] == place), None)
    named = _NAME.match(error.diag.message_primary or "") if state in _MISSING else None
    name = ((named[1] or "").replace('""', '"') or named[2] or "") if named else ""
    missing = (_MISSING[state], name.rpartition(".")[2]) if name else ("", "")
    return places.at(sql, place, ours.message, len(found[1].text) if found else 1, missing)


def _sentence(text: str) -> str:
    """As a sentence, cut where the server repeats all of what was typed."""
    text = f"{text[:LONGEST_SENTENCE]}…" if len(text) > LONGEST_SENTENCE else text.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
