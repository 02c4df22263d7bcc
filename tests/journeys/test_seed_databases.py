"""The notes on SQL and SQLite: employees and sales, in Python, on pages and through the JSON API."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import frontdesk
from frontdesk.desk import Desk
from tests.conftest import Client

PRINTED_EMPLOYEES = """\
(1, 'Krish', 32, 'Data Scientist')
(2, 'Bob', 25, 'Engineering')
(3, 'Charlie', 35, 'Finance')
"""
PRINTED_SALES = """\
(1, '2023-01-01', 'Product1', 100, 'North')
(2, '2023-01-02', 'Product2', 200, 'South')
(3, '2023-01-03', 'Product1', 150, 'East')
(4, '2023-01-04', 'Product3', 250, 'West')
(5, '2023-01-05', 'Product2', 300, 'North')
"""
CLOSED = "Cannot operate on a closed database."

EMPLOYEES = [
    {"name": "Krish", "age": 32, "department": "Data Scientist"},
    {"name": "Bob", "age": 25, "department": "Engineering"},
    {"name": "Charlie", "age": 35, "department": "Finance"},
]
SALES = [
    ("2023-01-01", "Product1", 100, "North"),
    ("2023-01-02", "Product2", 200, "South"),
    ("2023-01-03", "Product1", 150, "East"),
    ("2023-01-04", "Product3", 250, "West"),
    ("2023-01-05", "Product2", 300, "North"),
]
EMPLOYEES_TABLE = {
    "name": "employees",
    "columns": [
        {"name": "id", "type": "INTEGER", "primary_key": True},
        {"name": "name", "type": "TEXT", "nullable": False},
        {"name": "age", "type": "INTEGER"},
        {"name": "department", "type": "TEXT"},
    ],
}
SALES_TABLE = {
    "name": "sales",
    "columns": [
        {"name": "id", "type": "INTEGER", "primary_key": True},
        {"name": "date", "type": "TEXT", "nullable": False},
        {"name": "product", "type": "TEXT", "nullable": False},
        {"name": "sales", "type": "INTEGER"},
        {"name": "region", "type": "TEXT"},
    ],
}
TABLE = "/databases/example/tables/employees"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk's folder with two databases in which there is nothing yet; the current folder."""
    made = tmp_path / "notes"
    made.mkdir()
    monkeypatch.chdir(made)
    for name in ("example.db", "sales_data.db"):
        frontdesk.connect(name).close()
    return made


def tuples(client: FlaskClient, database: str, table: str) -> str:
    """The rows as the notes print them, read through the JSON API."""
    rows = client.get(f"/api/databases/{database}/tables/{table}/rows").json["rows"]  # type: ignore[index]
    return "".join(f"{tuple(row.values())}\n" for row in rows)


def operations(client: FlaskClient, database: str, table: str) -> list[tuple[str, int]]:
    """What the history says, oldest first: the operation and how many rows."""
    changes = client.get(f"/api/databases/{database}/tables/{table}/history").json["changes"]  # type: ignore[index]
    return [(change["operation"], change["rows"]) for change in reversed(changes)]


def make_employees(cursor: Any) -> None:
    cursor.execute("""
        CREATE TABLE IF NOT EXISTS employees (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            age INTEGER,
            department TEXT
        )
    """)
    cursor.execute("""
        INSERT INTO employees (name, age, department)
        VALUES ('Krish', 32, 'Data Scientist')
    """)
    cursor.execute("""
        INSERT INTO employees (name, age, department)
        VALUES ('Bob', 25, 'Engineering')
    """)
    cursor.execute("""
        INSERT INTO employees (name, age, department)
        VALUES ('Charlie', 35, 'Finance')
    """)


def test_employees_in_python_as_the_notes_have_it(folder: Path, capsys: pytest.CaptureFixture[str], client: Client):
    connection = frontdesk.connect("example.db")
    cursor = connection.cursor()
    make_employees(cursor)
    connection.commit()

    cursor.execute("SELECT * FROM employees")
    rows = cursor.fetchall()
    for row in rows:
        print(row)
    assert capsys.readouterr().out == PRINTED_EMPLOYEES

    cursor.execute("""
        UPDATE employees
        SET age = 34
        WHERE name = 'Krish'
    """)
    connection.commit()
    cursor.execute("SELECT * FROM employees")
    assert cursor.fetchall()[0] == (1, "Krish", 34, "Data Scientist")

    cursor.execute("""
        DELETE FROM employees
        WHERE name = 'Bob'
    """)
    connection.commit()
    cursor.execute("SELECT * FROM employees")
    assert cursor.fetchall() == [(1, "Krish", 34, "Data Scientist"), (3, "Charlie", 35, "Finance")]
    connection.close()

    viewer = client("viewer")
    assert tuples(viewer, "example", "employees") == (
        "(1, 'Krish', 34, 'Data Scientist')\n(3, 'Charlie', 35, 'Finance')\n"
    )
    assert operations(viewer, "example", "employees") == [("insert", 3), ("update", 1), ("delete", 1)]


def test_employees_by_the_json_api(client: Client):
    admin = client("admin")
    assert admin.post("/api/databases/example/tables", json=EMPLOYEES_TABLE).status_code == 201
    made = admin.post(f"/api{TABLE}/rows", json={"rows": EMPLOYEES})
    assert (made.status_code, made.json["keys"]) == (201, [1, 2, 3])  # type: ignore[index]
    assert tuples(admin, "example", "employees") == PRINTED_EMPLOYEES

    krish = admin.patch(f"/api{TABLE}/rows/1", json={"age": 34})
    assert krish.json == {"row": {"id": 1, "name": "Krish", "age": 34, "department": "Data Scientist"}}
    assert admin.delete(f"/api{TABLE}/rows/2").status_code == 204
    assert tuples(admin, "example", "employees") == (
        "(1, 'Krish', 34, 'Data Scientist')\n(3, 'Charlie', 35, 'Finance')\n"
    )


def test_employees_by_the_forms_of_the_pages(client: Client, folder: Path):
    admin = client("admin")
    form = {"name": "employees"}
    for line, column in enumerate(EMPLOYEES_TABLE["columns"]):
        assert isinstance(column, dict)
        form |= {f"name.{line}": column["name"], f"type.{line}": column["type"]}
        form |= {f"key.{line}": "on"} if column.get("primary_key") else {}
        form |= {f"required.{line}": "on"} if column.get("nullable") is False else {}
    assert admin.post("/databases/example/new", data=form).location == TABLE
    for key, row in enumerate(EMPLOYEES, 1):
        assert admin.post(f"{TABLE}/new", data={"id": "", **row}).location == f"{TABLE}/rows/{key}"
    page = admin.get(TABLE).text
    assert all(str(value) in page for row in EMPLOYEES for value in row.values())

    krish = {"id": "1", "name": "Krish", "age": "34", "department": "Data Scientist"}
    assert admin.post(f"{TABLE}/rows/1", data=krish).status_code == 303
    assert admin.post(f"{TABLE}/rows/2/delete").status_code == 303
    page = admin.get(TABLE).text
    assert "34" in page and "Bob" not in page

    with closing(sqlite3.connect(folder / "example.db")) as connection:
        assert connection.execute("SELECT * FROM employees").fetchall() == [
            (1, "Krish", 34, "Data Scientist"),
            (3, "Charlie", 35, "Finance"),
        ]


def test_sales_by_executemany_in_python(capsys: pytest.CaptureFixture[str], client: Client):
    connection = frontdesk.connect("sales_data.db")
    cursor = connection.cursor()
    cursor.execute("""
        CREATE TABLE IF NOT EXISTS sales (
            id INTEGER PRIMARY KEY,
            date TEXT NOT NULL,
            product TEXT NOT NULL,
            sales INTEGER,
            region TEXT
        )
    """)
    sales_data = SALES
    cursor.executemany(
        """
        INSERT INTO sales (date, product, sales, region)
        VALUES (?, ?, ?, ?)
    """,
        sales_data,
    )
    connection.commit()
    cursor.execute("SELECT * FROM sales")
    rows = cursor.fetchall()
    for row in rows:
        print(row)
    connection.close()
    assert capsys.readouterr().out == PRINTED_SALES

    viewer = client("viewer")
    assert tuples(viewer, "sales_data", "sales") == PRINTED_SALES
    assert operations(viewer, "sales_data", "sales") == [("insert", 5)]
    page = viewer.get("/databases/sales_data/tables/sales").text
    assert all(str(value) in page for row in SALES for value in row)


def test_sales_by_the_json_api(client: Client):
    admin = client("admin")
    assert admin.post("/api/databases/sales_data/tables", json=SALES_TABLE).status_code == 201
    rows = [dict(zip(("date", "product", "sales", "region"), row, strict=True)) for row in SALES]
    made = admin.post("/api/databases/sales_data/tables/sales/rows", json={"rows": rows})
    assert (made.status_code, made.json["inserted"]) == (201, 5)  # type: ignore[index]
    assert tuples(admin, "sales_data", "sales") == PRINTED_SALES
    assert operations(admin, "sales_data", "sales") == [("schema", 1), ("insert", 5)]


def test_after_close_the_error_of_the_notes_in_python(folder: Path):
    connection = frontdesk.connect("example")
    cursor = connection.cursor()
    connection.close()
    for ask in (connection.cursor, lambda: cursor.execute("SELECT * FROM employees"), connection.commit):
        with pytest.raises(sqlite3.ProgrammingError) as raised:
            ask()
        assert f"{raised.typename}: {raised.value}" == f"ProgrammingError: {CLOSED}"


FUNCTIONS = '''
import frontdesk

SALES = {sales}


@frontdesk.function
def fill_sales():
    """Fills the table of sales as the notes do."""
    connection = frontdesk.connect("sales_data.db")
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS sales"
        " (id INTEGER PRIMARY KEY, date TEXT NOT NULL, product TEXT NOT NULL, sales INTEGER, region TEXT)"
    )
    cursor.executemany("INSERT INTO sales (date, product, sales, region) VALUES (?, ?, ?, ?)", SALES)
    connection.commit()
    rows = cursor.execute("SELECT * FROM sales").fetchall()
    connection.close()
    return rows


@frontdesk.function
def ask_after_close():
    """Asks a connection that was closed."""
    connection = frontdesk.connect("sales_data.db")
    cursor = connection.cursor()
    connection.close()
    cursor.execute("SELECT * FROM sales")
'''


@pytest.fixture
def functions(folder: Path, desk: Desk) -> Desk:
    """The desk, with functions that do what the notes do."""
    (folder / "notes.py").write_text(FUNCTIONS.format(sales=SALES))
    return desk


def test_sales_by_executemany_in_a_function(functions: Desk, client: Client):
    editor = client("editor")
    called = editor.post("/api/functions/fill_sales", json={}).json
    assert called and "".join(f"{tuple(row)}\n" for row in called["result"]) == PRINTED_SALES
    assert tuples(editor, "sales_data", "sales") == PRINTED_SALES
    run = editor.get(f"/api/runs/{called['run']}").json
    assert run and [(one["operation"], one["rows"]) for one in run["changes"]] == [("insert", 5)]


def test_after_close_the_error_of_the_notes_by_the_api_and_on_the_page(functions: Desk, client: Client):
    editor = client("editor")
    called = editor.post("/api/functions/ask_after_close", json={})
    assert called.status_code == 422
    assert called.json and called.json["error"] == f"ProgrammingError: {CLOSED}"
    page = editor.get(f"/runs/{called.json['run']}").text
    assert f"ProgrammingError: {CLOSED}" in page
    assert "Traceback" in page and "cursor.execute" in page
