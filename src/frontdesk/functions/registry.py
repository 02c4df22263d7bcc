"""The functions that a desk serves, found in its folder. Nobody's file is imported here: workers describe them."""

import ast
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from frontdesk.config import Config
from frontdesk.errors import Error, NotFoundError
from frontdesk.functions import orders
from frontdesk.functions.descriptions import MODEL, Description, FileProblem, version_of
from frontdesk.workers.pool import Pool, Task, WorkerDied

EVERY = 1.0
"""Seconds between two looks at the folder."""

Found = list[Description] | FileProblem


@dataclass(frozen=True)
class _Known:
    version: str
    found: Found


class Registry:
    """What the function files of a desk serve, as of at most a second ago."""

    def __init__(self, config: Config, pool: Pool) -> None:
        self._config = config
        self._pool = pool
        self._looking = threading.Lock()
        self._looked = float("-inf")
        self._known: dict[str, _Known] = {}
        self._functions: Mapping[str, Description] = {}

    def functions(self) -> list[Description]:
        """Every function under the name it is called by, in the order of files and their lines."""
        self._refresh()
        return list(self._functions.values())

    def problems(self) -> list[FileProblem]:
        """Every file that means to serve functions and cannot."""
        self._refresh()
        return [known.found for known in self._known.values() if isinstance(known.found, FileProblem)]

    def find(self, name: str) -> Description:
        """The function of this name, `divide` or `arithmetic.divide`. Raises NotFoundError."""
        self._refresh()
        if name in self._functions:
            return self._functions[name]
        same = [item for item in self._functions.values() if name in {item.full_name, item.own_name}]
        if [item.full_name for item in same] == [name]:
            return same[0]
        raise self._missing(name, [item.name for item in same])

    def source(self, description: Description) -> str:
        """The text of the function's file; empty for a model. Raises NotFoundError when it has gone."""
        try:
            path = Path(description.file)
            return path.read_text("utf-8", "replace") if not description.is_model else ""
        except OSError:
            raise NotFoundError(f"{Path(description.file).name} is not there any more.") from None

    def _missing(self, name: str, same: list[str]) -> NotFoundError:
        if same:
            return NotFoundError(f"There are two functions {name}: {' and '.join(same)}.", "Call one by its full name.")
        broken = [problem for problem in self.problems() if Path(problem.file).stem == name.partition(".")[0]]
        broken = broken or self.problems()
        if broken:
            faults = " ".join(f"{problem.name} has a fault: {problem.message}." for problem in broken)
            return NotFoundError(f"There is no function {name}.", faults)
        near = get_close_matches(name, self._functions, 1)
        return NotFoundError(f"There is no function {name}.", f"Did you mean {near[0]}?" if near else "")

    def _refresh(self) -> None:
        """Looks at the folder, at most once a second; who comes meanwhile gets what is known, once something is."""
        if time.monotonic() - self._looked < EVERY or not self._looking.acquire(blocking=not self._known):
            return
        try:
            if time.monotonic() - self._looked >= EVERY:
                self._look()
                self._looked = time.monotonic()
        finally:
            self._looking.release()

    def _look(self) -> None:
        versions = self._versions()
        changed = {file: v for file, v in versions.items() if file not in self._known or self._known[file].version != v}
        if not changed and len(versions) == len(self._known):
            return
        found = self._describe(changed)
        known = {
            file: _Known(versions[file], found[file]) if file in found else self._known.get(file) for file in versions
        }
        self._known = {file: item for file, item in known.items() if item}
        self._functions = _named([item.found for item in self._known.values()])

    def _versions(self) -> dict[str, str]:
        """The Python files and models at the top of the folder with their time and size."""
        found = {}
        for path in sorted(self._config.folder.iterdir()):
            try:
                if (
                    path.suffix in {".py", MODEL}
                    and path.is_file()
                    and (not self._config.only or path.name in self._config.only)
                ):
                    found[str(path)] = version_of(path)
            except OSError:  # it went away while we looked
                continue
        return found

    def _describe(self, files: Mapping[str, str]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        tasks: dict[str, Task] = {}
        for file in files:
            problem = _read(file)
            if problem is not None:
                found[file] = problem
            else:
                tasks[file] = self._pool.submit(orders.describe, file, seconds=self._config.functions.seconds)
        return found | {file: self._result(file, task) for file, task in tasks.items()}

    def _result(self, file: str, task: Task) -> Found:
        try:
            found: Found = task.result()
        except TimeoutError:
            return FileProblem(file, None, f"its import did not end within {self._config.functions.seconds:g} s")
        except WorkerDied as error:
            return FileProblem(file, None, f"its import ended the worker: {error}")
        except (Error, CancelledError) as error:
            return FileProblem(file, None, f"no worker could import it: {error}")
        return found


def serves(source: bytes) -> bool:
    """Whether a file's syntax tree imports Frontdesk. Raises SyntaxError or ValueError for what is no Python."""
    for node in ast.walk(ast.parse(source)):
        names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if any(name.partition(".")[0] == "frontdesk" for name in names):
            return True
    return False


def _read(file: str) -> Found | None:
    """Nothing to serve, a problem, or None where a worker must look."""
    if file.endswith(MODEL):
        return None
    try:
        source = Path(file).read_bytes()
        if b"frontdesk" not in source or not serves(source):
            return []
    except SyntaxError as error:
        return FileProblem(file, error.lineno, f"SyntaxError: {error.msg}")
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return FileProblem(file, None, f"{type(error).__name__}: {error}")
    return None


def _named(files: list[Found]) -> dict[str, Description]:
    """Each under its own name, and where two have one name, both under `file.name`."""
    everything = [item for found in files if isinstance(found, list) for item in found]
    count = Counter(item.own_name for item in everything)
    named = [item if count[item.own_name] == 1 else item.renamed(item.full_name) for item in everything]
    return {item.name: item for item in named}
