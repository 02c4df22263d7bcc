"""The query page in a browser: typed, completed, run, stopped; also without scripts."""

import os
import re
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


BUSY = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) SELECT count(*) FROM c, orders WHERE status = n"


@needs_bundles
@pytest.mark.parametrize("look", LOOKS)
def test_a_fault_is_marked_mended_and_the_answer_drawn_and_saved(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["eve"], look)
    tab.expected = {422}
    tab.go("/databases/sales_data/query?sql=SELECT+status,%0A++quantty+FROM+orders")
    assert "Did you mean quantity?" in tab.page.locator("#sql-error").inner_text()
    assert tab.page.locator(".cm-fault").inner_text() == "quantty"
    assert "^^^^^^^" in tab.page.locator("pre.fault").inner_text()
    tab.go("/databases/sales_data/query?sql=SELECT+status,%0A++quantity+FROM+orders")
    tab.follow(tab.link("Plan"))
    assert "Reads all 50,000 rows of orders." in tab.page.locator(".plan").inner_text()
    tab.follow(tab.link("Chart"))
    tab.page.locator(".chart svg.marks").wait_for()
    tab.page.get_by_label("Kind").select_option("bar")
    tab.page.get_by_label("by", exact=True).select_option("status")
    tab.page.get_by_label("Show").select_option("median")
    tab.page.get_by_label("of", exact=True).select_option("quantity")
    tab.follow(tab.button("Draw"))
    tab.page.locator(".chart svg.marks").wait_for()
    name = f"Median {look}"
    tab.page.get_by_label("Name to save the chart under").fill(name)
    tab.follow(tab.button("Save this chart"))
    tab.page.locator(".chart svg.marks").wait_for()
    assert tab.page.locator(".figures tbody tr").count() == 3
    with tab.page.expect_download() as saved:
        tab.button("SVG").click()
    assert saved.value.suggested_filename == f"{name}.svg"
    tab.go("/databases/sales_data")
    tab.follow(tab.link(name))
    tab.follow(tab.link("Change"))
    assert "_aggregate=median" in tab.page.url
    tab.follow(tab.link("History"))
    assert "Did you mean quantity?" in tab.page.locator(".asked").inner_text()
    tab.follow(tab.link(re.compile("quantty")))
    assert tab.page.locator(".cm-fault").is_visible()


def test_a_query_that_goes_on_shows_its_time_and_its_plan(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["vic"])
    tab.expected = {422}
    tab.go("/databases/sales_data/query")
    tab.page.locator(".cm-content, #sql:visible").first.click()
    tab.page.keyboard.insert_text(BUSY)
    tab.page.keyboard.press("Escape")
    # What is seen meanwhile is noted by the page itself, which stops the query once it has all.
    tab.page.evaluate(
        """() => { const look = setInterval(() => {
          const [time, why] = ["[data-elapsed]", ".why"].map((one) => document.querySelector(one)?.textContent);
          if (!time || !why) return;
          clearInterval(look);
          sessionStorage.setItem("seen", `${time}|${why}`);
          document.querySelector("[data-stop-button]").click();
        }, 50); }"""
    )
    tab.follow(tab.button("Run"))
    time, why = tab.page.evaluate("sessionStorage.getItem('seen')").split("|")
    assert re.fullmatch(r"\d+\.\d s", time)
    assert "orders" in why


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_of_ones_own_draws_a_saved_chart(demo: Served, open_tab: OpenTab, scripts: bool) -> None:
    tab = open_tab(demo.server, demo.people["eve"], scripts=scripts)
    tab.go("/databases/sales_data/tables/orders/chart?_kind=bar&_x=status")
    tab.page.get_by_label("Name to save the chart under").fill("By status")
    tab.follow(tab.button("Save this chart"))
    (demo.server.folder / "pages" / "drawn.html").write_text(
        '{% extends "frontdesk/page.html" %}{% block content %}{{ chart("By status") }}{% endblock %}', "utf-8"
    )
    tab.go("/pages/drawn")
    tab.page.locator("figure summary, figure table").first.wait_for()
    if scripts and tab.page.locator("[data-spec]").count():
        tab.page.locator("figure svg.marks").wait_for()
        tab.check()
    elif tab.page.locator("details").count():
        tab.page.locator("figure summary").click()
    assert "returned" in tab.page.locator("figure").inner_text()
