import json

import pytest
from click.testing import CliRunner

from frontdesk import cli
from frontdesk.cli import call
from frontdesk.errors import FunctionError, InputError
from tests import pictures

FILE = """
import frontdesk
@frontdesk.function
def divide(a: int | float, b: int | float):
    print("noise")
    return a / b
@frontdesk.function
def names(words: list[str]):
    return words
"""


@pytest.fixture
def run(folder):
    (folder / "arithmetic.py").write_text(FILE)

    def run(*arguments):
        return CliRunner().invoke(call.command, [*arguments, "--desk", str(folder)])

    return run


def test_a_function_is_called_and_its_result_printed(run):
    assert run("divide", "a=1", "b=2").stdout == "0.5\n"
    assert json.loads(run("names", "words=a", "words=b").stdout) == ["a", "b"]


def test_with_json_the_run_is_told_too_and_nothing_else(run):
    answer = json.loads(run("divide", "a=1", "b=2", "--json").stdout)
    assert (answer["run"], answer["status"], answer["result"]) == (1, "done", 0.5)


def test_wrong_input_names_the_fields_and_an_error_is_the_functions_own(run, capsys, folder):
    assert isinstance(run("divide", "a=x").exception, InputError)
    assert isinstance(run("divide", "a").exception, InputError)
    failed = run("divide", "a=1", "b=0").exception
    assert isinstance(failed, FunctionError)
    with pytest.raises(SystemExit) as caught:
        cli.main(["call", "divide", "a=1", "b=0", "--desk", str(folder)])
    assert caught.value.code == 1
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err


PHOTOS = """
import frontdesk
@frontdesk.function
def classify(photo: frontdesk.Image) -> frontdesk.Label:
    return frontdesk.Label({"cat": 0.97, "dog": 0.03})
"""


def test_a_file_is_named_after_an_at_sign(run, folder, tmp_path):
    (folder / "photos.py").write_text(PHOTOS)
    (tmp_path / "cat.jpg").write_bytes(pictures.picture())
    assert run("classify", f"photo=@{tmp_path}/cat.jpg").stdout == "This is a cat (97 %)\n"
    answer = json.loads(run("classify", f"photo=@{tmp_path}/cat.jpg", "--json").stdout)
    assert answer["result"] == {"label": "cat", "scores": {"cat": 0.97, "dog": 0.03}}


def test_a_file_that_cannot_be_taken_is_said_in_a_sentence(run, folder, tmp_path):
    (folder / "photos.py").write_text(PHOTOS)
    (tmp_path / "cat.jpg").write_bytes(pictures.SVG)
    for argument, words in {
        f"photo=@{tmp_path}/cat.jpg": "This is HTML, SVG or XML: send PNG, JPEG or WebP.",
        f"photo=@{tmp_path}/dog.jpg": "dog.jpg cannot be read: No such file or directory.",
        "photo=cat.jpg": "Send a picture",
    }.items():
        error = run("classify", argument).exception
        assert isinstance(error, InputError)
        assert words in error.errors["photo"]
