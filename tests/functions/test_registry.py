import threading
import time

import pytest

from frontdesk.errors import NotFoundError


def served(name, body="return 1", more=""):
    return f"import frontdesk\n{more}\n@frontdesk.function\ndef {name}():\n    {body}\n"


def names(place):
    return [function.name for function in place.registry.functions()]


def test_marked_functions_of_the_folder_are_described_without_importing_their_file(shared):
    import sys

    assert [function.name for function in shared.registry.functions()][:3] == ["add", "divide", "spin"]
    divide = shared.registry.find("divide")
    assert (divide.title, divide.description, divide.line) == ("Divide", "Divide a by b.", 15)
    assert [field.kind for field in divide.fields] == ["number", "number"]
    assert "arithmetic" not in sys.modules
    assert "def divide" in shared.registry.source(divide)


def test_only_files_that_import_frontdesk_are_imported(place):
    place.write("other.py", "open('touched', 'w')\n# frontdesk is only mentioned here\n")
    place.write("also.py", "import sys\nopen('touched', 'w')\n")
    assert names(place) == []
    assert place.registry.problems() == []
    assert not (place.folder / "touched").exists()


def test_a_syntax_error_is_shown_with_its_line_and_the_rest_works(place):
    place.write("broken.py", "import frontdesk\n\ndef f(:\n")
    place.write("good.py", served("fine"))
    assert names(place) == ["fine"]
    [problem] = place.registry.problems()
    assert (problem.name, problem.line) == ("broken.py", 3)
    assert "SyntaxError" in problem.message
    with pytest.raises(NotFoundError) as caught:
        place.registry.find("f")
    assert "broken.py" in caught.value.hint


def test_an_import_that_raises_is_shown_with_its_traceback_and_mended_by_an_edit(place):
    place.write("raising.py", served("late", more="x = 1 / 0"))
    assert names(place) == []
    [problem] = place.registry.problems()
    assert problem.message == "ZeroDivisionError: division by zero"
    assert problem.line == 2
    assert "x = 1 / 0" in problem.traceback
    assert "frontdesk/functions" not in problem.traceback
    place.write("raising.py", served("late"))
    assert names(place) == ["late"]
    assert place.registry.problems() == []


def test_an_import_that_ends_the_process_or_exits_is_a_problem_of_that_file_alone(place):
    place.write("ends.py", served("a", more="import os; os._exit(3)"))
    place.write("exits.py", served("b", more="raise SystemExit(2)"))
    place.write("good.py", served("fine"))
    assert names(place) == ["fine"]
    messages = {problem.name: problem.message for problem in place.registry.problems()}
    assert messages == {
        "ends.py": "its import ended the worker: worker died (exit status 3)",
        "exits.py": "SystemExit: 2",
    }


def test_two_functions_of_one_name_are_both_served_under_their_files_name(place):
    place.write("one.py", served("f", "return 1"))
    place.write("two.py", served("f", "return 2"))
    assert names(place) == ["one.f", "two.f"]
    assert place.call("two.f").result == 2
    with pytest.raises(NotFoundError, match=r"There are two functions f: one.f and two.f."):
        place.registry.find("f")


def test_a_function_is_found_by_its_full_name_too(shared):
    assert shared.registry.find("arithmetic.divide").name == "divide"


def test_a_name_typed_wrong_is_answered_with_the_nearest(shared):
    with pytest.raises(NotFoundError) as caught:
        shared.registry.find("devide")
    assert caught.value.hint == "Did you mean divide?"


def test_a_function_imported_from_another_file_is_served_once(place):
    place.write("one.py", served("f"))
    place.write("two.py", "import frontdesk\nfrom one import f\n")
    assert names(place) == ["f"]


def test_a_changed_file_is_picked_up_with_its_module_state_gone(place):
    place.write("counter.py", served("count", "n.append(1); return len(n)", "n = []"))
    results = [place.call("count").result for _ in range(6)]
    assert max(results) > 1
    place.write("counter.py", served("count", "n.append(2); return len(n)", "n = []"))
    assert place.call("count").result == 1
    assert place.registry.find("count").version != ""


def test_an_edit_of_the_same_size_within_the_same_second_is_picked_up(place):
    for text in ("1", "2", "3"):
        place.write("quick.py", served("f", f"return {text}"))
        assert [place.call("f").result for _ in range(4)] == [int(text)] * 4


def test_a_changed_file_that_a_function_file_imports_is_picked_up_too(place):
    (place.folder / "rates.py").write_text("RATE = 1\n")
    place.write("uses.py", served("rate", "return rates.RATE", "import rates"))
    assert place.call("rate").result == 1
    (place.folder / "rates.py").write_text("RATE = 22\n")
    assert place.call("rate").result == 22


def test_a_removed_file_is_no_longer_served(place):
    path = place.write("gone.py", served("f"))
    assert names(place) == ["f"]
    path.unlink()
    place.write("other.py", served("g"))
    assert names(place) == ["g"]


def test_a_file_named_as_a_module_of_the_standard_library_is_served_and_hides_nothing(place):
    place.write("statistics.py", served("f", "import statistics; return statistics.mean([1, 3])"))
    assert place.call("f").result == 2


def test_the_folder_is_looked_at_once_a_second_at_most(place, monkeypatch):
    place.write("a.py", served("f"))
    place.registry.functions()
    looks = []
    monkeypatch.setattr(place.registry, "_look", lambda: looks.append(1))
    for _ in range(50):
        place.registry.functions()
    assert looks == []
    place.registry._looked = time.monotonic() - 1.1
    place.registry.functions()
    assert looks == [1]


def test_many_threads_find_the_functions_at_once(place):
    place.write("a.py", served("f"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(names(place))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["f"]] * 8
