"""PostgreSQL's types: which kind of field each one is, what it can hold, and by which type a new column is made."""

import re

KINDS = {
    "bool": "boolean",
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "oid": "integer",
    "float4": "real",
    "float8": "real",
    "numeric": "number",
    "date": "date",
    "timestamp": "datetime",
    "timestamptz": "datetime",
    "json": "json",
    "jsonb": "json",
    "bytea": "file",
}
"""Kinds by the server's names of its types; everything else is text, an enumeration a choice, an array JSON."""

LIMITS = {
    "int2": (-(2**15), 2**15 - 1),
    "int4": (-(2**31), 2**31 - 1),
    "int8": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}

NEW = {
    "INTEGER": "bigint",
    "TEXT": "text",
    "REAL": "double precision",
    "NUMERIC": "numeric",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
    "JSON": "jsonb",
    "BLOB": "bytea",
}
"""The types of new columns, by the names that a person writes on either engine."""

UNSORTED = {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "xid", "cid", "aclitem"}
"""Types whose values PostgreSQL cannot compare."""

BLANK = {"text", "varchar", "bpchar", "name", "citext", "tsvector"}
"""Types that have empty text among their values."""

_DIGITS = re.compile(r"numeric\((\d+),(-?\d+)\)")
_LENGTH = re.compile(r"(?:character varying|character)\((\d+)\)")


def kind_of(type_name: str, *, array: bool, choices: bool) -> str:
    """The kind of a column by its type's name."""
    if array:
        return "json"
    return "choice" if choices else KINDS.get(type_name, "text")


def length_of(declared: str) -> int | None:
    """The most characters that a column holds; None without a limit."""
    found = _LENGTH.fullmatch(declared)
    return int(found[1]) if found else None


def digits_of(declared: str) -> tuple[int, int] | None:
    """How many digits an exact number has at most, and how many of them after the point; None without a limit."""
    found = _DIGITS.fullmatch(declared)
    return (int(found[1]), int(found[2])) if found else None
