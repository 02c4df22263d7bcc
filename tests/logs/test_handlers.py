"""What a log call leaves behind before it returns."""

import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from frontdesk import context
from frontdesk.config import Config
from frontdesk.logs import handlers

SEED = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def test_a_record_is_in_the_file_when_the_call_returns(serving, lines):
    serving()
    logging.getLogger("school.grades").warning("Student %s is below average.", "Jane Doe")
    (line,) = lines()
    assert line["logger"] == "school.grades"
    assert line["level"] == logging.WARNING
    assert line["message"] == "Student Jane Doe is below average."
    assert line["pid"] == os.getpid()


def test_a_record_carries_who_asked(serving, lines):
    serving()
    with context.bind(request="00112233445566aa", run=7, user="ada"):
        logging.getLogger("a").info("inside")
    logging.getLogger("a").info("outside")
    inside, outside = lines()
    assert (inside["request"], inside["run"], inside["user"]) == ("00112233445566aa", 7, "ada")
    assert not {"request", "run", "user"} & outside.keys()


def test_a_record_carries_its_exception_and_its_extra_fields(serving, lines):
    serving()
    try:
        raise ValueError("no such thing")
    except ValueError:
        logging.getLogger("a").exception("failed", extra={"row": 3, "who": {"name": "Krish"}})
    (line,) = lines()
    assert "ValueError: no such thing" in line["exception"]
    assert line["fields"] == {"row": 3, "who": {"name": "Krish"}}


def test_arguments_that_do_not_fit_their_format_raise_nothing_and_are_still_recorded(serving, lines):
    serving(file="app.log")
    logging.getLogger("a").info("%d rows", "no number")
    assert "'no number'" in lines()[0]["message"]


class Nasty:
    """A value that can be shown in no way."""

    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [Nasty(), {1: Nasty()}, {(1, 2): 3}, float("nan"), "\ud800", b"\xff", "\0", 2**80])
def test_any_extra_value_leaves_a_record_that_can_be_read(serving, lines, value):
    serving()
    logging.getLogger("a").info("odd", extra={"value": value})
    assert lines()[0]["message"] == "odd"


def test_a_value_that_holds_itself_leaves_a_record(serving, lines):
    serving()
    circle: dict[str, object] = {}
    circle["self"] = circle
    logging.getLogger("a").info("round", extra={"circle": circle})
    assert lines()[0]["message"] == "round"


@pytest.mark.parametrize(
    "secret", ["fd_" + "a1B_" * 11, "fds_" + "a1-B" * 11, "fdl_" + "Zz09" * 11, "postgresql://me:hunter2@host/shop"]
)
def test_no_token_link_or_database_password_stands_in_a_log_line(serving, tmp_path: Path, secret, capsys):
    serving(file="app.log", console=True)
    logging.getLogger("a").info("GET /link/%s", secret, extra={"url": secret, "password": "hunter2"})
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.*l*") if file.suffix in {".log", ".jsonl"})
    written += capsys.readouterr().err.encode()
    assert b"GET /link/" in written
    assert b"hunter2" not in written
    assert secret[-30:].encode() not in written


def test_the_text_file_is_as_basic_config_writes_it(serving, tmp_path: Path):
    serving(file="app1.log", format=SEED)
    logging.getLogger("ArithmethicApp").debug("Adding %s + %s = %s", 10, 15, 25)
    logging.getLogger("ArithmethicApp").error("Division by zero error")
    first, second = (tmp_path / "app1.log").read_text().splitlines()
    assert first[:4].isdigit()
    assert first[19:] == " - ArithmethicApp - DEBUG - Adding 10 + 15 = 25"
    assert second[19:] == " - ArithmethicApp - ERROR - Division by zero error"


def test_the_console_shows_the_same_lines_as_the_text_file(serving, tmp_path: Path, capsys):
    serving(file="app1.log", console=True)
    logging.getLogger("a").info("one")
    logging.getLogger("a").error("two")
    assert capsys.readouterr().err == (tmp_path / "app1.log").read_text()


def test_only_the_main_process_empties_a_text_file_of_mode_w(serving, tmp_path: Path):
    (tmp_path / "app.log").write_text("from yesterday\n")
    serving(file="app.log", file_mode="w")
    assert (tmp_path / "app.log").read_text() == "from yesterday\n"
    serving(empties=True, file="app.log", file_mode="w")
    assert (tmp_path / "app.log").read_text() == ""
    serving(empties=True, file="app.log", file_mode="a")
    logging.getLogger("a").info("kept")
    serving(empties=True, file="app.log", file_mode="a")
    assert "kept" in (tmp_path / "app.log").read_text()


@pytest.mark.parametrize("character", ["\x1b", "\r", "\x00", "\x9b", "\u2028", "\u202e", "\x7f", "\x08"])
def test_a_message_cannot_colour_or_overwrite_the_terminal(serving, tmp_path: Path, character, capsys):
    serving(file="app.log", console=True)
    logging.getLogger("a").info("x%s[2Jy", character)
    text = (tmp_path / "app.log").read_text() + capsys.readouterr().err
    assert character not in text
    assert text.count("\\") == 2


def test_a_message_of_several_lines_stays_readable_and_forges_no_record(serving, tmp_path: Path, lines):
    serving(file="app.log", format="%(levelname)s %(message)s")
    logging.getLogger("a").info("first\nERROR forged")
    assert (tmp_path / "app.log").read_text() == "INFO first\n    ERROR forged\n"
    assert lines()[0]["message"] == "first\nERROR forged"


def test_a_full_disk_is_counted_and_raises_nothing(serving, monkeypatch: pytest.MonkeyPatch):
    serving()
    logging.getLogger("a").info("fits")
    before = handlers.dropped()
    monkeypatch.setattr(os, "write", full)
    logging.getLogger("a").info("does not fit")
    assert handlers.dropped() == before + 1


def full(file: int, data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_line_that_was_torn_by_a_full_disk_does_not_spoil_the_next(serving, tmp_path: Path, monkeypatch):
    serving()
    genuine = os.write
    monkeypatch.setattr(os, "write", lambda file, data: genuine(file, data[:20]))
    logging.getLogger("a").info("torn")
    monkeypatch.setattr(os, "write", genuine)
    logging.getLogger("a").info("whole")
    (file,) = (tmp_path / ".frontdesk" / "logs").glob("*.jsonl")
    torn, whole = file.read_text().splitlines()
    assert len(torn) == 20
    assert '"message":"whole"' in whole


def test_a_file_that_is_full_is_followed_by_a_new_one(serving, tmp_path: Path, lines, monkeypatch):
    monkeypatch.setattr(handlers, "ROTATE_BYTES", 1_000)
    serving()
    for number in range(50):
        logging.getLogger("a").info("record %03d", number)
    assert len(list((tmp_path / ".frontdesk" / "logs").glob("*.jsonl"))) > 3
    assert [line["message"] for line in lines()] == [f"record {number:03}" for number in range(50)]


def test_threads_lose_and_mix_no_lines(serving, lines):
    serving()
    threads = [threading.Thread(target=say_often, args=(f"thread{n}", 500)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({line["message"] for line in lines()}) == 2000


def say_often(name: str, times: int) -> None:
    for number in range(times):
        logging.getLogger(name).info("%s says %d", name, number)


def test_a_forked_process_writes_a_file_of_its_own(serving, lines, tmp_path: Path):
    serving()
    logging.getLogger("a").info("parent")
    child = os.fork()
    if not child:
        logging.getLogger("a").info("child")
        os._exit(0)
    os.waitpid(child, 0)
    logging.getLogger("a").info("parent again")
    assert len(list((tmp_path / ".frontdesk" / "logs").glob("*.jsonl"))) == 2
    assert {line["message"]: line["pid"] for line in lines()} == {
        "parent": os.getpid(),
        "child": child,
        "parent again": os.getpid(),
    }


def test_a_spawned_process_that_is_configured_writes_too(settings, lines):
    process = multiprocessing.get_context("spawn").Process(target=configure_and_say, args=(settings(),))
    process.start()
    process.join()
    assert [line["message"] for line in lines()] == ["spawned"]


def configure_and_say(config: Config) -> None:
    handlers.configure(config, "worker")
    logging.getLogger("a").warning("spawned")


def test_text_files_of_several_processes_hold_every_line_whole(settings, tmp_path: Path):
    config = settings(file="app.log")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=configure_and_say_often, args=(config, f"p{n}")) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = (tmp_path / "app.log").read_text().splitlines()
    assert len(found) == len(set(found)) == 900


def configure_and_say_often(config: Config, name: str) -> None:
    handlers.configure(config, "worker")
    logging.getLogger().setLevel("INFO")
    say_often(name, 300)


def test_a_foreign_program_adds_our_handler_and_keeps_its_own(tmp_path: Path, lines):
    program = """
import logging, sys
from frontdesk.logs import handlers
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
logging.getLogger().addHandler(handlers.logging_handler(sys.argv[1]))
logging.info("both")
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "both\n"
    assert [line["message"] for line in lines()] == ["both"]


def test_handlers_that_were_closed_by_user_code_write_again(serving, lines):
    serving()
    logging.getLogger("a").info("before")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, handlers.JsonLines):
            handler.close()
    logging.getLogger("a").info("after")
    assert [line["message"] for line in lines()] == ["before", "after"]


def test_configuring_twice_writes_each_record_once(serving, lines):
    serving()
    serving()
    logging.getLogger("a").info("once")
    assert [line["message"] for line in lines()] == ["once"]
