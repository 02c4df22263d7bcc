import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from frontdesk.errors import InputError
from frontdesk.functions.media import Image as Photo
from frontdesk.functions.models import images
from tests import pictures
from tests.pictures import BLUE, RED


def near(colour, wanted, most=16):
    return all(abs(one - other) <= most for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *[("JPEG", mode) for mode in ("RGB", "L", "CMYK")],
        *[("PNG", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "1", "I;16")],
        *[("WEBP", mode) for mode in ("RGB", "RGBA")],
    ],
)
def test_every_kind_of_picture_comes_as_rgb(kind, mode):
    given = pictures.sixteen_bits(1000) if mode == "I;16" else pictures.picture(kind, mode)
    assert images.read(given).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_colours_stay_where_they_are(kind):
    image = images.read(pictures.picture(kind))
    assert near(image.getpixel((8, 24)), RED)
    assert near(image.getpixel((56, 24)), BLUE)


def test_cmyk_is_turned_into_the_colours_that_are_meant():
    image = images.read(pictures.picture(mode="CMYK"))
    assert near(image.getpixel((8, 24)), RED, 24)
    assert near(image.getpixel((56, 24)), BLUE, 24)


@pytest.mark.parametrize(("level", "seen"), [(0, 0), (32_896, 128), (65_535, 255)])
def test_sixteen_bits_are_scaled_and_not_cut_off(level, seen):
    assert images.read(pictures.sixteen_bits(level)).getpixel((5, 5)) == (seen,) * 3


def test_what_is_transparent_lies_on_white():
    file = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(file, "PNG")
    assert images.read(file.getvalue()).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("orientation", "size", "corner"), [(1, (64, 48), RED), (3, (64, 48), BLUE), (6, (48, 64), RED)]
)
def test_a_picture_stands_upright(orientation, size, corner):
    data = pictures.rotated(orientation)
    image = images.read(data)
    assert (image.size, images.size(data)) == (size, size)
    assert near(image.getpixel((4, 4)), corner)


def test_broken_notes_of_a_camera_do_no_harm():
    data = pictures.picture(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff", icc_profile=b"no profile at all")
    assert images.read(data).size == (64, 48)


def test_a_large_jpeg_is_decoded_near_the_size_that_is_wanted_and_never_below_it():
    data = pictures.picture(size=(1600, 1200))
    assert images.read(data).size == (1600, 1200)
    assert images.read(data, (200, 150)).size == (200, 150)
    assert images.read(data, (130, 130)).size == (200, 150)
    assert images.read(data, (5000, 5000)).size == (1600, 1200)


def test_a_phone_s_jpeg_with_a_second_picture_in_it_is_taken():
    file = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 6))])
    assert near(images.read(file.getvalue()).getpixel((5, 5)), RED)


@pytest.mark.parametrize("name", pictures.BAD)
def test_what_cannot_be_read_is_said_in_a_sentence(name):
    data, _ = pictures.BAD[name]
    with pytest.raises(InputError, match=r"^This .*[.]$"):
        images.read(data)


def test_too_many_pixels_are_seen_in_the_header_and_nothing_is_decoded(monkeypatch):
    bomb, _ = pictures.BAD["169 megapixels"]
    assert len(bomb) < 160_000
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match="169 million pixels; at most 25"):
        images.read(bomb)


def test_a_picture_that_was_checked_is_not_decoded_again(monkeypatch):
    data = pictures.picture(size=(800, 600))
    photo = Photo(data, "cat.jpg", sha256="one")
    photo.open(size=(100, 100))  # what is asked for usually
    images.check(data, "one")
    monkeypatch.setattr(images, "_decoded", lambda *_: pytest.fail("it was decoded again"))
    assert photo.open(size=(100, 100)).size == (200, 150)


def test_pictures_of_other_shapes_are_decoded_once_too(monkeypatch):
    """A model asks for each picture near its own shape."""
    Photo(pictures.picture(size=(800, 600)), sha256="one").open(size=(267, 200))
    for number, (size, wanted) in enumerate(
        [((600, 800), (200, 267)), ((4000, 1000), (800, 200)), ((90, 60), (300, 200))]
    ):
        data = pictures.picture(size=size)
        images.check(data, str(number))
        with monkeypatch.context() as patch:
            patch.setattr(images, "_decoded", lambda *_: pytest.fail("it was decoded again"))
            photo = Photo(data, sha256=str(number))
            assert (photo.width, photo.height) == size
            image = photo.open(size=wanted)
        assert image.size == images.read(data, wanted).size


def test_the_picture_that_was_checked_is_handed_out_once_and_to_nobody_else():
    first, second = pictures.picture(size=(40, 40)), pictures.picture(size=(50, 50))
    images.read(first)
    images.check(first, "one")
    assert Photo(second, sha256="two").open().size == (50, 50)
    images.check(first, "one")
    photo = Photo(first, sha256="one")
    photo.open().putpixel((0, 0), (1, 2, 3))
    assert photo.open().getpixel((0, 0)) != (1, 2, 3)


def test_a_preview_that_was_cut_off_while_it_was_written_is_never_seen(tmp_path, monkeypatch):
    def cut_off(_, file, *args, **kwargs):
        with open(file, "wb") as written:
            written.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", cut_off)
    monkeypatch.setattr(images, "_decoded", lambda *_: (Image.new("RGB", (9, 9)), (9, 9), False))
    with pytest.raises(OSError, match="No space"):
        images.preview(b"", tmp_path / "seen")
    assert list(tmp_path.iterdir()) == []


def test_a_preview_is_made_anew_bounded_and_without_notes(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    images.preview(pictures.picture(size=(3000, 1500), exif=exif) + pictures.HTML, tmp_path / "made")
    made = (tmp_path / "made").read_bytes()
    assert b"where I live" not in made
    assert b"<script" not in made
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (600, 1200), {})


SEEDS = [
    *(pictures.picture(kind) for kind in ("JPEG", "PNG", "WEBP")),
    pictures.picture(progressive=True),
    pictures.picture("WEBP", lossless=True),
    pictures.rotated(6),
    pictures.animated("WEBP"),
]


@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=20), st.booleans()
)
def test_whatever_the_bytes_are_it_is_a_picture_or_a_sentence(seed, changes, small):
    data = bytearray(seed)
    for place, byte in changes:
        data[place % len(data)] = byte
    with suppress(InputError):
        assert images.read(bytes(data), (32, 32) if small else None).mode == "RGB"
