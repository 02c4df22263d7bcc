import logging
import runpy
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk import errors
from frontdesk.demo import making

SEED_LINES = [
    ("ArithmeticApp", "DEBUG", "Adding 10 + 15 = 25"),
    ("ArithmeticApp", "DEBUG", "Subtracting 15 - 10 = 5"),
    ("ArithmeticApp", "DEBUG", "Multiplying 10 * 20 = 200"),
    ("ArithmeticApp", "ERROR", "Division by zero error"),
]
OPERATIONS = [
    ("DEBUG", "Starting operations with a=10 and b=5"),
    ("INFO", "Addition result: 15"),
    ("INFO", "Subtraction result: 5"),
    ("INFO", "Multiplication result: 50"),
    ("INFO", "Division result: 2.0"),
    ("DEBUG", "Starting operations with a=-10 and b=5"),
    ("WARNING", "One or both inputs are negative. Results may be unexpected."),
    ("INFO", "Addition result: -5"),
    ("INFO", "Subtraction result: -15"),
    ("INFO", "Multiplication result: -50"),
    ("INFO", "Division result: -2.0"),
    ("DEBUG", "Starting operations with a=10 and b=0"),
    ("INFO", "Addition result: 10"),
    ("INFO", "Subtraction result: 10"),
    ("INFO", "Multiplication result: 0"),
    ("ERROR", "Division by zero error"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desks") / "demo"
    assert making.make(folder)
    return folder


def ask(path: Path, sql: str) -> list:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.name, record.levelname, record.message) for record in caplog.records]


def test_the_employees_are_those_of_the_notes(made: Path):
    assert ask(made / "example.db", "SELECT * FROM employees") == [
        (1, "Krish", 32, "Data Scientist"),
        (2, "Bob", 25, "Engineering"),
        (3, "Charlie", 35, "Finance"),
    ]


def test_the_sales_are_those_of_the_notes(made: Path):
    assert ask(made / "sales_data.db", "SELECT * FROM sales") == [
        (1, "2023-01-01", "Product1", 100, "North"),
        (2, "2023-01-02", "Product2", 200, "South"),
        (3, "2023-01-03", "Product1", 150, "East"),
        (4, "2023-01-04", "Product3", 250, "West"),
        (5, "2023-01-05", "Product2", 300, "North"),
    ]


def test_there_are_50000_orders_and_each_has_its_customer_and_product(made: Path):
    assert ask(made / "sales_data.db", "SELECT count(*) FROM orders") == [(50_000,)]
    assert ask(made / "sales_data.db", "PRAGMA foreign_key_check") == []


def test_the_orders_are_the_same_on_every_machine(made: Path, tmp_path: Path):
    making.make(tmp_path / "other")
    drawn = "SELECT count(*), sum(customer_id), sum(product_id), sum(quantity), sum(rating) FROM orders"
    assert ask(made / "sales_data.db", drawn) == ask(tmp_path / "other" / "sales_data.db", drawn)


def test_what_is_there_is_not_touched_by_the_next_start(tmp_path: Path):
    making.make(tmp_path)
    (tmp_path / "targets.csv").write_text("mine")
    (tmp_path / "example.db").unlink()
    assert not making.make(tmp_path)
    assert (tmp_path / "targets.csv").read_text() == "mine"
    assert not (tmp_path / "example.db").exists()


def test_a_start_that_was_broken_off_is_completed_by_the_next(tmp_path: Path):
    making.make(tmp_path)
    (tmp_path / "frontdesk.toml").unlink()
    (tmp_path / "school.db").rename(tmp_path / "school.db.new")
    assert making.make(tmp_path)
    assert ask(tmp_path / "school.db", "SELECT count(*) > 0 FROM grades") == [(1,)]
    assert not list(tmp_path.glob("*.new"))


def test_a_folder_of_other_things_is_refused_with_a_sentence(tmp_path: Path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(errors.ConfigError, match=r"thesis\.txt"):
        making.make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_folders_place_is_refused_with_a_sentence(tmp_path: Path):
    (tmp_path / "demo").touch()
    with pytest.raises(errors.ConfigError, match="no folder"):
        making.make(tmp_path / "demo")


def test_the_arithmetic_functions_say_what_the_notes_print(made: Path, caplog: pytest.LogCaptureFixture):
    arithmetic = runpy.run_path(str(made / "arithmetic.py"))
    caplog.set_level(logging.DEBUG)
    results = [arithmetic[name]() for name in ("add", "subtract", "multiply", "divide")]
    assert results == [25, 5, 200, None]
    assert said(caplog) == SEED_LINES


def test_perform_operations_says_all_five_levels_as_the_notes_print_them(made: Path, caplog: pytest.LogCaptureFixture):
    arithmetic = runpy.run_path(str(made / "arithmetic.py"))
    caplog.set_level(logging.DEBUG)
    for a, b in ((10, 5), (-10, 5), (10, 0)):
        arithmetic["perform_operations"](a, b)
    assert said(caplog) == [("ArithmethicApp", *line) for line in OPERATIONS]


def test_arithmetic_py_run_as_its_own_program_writes_app1_log_and_the_console(made: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, made / "arithmetic.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = (tmp_path / "app1.log").read_text().splitlines()
    assert done.stderr.splitlines() == lines
    assert [tuple(line.split(" - ", 3)[1:]) for line in lines] == SEED_LINES + [
        ("ArithmethicApp", *line) for line in OPERATIONS
    ]


def test_the_school_logs_the_three_sentences_of_the_notes_and_keeps_three_rows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    making.make(tmp_path)
    monkeypatch.setenv("FRONTDESK_DESK", str(tmp_path))
    school = runpy.run_path(str(tmp_path / "school.py"))
    caplog.set_level(logging.INFO)
    for name in ("record_attendance", "record_grade", "record_behavior"):
        school[name]()
    assert said(caplog) == [
        ("attendance", "INFO", "Student John Doe was present today."),
        ("grades", "WARNING", "Student Jane Doe's grade is below average."),
        ("behavior", "ERROR", "Student Mark Smith was caught cheating."),
    ]
    newest = "SELECT student FROM {} ORDER BY id DESC LIMIT 1"
    assert [ask(tmp_path / "school.db", newest.format(name)) for name in ("attendance", "grades", "behavior")] == [
        [("John Doe",)],
        [("Jane Doe",)],
        [("Mark Smith",)],
    ]
