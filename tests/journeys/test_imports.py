"""Files are imported in a browser: looked at, mended, pasted, several at once."""

import pytest
from playwright.sync_api import FilePayload

from tests.journeys.conftest import LOOKS, Look, OpenTab, Served


def csv(name: str, body: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": body}


@pytest.mark.parametrize("look", LOOKS)
def test_the_good_lines_of_a_file_are_imported_and_undone_with_the_bad_ones(
    demo: Served, open_tab: OpenTab, look: Look
) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/example/tables/employees/import")
    tab.page.get_by_label("File").set_input_files(csv("more.csv", b"name,age\nZoe,41\nUma,1,2\n"))
    tab.expected.add(422)
    tab.follow(tab.button("Look at it"))
    tab.check()
    tab.follow(tab.button("Go on with the good lines"))
    assert "1 bad line goes to a table of its own" in tab.page.locator("main").inner_text()
    tab.check()
    tab.follow(tab.button("Import 1 row"))
    assert "1 bad line stands in employees_bad_lines." in tab.page.locator(".flash").inner_text()
    tab.follow(tab.button("Undo"))
    tab.go("/databases/example")
    assert "employees_bad_lines" not in tab.page.locator("main").inner_text()


@pytest.mark.parametrize("look", LOOKS)
def test_several_files_become_tables_and_rows_are_pasted(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/example/import")
    tab.check()
    one, two = csv(f"one {look}.csv", b"a,b\n1,2\n"), csv(f"two {look}.csv", b"day\n2024-01-31\n")
    tab.page.get_by_label("File").set_input_files([one, two])  # under names of their own: the looks share a desk
    tab.follow(tab.button("Look at it"))
    tab.check()
    tab.follow(tab.button("Import 2 files"))
    assert "2 rows of 2 files imported." in tab.page.locator(".flash").inner_text()
    tab.go(f"/databases/example/tables/one {look}/import")
    tab.page.get_by_label("Or paste rows").fill("a\tb\n3\t4\n")
    tab.follow(tab.button("Look at it"))
    tab.follow(tab.button("Import 1 row"))
    assert "1 row imported." in tab.page.locator(".flash").inner_text()
