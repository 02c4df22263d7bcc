"""Rows as somebody wants them: sorted by several columns, columns hidden and widened, saved as a view with a link."""

import re

import pytest

from tests.journeys.conftest import LOOKS, Look, OpenTab, Served, Tab

TABLE = "/databases/school/tables/grades"


def heads(tab: Tab) -> list[str]:
    """The names at the heads, without the marks of a sort."""
    return [re.sub(r"\d$", "", one).strip() for one in tab.page.locator("table.grid thead th").all_inner_texts()]


def panel(tab: Tab, name: str) -> None:
    """Opens a panel."""
    tab.page.locator("details.panel > summary", has_text=name).click()
    tab.check()


@pytest.mark.parametrize("look", LOOKS)
def test_rows_are_sorted_shown_and_saved_as_somebody_wants_them(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["eve"], look)
    tab.go(TABLE)
    panel(tab, "Sort")
    tab.page.get_by_label("Sort by").select_option("subject")
    tab.follow(tab.page.get_by_label("Sort the rows").get_by_role("button", name="Sort"))
    with tab.page.expect_navigation():
        tab.page.locator("thead").get_by_role("link", name="grade").click(modifiers=["Shift"])
    with tab.page.expect_navigation():
        tab.page.locator("thead").get_by_role("link", name="grade").click(modifiers=["Shift"])
    assert tab.page.url.endswith("_sort=subject%2C-grade")
    panel(tab, "Views")
    tab.page.get_by_label("Name of the view").fill(f"Best {look}")
    tab.follow(tab.button("Save this view"))
    tab.go(TABLE)
    panel(tab, "Views")
    tab.follow(tab.link(f"Best {look}"))
    assert tab.page.url.endswith("_sort=subject%2C-grade")
    panel(tab, "Columns")
    tab.page.get_by_label("day", exact=True).uncheck()
    tab.page.get_by_label("Place of grade").fill("1.5")
    tab.page.get_by_label("Width of student in pixels").fill("200")
    tab.follow(tab.page.locator("form[data-layout]").get_by_role("button", name="Keep"))
    assert heads(tab) == ["id", "grade", "student", "subject"]
    head = tab.page.locator("thead th", has_text="student")
    head.locator(".resize").scroll_into_view_if_needed()
    box = head.locator(".resize").bounding_box()
    assert box and abs(head.bounding_box()["width"] - 200) < 30  # type: ignore[index]
    tab.page.mouse.move(box["x"] + 4, box["y"] + 9)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] - 56, box["y"] + 9)
    with tab.page.expect_response(lambda answer: answer.url.endswith("/layout") and answer.request.method == "PUT"):
        tab.page.mouse.up()
    tab.go(TABLE)
    assert head.bounding_box()["width"] < 190  # type: ignore[index]
    panel(tab, "Columns")
    tab.follow(tab.button("As the table has them"))
    assert heads(tab) == ["id", "student", "subject", "grade", "day"]
