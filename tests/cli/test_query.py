import json
from pathlib import Path

import pytest

from frontdesk import cli


def test_a_query_is_printed_as_csv_or_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT name FROM employees WHERE age > :age"
    for database in ("example", str(folder / "example.db")):
        with pytest.raises(SystemExit):
            cli.main(["query", database, sql, "--param", "age=32", "--desk", str(folder)])
        assert capsys.readouterr().out == "name\nCharlie\n"
    with pytest.raises(SystemExit):
        cli.main(["query", "example", "SELECT 1 AS one", "--json", "--desk", str(folder)])
    assert json.loads(capsys.readouterr().out)["rows"] == [[1]]


def test_a_refused_query_ends_with_status_1_and_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["query", "example", "DELETE FROM employees", "--desk", str(folder)])
    assert end.value.code == 1
    assert "not authorized" in capsys.readouterr().err


def query(folder: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["query", *arguments, "--desk", str(folder)])
    return int(end.value.code or 0)


def test_sql_that_writes_is_tried_then_carried_out_and_its_change_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for database in ("example", str(folder / "example.db")):
        arguments = (database, "UPDATE employees SET age = :age WHERE name = 'Bob'", "--param", "age=26", "--write")
        assert query(folder, *arguments, "--dry-run") == 0
        told = capsys.readouterr().out
        assert told.startswith("update employees: 1 row\n")
        assert '"age":26' in told
    assert query(folder, *arguments) == 0
    assert capsys.readouterr().out == "example.1\n"
    assert query(folder, "example", "DELETE FROM employees WHERE id = 99", "--write") == 0
    assert capsys.readouterr().err == "Nothing changes.\n"
    assert query(folder, "example", "DELETE FROM employees RETURNING name", "--write", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"] == [["Krish"], ["Bob"], ["Charlie"]]
    assert answer["changes"] == ["example.2"]


def test_only_what_writes_has_a_dry_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert query(folder, "example", "SELECT 1", "--dry-run") == 2
    assert "--write" in capsys.readouterr().err
