import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path

import pytest

from frontdesk.errors import BusyError
from frontdesk.workers import owners
from frontdesk.workers import pool as pool_module
from frontdesk.workers.pool import Pool, WorkerDied


@pytest.fixture
def pool():
    pool = Pool(size=2, queue=3)
    yield pool
    pool.close()


def gone(pid, seconds=2.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not owners.started(pid):
            return True
        time.sleep(0.02)
    return False


def spin():
    while True:
        pass


def refuse_to_end():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    spin()


def crash():
    ctypes.string_at(0)


def exhaust():
    return len(bytearray(400_000_000))


def leave_a_child():
    """Starts a process that sleeps, and never comes back itself."""
    child = subprocess.Popen(["sleep", "60"])
    Path("child").write_text(str(child.pid))
    spin()


def answer_by_fork():
    """Ends while a forked child still holds the pipe."""
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
    os._exit(5)


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def raise_odd():
    raise Odd(1, 2)


def prepare(folder):
    os.chdir(folder)
    os.environ["PREPARED"] = "yes"


def fail_to_prepare():
    raise ValueError("no such desk")


def test_a_call_gives_what_the_function_gives_from_another_process(pool):
    assert pool.submit(divmod, 7, 2).result() == (3, 1)
    assert pool.submit(os.getpid).result() != os.getpid()


def test_what_a_function_raises_is_raised_with_the_traceback_of_the_worker(pool):
    with pytest.raises(ZeroDivisionError) as caught:
        pool.submit(divmod, 1, 0).result()
    assert "In the worker process" in caught.value.__notes__[0]


def test_an_exception_that_cannot_travel_is_told_in_words(pool):
    with pytest.raises(RuntimeError, match="Odd: 1"):
        pool.submit(raise_odd).result()


@pytest.mark.parametrize("function", [spin, refuse_to_end, partial(time.sleep, 60)])
def test_a_task_is_stopped_at_its_limit_even_when_it_refuses(pool, function):
    pool.submit(os.getpid).result()
    before = time.monotonic()
    with pytest.raises(TimeoutError, match=r"stopped after 0.3 s"):
        pool.submit(function, seconds=0.3).result()
    assert 0.3 <= time.monotonic() - before < 5
    assert pool.submit(abs, -1).result() == 1


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (partial(os._exit, 3), "worker died (exit status 3)"),
        (crash, "worker died (signal 11)"),
        (partial(os.kill, 0, signal.SIGKILL), "worker died (signal 9)"),
        (answer_by_fork, "worker died (exit status 5)"),
    ],
)
def test_a_dead_worker_is_named_by_how_it_ended_and_replaced(pool, function, words):
    other = pool.submit(time.sleep, 0.4)
    with pytest.raises(WorkerDied) as caught:
        pool.submit(function).result(timeout=5)
    assert str(caught.value) == words
    assert other.result() is None, "the other worker goes on"
    assert [pool.submit(abs, -n).result(timeout=5) for n in (1, 2, 3)] == [1, 2, 3]


def test_sys_exit_ends_the_call_but_not_the_worker(pool):
    with pytest.raises(SystemExit):
        pool.submit(sys.exit, 3).result()


def test_an_idle_worker_that_is_killed_is_replaced(pool):
    pids = {pool.submit(os.getpid).result() for _ in range(20)}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
    assert pool.submit(os.getpid).result(timeout=5) not in pids


def test_a_cancelled_task_is_killed_and_its_worker_replaced(pool):
    started = []
    task = pool.submit(spin, started=lambda: started.append(time.monotonic()))
    while not started:
        time.sleep(0.01)
    before = time.monotonic()
    assert task.cancel()
    with pytest.raises(CancelledError):
        task.result()
    assert time.monotonic() - before < 5
    assert pool.submit(abs, -1).result() == 1
    assert not task.cancel(), "it is over"


def test_a_task_that_waits_is_taken_out_by_cancel():
    pool = Pool(size=1)
    busy = pool.submit(time.sleep, 0.3)
    waiting = pool.submit(abs, -1)
    assert waiting.cancel()
    with pytest.raises(CancelledError):
        waiting.result()
    assert busy.result() is None
    pool.close()


def test_beyond_the_queue_a_task_is_refused_with_its_position(pool):
    pool.submit(abs, 1).result()
    tasks = [pool.submit(time.sleep, 0.4) for _ in range(2)]
    time.sleep(0.1)
    tasks += [pool.submit(abs, 1) for _ in range(3)]
    with pytest.raises(BusyError, match="queue full, position 4"):
        pool.submit(abs, 1)
    for task in tasks:
        task.result()
    assert pool.submit(abs, -1).result() == 1


def test_memory_is_limited_for_the_call_alone(pool):
    one = Pool(size=1)
    with pytest.raises(MemoryError):
        one.submit(exhaust, memory=100_000_000).result()
    assert one.submit(exhaust).result() == 400_000_000
    one.close()


def test_workers_are_prepared_before_their_first_task(tmp_path):
    pool = Pool(partial(prepare, tmp_path), size=1)
    assert pool.submit(os.getcwd).result() == str(tmp_path)
    assert pool.submit(os.getenv, "PREPARED").result() == "yes"
    pool.close()


def test_a_worker_that_cannot_be_prepared_says_why():
    pool = Pool(fail_to_prepare, size=1)
    with pytest.raises(ValueError, match="no such desk"):
        pool.submit(abs, 1).result(timeout=10)
    pool.close()


def test_a_result_that_cannot_leave_the_worker_is_an_error_not_the_end_of_it(pool):
    with pytest.raises(Exception, match="pickle"):
        pool.submit(eval, "lambda: 1").result()
    assert pool.submit(abs, -1).result() == 1


def test_closing_leaves_no_process_of_any_task_behind(tmp_path):
    pool = Pool(partial(prepare, tmp_path), size=2)
    tasks = [pool.submit(leave_a_child), pool.submit(spin)]
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    pids = pool.pids
    before = time.monotonic()
    pool.close()
    assert time.monotonic() - before < 5
    assert all(gone(pid) for pid in [*pids, child])
    assert all(task.done() for task in tasks)
    with pytest.raises(BusyError):
        pool.submit(abs, 1)
    pool.close()


PARENT = """
import os, signal, sys, threading, time
from frontdesk.workers.pool import Pool
pool = Pool(size=2)
signal.signal(signal.SIGTERM, lambda *_: (pool.close(), sys.exit(0)))
while len(pool.pids) < 2:
    time.sleep(0.01)
pool.submit(time.sleep, 60)
print(*pool.pids, flush=True)
{}
"""


def parent(then):
    process = subprocess.Popen([sys.executable, "-c", PARENT.format(then)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout as lines:
        return process, [int(pid) for pid in lines.readline().split()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent_however_it_ends(how):
    process, pids = parent("while True: pass")
    assert len(pids) == 2
    process.send_signal(how)
    assert process.wait(5) in {0, -9}
    assert all(gone(pid) for pid in pids)


def test_a_program_that_just_ends_leaves_no_worker():
    process, pids = parent("")
    assert process.wait(5) == 0
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


def test_a_process_is_known_by_its_start_too():
    me = owners.this()
    assert owners.alive(me)
    assert not owners.alive(owners.Owner(me.node, me.pid, me.started + 1))
    assert owners.alive(owners.Owner("another machine", 1, 0.0))


def test_a_worker_that_cannot_be_started_fails_the_task_and_is_started_for_the_next(monkeypatch):
    def refuse():
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as poor:
        poor.setattr(pool_module, "Process", refuse)
        pool = Pool(size=1)
        with pytest.raises(BusyError, match="Too many open files"):
            pool.submit(os.getpid).result(5)
    assert pool.submit(os.getpid).result(5) in pool.pids
    pool.close()
