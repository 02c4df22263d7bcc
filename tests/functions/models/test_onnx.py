import io

import pytest
from onnx import TensorProto
from PIL import Image

from frontdesk.demo.making import FILES
from frontdesk.errors import InputError
from frontdesk.functions.media import Image as Photo
from frontdesk.functions.models import onnx
from tests.functions.models import colours

PETS = FILES / "pets.onnx"


def photo(colour, size=(20, 12)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return Photo(file.getvalue(), "photo.png")


def half(left, right):
    """A wide picture: a quarter in one colour, the middle half in the other, a quarter in the first."""
    image = Image.new("RGB", (40, 20), left)
    image.paste(right, (10, 0, 30, 20))
    file = io.BytesIO()
    image.save(file, "PNG")
    return Photo(file.getvalue(), "photo.png")


def told(path, picture):
    return onnx.load(str(path))[0](photo=picture)


def refusal(path):
    with pytest.raises(InputError) as caught:
        onnx.load(str(path))
    return f"{caught.value.message}. {caught.value.hint}"


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 3, "height", "width"), TensorProto.FLOAT),
        (("batch", 3, 8, 8), TensorProto.FLOAT),
        ((1, 8, 8, 3), TensorProto.FLOAT),
        ((1, 3, 8, 8), TensorProto.FLOAT16),
        ((1, 8, 8, 3), TensorProto.UINT8),
    ],
)
def test_a_model_tells_what_is_on_a_picture_whatever_numbers_it_takes(tmp_path, shape, kind):
    path = colours.write(tmp_path / "colours.onnx", shape=shape, kind=kind)
    for name, colour in {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}.items():
        label = told(path, photo(colour))
        assert label.label == name
        assert label.scores[name] > 0.99
        assert sum(label.scores.values()) == pytest.approx(1)


def test_mean_and_scale_are_taken_off_and_multiplied(tmp_path):
    given = colours.METADATA | {"mean": "[255, 0, 0]", "scale": "0.01"}
    path = colours.write(tmp_path / "colours.onnx", given)
    scores = told(path, photo((250, 20, 20))).scores
    assert scores["red"] < 0.1
    assert scores["green"] == pytest.approx(scores["blue"])


def test_a_picture_is_stretched_unless_its_middle_is_asked_for(tmp_path):
    picture = half((255, 0, 0), (0, 0, 255))
    stretched = told(colours.write(tmp_path / "stretched.onnx"), picture)
    assert stretched.scores["red"] == pytest.approx(stretched.scores["blue"], abs=0.1)
    cropped = told(colours.write(tmp_path / "cropped.onnx", colours.METADATA | {"fit": "crop"}), picture)
    assert cropped.scores["blue"] > 0.99


def test_below_its_threshold_and_for_what_it_does_not_know_a_model_is_not_sure(tmp_path):
    given = colours.METADATA | {"threshold": "0.9", "doubt": "blue"}
    path = colours.write(tmp_path / "colours.onnx", given)
    assert told(path, photo((255, 0, 0))).sure
    assert told(path, photo((200, 190, 0))).json()["label"] == "not sure"
    assert told(path, photo((0, 0, 255))).json()["label"] == "not sure"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"metadata": {}}, 'it does not say its labels. Write them in m.toml: labels = ["cat", "dog"].'),
        ({"outputs": 2}, "it gives 2 scores and has 3 labels. "),
        ({"shape": (1, 3)}, "it does not take one picture. It takes picture (1, 3)"),
        ({"shape": (4, 3, 8, 8)}, "it does not take one picture. It takes picture (4, 3, 8, 8)"),
        ({"shape": (1, 5, 8, 8)}, "it does not take a picture. It takes picture (1, 5, 8, 8)"),
        ({"kind": TensorProto.INT64}, "it does not take a picture"),
        ({"shape": (1, 3, 16, 16)}, "it takes pictures of 16 × 16 pixels, and its size says 8 × 8"),
        ({"metadata": {"labels": "a, b, c"}}, "it takes pictures of any size and does not say of which"),
        ({"metadata": colours.METADATA | {"mean": "1, 2"}}, "its mean and scale need one number, or one for each"),
        ({"metadata": colours.METADATA | {"doubt": "grey"}}, "its doubt is grey, which is not among its labels"),
        ({"metadata": colours.METADATA | {"threshold": "much"}}, "its threshold is wrong: "),
        ({"metadata": colours.METADATA | {"name": "two words"}}, "its name is wrong: "),
    ],
)
def test_a_model_that_does_not_fit_says_why(tmp_path, given, sentence):
    assert refusal(colours.write(tmp_path / "m.onnx", **given)).startswith(sentence)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"a picture, renamed")
    assert refusal(path).startswith("it is no ONNX model that can be run: ")
    path.write_bytes(PETS.read_bytes()[:100_000])
    assert refusal(path).startswith("it is no ONNX model that can be run: ")


def test_numbers_in_another_file_are_refused(tmp_path):
    assert refusal(colours.split(tmp_path / "m.onnx")).startswith("it keeps its numbers in another file")


def test_the_toml_file_beside_a_model_goes_before_its_metadata(place):
    colours.write(place.folder / "m.onnx")
    place.write("m.toml", 'title = "Which colour?"\nlabels = ["rot", "grün", "blau"]\ninput = "bild"\n')
    found = place.registry.find("colour")
    assert (found.title, [field.name for field in found.fields]) == ("Which colour?", ["bild"])
    place.write("m.toml", 'titel = "Which colour?"\n')
    assert place.registry.functions() == []
    [problem] = place.registry.problems()
    assert (problem.name, problem.line) == ("m.onnx", None)
    assert problem.message == "m.toml has an unknown key titel. Did you mean title?"
    place.write("m.toml", "titel =")
    assert "m.toml cannot be read" in place.registry.problems()[0].message
    (place.folder / "m.toml").unlink()
    place.write("other.txt", "")
    assert [function.name for function in place.registry.functions()] == ["colour"]


def test_a_model_is_served_beside_functions_and_its_call_is_a_run(place):
    colours.write(place.folder / "m.onnx")
    place.write("plain.py", "import frontdesk\n\n@frontdesk.function\ndef one():\n    return 1\n")
    assert [function.name for function in place.registry.functions()] == ["colour", "one"]
    found = place.registry.find("colour")
    assert (found.result, found.role, found.is_model) == ("label", "editor", True)
    assert [(field.name, field.kind) for field in found.fields] == [("photo", "image")]
    assert found.description == "Tells which of these a picture shows: red, green, blue."


def test_our_own_classifier_is_small_and_doubts_a_picture_without_an_animal():
    assert PETS.stat().st_size <= 3_000_000
    classify, mark = onnx.load(str(PETS))
    assert mark.name == "classify"
    label = classify(photo=photo((90, 140, 220), (300, 200)))
    assert list(label.scores) == ["cat", "dog", "neither"]
    assert not label.sure


def test_what_a_model_says_is_logged_under_its_name(tmp_path, caplog):
    caplog.set_level("INFO")
    told(colours.write(tmp_path / "m.onnx"), photo((255, 0, 0)))
    assert caplog.record_tuples[-1] == ("colour", 20, "photo.png: This is a red (99 %)")
