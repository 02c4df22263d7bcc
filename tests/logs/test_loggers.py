"""A level set by a person is in force everywhere, and goes before all others."""

import logging
import multiprocessing
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.config import Config
from frontdesk.database import state
from frontdesk.database.values import now
from frontdesk.errors import InputError
from frontdesk.logs import carrier, handlers, loggers
from frontdesk.logs.loggers import Override

SEED = """
import logging
logger1 = logging.getLogger("module1")
logger1.setLevel(logging.DEBUG)
logger2 = logging.getLogger("module2")
logger2.setLevel(logging.WARNING)
logging.basicConfig(level=logging.DEBUG, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
"""


def level(name: str = "root") -> str:
    return logging.getLevelName(logging.getLogger(name).getEffectiveLevel())


def load(folder: Path, source: str, name: str = "served.py") -> None:
    """Imports a file as a worker does."""
    file = folder / name
    file.write_text(source)
    with loggers.importing(file):
        exec(compile(source, str(file), "exec"), {})


def find(config: Config, state_database, index, name: str) -> loggers.Logger:
    return next(found for found in loggers.list_all(config, state_database, index) if found.name == name)


def test_settings_give_loggers_their_levels(serving):
    serving(level="WARNING", levels={"module1": "DEBUG", "module2": "error"})
    assert (level(), level("module1"), level("module2"), level("module1.child"), level("else")) == (
        "WARNING",
        "DEBUG",
        "ERROR",
        "DEBUG",
        "WARNING",
    )


def test_a_level_set_at_run_time_goes_before_settings_and_user_code(serving, tmp_path):
    config = serving(levels={"module1": "ERROR"})
    load(tmp_path, SEED)
    assert level("module1") == "ERROR"
    loggers.apply(config, {"module1": Override("INFO", "ada", None)})
    load(tmp_path, SEED)
    assert level("module1") == "INFO"
    loggers.apply(config, {})
    assert level("module1") == "ERROR"


def test_user_code_goes_before_the_root(serving, tmp_path):
    serving(level="ERROR")
    load(tmp_path, SEED)
    assert (level("module1"), level("module2"), level()) == ("DEBUG", "WARNING", "ERROR")


def test_what_user_code_set_comes_back_when_a_level_is_reset(serving, tmp_path):
    config = serving()
    load(tmp_path, SEED)
    for _ in range(3):
        loggers.apply(config, {"module2": Override("DEBUG", "ada", None)})
        assert level("module2") == "DEBUG"
    loggers.apply(config, {})
    assert level("module2") == "WARNING"


def test_user_code_that_sets_a_level_while_it_runs_does_not_win_over_a_person(serving):
    config = serving()
    people = {"module1": Override("ERROR", "ada", None)}
    loggers.apply(config, people)
    logging.getLogger("module1").setLevel("DEBUG")
    loggers.apply(config, people)
    assert level("module1") == "ERROR"
    loggers.apply(config, {})
    assert level("module1") == "DEBUG"


def test_the_level_of_a_basic_config_counts_only_where_the_settings_name_none(tmp_path, serving):
    config = serving()
    load(tmp_path, 'import logging\nlogging.basicConfig(level="ERROR")')
    assert level() == "DEBUG"
    unsaid = Config(config.folder)
    loggers.apply(unsaid, {})
    assert level() == "ERROR"
    load(tmp_path, 'import logging\nlogging.basicConfig(level="ERROR")', "a.py")
    load(tmp_path, 'import logging\nlogging.basicConfig(level="DEBUG")', "b.py")
    assert level() == "DEBUG"
    load(tmp_path, 'import logging\nlogging.basicConfig(level="WARNING")', "b.py")
    load(tmp_path, "import logging", "a.py")
    load(tmp_path, "import logging")
    assert level() == "WARNING"


FORMATS = [
    'logging.basicConfig(filename="own.log", filemode="w", format="%(message)s")',
    'logging.basicConfig(handlers=[logging.FileHandler("own.log"), logging.StreamHandler()], force=True)',
    'logging.getLogger().addHandler(logging.FileHandler("own.log"))',
    "logging.getLogger().handlers.clear()\nlogging.getLogger().addHandler(logging.StreamHandler())",
    """import logging.config
logging.config.dictConfig(
    {"version": 1, "handlers": {"c": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["c"]}}
)""",
]


@pytest.mark.parametrize("source", FORMATS)
def test_handlers_of_a_served_file_are_not_obeyed_and_ours_stay(serving, tmp_path, monkeypatch, lines, capfd, source):
    monkeypatch.chdir(tmp_path)
    serving(file="ours.log")
    load(tmp_path, f"import logging\n{source}")
    logging.getLogger("a").error("heard")
    assert [line["message"] for line in lines()].count("heard") == 1
    assert (tmp_path / "ours.log").read_text().count("heard") == 1
    assert not (tmp_path / "own.log").exists() or not (tmp_path / "own.log").read_text()
    assert capfd.readouterr().err == ""


def test_a_warning_says_once_for_each_version_of_a_file_that_its_handlers_are_not_obeyed(serving, tmp_path, lines):
    serving()
    file = tmp_path / "served.py"
    file.touch()
    for _ in range(3):
        with loggers.importing(file):
            logging.basicConfig(format="%(message)s")
    said = [line for line in lines() if line["logger"] == "frontdesk.logs"]
    assert len(said) == 1
    assert "served.py" in said[0]["message"]
    assert said[0]["level"] == logging.WARNING
    os.utime(file, (1, 1))
    with loggers.importing(file):
        logging.basicConfig(format="%(message)s")
    assert len([line for line in lines() if line["logger"] == "frontdesk.logs"]) == 2


def test_a_basic_config_that_only_sets_a_level_needs_no_warning(serving, tmp_path, lines):
    serving()
    load(tmp_path, 'import logging\nlogging.basicConfig(level="DEBUG")')
    assert [line for line in lines() if "message" in line] == []


def test_run_as_its_own_program_a_file_does_what_it_always_did(tmp_path):
    (tmp_path / "own.py").write_text(
        "import logging\nfrom frontdesk.logs import loggers\nfrom pathlib import Path\n"
        "with loggers.importing(Path('own.py')):\n"
        "    logging.basicConfig(filename='own.log', filemode='w', level='DEBUG', format='%(message)s')\n"
        "logging.debug('as ever')\n"
    )
    subprocess.run([sys.executable, "own.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "own.log").read_text() == "as ever\n"


def test_a_file_that_fails_to_import_leaves_basic_config_as_it_was(serving, tmp_path):
    serving()
    genuine = logging.basicConfig
    with pytest.raises(ZeroDivisionError):
        load(tmp_path, "1 / 0")
    assert logging.basicConfig is genuine


def test_a_level_set_on_the_page_is_in_force_in_another_process_within_a_second(settings, state_database):
    config = settings(level="INFO")
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=watch_and_tell, args=(config, theirs))
    process.start()
    assert ours.recv() == "INFO"
    loggers.set_level(state_database, "module1", "DEBUG", "ada")
    began = time.monotonic()
    assert ours.recv() == "DEBUG"
    assert time.monotonic() - began < 3
    loggers.reset(state_database, "module1")
    assert ours.recv() == "INFO"
    process.join()


def watch_and_tell(config: Config, pipe) -> None:
    database = state.open(config)
    watch = loggers.Watch(config, database)
    watch.start()
    for expected in ("INFO", "DEBUG", "INFO"):
        while level("module1") != expected:
            time.sleep(0.01)
        pipe.send(expected)
    watch.stop()
    database.close()


def test_a_level_for_some_minutes_ends_by_itself(serving, state_database, monkeypatch):
    config = serving(level="INFO")
    loggers.set_level(state_database, "module1", "DEBUG", "ada", minutes=5)
    loggers.apply(config, loggers.overrides(state_database))
    assert level("module1") == "DEBUG"
    later = now() + timedelta(minutes=6)
    monkeypatch.setattr(loggers, "now", lambda: later)
    loggers.apply(config, loggers.overrides(state_database))
    assert level("module1") == "INFO"


def test_handlers_that_user_code_took_away_while_it_ran_come_back(serving, state_database, lines):
    config = serving()
    watch = loggers.Watch(config, state_database)
    logging.getLogger().handlers.clear()
    watch._look()
    logging.getLogger("a").info("heard again")
    assert lines()[-1]["message"] == "heard again"


@pytest.mark.parametrize(
    ("name", "given", "minutes", "field"),
    [
        ("a", "LOUD", None, "level"),
        ("a", "", None, "level"),
        ("", "INFO", None, "logger"),
        ("a\nb", "INFO", None, "logger"),
        ("x" * 256, "INFO", None, "logger"),
        ("a", "INFO", 0, "minutes"),
        ("a", "INFO", -1, "minutes"),
        ("a", "INFO", 10**9, "minutes"),
    ],
)
def test_a_wrong_level_name_or_time_is_refused_and_changes_nothing(state_database, name, given, minutes, field):
    with pytest.raises(InputError) as caught:
        loggers.set_level(state_database, name, given, "ada", minutes)
    assert field in caught.value.errors
    assert loggers.overrides(state_database) == {}


def test_the_list_says_where_each_level_comes_from(serving, state_database, index, tmp_path):
    config = serving(level="INFO", levels={"shop": "ERROR"})
    load(tmp_path, SEED)
    loggers.set_level(state_database, "grades", "debug", "ada", minutes=10)
    own = {name: find(config, state_database, index, name) for name in ("root", "shop", "module2", "grades")}
    assert (own["root"].level, own["root"].source) == ("INFO", "frontdesk.toml")
    assert (own["shop"].level, own["shop"].source) == ("ERROR", "frontdesk.toml")
    assert (own["module2"].level, own["module2"].source) == ("WARNING", "code")
    assert own["grades"].level == "DEBUG"
    assert own["grades"].source.startswith("set by ada until 20")
    assert loggers.list_all(config, state_database, index)[0].name == "root"


def test_the_list_shows_levels_and_loggers_of_files_that_other_processes_imported(
    serving, state_database, index, tmp_path
):
    config = serving(level="INFO")
    load(tmp_path, SEED.replace("module", "elsewhere"))
    carrier.carry(config, index)
    handlers.remove()
    loggers.forget()
    for name in ("elsewhere1", "elsewhere2"):
        del logging.root.manager.loggerDict[name]  # as in a process that never imported the file
    assert find(config, state_database, index, "elsewhere1").level == "DEBUG"
    assert find(config, state_database, index, "elsewhere2").source == "code"


def test_a_child_without_a_level_shows_its_parents(serving, state_database, index):
    config = serving(level="INFO", levels={"shop": "ERROR"})
    name = "shop.orders.lines"
    found = next(one for one in loggers.list_all(config, state_database, index, also=[name]) if one.name == name)
    assert (found.level, found.effective, found.source) == (None, "ERROR", "inherited")


def test_a_librarys_logger_that_never_spoke_is_not_listed(serving, state_database, index):
    logging.getLogger("somelibrary.inner")
    names = [one.name for one in loggers.list_all(serving(), state_database, index)]
    assert "somelibrary.inner" not in names
