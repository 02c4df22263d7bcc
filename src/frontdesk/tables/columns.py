"""Columns as fields of a form, and values between their stored, JSON and written forms."""

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from frontdesk.database import values
from frontdesk.database.postgresql import arrays
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field

INTEGERS = (-(2**63), 2**63 - 1)
"""What fits into the databases' largest integer."""
LIST = "Write a list, such as [1, 2, 3]."


def field(column: Column) -> Field:
    """The column as a field of the form that its table's schema makes."""
    least, most = (column.limits or INTEGERS) if column.kind == "integer" else (None, None)
    bound = _bound(column)
    return Field(
        name=column.name,
        kind=column.kind,
        required=column.required,
        label=column.name,
        help=_help(column),
        choices=column.choices if column.kind == "choice" else (),
        minimum=least,
        maximum=most,
        exclusive_minimum=None if bound is None else -bound,
        exclusive_maximum=bound,
        max_length=column.length if column.kind == "text" else None,
        nullable=column.nullable or column.automatic,
        exact=column.exact and not column.array,
        blank=column.blank,
    )


def _bound(column: Column) -> int | None:
    """What an exact number is smaller than, however it is rounded."""
    before = column.digits[0] - column.digits[1] if column.digits and not column.array else 0
    return 10**before if before > 0 else None


def _help(column: Column) -> str:
    facts = [column.type.lower() or "any value"]
    if column.array:
        numbers = column.item in {"integer", "real", "number"}
        facts.append("a list, such as " + ("[1, 2]" if numbers else '["a", "b"]'))
    if column.zoned is not None and not column.array:
        facts.append("UTC where no zone is given" if column.zoned else "kept without a zone, in UTC where one is given")
    if column.automatic:
        facts.append("drawn by the database when empty")
    if column.references:
        facts.append(f"refers to {'.'.join(column.references)}")
    if column.default is not None:
        facts.append(f"default {column.default}")
    return " · ".join(facts)


def writable(table: Table) -> list[Column]:
    """The columns that can be given a value."""
    return [column for column in table.columns if not column.generated]


def stored_from_json(table: Table, given: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The values to store of a row in JSON. Raises InputError naming every wrong column."""
    blobs, wrong = _blobs(table, given)
    fields = [field(column) for column in writable(table) if column.name not in blobs and column.name not in wrong]
    rest = {name: value for name, value in given.items() if name not in blobs and name not in wrong}
    try:
        parsed = parsing.parse_json(fields, rest, partial)
    except InputError as error:
        raise InputError(errors={**wrong, **error.errors}) from None
    if wrong:
        raise InputError(errors=wrong)
    return blobs | _stored(table, parsed)


def stored_from_form(table: Table, form: Mapping[str, str], *, partial: bool = False) -> dict[str, Any]:
    """The values to store of what was typed; empty text is NULL where `NAME__null` is ticked or no text can be.

    Columns that the form does not hold keep their default. Raises InputError naming every wrong column.
    """
    typed = {
        column.name: form[column.name] for column in writable(table) if column.name in form and column.kind != "file"
    }
    empty = {name: "" for name, text in typed.items() if text == "" and _is_empty_text(table.column(name), form)}
    defaults = {
        name for name, text in typed.items() if text == "" and not partial and table.column(name).default is not None
    }
    nothing = {name: "null" for name, text in typed.items() if text.strip() == "null" and _is_json(table.column(name))}
    known = {*empty, *defaults, *nothing}
    fields = [field(column) for column in writable(table) if column.kind != "file" and column.name not in known]
    rest = {name: text for name, text in typed.items() if name not in known}
    return empty | nothing | _stored(table, parsing.parse_text(fields, rest, partial))


def stored_from_cells(table: Table, given: Mapping[str, str | None], *, partial: bool = True) -> dict[str, Any]:
    """The values to store of texts that were typed or pasted into cells; None is NULL.

    Empty text is empty text where there can be such, else NULL; in a whole row it is the default where there is one.
    Raises InputError naming every wrong column.
    """
    known = {column.name: column for column in writable(table) if column.kind != "file"}
    wrong = {name: _unknown(table, name) for name in given if name not in known}
    set_apart: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for name, column in known.items():
        text = given.get(name, _ABSENT)
        if text is _ABSENT or (text == "" and not partial and (column.automatic or column.default is not None)):
            continue
        if text is None or (text == "" and not (column.kind == "text" and column.blank)):
            set_apart[name] = None
            if not field(column).nullable:
                wrong[name] = f"{name} needs a value."
        elif text == "" or (text == "null" and _is_json(column)):
            set_apart[name] = text
        else:
            texts[name] = str(text)
    left = {name for name in known if partial or known[name].default is not None or name in given}
    fields = [field(column) for name, column in known.items() if name in texts or name not in left]
    try:
        made = parsing.parse_text(fields, texts, partial)
    except InputError as error:
        raise InputError(errors=wrong | error.errors) from None
    if wrong:
        raise InputError(errors=wrong)
    nulls = {name: None for name, value in set_apart.items() if value is None and not known[name].automatic}
    return {name: text for name, text in set_apart.items() if text is not None} | nulls | _stored(table, made)


def _unknown(table: Table, name: str) -> str:
    column = next((column for column in table.columns if column.name == name), None)
    if column is None:
        return f"{table.name} has no column {name!r}."
    return "The database computes this value." if column.generated else "Bytes are not typed; send them by the API."


_ABSENT = object()


def _is_json(column: Column) -> bool:
    """Whether a typed `null` is JSON's own, which is a value, beside NULL."""
    return column.kind == "json" and not column.array


def _is_empty_text(column: Column, form: Mapping[str, str]) -> bool:
    """Whether empty text was meant rather than NULL: the form of a nullable text has a box to tick for NULL."""
    return (
        column.kind == "text"
        and column.blank
        and column.nullable
        and f"{column.name}__null_shown" in form
        and f"{column.name}__null" not in form
    )


def _blobs(table: Table, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The bytes among the values, and what is wrong with the others of their columns."""
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for column in writable(table):
        value = given.get(column.name)
        # Only SQLite keeps bytes in every column; elsewhere such an object is JSON.
        if (column.kind == "file" and value is not None) or (_is_blob(value) and table.schema is None):
            try:
                found[column.name] = _bytes(value)
            except InputError as error:
                wrong[column.name] = error.message
    return found, wrong


def _is_blob(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"$base64"}


def _bytes(value: Any) -> bytes:
    if not _is_blob(value):
        raise InputError('Write bytes as {"$base64": "…"}.')
    try:
        return base64.b64decode(value["$base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise InputError("This is not base64.") from None


def _stored(table: Table, parsed: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in parsed.items():
        column = table.column(name)
        try:
            if value is not None or not column.automatic:
                made[name] = stored(column, value)
        except InputError as error:
            wrong[name] = error.message
    if wrong:
        raise InputError(errors=wrong)
    return made


def stored(column: Column, value: Any) -> Any:
    """A typed value as the database keeps it: times as ISO text (UTC where a zone was given), JSON and lists as text.

    Raises InputError for a list whose items do not fit, and for a time that UTC does not have.
    """
    if value is None:
        return None
    if column.array:
        return _stored_list(column, value)
    if column.kind == "json" or isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return _stored_time(column, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value) if column.exact else float(value)
    return value


def _stored_time(column: Column, value: datetime) -> str:
    try:
        if column.zoned is False and value.tzinfo:
            value = value.astimezone(UTC).replace(tzinfo=None)
        elif column.zoned and not value.tzinfo:
            value = value.replace(tzinfo=UTC)
        return values.rfc3339(value) if value.tzinfo else value.isoformat(" ")
    except OverflowError:
        raise InputError("Write a time between the years 1 and 9999 of UTC.") from None


def _stored_list(column: Column, given: Any) -> str:
    if not isinstance(given, list):
        raise InputError(LIST)
    item = _item(column)
    one = field(item)

    def checked(value: Any) -> Any:
        if isinstance(value, list) and item.kind != "json":
            return [checked(inner) for inner in value]
        if item.kind == "file":
            return None if value is None else _bytes(value)
        return stored(item, parsing.value_of_json(one, value))

    try:
        return arrays.write([checked(value) for value in given], _item_text)
    except InputError as error:
        raise InputError(f"In the list: {error.message}") from None


@lru_cache(256)
def _item(column: Column) -> Column:
    """The items of a list as a column of their own."""
    return replace(column, kind=column.item, array=False, nullable=True, automatic=False, default=None)


def _item_text(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(values.as_text(value))


def shown(column: Column, value: Any) -> Any:
    """A stored value as JSON gives it: booleans as such, JSON and lists parsed, everything else as it is."""
    if column.array:
        return _shown_list(column, value)
    if column.kind == "boolean" and value in {0, 1} and isinstance(value, int):
        return bool(value)
    if column.kind == "json" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _shown_list(column: Column, value: Any) -> Any:
    try:
        return arrays.read(value, _ITEMS.get(column.item, str) if column.zoned is None else _shown_time)
    except (TypeError, ValueError):
        return value


def _shown_time(text: str) -> str:
    return f"{text[:10]}T{text[11:-3]}Z" if text[10:11] == " " and text.endswith("+00") else text


_ITEMS: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "t",
    "integer": int,
    "real": float,
    "file": lambda text: bytes.fromhex(text[2:]),
    "json": json.loads,
}
"""What each kind of item is made from its text by; others stay texts."""


def named(table: Table, row: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    """A row as JSON gives it, by column; the hidden key is `_key`."""
    by_name = {column.name: column for column in table.columns}
    return {
        name if name in by_name else "_key": shown(by_name[name], value) if name in by_name else value
        for name, value in zip(names, row, strict=True)
    }


def all_named(table: Table, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> values.Plain:
    """The rows as `named` gives them, in JSON's own types, made column by column."""
    by_name = {column.name: column for column in table.columns}
    keys = [name if name in by_name else "_key" for name in names]
    found = zip(names, zip(*rows, strict=True), strict=True) if rows else ()
    made = [values.all_plain(_all_shown(by_name.get(name), given)) for name, given in found]
    return values.Plain(dict(zip(keys, row, strict=True)) for row in zip(*made, strict=True))


def _all_shown(column: Column | None, given: Sequence[Any]) -> Sequence[Any]:
    changes = column is not None and column.kind in {"boolean", "json"}
    return [shown(column, value) for value in given] if column and changes else given


def written(column: Column, value: Any) -> str:
    """A stored value as a form shows it for editing."""
    if value is None:
        return ""
    if column.kind == "boolean" and value in {0, 1}:
        return "true" if value else "false"
    return values.dumps(shown(column, value)) if column.array else str(value)


def written_list(names: Iterable[str]) -> str:
    """The names with commas between, as `listed` reads them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def listed(text: str) -> list[str]:
    """The parts between commas, quoted as in CSV where they hold one. Raises InputError."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise InputError(f"Write values with commas between, quoted as in CSV: {error}.") from None
