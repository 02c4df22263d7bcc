"""What stands on a table beside its columns: indexes, rules, what refers to it, and the SQL of all of it."""

from dataclasses import dataclass

from frontdesk.database.definitions import ForeignKey


@dataclass(frozen=True)
class Index:
    """An index; `rule` says that the table's own definition made it, so that it goes with its rule alone."""

    name: str
    columns: tuple[str, ...]  # or the expressions
    unique: bool
    rule: bool
    where: str = ""


@dataclass(frozen=True)
class Named:
    """A trigger, or a view that reads the table, with the SQL that made it."""

    name: str
    sql: str


@dataclass(frozen=True)
class Reference:
    """A foreign key of another table that refers here."""

    table: str
    key: ForeignKey


@dataclass(frozen=True)
class Details:
    """All of it, of one table or view."""

    sql: str
    indexes: tuple[Index, ...] = ()
    checks: tuple[str, ...] = ()
    referring: tuple[Reference, ...] = ()
    triggers: tuple[Named, ...] = ()
    views: tuple[Named, ...] = ()
