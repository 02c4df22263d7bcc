"""Charts in a browser: guessed, chosen, drawn under the strict policy, saved as a picture; also without scripts."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import served
from tests.journeys.conftest import LIGHT, LOOKS, Look, OpenTab, Served, Tab, needs_bundles
from tests.journeys.served import Server

PICTURES = os.environ.get("FRONTDESK_PICTURES")
ORDERS = "/databases/sales_data/tables/orders"
HOSTILE = ["a.b[c]", "__proto__", "constructor", '"q"', "it's", "<script>alert(1)</script>", "x\\y", "${7*7}", "_x"]


def is_drawn(tab: Tab) -> None:
    """Waits for the drawing."""
    tab.page.locator(".chart svg.marks").wait_for()
    tab.check()


def keep(tab: Tab, name: str, look: Look) -> None:
    if PICTURES:
        tab.page.screenshot(path=Path(PICTURES) / f"chart-{name}-{look}.png", full_page=look.width < 800)


@needs_bundles
@pytest.mark.parametrize("look", LOOKS)
def test_a_chart_is_guessed_changed_and_saved_as_a_picture(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["vic"], look)
    tab.go(f"{ORDERS}?status=open")
    tab.follow(tab.link("Chart"))
    assert tab.page.url.endswith("/chart?status=open")
    is_drawn(tab)
    assert tab.page.get_by_role("heading", name="Sum of quantity by month of date").is_visible()
    assert tab.page.locator(".chip").inner_text().startswith("status = open")
    keep(tab, "line", look)
    tab.page.get_by_label("Kind").select_option("bar")
    tab.page.get_by_label("by", exact=True).select_option("product_id")
    tab.page.get_by_label("Colour").select_option("status")
    tab.follow(tab.button("Draw"))
    is_drawn(tab)
    assert tab.page.locator(".mark-rect path").count() == tab.page.locator("table.grid tbody tr").count() == 8
    keep(tab, "bar", look)
    for kind, beginning in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with tab.page.expect_download() as saved:
            tab.button(kind).click()
        assert saved.value.suggested_filename == f"orders.{kind.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(beginning)
    tab.follow(tab.link("Rows"))
    assert tab.page.url.endswith("/orders?status=open")


@needs_bundles
@pytest.mark.parametrize("kind", ["line", "area", "scatter", "histogram"])
def test_each_kind_is_drawn(demo: Served, open_tab: OpenTab, kind: str) -> None:
    tab = open_tab(demo.server, demo.people["vic"])
    tab.go(f"{ORDERS}/chart?_kind={kind}&_colour=status")
    is_drawn(tab)
    mark = {"line": "mark-line", "area": "mark-area", "scatter": "mark-symbol", "histogram": "mark-rect"}[kind]
    assert tab.page.locator(f".chart .{mark} path").count() >= 3
    keep(tab, kind, LIGHT)


@needs_bundles
def test_a_chart_takes_on_the_colours_of_another_theme(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["vic"])
    tab.go(f"{ORDERS}/chart?_kind=bar&_x=status")
    is_drawn(tab)
    bar = tab.page.locator(".mark-rect path").first
    light = bar.get_attribute("fill")
    tab.page.evaluate("document.documentElement.setAttribute('data-theme', 'dark')")
    tab.page.wait_for_function(
        "light => document.querySelector('.mark-rect path')?.getAttribute('fill') !== light", arg=light
    )
    tab.check()


def test_the_figures_of_a_chart_are_read_without_scripts(demo: Served, open_tab: OpenTab) -> None:
    tab = open_tab(demo.server, demo.people["vic"], scripts=False)
    tab.go(f"{ORDERS}/chart")
    tab.page.get_by_label("Kind").select_option("bar")
    tab.page.get_by_label("by", exact=True).select_option("status")
    tab.follow(tab.button("Draw"))
    assert tab.page.locator("table.grid tbody tr").count() == 3
    assert "needs JavaScript" in tab.page.locator("main").inner_text()


@pytest.mark.parametrize("look", LOOKS)
def test_a_columns_profile_leads_to_its_rows_and_its_chart(demo: Served, open_tab: OpenTab, look: Look) -> None:
    tab = open_tab(demo.server, demo.people["vic"], look)
    tab.go(f"{ORDERS}/structure")
    tab.follow(tab.link("quantity"))
    assert tab.page.locator("svg.spread rect").count() == 20
    assert "median" in tab.page.locator("main").inner_text()
    keep(tab, "profile", look)
    tab.follow(tab.page.locator("main table").get_by_role("link", name="7", exact=True))
    assert tab.page.url.endswith("/orders?quantity=7")
    tab.page.go_back()
    tab.follow(tab.page.locator("main .actions").get_by_role("link", name="Chart"))
    assert "_x=quantity" in tab.page.url


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A desk whose table has such names for columns as for values."""
    folder = tmp_path_factory.mktemp("hostile") / "desk"
    folder.mkdir()
    named = ", ".join('"' + name.replace('"', '""') + '" TEXT' for name in HOSTILE)
    with sqlite3.connect(folder / "example.db") as connection:
        connection.execute(f'CREATE TABLE "<b>t</b>" ({named}, n INTEGER)')
        for number, name in enumerate(HOSTILE):
            connection.execute(
                f'INSERT INTO "<b>t</b>" VALUES ({", ".join("?" * len(HOSTILE))}, ?)',
                [name] * len(HOSTILE) + [number + 1],
            )
    connection.close()
    server = Server(folder)
    try:
        yield Served(server, served.introduce(folder))
    finally:
        server.stop()


@needs_bundles
def test_hostile_names_and_values_are_drawn_as_text(hostile: Served, open_tab: OpenTab) -> None:
    tab = open_tab(hostile.server, hostile.people["vic"])
    tab.page.on("dialog", lambda dialog: tab.faults.append(f"a dialog: {dialog.message}"))
    tab.go("/databases/example")
    tab.follow(tab.link("<b>t</b>"))
    tab.follow(tab.link("Chart"))
    tab.page.get_by_label("Kind").select_option("bar")
    tab.follow(tab.button("Draw"))
    for name in HOSTILE:
        for label, value in (("Kind", "bar"), ("by", name), ("Colour", name), ("of", "n"), ("Show", "sum")):
            tab.page.get_by_label(label, exact=True).select_option(value)
        tab.follow(tab.button("Draw"))
        is_drawn(tab)
        texts = tab.page.locator(".chart .role-axis-label text").all_text_contents()
        assert set(HOSTILE) <= set(texts), (name, texts)
        titles = tab.page.locator(".chart .role-legend-title text").all_text_contents()
        assert [title.strip("\u200b") for title in titles] == [name]
        assert tab.page.locator(".chart .mark-rect path").count() == len(HOSTILE)
        tab.page.locator(".chart .mark-rect path").last.hover()
        assert f"{name}: " in tab.page.locator(".chart-tip").inner_text()
