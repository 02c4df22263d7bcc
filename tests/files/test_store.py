import io
import os
import time

import pytest

from frontdesk.errors import InputError, NotFoundError, TooLargeError
from frontdesk.files import store, types
from frontdesk.files.incoming import Incoming


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_lies_under_the_hash_of_its_content(tmp_path):
    file = store.keep(tmp_path, io.BytesIO(b"hello"), "greeting.txt", "text/plain")
    assert file.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert everything(tmp_path) == [f"2c/{file.sha256}"]
    assert store.path(tmp_path, file.sha256).read_bytes() == b"hello"
    assert file.json() == {"$file": f"/api/files/{file.sha256}", "name": "greeting.txt", "type": "text/plain"}


def test_the_same_content_is_kept_once_under_any_name(tmp_path):
    store.keep(tmp_path, io.BytesIO(b"hello"), "a.txt")
    store.keep(tmp_path, io.BytesIO(b"hello"), "b.txt")
    assert len(everything(tmp_path)) == 1


def test_content_that_comes_again_counts_as_kept_now(tmp_path):
    sha256 = store.keep(tmp_path, io.BytesIO(b"hello"), "a.txt").sha256
    os.utime(store.path(tmp_path, sha256), (1, 1))
    store.keep(tmp_path, io.BytesIO(b"hello"), "a.txt")
    assert list(store.all_before(tmp_path, time.time() - 60)) == []


def test_a_file_that_a_power_cut_left_short_is_replaced(tmp_path):
    sha256 = store.keep(tmp_path, io.BytesIO(b"hello"), "a.txt").sha256
    store.path(tmp_path, sha256).write_bytes(b"")
    store.keep(tmp_path, io.BytesIO(b"hello"), "a.txt")
    assert store.path(tmp_path, sha256).read_bytes() == b"hello"


def test_beyond_the_limit_nothing_is_left(tmp_path):
    with pytest.raises(TooLargeError, match=r"big.bin is too large: at most 1 MB"):
        store.keep(tmp_path, io.BytesIO(b"x" * 1_000_001), "big.bin", limit=1_000_000)
    assert everything(tmp_path) == []
    assert store.keep(tmp_path, io.BytesIO(b"x" * 1_000_000), "big.bin", limit=1_000_000).bytes == 1_000_000


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none.txt is empty"):
        store.keep(tmp_path, io.BytesIO(b""), "none.txt")
    assert everything(tmp_path) == []


def test_a_stream_that_breaks_off_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.keep(tmp_path, Broken(), "a.txt")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("sha256", ["", "x", "../state.db", "A" * 64, "a" * 63, "a" * 65])
def test_what_is_no_hash_is_no_file(tmp_path, sha256):
    with pytest.raises(NotFoundError):
        store.path(tmp_path, sha256)


def test_a_hash_that_nobody_keeps_is_not_there(tmp_path):
    with pytest.raises(NotFoundError):
        store.path(tmp_path, "a" * 64)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.jpg", "cat.jpg"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("gpj.\u202etac", "gpj.tac"),
        ("", "file"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
        ("Käse & Brot.jpg", "Käse & Brot.jpg"),
    ],
)
def test_a_name_keeps_what_people_can_read(given, kept):
    assert store.shortened(given) == kept


@pytest.mark.parametrize(
    ("first", "claimed", "told"),
    [
        (b"\x89PNG\r\n\x1a\n....", "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0....", "", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/png", "image/webp"),
        (b"<svg>", "image/svg+xml", types.UNKNOWN),
        (b"a,b\n", "text/csv; charset=utf-8", "text/csv"),
        (b"a,b\n", "", types.UNKNOWN),
    ],
)
def test_a_picture_is_known_by_its_bytes(first, claimed, told):
    assert types.told(first, claimed) == told


def test_what_came_along_and_was_not_kept_is_gone_at_the_end(tmp_path):
    with Incoming(tmp_path, 100) as incoming:
        address = incoming.take("a", io.BytesIO(b"kept"), "a.txt")
        incoming.take("b", io.BytesIO(b"not kept"), "b.txt")
        incoming.check()
        assert len(everything(tmp_path)) == 2
        store.settle(tmp_path, incoming.uploads[0])
    assert everything(tmp_path) == [f"{store.hash_in(address)[:2]}/{store.hash_in(address)}"]


def test_every_refused_file_is_named_at_its_field(tmp_path):
    with Incoming(tmp_path, 5) as incoming:
        assert incoming.take("a", io.BytesIO(b"too large"), "a.txt") == ""
        assert incoming.take("b", io.BytesIO(b""), "b.txt") == ""
        with pytest.raises(TooLargeError) as caught:
            incoming.check()
    assert set(caught.value.errors) == {"a", "b"}
    assert everything(tmp_path) == []


def test_what_a_dead_process_left_behind_is_forgotten_after_an_hour(tmp_path):
    old = store.receive(tmp_path, io.BytesIO(b"old"), "old.txt")
    new = store.receive(tmp_path, io.BytesIO(b"new"), "new.txt")
    os.utime(old.path, (time.time() - 7200,) * 2)
    store.forget(tmp_path)
    assert (old.path.exists(), new.path.exists()) == (False, True)
