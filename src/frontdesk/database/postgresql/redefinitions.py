"""What a person wishes of a PostgreSQL table's definition, done by ALTER: types, NULL, defaults, rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from frontdesk import errors
from frontdesk.database import conversions, dialects, references, steps
from frontdesk.database.connections import quoted
from frontdesk.database.definitions import ForeignKey, Table
from frontdesk.database.postgresql import catalog, descriptions, relations, types
from frontdesk.database.postgresql.catalog import execute
from frontdesk.database.postgresql.descriptions import Column, Constraint
from frontdesk.database.postgresql.drivers import driver_of
from frontdesk.database.steps import Step

ORDER = "PostgreSQL keeps its columns in the order in which they were added."
_NUMBERS = {"integer", "real", "number"}
BLOCK = 2000


def redefine(connection: Connection, name: str, wish: Mapping[str, Any], leave: bool = False) -> Step | None:
    """Gives a table what is wished of `columns`, rules and foreign keys; the step back.

    Raises ConflictError with the rows in the way, and where columns are to be ordered or misfits left.
    """
    if "order" in wish:
        raise errors.ConflictError(ORDER, "Choose and order columns in a view.")
    if leave:
        raise errors.ConflictError("PostgreSQL keeps no value that does not fit its column.", "Change those rows.")
    table = relations.read(connection, name)
    back: list[Step | None] = [_without(connection, name, gone) for gone in [*_gone(connection, table, wish)]]
    for column, facts in wish.get("columns", {}).items():
        back += _changed(connection, table, column, facts)
    for check in wish.get("add_checks", ()):
        refuse(connection, table, f"NOT ({check})", f"CHECK ({check})", "'It says no to this row.'")
        back.append(_with(connection, name, f"CHECK ({check})"))
    for given in wish.get("add_foreign_keys", ()):
        key = ForeignKey(**{**given, "columns": tuple(given["columns"]), "references": tuple(given["references"])})
        at, target = relations.at(connection, name), catalog.written(connection, key.table)
        missing, reason = references.missing(key, at, target), references.reason(key, at)
        refuse(connection, table, missing, f"Not every row refers to one of {key.table}", reason)
        back.append(_with(connection, name, references.sql(key, target)))
    return None if None in back else ["several", back[::-1]]


def carry_out(connection: Connection, done: Sequence[str], back: Sequence[str]) -> Step:
    """Carries out statements; the step back carries out the others."""
    for sql in done:
        execute(connection, sql)
    return ["execute", list(back), list(done)]


def refuse(connection: Connection, table: Table, where: str, sentence: str, reason: str) -> None:
    """Raises ConflictError where rows fit a condition, counted, the first named by their keys with the reason."""
    driver, source = driver_of(connection), f"FROM {relations.at(connection, table.name)} WHERE {where}"
    (found,) = driver.execute(f"SELECT count(*) {source}".encode()).fetchone() or (0,)
    if found:
        key = [quoted(part) for part in table.key]
        sql = f"SELECT {', '.join((*key, reason))} {source} LIMIT {steps.SHOWN}"
        rows = driver.execute(sql.encode()).fetchall()
        raise steps.refusal(found, [(row[:-1], row[-1]) for row in rows], sentence)


def _described(connection: Connection, name: str, column: str) -> Column:
    found = relations.relation(connection, name)
    with descriptions.written_out(connection) as driver:
        return next(one for one in descriptions.columns(driver, found.oid) if one.name == column)


def _changed(connection: Connection, table: Table, column: str, facts: Mapping[str, Any]) -> Iterator[Step | None]:
    known, was = table.column(column), _described(connection, table.name, column)
    alter = f"ALTER TABLE {relations.at(connection, table.name)} ALTER COLUMN {quoted(column)}"
    declared = facts.get("type")
    kind = dialects.kind_of(declared) if declared else known.kind
    default = None
    if facts.get("default") is not None:
        default = catalog.default(replace(known, default=facts["default"], kind=kind))
    if declared:
        _check_type(connection, table, was, kind)
        written = types.NEW.get(declared, declared)
        kept = default if "default" in facts else _converted(connection, table, was, kind, written)
        yield recast(connection, table.name, column, written, kept)
    elif "default" in facts:
        done = f"{alter} DROP DEFAULT" if default is None else f"{alter} SET DEFAULT {default}"
        back = f"{alter} DROP DEFAULT" if was.default is None else f"{alter} SET DEFAULT {was.default}"
        yield carry_out(connection, [done], [back])
    if "nullable" in facts and facts["nullable"] is bool(was.required):
        none = f"{quoted(column)} IS NULL"
        if not facts["nullable"]:
            refuse(connection, table, none, f"{column} needs a value in every row", "'It has none.'")
        verbs = ("DROP", "SET") if facts["nullable"] else ("SET", "DROP")
        done, back = (f"{alter} {verb} NOT NULL" for verb in verbs)
        yield carry_out(connection, [done], [back])


def _check_type(connection: Connection, table: Table, column: Column, kind: str) -> None:
    """Raises ConflictError naming the rows whose value does not fit, or whose key would change."""
    known = table.column(column.name)
    if column.identity or (known.automatic and kind != "integer"):
        raise errors.ConflictError(f"{column.name} is numbered by the database: its type stays.")
    if known.kind == kind and not known.array and not known.choices:
        return
    convert = conversions.exact if kind == "number" else conversions.to(kind)
    wrong = 0
    first: list[tuple[tuple[Any, ...], str]] = []
    for *key, value in _values(connection, table, column):
        try:
            convert(value)
        except ValueError as error:
            wrong += 1
            if len(first) < steps.SHOWN:
                first.append((tuple(key), str(error)))
    if wrong:
        raise steps.refusal(wrong, first, f"Some values of {column.name} do not fit")


def _values(connection: Connection, table: Table, column: Column) -> Iterator[tuple[Any, ...]]:
    """The keys and values of a column, where there are."""
    chosen = ", ".join((*map(quoted, table.key), column.written))
    at = relations.at(connection, table.name)
    with driver_of(connection).cursor(name="frontdesk_values") as cursor:
        cursor.execute(f"SELECT {chosen} FROM {at} WHERE {column.written} IS NOT NULL".encode())
        while found := cursor.fetchmany(BLOCK):
            yield from found


def _using(have: str, want: str, at: str, declared: str) -> str:
    """SQL that makes a value of one kind one of another, where nothing is lost."""
    if want == "text":
        return f"convert_from({at}, 'UTF8')" if have == "file" else f"{at}::text"
    if want == "boolean" and have in _NUMBERS:
        return f"({at} <> 0)"
    if have == "boolean" and want in _NUMBERS:
        return f"{at}::integer::{declared}"
    if want == "file":
        return f"convert_to({at}::text, 'UTF8')"
    if have == "file":
        return f"convert_from({at}, 'UTF8')::{declared}"
    if have == "text" and want == "integer":
        return f"{at}::numeric::{declared}"
    if (
        {have, want} <= {"integer", "real"}
        or {have, want} <= {"date", "datetime"}
        or (have, want) == ("number", "integer")
    ):
        return f"{at}::{declared}"
    return f"{at}::text::{declared}"


def _converted(connection: Connection, table: Table, column: Column, kind: str, declared: str) -> str | None:
    """The default as one of the new type, a constant. Raises ConflictError where it is computed or does not fit."""
    if column.default is None:
        return None
    if not catalog.CONSTANT.fullmatch(column.default):
        raise errors.ConflictError(f"The default of {column.name} is computed: {column.default}.", "Drop it first.")
    made = _using(table.column(column.name).kind, kind, "d", declared)
    bare = column.type.partition(" COLLATE ")[0]
    sql = f"SELECT quote_literal(({made})::text) FROM (SELECT CAST({column.default} AS {bare}) AS d) AS one"
    (text,) = driver_of(connection).execute(sql.encode()).fetchone() or (None,)
    return None if text is None else f"{text}::{declared}"


def recast(
    connection: Connection, name: str, column: str, declared: str, default: str | None, kept: str | None = None
) -> Step | None:
    """Gives a column another type and default, and the values that are kept; the step back, None where one is lost."""
    table, was = relations.read(connection, name), _described(connection, name, column)
    at, c = relations.at(connection, name), quoted(column)
    have, want = table.column(column).kind, _kind(declared)
    using = _using(have, want, c, declared)
    place = " AND ".join(f"k.k{number} = t.{quoted(part)}" for number, part in enumerate(table.key))
    if kept:
        _check_unchanged(connection, table, column, kept, place)
    before, whole = _keep(connection, table, was, using, alike=have == want)
    sets = [f"ALTER COLUMN {c} DROP DEFAULT"] if was.default is not None else []
    sets.append(f"ALTER COLUMN {c} TYPE {declared} USING {using}")
    sets += [f"ALTER COLUMN {c} SET DEFAULT {default}"] if default is not None else []
    execute(connection, f"ALTER TABLE {at} {', '.join(sets)}")
    if kept:
        hidden = relations.hidden(kept)
        with relations.without_triggers(connection, name):
            differs = f"t.{c}::text IS DISTINCT FROM k.v::text"
            execute(connection, f"UPDATE {at} AS t SET {c} = k.v FROM {hidden} AS k WHERE {place} AND {differs}")
        execute(connection, f"DROP TABLE {hidden}")
    if before:
        hidden = relations.hidden(before)
        execute(connection, f"UPDATE {hidden} AS k SET n = t.{c}::text FROM {at} AS t WHERE {place}")
    return ["recast", name, column, was.type, was.default, before] if whole else None


def _kind(declared: str) -> str:
    """The kind of a column of this type, as the server writes it."""
    bare = declared.partition(" COLLATE ")[0]
    known = {"bigint": "integer", "smallint": "integer", "double precision": "real", "bytea": "file", "jsonb": "json"}
    return known.get(bare) or dialects.kind_of(bare)


def _keep(connection: Connection, table: Table, column: Column, using: str, *, alike: bool) -> tuple[str | None, bool]:
    """Keeps the values unless all are written alike in both types; where, and whether none of them is lost."""
    at = relations.at(connection, table.name)
    other = f"{column.written} IS NOT NULL"
    differs = f"{other} AND {column.written}::text IS DISTINCT FROM ({using})::text"
    many = not table.key or relations.count(driver_of(connection), at, f" WHERE {other}") > steps.MOST_KEPT
    if many or (alike and _none(connection, at, differs)):
        return None, _none(connection, at, differs)
    kept = relations.free(connection)
    chosen = ", ".join(f"{quoted(part)} AS k{number}" for number, part in enumerate(table.key))
    hidden = relations.hidden(kept)
    select = f"SELECT {chosen}, {column.written} AS v, NULL::text AS n FROM {at} WHERE {other}"
    execute(connection, f"CREATE TABLE {hidden} AS {select}")
    places = ", ".join(f"k{number}" for number in range(len(table.key)))
    execute(connection, f"ALTER TABLE {hidden} ADD PRIMARY KEY ({places})")
    return kept, True


def _none(connection: Connection, at: str, where: str) -> bool:
    """Whether surely no row fits: a value that cannot be made one of another type does."""
    try:
        with connection.begin_nested():
            return not relations.any_row(driver_of(connection), at, where)
    except Exception:  # noqa: BLE001 - whatever the server says against a value
        return False


def _check_unchanged(connection: Connection, table: Table, column: str, kept: str, place: str) -> None:
    """Raises ConflictError naming the rows that are no longer as the change left them."""
    driver = driver_of(connection)
    source = (
        f"FROM {relations.at(connection, table.name)} AS t JOIN {relations.hidden(kept)} AS k ON {place}"
        f" WHERE t.{quoted(column)}::text IS DISTINCT FROM k.n"
    )
    (found,) = driver.execute(f"SELECT count(*) {source}".encode()).fetchone() or (0,)
    if found:
        key = ", ".join(f"t.{quoted(part)}" for part in table.key)
        rows = driver.execute(f"SELECT {key} {source} LIMIT {steps.SHOWN}".encode()).fetchall()
        raise steps.refusal(found, [(row, f"{column} has changed since.") for row in rows], f"{column} of {table.name}")


def _rules(connection: Connection, name: str) -> list[Constraint]:
    found = relations.relation(connection, name)
    with descriptions.written_out(connection) as driver:
        return descriptions.constraints(driver, found.oid)


def _with(connection: Connection, name: str, rule: str) -> Step:
    """Adds a rule; the step that drops it by the name that the server gave it."""
    alter, before = f"ALTER TABLE {relations.at(connection, name)}", {one.written for one in _rules(connection, name)}
    execute(connection, f"{alter} ADD {rule}")
    made = next(one for one in _rules(connection, name) if one.written not in before)
    return ["execute", [f"{alter} DROP CONSTRAINT {made.written}"], [f"{alter} ADD {made.sql}"]]


def _without(connection: Connection, name: str, rule: Constraint) -> Step:
    alter = f"ALTER TABLE {relations.at(connection, name)}"
    return carry_out(connection, [f"{alter} DROP CONSTRAINT {rule.written}"], [f"{alter} ADD {rule.sql}"])


def _gone(connection: Connection, table: Table, wish: Mapping[str, Any]) -> Iterator[Constraint]:
    """The rules that are to go. Raises ConflictError for what is none."""
    rules = _rules(connection, table.name)
    for check in wish.get("drop_checks", ()):
        found = [one for one in rules if one.kind == "c" and condition(one.sql) == check]
        if not found:
            raise errors.ConflictError(f"{table.name} has no CHECK ({check}).")
        yield found[0]
    for given in wish.get("drop_foreign_keys", ()):
        names = _foreign_keys(connection, table)
        wanted = (tuple(given["columns"]), given["table"])
        name = next((name for name, key in names if (key.columns, key.table) == wanted), None)
        if name is None:
            raise errors.ConflictError(f"{table.name} has no such foreign key.")
        yield next(one for one in rules if one.written == name)


def _foreign_keys(connection: Connection, table: Table) -> list[tuple[str, ForeignKey]]:
    """The foreign keys with their names; the catalog has them in the same order."""
    sql = "SELECT quote_ident(conname) FROM pg_catalog.pg_constraint WHERE conrelid = %s AND contype = 'f' ORDER BY oid"
    found = relations.relation(connection, table.name)
    names = [str(row[0]) for row in driver_of(connection).execute(sql, [found.oid]).fetchall()]
    return list(zip(names, table.foreign_keys, strict=True))


def condition(rule: str) -> str:
    """What a CHECK says, of the SQL of a rule."""
    text = rule[rule.index("CHECK (") + len("CHECK (") : rule.rindex(")")]
    return text[1:-1] if text.startswith("(") and text.endswith(")") and _is_one(text) else text


def _is_one(text: str) -> bool:
    """Whether one pair of brackets stands around all of it."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and place < len(text) - 1:
            return False
    return True
