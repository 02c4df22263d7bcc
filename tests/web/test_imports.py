import gzip
import io
import json
import os
import re
import time
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from frontdesk.desk import Desk
from frontdesk.tables import uploads
from frontdesk.web import imports
from tests import places
from tests.conftest import EMPLOYEES, Client


@pytest.fixture
def folder(place: Path | str, tmp_path: Path) -> Path:
    """A desk's folder whose database `example`, on either engine, holds three employees."""
    made = tmp_path / "shop"
    made.mkdir()
    if isinstance(place, str):
        (made / "frontdesk.toml").write_text(f"[databases]\nexample = {json.dumps(place)}\n")
    drawn = EMPLOYEES.replace("INTEGER PRIMARY KEY", "DRAWN")
    places.opened(made / "example.db" if isinstance(place, Path) else place, drawn).close()
    return made


API = "/api/databases/example/tables/{}/import"


def send(client: Client, table: str, body: bytes | str, kind: str = "text/csv", role: str = "admin", **asked: str):
    return client(role).post(API.format(table), data=body, content_type=kind, query_string=asked)


def test_a_new_table_is_made_of_a_csv_body(client: Client) -> None:
    answer = send(client, "sales", "day,zip\n2024-01-31,02134\n", create="1")
    assert answer.status_code == 201
    assert answer.get_json() == {
        "table": "sales",
        "inserted": 1,
        "updated": 0,
        "ignored": 0,
        "columns": [{"name": "day", "type": "DATE"}, {"name": "zip", "type": "TEXT"}],
        "change": "example.1",
        "bad_lines": None,
        "command": "frontdesk import 'The file' example --table sales",
    }
    rows = client("viewer").get("/api/databases/example/tables/sales/rows").get_json()["rows"]
    assert rows == [{"day": "2024-01-31", "zip": "02134", "_key": 1}]
    undone = client("admin").post("/api/changes/example.1/undo")
    assert undone.get_json()["undone"] == 1
    assert client("viewer").get("/api/databases/example/tables/sales").status_code == 404


CSV = b"name,age\nEve,40\n"


def _parquet() -> bytes:
    table, out = pa.table({"name": ["Eve"], "age": [40]}), io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _book(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, lines in sheets:
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(out)
    return out.getvalue()


def _zip(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


BODIES = {
    "new.csv": ("text/csv", CSV),
    "new.tsv": ("text/tab-separated-values", b"name\tage\nEve\t40\n"),
    "new.json": ("application/json", b'[{"name": "Eve", "age": 40}]'),
    "new.ndjson": ("application/x-ndjson", b'{"name": "Eve", "age": 40}\n'),
    "new.parquet": ("application/vnd.apache.parquet", _parquet()),
    "new.xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _book(("People", [["name", "age"], ["Eve", 40]])),
    ),
    "new.csv.gz": ("application/gzip", gzip.compress(CSV)),
    "new.zip": ("application/zip", _zip(**{"new.csv": CSV.decode()})),
}
"""By a file's name its content type and what it holds."""


def test_every_content_type_that_is_read_is_tried():
    assert {kind for kind, _ in BODIES.values()} == set(imports.TYPES)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("way", ["body", "form", "page"])
def test_an_editor_loads_rows_in_every_format(client: Client, name: str, way: str) -> None:
    editor, (kind, body) = client("editor"), BODIES[name]
    if way == "body":
        answer = send(client, "employees", body, kind, "editor")
        assert (answer.status_code, answer.get_json()["inserted"]) == (201, 1)
    elif way == "form":
        answer = editor.post(API.format("employees"), data={"file": (io.BytesIO(body), name)})
        assert (answer.status_code, answer.get_json()["inserted"]) == (201, 1)
    else:
        at = "/databases/example/tables/employees/import"
        page = editor.post(at, data={"file": (io.BytesIO(body), name)}).text
        assert editor.post(at, data={"upload": token_of(page), "import": "1"}).status_code == 303
    row = client("viewer").get("/api/databases/example/tables/employees/rows/4").get_json()["row"]
    assert (row["name"], row["age"]) == ("Eve", 40)


def test_a_file_of_a_form_is_read_by_its_name(client: Client) -> None:
    data = {"file": (io.BytesIO(b'[{"name": "Eve"}]'), "new.json")}
    answer = client("editor").post(API.format("employees"), data=data)
    assert (answer.status_code, answer.get_json()["inserted"]) == (201, 1)


REFUSED = [
    ("employees", "name,age\nEve,old\n", "text/csv", {}, 422, "line 2"),
    ("employees", "", "text/csv", {}, 422, None),
    ("employees", "name\nEve\n", "text/plain", {}, 415, None),
    ("nosuch", "name\nEve\n", "text/csv", {}, 404, None),
    ("employees", "name\nEve\n", "text/csv", {"create": "1"}, 409, None),
    ("new", "name\nEve\n", "text/csv", {"create": "1", "key": "nosuch"}, 422, "key"),
    ("employees", "id,name\n1,Eve\n", "text/csv", {"on_conflict": "replace"}, 422, "on_conflict"),
    ("employees", "id,name\n1,Eve\n", "text/csv", {"on_conflict": "update", "key": "name"}, 422, "key"),
    ("employees", "name\nEve\n", "text/csv", {"encoding": "ebcdic"}, 422, "encoding"),
    ("_frontdesk_x", "name\nEve\n", "text/csv", {"create": "1"}, 422, "table"),
    ("employees", b"name\n\xff\n", "text/csv", {}, 422, None),
]


@pytest.mark.parametrize(("table", "body", "kind", "asked", "status", "wrong"), REFUSED)
def test_what_cannot_be_loaded_is_explained_and_changes_nothing(
    client: Client, desk: Desk, table: str, body: str, kind: str, asked: dict[str, str], status: int, wrong: str | None
) -> None:
    answer = send(client, table, body, kind, **asked)
    assert answer.status_code == status
    assert wrong is None or wrong in answer.get_json()["errors"]
    assert client("viewer").get("/api/databases/example").get_json()["tables"][0]["rows"] == 3
    assert not list((desk.config.state_folder / "uploads").glob("*"))


def test_only_an_admin_makes_tables(client: Client) -> None:
    assert send(client, "new", "a\n1\n", role="editor", create="1").status_code == 403
    assert send(client, "employees", "name\nEve\n", role="viewer").status_code == 403


def token_of(page: str) -> str:
    found = re.search(r'name="upload" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_file_is_looked_at_before_it_becomes_a_table_with_the_types_chosen(client: Client, desk: Desk) -> None:
    ada = client("admin")
    assert "data-drop" in ada.get("/databases/example/import").text
    data = {"file": (io.BytesIO(b"id;price;name\n1;1.50;<b>\n2;2.25;\n"), "my sales.csv")}
    looked = ada.post("/databases/example/import", data=data)
    assert looked.status_code == 200
    assert "holds 2 rows of 3 columns" in looked.text and "&lt;b&gt;" in looked.text
    assert re.findall(r"<option selected>(\w+)</option>", looked.text) == ["INTEGER", "REAL", "TEXT", "id"]
    assert "my sales" in looked.text
    assert len(list((desk.config.state_folder / "uploads").glob("*.data"))) == 1
    form = {
        "upload": token_of(looked.text),
        "name": "sales",
        "type.0": "INTEGER",
        "type.1": "TEXT",
        "type.2": "TEXT",
        "key": "id",
        "import": "1",
    }
    done = ada.post("/databases/example/import", data=form)
    assert (done.status_code, done.headers["Location"]) == (303, "/databases/example/tables/sales")
    assert "2 rows imported." in ada.get(done.headers["Location"]).text
    rows = ada.get("/api/databases/example/tables/sales/rows").get_json()["rows"]
    assert rows == [{"id": 1, "price": "1.50", "name": "<b>"}, {"id": 2, "price": "2.25", "name": None}]
    assert not list((desk.config.state_folder / "uploads").glob("*"))


def test_what_was_found_and_left_alone_is_kept_as_it_is_written(client: Client, engine: str) -> None:
    ada = client("admin")
    looked = ada.post(
        "/databases/example/import", data={"file": (io.BytesIO(b"at,n\n2024-01-31T10:00Z,1\n"), "in.csv")}
    )
    assert re.findall(r'name="found.\d" value="(\w+)"', looked.text) == ["DATETIME", "INTEGER"]
    form = {"upload": token_of(looked.text), "name": "x", "type.0": "DATETIME", "found.0": "DATETIME", "import": "1"}
    ada.post("/databases/example/import", data=form | {"type.1": "TEXT", "found.1": "INTEGER"})
    row = ada.get("/api/databases/example/tables/x/rows").get_json()["rows"][0]
    at = {"sqlite": "2024-01-31T10:00Z", "postgresql": "2024-01-31T10:00:00Z"}[engine]
    assert (row["at"], row["n"]) == (at, "1")


def test_a_mistake_keeps_the_file_and_what_was_chosen(client: Client) -> None:
    eve = client("editor")
    where = "/databases/example/tables/employees/import"
    looked = eve.post(where, data={"file": (io.BytesIO(b"id,name\n1,Eve\n"), "in.csv")})
    form = {"upload": token_of(looked.text), "import": "1", "on_conflict": "error"}
    refused = eve.post(where, data=form)
    assert refused.status_code == 422
    assert "Another row has the same id." in refused.text
    done = eve.post(where, data=form | {"upload": token_of(refused.text), "on_conflict": "update"})
    assert done.status_code == 303
    assert eve.get("/api/databases/example/tables/employees/rows/1").get_json()["row"]["name"] == "Eve"


def test_a_file_that_is_no_csv_leads_back_with_its_line(client: Client) -> None:
    for body, sentence in ((b"a,b\n1\n", "line 2"), (b"", "empty"), (b"a\n\xff\n", "not UTF-8")):
        answer = client("admin").post("/databases/example/import", data={"file": (io.BytesIO(body), "in.csv")})
        assert answer.status_code == 422
        assert sentence in answer.text and 'type="file"' in answer.text


def test_somebody_elses_upload_is_gone_and_a_forgotten_one_is_removed(client: Client, desk: Desk) -> None:
    looked = client("admin").post("/databases/example/import", data={"file": (io.BytesIO(b"a\n1\n"), "in.csv")})
    form = {"upload": token_of(looked.text), "import": "1", "name": "x"}
    assert client("admin").post("/databases/example/import", data=form).status_code == 410
    assert client("admin").post("/databases/example/import", data=form | {"upload": "../../x"}).status_code == 410
    for path in (desk.config.state_folder / "uploads").iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    uploads.forget(desk.config)
    assert not list((desk.config.state_folder / "uploads").iterdir())


def test_the_pages_lead_to_import_and_export(client: Client) -> None:
    table = client("editor").get("/databases/example/tables/employees?age__gt=30&_sort=-age&_size=1").text
    assert "/databases/example/tables/employees/import" in table
    assert "/export?age__gt=30&amp;_sort=-age" in table
    assert "/tables/employees/import" not in client("viewer").get("/databases/example/tables/employees").text
    assert "/databases/example/import" in client("admin").get("/").text


def test_an_export_says_how_many_rows_and_keeps_the_view(client: Client) -> None:
    page = client("viewer").get("/databases/example/tables/employees/export?age__gt=30&_sort=-age").text
    assert "Export 2 rows" in page
    address = re.findall(r'href="(/api/[^"]+export\.csv[^"]*)"', page)[0].replace("&amp;", "&")
    answer = client("viewer").get(address)
    assert answer.data == b"id,name,age,department\r\n3,Charlie,35,Finance\r\n1,Krish,32,Data Scientist\r\n"


def test_a_download_is_an_attachment_that_no_browser_takes_for_something_else(client: Client) -> None:
    for form, kind in (("csv", "text/csv"), ("ndjson", "application/x-ndjson"), ("json", "application/json")):
        answer = client("viewer").get(f"/api/databases/example/tables/employees/export.{form}")
        assert answer.status_code == 200
        assert answer.mimetype == kind
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="employees.{form}"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(answer.data)[0]["name"] == "Krish"
    for form, begin in (("xlsx", b"PK"), ("parquet", b"PAR1")):
        answer = client("viewer").get(f"/api/databases/example/tables/employees/export.{form}?age__gt=30")
        assert (answer.status_code, answer.data[: len(begin)]) == (200, begin)
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="employees.{form}"')


def test_an_export_of_what_is_not_there_is_explained(client: Client) -> None:
    for path, status in (("nosuch/export.csv", 404), ("employees/export.xml", 422), ("employees/export.csv?x=1", 422)):
        assert client("viewer").get(f"/api/databases/example/tables/{path}").status_code == status


def test_formulas_get_out_only_when_asked_for(client: Client, folder: Path) -> None:
    client("editor").post("/api/databases/example/tables/employees/rows", json={"rows": [{"name": "=cmd()"}]})
    harmless = client("viewer").get("/api/databases/example/tables/employees/export.csv?_columns=name").data
    assert b"\r\n'=cmd()\r\n" in harmless
    raw = client("viewer").get("/api/databases/example/tables/employees/export.csv?_columns=name&raw=1").data
    assert b"\r\n=cmd()\r\n" in raw


def test_a_switch_that_says_nothing_known_is_refused_and_nothing_loaded(client: Client) -> None:
    path = "/api/databases/example/tables/employees"
    for switch in ("create=maybe", "wait=0", "empty_text=2"):
        answer = client("admin").post(f"{path}/import?{switch}", data=b"name\nDana\n", content_type="text/csv")
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [switch.partition("=")[0]])
    assert client("admin").get(f"{path}/rows?_count=1").get_json()["count"] == 3
    assert client("admin").get(f"{path}/export.csv?raw=maybe").status_code == 422


def test_the_answer_says_why_columns_are_of_their_types_and_how_to_do_it_again(client: Client) -> None:
    admin = client("admin")
    answer = admin.post(
        "/api/databases/example/tables/sales/import?create=1&delimiter=semicolon&empty_text=1",
        data="zip;n;word\n1;1;a\n02134;2.5;b\n",
        content_type="text/csv",
        headers={"Content-Disposition": "attachment; filename*=UTF-8''sales%20of%20M%C3%A4rz.csv"},
    )
    columns = answer.get_json()["columns"]
    assert columns[0] == {"name": "zip", "type": "TEXT", "until": {"type": "INTEGER", "row": 2, "value": "02134"}}
    assert columns[1]["until"] == {"type": "INTEGER", "row": 2, "value": "2.5"}
    assert columns[2] == {"name": "word", "type": "TEXT"}
    command = "frontdesk import 'sales of März.csv' example --table sales --delimiter ';' --empty-text"
    assert answer.get_json()["command"] == command


def test_the_preview_says_how_many_values_there_are_and_ends_with_the_command_line(client: Client) -> None:
    sent = {"file": (io.BytesIO(b"zip,n\n1,\n02134,3\n"), "places.csv")}
    page = client("admin").post("/databases/example/import", data=sent, content_type="multipart/form-data").text
    assert "INTEGER until row 2: <code>02134</code>" in page
    assert "1 value, 1 empty" in page
    assert "frontdesk import places.csv example --table places" in page


def test_columns_of_a_file_go_where_one_says(client: Client) -> None:
    query = {"map": json.dumps({"Full name": "name", "years": "age", "note": None})}
    answer = send(client, "employees", "Full name,years,note\nEve,40,x\n", role="editor", **query)
    assert [column["name"] for column in answer.get_json()["columns"]] == ["name", "age"]
    assert "--map 'Full name=name' --map years=age --map note=" in answer.get_json()["command"]
    found = client("viewer").get("/api/databases/example/tables/employees/rows?name=Eve").get_json()["rows"]
    assert (found[0]["age"], found[0]["department"]) == (40, None)
    made = send(client, "people", "a,b\n1,0012\n", create="1", map='{"a": "number", "b": "code"}')
    assert [(one["name"], one["type"]) for one in made.get_json()["columns"]] == [
        ("number", "INTEGER"),
        ("code", "TEXT"),
    ]


@pytest.mark.parametrize(
    ("mapped", "wrong"),
    [
        ('{"nothing": "name"}', "map"),
        ("[1]", "map"),
        ('{"Full name": 1}', "map"),
        ('{"Full name": "nothing"}', "Full name"),
        ('{"Full name": "name", "years": "name"}', "years"),
        ('{"Full name": null, "years": "age"}', "name"),
    ],
)
def test_a_wrong_map_of_columns_is_refused(client: Client, mapped: str, wrong: str) -> None:
    answer = send(client, "employees", "Full name,years\nEve,40\n", role="editor", map=mapped)
    assert answer.status_code == 422
    assert wrong in answer.get_json()["errors"]
    assert len(client("viewer").get("/api/databases/example/tables/employees/rows").get_json()["rows"]) == 3


def test_columns_are_matched_left_out_and_renamed_on_the_page(client: Client) -> None:
    editor, admin = client("editor"), client("admin")
    sent = {"file": (io.BytesIO(b"Name,years,note\nEve,40,x\n"), "people.csv")}
    at = "/databases/example/tables/employees/import"
    page = editor.post(at, data=sent, content_type="multipart/form-data").text
    token = re.search(r'name="upload" value="([^"]+)"', page)
    assert token and re.search(r'<select name="column.0".*?<option selected>name</option>', page)
    chosen = {"upload": token[1], "column.0": "name", "column.1": "age", "column.2": "", "import": "1"}
    assert editor.post(at, data=chosen).status_code == 303
    sent = {"file": (io.BytesIO(b"a,b\n1,2\n"), "new.csv")}
    page = admin.post("/databases/example/import", data=sent, content_type="multipart/form-data").text
    token = re.search(r'name="upload" value="([^"]+)"', page)
    assert token
    chosen = {"upload": token[1], "name": "made", "name.0": "first", "name.1": "b", "import": "1"}
    assert admin.post("/databases/example/import", data=chosen).status_code == 303
    rows = client("viewer").get("/api/databases/example/tables/made/rows").get_json()["rows"]
    assert rows == [{"first": 1, "b": 2, "_key": 1}]


def test_the_sheet_is_chosen_on_the_page_and_what_was_chosen_of_another_is_forgotten(client: Client) -> None:
    sent, admin = _book(("Sheet", [["a", "b"], [1, 2]]), ("Other", [["c", "d"], [3, "x"]])), client("admin")
    at = "/databases/example/import"
    page = admin.post(at, data={"file": (io.BytesIO(sent), "two.xlsx")}).text
    assert re.findall(r"<option[^>]*>(Sheet|Other)</option>", page) == ["Sheet", "Other"]
    read_as = re.search(r'name="read_as" value="([^"]*)"', page)
    assert read_as
    chosen = {"upload": token_of(page), "read_as": read_as[1], "name.0": "first", "name.1": "b", "sheet": "Other"}
    page = admin.post(at, data=chosen).text
    assert re.findall(r'name="name.\d" value="(\w+)"', page) == ["c", "d"]
    done = admin.post(at, data={"upload": token_of(page), "sheet": "Other", "name": "made", "import": "1"})
    assert done.status_code == 303
    rows = client("viewer").get("/api/databases/example/tables/made/rows").get_json()["rows"]
    assert rows == [{"c": 3, "d": "x", "_key": 1}]


def test_of_a_zip_with_several_files_one_is_chosen(client: Client) -> None:
    body = _zip(**{"one.csv": "a\n1\n", "two.csv": "b\n2\n", "read.me": "x"})
    admin, at = client("admin"), "/databases/example/import"
    refused = send(client, "both", body, "application/zip", create="1")
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["sheet"])
    page = admin.post(at, data={"file": (io.BytesIO(body), "both.zip")})
    assert page.status_code == 422
    assert re.findall(r"<option>(.*?)</option>", page.text) == ["one.csv", "two.csv"]
    page = admin.post(at, data={"upload": token_of(page.text), "sheet": "two.csv"})
    assert re.findall(r'name="name.\d" value="(\w+)"', page.text) == ["b"]


def test_bad_lines_are_kept_apart_where_an_admin_says_so(client: Client) -> None:
    body = "name,age\nEve,40\nUma,old\n"
    assert send(client, "employees", body).status_code == 422
    assert send(client, "employees", body, bad_lines="keep", role="editor").status_code == 403
    assert send(client, "employees", body, bad_lines="drop").get_json()["errors"] == {
        "bad_lines": "Write error or keep."
    }
    answer = send(client, "employees", body, bad_lines="keep")
    assert answer.status_code == 201
    assert answer.get_json()["bad_lines"] == {"table": "employees_bad_lines", "rows": 1}
    kept = client("viewer").get("/api/databases/example/tables/employees_bad_lines/rows").get_json()["rows"]
    assert [(row["line"], row["text"]) for row in kept] == [(3, "Uma,old")]


def test_a_file_with_bad_lines_leads_on_to_the_good_ones(client: Client) -> None:
    page = "/databases/example/tables/employees/import"
    admin = client("admin")
    body = {"file": (io.BytesIO(b"name,age\nEve,40\nUma,1,2\n"), "more.csv")}
    refused = admin.post(page, data=body).text
    assert "3 values, but 2 columns." in refused
    assert "Go on with the good lines" in refused
    upload = re.search(r'name="upload" value="([^"]+)"', refused)
    assert upload is not None
    form = {"upload": upload[1], "bad_lines": "keep"}
    preview = admin.post(page, data=form).text
    assert "1 bad line goes to a table of its own" in preview
    assert "<code>Uma,1,2</code>" in preview
    done = admin.post(page, data=form | {"import": "1"}, follow_redirects=True).text
    assert "1 row imported. 1 bad line stands in employees_bad_lines." in done


def test_an_editor_is_told_of_bad_lines_and_sends_a_better_file(client: Client) -> None:
    body = {"file": (io.BytesIO(b'{"name": "Eve"}\n{"name"\n'), "more.ndjson")}
    answer = client("editor").post("/databases/example/tables/employees/import", data=body)
    assert answer.status_code == 422
    assert "This is not JSON" in answer.text
    assert "Go on with the good lines" not in answer.text


def test_rows_are_pasted_from_a_spreadsheet_or_as_json(client: Client) -> None:
    admin = client("admin")
    for text, rows in (("name\tage\r\nEve\t40\r\n", 1), ('[{"name": "Bob", "age": 1}, {"name": "Lea"}]', 2)):
        page = admin.post("/databases/example/tables/employees/import", data={"text": text}).text
        assert f"holds {rows} row" in page
        form = {"upload": token_of(page), "import": "1"}
        assert admin.post("/databases/example/tables/employees/import", data=form).status_code == 303
    kept = client("viewer").get("/api/databases/example/tables/employees/rows").get_json()["rows"]
    assert [row["name"] for row in kept][3:] == ["Eve", "Bob", "Lea"]


def files(*named: tuple[str, bytes]) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(body), name) for name, body in named]


def test_several_files_become_a_table_each(client: Client) -> None:
    admin, at = client("admin"), "/databases/example/import"
    sent = files(("one.csv", b"a,b\n1,x\n2,y\n"), ("two.ndjson", b'{"c": 1}\n'))
    page = admin.post(at, data={"file": sent}).text
    assert "Each file becomes a table" in page
    tokens = re.findall(r'name="upload" value="([^"]+)"', page)
    form = {"several": "1", "upload": tokens, "name": ["one", "employees"], "import": "1"}
    refused = admin.post(at, data=form)
    assert refused.status_code == 409
    assert "two.ndjson" in refused.text and "1 of the files is imported already." in refused.text
    form = {"several": "1", "upload": tokens[1:], "name": ["second"], "import": "1"}
    assert admin.post(at, data=form).status_code == 303
    listed = admin.get("/api/databases/example").get_json()["tables"]
    assert {one["name"] for one in listed} == {"employees", "one", "second"}


def test_several_files_go_into_one_table(client: Client) -> None:
    editor, at = client("editor"), "/databases/example/tables/employees/import"
    page = editor.post(at, data={"file": files(("one.csv", b"name,age\nEve,40\n"), ("two.csv", b"name,age\nLea,4\n"))})
    tokens = re.findall(r'name="upload" value="([^"]+)"', page.text)
    done = editor.post(at, data={"upload": tokens, "import": "1"}, follow_redirects=True).text
    assert "2 rows of 2 files imported." in done
    broken = editor.post(at, data={"file": files(("one.csv", b"name\nEve\n"), ("two.csv", b"name\nLea,4\n"))})
    assert broken.status_code == 422
    assert "two.csv, line 2" in broken.text
    assert "Import one.csv" in broken.text


def test_what_is_not_kept_as_it_is_written_is_said(client: Client) -> None:
    body = "price,weight,paid,sent\n1.50,1.5,TRUE,true\n2.00,2.5,false,false\n"
    answer = send(client, "prices", body, create="1").get_json()
    said = "Zeros at the end of numbers are not kept: 1.50 is 1.5."
    truths = "Capitals of truths are not kept: TRUE is true."
    assert [column.get("changed") for column in answer["columns"]] == [said, None, truths, None]
    page = client("admin").post("/databases/example/import", data={"text": "price\n1.50\n2.00\n"}).text
    assert said in page
