"""`frontdesk check` names what is wrong with a desk and how to mend it."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from frontdesk.cli import group
from frontdesk.database import logs, state
from frontdesk.tables import creation


def check(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, ["check", "--desk", str(folder), *arguments])


def found(folder: Path) -> dict[str, dict[str, str]]:
    return {one["what"]: one for one in json.loads(check(folder, "--json").stdout)["findings"]}


def test_a_sound_desk_is_well_and_nothing_is_made_by_looking(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = check(folder)
    assert (done.exit_code, done.stdout) == (0, "All is well.\n")
    assert sorted(folder.rglob("*")) == before


def write_settings(folder: Path) -> None:
    (folder / "frontdesk.toml").write_text("[server]\nprot = 1\n")


def write_no_database(folder: Path) -> None:
    (folder / "notes.db").write_text("no database at all")


def damage(folder: Path) -> None:
    path = folder / "damaged.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
    body = bytearray(path.read_bytes())
    body[8192:12288] = b"\xff" * 4096
    path.write_bytes(body)


def dangle(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "keys.db")) as connection, connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a (id)); INSERT INTO b VALUES (7)"
        )


def write_function_with_a_fault(folder: Path) -> None:
    (folder / "broken.py").write_text("import frontdesk\nimport nowhere_to_be_found\n")


def write_two_of_one_name(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text("import frontdesk\n\n@frontdesk.function\ndef greet(): pass\n")


def write_page_with_a_fault(folder: Path) -> None:
    (folder / "pages").mkdir()
    (folder / "pages" / "report.html").write_text("<p>\n{% if %}")


def open_the_state(folder: Path) -> None:
    (folder / ".frontdesk").mkdir()
    (folder / ".frontdesk").chmod(0o755)


def leave_half_an_import(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "example.db")) as connection, connection:
        connection.execute(f"CREATE TABLE {creation.HIDDEN}999999_1_1 (a)")


def write_a_newer_file(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "sales.db")) as connection, connection:
        connection.execute("CREATE TABLE sales (a)")
    (folder / "sales.csv").write_text("a\n1\n")
    os.utime(folder / "sales.csv", (time.time() + 10,) * 2)


@pytest.mark.parametrize(
    ("break_it", "sentence", "hint"),
    [
        (write_settings, "unknown key [server] prot", "port"),
        (write_no_database, "is not a SQLite database", "backup"),
        (damage, "damaged.db", "backup"),
        (dangle, "1 row of b refers to a row that a does not have", "Delete"),
        (write_function_with_a_fault, "broken.py, line 2: ModuleNotFoundError", "Mend the file"),
        (write_two_of_one_name, "two functions greet", "one.greet and two.greet"),
        (write_page_with_a_fault, "report.html, line 2", "Mend the template"),
        (open_the_state, "can be read by other people", "--fix"),
        (leave_half_an_import, "ended imports", "--fix"),
        (write_a_newer_file, "sales.csv is newer than sales.db", "--reload"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_a_hint(folder, break_it, sentence, hint) -> None:
    break_it(folder)
    done = check(folder)
    assert done.exit_code == 1
    assert sentence in done.stdout
    assert hint in done.stdout.partition(sentence)[2].splitlines()[1]


def test_a_desk_of_a_newer_frontdesk_and_log_lines_left_behind_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CliRunner().invoke(group, ["users", "list", "--desk", str(folder)])
    assert found(folder)["users"]["level"] == "note"
    monkeypatch.setattr(state, "REVISION", "0000")
    monkeypatch.setattr(logs, "REVISION", "9999")
    (folder / ".frontdesk" / "logs").mkdir(exist_ok=True)
    (folder / ".frontdesk" / "logs" / "left.jsonl").write_text('{"message":"x"}\n' * 100_000)
    told = found(folder)
    assert (told[".frontdesk/state.db"]["level"], told[".frontdesk/logs.db"]["level"]) == ("error", "note")
    assert "newer Frontdesk" in told[".frontdesk/state.db"]["message"]
    assert "2 MB of log lines" in told["logs"]["message"]


def test_fix_mends_permissions_and_leftovers_and_nothing_else(folder: Path) -> None:
    open_the_state(folder)
    leave_half_an_import(folder)
    write_no_database(folder)
    done = check(folder, "--fix", "--json")
    told = json.loads(done.stdout)
    assert {one["what"] for one in told["findings"]} == {"notes.db", "users"}
    assert told["mended"] == [
        ".frontdesk can be read by its owner only now.",
        "example.db: what 1 ended imports had left is gone.",
    ]
    assert (folder / ".frontdesk").stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '%import_%'").fetchone() == (0,)
    assert (folder / "notes.db").exists()


def test_what_was_mended_is_listed_before_what_is_left(folder: Path) -> None:
    open_the_state(folder)
    write_no_database(folder)
    told = check(folder, "--fix").stdout.splitlines()
    assert told[0] == "mended   .frontdesk can be read by its owner only now."
    assert told[1].startswith("error    ")
    assert told[-1] == "1 mended. 1 to mend."
    assert check(folder, "--fix").stdout.splitlines()[-1] == "1 to mend."


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = check(tmp_path / "no")
    assert "There is no folder" in str(done.exception)
