"""The notes on Jinja2: one's own template, filled from a database, from a CSV file and by a function."""

from pathlib import Path

import pytest

from tests.conftest import Client

TEMPLATE = """\
{% extends "frontdesk/page.html" %}
{% block title %}Staff & sales{% endblock %}
{% block content %}
{% set staff = rows("example", "employees", age__gt=30, _sort="-age") %}
<ul>{% for one in staff %}<li>{{ one.name }}, {{ one.age }}</li>{% endfor %}</ul>
<ol>{% for line in csv("sales.csv") %}<li>{{ line.product }}: {{ line.sales }}</li>{% endfor %}</ol>
<p>This is a {{ call("classify", whiskers=12) }}.</p>
{% endblock %}
"""
FUNCTIONS = '''
import frontdesk


@frontdesk.function
def classify(whiskers: int):
    """A model as small as they come."""
    return "cat" if whiskers > 3 else "dog"


@frontdesk.function(roles=("viewer",))
def greet(name: str):
    return f"Hello <{name}>"
'''


@pytest.fixture
def folder(folder: Path) -> Path:
    """The desk's folder, with a page of one's own and what fills it."""
    (folder / "pages").mkdir()
    (folder / "pages" / "report.html").write_text(TEMPLATE)
    (folder / "sales.csv").write_text("product,sales\nProduct1,100\nProduct2,200\n")
    (folder / "animals.py").write_text(FUNCTIONS)
    return folder


def test_a_template_is_filled_from_a_database_a_csv_file_and_a_function(client: Client):
    editor = client("editor")
    page = editor.get("/pages/report")
    assert page.status_code == 200
    assert "<li>Charlie, 35</li><li>Krish, 32</li>" in page.text
    assert "<li>Product1: 100</li><li>Product2: 200</li>" in page.text
    assert "<p>This is a cat.</p>" in page.text
    assert "Staff &amp; sales" in page.text
    runs = editor.get("/api/runs?function=classify").json
    assert runs and [(run["status"], run["result"], run["user"][:13]) for run in runs["runs"]] == [
        ("done", "cat", "token:editor-")
    ]


def test_a_viewer_whose_page_calls_an_editors_function_gets_a_clear_403(client: Client):
    page = client("viewer").get("/pages/report")
    assert page.status_code == 403
    for part in ("report.html, line 7", "classify", "editor", "viewer"):
        assert part in page.text
    runs = client("admin").get("/api/runs").json
    assert runs and runs["runs"] == []


def test_a_viewer_reads_a_page_whose_function_is_open_to_viewers(client: Client, folder: Path):
    (folder / "pages" / "hello.html").write_text(
        '{% extends "frontdesk/bare.html" %}{% block content %}{{ call("greet", name="vic") }}{% endblock %}'
    )
    page = client("viewer").get("/pages/hello")
    assert page.status_code == 200
    assert "Hello &lt;vic&gt;" in page.text, "what a function gives is escaped"


@pytest.mark.parametrize(
    ("template", "status", "sentence"),
    [
        ("{{ rows('example', 'wages') }}", 404, "wages"),
        ("{{ csv('no.csv') }}", 404, "no.csv"),
        ("{{ call('divide', a=1) }}", 404, "divide"),
        ("\n{% for %}", 422, "line 2"),
        ("{{ missing }}", 422, "missing"),
    ],
)
def test_a_template_with_a_mistake_says_where(client: Client, folder: Path, template: str, status: int, sentence: str):
    (folder / "pages" / "wrong.html").write_text(template)
    page = client("editor").get("/pages/wrong")
    assert page.status_code == status
    assert sentence in page.text and "wrong" in page.text
