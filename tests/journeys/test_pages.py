"""Every page in a browser, in several looks: what a person does with a mouse, by keys, and without JavaScript."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator

import frontdesk
from tests.journeys import served
from tests.journeys.conftest import LOOKS, Look, OpenTab, Served, Tab
from tests.journeys.served import Server, eventually

EMPLOYEES = "/databases/example/tables/employees"
ORDERS = "/databases/sales_data/tables/orders"
PATHS = [
    "/",
    "/databases",
    "/databases/example",
    "/databases/example/new",
    "/changes",
    EMPLOYEES,
    f"{EMPLOYEES}/new",
    f"{EMPLOYEES}/rows/1",
    f"{EMPLOYEES}/structure",
    f"{EMPLOYEES}/history",
    f"{EMPLOYEES}/rows/1/past?at=2026-01-01",
    ORDERS,
    f"{ORDERS}?status=nothing",
    f"{ORDERS}/structure",
    "/functions",
    "/functions/divide",
    "/functions/divide/api",
    "/functions/divide/source",
    "/functions/record_grade",
    "/runs",
    "/pages",
    "/pages/report",
    "/logs",
    "/logs?level=ERROR&text=nothing",
    "/loggers",
    "/api/docs",
    "/users",
    "/users/eve",
    "/tokens",
]
WRONG_PATHS = [
    ("/nothing", 404),
    (f"{EMPLOYEES}/rows/4711", 404),
    (f"{EMPLOYEES}?wages=1", 422),
    ("/logs?level=LOUD", 422),
    ("/runs/4711", 404),
]

one_look = pytest.mark.parametrize(
    "look", [LOOKS[0], *(pytest.param(*one.values, id=one.id, marks=pytest.mark.long) for one in LOOKS[1:])]
)
each_look = pytest.mark.parametrize("look", LOOKS)


def fits(tab: Tab) -> bool:
    """Whether the page is as wide as the window: tables scroll by themselves."""
    return bool(tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def cells(tab: Tab, column: int) -> list[str]:
    """The texts of one column of the rows, from 0."""
    return tab.page.locator(f"table.rows tbody tr > :nth-child({column + 1})").all_inner_texts()


def logged_by_a_run(eve: served.Client) -> Any:
    """The records that a new run made."""
    return eve.get(f"/api/logs?run={eve.call('average_grade')['run']}")["records"]


def field_error(tab: Tab, label: str) -> str:
    """The sentence that stands at a field and is told with it."""
    field = tab.page.locator("main").get_by_label(label)
    assert field.get_attribute("aria-invalid") == "true"
    described = (field.get_attribute("aria-describedby") or "").split()
    return " ".join(tab.page.locator(f"[id='{one}']").inner_text() for one in described)


@each_look
def test_every_page_opens_and_is_clean(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["ada"], look)
    for path in PATHS:
        assert (tab.go(path), path) == (200, path)
        assert fits(tab), path
        assert tab.page.locator("h1").count() == 1, path
    eve = demo.server.client(demo.people["eve"])
    run = eve.call("record_grade", student="Ann", grade=99)["run"]
    change = eve.get(f"/api/runs/{run}")["changes"][0]
    for path in (f"/runs/{run}", f"/functions/record_grade?run={run}", f"/changes/{change['id']}"):
        assert (tab.go(path), path) == (200, path)
        assert fits(tab), path
    assert tab.go(f"/logs?request={change['request']}") == 200


def test_whatever_goes_wrong_in_a_tab_is_noted(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, demo.people["ada"])
    tab.go("/functions")
    assert tab.faults == []
    tab.page.evaluate(
        """async () => {
          const add = (name, more) => document.body.append(Object.assign(document.createElement(name), more));
          add("script", { textContent: "document.title = 'taken over'" });
          add("img", { className: "nobody-says-what-it-shows", src: "/static/frontdesk.svg" });
          await fetch("/nothing");
          await fetch("http://192.0.2.1/").catch(() => {});
          setTimeout(() => { throw new Error("a mistake in a script"); });
        }"""
    )
    tab.check()
    noted = "\n".join(tab.faults)
    tab.faults.clear()
    for part in ("Content Security Policy", "axe image-alt", "status of 404", "192.0.2.1", "a mistake in a script"):
        assert part in noted, noted


def test_eighteen_rows_are_seen_at_once_and_a_desk_page_is_as_high_as_the_window(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, demo.people["vic"])
    tab.go(ORDERS)
    boxes = [row.bounding_box() for row in tab.page.locator("table.rows tbody tr").all()[:40]]
    pager = tab.page.locator("footer.pager").bounding_box()
    assert pager and pager["y"] + pager["height"] <= 900
    assert len([box for box in boxes if box and box["y"] + box["height"] <= pager["y"]]) >= 18


@each_look
def test_what_cannot_be_opened_is_said_on_a_page(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["ada"], look)
    tab.expected = {404, 422}
    for path, status in WRONG_PATHS:
        assert (tab.go(path), path) == (status, path)
        assert fits(tab), path
    stranger = open_tab(demo.server, None, look)
    stranger.go("/runs")
    assert stranger.path == "/login"
    stranger.expected = {401}
    stranger.page.get_by_label("Name").fill("eve")
    stranger.page.get_by_label("Password").fill("not the password")
    stranger.follow(stranger.page.get_by_role("button", name="Sign in"))
    assert stranger.page.get_by_role("alert").is_visible()
    assert stranger.page.get_by_label("Name").input_value() == "eve"
    viewer = open_tab(demo.server, demo.people["vic"], look)
    viewer.expected = {403}
    assert viewer.go("/loggers") == 403
    assert "editor" in viewer.page.locator("main").inner_text()


@each_look
def test_a_table_and_a_row_from_their_making_to_their_undoing(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["ada"], look)
    name = f"guests {look} %".replace("-", " ")
    main = tab.page.locator("main")

    tab.go("/databases/example/new")
    main.get_by_label("Name", exact=True).fill(name)
    for number, (column, kind) in enumerate((("name", "TEXT"), ("age", "INTEGER")), 2):
        main.get_by_label(f"Name of column {number}", exact=True).fill(column)
        main.get_by_label(f"Type of column {number}", exact=True).select_option(kind)
    main.get_by_label("Column 2 needs a value", exact=True).check()
    tab.follow(tab.button("Create table"))
    assert main.get_by_role("heading", level=1).inner_text() == name
    assert main.get_by_text("No rows yet").is_visible()

    tab.follow(tab.link("New row"))
    main.get_by_label("name").first.fill("Krish")
    main.get_by_label("age").first.fill("32")
    tab.follow(tab.button("Insert"))
    assert "Inserted." in main.get_by_role("status").inner_text()

    tab.expected = {422}
    main.get_by_label("age").first.fill("thirty")
    main.get_by_label("name").first.fill("Krish the First")
    tab.follow(tab.button("Save"))
    assert "whole number" in field_error(tab, "age")
    assert main.get_by_label("age").first.input_value() == "thirty"
    assert main.get_by_label("name").first.input_value() == "Krish the First"

    main.get_by_label("age").first.fill("34")
    tab.follow(tab.button("Save"))
    assert "Saved." in main.get_by_role("status").inner_text()

    tab.follow(tab.button("Delete"))
    assert main.get_by_text("No rows yet").is_visible()
    tab.follow(main.get_by_role("status").get_by_role("button", name="Undo"))
    assert "Undone: 1 row." in main.get_by_role("status").inner_text()
    operations = tab.page.locator("ol.changes .operation").all_inner_texts()
    assert [one.lower() for one in operations] == ["undo", "delete", "update", "insert", "schema"]
    tab.follow(tab.link("Rows"))
    assert "Krish the First" in tab.page.locator("table.rows").inner_text()


@one_look
def test_filters_sorting_and_paging_through_fifty_thousand_orders(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["vic"], look)
    main = tab.page.locator("main")
    tab.go(f"{ORDERS}?_size=25")
    first = cells(tab, 0)
    assert first == [str(number) for number in range(1, 26)]
    tab.follow(tab.link("Next"))
    assert cells(tab, 0)[0] == "26"
    tab.follow(tab.link("Next"))
    tab.follow(tab.link("Previous"))
    tab.follow(tab.link("Previous"))
    assert cells(tab, 0) == first

    for column, operator, value in (("quantity", "gte", "5"), ("status", "exact", "paid")):
        main.get_by_label("Column", exact=True).select_option(column)
        main.get_by_label("Operator", exact=True).select_option(operator)
        main.get_by_label("Value", exact=True).fill(value)
        tab.follow(tab.button("Filter"))
    assert "quantity__gte=5" in tab.page.url and "status=paid" in tab.page.url
    header = main.locator("table.rows thead")
    tab.follow(header.get_by_role("link", name="amount"))
    tab.follow(header.get_by_role("link", name="amount"))
    place = header.locator("th").all_inner_texts().index("amount")
    assert header.locator("th").nth(place).get_attribute("aria-sort") == "descending"
    amounts = [float(text.replace(",", "")) for text in cells(tab, place)]
    assert len(amounts) == 25 and amounts == sorted(amounts, reverse=True)
    tab.follow(tab.link("Next"))
    assert float(cells(tab, place)[0].replace(",", "")) <= amounts[-1]
    tab.page.go_back()
    assert [float(text.replace(",", "")) for text in cells(tab, place)] == amounts, "Back works"

    tab.follow(tab.link("Remove the filter on status"))
    assert "status=" not in tab.page.url and "quantity__gte=5" in tab.page.url


def test_what_a_wrong_filter_says(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, demo.people["vic"])
    main = tab.page.locator("main")
    tab.go(ORDERS)
    tab.expected = {422}
    main.get_by_label("Column", exact=True).select_option("quantity")
    main.get_by_label("Value", exact=True).fill("many")
    tab.follow(tab.button("Filter"))
    assert re.search("quantity .*Write a .*number", main.get_by_role("alert").inner_text())
    tab.expected = set()
    tab.go(f"{ORDERS}?quantity__gt=1000000")
    assert main.get_by_text("No rows match 1 filter").is_visible()
    tab.follow(tab.link("Clear filters"))
    assert len(cells(tab, 0)) == 100


@one_look
def test_the_history_of_a_row_shows_who_made_it_what_it_is(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["eve"], look)
    ada = demo.server.client(demo.people["ada"])
    made = ada.send("POST", f"/api{EMPLOYEES}/rows", {"rows": [{"name": "Dora", "age": 41}]})["keys"][0]
    tab.go(f"{EMPLOYEES}/rows/{made}")
    main = tab.page.locator("main")
    main.get_by_label("age").first.fill("42")
    tab.follow(tab.button("Save"))
    newest = main.locator("ol.changes > li").first
    assert "eve" in newest.inner_text() and "token:ada" in main.locator("ol.changes > li").nth(1).inner_text()
    assert (newest.locator("del").inner_text(), newest.locator("ins").inner_text()) == ("41", "42")
    tab.follow(newest.get_by_role("link", name=re.compile("^request ")))
    assert tab.path == "/logs" and "303" in tab.page.locator("table.records").inner_text()
    tab.page.go_back()
    tab.follow(newest.get_by_role("button", name="Undo"))
    assert ada.get(f"/api{EMPLOYEES}/rows/{made}")["row"]["age"] == 41
    ada.send("DELETE", f"/api{EMPLOYEES}/rows/{made}")


@each_look
def test_a_functions_form_names_a_wrong_value_and_keeps_what_was_typed(demo: Served, open_tab: OpenTab, look: Look):
    tab = open_tab(demo.server, demo.people["eve"], look)
    main = tab.page.locator("main")
    tab.go("/functions/record_grade")
    main.get_by_label("student").fill("Jane Doe")
    main.get_by_label("subject").select_option("Biology")
    main.get_by_label("grade").fill("101")
    tab.expected = {422}
    tab.follow(tab.button("Run"))
    assert "100" in field_error(tab, "grade")
    assert main.get_by_label("grade").input_value() == "101"
    assert main.get_by_label("subject").input_value() == "Biology"
    main.get_by_label("grade").fill("1")
    tab.follow(tab.button("Run"))
    assert "Student Jane Doe's grade is below average." in main.inner_text()
    assert main.locator("ol.changes > li").count() == 1
    tab.follow(tab.link(re.compile(r"^run \d+$")))
    tab.follow(tab.button("Undo changes"))
    assert "Undone: 1 row." in main.get_by_role("status").inner_text()


def test_the_live_tail_shows_new_records_and_moves_nothing_that_is_being_read(demo: Served, open_tab: OpenTab):
    eve = demo.server.client(demo.people["eve"])
    for number in range(60):  # more than the window holds
        eve.call("add", a=number, b=0)
    tab = open_tab(demo.server, demo.people["eve"])
    tab.go("/logs?logger=ArithmeticApp")
    eve.call("add", a=1000, b=1)
    began = time.monotonic()
    tab.page.get_by_text("Adding 1000 + 1 = 1001").wait_for()
    assert time.monotonic() - began < 3

    scroller = tab.page.locator(".grid-scroll")
    scroller.evaluate("element => element.scrollTo(0, 500)")
    read = tab.page.locator("table.records tbody tr").nth(20)
    text, place = read.inner_text(), read.bounding_box()
    eve.call("add", a=2000, b=2)
    more = tab.page.get_by_role("button", name=re.compile("new record"))
    more.wait_for()
    assert (read.inner_text(), read.bounding_box()) == (text, place)
    assert tab.page.get_by_text("Adding 2000 + 2 = 2002").count() == 0
    more.click()
    assert tab.page.get_by_text("Adding 2000 + 2 = 2002").is_visible()
    assert scroller.evaluate("element => element.scrollTop") == 0
    tab.check()


def test_the_keys(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, demo.people["ada"])
    press = tab.page.keyboard.press
    focused = "document.activeElement.id"
    tab.go(ORDERS)
    press("/")
    assert tab.page.evaluate(focused) == "filter-value"
    tab.page.keyboard.type("jk?")
    assert tab.page.locator("#filter-value").input_value() == "jk?", "keys are silent while typing"
    assert tab.page.locator("tr.selected").count() == 0
    tab.page.locator("#filter-value").fill("")
    tab.page.evaluate("document.activeElement.blur()")

    press("j")
    press("j")
    press("j")
    press("k")
    assert tab.page.locator("tr.selected").inner_text().split()[0] == "2"
    with tab.page.expect_navigation():
        press("Enter")
    assert tab.path == f"{ORDERS}/rows/2"

    press("?")
    keys = tab.page.get_by_role("dialog", name="Keys")
    assert keys.is_visible()
    tab.check()
    press("Escape")
    assert not keys.is_visible()

    press("Control+k")
    jump = tab.page.get_by_role("dialog", name=re.compile("Jump"))
    assert jump.is_visible()
    tab.check()
    tab.page.keyboard.type("divi")
    with tab.page.expect_navigation():
        press("Enter")
    assert tab.path == "/functions/divide"
    with tab.page.expect_navigation():
        press("Control+Enter")
    assert "Division by zero error" in tab.page.locator("main").inner_text()


# Without JavaScript


def fill(main: Locator, **typed: str) -> None:
    """Fills in fields by their names."""
    for name, text in typed.items():
        main.locator(f"[name='{name}']").fill(text)


def test_without_javascript_everything_works_by_forms(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, scripts=False)
    main = tab.page.locator("main")
    tab.go("/")
    fill(main, name="ada", password=served.PASSWORD)
    tab.follow(main.get_by_role("button", name="Sign in"))
    assert tab.path == "/"

    tab.go("/databases/example/new")
    fill(main, name="scriptless", **{"name.1": "note"})
    tab.follow(tab.button("Create table"))
    tab.follow(tab.link("New row"))
    main.locator("[name='note__null']").uncheck()
    fill(main, note="by hand")
    tab.follow(tab.button("Insert"))
    fill(main, note="by hand, again")
    tab.follow(tab.button("Save"))
    tab.follow(tab.button("Delete"))
    tab.follow(main.get_by_role("status").get_by_role("button", name="Undo"))
    assert "Undone: 1 row." in main.inner_text()

    tab.go(ORDERS)
    main.locator("[name=':column']").select_option("quantity")
    fill(main, **{":value": "3"})
    tab.follow(tab.button("Filter"))
    tab.follow(main.locator("thead").get_by_role("link", name="amount"))
    tab.follow(tab.link("Next"))
    assert "quantity=3" in tab.page.url and "_sort=amount" in tab.page.url and "_next=" in tab.page.url

    tab.go("/functions/divide")
    tab.follow(tab.button("Run"))
    assert "Division by zero error" in main.inner_text()
    tab.go("/logs")
    main.locator("[name='level']").select_option("ERROR")
    tab.follow(tab.button("Filter"))
    assert "Division by zero error" in main.inner_text()
    tab.go("/loggers")
    main.locator("#new-logger").fill("scriptless")
    main.locator("#new-level").select_option("ERROR")
    tab.follow(tab.button("Set level"))
    assert "scriptless is at ERROR." in main.inner_text()
    tab.page.locator("details.person summary").click()
    tab.follow(tab.page.get_by_role("button", name="Sign out"))
    assert tab.path == "/login"


# Without bundles


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo desk, served by an installation whose front end was never built."""
    source = tmp_path_factory.mktemp("source")
    package = Path(frontdesk.__file__).parent
    shutil.copytree(package, source / "frontdesk", ignore=shutil.ignore_patterns("dist", "__pycache__"))
    folder = tmp_path_factory.mktemp("plain") / "demo-desk"
    server = Server(folder, "--no-open", command="demo", source=source)
    try:
        yield Served(server, served.introduce(folder))
    finally:
        server.stop()


def test_an_installation_without_bundles_opens_every_page(plain: Served, open_tab: OpenTab):
    tab = open_tab(plain.server, plain.people["ada"])
    for path in PATHS:
        assert (tab.go(path), path) == (200, path)
        assert fits(tab), path
        assert "Installed without the query editor and charts" in tab.page.locator("footer.foot").inner_text()
    tab.go("/functions/divide")
    tab.follow(tab.button("Run"))
    assert "Division by zero error" in tab.page.locator("main").inner_text()
    assert not [url for url in tab.asked if "/dist/" in url]


def test_a_level_raised_on_the_page_ends_what_is_logged(demo: Served, open_tab: OpenTab):
    tab = open_tab(demo.server, demo.people["ada"])
    eve = demo.server.client(demo.people["eve"])
    tab.go("/loggers")
    row = tab.page.locator("tr", has=tab.page.get_by_role("link", name="grades", exact=True))
    if row.count() == 0:
        eve.call("average_grade")
        tab.go("/loggers")
    row.get_by_label("Level of grades").select_option("ERROR")
    tab.follow(row.get_by_role("button", name="Set", exact=True))
    assert eventually(lambda: not logged_by_a_run(eve), 10)
    tab.follow(row.get_by_role("button", name="Reset", exact=True))
    assert eventually(lambda: logged_by_a_run(eve), 10)
