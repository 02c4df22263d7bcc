"""Signing in and out, as a browser does it."""

import logging
import re
import threading

import pytest

from frontdesk.accounts import audit, links, sessions, users
from frontdesk.logs import handlers

PASSWORD = "correct horse 1"


@pytest.fixture
def browser(app, desk):
    """A browser before a desk whose admin is ada."""
    users.add(desk.state, "ada", PASSWORD, "admin")
    return app.test_client()


def sign_in(browser, name="ada", password=PASSWORD, **more):
    data = {"name": name, "password": password, **more}
    return browser.post("/login", data=data, headers={"Origin": "http://localhost"})


def test_a_page_asks_to_sign_in_and_leads_back_to_itself(browser):
    answer = browser.get("/databases?x=1")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/databases?x%3D1"
    assert b'value="/databases?x=1"' in browser.get(answer.location).data
    assert sign_in(browser, next="/databases?x=1").location == "/databases?x=1"


def test_who_is_signed_in_sees_the_desk(browser):
    assert sign_in(browser).location == "/"
    assert browser.get("/").status_code == 200
    assert browser.get("/api/me").json == {"name": "ada", "role": "admin"}
    assert browser.get("/login").location == "/"


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong horse 1"), ("nobody", PASSWORD), ("", ""), ("ada", "")])
def test_a_wrong_name_or_password_gets_the_same_answer_and_no_cookie(browser, name, password):
    answer = sign_in(browser, name, password)
    assert answer.status_code == 401
    assert b"Name or password is wrong." in answer.data
    assert f'value="{name}"'.encode() in answer.data
    assert password.encode() not in answer.data or not password
    assert "Set-Cookie" not in answer.headers
    assert browser.get("/api/me").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser):
    cookie = sign_in(browser).headers["Set-Cookie"]
    assert cookie.startswith("frontdesk_session=fds_")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_under_https_the_cookie_is_bound_to_this_host(browser):
    cookie = browser.post("/login", data={"name": "ada", "password": PASSWORD}, base_url="https://localhost").headers[
        "Set-Cookie"
    ]
    assert cookie.startswith("__Host-frontdesk_session=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert browser.get("/api/me", base_url="https://localhost").status_code == 200


def test_a_sign_in_ends_the_session_that_the_browser_had(browser, desk):
    sign_in(browser)
    first = browser.get_cookie("frontdesk_session").value
    sign_in(browser)
    second = browser.get_cookie("frontdesk_session").value
    assert first != second
    assert sessions.find(desk.state, first) is None
    assert sessions.find(desk.state, second) is not None


def test_a_cookie_that_someone_else_set_is_not_taken_over(browser):
    browser.set_cookie("frontdesk_session", "fds_" + "x" * 43)
    assert browser.get("/api/me").status_code == 401
    sign_in(browser)
    assert browser.get_cookie("frontdesk_session").value != "fds_" + "x" * 43


def test_signing_out_ends_the_session_on_the_server_too(browser):
    sign_in(browser)
    kept = browser.get_cookie("frontdesk_session").value
    answer = browser.post("/logout", headers={"Origin": "http://localhost"})
    assert answer.location == "/login"
    assert browser.get_cookie("frontdesk_session") is None
    browser.set_cookie("frontdesk_session", kept)
    assert browser.get("/api/me").status_code == 401


def test_another_site_can_neither_sign_in_nor_out(browser):
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.post("/login", data={"name": "ada", "password": PASSWORD}, headers=evil).status_code == 403
    sign_in(browser)
    assert browser.post("/logout", headers=evil).status_code == 403
    assert browser.post("/logout").status_code == 403
    assert browser.get("/api/me").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "////evil",
        "/\t/evil",
        "\\\\evil",
        "https:evil",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "evil",
        "",
        "data:text/html,x",
        "//localhost@evil",
        "\x00/",
    ],
)
def test_after_signing_in_nobody_is_led_to_another_site(browser, target):
    assert sign_in(browser, next=target).location == "/"


@pytest.mark.parametrize("target", ["/", "/logs?level=ERROR&text=a//b", "/databases/x/tables/a~2Cb", "/?next=//evil"])
def test_after_signing_in_one_comes_where_one_wanted(browser, target):
    assert sign_in(browser, next=target).location == target


def test_the_eleventh_failure_waits_also_with_a_forged_address(browser):
    for _ in range(10):
        assert sign_in(browser, password="wrong horse 1").status_code == 401
    answer = browser.post("/login", data={"name": "ada", "password": PASSWORD}, headers={"X-Forwarded-For": "9.9.9.9"})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    elsewhere = browser.post(
        "/login", data={"name": "ada", "password": PASSWORD}, environ_base={"REMOTE_ADDR": "10.1.1.1"}
    )
    assert elsewhere.location == "/"


def test_the_first_admin_is_made_by_the_one_time_link(app, desk):
    browser, secret = app.test_client(), links.create(desk.state)
    assert b"Nobody can sign in yet" in browser.get("/login").data
    for _ in range(2):
        assert browser.get(f"/welcome/{secret}").status_code == 200
    assert not users.exist(desk.state)
    wrong = browser.post(f"/welcome/{secret}", data={"name": "ada", "password": "short"})
    assert wrong.status_code == 422
    assert b'value="ada"' in wrong.data
    assert b"at least 8 characters" in wrong.data
    assert browser.post(f"/welcome/{secret}", data={"name": "ada", "password": PASSWORD}).location == "/"
    assert browser.get("/api/me").json == {"name": "ada", "role": "admin"}
    again = app.test_client().post(f"/welcome/{secret}", data={"name": "mallory", "password": PASSWORD})
    assert again.status_code == 410
    assert app.test_client().get(f"/welcome/{secret}").status_code == 410


def test_of_two_who_use_the_link_at_once_one_becomes_admin(app, desk):
    secret, barrier, answers = links.create(desk.state), threading.Barrier(2), []

    def race(name):
        barrier.wait()
        data = {"name": name, "password": PASSWORD}
        answers.append(app.test_client().post(f"/welcome/{secret}", data=data).status_code)

    threads = [threading.Thread(target=race, args=(name,)) for name in ("ada", "mallory")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 410]


def test_a_sign_in_link_works_once_and_by_its_button_only(browser, app, desk):
    secret = links.create(desk.state, users.find(desk.state, "ada"))
    for _ in range(2):
        shown = browser.get(f"/link/{secret}")
        assert b"Sign in as ada" in shown.data
    assert browser.get("/api/me").status_code == 401
    assert browser.post(f"/link/{secret}").location == "/"
    assert browser.get("/api/me").json["name"] == "ada"
    assert app.test_client().post(f"/link/{secret}").status_code == 410
    assert app.test_client().get("/link/nonsense").status_code == 410


def test_the_audit_tells_of_sign_ins_and_refusals_with_the_address(browser, desk):
    sign_in(browser, password="wrong horse 1")
    sign_in(browser, name="my secret by mistake")
    sign_in(browser)
    entries = audit.list_all(desk.state)
    assert [(entry.who, entry.action) for entry in entries] == [
        ("ada", "signed in"),
        ("somebody unknown", "sign-in refused: Name or password is wrong."),
        ("ada", "sign-in refused: Name or password is wrong."),
    ]
    assert {entry.address for entry in entries} == {"127.0.0.1"}
    assert all(re.fullmatch("[0-9a-f]{16}", entry.request or "") for entry in entries)


def test_no_secret_of_a_sign_in_stands_in_any_file_or_on_the_console(browser, desk, folder, capfd):
    handlers.configure(desk.config, "test")
    logging.getLogger("frontdesk").setLevel("DEBUG")
    secret = links.create(desk.state, users.find(desk.state, "ada"))
    browser.get(f"/link/{secret}")
    browser.post(f"/link/{secret}", headers={"Origin": "http://localhost"})
    sign_in(browser, password="hunter2 is wrong")
    sign_in(browser)
    cookie = browser.get_cookie("frontdesk_session").value
    browser.get("/api/me", headers={"Authorization": "Bearer fd_" + "Q7" * 22})
    desk.read_logs()
    logging.getLogger("frontdesk").setLevel("NOTSET")
    handlers.remove()
    written = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    written += "".join(capfd.readouterr()).encode()
    assert b"/link/fdl_***" in written
    for canary in (secret, cookie, PASSWORD, "hunter2", "Q7Q7Q7"):
        assert canary.encode() not in written
