"""A table's structure in a browser: changed, deleted, brought back."""

import pytest

from tests.journeys.conftest import LOOKS, Look, OpenTab, Served


@pytest.mark.parametrize("look", LOOKS)
def test_a_table_is_changed_deleted_and_brought_back(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/school/tables/behavior")
    rows = tab.page.locator("table.grid tbody tr").all_inner_texts()
    tab.go("/databases/school/tables/behavior/structure")
    tab.page.get_by_text("Add columns").click()
    tab.check()
    name = f"remark {look}"  # the looks share a desk
    tab.page.get_by_label("Name of new column 1").fill(name)
    tab.follow(tab.page.locator("form:has([name='add.0.name'])").get_by_role("button", name="Show what it does"))
    assert "ADD COLUMN" in tab.page.locator("pre").inner_text()
    tab.check()
    tab.follow(tab.button("Carry it out"))
    assert tab.page.get_by_role("cell", name=name, exact=True).first.is_visible()
    tab.page.get_by_text("Delete this table").click()
    tab.page.get_by_label("Type behavior to delete it").fill("behavior")
    tab.follow(tab.button("Delete the table"))
    assert "Deleted behavior." in tab.page.locator(".flash").inner_text()
    tab.follow(tab.button("Undo"))
    tab.go("/databases/school/tables/behavior")
    back = tab.page.locator("table.grid tbody tr").all_inner_texts()
    assert [row.split() for row in back] == [[*row.split(), "NULL"] for row in rows]


@pytest.mark.parametrize("look", LOOKS)
def test_the_health_of_a_database_is_checked(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/sales_data")
    tab.follow(tab.page.get_by_role("link", name="Health"))
    tab.check()
    tab.follow(tab.button("Check everything"))
    assert "All was looked through" in tab.page.locator("main").inner_text()
    tab.check()
