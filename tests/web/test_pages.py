from pathlib import Path

import pytest

from frontdesk.desk import Desk
from tests import pictures
from tests.conftest import Client

PAGE = '{% extends "frontdesk/page.html" %}{% block title %}Report{% endblock %}{% block content %}BODY{% endblock %}'


def write(folder: Path, name: str, text: str) -> None:
    (folder / "pages").mkdir(exist_ok=True)
    (folder / "pages" / f"{name}.html").write_text(text, "utf-8")


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    (folder / "sales.csv").write_text("product,sales\nProduct1,100\n<b>Product2</b>,200\n", "utf-8")
    (folder / "arithmetic.py").write_text(
        "import frontdesk\n\n\n@frontdesk.function\ndef divide(a: int, b: int):\n    return a / b\n", "utf-8"
    )


def test_a_page_is_filled_from_a_table_a_csv_file_and_a_function(client: Client, folder: Path) -> None:
    body = (
        '{% for row in rows("example", "employees", age__gt=30, _sort="-age") %}<p>{{ row.name }}</p>{% endfor %}'
        '{% for line in csv("sales.csv") %}<p>{{ line.product }}</p>{% endfor %}<p>{{ call("divide", a=1, b=2) }}</p>'
    )
    write(folder, "report", PAGE.replace("BODY", body))
    editor = client("editor")
    text = editor.get("/pages/report").get_data(as_text=True)
    parts = ["<p>Charlie</p>", "<p>Krish</p>", "<p>Product1</p>", "<p>&lt;b&gt;Product2&lt;/b&gt;</p>", "<p>0.5</p>"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "<h1>Report</h1>" in text and "/logout" in text
    (run,) = editor.get("/api/runs").get_json()["runs"]
    assert (run["function"], run["arguments"], run["result"]) == ("divide", {"a": 1, "b": 2}, 0.5)


def test_a_page_can_be_a_whole_document_of_its_own(client: Client, folder: Path) -> None:
    write(folder, "bare", PAGE.replace("frontdesk/page.html", "frontdesk/bare.html"))
    text = client("viewer").get("/pages/bare").get_data(as_text=True)
    assert text.startswith("<!doctype html>") and "<title>Report</title>" in text and "/logout" not in text


def test_the_readers_role_applies_to_what_a_page_calls(client: Client, folder: Path) -> None:
    write(folder, "report", PAGE.replace("BODY", '{{ call("divide", a=1, b=2) }}'))
    answer = client("viewer").get("/pages/report")
    assert answer.status_code == 403
    assert "needs the role editor" in answer.get_data(as_text=True)
    assert client("admin").get("/api/runs").get_json()["runs"] == []


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ("\n\n{% for %}", 422, "report.html, line 3: "),
        ("\n{{ nosuch }}", 422, "report.html, line 2: UndefinedError: &#39;nosuch&#39; is undefined"),
        ("\n{{ 1 / 0 }}", 422, "report.html, line 2: ZeroDivisionError"),
        ('\n{{ rows("nosuch", "t") }}', 404, "report.html, line 2: There is no database &#39;nosuch&#39;."),
        ('\n{{ rows("example", "employees", nosuch=1) }}', 422, "report.html, line 2: "),
        ('{{ csv("../sales.csv") }}', 404, "There is no file"),
        ('{{ csv("frontdesk.toml") }}', 404, "There is no file"),
        ('{{ call("divide", a=1, b=0) }}', 422, "ZeroDivisionError: division by zero"),
        ('{{ call("divide", a="x", b=0) }}', 422, "Write a whole number"),
        ('{% include "nosuch.html" %}', 422, "nosuch.html"),
    ],
)
def test_a_mistake_in_a_page_is_shown_with_its_file_and_line(
    client: Client, folder: Path, body: str, status: int, sentence: str
) -> None:
    write(folder, "report", PAGE.replace("BODY", body))
    answer = client("editor").get("/pages/report")
    assert answer.status_code == status
    assert sentence in answer.get_data(as_text=True)
    assert client("editor").get("/").status_code == 200


def test_a_page_filters_by_lists_and_by_none(client: Client, folder: Path, desk: Desk) -> None:
    with desk.database("example").transaction() as connection:
        connection.exec_driver_sql("INSERT INTO employees (name) VALUES ('Dora')")
    listed = '{{ rows("example", "employees", age__in=[25, 35]) | map(attribute="name") | join("+") }}'
    missing = '{{ rows("example", "employees", age=none) | map(attribute="name") | join("+") }}'
    write(folder, "some", PAGE.replace("BODY", f"<p>{listed}</p><p>{missing}</p>"))

    text = client("viewer").get("/pages/some").get_data(as_text=True)
    assert "<p>Bob+Charlie</p><p>Dora</p>" in text


def test_a_page_sends_a_picture_of_the_desks_folder_and_nothing_else_of_it(client: Client, folder: Path) -> None:
    (folder / "photos.py").write_text(
        "import frontdesk\n\n\n@frontdesk.function\ndef classify(photo: frontdesk.Image) -> frontdesk.Label:\n"
        '    return frontdesk.Label({"cat": 0.97, "dog": 0.03})\n'
    )
    (folder / "cat.jpg").write_bytes(pictures.picture())
    write(folder, "pets", PAGE.replace("BODY", '{{ call("classify", photo="cat.jpg") | sentence }}'))
    editor = client("editor")
    assert "This is a cat (97 %)" in editor.get("/pages/pets").get_data(as_text=True)
    assert editor.get("/api/runs").get_json()["runs"][0]["arguments"]["photo"]["name"] == "cat.jpg"
    for name in ("dog.jpg", "../cat.jpg", ".frontdesk/state.db", "example.db", "photos.py"):
        write(folder, "pets", PAGE.replace("BODY", f'{{{{ call("classify", photo="{name}") }}}}'))
        answer = editor.get("/pages/pets")
        assert answer.status_code == 422
        assert f"There is no file &#39;{name}&#39;" in answer.get_data(as_text=True)
