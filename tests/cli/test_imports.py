import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from frontdesk import errors
from frontdesk.cli import group, imports
from tests import places
from tests.conftest import EMPLOYEES


@pytest.fixture
def folder(place: Path | str, tmp_path: Path) -> Path:
    """A desk's folder whose database `example`, on either engine, holds three employees."""
    made = tmp_path / "shop"
    made.mkdir()
    if isinstance(place, str):
        (made / "frontdesk.toml").write_text(f"[databases]\nexample = {json.dumps(place)}\n")
    drawn = EMPLOYEES.replace("INTEGER PRIMARY KEY", "DRAWN")
    places.opened(made / "example.db" if isinstance(place, Path) else place, drawn).close()
    return made


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, [*arguments, "--desk", str(folder)], catch_exceptions=True)


def test_a_file_becomes_a_table_of_the_desk_and_comes_out_again(folder: Path) -> None:
    (folder / "sales.csv").write_text("id,zip\n1,02134\n2,10115\n")
    done = run(folder, "import", str(folder / "sales.csv"), "example")
    assert (done.exit_code, done.stdout) == (0, "sales.csv: 2 rows imported into sales.\n")
    out = run(folder, "export", "example", "sales", "--where", "zip__startswith=0")
    assert out.stdout_bytes == b"id,zip\r\n1,02134\r\n"


def test_a_database_is_made_by_its_path_and_json_tells_what_was_done(folder: Path, tmp_path: Path) -> None:
    (folder / "a.ndjson").write_text('{"n": 1}\n{"n": 2}\n')
    done = run(folder, "import", str(folder / "a.ndjson"), str(tmp_path / "new.db"), "--table", "t", "--json")
    told = json.loads(done.stdout)
    assert (told["table"], told["inserted"], told["columns"]) == ("t", 2, [{"name": "n", "type": "INTEGER"}])
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,), (2,)]


def test_a_bad_file_leaves_no_database(folder: Path, tmp_path: Path) -> None:
    (folder / "a.csv").write_text("a,b\n1\n")
    done = run(folder, "import", str(folder / "a.csv"), str(tmp_path / "new.db"))
    assert isinstance(done.exception, errors.InputError)
    assert "line 2" in done.exception.message
    assert not list(tmp_path.glob("new.db*"))


def test_rows_are_ignored_or_updated_by_their_key(folder: Path) -> None:
    (folder / "in.csv").write_text("id,name\n1,Chris\n9,Zoe\n")
    options = ("--table", "employees", "--on-conflict")
    done = run(folder, "import", str(folder / "in.csv"), "example", *options, "ignore")
    assert done.stdout == "in.csv: 1 row imported, 1 ignored into employees.\n"
    done = run(folder, "import", str(folder / "in.csv"), "example", *options, "update")
    assert done.stdout == "in.csv: 0 rows imported, 2 updated into employees.\n"


def test_bad_lines_are_kept_in_a_table_of_their_own(folder: Path) -> None:
    (folder / "in.csv").write_text("name,age\nZoe,3\nUma,old\n")
    done = run(folder, "import", str(folder / "in.csv"), "example", "--table", "employees", "--bad-lines", "keep")
    assert done.stdout == "in.csv: 1 row imported into employees. 1 bad line stands in employees_bad_lines.\n"
    out = run(folder, "export", "example", "employees_bad_lines", "--columns", "line,text")
    assert out.stdout_bytes == b'line,text\r\n3,"Uma,old"\r\n'


def test_a_type_can_be_chosen_and_an_unknown_one_is_refused(folder: Path) -> None:
    (folder / "in.csv").write_text("n\n1\n")
    assert run(folder, "import", str(folder / "in.csv"), "example", "--type", "n=TEXT", "--json").exit_code == 0
    assert json.loads(run(folder, "export", "example", "in", "--format", "json").stdout) == [{"n": "1"}]
    refused = run(folder, "import", str(folder / "in.csv"), "example", "--table", "x", "--type", "n=BIG")
    assert isinstance(refused.exception, errors.InputError)


def test_an_export_to_a_file_replaces_it_only_when_it_is_whole(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(folder, "export", "example", "employees", "-o", str(out)).exit_code == 0
    assert [row["name"] for row in json.loads(out.read_text())] == ["Krish", "Bob", "Charlie"]
    assert run(folder, "export", "example", "nosuch", "-o", str(out)).exit_code == 1
    assert len(json.loads(out.read_text())) == 3
    assert [path.name for path in tmp_path.glob("out*")] == ["out.json"]


@pytest.mark.parametrize(("form", "begin"), [("xlsx", b"PK"), ("parquet", b"PAR1")])
def test_the_format_is_what_the_files_name_ends_in(folder: Path, tmp_path: Path, form: str, begin: bytes) -> None:
    out = tmp_path / f"out.{form}"
    assert run(folder, "export", "example", "employees", "--where", "age__gt=30", "-o", str(out)).exit_code == 0
    assert out.read_bytes().startswith(begin)
    loaded = run(folder, "import", str(out), "example", "--table", "again", "--json")
    assert (loaded.exit_code, json.loads(loaded.stdout)["inserted"]) == (0, 2)


@pytest.mark.parametrize("output", ["out.db", "out.sqlite", "-"])
def test_a_whole_database_is_written_as_a_file_of_sqlite(folder: Path, tmp_path: Path, output: str) -> None:
    done = run(folder, "export", "example", *(["-o", str(tmp_path / output)] if output != "-" else []))
    assert done.exit_code == 0
    if output == "-":
        (tmp_path / output).write_bytes(done.stdout_bytes)
    with closing(sqlite3.connect(tmp_path / output)) as connection:
        assert connection.execute("SELECT name FROM employees").fetchall() == [("Krish",), ("Bob",), ("Charlie",)]


def test_what_holds_one_table_asks_for_it(folder: Path) -> None:
    for options in (["--format", "csv"], ["--where", "age__gt=30"]):
        refused = run(folder, "export", "example", *options).exception
        assert isinstance(refused, errors.InputError)
        assert "Name the TABLE" in refused.hint


@pytest.mark.parametrize("where", ["age", "nosuch=1", "age__gt=old"])
def test_a_filter_that_is_none_is_refused(folder: Path, where: str) -> None:
    assert isinstance(run(folder, "export", "example", "employees", "--where", where).exception, errors.InputError)


def test_the_bar_shows_share_rate_and_time_left() -> None:
    shown = imports.line("a.csv", 25, 100, 1_000_000, 10.0)
    assert shown.startswith("a.csv [#####...............]  25%  1,000,000 rows  100,000 rows/s  0:30 left")
