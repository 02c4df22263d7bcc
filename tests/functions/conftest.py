import os
import time
from functools import partial

import pytest

from frontdesk import config as settings
from frontdesk.context import Caller
from frontdesk.database import state
from frontdesk.functions import calls, registry, worker
from frontdesk.workers.pool import Pool

ARITHMETIC = '''
import logging
import frontdesk

logger = logging.getLogger("ArithmeticApp")


@frontdesk.function
def add(a, b):
    result = a + b
    logger.debug(f"Adding {a} + {b} = {result}")
    return result


@frontdesk.function
def divide(a: int | float, b: int | float):
    """Divide a by b."""
    return a / b


@frontdesk.function(seconds=0.3)
def spin():
    while True:
        pass
'''


class Place:
    """A desk's folder with workers, a registry and calls, and nothing else of a desk."""

    def __init__(self, folder, **overrides):
        self.folder = folder
        self.config = settings.load(folder, {}, **overrides)
        self.state = state.open(self.config)
        functions = self.config.functions
        self.pool = Pool(partial(worker.initialise, self.config), functions.workers, functions.queue)
        self.registry = registry.Registry(self.config, self.pool)
        self.calls = calls.Calls(self.config, self.state, self.registry, self.pool)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        self.registry._looked = float("-inf")  # as if a second had gone by
        return path

    def call(self, name, by=None, **given):
        return self.calls.call(name, given, by or Caller("eve", "editor"))

    def close(self):
        self.calls.close()
        self.pool.close()
        self.state.close()


KEEP_RUNS = ("test_calls", "test_attachments")
"""Modules whose tests look at kept runs, and so run on each engine."""


def pytest_generate_tests(metafunc):
    if "shared" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in KEEP_RUNS:
        engines = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
        metafunc.parametrize("shared", engines, indirect=True, scope="module")


@pytest.fixture(scope="module")
def shared(tmp_path_factory, request):
    """One place for all tests of a module, which each write a file of their own."""
    server = request.getfixturevalue("postgresql") if getattr(request, "param", "sqlite") == "postgresql" else None
    url = server.create() if server else ""
    place = Place(tmp_path_factory.mktemp("desk"), state=url)
    place.write("arithmetic.py", ARITHMETIC)
    yield place
    place.close()
    if server:
        server.drop(url)


@pytest.fixture
def place(tmp_path):
    """A place of the test's own."""
    place = Place(tmp_path)
    yield place
    place.close()


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture(autouse=True)
def _here():
    before = os.getcwd()
    yield
    os.chdir(before)
