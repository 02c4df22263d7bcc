import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.errors import BusyError, FunctionError, FunctionTimeout, InputError, NotFoundError, PermissionDenied
from frontdesk.functions import runs
from frontdesk.workers import owners

EVE = Caller("eve", "editor")
VIC = Caller("vic", "viewer")

ODD = """
import ctypes, dataclasses, enum, os, signal, sys, time
import frontdesk
from frontdesk import context
from typing import Optional

@frontdesk.function
def die(): os._exit(3)

@frontdesk.function
def crash(): ctypes.string_at(0)

@frontdesk.function
def leave(): sys.exit(7)

@frontdesk.function
def whoami(): return {"run": context.run.get(), "request": context.request.get(), "user": context.user.get(),
                      "desk": os.environ["FRONTDESK_DESK"], "here": os.getcwd()}

@frontdesk.function
def pid():
    open("pid", "w").write(str(os.getpid()))
    time.sleep(60)

@frontdesk.function(roles=("viewer",))
def hello(name: str = "you"): return f"Hello {name}"

@frontdesk.function(memory="100 MB")
def large(): return len(bytearray(500_000_000))

@dataclasses.dataclass
class Point:
    x: float

@frontdesk.function
def move(point: Point): return point.x + 1

@frontdesk.function
def maybe(x: Optional[int]): return x

class Strange(Exception):
    def __str__(self): raise RuntimeError

@frontdesk.function
def strange(): raise Strange

@frontdesk.function
async def later(): return 5

@frontdesk.function
def slow(seconds: float): time.sleep(seconds)

@frontdesk.function
def steps():
    for n in range(5):
        frontdesk.progress(n + 1, 5)
        time.sleep(0.25)
"""


@pytest.fixture(scope="module", autouse=True)
def _odd(shared):
    shared.write("odd.py", ODD)


def count(place):
    return len(runs.search(place.state, EVE, size=1000).runs)


def test_a_call_is_kept_as_a_run_with_its_arguments_and_its_result(shared):
    with context.bind(request="0123456789abcdef"):
        run = shared.call("divide", a=1, b=4)
    assert (run.status, run.result, run.result_kind, run.error) == ("done", 0.25, "number", None)
    assert (run.function, run.arguments, run.user) == ("divide", {"a": 1, "b": 4}, "eve")
    assert run.request == "0123456789abcdef"
    assert 0 < run.milliseconds < 1000
    assert run.version == shared.registry.find("divide").version
    assert runs.show(shared.state, run.id, EVE) == run


def test_a_whole_number_stays_whole_from_text_and_from_json(shared):
    assert shared.calls.call("add", {"a": "10", "b": "5"}, EVE, text=True).result == 15
    assert shared.calls.call("add", {"a": "10", "b": "x"}, EVE, text=True).status == "failed"
    assert shared.calls.call("divide", {"a": "10", "b": "2.5"}, EVE, text=True).arguments == {"a": 10, "b": 2.5}


def test_a_wrong_value_makes_no_run_and_names_every_wrong_field(shared):
    before = count(shared)
    with pytest.raises(InputError) as caught:
        shared.call("divide", a="one", c=3)
    assert set(caught.value.errors) == {"a", "b", "c"}
    with pytest.raises(InputError) as caught:
        shared.call("move", point={"x": "left"})
    assert list(caught.value.errors) == ["point.x"]
    assert count(shared) == before


def test_ones_own_type_reaches_the_function(shared):
    assert shared.call("move", point={"x": 1}).result == 2
    assert shared.call("maybe").result is None


def test_an_exception_is_kept_with_its_traceback_from_the_users_file_on(shared):
    run = shared.call("divide", a=20, b=0)
    assert (run.status, run.error) == ("failed", "ZeroDivisionError: division by zero")
    assert run.traceback.splitlines()[1].strip().startswith(f'File "{shared.folder}/arithmetic.py", line 18')
    assert "return a / b" in run.traceback
    assert "functions/worker.py" not in run.traceback
    with pytest.raises(FunctionError) as caught:
        runs.value(run)
    assert (caught.value.run, caught.value.error) == (run.id, run.error)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("die", "worker died (exit status 3)"),
        ("crash", "worker died (signal 11)"),
        ("leave", "SystemExit: 7"),
        ("strange", "Strange"),
        ("large", "MemoryError"),
    ],
)
def test_whatever_a_function_does_its_run_has_an_end_and_others_go_on(shared, name, error):
    run = shared.call(name)
    assert (run.status, run.error) == ("failed", error)
    assert shared.call("add", a=1, b=2).result == 3


def test_a_function_without_an_end_is_stopped_at_its_limit(shared):
    shared.call("add", a=1, b=2)
    before = time.monotonic()
    run = shared.call("spin")
    assert 0.3 <= time.monotonic() - before < 5
    assert (run.status, run.error) == ("failed", "timed out after 0.3 s")
    assert run.milliseconds >= 300
    with pytest.raises(FunctionTimeout):
        runs.value(run)


def test_a_function_runs_in_the_desks_folder_and_knows_its_run(shared):
    with context.bind(request="0123456789abcdef"):
        run = shared.call("whoami")
    here = str(shared.folder)
    assert run.result == {"run": run.id, "request": "0123456789abcdef", "user": "eve", "desk": here, "here": here}


def test_a_coroutine_is_awaited(shared):
    assert shared.call("later").result == 5


def test_a_role_too_low_may_not_call(shared):
    with pytest.raises(PermissionDenied, match="editor"):
        shared.call("add", VIC, a=1, b=2)
    assert shared.call("hello", VIC).result == "Hello you"


def test_a_viewer_sees_no_runs_but_their_own(shared):
    theirs, mine = shared.call("hello"), shared.call("hello", VIC)
    assert runs.show(shared.state, mine.id, VIC).id == mine.id
    with pytest.raises(NotFoundError):
        runs.show(shared.state, theirs.id, VIC)
    assert {run.user for run in runs.search(shared.state, VIC).runs} == {"vic"}
    assert runs.show(shared.state, mine.id, EVE).id == mine.id


def test_runs_are_listed_newest_first_by_the_page_and_filtered(shared):
    made = [shared.call("divide", a=n, b=0 if n == 2 else 1) for n in range(5)]
    first = runs.search(shared.state, EVE, function="divide", size=2)
    second = runs.search(shared.state, EVE, function="divide", size=2, token=first.next)
    assert [run.id for run in [*first.runs, *second.runs]] == [run.id for run in made[:0:-1]]
    failed = runs.search(shared.state, EVE, function="divide", status="failed").runs
    assert made[2].id == failed[0].id
    with pytest.raises(InputError):
        runs.search(shared.state, EVE, status="odd")
    with pytest.raises(InputError):
        runs.search(shared.state, EVE, token="x")


def test_a_run_that_is_not_waited_for_is_queued_and_comes_to_its_end(shared, until):
    run = shared.calls.call("hello", {}, EVE, wait=False)
    assert run.status in {"queued", "running", "done"}
    done = until(lambda: (found := runs.show(shared.state, run.id, EVE)).status == "done" and found)
    assert done.result == "Hello you"


def test_a_run_is_stopped_from_any_process_within_half_a_second(shared, until):
    run = shared.calls.call("slow", {"seconds": 60}, EVE, wait=False)
    until(lambda: runs.show(shared.state, run.id, EVE).status == "running")
    before = time.monotonic()
    runs.stop(shared.state, run.id, Caller("ada", "admin"))
    stopped = until(lambda: not (found := runs.show(shared.state, run.id, EVE)).live and found)
    assert time.monotonic() - before < 3
    assert (stopped.status, stopped.error) == ("stopped", "stopped by ada")


def test_a_run_that_waits_for_a_worker_is_queued_and_can_be_stopped(shared, until):
    busy = [shared.calls.call("slow", {"seconds": 1}, EVE, wait=False) for _ in range(2)]
    until(lambda: all(runs.show(shared.state, run.id, EVE).status == "running" for run in busy))
    waiting = shared.calls.call("hello", {}, EVE, wait=False)
    assert waiting.status == "queued"
    runs.stop(shared.state, waiting.id, EVE)
    until(lambda: runs.show(shared.state, waiting.id, EVE).status == "stopped")
    until(lambda: all(runs.show(shared.state, run.id, EVE).status == "done" for run in busy))


def test_a_killed_worker_fails_its_run_and_no_other(shared, until):
    victim = shared.calls.call("pid", {}, EVE, wait=False)
    other = shared.calls.call("slow", {"seconds": 0.6}, EVE, wait=False)
    until(lambda: (shared.folder / "pid").exists() and (shared.folder / "pid").read_text())
    os.kill(int((shared.folder / "pid").read_text()), signal.SIGKILL)
    failed = until(lambda: not (found := runs.show(shared.state, victim.id, EVE)).live and found)
    assert (failed.status, failed.error) == ("failed", "worker died (signal 9)")
    until(lambda: runs.show(shared.state, other.id, EVE).status == "done")


def test_replay_calls_again_with_the_same_arguments_and_names_the_original(shared):
    old = shared.call("divide", a=20, b=0)
    new = shared.calls.replay(old.id, Caller("ada", "admin"))
    assert new.id != old.id
    assert (new.arguments, new.replays, new.user, new.status) == ({"a": 20, "b": 0}, old.id, "ada", "failed")


def test_progress_is_kept_with_the_run(shared, until):
    run = shared.calls.call("steps", {}, EVE, wait=False)
    until(lambda: runs.show(shared.state, run.id, EVE).progress)
    done = until(lambda: not (found := runs.show(shared.state, run.id, EVE)).live and found)
    assert done.progress == {"done": 5, "total": 5}


def test_many_callers_at_once_each_get_their_own_answer(shared):
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: shared.call("add", a=n, b=1000).result, range(60)))
    assert found == [n + 1000 for n in range(60)]


def test_closing_ends_what_runs_and_says_so(tmp_path, until):
    from tests.functions.conftest import Place

    place = Place(tmp_path)
    place.write("odd.py", ODD)
    run = place.calls.call("slow", {"seconds": 60}, EVE, wait=False)
    place.calls.close()
    place.pool.close()
    ended = runs.show(place.state, run.id, EVE)
    assert (ended.status, ended.error) == ("failed", "the server was stopped")
    place.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "runs" and thread is place.calls._watch]


def test_beyond_the_queue_a_call_is_refused_and_leaves_no_run(tmp_path, until):
    from tests.functions.conftest import Place

    place = Place(tmp_path, functions={"workers": 1, "queue": 1})
    place.write("odd.py", ODD)
    busy = place.calls.call("slow", {"seconds": 60}, EVE, wait=False)
    until(lambda: runs.show(place.state, busy.id, EVE).status == "running" and not place.pool.idle)
    waiting = place.calls.call("hello", {}, EVE, wait=False)
    with pytest.raises(BusyError, match="queue full, position 2"):
        place.calls.call("hello", {}, EVE)
    assert {run.id for run in runs.search(place.state, EVE).runs} == {busy.id, waiting.id}
    place.close()


def test_a_caller_in_a_hurry_gets_the_run_as_it_is(shared):
    run = shared.calls.call("slow", {"seconds": 0.5}, EVE, wait=0.1)
    assert run.status == "running"


SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.functions.conftest import Place
from frontdesk.context import Caller
place = Place(Path({folder!r}))
run = place.calls.call("slow", {{"seconds": 60}}, Caller("eve", "editor"), wait=False)
print(run.id, *place.pool.pids, flush=True)
import time; time.sleep(60)
"""


def test_runs_of_a_server_that_was_killed_are_failed_by_the_next_one(place, until):
    place.write("odd.py", ODD)
    tests = os.getcwd()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER.format(tests=tests, folder=str(place.folder))], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout as out:
        run, *pids = [int(word) for word in out.readline().split()]
    assert runs.fail_orphans(place.state) == [], "its process lives"
    process.kill()
    process.wait()
    assert runs.fail_orphans(place.state) == [run]
    assert runs.show(place.state, run, EVE).error == "worker died"
    until(lambda: not any(owners.started(pid) for pid in pids))
