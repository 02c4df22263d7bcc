import sqlite3

from tests.functions.conftest import Place

THREADS = """
import logging
from concurrent.futures import ThreadPoolExecutor

import frontdesk
from frontdesk import context

logger = logging.getLogger("school")
lasting = ThreadPoolExecutor(1)


def ids():
    return [context.run.get(), context.user.get()]


@frontdesk.function
def in_a_thread():
    return lasting.submit(ids).result()
"""

WRITING = """
import frontdesk


@frontdesk.function
def write():
    with frontdesk.connect("shop") as connection:
        connection.execute("INSERT INTO sales VALUES (2)")


@frontdesk.function
def read():
    return frontdesk.connect("shop").execute("SELECT * FROM sales").fetchall()
"""


def test_what_a_function_does_in_threads_of_its_own_has_the_ids_of_its_run(place):
    place.write("threads.py", THREADS)

    for _ in range(2):
        run = place.call("in_a_thread")
        assert run.result == [run.id, "eve"]


def test_on_a_desk_that_is_served_read_only_functions_can_only_read(tmp_path):
    place = Place(tmp_path, read_only=True)
    with sqlite3.connect(place.folder / "shop.db") as connection:
        connection.execute("CREATE TABLE sales (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO sales VALUES (1)")
    connection.close()
    place.write("writing.py", WRITING)

    assert "readonly database" in place.call("write").error
    assert place.call("read").result == [[1]]
    place.close()
