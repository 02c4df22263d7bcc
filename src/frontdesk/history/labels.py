"""What the changes of one transaction are called, which every recorder keeps in the same way."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from frontdesk.database import values
from frontdesk.history import entries


class Labels(ABC):
    """The changes that one transaction has begun, by their table and their operation."""

    _first: int | None
    _labels: dict[tuple[str, int], dict[tuple[str, str], int]]

    def begin(self, operation: str | None = None, undoes: int | None = None) -> None:
        """A new transaction, or a new part of one: what comes is another change, of this operation."""
        self._first = None
        self._labels = {}
        self.label(operation, undoes)

    def label(self, operation: str | None, undoes: int | None = None) -> None:
        """What comes is a change of its own with this operation, in the same transaction."""
        self._changes: dict[tuple[str, str], int] = {}
        self._operation, self._undoes = operation, undoes

    def resume(self, operation: str, undoes: int) -> None:
        """What comes belongs to what was labelled so before in this transaction, where anything was."""
        self.label(operation, undoes)
        self._changes = self._labels.setdefault((operation, undoes), self._changes)

    @property
    def ids(self) -> list[int]:
        """The changes begun since the last label."""
        return sorted(self._changes.values())

    def record_schema(
        self, table: str, *, before: str | None = None, after: str | None = None, steps: Sequence[Any] | None = None
    ) -> int:
        """Enters a change of the table's definition, SQL before and after, and gives the change's number.

        `steps` of `database.alterations` take it back; without any it cannot be undone.
        """
        self._redefined()
        self.label(self._operation, self._undoes)  # a second change of one table is a change of its own
        number = self.enter(table, self._operation or "schema", entries.DEFINITION, [])
        kept = None if steps is None else json.dumps(steps)
        texts = [None if sql is None else values.exact([sql, kept]) for sql in (before, after)]
        self._enter_definition(number, *texts)
        return number

    @abstractmethod
    def enter(self, table: str, operation: str, columns: Sequence[str], key: Sequence[str]) -> int:
        """Enters a change whose rows are written by the caller, and gives its number."""

    @abstractmethod
    def _redefined(self) -> None:
        """A definition has just changed."""

    @abstractmethod
    def _enter_definition(self, number: int, before: str | None, after: str | None) -> None:
        """Enters what a definition was and became."""
