"""The state of a PostgreSQL database, as the server tells it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from frontdesk.database.definitions import Table
from frontdesk.database.postgresql import OWN_SCHEMA, arrays, catalog
from frontdesk.database.postgresql.drivers import driver_of
from frontdesk.database.states import MOST_KEYS, Dangling, Index, Room, Size, Statistic, Wait

_ROOM = """
SELECT current_setting('server_version'), pg_database_size(current_database()), current_setting('wal_level'),
       current_setting('data_checksums')"""

_PEOPLES = "n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')"

_SIZES = f"""
SELECT n.nspname, c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND {_PEOPLES} AND has_schema_privilege(n.oid, 'USAGE')"""  # noqa: S608 - names written above

_INDEXES = f"""
SELECT n.nspname, t.relname, ni.nspname, c.relname, m.amname, i.indisunique, i.indpred IS NOT NULL, i.indisvalid,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid AND k.conrelid = i.indrelid
               AND k.contype IN ('p', 'u', 'x')),
       ARRAY(SELECT coalesce(a.attname, '') FROM generate_series(0, i.indnkeyatts - 1) AS o
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[o] AND a.attnum > 0
             ORDER BY o)::text[],
       ARRAY(SELECT concat_ws(' ', i.indoption[o], i.indclass[o], i.indcollation[o])
             FROM generate_series(0, i.indnkeyatts - 1) AS o ORDER BY o)::text[],
       coalesce(s.idx_scan, 0)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace ni ON ni.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_stat_all_indexes s ON s.indexrelid = c.oid
WHERE {_PEOPLES} AND n.nspname <> %(own)s AND NOT t.relispartition AND t.relkind IN ('r', 'p', 'm')
ORDER BY n.nspname, t.relname, c.relname"""  # noqa: S608 - names written above

_WAITS = """
SELECT l.pid, a.usename, a.application_name, extract(epoch FROM clock_timestamp() - l.waitstart)::float8,
       CASE WHEN l.locktype IN ('transactionid', 'tuple') THEN 'a row'
            ELSE coalesce(l.relation::regclass::text, l.locktype) END, pg_blocking_pids(l.pid)::text[]
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = current_database() ORDER BY l.waitstart"""

_SESSIONS = "SELECT pid, usename, application_name FROM pg_catalog.pg_stat_activity WHERE datname = current_database()"

_STATISTICS = """
SELECT schemaname, relname, n_live_tup, n_dead_tup,
       to_char(greatest(last_analyze, last_autoanalyze) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
       to_char(greatest(last_vacuum, last_autovacuum) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
FROM pg_catalog.pg_stat_user_tables WHERE schemaname <> %(own)s ORDER BY schemaname, relname"""

_UNPROVEN = f"""
SELECT n.nspname, c.relname, k.conname FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND NOT k.convalidated AND {_PEOPLES} ORDER BY k.conname"""  # noqa: S608 - names written above


def room(connection: Connection) -> Room:
    """The database on its server."""
    version, size, level, sums = driver_of(connection).execute(_ROOM).fetchone() or ("", 0, "", "")
    journal = f"write-ahead log ({level}), page checksums {sums}"
    return Room(f"PostgreSQL {str(version).split()[0]}", int(size), None, None, journal)


def sizes(connection: Connection) -> list[Size] | None:
    """As the server knows them."""
    made: dict[str, Size] = {}
    for schema, bare, own, below in driver_of(connection).execute(_SIZES).fetchall():
        name = "" if schema == OWN_SCHEMA else _listed(schema, bare)
        known = made.get(name, Size(name, 0, 0))
        made[name] = Size(name, known.bytes + own, known.indexes + below)
    return sorted(made.values(), key=lambda one: (-one.bytes - one.indexes, one.table))


def indexes(connection: Connection, tables: Iterable[Table]) -> list[Index]:
    """Every index, with how often it was used since the server counts."""
    names = {table.name for table in tables}
    found = driver_of(connection).execute(_INDEXES, {"own": OWN_SCHEMA}).fetchall()
    made = [
        Index(
            _listed(row[0], row[1]),
            _listed(row[2], row[3]),
            tuple(one or None for one in _texts(row[9])),
            tuple(_texts(row[10])),
            ordered=row[4] == "btree",
            unique=bool(row[5]),
            partial=bool(row[6]),
            valid=bool(row[7]),
            rule=bool(row[8]),
            scans=int(row[11]),
        )
        for row in found
    ]
    return [one for one in made if one.table in names]


def waits(connection: Connection) -> list[Wait]:
    """As the server's list of locks has it."""
    driver = driver_of(connection)
    found = driver.execute(_WAITS).fetchall()
    known = {row[0]: _who(*row) for row in driver.execute(_SESSIONS).fetchall()} if found else {}
    return [
        Wait(
            _who(pid, user, program),
            max(float(seconds or 0), 0.0),
            what,
            tuple(known.get(int(one), f"session {one}") for one in _texts(holders)),
        )
        for pid, user, program, seconds, what, holders in found
    ]


def _who(pid: int, user: str | None, program: str | None) -> str:
    return f"session {pid} ({', '.join(filter(None, [user, program]))})"


def statistics(connection: Connection) -> list[Statistic]:
    """When the server last looked through each table, by itself or when told to."""
    found = driver_of(connection).execute(_STATISTICS, {"own": OWN_SCHEMA}).fetchall()
    return [
        Statistic(_listed(schema, bare), live, dead, _moment(analysed), _moment(vacuumed))
        for schema, bare, live, dead, analysed, vacuumed in found
    ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def unproven(connection: Connection) -> list[tuple[str, str]]:
    """Foreign keys that were added NOT VALID, or are not enforced."""
    found = driver_of(connection).execute(_UNPROVEN).fetchall()
    return [(_listed(schema, bare), name) for schema, bare, name in found]


def dangling(connection: Connection, table: Table, tables: Mapping[str, Table]) -> list[Dangling]:
    """By reading the table beside each that it refers to."""
    found = []
    for key in table.foreign_keys:
        parent = tables.get(key.table)
        if parent is None:
            continue
        there = parent.clause.alias("parent")
        pairs = list(zip(key.columns, key.references, strict=True))
        known = sa.exists().where(*(there.c[far] == table.clause.c[near] for near, far in pairs))
        lost = [*(table.clause.c[near].is_not(None) for near in key.columns), ~known.correlate(table.clause)]
        count = connection.scalar(sa.select(sa.func.count()).select_from(table.clause).where(*lost)) or 0
        if count:
            listed = sa.select(*(table.clause.c[name] for name in table.key)).where(*lost).limit(MOST_KEYS)
            keys = [tuple(row) for row in connection.execute(listed)] if table.key else []
            found.append(Dangling(table.name, key.columns, key.table, count, tuple(keys)))
    return found


def _listed(schema: str, bare: str) -> str:
    return bare if schema == catalog.DEFAULT_SCHEMA else f"{schema}.{bare}"


def _texts(given: Any) -> list[str]:
    return [str(one) for one in (arrays.read(given) if isinstance(given, str) else given)]
