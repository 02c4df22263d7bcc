from typing import Any

from werkzeug.test import TestResponse

from tests.conftest import Client

SEARCH = "/api/databases/example/tables/employees/search"
PAGE = "/databases/example/tables/employees"


def answered(response: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = response.get_json()
    return found


def test_a_search_index_is_made_described_and_dropped_by_the_api(client: Client) -> None:
    known = answered(client("viewer").get(SEARCH))
    assert known == {"columns": None, "made_by": None, "searchable": ["id", "name", "age", "department"]}
    made = client("admin").put(SEARCH, json={})
    assert (made.status_code, answered(made)["columns"], answered(made)["change"]) == (
        200,
        ["name", "department"],
        "example.1",
    )
    assert answered(client("viewer").get(SEARCH))["made_by"] == "frontdesk"
    listed = answered(client("viewer").get("/api/databases/example"))["tables"]
    assert [table["name"] for table in listed] == ["employees"]
    rows = answered(client("viewer").get("/api/databases/example/tables/employees/rows?_search=engin"))["rows"]
    assert [row["name"] for row in rows] == ["Bob"]
    assert client("admin").delete(SEARCH).status_code == 204
    assert client("admin").delete(SEARCH).status_code == 409
    assert client("admin").put(SEARCH, json={"columns": "name"}).status_code == 422
    assert answered(client("admin").put(SEARCH, json={"columns": ["nosuch"]}))["errors"].keys() == {"columns"}


def test_a_click_makes_the_index_and_another_drops_it(client: Client) -> None:
    page = client("admin").get(f"{PAGE}/structure").get_data(as_text=True)
    assert "Make a search index" in page and 'value="name" checked' in page
    assert "Make a search index" not in client("viewer").get(f"{PAGE}/structure").get_data(as_text=True)
    made = client("admin").post(f"{PAGE}/search", data={"column": ["name"]}, headers={"Sec-Fetch-Site": "same-origin"})
    assert made.status_code == 303
    assert "Covers <code>name</code>" in client("viewer").get(f"{PAGE}/structure").get_data(as_text=True)
    assert client("admin").post(f"{PAGE}/search/drop").status_code == 303
    again = client("admin").post(f"{PAGE}/search/drop")
    assert again.status_code == 409 and "no search index" in again.get_data(as_text=True)
