"""`frontdesk logs` and `frontdesk loggers`."""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from frontdesk import cli, context
from frontdesk.logs import handlers, loggers


@pytest.fixture
def run(desk):
    def run(*arguments):
        return CliRunner().invoke(cli.group, [*arguments, "--desk", str(desk.folder)])

    return run


@pytest.fixture
def logger(desk) -> Iterator[logging.Logger]:
    """A logger of a program whose records go to the desk."""
    made = logging.getLogger("school.grades")
    made.addHandler(handlers.logging_handler(desk.folder))
    made.setLevel("DEBUG")
    yield made
    made.handlers.pop().close()
    made.setLevel("NOTSET")


def test_records_are_shown_with_the_latest_last(run, logger):
    with context.bind(run=7, request="00112233445566aa"):
        logger.info("first")
    logger.error("second\n\x1b[2J")
    first, second, rest = run("logs").stdout.splitlines()
    assert first.endswith("INFO     school.grades - first run=7 request=00112233445566aa")
    assert second.endswith("ERROR    school.grades - second")
    assert rest == "    \\x1b[2J"


def test_filters_select_records(run, logger):
    logger.info("one")
    logger.error("two")
    assert run("logs", "--level", "error").stdout.count("\n") == 1
    assert run("logs", "--logger", "school", "--text", "ONE", "--since", "1h").stdout.count("\n") == 1
    assert run("logs", "--logger", "other").stdout == ""
    assert run("logs", "--size", "1").stdout.endswith("two\n")


def test_with_json_each_record_is_a_line(run, logger):
    logger.info("one", extra={"a": 1})
    logger.info("two")
    one, two = map(json.loads, run("logs", "--json").stdout.splitlines())
    assert (one["message"], one["fields"], two["message"]) == ("one", {"a": 1}, "two")


def test_a_wrong_filter_is_named(desk, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["logs", "--level", "LOUD", "--since", "x", "--desk", str(desk.folder)])
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert "level: Write one of" in said
    assert "since: Write" in said


def test_following_shows_each_new_record_until_it_is_stopped(desk, logger):
    logger.info("before")
    command = [sys.executable, "-m", "frontdesk", "logs", "--follow", "--level", "INFO", "--desk", str(desk.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("before\n")
        logger.debug("too low")
        for number in range(3):
            logger.info("new %d", number)
            assert process.stdout.readline().endswith(f"new {number}\n")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == 0


def test_a_level_is_shown_set_and_taken_back(run, desk):
    assert run("loggers", "root").stdout.split() == ["root", "INFO", "default"]
    assert "DEBUG" in run("loggers", "school.grades", "debug", "--minutes", "5").stdout
    assert loggers.overrides(desk.state)["school.grades"].level == "DEBUG"
    (shown,) = json.loads(run("loggers", "school.grades", "--json").stdout)["loggers"]
    assert (shown["level"], shown["by"][:4]) == ("DEBUG", "cli:")
    assert "inherited" in run("loggers", "school.grades", "--reset").stdout
    assert "school.grades" not in loggers.overrides(desk.state)


def test_all_loggers_are_listed(run, desk):
    loggers.set_level(desk.state, "grades", "ERROR", "ada")
    listed = run("loggers").stdout
    assert listed.startswith("root ")
    assert "grades" in listed


def test_a_wrong_level_or_use_is_refused(run, desk):
    assert run("loggers", "a", "LOUD").exit_code == 1
    assert run("loggers", "--minutes", "5").exit_code == 2
    assert loggers.overrides(desk.state) == {}
