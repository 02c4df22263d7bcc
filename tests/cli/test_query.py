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
