"""What a database refuses of a row, said of the columns that it is about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.database.schema import Table
from frontdesk.errors import DataError, InputError, IntegrityError, NotSupportedError


@contextmanager
def named(database: Database, table: Table, row: Mapping[str, Any], prefix: str = "") -> Iterator[None]:
    """A value that is none of its column's type, or against its type's rule, is an InputError naming the column.

    `prefix` stands before each name, such as `rows.2.`.
    """
    try:
        yield
    except (DataError, IntegrityError, NotSupportedError) as error:
        if isinstance(error, IntegrityError) and error.rule != "check":
            raise
        wrong = schema.misfits(database, table, row)
        if not wrong:
            raise
        raise InputError(errors={f"{prefix}{name}": sentence for name, sentence in wrong.items()}) from error
