"""What a load of many rows asks of PostgreSQL besides COPY: hidden tables, keys drawn ahead, rows from a stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import Table
from frontdesk.database.postgresql import OWN_SCHEMA, catalog, descriptions

PLACE = "_frontdesk_place"
"""The column of a stage that numbers its rows, from 0."""
STAGE = 'pg_temp."_frontdesk_stage"'
LONGEST_NAME = 63


def hidden_name(connection: Connection, name: str, hidden: str) -> tuple[str, str]:
    """The name of a table as all floors write it, and the hidden one beside it in its schema.

    Raises PermissionDenied in the schema of Frontdesk's own tables.
    """
    schema, bare = catalog.place(connection, name)
    if schema == OWN_SCHEMA:
        raise errors.PermissionDenied(f"The schema {OWN_SCHEMA} holds Frontdesk's own tables.", "Choose another one.")
    named = catalog.name_of(schema, bare, {schema, catalog.DEFAULT_SCHEMA, OWN_SCHEMA})
    return named, hidden if schema == catalog.DEFAULT_SCHEMA else f"{schema}.{hidden}"


def drop_key(connection: Connection, name: str) -> None:
    """Lets rows of one key into a table, until `add_key`."""
    table = catalog.written(connection, name)
    sql = "SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'"
    found = connection.exec_driver_sql(sql, (table,)).scalar_one()
    connection.exec_driver_sql(f"ALTER TABLE {_doubled(table)} DROP CONSTRAINT {_name(found)}")


def add_key(connection: Connection, name: str, key: Sequence[str]) -> None:
    """Makes these columns the key of the table."""
    listed = ", ".join(map(_name, key))
    connection.exec_driver_sql(f"ALTER TABLE {_doubled(catalog.written(connection, name))} ADD PRIMARY KEY ({listed})")


def repeated(connection: Connection, name: str, key: Sequence[str], most: int) -> list[int]:
    """The places, from 0, of rows whose key another row before them has, as they were copied into a new table."""
    sql = (
        f"SELECT place FROM ({_numbered(connection, name, key, '')}) AS numbered"  # noqa: S608 - quoted names
        " WHERE turn > 1 ORDER BY place LIMIT %s"
    )
    return [int(place) - 1 for place in connection.exec_driver_sql(sql, (most,)).scalars()]


def keep_one(connection: Connection, name: str, key: Sequence[str], wish: str) -> int:
    """Of rows with one key keeps the first (`ignore`) or the last (`update`), and gives how many went."""
    numbered = _numbered(connection, name, key, " DESC" if wish == "update" else "")
    table = _doubled(catalog.written(connection, name))
    sql = f"DELETE FROM {table} AS t USING ({numbered}) AS n WHERE t.ctid = n.ctid AND n.turn > 1"  # noqa: S608
    return connection.exec_driver_sql(sql).rowcount


def _numbered(connection: Connection, name: str, key: Sequence[str], order: str) -> str:
    """Rows as they lie in a table that one COPY has filled, numbered from 1, over all and among those of one key."""
    parts = ", ".join(map(_name, key))
    return (
        f"SELECT ctid, row_number() OVER (ORDER BY ctid) AS place,"  # noqa: S608 - quoted names
        f" row_number() OVER (PARTITION BY {parts} ORDER BY ctid{order}) AS turn"
        f" FROM {_doubled(catalog.written(connection, name))}"
    )


def rename(connection: Connection, hidden: str, name: str) -> str:
    """Gives a loaded table its name, and what belongs to it names after it; gives the SQL that makes it.

    Raises IntegrityError where the name is taken.
    """
    old = catalog.place(connection, hidden)[1]
    schema, bare = catalog.place(connection, name)
    try:
        catalog.rename(connection, hidden, name)
    except errors.ProgrammingError as error:
        raise errors.IntegrityError(error.message, rule="unique") from error
    place = _place(schema, bare)
    sql = (
        "SELECT conname, contype FROM pg_catalog.pg_constraint"
        " WHERE conrelid = %s::regclass AND starts_with(conname, %s)"
    )
    for found, kind in connection.exec_driver_sql(sql, (f"{quoted(schema)}.{quoted(bare)}", old)).all():
        new = _after(bare, found.removeprefix(old))
        if kind != "p" or _is_free(connection, schema, new):
            connection.exec_driver_sql(f"ALTER TABLE {place} RENAME CONSTRAINT {_name(found)} TO {_name(new)}")
    sql = (
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'S' AND n.nspname = %s AND starts_with(c.relname, %s)"
    )
    for found in connection.exec_driver_sql(sql, (schema, f"{old}_")).scalars().all():
        new = _after(bare, found.removeprefix(old))
        if _is_free(connection, schema, new):
            connection.exec_driver_sql(f"ALTER SEQUENCE {_place(schema, found)} RENAME TO {_name(new)}")
    return descriptions.sql(connection, schema, bare) or f"CREATE TABLE {place}"


def _after(bare: str, end: str) -> str:
    """The table's name with this end, in as many bytes as a name has."""
    return bare.encode()[: LONGEST_NAME - len(end.encode())].decode(errors="ignore") + end


def _is_free(connection: Connection, schema: str, name: str) -> bool:
    sql = (
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s"
    )
    return connection.exec_driver_sql(sql, (schema, name)).first() is None


def lock(connection: Connection, table: Table, *, alone: bool) -> None:
    """Keeps the table as it is defined until the transaction ends; `alone`, its rows from other writers too."""
    mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
    connection.exec_driver_sql(f"LOCK TABLE {place(table)} IN {mode} MODE")


def draw(connection: Connection, table: Table, column: str, rows: int) -> int | None:
    """The first of so many keys, one after the other, that nobody else draws; None where they cannot be had.

    It takes a transaction of its own, for other writers wait until it ends.
    """
    sql = (
        "SELECT s.name, p.seqincrement FROM pg_get_serial_sequence(%s, %s) AS s(name)"
        " JOIN pg_catalog.pg_sequence p ON p.seqrelid = s.name::regclass WHERE NOT p.seqcycle"
    )
    found = connection.exec_driver_sql(sql, (_given(table), column)).first()
    if found is None or found.seqincrement != 1:
        return None
    lock(connection, table, alone=True)
    sql = f"SELECT greatest(nextval(%s), coalesce(max({_name(column)}), 0) + 1) FROM {place(table)}"  # noqa: S608 - quoted
    first = int(connection.exec_driver_sql(sql, (found.name,)).scalar_one())
    connection.exec_driver_sql("SELECT setval(%s, %s)", (found.name, first + rows - 1))
    return first


def go_on(connection: Connection, table: Table, columns: Sequence[str], rows: str = "") -> None:
    """Has the sequences of these columns go on after the largest value, of the table or of other `rows`."""
    for name in columns:
        sql = (
            f"SELECT setval(s.name, m.most) FROM (SELECT max({_name(name)}) AS most FROM {rows or place(table)}) AS m,"  # noqa: S608
            " pg_get_serial_sequence(%s, %s) AS s(name)"
            " WHERE s.name IS NOT NULL AND m.most > coalesce(pg_sequence_last_value(s.name), 0)"
        )
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(sql, (_given(table), name))
        except errors.PermissionDenied:
            continue


@dataclass(frozen=True)
class Stage:
    """Rows on their way into a table, in one that is gone when the transaction ends."""

    connection: Connection
    table: Table
    columns: tuple[str, ...]

    def make(self) -> None:
        """Makes it, with columns of the table's own types."""
        listed = ", ".join([f"NULL::bigint AS {_name(PLACE)}", *map(_name, self.columns)])
        sql = f"CREATE TEMP TABLE {STAGE.partition('.')[2]} ON COMMIT DROP AS SELECT {listed}"
        self.connection.exec_driver_sql(f"{sql} FROM {place(self.table)} WITH NO DATA")

    def filled(self) -> None:
        """All rows are in it: from now on they are taken from it."""
        self.connection.exec_driver_sql(f"CREATE UNIQUE INDEX ON {STAGE} ({_name(PLACE)})")
        self.connection.exec_driver_sql(f"ANALYZE {STAGE}")
        go_on(self.connection, self.table, [one.name for one in self._drawn()], STAGE)

    def leave_out(self, places: Sequence[int]) -> None:
        """Takes the rows of these places out of it."""
        self.connection.exec_driver_sql(f"DELETE FROM {STAGE} WHERE {_name(PLACE)} = ANY(%s)", (list(places),))  # noqa: S608

    def insert(
        self, places: tuple[int, int], conflict: str, returned: Sequence[str], turn: "Turn | None" = None
    ) -> Any:
        """Puts the rows of these places into the table; gives the returned columns of those that went in."""
        names = ", ".join(map(_name, self.columns))
        shown = ", ".join(map(_name, returned))
        sql = (
            f"INSERT INTO {place(self.table)} ({names}) OVERRIDING SYSTEM VALUE"  # noqa: S608 - quoted names
            f" SELECT {', '.join(map(self._value, self.columns))} FROM {STAGE} AS s WHERE {self._where(turn)}"
            f" ORDER BY {_name(PLACE)}{_doubled(conflict)} RETURNING {shown}"
        )
        return self.connection.exec_driver_sql(sql, (*places, *_number(turn))).all()

    def standing(
        self, places: tuple[int, int], key: Sequence[str], returned: Sequence[str], turn: "Turn | None" = None
    ) -> Any:
        """The rows of the table that have the keys of those of these places, kept from other writers."""
        same = " AND ".join(f"t.{_name(name)} = s.{_name(name)}" for name in key)
        shown = ", ".join(f"t.{_name(name)}" for name in returned)
        sql = (
            f"SELECT {shown} FROM {place(self.table)} AS t JOIN {STAGE} AS s ON {same}"  # noqa: S608 - quoted names
            f" WHERE {self._where(turn)} FOR UPDATE OF t"
        )
        return self.connection.exec_driver_sql(sql, (*places, *_number(turn))).all()

    def turns(self, places: tuple[int, int], key: Sequence[str]) -> int:
        """How often a key comes in these places at most."""
        sql = f"SELECT coalesce(max(turn), 0) FROM ({_turns(key)}) AS t"  # noqa: S608 - quoted names
        return int(self.connection.exec_driver_sql(sql, places).scalar_one())

    def rows(self, places: tuple[int, int]) -> list[tuple[int, dict[str, Any]]]:
        """The rows of these places by column, each after its place."""
        names = ", ".join(map(_name, (PLACE, *self.columns)))
        sql = f"SELECT {names} FROM {STAGE} AS s WHERE {self._where(None)} ORDER BY {_name(PLACE)}"  # noqa: S608
        found = self.connection.exec_driver_sql(sql, places).all()
        return [(int(place), dict(zip(self.columns, row, strict=True))) for place, *row in found]

    def _where(self, turn: "Turn | None") -> str:
        if turn is None:
            return f"s.{_name(PLACE)} BETWEEN %s AND %s"
        return f"s.{_name(PLACE)} IN (SELECT {_name(PLACE)} FROM ({_turns(turn.key)}) AS t WHERE turn = %s)"  # noqa: S608

    def _value(self, name: str) -> str:
        """A column's value; where the database draws it and none is given, the next one drawn."""
        if name not in {column.name for column in self._drawn()}:
            return f"s.{_name(name)}"
        given, column = (text.replace("'", "''").replace("%", "%%") for text in (_given(self.table), name))
        return f"coalesce(s.{_name(name)}, nextval(pg_get_serial_sequence('{given}', '{column}')::regclass))"

    def _drawn(self) -> list[Any]:
        return [column for column in self.table.columns if column.automatic and column.name in self.columns]


@dataclass(frozen=True)
class Turn:
    """Of rows with one key those that come so many times, from 1: one statement takes a key once."""

    key: tuple[str, ...]
    number: int


def _number(turn: Turn | None) -> tuple[int, ...]:
    return () if turn is None else (turn.number,)


def _turns(key: Sequence[str]) -> str:
    parts = ", ".join(map(_name, key))
    return (
        f"SELECT {_name(PLACE)}, row_number() OVER (PARTITION BY {parts} ORDER BY {_name(PLACE)}) AS turn"  # noqa: S608
        f" FROM {STAGE} WHERE {_name(PLACE)} BETWEEN %s AND %s"
    )


def place(table: Table) -> str:
    """The table in SQL that goes with parameters."""
    return _place(str(table.schema), table.bare_name)


def written(table: Table) -> str:
    """The table in SQL."""
    return f"{quoted(str(table.schema))}.{quoted(table.bare_name)}"


def _given(table: Table) -> str:
    """The table as `pg_get_serial_sequence` reads it."""
    return written(table)


def _place(schema: str, bare: str) -> str:
    return f"{_name(schema)}.{_name(bare)}"


def _name(name: str) -> str:
    """A name in SQL that goes with parameters, where a percent sign is doubled."""
    return _doubled(quoted(name))


def _doubled(sql: str) -> str:
    return sql.replace("%", "%%")
