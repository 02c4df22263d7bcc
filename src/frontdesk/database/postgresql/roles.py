"""The role by which typed SQL reads: made with no more than it needs, looked at for what it could do besides."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import make_url

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN
from frontdesk.database.postgresql import OWN_SCHEMA, drivers, faults

OLDEST = 15
"""The oldest version of PostgreSQL that is served."""
CONNECTIONS = 10
"""Queries of one role at a time, whichever process asks them."""
PLACEHOLDER = "PASSWORD"
"""Stands for the password in what is shown."""
TEMPORARY = "1GB"
"""What one query may sort on the server's disk."""

_PEOPLES = f"nspname NOT IN ('information_schema', '{OWN_SCHEMA}') AND NOT starts_with(nspname, 'pg_')"
_SCHEMAS = (
    f"SELECT nspname FROM pg_catalog.pg_namespace WHERE {_PEOPLES} AND has_schema_privilege(oid, 'USAGE') ORDER BY 1"  # noqa: S608
)
_TABLES = (
    "SELECT n.nspname, c.relname, c.oid FROM pg_catalog.pg_class c"  # noqa: S608 - names of ours
    f" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {_PEOPLES}"
    f" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND NOT starts_with(c.relname, '{OWN}')"
)
_UNREADABLE = (
    f"SELECT nspname, relname FROM ({_TABLES}) t WHERE has_schema_privilege(nspname, 'USAGE')"  # noqa: S608
    " AND has_table_privilege(oid, 'SELECT')"
    " AND NOT (has_table_privilege(%(role)s::name, oid, 'SELECT')"
    " AND has_schema_privilege(%(role)s::name, nspname, 'USAGE')) ORDER BY 1, 2"
)

_MINE = "SELECT oid, rolname FROM pg_catalog.pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')"
_STRONG = (
    "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_catalog.pg_roles WHERE rolname = session_user"
)
_SERVERS = (
    f"SELECT rolname FROM ({_MINE}) m WHERE rolname IN ('pg_write_all_data', 'pg_read_server_files',"  # noqa: S608
    " 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend', 'pg_checkpoint') ORDER BY 1"
)
_WRITABLE = (
    f"SELECT DISTINCT nspname, relname FROM ({_TABLES}) t, ({_MINE}) m"  # noqa: S608
    " WHERE has_table_privilege(m.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
    " OR has_any_column_privilege(m.oid, t.oid, 'INSERT, UPDATE') ORDER BY 1, 2"
)
_MAKING = (
    f"SELECT DISTINCT nspname FROM pg_catalog.pg_namespace n, ({_MINE}) m"  # noqa: S608
    f" WHERE ({_PEOPLES} OR nspname = '{OWN_SCHEMA}') AND has_schema_privilege(m.oid, n.oid, 'CREATE') ORDER BY 1"
)
_HIDDEN = (
    f"SELECT 1 FROM pg_catalog.pg_namespace n, ({_MINE}) m"  # noqa: S608
    f" WHERE nspname = '{OWN_SCHEMA}' AND has_schema_privilege(m.oid, n.oid, 'USAGE') LIMIT 1"
)


@dataclass(frozen=True)
class Server:
    """Who Frontdesk is at a server, and what it may do there."""

    version: int  #: such as 18
    user: str
    superuser: bool
    makes_roles: bool


def look(url: str) -> Server:
    """The server behind a URL. Raises BusyError, OperationalError."""
    with _session(url) as connection:
        superuser, makes, *_ = connection.execute(_STRONG.encode()).fetchone() or (0, 0)
        version, user = connection.info.server_version // 10_000, connection.info.user
        return Server(version, user, bool(superuser), bool(superuser or makes))


def role_of(url: str) -> str:
    """The name of the role that a URL names."""
    return make_url(url).username or ""


def database_of(url: str) -> str:
    """The name of the database that a URL names, as its server knows it."""
    return make_url(url).database or ""


def named(url: str, role: str) -> str:
    """The URL with this role in it, and a word in place of its password."""
    made = make_url(url).set(drivername="postgresql", username=role, password=PLACEHOLDER)
    return made.render_as_string(hide_password=False)


def make(url: str) -> tuple[str, str]:
    """Makes a role that can log in and nothing else, and gives its name and its password.

    Raises PermissionDenied where the URL's user may not make roles, BusyError, OperationalError.
    """
    role, password = f"frontdesk_reader_{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    with _session(url) as connection, connection.transaction():
        pg = connection.pgconn
        hashed = pg.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        _run(connection, f"{_created(role)} PASSWORD '{hashed}'")  # the server's log never sees the password itself
        for sql in _settings(role):
            _run(connection, sql)
        _attempt(connection, _temporary(role))
    return role, password


def grant(url: str, role: str) -> None:
    """Lets the role read people's tables, those to come as well, as far as the URL's user may grant it."""
    with _session(url) as connection, connection.transaction():
        for sql in _grants(connection, role):
            _attempt(connection, sql)


def unreadable(url: str, role: str) -> list[str]:
    """The tables that Frontdesk can read and the role cannot."""
    with _session(url) as connection:
        found = connection.execute(_UNREADABLE.encode(), {"role": role}).fetchall()
    return [name if schema == "public" else f"{schema}.{name}" for schema, name in found]


def powers(url: str) -> list[str]:
    """What the role of the URL could do besides reading people's tables, each as the end of a sentence."""
    with _session(url) as connection:
        strong = connection.execute(_STRONG.encode()).fetchone() or ()
        names = ("is a superuser", "may make roles", "may make databases", "may copy the whole server")
        found = [name for name, has in zip(names, strong, strict=True) if has]
        if strong and strong[0]:
            return found[:1]
        found += [f"is a member of {row[0]}" for row in connection.execute(_SERVERS.encode())]
        found += [f"may make tables in the schema {row[0]}" for row in connection.execute(_MAKING.encode())]
        if connection.execute(_HIDDEN.encode()).fetchone():
            found.append(f"may read Frontdesk's own tables, in the schema {OWN_SCHEMA}")
        writable = [f"{schema}.{name}" for schema, name in connection.execute(_WRITABLE.encode())]
    if writable:
        more = f" and {len(writable) - 3:,} more" if len(writable) > 3 else ""
        found.append(f"may write {', '.join(writable[:3])}{more}")
    return found


def is_limited(url: str) -> bool:
    """Whether what the role sorts on the server's disk has a limit."""
    with _session(url) as connection:
        row = connection.execute("SELECT current_setting('temp_file_limit')").fetchone()
    return row is not None and row[0] != "-1"


def limit_by_hand(role: str) -> str:
    """The SQL by which a superuser sets that limit."""
    return f"{_temporary(role)};"


def by_hand(url: str, role: str) -> str:
    """The SQL by which somebody who may makes the role, a statement a line."""
    with _session(url) as connection:
        schemas = [row[0] for row in connection.execute(_SCHEMAS.encode())]
        lines = [f"{_created(role)} PASSWORD '{PLACEHOLDER}'", *_settings(role), _temporary(role)]
        lines.append(_connect(connection, role))
        for schema in schemas:
            lines += [_usage(schema, role), f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted(schema)} TO {quoted(role)}"]
            lines.append(_later(connection, schema, role))
    return "\n".join(f"{line};" for line in lines)


def _created(role: str) -> str:
    limits = f"NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT {CONNECTIONS}"
    return f"CREATE ROLE {quoted(role)} LOGIN {limits}"


def _settings(role: str) -> list[str]:
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": "'60s'",
        "lock_timeout": "'2s'",
        "idle_in_transaction_session_timeout": "'10s'",
        "search_path": "public",
    }
    return [f"ALTER ROLE {quoted(role)} SET {name} = {value}" for name, value in settings.items()]


def _temporary(role: str) -> str:
    """Only a superuser may."""
    return f"ALTER ROLE {quoted(role)} SET temp_file_limit = '{TEMPORARY}'"


def _grants(connection: "psycopg.Connection[Any]", role: str) -> list[str]:
    schemas = [row[0] for row in connection.execute(_SCHEMAS.encode())]
    tables = connection.execute(_TABLES.encode()).fetchall()
    found = [_connect(connection, role)]
    for schema in schemas:
        found += [_usage(schema, role), _later(connection, schema, role)]
    found += [f"GRANT SELECT ON {quoted(row[0])}.{quoted(row[1])} TO {quoted(role)}" for row in tables]
    return found


def _connect(connection: "psycopg.Connection[Any]", role: str) -> str:
    return f"GRANT CONNECT ON DATABASE {quoted(connection.info.dbname)} TO {quoted(role)}"


def _usage(schema: str, role: str) -> str:
    return f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(role)}"


def _later(connection: "psycopg.Connection[Any]", schema: str, role: str) -> str:
    """Tables that Frontdesk makes later are read as well."""
    maker = f"FOR ROLE {quoted(connection.info.user)} IN SCHEMA {quoted(schema)}"
    return f"ALTER DEFAULT PRIVILEGES {maker} GRANT SELECT ON TABLES TO {quoted(role)}"


def _run(connection: "psycopg.Connection[Any]", sql: str) -> None:
    connection.execute(sql.encode())


def _attempt(connection: "psycopg.Connection[Any]", sql: str) -> None:
    """What may not be granted is told by `unreadable`."""
    try:
        with connection.transaction():
            _run(connection, sql)
    except psycopg.errors.InsufficientPrivilege:
        pass


@contextmanager
def _session(url: str) -> Iterator["psycopg.Connection[Any]"]:
    with closing(drivers.connect(drivers.arguments(make_url(url)), drivers.common_form())) as connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise faults.translate(error) from None
