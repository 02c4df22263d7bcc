import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from frontdesk.accounts import sessions, users
from frontdesk.desk import Desk
from frontdesk.web import access
from tests.conftest import Client

ROLES = ("nobody", "viewer", "editor", "admin")

LOWEST = {
    # what anyone may
    "accounts.login": "anyone",
    "accounts.sign_in": "anyone",
    "accounts.logout": "anyone",
    "accounts.welcome": "anyone",
    "accounts.set_up": "anyone",
    "accounts.link": "anyone",
    "accounts.sign_in_by_link": "anyone",
    "health.healthz": "anyone",
    "health.readyz": "anyone",
    # what needs more than looking
    "health.check": "editor",
    "health.check_json": "editor",
    "structures.make_search": "admin",
    "structures.drop_search": "admin",
    "structures.make_search_json": "admin",
    "structures.drop_search_json": "admin",
    "rows.new": "editor",
    "rows.insert": "editor",
    "rows.insert_json": "editor",
    "rows.update": "editor",
    "rows.update_json": "editor",
    "rows.delete": "editor",
    "rows.delete_json": "editor",
    "edits.edit_json": "editor",
    "edits.delete_json": "editor",
    "edits.duplicate_json": "editor",
    "edits.selected": "editor",
    "changes.undo": "editor",
    "changes.undo_json": "editor",
    "functions.source": "editor",
    "saved_queries.save": "editor",
    "queries.rehearse": "admin",
    "queries.write": "admin",
    "saved_queries.forget": "editor",
    "saved_queries.save_json": "editor",
    "saved_queries.change_json": "editor",
    "saved_queries.forget_json": "editor",
    "saved_views.keep_view": "editor",
    "saved_views.keep_view_json": "editor",
    "saved_views.forget_view": "editor",
    "saved_views.forget_view_json": "editor",
    "saved_charts.save": "editor",
    "saved_charts.save_json": "editor",
    "saved_charts.forget": "editor",
    "saved_charts.forget_json": "editor",
    "runs.undo": "editor",
    "runs.undo_json": "editor",
    "logs.index": "editor",
    "logs.tail": "editor",
    "logs.index_json": "editor",
    "logs.histogram_json": "editor",
    "logs.all_loggers": "editor",
    "logs.all_loggers_json": "editor",
    "logs.set_level": "admin",
    "logs.set_level_json": "admin",
    "imports.rows": "editor",
    "imports.load_rows": "editor",
    "imports.load_json": "editor",
    "imports.new_table": "admin",
    "imports.load_new_table": "admin",
    "users.index": "admin",
    "users.add": "admin",
    "users.user": "admin",
    "users.change": "admin",
    "users.remove": "admin",
    "tokens.index": "admin",
    "tokens.create": "admin",
    "tokens.revoke": "admin",
    "users.index_json": "admin",
    "users.add_json": "admin",
    "users.change_json": "admin",
    "users.remove_json": "admin",
    "tokens.index_json": "admin",
    "tokens.create_json": "admin",
    "tokens.revoke_json": "admin",
    "tables.new_table": "admin",
    "tables.create_table": "admin",
    "tables.create_table_json": "admin",
    "tables.guess_table": "admin",
    "tables.create_view": "admin",
    "structures.preview": "admin",
    "structures.alter": "admin",
    "structures.alter_json": "admin",
    "structures.delete": "admin",
    "structures.delete_json": "admin",
}
"""The lowest role of every view that is not simply a viewer's. A new route fails here until somebody has decided."""

VIEWERS = {
    "health.database",
    "health.database_json",
    "structures.search_json",
    "blobs.show",
    "blobs.download",
    "home.index",
    "accounts.me",
    "tables.databases",
    "tables.databases_json",
    "tables.tables",
    "tables.tables_json",
    "tables.table_json",
    "structures.show",
    "structures.show_json",
    "rows.index",
    "rows.add_filter",
    "rows.rows_json",
    "rows.row",
    "rows.row_json",
    "charts.index",
    "charts.chart_json",
    "charts.column",
    "charts.column_json",
    "exports.index",
    "exports.download",
    "exports.whole",
    "exports.dump",
    "changes.index",
    "changes.latest",
    "changes.latest_json",
    "changes.row_past",
    "changes.row_past_json",
    "changes.history_json",
    "changes.row_history_json",
    "changes.change",
    "changes.change_json",
    "changes.change_rows_json",
    "queries.index",
    "queries.query",
    "queries.download",
    "queries.stop",
    "queries.query_json",
    "queries.chart_json",
    "queries.plan_json",
    "asked.index",
    "asked.index_json",
    "asked.forget",
    "asked.forget_json",
    "rows.sort",
    "layouts.layout_json",
    "layouts.keep_layout_json",
    "layouts.forget_layout_json",
    "layouts.keep_layout",
    "saved_views.views_json",
    "saved_views.view_json",
    "saved_views.show_view",
    "saved_charts.chart",
    "saved_charts.index_json",
    "saved_charts.chart_json",
    "saved_queries.index_json",
    "saved_queries.query_json",
    "functions.index",
    "functions.function",
    "functions.index_json",
    "functions.function_json",
    "functions.api",
    "functions.call",
    "functions.call_json",
    "files.download",
    "files.preview",
    "runs.index",
    "runs.run",
    "runs.index_json",
    "runs.run_json",
    "runs.records_json",
    "runs.changes_json",
    "runs.replay",
    "runs.replay_json",
    "runs.stop",
    "runs.stop_json",
    "pages.index",
    "pages.page",
    "openapi.document",
    "docs.index",
}


def test_every_route_declares_who_may_use_it_as_was_decided(app: Flask) -> None:
    with app.app_context():
        declared = {name: access.allowed(name) for name in app.view_functions if name != "static"}
    assert declared == LOWEST | dict.fromkeys(VIEWERS, "viewer")


ASKED = [
    ("GET", "/api/databases/example/tables/employees/rows", "viewer", 200),
    ("GET", "/databases/example/tables/employees", "viewer", 200),
    ("POST", "/api/databases/example/tables/employees/rows", "editor", 422),
    ("PATCH", "/api/databases/example/tables/employees/rows/1", "editor", 200),
    ("DELETE", "/api/databases/example/tables/employees/rows/99", "editor", 404),
    ("POST", "/api/databases/example/tables", "admin", 422),
    ("PATCH", "/api/databases/example/tables/employees", "admin", 422),
    ("DELETE", "/api/databases/example/tables/nosuch", "admin", 404),
    ("POST", "/api/changes/example.99/undo", "editor", 404),
    ("GET", "/api/logs", "editor", 200),
    ("PUT", "/api/loggers/module1", "admin", 422),
    ("GET", "/api/runs", "viewer", 200),
    ("GET", "/api/me", "viewer", 200),
]


@pytest.mark.parametrize(("method", "path", "lowest", "status"), ASKED)
def test_each_role_gets_what_it_may_and_nothing_else(
    client: Client, method: str, path: str, lowest: str, status: int
) -> None:
    for role in ROLES:
        answer = client(role).open(path, method=method, json={} if method != "GET" else None)
        if role == "nobody":
            assert answer.status_code == (401 if path.startswith("/api") else 303)
        elif ROLES.index(role) < ROLES.index(lowest):
            assert answer.status_code == 403
        else:
            assert answer.status_code == status


@pytest.fixture
def browser(app: Flask, desk: Desk) -> FlaskClient:
    """A client that is signed in as a browser is: with a cookie."""
    user = users.add(desk.state, "ada", "correct horse battery staple", "admin")
    made = app.test_client()
    made.set_cookie(access.COOKIE, sessions.start(desk.state, user, desk.config.sessions))
    return made


ELSEWHERE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_no_other_site_can_make_a_browser_change_anything(
    app: Flask, browser: FlaskClient, headers: dict[str, str]
) -> None:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: 1 if name == "run" else "x" for name in rule.arguments}
        for method in (rule.methods or set()) & access.UNSAFE:
            path = adapter.build(rule.endpoint, values, method)
            answer = browser.open(path, method=method, headers=headers)
            assert answer.status_code == 403, (method, path)


def test_a_browsers_own_page_may_change_things(browser: FlaskClient) -> None:
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}):
        answer = browser.patch("/api/databases/example/tables/employees/rows/1", json={"age": 34}, headers=headers)
        assert answer.status_code == 200


def test_every_answer_carries_a_strict_policy_and_its_request_id(client: Client) -> None:
    for path in ("/", "/login", "/healthz", "/api/databases", "/api/nosuch", "/nosuch", "/static/frontdesk.css"):
        with client("admin").get(path) as answer:
            check_headers(path, answer)


def check_headers(path: str, answer: Response) -> None:
    policy = set(answer.headers["Content-Security-Policy"].split("; "))
    assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= policy
    assert not any("unsafe" in rule for rule in policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])
    if "static" not in path:
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_wrong_address_gets_a_problem_with_a_sentence(client: Client) -> None:
    for path, method, status in (("/api/nosuch", "GET", 404), ("/api/databases", "DELETE", 405)):
        answer = client("admin").open(path, method=method)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        problem = answer.get_json()
        assert set(problem) >= {"type", "title", "status", "detail", "errors", "request"}
        assert problem["request"] == answer.headers["X-Request-ID"]


def test_reading_never_changes_anything(app: Flask, client: Client, folder: Path) -> None:
    kept = (folder / "example.db").read_bytes()
    admin = client("admin")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint != "static":
            values = {"database": "example", "table": "employees", "key": 1, "run": 1}
            chosen = {name: values.get(name, "x") for name in rule.arguments}
            answer = admin.get(app.url_map.bind("localhost").build(rule.endpoint, chosen))
            assert answer.status_code < 500, rule
    assert (folder / "example.db").read_bytes() == kept
    assert not (folder / "example.db-wal").exists()


def test_a_proxys_own_authorization_is_no_token_and_no_key_to_other_sites(app: Flask, browser: FlaskClient) -> None:
    basic = {"Authorization": "Basic eDp5"}
    assert browser.get("/healthz", headers=basic).status_code == 200
    assert browser.get("/api/me", headers=basic).status_code == 200
    path = "/api/databases/example/tables/employees/rows/1"
    assert browser.patch(path, json={"age": 1}, headers=basic | {"Origin": "http://evil.example"}).status_code == 403
    assert app.test_client().get("/api/me", headers={"Authorization": "Bearer fd_nosuch"}).status_code == 401
    assert app.test_client().get("/healthz", headers={"Authorization": "Bearer fd_nosuch"}).status_code == 200
