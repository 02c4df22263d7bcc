"""A desk folder with its log index, our handlers on the root logger, and what they wrote."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import config
from frontdesk.config import Config
from frontdesk.database import logs, state
from frontdesk.database.connections import Database
from frontdesk.logs import handlers, loggers


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Config]:
    """The settings of a desk in a temporary folder, without console output unless asked for."""

    def settings(**given: Any) -> Config:
        return config.load(tmp_path, environment={}, logs={"console": False, "level": "DEBUG", **given})

    return settings


@pytest.fixture
def serving(settings: Callable[..., Config]) -> Iterator[Callable[..., Config]]:
    """Puts our handlers on the root logger as a serving process does."""
    root = logging.getLogger()
    others = list(root.handlers)
    with untouched_levels():

        def serving(empties: bool = False, **given: Any) -> Config:
            made = settings(**given)
            root.handlers.clear()  # pytest's own raise where ours must not
            handlers.configure(made, "test", empties)
            loggers.apply(made, {})
            return made

        yield serving
        handlers.remove()
    root.handlers[:] = others


@pytest.fixture
def engines_desk(tmp_path: Path, own: dict[str, Any]) -> None:
    """The desk's settings name where Frontdesk's own tables are on the engine, for other processes too."""
    lines = [f'{name} = "{url}"' for name, url in own.get("databases", {}).items()]
    (tmp_path / "frontdesk.toml").write_text("\n".join(["[databases]", *lines, ""]))


@pytest.fixture
def index(settings: Callable[..., Config], engines_desk: None) -> Iterator[Database]:
    """The log index of the desk, on either engine."""
    database = logs.open(settings())
    yield database
    database.close()


@pytest.fixture
def state_database(settings: Callable[..., Config], engines_desk: None) -> Iterator[Database]:
    """Frontdesk's own tables of the desk, on either engine."""
    database = state.open(settings())
    yield database
    database.close()


@pytest.fixture
def lines(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What stands in the JSON-lines files, oldest first."""

    def lines() -> list[dict[str, Any]]:
        files = sorted((tmp_path / ".frontdesk" / "logs").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    return lines


class untouched_levels:  # noqa: N801 - reads as a word of the language
    """Gives every logger the level back that it had before."""

    def __enter__(self) -> None:
        self.root = logging.getLogger().level
        self.before = {name: logging.getLogger(name).level for name in list(logging.root.manager.loggerDict)}

    def __exit__(self, *error: object) -> None:
        loggers.forget()
        for name in list(logging.root.manager.loggerDict):
            logging.getLogger(name).setLevel(self.before.get(name, 0))
        logging.getLogger().setLevel(self.root)
