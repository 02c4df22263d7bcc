"""The notes on logging: the five levels, files, formats, loggers of one's own, and both printed outputs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import served
from tests.journeys.conftest import Served
from tests.journeys.served import Server

Line = tuple[str, str, str]
"""Logger, level and message of a line."""

FIRST_OUTPUT = """\
2024-06-19 13:35:26 - ArithmethicApp - DEBUG - Adding 10 + 15 = 25
2024-06-19 13:35:26 - ArithmethicApp - DEBUG - Subtracting 15 - 10 = 5
2024-06-19 13:35:26 - ArithmethicApp - DEBUG - Multiplying 10 * 20 = 200
2024-06-19 13:35:26 - ArithmethicApp - ERROR - Division by zero error
"""
SECOND_OUTPUT = """\
2024-06-19 13:35:26 - ArithmethicApp - DEBUG - Starting operations with a=10 and b=5
2024-06-19 13:35:26 - ArithmethicApp - INFO - Addition result: 15
2024-06-19 13:35:26 - ArithmethicApp - INFO - Subtraction result: 5
2024-06-19 13:35:26 - ArithmethicApp - INFO - Multiplication result: 50
2024-06-19 13:35:26 - ArithmethicApp - INFO - Division result: 2.0
2024-06-19 13:36:12 - ArithmethicApp - DEBUG - Starting operations with a=-10 and b=5
2024-06-19 13:36:12 - ArithmethicApp - WARNING - One or both inputs are negative. Results may be unexpected.
2024-06-19 13:36:12 - ArithmethicApp - INFO - Addition result: -5
2024-06-19 13:36:12 - ArithmethicApp - INFO - Subtraction result: -15
2024-06-19 13:36:12 - ArithmethicApp - INFO - Multiplication result: -50
2024-06-19 13:36:12 - ArithmethicApp - INFO - Division result: -2.0
2024-06-19 13:36:42 - ArithmethicApp - DEBUG - Starting operations with a=10 and b=0
2024-06-19 13:36:42 - ArithmethicApp - INFO - Addition result: 10
2024-06-19 13:36:42 - ArithmethicApp - INFO - Subtraction result: 10
2024-06-19 13:36:42 - ArithmethicApp - INFO - Multiplication result: 0
2024-06-19 13:36:42 - ArithmethicApp - ERROR - Division by zero error
"""
FIVE_LEVELS: list[Line] = [
    ("root", "DEBUG", "This is a debug message"),
    ("root", "INFO", "This is an info message"),
    ("root", "WARNING", "This is a warning message"),
    ("root", "ERROR", "This is an error message"),
    ("root", "CRITICAL", "This is a critical message"),
]
SCHOOL: list[Line] = [
    ("attendance", "INFO", "Student John Doe was present today."),
    ("grades", "WARNING", "Student Jane Doe's grade is below average."),
    ("behavior", "ERROR", "Student Mark Smith was caught cheating."),
]
MODULES: list[Line] = [
    ("module1", "DEBUG", "This is a debug message for module1"),
    ("module2", "WARNING", "This is a warning message for module 2"),
    ("module2", "ERROR", "This is an error message"),
]
WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (\S+) - ([A-Z]+) - (.*)")

SETTINGS = """
[logs]
level = "DEBUG"
file = "app.log"
file_mode = "w"
format = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
date_format = "%Y-%m-%d %H:%M:%S"
[logs.levels]
module1 = "DEBUG"
module2 = "WARNING"
frontdesk = "INFO"
sqlalchemy = "INFO"
"""
LEVELS = '''
import logging

import frontdesk

logging.basicConfig(
    filename="basic.log",
    filemode="w",
    level=logging.DEBUG,
    format="%(asctime)s - %(name)s - %(levelname)s - %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S",
)


@frontdesk.function
def all_levels():
    """Logs a message of each level."""
    logging.debug("This is a debug message")
    logging.info("This is an info message")
    logging.warning("This is a warning message")
    logging.error("This is an error message")
    logging.critical("This is a critical message")
'''
TWO_LOGGERS = '''
import logging

import frontdesk

logger1 = logging.getLogger("module1")
logger2 = logging.getLogger("module2")
{levels}

@frontdesk.function
def {name}():
    """Logs by two loggers with levels of their own."""
    logger1.debug("This is a debug message for module1")
    logger2.debug("This is never seen")
    logger2.info("This is never seen")
    logger2.warning("This is a warning message for module 2")
    logger2.error("This is an error message")
'''
ARITHMETIC = """
import logging

import frontdesk

logger = logging.getLogger("ArithmethicApp")


@frontdesk.function
def add(a, b):
    result = a + b
    logger.debug(f"Adding {a} + {b} = {result}")
    return result


@frontdesk.function
def subtract(a, b):
    result = a - b
    logger.debug(f"Subtracting {a} - {b} = {result}")
    return result


@frontdesk.function
def multiply(a, b):
    result = a * b
    logger.debug(f"Multiplying {a} * {b} = {result}")
    return result


@frontdesk.function
def divide(a, b):
    try:
        result = a / b
        logger.debug(f"Dividing {a} / {b} = {result}")
        return result
    except ZeroDivisionError:
        logger.error("Division by zero error")
        return None
"""
FIRST_CALLS = (("add", 10, 15), ("subtract", 15, 10), ("multiply", 10, 20), ("divide", 20, 0))
SECOND_CALLS = (("perform_operations", 10, 5), ("perform_operations", -10, 5), ("perform_operations", 10, 0))


def parsed(output: str) -> list[Line]:
    """Logger, level and message of every line; the time is only looked at for its form."""
    found = [WRITTEN.fullmatch(line) for line in output.splitlines()]
    return [(one[2], one[3], one[4]) for one in found if one]


def of(loggers: set[str], output: str) -> list[Line]:
    """The lines of these loggers; beside them Frontdesk's own may stand."""
    return [line for line in parsed(output) if line[0] in loggers]


def renamed(output: str) -> list[Line]:
    """The lines as the listing of `add` … `divide` has them: it spells its logger another way than the output does."""
    return [("ArithmeticApp", level, message) for _, level, message in parsed(output)]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A desk with the code of the notes, served."""
    folder = tmp_path_factory.mktemp("logging") / "notes"
    folder.mkdir()
    (folder / "frontdesk.toml").write_text(SETTINGS)
    (folder / "levels.py").write_text(LEVELS)
    (folder / "modules.py").write_text(TWO_LOGGERS.format(name="two_loggers", levels=""))
    (folder / "arithmetic.py").write_text(ARITHMETIC)
    people = served.introduce(folder)
    server = Server(folder)
    try:
        yield Served(server, people)
    finally:
        server.stop()


class Written:
    """What was written to a text file and to the console since this was made."""

    def __init__(self, server: Server, file: str) -> None:
        self._places = (server.folder / file, server.console)
        self._began = [path.stat().st_size if path.exists() else 0 for path in self._places]

    def both(self) -> tuple[str, str]:
        """The text of the file and of the console."""
        texts = [path.read_bytes()[began:].decode() for path, began in zip(self._places, self._began, strict=True)]
        return texts[0], texts[1]


def records(there: Served, run: int) -> list[Line]:
    """What the log page's JSON says about a run, oldest first."""
    found = there.server.client(there.people["eve"]).get(f"/api/logs?run={run}&_after=0")["records"]
    return [(one["logger"], one["level"], one["message"]) for one in found]


def call(there: Served, function: str, **arguments: object) -> list[Line]:
    """The records of calling a function, as the API gives them."""
    return records(there, there.server.client(there.people["eve"]).call(function, **arguments)["run"])


def test_the_five_levels_reach_the_file_the_console_and_the_log_page(notes: Served):
    written = Written(notes.server, "app.log")
    assert call(notes, "all_levels") == FIVE_LEVELS
    file, console = written.both()
    assert of({"root"}, file) == of({"root"}, console) == FIVE_LEVELS


def test_the_level_filter_means_at_least(notes: Served):
    eve = notes.server.client(notes.people["eve"])
    run = eve.call("all_levels")["run"]
    for number, (_, level, _) in enumerate(FIVE_LEVELS):
        found = eve.get(f"/api/logs?run={run}&level={level}&_after=0")["records"]
        assert [one["level"] for one in found] == [line[1] for line in FIVE_LEVELS[number:]]


def test_basic_config_in_a_served_file_writes_no_file_of_its_own_and_says_so(notes: Served):
    call(notes, "all_levels")
    assert not (notes.server.folder / "basic.log").exists()
    found = notes.server.client(notes.people["eve"]).get("/api/logs?logger=frontdesk.logs&text=basicConfig")["records"]
    assert found and all("levels.py" in one["message"] for one in found)


def test_each_line_has_the_format_and_the_date_format(notes: Served):
    call(notes, "all_levels")
    lines = (notes.server.folder / "app.log").read_text().splitlines()
    assert all(WRITTEN.fullmatch(line) for line in lines if not line.startswith((" ", "Traceback")))


def test_module1_and_module2_have_the_levels_of_the_settings(notes: Served):
    written = Written(notes.server, "app.log")
    assert call(notes, "two_loggers") == MODULES
    file, console = written.both()
    assert of({"module1", "module2"}, file) == of({"module1", "module2"}, console) == MODULES


def test_module1_and_module2_have_the_levels_that_their_code_sets(demo: Served):
    levels = "logger1.setLevel(logging.DEBUG)\nlogger2.setLevel(logging.WARNING)\n"
    (demo.server.folder / "modules.py").write_text(TWO_LOGGERS.format(name="two_loggers_of_code", levels=levels))
    eve = demo.server.client(demo.people["eve"])
    assert served.eventually(lambda: eve.ask("GET", "/api/functions/two_loggers_of_code").status == 200)
    assert call(demo, "two_loggers_of_code") == MODULES


def test_the_first_printed_output_exactly_to_file_and_console(notes: Served):
    written = Written(notes.server, "app.log")
    lines = [line for name, a, b in FIRST_CALLS for line in call(notes, name, a=a, b=b)]
    file, console = written.both()
    assert lines == of({"ArithmethicApp"}, file) == of({"ArithmethicApp"}, console) == parsed(FIRST_OUTPUT)


def test_the_demos_arithmetic_writes_both_printed_outputs_to_app1_log_and_the_console(demo: Served):
    written = Written(demo.server, "app1.log")
    first = [line for name, a, b in FIRST_CALLS for line in call(demo, name, a=a, b=b)]
    second = [line for name, a, b in SECOND_CALLS for line in call(demo, name, a=a, b=b)]
    file, console = written.both()
    assert first == of({"ArithmeticApp"}, file) == of({"ArithmeticApp"}, console) == renamed(FIRST_OUTPUT)
    assert second == of({"ArithmethicApp"}, file) == of({"ArithmethicApp"}, console) == parsed(SECOND_OUTPUT)


def test_the_same_file_run_as_its_own_program_writes_both_printed_outputs(demo: Served, tmp_path: Path):
    program = demo.server.folder / "arithmetic.py"
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    expected = renamed(FIRST_OUTPUT) + parsed(SECOND_OUTPUT)
    assert parsed(done.stderr) == parsed((tmp_path / "app1.log").read_text()) == expected
    assert len(done.stderr.splitlines()) == len(expected)


def test_attendance_grades_and_behavior_each_log_by_their_own_logger(demo: Served):
    written = Written(demo.server, "app1.log")
    lines = [line for name in ("record_attendance", "record_grade", "record_behavior") for line in call(demo, name)]
    file, console = written.both()
    loggers = {"attendance", "grades", "behavior"}
    assert lines == of(loggers, file) == of(loggers, console) == SCHOOL
    eve = demo.server.client(demo.people["eve"])
    for logger, level, message in SCHOOL:
        newest = eve.get(f"/api/logs?logger={logger}&_size=1")["records"][0]
        assert (newest["level"], newest["message"]) == (level, message)


def test_file_mode_w_empties_the_file_at_each_start(tmp_path: Path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "frontdesk.toml").write_text(SETTINGS)
    (folder / "levels.py").write_text(LEVELS)
    people = served.introduce(folder)
    for _ in range(2):
        server = Server(folder)
        try:
            assert of({"root"}, (folder / "app.log").read_text()) == []
            assert call(Served(server, people), "all_levels") == FIVE_LEVELS
            assert of({"root"}, (folder / "app.log").read_text()) == FIVE_LEVELS
        finally:
            assert server.stop() == 0
    server = Server(folder)
    try:
        assert len(call(Served(server, people), "all_levels")) == 5
        found = server.client(people["eve"]).get("/api/logs?logger=root&text=This%20is%20an%20error%20message")
        assert len(found["records"]) == 3, "the log page keeps what the text file lost"
    finally:
        server.stop()
