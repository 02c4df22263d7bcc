"""Columns as fields of a form, and values between their stored, JSON and written forms."""

import base64
import binascii
import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from frontdesk.database import values
from frontdesk.database.schema import Column, Table
from frontdesk.errors import InputError
from frontdesk.forms import parsing
from frontdesk.forms.fields import Field

INTEGERS = (-(2**63), 2**63 - 1)
"""What fits into the databases' largest integer."""


def field(column: Column) -> Field:
    """The column as a field of the form that its table's schema makes."""
    integer = column.kind == "integer"
    return Field(
        name=column.name,
        kind=column.kind,
        required=column.required,
        label=column.name,
        help=_help(column),
        minimum=INTEGERS[0] if integer else None,
        maximum=INTEGERS[1] if integer else None,
        nullable=column.nullable or column.automatic,
    )


def _help(column: Column) -> str:
    facts = [column.type.lower() or "any value"]
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
    fields = [
        field(column) for column in writable(table) if column.kind != "file" and column.name not in {*empty, *defaults}
    ]
    rest = {name: text for name, text in typed.items() if name not in {*empty, *defaults}}
    return empty | _stored(table, parsing.parse_text(fields, rest, partial))


def _is_empty_text(column: Column, form: Mapping[str, str]) -> bool:
    """Whether empty text was meant rather than NULL: the form of a nullable text has a box to tick for NULL."""
    return (
        column.kind == "text"
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
        if not isinstance(value, Mapping) or set(value) != {"$base64"}:
            if column.kind == "file" and value is not None:
                wrong[column.name] = 'Write bytes as {"$base64": "…"}.'
            continue
        try:
            found[column.name] = base64.b64decode(value["$base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            wrong[column.name] = "This is not base64."
    return found, wrong


def _stored(table: Table, parsed: Mapping[str, Any]) -> dict[str, Any]:
    automatic = {column.name for column in table.columns if column.automatic}
    return {
        name: stored(table.column(name), value)
        for name, value in parsed.items()
        if value is not None or name not in automatic
    }


def stored(column: Column, value: Any) -> Any:
    """A typed value as the database keeps it: times as ISO text (UTC where a zone was given), JSON as text."""
    if value is None:
        return None
    if column.kind == "json" or isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return values.rfc3339(value) if value.tzinfo else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def shown(column: Column, value: Any) -> Any:
    """A stored value as JSON gives it: booleans as such, JSON parsed, everything else as it is."""
    if column.kind == "boolean" and value in {0, 1} and isinstance(value, int):
        return bool(value)
    if column.kind == "json" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


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
    return str(value)


def listed(text: str) -> list[str]:
    """The parts between commas, quoted as in CSV where they hold one. Raises InputError."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise InputError(f"Write values with commas between, quoted as in CSV: {error}.") from None
