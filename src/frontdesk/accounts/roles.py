"""The three roles, from the lowest to the highest: viewer, editor, admin."""

from frontdesk.context import ROLES
from frontdesk.errors import InputError


def check(role: str) -> str:
    """The role as it is written. Raises InputError for one that is none."""
    if role not in ROLES:
        raise InputError(errors={"role": f"Write one of {', '.join(ROLES)}."})
    return role


def lower(one: str, other: str) -> str:
    """The lower of two roles."""
    return min(one, other, key=ROLES.index)
