import subprocess
import sys

import pytest

from frontdesk.functions import marks


def test_the_decorator_gives_back_the_very_same_callable_bare_and_with_arguments():
    def divide(a, b):
        return a / b

    assert marks.function(divide) is divide
    assert marks.function(seconds=10, memory="512 MB", roles=("viewer",), batch=False)(divide) is divide
    assert divide(6, 3) == 2
    mark = marks.of(divide)
    assert mark is not None
    assert (mark.seconds, mark.memory, mark.role, mark.batch) == (10, 512_000_000, "viewer", False)


def test_of_several_roles_the_lowest_may_call():
    mark = marks.of(marks.function(roles=("admin", "editor"))(lambda: 1))
    assert mark is not None
    assert mark.role == "editor"


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("512 MB", 512_000_000), ("1.5GiB", 1_610_612_736), ("100", 100), (7, 7)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert marks.size_in_bytes(text) == size


@pytest.mark.parametrize("wrong", [{"memory": "much"}, {"roles": ("boss",)}, {"roles": ()}, {"seconds": 0}])
def test_a_wrong_argument_is_refused_where_it_is_written(wrong):
    with pytest.raises(ValueError, match=r"must be|roles are"):
        marks.function(**wrong)


def test_what_cannot_be_marked_says_so():
    with pytest.raises(TypeError, match="write a function that calls it"):
        marks.function(len)
    with pytest.raises(TypeError, match="marks a callable"):
        marks.function(42)  # type: ignore[call-overload]


def test_a_marked_file_runs_as_a_program_without_any_third_party_package(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import sys\nfrom frontdesk.functions.marks import function\n@function\ndef f(): return 42\nprint(f())\n"
        "print(sorted({'pydantic', 'sqlalchemy', 'flask', 'click'} & set(sys.modules)))\n"
    )
    out = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert out.stdout == "42\n[]\n"
