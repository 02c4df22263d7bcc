"""The query page in a browser: typed, completed, run, stopped; also without scripts."""

import os
from pathlib import Path

import pytest

from tests.journeys.conftest import LOOKS, Look, OpenTab, Served, needs_bundles

PICTURES = os.environ.get("FRONTDESK_PICTURES")


@needs_bundles
@pytest.mark.parametrize("look", LOOKS)
def test_a_query_is_completed_run_by_keys_and_asks_for_its_values(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/sales_data/query")
    editor = tab.page.locator(".cm-content")
    editor.click()
    tab.page.keyboard.type("SELECT id, product, sales, region FROM sal")
    tab.page.locator(".cm-completionLabel", has_text="sales").first.wait_for()
    tab.check()
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.type("es WHERE sales > :least -- of :all")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Control+Enter")
    tab.check()
    tab.page.get_by_label("least").fill("200")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Control+Enter")
    tab.check()
    assert "p.least=200" in tab.page.url
    assert tab.page.locator("table.grid tbody tr").count()
    if PICTURES:
        tab.page.screenshot(path=Path(PICTURES) / f"query-{look}.png")


def test_a_long_query_is_stopped_by_its_button(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["vic"])
    tab.expected = {422}
    tab.go("/databases/sales_data/query")
    tab.page.locator(".cm-content, #sql:visible").first.click()
    tab.page.keyboard.insert_text("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) SELECT count(*) FROM c")
    tab.page.keyboard.press("Escape")
    # Playwright itself would not click while the next page is awaited.
    tab.page.evaluate("setTimeout(() => document.querySelector('[data-stop-button]:not([hidden])').click(), 900)")
    tab.follow(tab.button("Run"))
    assert "stopped by vic" in tab.page.locator("#sql-error").inner_text()


def test_a_query_is_run_without_scripts(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["vic"], scripts=False)
    tab.go("/query")
    tab.page.locator("#sql").fill("SELECT 6 * 7 AS answer")
    tab.follow(tab.button("Run"))
    assert tab.page.locator("table.grid tbody td").inner_text() == "42"


@pytest.mark.parametrize("look", LOOKS)
def test_sql_that_writes_is_tried_run_and_undone(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.go("/databases/sales_data/query")
    tab.follow(tab.link("Write"))
    tab.page.locator(".cm-content, #sql:visible").first.click()
    tab.page.keyboard.insert_text("UPDATE sales SET sales = sales + 1, region = 'Far ' || region WHERE sales > :least")
    tab.page.keyboard.press("Escape")
    tab.follow(tab.button("Dry run"))
    tab.page.get_by_label("least").fill("150")
    tab.follow(tab.button("Dry run"))
    changed = tab.page.locator("tr.changed")
    count = changed.count()
    assert count
    assert changed.first.locator("td.differs").count() == 2
    if PICTURES:
        tab.page.screenshot(path=Path(PICTURES) / f"trial-{look}.png")
    tab.follow(tab.button("Run it"))
    assert f"Changed {count} rows of sales." in tab.page.locator(".flash").inner_text()
    if PICTURES:
        tab.page.screenshot(path=Path(PICTURES) / f"written-{look}.png")
    tab.follow(tab.page.locator(".flash").get_by_role("button", name="Undo"))
    assert f"Undone: {count} rows." in tab.page.locator(".flash").inner_text()
