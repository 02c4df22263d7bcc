"""The desk's own pages: the templates of `pages/`, and what these may read and call."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.context import Caller
from frontdesk.errors import InputError, NotFoundError
from frontdesk.functions import attachments, runs
from frontdesk.tables import charts, filters, parameters, rows, saved_charts
from frontdesk.tables.figures import Chart
from frontdesk.tables.saved_charts import SavedChart

if TYPE_CHECKING:
    from frontdesk.desk.desks import Desk

FOLDER = "pages"
MOST_ROWS = 1000
_CLOSED = {".py", ".toml", ".db", ".sqlite", ".sqlite3", ".log", ".env"}
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
        return page.named()

    def csv(self, name: str) -> list[dict[str, str]]:
        """`csv("sales.csv")`: the lines of a file of the desk's folder as dictionaries of texts."""
        path = (self.desk.folder / name).resolve()
        inside = path.parent == self.desk.folder and path.suffix.lower() in {".csv", ".tsv"}
        if not inside or not path.is_file():
            raise NotFoundError(f"There is no file {name!r} in the desk's folder.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))

    def call(self, function: str, **arguments: Any) -> Any:
        """`call("divide", a=1, b=2)`: the function's result; the call is a run. Raises FunctionError.

        A file is named as it lies in the desk's folder: `call("classify", photo="cat.jpg")`.
        """
        fields = {field.name: field for field in self.desk.registry.find(function).fields}
        with self.desk.files.incoming() as incoming:
            for name, given in arguments.items():
                if isinstance(given, str) and name in fields and fields[name].kind in attachments.KINDS:
                    arguments[name] = {"$file": incoming.take_path(name, self._path(name, given))}
            incoming.check()
            return runs.value(self.desk.calls.call(function, arguments, self.by, uploads=incoming.uploads))

    def chart(self, name: str) -> tuple[SavedChart, Chart]:
        """`chart("Sales by month")` or `chart("shop/Sales by month")`: a saved chart as it is now."""
        found = self._databases_of(name)
        if not found:
            raise NotFoundError(f"There is no saved chart {name!r}.", "Charts are saved where they are drawn.")
        if len(found) > 1:
            listed = " and ".join(f"{database}/{bare}" for database, bare in found)
            raise InputError(f"There is more than one chart {name!r}.", f"Write {listed}.")
        saved = saved_charts.find(self.desk.state, *found[0], self.by)
        return saved, self.draw(found[0][0], saved)

    def _databases_of(self, name: str) -> list[tuple[str, str]]:
        """The charts that a name may mean, each as its database and its own name."""
        database, slash, bare = name.partition("/")
        found = [(one, name) for one in saved_charts.databases(self.desk.state, name, self.by)]
        if slash and database in saved_charts.databases(self.desk.state, bare, self.by):
            found.append((database, bare))
        return [one for one in found if one[0] in self.desk.databases]

    def draw(self, database: str, saved: SavedChart) -> Chart:
        """A saved chart as it is now. Raises NotFoundError where its table is gone, InputError."""
        place = self.desk.database(database)
        if saved.table is not None:
            return charts.draw(place, saved.table, saved.wish, where=saved.where, search=saved.search)
        given = {name: parameters.typed(text) for name, text in saved.given.items()}
        return self.desk.queries.draw(place, saved.sql or "", given, saved.wish, self.by)

    def _path(self, field: str, name: str) -> Path:
        """A file at the top of the desk's folder that is for everybody: no hidden one, no database, no program."""
        path = (self.desk.folder / name).resolve()
        secret = path.name.startswith(".") or path.suffix.lower() in _CLOSED
        if path.parent != self.desk.folder or secret or not path.is_file():
            raise InputError(errors={field: f"There is no file {name!r} in the desk's folder that a page may send."})
        return path
