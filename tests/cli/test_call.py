import json

import pytest
from click.testing import CliRunner

from frontdesk import cli
from frontdesk.cli import call
from frontdesk.errors import FunctionError, InputError

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
