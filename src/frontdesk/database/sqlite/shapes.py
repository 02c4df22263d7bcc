"""What a statement did to a SQLite schema, as steps of `alterations`: by the schema before and after it."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from frontdesk.database.definitions import Table
from frontdesk.database.sqlite import catalog, parts
from frontdesk.database.sqlite.drivers import driver_of
from frontdesk.database.sqlite.parts import Part
from frontdesk.database.steps import Step


@dataclass(frozen=True)
class Alteration:
    """What happened to a table's definition: SQL before and after, and the steps that take it back, where there are."""

    table: str
    before: str | None
    after: str | None
    steps: list[Step] | None


@dataclass(frozen=True)
class Shape:
    """The whole schema at a moment."""

    parts: dict[tuple[str, str], Part]
    tables: dict[str, Table]


def read(connection: Connection) -> Shape:
    """The schema as it is now."""
    return Shape(parts.parts(connection), catalog.read_tables(driver_of(connection)))


def instead(before: Shape, after: Shape) -> Step | None:
    """The step that does the same as the statement between two moments and keeps what it takes away, if it takes."""
    gone = [
        name for name, table in before.tables.items() if name not in after.tables and ("table", name) in before.parts
    ]
    new = [name for name in after.tables if name not in before.tables]
    if gone and not new:
        return ["delete", gone[0]]
    for name, table in after.tables.items():
        names = {column.name for column in table.columns}
        lost = (
            [one.name for one in before.tables[name].columns if one.name not in names] if name in before.tables else []
        )
        if lost and len(names) < len(before.tables[name].columns):
            return ["drop_column", name, lost[0], False]
    return None


def between(before: Shape, after: Shape) -> Alteration:
    """What one statement did that took neither rows nor values away."""
    new = [part for place, part in after.parts.items() if place not in before.parts]
    gone = [part for place, part in before.parts.items() if place not in after.parts]
    if new and not gone:
        return Alteration(_concerned(new[0]), None, new[0].sql, [["drop", new[0].type, new[0].name]])
    if gone and not new:
        made = [[part.type, part.name, part.sql] for part in sorted(gone, key=lambda part: part.type == "trigger")]
        return Alteration(_concerned(gone[0]), gone[0].sql, None, [["create", made]])
    if new:
        old, renamed = (next(part for part in one if part.type == "table") for one in (gone, new))
        return Alteration(renamed.name, old.sql, renamed.sql, [["rename_table", renamed.name, old.name]])
    return _altered(before, after)


def _concerned(part: Part) -> str:
    return part.name if part.type in {"table", "view"} else part.table


def _altered(before: Shape, after: Shape) -> Alteration:
    changed = [
        part for place, part in after.parts.items() if before.parts[place].sql != part.sql and part.type == "table"
    ]
    for part in changed:
        old, new = ([column.name for column in one.tables[part.name].columns] for one in (before, after))
        if old != new:
            steps: list[Step] = [["drop_column", part.name, new[-1], True]]
            with suppress(StopIteration):
                if len(old) == len(new):
                    renamed = next(pair for pair in zip(new, old, strict=True) if pair[0] != pair[1])
                    steps = [["rename_column", part.name, *renamed]]
            return Alteration(part.name, before.parts["table", part.name].sql, part.sql, steps)
    part = changed[0] if changed else next(iter(after.parts.values()))
    return Alteration(part.name, before.parts[part.type, part.name].sql, part.sql, None)
