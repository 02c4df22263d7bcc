"""Parquet, read in batches by pyarrow."""

import base64
import math
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from frontdesk.database import values
from frontdesk.errors import TooLargeError
from frontdesk.tables.formats import extras, packed

BATCH = 500
"""Rows that are read at a time."""
REAL_DIGITS = 15
"""Decimal digits that a real number keeps."""
EXACTLY = {b"frontdesk": b"exactly"}
"""What a column's field says whose values are of several kinds, each as its JSON."""


def _pyarrow() -> Any:
    extras.need("pyarrow.parquet", "Parquet")
    extras.need("pyarrow.compute", "Parquet")
    return extras.need("pyarrow", "Parquet")


@contextmanager
def _file(path: Path, name: str) -> Iterator[tuple[Any, Any]]:
    pa = _pyarrow()
    try:
        with pa.parquet.ParquetFile(path, memory_map=False) as file:
            _check(file, name)
            yield pa, file
    except (pa.ArrowException, OSError) as error:
        raise packed.damaged(name) from error


def _check(file: Any, name: str) -> None:
    for group in range(file.metadata.num_row_groups):
        part = file.metadata.row_group(group)
        if any(part.column(at).total_uncompressed_size > packed.LARGEST for at in range(part.num_columns)):
            raise TooLargeError(
                f"{name} has a column of more than {packed.LARGEST // 1_000_000:,} MB in one row group.",
                "Write it with smaller row groups.",
            )


def header(path: Path, name: str) -> tuple[list[str], dict[str, str]]:
    """The columns' names, and the types of those whose type is known. Raises InputError for a damaged file."""
    with _file(path, name) as (pa, file):
        schema = file.schema_arrow
        return list(schema.names), {field.name: known for field in schema if (known := _declared(pa, field.type))}


def count(path: Path, name: str) -> int:
    """The rows that the file says it has."""
    with _file(path, name) as (_, file):
        return int(file.metadata.num_rows)


def _declared(pa: Any, kind: Any) -> str:
    t = pa.types
    kind = kind.value_type if t.is_dictionary(kind) else kind
    if t.is_boolean(kind):
        return "BOOLEAN"
    if (t.is_integer(kind) and kind != pa.uint64()) or (
        t.is_decimal(kind) and kind.scale == 0 and kind.precision <= 18
    ):
        return "INTEGER"
    if t.is_floating(kind) or (t.is_decimal(kind) and kind.precision <= REAL_DIGITS):
        return "REAL"
    if t.is_date(kind):
        return "DATE"
    if t.is_timestamp(kind) and kind.unit != "ns":
        return "DATETIME"
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind):
        return "BLOB"
    if t.is_nested(kind):
        return "JSON"
    return "" if t.is_timestamp(kind) else "TEXT"


def blocks(path: Path, name: str, nested: type) -> Iterator[list[list[Any]]]:
    """The rows in blocks of columns' values; lists and structures are made `nested`. Raises InputError."""
    size, count = path.stat().st_size, 0
    with _file(path, name) as (pa, file):
        for batch in file.iter_batches(BATCH):
            count += batch.nbytes
            if count > packed.LARGEST and count > size * packed.RATIO:
                packed.check_size(name, count, size)
            columns = [
                _exactly(column, name)
                if (field.metadata or {}).items() >= EXACTLY.items()
                else _values(pa, column, nested)
                for field, column in zip(batch.schema, batch.columns, strict=True)
            ]
            yield [list(row) for row in zip(*columns, strict=True)]


def _values(pa: Any, column: Any, nested: type) -> list[Any]:
    t = pa.types
    if t.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if t.is_timestamp(kind):
        return _times(pa, column)
    if t.is_date(kind):
        return [None if day is None else str(day) for day in pa.compute.cast(column, pa.string()).to_pylist()]
    if t.is_time(kind) or t.is_duration(kind):
        kind_of_text = column if t.is_time(kind) else column.cast(pa.int64())
        return list(pa.compute.cast(kind_of_text, pa.string()).to_pylist())
    found = column.to_pylist()
    if t.is_floating(kind):
        return [None if one is None or math.isnan(one) else one for one in found]
    if t.is_decimal(kind):
        return [None if one is None else _number(kind, one) for one in found]
    if kind == pa.uint64():
        return [str(one) if one is not None and one >= 2**63 else one for one in found]
    if t.is_nested(kind):
        return [None if one is None else nested(_plain(one)) for one in found]
    return list(found)


def _exactly(column: Any, name: str) -> list[Any]:
    """The values of a column that an export mixed."""
    try:
        found = [None if text is None else values.exactly(f"[{text}]") for text in column.to_pylist()]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise packed.damaged(name) from error
    if any(one is not None and (len(one) != 1 or type(one[0]) not in _KINDS) for one in found):
        raise packed.damaged(name)
    return [None if one is None else one[0] for one in found]


_KINDS = {int, float, str, bytes}


def _times(pa: Any, column: Any) -> list[str | None]:
    zoned = column.type.tz is not None
    unit = column.type.unit
    if zoned:
        column = column.cast(pa.timestamp(unit, "UTC"))
    plain = column.cast(pa.timestamp(unit))
    texts = pa.compute.cast(plain, pa.string()).to_pylist()
    return [None if text is None else _written(text, zoned) for text in texts]


def _written(text: str, zoned: bool) -> str:
    """As the database keeps a time; nanoseconds only where there are some."""
    moment, _, fraction = text.partition(".")
    fraction = fraction[:6] if fraction.strip("0") == "" or not fraction[6:].strip("0") else fraction
    rest = f".{fraction}" if fraction.strip("0") else ""
    return f"{moment.replace(' ', 'T')}{rest}Z" if zoned else f"{moment}{rest}"


def _number(kind: Any, value: Decimal) -> Any:
    if kind.scale == 0 and kind.precision <= 18:
        return int(value)
    return float(value) if kind.precision <= REAL_DIGITS else format(value, "f")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
