"""Foreign keys as both engines write them, and the rows that one of them would refuse."""

from frontdesk.database.connections import quoted
from frontdesk.database.definitions import ForeignKey
from frontdesk.database.outlines import quoted_list

ACTIONS = ("NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE")
"""What happens to rows when the row goes that they refer to."""


def sql(key: ForeignKey, target: str) -> str:
    """The rule of a table; `target` is the table referred to as SQL writes it."""
    text = f"FOREIGN KEY ({quoted_list(key.columns)}) REFERENCES {target} ({quoted_list(key.references)})"
    acts = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
    return text + "".join(f" ON {verb} {act}" for verb, act in acts if act != "NO ACTION")


def missing(key: ForeignKey, table: str, target: str) -> str:
    """The condition of rows that refer to a row that is not there."""
    given = " AND ".join(f"{table}.{quoted(name)} IS NOT NULL" for name in key.columns)
    same = " AND ".join(
        f"frontdesk_target.{quoted(there)} = {table}.{quoted(here)}"
        for here, there in zip(key.columns, key.references, strict=True)
    )
    return f"{given} AND NOT EXISTS (SELECT 1 FROM {target} AS frontdesk_target WHERE {same})"  # noqa: S608 - quoted names


def reason(key: ForeignKey, table: str) -> str:
    """SQL that says to what a row refers that is not there."""
    values = " || ', ' || ".join(f"CAST({table}.{quoted(name)} AS TEXT)" for name in key.columns)
    target = key.table.replace("'", "''")
    return f"'{target} has no ' || {values}"
