"""The desk's own pages: the templates of `pages/`, and what these may read and call."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.context import Caller
from frontdesk.errors import InputError, NotFoundError
from frontdesk.functions import runs
from frontdesk.tables import filters, rows

if TYPE_CHECKING:
    from frontdesk.desk.desks import Desk

FOLDER = "pages"
MOST_ROWS = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def names(folder: Path) -> list[str]:
    """The names of the templates `pages/NAME.html`."""
    found = (path for path in (folder / FOLDER).glob("*.html") if path.is_file())
    return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))


@dataclass(frozen=True)
class Reader:
    """What a page may do, with its reader's role."""

    desk: "Desk"
    by: Caller

    def names(self) -> dict[str, Callable[..., Any]]:
        """The names that a template knows."""
        return {"rows": self.rows, "csv": self.csv, "call": self.call}

    def rows(self, database: str, table: str, **where: Any) -> list[dict[str, Any]]:
        """`rows("example", "employees", age__gt=30, _sort="-age", _size=10)`: at most 1000 rows as dictionaries."""
        sort, size = str(where.pop("_sort", "")), int(where.pop("_size", MOST_ROWS))
        if not 1 <= size <= MOST_ROWS:
            raise InputError(f"_size is a whole number from 1 to {MOST_ROWS}.")
        conditions = filters.as_parameters(where)
        page = rows.page(self.desk.database(database), table, where=conditions, sort=sort, size=size)
        found: list[dict[str, Any]] = page.json()["rows"]
        return found

    def csv(self, name: str) -> list[dict[str, str]]:
        """`csv("sales.csv")`: the lines of a file of the desk's folder as dictionaries of texts."""
        path = (self.desk.folder / name).resolve()
        inside = path.parent == self.desk.folder and path.suffix.lower() in {".csv", ".tsv"}
        if not inside or not path.is_file():
            raise NotFoundError(f"There is no file {name!r} in the desk's folder.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))

    def call(self, function: str, **arguments: Any) -> Any:
        """`call("divide", a=1, b=2)`: the function's result; the call is a run. Raises FunctionError."""
        return runs.value(self.desk.calls.call(function, arguments, self.by))
