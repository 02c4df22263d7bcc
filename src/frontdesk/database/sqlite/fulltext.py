"""SQLite's full-text indexes (FTS5) that hold no texts of their own: found, and made with what keeps them up to date.

Those that Frontdesk makes stand under hidden names, and so do their triggers, which change no row of anybody's.
"""

import re
from collections.abc import Sequence
from typing import Any

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import OWN, Search
from frontdesk.database.sqlite import definitions

PREFIX = f"{OWN}search_"
"""What the names of our indexes begin with."""
RESERVED = frozenset({"rank", "rowid"})
"""Names of columns that FTS5 refuses."""

_EVENT = re.compile(r"\b(INSERT|DELETE|UPDATE)\b(?:\s+OF\b[^;]*?)?\s+ON\b", re.IGNORECASE)
_NEW = re.compile(r"NEW\.(\"(?:[^\"]|\"\")*\")", re.IGNORECASE)
_LISTED = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"


def read(driver: Any) -> dict[str, list[Search]]:
    """By folded name of a table its indexes that triggers keep up to date, those of most columns first."""
    found: dict[str, list[Search]] = {}
    listed = driver.execute(_LISTED).fetchall()
    triggers = driver.execute("SELECT tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger'") if listed else ()
    kept = [(table.casefold(), sql or "") for table, sql in triggers]
    for name, sql in listed:
        columns, options = _declared(sql)
        table = options.get("content", "").casefold()
        if table and options.get("detail", "full") == "full" and _is_kept(name, table, kept):
            one = Search(name, columns, name.startswith(PREFIX), options.get("content_rowid", "rowid"))
            found.setdefault(table, []).append(one)
    return {table: sorted(ones, key=lambda one: -len(one.columns)) for table, ones in found.items()}


def _declared(sql: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns and options of a FTS5 table; none of each for what is none."""
    tokens = [one for one in definitions.tokens(sql) if not one.isspace()]
    if "(" not in tokens or tokens[tokens.index("(") - 1].casefold() != "fts5":
        return (), {}
    columns, options = [], {}
    for part in definitions.parts(tokens):
        if "=" in part[1:]:
            options[part[0].casefold()] = _plain("".join(part[2:]))
        elif not any(one.casefold() == "unindexed" for one in part[1:]):
            columns.append(_plain(part[0]))
    return tuple(columns), options


def _plain(text: str) -> str:
    """A name or a text without its quotes."""
    sign = {"[": "]"}.get(text[:1], text[:1])
    if len(text) > 1 and text[0] in "'\"`[" and text[-1] == sign:
        return text[1:-1].replace(sign * 2, sign) if text[0] != "[" else text[1:-1]
    return text


def _is_kept(name: str, table: str, triggers: Sequence[tuple[str, str]]) -> bool:
    """Whether triggers tell the index of every change of the table."""
    about = [sql for on, sql in triggers if on == table and name.casefold() in sql.casefold()]
    events = {match[1].upper() for sql in about if (match := _EVENT.search(sql))}
    return events == {"INSERT", "UPDATE", "DELETE"}


def statements(driver: Any, table: str, columns: Sequence[str], number: str) -> list[str]:
    """What makes and fills an index of these columns, one statement after the other; `number` is the row's."""
    taken = [row[0] for row in driver.execute(_LISTED).fetchall()]
    free = next(f"{PREFIX}{place}" for place in range(1, len(taken) + 2) if f"{PREFIX}{place}" not in taken)
    return _statements(free, table, columns, number)


def _statements(name: str, table: str, columns: Sequence[str], number: str) -> list[str]:
    index, on = quoted(name), quoted(table)
    listed = ", ".join(map(quoted, columns))
    new, old = (", ".join(f"{side}.{quoted(one)}" for one in (number, *columns)) for side in ("NEW", "OLD"))
    differs = " OR ".join(f"OLD.{quoted(one)} IS NOT NEW.{quoted(one)}" for one in (number, *columns))
    content, key = (one.replace("'", "''") for one in (table, number))
    add = f"INSERT INTO {index} (rowid, {listed}) VALUES ({new});"
    remove = f"INSERT INTO {index} ({index}, rowid, {listed}) VALUES ('delete', {old});"
    return [
        f"CREATE VIRTUAL TABLE {index} USING fts5({listed}, content='{content}', content_rowid='{key}')",
        f"CREATE TRIGGER {quoted(f'{name}_insert')} AFTER INSERT ON {on} BEGIN {add} END",
        f"CREATE TRIGGER {quoted(f'{name}_delete')} AFTER DELETE ON {on} BEGIN {remove} END",
        f"CREATE TRIGGER {quoted(f'{name}_update')} AFTER UPDATE ON {on} WHEN {differs} BEGIN {remove} {add} END",
        f"INSERT INTO {index} ({index}) VALUES ('rebuild')",
    ]


def made(driver: Any, table: str) -> list[list[str]]:
    """What makes our indexes of a table as they are: parts, each a type, a name and its SQL."""
    found = [one for one in read(driver).get(table.casefold(), ()) if one.own]
    return [["search", table, sql] for one in found for sql in _statements(one.name, table, one.columns, one.key)]


def drop(driver: Any, table: str) -> None:
    """Drops our indexes of a table."""
    for one in read(driver).get(table.casefold(), ()):
        if one.own:
            _drop(driver, one.name)


def _drop(driver: Any, name: str) -> None:
    for event in ("insert", "delete", "update"):
        driver.execute(f"DROP TRIGGER IF EXISTS {quoted(f'{name}_{event}')}")
    driver.execute(f"DROP TABLE {quoted(name)}")


def mend(driver: Any) -> None:
    """Has our indexes follow their tables: made anew where a name has changed, dropped where the table is gone."""
    for name, sql in driver.execute(_LISTED).fetchall():
        if not name.startswith(PREFIX):
            continue
        columns, options = _declared(sql)
        trigger = driver.execute(
            "SELECT tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger' AND name = ?", [f"{name}_insert"]
        ).fetchone()
        if trigger is None:
            _drop(driver, name)
            continue
        number, *now = map(_plain, _NEW.findall(trigger[1]))  # SQLite renames there
        if (trigger[0], tuple(now)) != (options.get("content"), columns):
            _drop(driver, name)
            for statement in _statements(name, trigger[0], now, number):
                driver.execute(statement)
