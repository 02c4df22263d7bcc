"""What was logged is found in the index: every record, each once, whatever is killed meanwhile."""

import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select

from frontdesk.config import Config
from frontdesk.database import logs
from frontdesk.database.connections import Database
from frontdesk.errors import DiskFullError
from frontdesk.logs import carrier, handlers, records


def messages(index: Database) -> list[str]:
    with index.connect() as connection:
        return list(connection.scalars(select(logs.records.c.message).order_by(logs.records.c.id)))


def files(folder: Path) -> list[Path]:
    return sorted((folder / ".frontdesk" / "logs").glob("*.jsonl"))


def test_a_reader_sees_everything_that_was_logged_before(serving, index):
    config = serving()
    for number in range(3):
        logging.getLogger("a").info("record %d", number)
        carrier.carry(config, index)
        assert records.search(index).records[0].message == f"record {number}"


def test_what_is_carried_is_not_carried_again(serving, index):
    config = serving()
    logging.getLogger("a").info("once")
    assert carrier.carry(config, index) == 1
    assert carrier.carry(config, index) == 0
    carrier._carried.clear()  # as another process, which remembers nothing
    assert carrier.carry(config, index) == 0
    assert messages(index) == ["once"]


def test_a_desk_that_has_logged_nothing_has_nothing_to_carry(settings, index):
    assert carrier.carry(settings(), index) == 0


def test_records_keep_every_part_of_theirs(serving, index):
    config = serving()
    logging.getLogger("school.grades").warning("Zoë\n€", extra={"grade": 4.5})
    carrier.carry(config, index)
    (record,) = records.search(index).records
    assert (record.logger, record.level, record.message, record.fields) == (
        "school.grades",
        "WARNING",
        "Zoë\n€",
        {"grade": 4.5},
    )
    assert record.process == os.getpid()
    assert abs(record.time.timestamp() - time.time()) < 10


@pytest.mark.parametrize("text", ["NUL \0", "half \ud800", "\U0001f600", "x" * 3_000_000])
def test_any_text_reaches_the_index(serving, index, text):
    config = serving()
    logging.getLogger("a").info(text, extra={"text": text})
    logging.getLogger("a").info("after")
    carrier.carry(config, index)
    odd, after = messages(index)
    assert after == "after"
    assert len(odd) >= len(text)


def test_a_file_goes_away_only_when_it_is_carried_and_its_process_is_gone(serving, index, tmp_path):
    config = serving()
    logging.getLogger("a").info("kept")
    carrier.carry(config, index)
    assert carrier.remove_finished(config, index) == 0
    handlers.remove()
    logging.getLogger("a").info("nobody hears this")
    assert carrier.remove_finished(config, index) == 1
    assert files(tmp_path) == []
    assert messages(index) == ["kept"]


def test_a_file_of_a_process_that_is_gone_stays_until_it_is_carried(serving, index, tmp_path):
    config = serving()
    logging.getLogger("a").info("not yet carried")
    handlers.remove()
    assert carrier.remove_finished(config, index) == 0
    assert len(files(tmp_path)) == 1
    carrier.carry(config, index)
    assert carrier.remove_finished(config, index) == 1


def test_a_half_written_line_waits_until_it_is_whole(serving, index, tmp_path):
    config = serving()
    logging.getLogger("a").info("first")
    (file,) = files(tmp_path)
    line = file.read_text().replace("first", "second")
    with file.open("a") as tail:
        tail.write(line[:30])
        tail.flush()
        carrier.carry(config, index)
        assert messages(index) == ["first"]
        tail.write(line[30:])
    carrier.carry(config, index)
    assert messages(index) == ["first", "second"]


def test_a_half_written_line_of_a_process_that_is_gone_is_dropped_and_said(serving, index, tmp_path):
    config = serving()
    logging.getLogger("a").info("whole")
    (file,) = files(tmp_path)
    with file.open("a") as tail:
        tail.write('{"time":1')
    handlers.remove()
    carrier.carry(config, index)
    assert messages(index) == ["whole", carrier.TORN]
    carrier.remove_finished(config, index)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "line", ["nonsense", "{}", "[]", '{"levels": 3}', '{"time": "x"}', "\0\0", '{"levels":{"a":"b"}}']
)
def test_a_line_that_is_no_record_is_said_and_stops_nothing(serving, index, tmp_path, line):
    config = serving()
    logging.getLogger("a").info("before")
    (file,) = files(tmp_path)
    with file.open("a") as tail:
        tail.write(line + "\n")
    logging.getLogger("a").info("after")
    carrier.carry(config, index)
    assert sorted(messages(index)) == sorted(["before", carrier.UNREADABLE, "after"])


def test_several_batches_and_files_arrive_in_the_order_of_their_time(serving, index, monkeypatch):
    monkeypatch.setattr(carrier, "BATCH_BYTES", 2_000)
    monkeypatch.setattr(handlers, "ROTATE_BYTES", 10_000)
    config = serving()
    for number in range(500):
        logging.getLogger("a").info("%d", number)
    carrier.carry(config, index)
    assert messages(index) == [str(number) for number in range(500)]


def test_threads_that_carry_at_the_same_time_carry_each_record_once(serving, index):
    config = serving()
    stop = threading.Event()
    threads = [threading.Thread(target=carry_until, args=(config, index, stop)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1_000):
        logging.getLogger("a").info("%d", number)
    stop.set()
    for thread in threads:
        thread.join()
    carrier.carry(config, index)
    assert sorted(map(int, messages(index))) == list(range(1_000))


def carry_until(config: Config, index: Database, stop: threading.Event) -> None:
    while not stop.is_set():
        carrier.carry(config, index)
        carrier.remove_finished(config, index)


WRITER = """
import logging, sys
from frontdesk import config
from frontdesk.logs import handlers
settings = config.load(sys.argv[1], environment={}, logs={"console": False})
handlers.ROTATE_BYTES = 20_000
handlers.configure(settings, "writer")
logging.getLogger().setLevel("INFO")
number = 0
while True:
    logging.getLogger("writer").info("%s %d", sys.argv[2], number)
    print(number, flush=True)
    number += 1
"""

CARRIER = """
import sys
from frontdesk import config
from frontdesk.database import logs
from frontdesk.logs import carrier
settings = config.load(sys.argv[1], environment={})
database = logs.open(settings)
carrier.BATCH_BYTES = 5_000
print("ready", flush=True)
while True:
    carrier.carry(settings, database)
    carrier.remove_finished(settings, database)
"""


def test_kill_9_of_writing_and_carrying_processes_loses_nothing_and_doubles_nothing(settings, index, tmp_path):
    config = settings()
    said: dict[str, bytes] = {}
    for number in range(3):
        carriers = [start(CARRIER, tmp_path) for _ in "ab"]
        writer = start(WRITER, tmp_path, f"w{number}")
        for process in carriers:
            out_of(process).readline()
        reader = threading.Thread(
            target=lambda out, name: said.__setitem__(name, out.read()), args=(out_of(writer), f"w{number}")
        )
        reader.start()
        time.sleep(random.uniform(0.3, 0.6))
        for process in random.sample([*carriers, writer], 3):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        reader.join()
        for process in [*carriers, writer]:
            out_of(process).close()
    carrier.carry(config, index)
    carrier.remove_finished(config, index)
    found = messages(index)
    acknowledged = {f"{name} {line}" for name, out in said.items() for line in out.decode().split("\n")[:-1]}
    assert len(acknowledged) > 100
    assert len(found) == len(set(found))
    assert acknowledged <= set(found)
    assert len(found) <= len(acknowledged) + 3  # logged, and killed before it could be told
    assert files(tmp_path) == []


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def out_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def test_when_nothing_is_new_carrying_costs_next_to_nothing(serving, index):
    config = serving()
    logging.getLogger("a").info("one")
    carrier.carry(config, index)
    began = time.process_time()
    for _ in range(200):
        carrier.carry(config, index)
    assert (time.process_time() - began) / 200 < 0.001


def test_a_reader_still_reads_when_the_index_cannot_be_written(serving, index, monkeypatch):
    config = serving()
    logging.getLogger("a").info("one")

    def full(*arguments):
        raise DiskFullError("The disk is full.")

    monkeypatch.setattr(carrier, "_carry_batch", full)
    carrier.catch_up(config, index)
    assert records.search(index).records == []


def test_a_process_that_was_spawned_and_died_is_carried_to_its_end(settings, index, tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=say_and_die, args=(settings(),))
    process.start()
    process.join()
    carrier.carry(settings(), index)
    assert messages(index) == ["last words"]
    assert carrier.remove_finished(settings(), index) == 1


def say_and_die(config: Config) -> None:
    handlers.configure(config, "worker")
    logging.getLogger("a").critical("last words")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_reader_is_answered_although_carrying_logs_something_itself(serving, index, monkeypatch):
    config = serving()
    logging.getLogger("a").info("first")
    read = carrier._read

    def read_and_log(path, start):
        logging.getLogger("a").info("one more")
        return read(path, start)

    monkeypatch.setattr(carrier, "_read", read_and_log)
    carrier.carry(config, index)
    assert "first" in messages(index)
