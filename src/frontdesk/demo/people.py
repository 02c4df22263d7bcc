"""The three people of the demo desk."""

import secrets

from frontdesk.accounts import links, users
from frontdesk.desk import Desk

ROLES = {"ada": "admin", "eve": "editor", "vic": "viewer"}
GUIDE = "ada"
"""Whom the one-time link signs in."""


def add(desk: Desk) -> dict[str, str]:
    """Each new user's name and password, drawn now; empty when the desk has users."""
    if users.exist(desk.state):
        return {}
    drawn = {name: _password() for name in ROLES}
    for name, password in drawn.items():
        users.add(desk.state, name, password, ROLES[name])
    return drawn


def link(desk: Desk) -> str | None:
    """The secret of a new one-time link for ada; None when she was removed or is no admin any more."""
    found = [user for user in users.list_all(desk.state) if user.name == GUIDE and not user.disabled]
    return links.create(desk.state, found[0]) if found else None


def _password() -> str:
    """Four groups of letters and digits that cannot be mistaken for each other: 79 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
