import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import frontdesk
from frontdesk.functions import media, results
from frontdesk.functions.media import File, Label
from tests import pictures

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
shares = st.floats(0, 1)


@given(st.dictionaries(names, shares, min_size=1), st.booleans())
def test_a_label_comes_back_from_its_json_as_it_was(scores, sure):
    label = Label(scores, sure=sure)
    kind, text = results.keep(label)
    back = json.loads(text)
    assert kind == "label"
    assert back == {"label": label.label if sure else "not sure", "scores": dict(label.scores)}
    assert label.scores[label.label] == max(scores.values())


def test_the_json_of_a_label_is_exactly_this():
    assert Label({"cat": 0.97, "dog": 0.03}).json() == {"label": "cat", "scores": {"cat": 0.97, "dog": 0.03}}
    assert Label("cat", {"cat": 0.97, "dog": 0.03}) == Label({"dog": 0.03, "cat": 0.97})
    unsure = Label({"cat": 0.55, "dog": 0.45}, sure=False).json()
    assert unsure == {"label": "not sure", "scores": {"cat": 0.55, "dog": 0.45}}


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        (Label({"cat": 0.97, "dog": 0.03}), "This is a cat (97 %)"),
        (Label({"cat": 0.55, "dog": 0.45}, sure=False), "Not sure: maybe a cat (55 %)"),
        (Label({"cat": 0.1, "dog": 0.1, "neither": 0.8}, sure=False), "Not sure: neither (80 %)"),
        (Label("cat", sure=False), "Not sure"),
        (Label({"owl": 0.8}), "This is an owl (80 %)"),
        (Label("cat"), "This is a cat"),
        (Label({"cat": 1.0}), "This is a cat (100 %)"),
        (Label({"cat": 0.9999, "dog": 0.0001}), "This is a cat (99 %)"),
        (Label({"cat": 0.001}), "This is a cat (1 %)"),
    ],
)
def test_a_label_says_a_sentence(label, sentence):
    assert label.sentence == sentence


@pytest.mark.parametrize("scores", [{"cat": float("nan")}, {"cat": 1.5}, {"cat": -1}, {}])
def test_what_are_no_shares_is_refused(scores):
    with pytest.raises(ValueError, match="score"):
        Label(scores)


def test_sums_of_rounded_numbers_are_shares():
    assert Label({"cat": 1.0000002, "dog": -1e-7}).scores == {"cat": 1.0, "dog": 0.0}


def test_a_file_is_a_path_or_bytes(tmp_path):
    path = tmp_path / "report.csv"
    path.write_bytes(b"a,b\n")
    file = frontdesk.File(str(path))
    assert (file.name, file.type, file.read(), file.path) == ("report.csv", "text/csv", b"a,b\n", path)
    made = File(b"{}", "a.json")
    assert (made.type, made.read()) == ("application/json", b"{}")
    with pytest.raises(TypeError, match="made of bytes"):
        _ = made.path


def test_an_image_knows_its_size_and_opens():
    image = frontdesk.Image(pictures.rotated(6), "cat.jpg")
    assert (image.width, image.height, image.open().size) == (48, 64, (48, 64))


def test_without_pillow_it_is_said_which_command_adds_it(monkeypatch):
    from frontdesk.functions import worker

    monkeypatch.setattr(media, "can_read_images", lambda: False)
    assert worker._unreadable(media.Image(b"x")) == (
        "Pictures need Pillow. It comes with: pip install 'frontdesk[models]'"
    )
