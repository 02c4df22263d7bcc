"""Rows edited where they stand: a cell, a block of a spreadsheet, many rows at once, and each set back again."""

import pytest
from playwright.sync_api import Locator

from tests.journeys.conftest import LOOKS, Look, OpenTab, Served, Tab

PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
TABLE = "/databases/sales_data/tables/products"


def cell(tab: Tab, row: int, column: str) -> Locator:
    """The cell of a column in a row, counted from 0."""
    names = [text.strip() for text in tab.page.locator("table.grid thead th").all_inner_texts()]
    return tab.page.locator("table.grid tbody tr").nth(row).locator("td:not(.tick)").nth(names.index(column))


def write(tab: Tab, text: str, key: str = "Enter") -> None:
    """Writes into the cell that has the focus."""
    tab.page.keyboard.press("Enter")
    tab.page.locator(".cell-editor input:not([readonly])").fill(text)
    tab.page.keyboard.press(key)


@pytest.mark.parametrize("look", LOOKS)
def test_a_cell_is_edited_refused_left_and_set_back_by_keys(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["eve"], look)
    tab.go(TABLE)
    price = cell(tab, 1, "price")
    before = price.inner_text()
    price.click()
    write(tab, "77.5")
    tab.page.get_by_text("77.5", exact=True).wait_for()
    assert cell(tab, 2, "price").evaluate("one => one === document.activeElement")
    tab.page.keyboard.press("ArrowUp")
    write(tab, "-1")
    refusal = tab.page.get_by_role("alert").filter(has_text="price > 0")
    tab.expected.add(422)
    refusal.wait_for()
    tab.check()
    tab.page.keyboard.press("Escape")
    assert price.inner_text() == "77.5"
    tab.page.keyboard.press("Control+z")
    tab.page.locator("tbody").get_by_text(before, exact=True).first.wait_for()
    tab.go(TABLE)
    assert cell(tab, 1, "price").inner_text() == before


def test_who_was_slower_sees_both_values_and_chooses(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["eve"])
    tab.go(TABLE)
    category = cell(tab, 0, "category")
    before = category.inner_text()
    category.click()
    tab.page.keyboard.press("Enter")
    mine = tab.page.locator(".cell-editor input:not([readonly])")
    mine.fill("mine")
    ada = demo.server.client(demo.people["ada"])
    path = "/api/databases/sales_data/tables/products/rows/1"
    assert ada.ask("PATCH", path, {"category": "theirs"}).status == 200
    tab.expected.add(409)
    tab.page.keyboard.press("Enter")
    choice = tab.page.locator(".cell-error")
    tab.page.get_by_role("button", name="Keep mine").wait_for()
    assert "theirs" in choice.inner_text() and "mine" in choice.inner_text()
    tab.check()
    tab.page.get_by_role("button", name="Keep mine").click()
    tab.page.locator("tbody").get_by_text("mine", exact=True).wait_for()
    assert ada.ask("PATCH", path, {"category": before}).status == 200


@pytest.mark.parametrize("look", LOOKS)
def test_a_block_of_a_spreadsheet_is_pasted_after_a_look_and_undone(
    demo: Served, open_tab: OpenTab, look: Look
) -> None:
    tab = open_tab(demo.server, demo.people["eve"], look)
    tab.go(TABLE)
    before = tab.page.locator("table.grid tbody").inner_text()
    cell(tab, 2, "category").click()
    tab.page.evaluate(PASTE, "toys\t3.25\ngames\tfour\n")
    dialog = tab.page.get_by_role("dialog")
    tab.expected.add(422)
    dialog.get_by_role("alert").wait_for()
    assert "price" in dialog.inner_text() and dialog.get_by_role("button", name="Change").is_disabled()
    tab.page.keyboard.press("Escape")
    tab.page.evaluate(PASTE, "toys\t3.25\ngames\t4\n")
    dialog.get_by_text("4 cells in 2 rows would change.").wait_for()
    tab.check()
    tab.follow(dialog.get_by_role("button", name="Change"))
    assert [cell(tab, row, "category").inner_text() for row in (2, 3)] == ["toys", "games"]
    assert "4 cells changed." in tab.page.locator(".flash").inner_text()
    tab.follow(tab.button("Undo"))
    tab.go(TABLE)
    assert tab.page.locator("table.grid tbody").inner_text() == before


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_ticked_rows_are_edited_at_once_after_a_look(demo: Served, open_tab: OpenTab, scripts: bool) -> None:
    tab = open_tab(demo.server, demo.people["eve"], scripts=scripts)
    tab.go(TABLE)
    before = tab.page.locator("table.grid tbody").inner_text()
    for row in (4, 5):
        tab.page.locator("tbody .tick input").nth(row).check()
    tab.follow(tab.button("Edit"))
    assert tab.page.get_by_label("Column").input_value() != "id"
    tab.page.get_by_label("Column").select_option("category")
    tab.page.get_by_label("Value in all of them").fill("sold out")
    tab.follow(tab.button("Preview"))
    assert "2 rows would be changed" in tab.page.locator("main").inner_text()
    tab.follow(tab.button("Change 2 rows"))
    assert [cell(tab, row, "category").inner_text() for row in (4, 5, 6)].count("sold out") == 2
    tab.follow(tab.button("Undo"))
    tab.go(TABLE)
    assert tab.page.locator("table.grid tbody").inner_text() == before
