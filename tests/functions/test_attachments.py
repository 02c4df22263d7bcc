import io
import os
import time

import pytest
from PIL import Image

from frontdesk.context import Caller
from frontdesk.errors import BusyError, InputError, NotFoundError
from frontdesk.files import store
from frontdesk.files.incoming import Incoming
from frontdesk.functions import attachments, runs
from tests import pictures

EVE, VIC, OTHER = Caller("eve", "editor"), Caller("vic", "viewer"), Caller("other", "viewer")

PHOTOS = """
import frontdesk
from PIL import Image


@frontdesk.function(roles=("viewer",))
def look(photo: frontdesk.Image, word: str = "x"):
    return {"size": [photo.width, photo.height], "name": photo.name, "type": photo.type, "path": str(photo.path)}


@frontdesk.function
def decodings(photo: frontdesk.Image):
    from frontdesk.functions.models import images
    before = images._decoded
    count = []
    images._decoded = lambda *given: count.append(given) or before(*given)
    try:
        photo.open(size=(64, 64))
    finally:
        images._decoded = before
    return len(count)


@frontdesk.function
def turn(photo: frontdesk.Image):
    return photo.open().rotate(90, expand=True)


@frontdesk.function
def report(kind: str):
    return {
        "bytes": lambda: frontdesk.File(b"a,b", "report.csv"),
        "same": lambda: [frontdesk.File(b"a,b", "one.csv"), frontdesk.File(b"a,b", "two.csv")],
    }[kind]()


@frontdesk.function
def lines(text: frontdesk.File, more: list[frontdesk.File] | None = None):
    return [len(file.read().splitlines()) for file in [text, *(more or [])]]


@frontdesk.function
def sizes(photos: list[frontdesk.Image]):
    return [photo.width for photo in photos]
"""


@pytest.fixture(scope="module", autouse=True)
def _photos(shared):
    shared.write("photos.py", PHOTOS)


def send(place, function, by=EVE, **given):
    """Calls with bytes as files."""
    with Incoming(place.config.files_folder, 250_000) as incoming:
        for name, value in given.items():
            parts = value if isinstance(value, list) else [value]
            if isinstance(parts[0], bytes):
                taken = [incoming.take(name, io.BytesIO(part), f"{name}.jpg", "image/jpeg") for part in parts]
                given[name] = taken if isinstance(value, list) else taken[0]
        incoming.check()
        return place.calls.call(function, given, by, text=True, uploads=incoming.uploads)


def kept(place):
    return {path.name for path in place.config.files_folder.rglob("*") if path.is_file()}


def count(place):
    return len(runs.search(place.state, EVE, size=1000).runs)


def test_a_picture_reaches_the_function_with_its_name_size_and_place(shared):
    run = send(shared, "look", photo=pictures.rotated(6))
    assert run.result["size"] == [48, 64]
    assert (run.result["name"], run.result["type"]) == ("photo.jpg", "image/jpeg")
    sha256 = store.hash_in(run.arguments["photo"]["$file"])
    assert run.result["path"] == str(store.path(shared.config.files_folder, sha256))


@pytest.mark.parametrize("name", pictures.BAD)
def test_a_bad_picture_makes_no_run_and_nothing_of_it_is_kept(shared, name):
    data, words = pictures.BAD[name]
    before, files = count(shared), kept(shared)
    with pytest.raises(InputError) as caught:
        send(shared, "look", photo=data)
    assert words in caught.value.errors["photo"]
    assert (count(shared), kept(shared)) == (before, files)


def test_a_good_picture_beside_a_wrong_value_is_not_kept_either(shared):
    before, files = count(shared), kept(shared)
    with pytest.raises(InputError):
        send(shared, "look", photo=pictures.picture(size=(33, 33)), words="x")
    assert (count(shared), kept(shared)) == (before, files)


def test_on_its_way_to_a_classification_a_picture_is_decoded_once(shared):
    send(shared, "decodings", photo=pictures.picture(size=(801, 600)))
    send(shared, "decodings", photo=pictures.picture(size=(802, 600)))  # now each worker may know what is asked for
    results = [send(shared, "decodings", photo=pictures.picture(size=(803 + n, 600))).result for n in range(4)]
    assert 0 in results  # it had been decoded when it was checked


def test_a_list_of_pictures_is_checked_one_by_one(shared):
    good = [pictures.picture(size=(30, 20)), pictures.picture(size=(40, 20))]
    assert send(shared, "sizes", photos=good).result == [30, 40]
    with pytest.raises(InputError) as caught:
        send(shared, "sizes", photos=[*good, pictures.BAD["cut off"][0]])
    assert "damaged" in caught.value.errors["photos"]


def test_files_of_any_kind_are_read_as_they_are(shared):
    assert send(shared, "lines", text=b"a\nb\n").result == [2]
    assert send(shared, "lines", text=b"a\nb\n", more=[b"c", b"d\ne"]).result == [2, 1, 2]


def test_a_replay_uses_the_kept_file(shared):
    first = send(shared, "look", photo=pictures.picture(size=(77, 20)))
    again = shared.calls.replay(first.id, EVE)
    assert again.result == first.result
    assert again.arguments == first.arguments


def test_a_picture_that_is_given_back_is_kept_with_the_run(shared):
    run = send(shared, "turn", photo=pictures.picture(size=(64, 48)))
    assert (run.status, run.result_kind, run.result["type"]) == ("done", "image", "image/png")
    file, path = attachments.find(
        shared.state, shared.config.files_folder, store.hash_in(run.result["$file"]), Caller("x", "editor")
    )
    with Image.open(path) as image:
        assert image.size == (48, 64)
    assert file.name == "picture.png"


def test_bytes_that_are_given_back_are_a_file(shared):
    run = shared.call("report", kind="bytes")
    assert run.result_kind == "file"
    assert {name: run.result[name] for name in ("name", "type")} == {"name": "report.csv", "type": "text/csv"}
    assert shared.call("report", kind="same").result_kind == "files"


def test_a_kept_file_can_be_named_by_who_may_see_it(shared):
    run = send(shared, "look", VIC, photo=pictures.picture(size=(91, 20)))
    reference = {"photo": {"$file": run.arguments["photo"]["$file"]}}
    assert shared.call("look", VIC, **reference).arguments["photo"] == run.arguments["photo"]
    assert shared.call("look", EVE, **reference).status == "done"
    with pytest.raises(InputError) as caught:
        shared.call("look", OTHER, **reference)
    assert caught.value.errors == {"photo": "This file is not here any more, or not yours to see: send it again."}


def test_a_text_file_is_no_picture_even_when_it_is_kept(shared):
    run = send(shared, "lines", text=b"a\nb\n")
    with pytest.raises(InputError) as caught:
        shared.call("look", photo=run.arguments["text"])
    assert "no picture" in caught.value.errors["photo"]


def test_a_file_is_seen_by_those_who_may_see_one_of_its_runs(shared):
    run = send(shared, "look", VIC, photo=pictures.picture(size=(92, 20)))
    sha256 = store.hash_in(run.arguments["photo"]["$file"])
    for who in (VIC, EVE, Caller("ada", "admin")):
        file, path = attachments.find(shared.state, shared.config.files_folder, sha256, who)
        assert (file.name, path.name) == ("photo.jpg", sha256)
    with pytest.raises(NotFoundError):
        attachments.find(shared.state, shared.config.files_folder, sha256, OTHER)


def test_where_all_workers_are_busy_who_does_not_wait_is_told_so(shared, monkeypatch):
    monkeypatch.setattr("frontdesk.functions.calls.FREE", 0.1)
    before, files = count(shared), kept(shared)
    shared.write(
        "busy.py", "import time\nimport frontdesk\n\n\n@frontdesk.function\ndef rest():\n    time.sleep(0.8)\n"
    )
    runs_before = [shared.calls.call("rest", {}, EVE, wait=False) for _ in range(2)]
    with Incoming(shared.config.files_folder, 250_000) as incoming:
        address = incoming.take("photo", io.BytesIO(pictures.picture(size=(94, 20))), "cat.jpg")
        with pytest.raises(BusyError, match="All workers are busy"):
            shared.calls.call("look", {"photo": address}, EVE, text=True, wait=1.0, uploads=incoming.uploads)
    assert (count(shared), kept(shared)) == (before + len(runs_before), files)
    assert send(shared, "look", photo=pictures.picture(size=(94, 20))).status == "done"  # who waits is served


def test_files_that_no_run_mentions_are_forgotten_after_a_day_and_no_others(shared):
    folder = shared.config.files_folder
    run = send(shared, "look", photo=pictures.picture(size=(93, 20)))
    mine = store.hash_in(run.arguments["photo"]["$file"])
    old = store.keep(folder, io.BytesIO(b"nobody's"), "a.txt").sha256
    store.place(folder, old).with_name(f"{old}.preview").write_bytes(b"made of it")
    new = store.keep(folder, io.BytesIO(b"nobody's yet"), "b.txt").sha256
    for sha256 in (mine, old):
        os.utime(store.place(folder, sha256), (time.time() - 100_000,) * 2)
    assert attachments.forget(shared.state, folder) == 1
    assert [store.place(folder, sha256).exists() for sha256 in (mine, old, new)] == [True, False, True]
    assert f"{old}.preview" not in kept(shared)
