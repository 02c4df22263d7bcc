"""Who asks: the ids of the request and the run, and the caller, as context variables."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

ROLES = ("viewer", "editor", "admin")
"""From the lowest to the highest."""

Value = TypeVar("Value")


class Fact(Generic[Value]):
    """A context variable that, where it is not set, has the value that was set for the whole process."""

    def __init__(self, name: str) -> None:
        self._variable: ContextVar[Value | None] = ContextVar(name, default=None)
        self.everywhere: Value | None = None

    def get(self) -> Value | None:
        """The value for this thread or task."""
        found = self._variable.get()
        return self.everywhere if found is None else found

    def set(self, value: Value | None) -> Token[Value | None]:
        """Sets the value for this thread or task and gives what `reset` takes."""
        return self._variable.set(value)

    def reset(self, token: Token[Value | None]) -> None:
        """Takes back what was set."""
        self._variable.reset(token)


request: Fact[str] = Fact("request")
run: Fact[int] = Fact("run")
user: Fact[str] = Fact("user")


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
    given = _given(request=request, run=run, user=user)
    tokens = [(fact, fact.set(value)) for fact, value in given]
    try:
        yield
    finally:
        for fact, token in tokens:
            fact.reset(token)


@contextmanager
def bind_everywhere(*, request: str | None = None, run: int | None = None, user: str | None = None) -> Iterator[None]:
    """As `bind`, in every thread of this process: a worker does one call at a time, whatever threads it starts."""
    given = _given(request=request, run=run, user=user)
    for fact, value in given:
        fact.everywhere = value
    try:
        yield
    finally:
        for fact, _ in given:
            fact.everywhere = None


def _given(**values: str | int | None) -> list[tuple[Fact[Any], Any]]:
    return [(_FACTS[name], value) for name, value in values.items() if value]


_FACTS: dict[str, Fact[Any]] = {"request": request, "run": run, "user": user}
