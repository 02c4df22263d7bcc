"""The table of docs/notes.md: the pages open, the commands are there, the tests too."""

import re
from pathlib import Path

from frontdesk.cli import COMMANDS
from tests.journeys.conftest import Served

ROOT = Path(__file__).parents[2]
QUOTED = re.compile(r"`([^`]+)`")


def rows() -> list[list[str]]:
    """The cells of each row: the notes' section, page, command, Python or API, test."""
    lines = (ROOT / "docs" / "notes.md").read_text("utf-8").splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in found if row[0] not in {"in the notes", "---|---|---|---|---"}]


def test_every_row_is_whole():
    assert len(rows()) > 40
    assert [row for row in rows() if len(row) != 5 or not row[0] or not row[4]] == []


def test_every_page_of_the_table_opens(demo: Served):
    ada = demo.server.client(demo.people["ada"])
    pages = {page for row in rows() for page in QUOTED.findall(row[1])}
    assert len(pages) > 20
    assert [page for page in pages if ada.ask("GET", page).status not in {200, 303}] == []


def test_every_command_of_the_table_is_one():
    given = [command.split() for row in rows() for command in QUOTED.findall(row[2])]
    named = {words[1] for words in given if words[0] == "frontdesk"}
    assert named and named <= set(COMMANDS)


def test_every_test_of_the_table_is_there():
    for row in rows():
        for name in QUOTED.findall(row[4]):
            file, _, test = name.partition("::")
            path = ROOT / file if file.startswith("tests/") else ROOT / "tests" / "journeys" / file
            assert test and f"\ndef {test}(" in path.read_text("utf-8"), name
