"""What a database refuses of a row, said of the columns that it is about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import DataError, InputError, IntegrityError, NotFoundError, NotSupportedError


@contextmanager
def named(database: Database, table: Table, row: Mapping[str, Any], prefix: str = "") -> Iterator[None]:
    """A value that is none of its column's type, or against its type's rule, is an InputError naming the column.

    What a constraint refuses names its columns too. `prefix` stands before each name, such as `rows.2.`.
    """
    try:
        yield
    except (DataError, IntegrityError, NotSupportedError) as error:
        if isinstance(error, IntegrityError) and error.rule != "check":
            raise _placed(database, table, row, error, prefix) from error
        wrong = schema.misfits(database, table, row)
        if wrong:
            raise InputError(errors={f"{prefix}{name}": text for name, text in wrong.items()}) from error
        if isinstance(error, IntegrityError):
            raise _placed(database, table, row, error, prefix) from error
        raise


def _placed(
    database: Database, table: Table, row: Mapping[str, Any], error: IntegrityError, prefix: str
) -> IntegrityError:
    """The error with the columns that it is about."""
    columns = list(error.columns)
    if not columns and error.rule == "check" and error.constraint:
        about = schema.concerned(database, table, error.constraint)
        columns = [name for name in about if name in row] or about
    elif not columns and error.rule == "foreign_key":
        columns = [name for name, value in row.items() if _dangles(database, table, name, value)]
    hint = error.hint if not prefix or columns else f"{error.hint} It is about {prefix.rstrip('.')}.".strip()
    return IntegrityError(error.message, hint, error.rule, [f"{prefix}{name}" for name in columns], error.constraint)


def _dangles(database: Database, table: Table, name: str, value: Any) -> bool:
    """Whether a value refers to a row that is not there."""
    known = next((column for column in table.columns if column.name == name), None)
    if value is None or known is None or known.references is None:
        return False
    try:
        with database.connect() as connection:
            target = schema.find(database, connection, known.references[0])
            place = target.clause.c[known.references[1]]
            return connection.execute(sa.select(sa.literal(1)).where(place == value).limit(1)).first() is None
    except (DataError, KeyError, NotFoundError):
        return False
