"""Who asks: the ids of the request and the run, and the caller, as context variables."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

ROLES = ("viewer", "editor", "admin")
"""From the lowest to the highest."""

request: ContextVar[str | None] = ContextVar("request", default=None)
run: ContextVar[int | None] = ContextVar("run", default=None)
user: ContextVar[str | None] = ContextVar("user", default=None)


@dataclass(frozen=True)
class Caller:
    """Who acts, and with which role: `ada`, `token:NAME` or `cli:OSNAME`."""

    name: str
    role: str

    def may(self, lowest: str) -> bool:
        """Whether this role is `lowest` or higher."""
        return allows(self.role, lowest)


def allows(role: str, lowest: str) -> bool:
    """Whether `role` is `lowest` or higher."""
    return ROLES.index(role) >= ROLES.index(lowest)


def new_request_id() -> str:
    """16 hexadecimal digits, drawn at random."""
    return secrets.token_hex(8)


@contextmanager
def bind(*, request: str | None = None, run: int | None = None, user: str | None = None) -> Iterator[None]:
    """Sets what is given for the time of the `with` block."""
    given = {_VARIABLES[name]: value for name, value in (("request", request), ("run", run), ("user", user)) if value}
    tokens = [(variable, variable.set(value)) for variable, value in given.items()]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


_VARIABLES: dict[str, ContextVar] = {"request": request, "run": run, "user": user}  # type: ignore[type-arg]
