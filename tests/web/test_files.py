import io
import re

import pytest

from frontdesk.desk import Desk
from frontdesk.web import create_app, functions
from tests import pictures
from tests.conftest import signed_in

PHOTOS = '''
import frontdesk


@frontdesk.function(roles=("viewer",))
def classify(photo: frontdesk.Image) -> frontdesk.Label:
    """Says what is seen."""
    photo.open(size=(64, 64))
    return frontdesk.Label({"dog": 0.03, "cat": 0.97})


@frontdesk.function(roles=("viewer",))
def turn(photo: frontdesk.Image, degrees: int = 90) -> frontdesk.Image:
    return photo.open().rotate(degrees, expand=True)


@frontdesk.function(roles=("viewer",))
def lines(text: frontdesk.File, word: str = ""):
    return len(text.read().splitlines())


@frontdesk.function
def page(html: str):
    return frontdesk.File(html.encode(), "page.html", "text/html")


@frontdesk.function
def plain(a: int):
    return a
'''
CAT = pictures.picture(size=(90, 60))
LABEL = {"label": "cat", "scores": {"dog": 0.03, "cat": 0.97}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    (folder / "photos.py").write_text(PHOTOS)
    desk = Desk(folder, functions={"workers": 1}, logs={"console": False}, files={"max_bytes": 300_000})
    app = create_app(desk)
    yield {"folder": folder, **{role: signed_in(app, desk, role) for role in ("nobody", "viewer", "editor")}} | {
        "other": signed_in(app, desk, "viewer")
    }
    desk.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", 20.0)


@pytest.fixture
def eve(shared):
    return shared["editor"]


@pytest.fixture
def vic(shared):
    return shared["viewer"]


def sent(data=CAT, name="cat.jpg", kind="image/jpeg"):
    return (io.BytesIO(data), name, kind)


def kept(shared):
    return {str(path) for path in (shared["folder"] / ".frontdesk" / "files").rglob("*") if path.is_file()}


def get(client, path, **more):
    """As `client.get`, with the file closed."""
    return client.get(path, buffered=True, **more)


def newest(client):
    return client.get("/api/runs?_size=1").json["runs"]


def test_a_picture_is_sent_as_a_part_of_a_form(vic):
    answer = vic.post("/api/functions/classify", data={"photo": sent()})
    assert (answer.status_code, answer.json["status"], answer.json["result"]) == (200, "done", LABEL)


def test_a_picture_is_sent_as_the_whole_body(vic):
    answer = vic.post("/api/functions/classify", data=CAT, content_type="image/jpeg")
    assert answer.json["result"] == LABEL
    run = vic.get(f"/api/runs/{answer.json['run']}").json
    assert run["arguments"]["photo"]["type"] == "image/jpeg"
    turned = vic.post("/api/functions/turn?degrees=180", data=CAT, content_type="image/jpeg").json
    assert vic.get(f"/api/runs/{turned['run']}").json["arguments"]["degrees"] == 180


def test_a_function_without_exactly_one_picture_takes_none_as_the_body(eve):
    answer = eve.post("/api/functions/plain", data=CAT, content_type="image/png")
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.json["detail"]


def test_a_kept_picture_is_named_in_json(vic):
    run = vic.post("/api/functions/classify", data={"photo": sent()}).json["run"]
    photo = vic.get(f"/api/runs/{run}").json["arguments"]["photo"]
    assert photo == {"$file": photo["$file"], "name": "cat.jpg", "type": "image/jpeg"}
    assert vic.post("/api/functions/classify", json={"photo": {"$file": photo["$file"]}}).json["result"] == LABEL
    assert vic.post(f"/api/runs/{run}/replay").json["result"] == LABEL


@pytest.mark.parametrize(
    "given", ["cat.jpg", {"$file": "/etc/passwd"}, {"$file": 1}, {"$file": "/api/files/" + "0" * 64}, 5, [], {}, None]
)
def test_what_is_no_file_is_said_at_the_field(vic, given):
    answer = vic.post("/api/functions/classify", json={"photo": given})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["photo"])


@pytest.mark.parametrize("name", pictures.BAD)
def test_a_bad_picture_is_422_with_a_sentence_and_no_run(shared, vic, name):
    data, words = pictures.BAD[name]
    before, files = newest(vic), kept(shared)
    by_form = vic.post("/api/functions/classify", data={"photo": sent(data)})
    as_body = vic.post("/api/functions/classify", data=data, content_type="image/jpeg")
    for answer in (by_form, as_body):
        assert answer.status_code == 422
        assert words in answer.json["errors"]["photo"]
    typed = vic.post("/functions/classify", data={"photo": sent(data)})
    assert typed.status_code == 422
    assert words.replace("'", "&#39;") in typed.get_data(as_text=True)
    assert (newest(vic), kept(shared)) == (before, files)


def test_a_file_beyond_the_limit_is_413_with_a_sentence_at_its_field(shared, vic):
    large = b"\xff\xd8\xff" + b"x" * 300_000
    before, files = newest(vic), kept(shared)
    for answer in (
        vic.post("/api/functions/classify", data={"photo": sent(large)}),
        vic.post("/api/functions/classify", data=large, content_type="image/jpeg"),
    ):
        assert answer.status_code == 413
        assert "too large: at most 0.3 MB" in answer.json["errors"]["photo"]
    typed = vic.post("/functions/classify", data={"photo": sent(large)})
    assert (typed.status_code, "too large" in typed.get_data(as_text=True)) == (413, True)
    assert (newest(vic), kept(shared)) == (before, files)


def test_nothing_chosen_is_said_at_the_field(vic):
    nothing = (io.BytesIO(b""), "", "application/octet-stream")
    answer = vic.post("/functions/classify", data={"photo": nothing})
    assert answer.status_code == 422
    assert "Choose a picture." in answer.get_data(as_text=True)


def test_a_file_where_none_is_wanted_is_refused(eve, vic):
    answer = eve.post("/api/functions/plain", data={"a": sent(b"5", "a.txt")})
    assert answer.json["errors"] == {"a": "This takes no file."}
    answer = vic.post("/api/functions/classify", data={"photo": sent(), "more": sent()})
    assert answer.json["errors"] == {"more": "Not known here. Known: photo."}
    answer = vic.post("/api/functions/classify", data={"photo": [sent(), sent()]})
    assert answer.json["errors"] == {"photo": "Send one file."}


def test_a_chosen_file_that_went_with_a_wrong_form_is_to_be_chosen_again(vic):
    text = vic.post("/functions/turn", data={"photo": sent(), "degrees": "x"}).get_data(as_text=True)
    assert "Choose it again" in text
    assert "Write a whole number" in text


def test_the_form_shows_the_sentence_the_bars_and_the_picture(vic):
    form = vic.get("/functions/classify").get_data(as_text=True)
    assert 'enctype="multipart/form-data"' in form
    assert 'accept="image/png,image/jpeg,image/webp"' in form
    answer = vic.post("/functions/classify", data={"photo": sent()}, follow_redirects=True)
    text = answer.get_data(as_text=True)
    assert "This is a cat (97 %)" in text
    assert text.index("<dt>cat</dt>") < text.index("<dt>dog</dt>")
    [preview] = set(re.findall(r'src="(/files/[0-9a-f]{64}/preview)"', text))
    assert get(vic, preview).status_code == 200
    [again] = re.findall(r'<input type="hidden" name="photo" value="([^"]+)"', text)
    assert "This is a cat" in vic.post("/functions/classify", data={"photo": again}, follow_redirects=True).text


def test_the_run_shows_the_picture_and_where_it_can_be_had(vic):
    run = vic.post("/api/functions/classify", data={"photo": sent(name="Käse <1>.jpg")}).json["run"]
    text = vic.get(f"/runs/{run}").get_data(as_text=True)
    assert re.search(r'<img src="/files/[0-9a-f]{64}/preview" alt="Käse &lt;1&gt;.jpg">', text)
    [address] = re.findall(r'href="(/api/files/[0-9a-f]{64})"', text)
    assert get(vic, address).data == CAT
    assert "photo=Käse &lt;1&gt;.jpg" in vic.get("/runs").get_data(as_text=True)


def test_a_picture_that_a_function_gives_is_shown(vic):
    answer = vic.post("/functions/turn", data={"photo": sent()}, follow_redirects=True)
    assert answer.get_data(as_text=True).count("/preview") == 2
    run = newest(vic)[0]
    assert run["result_kind"] == "image"
    assert get(vic, run["result"]["$file"]).data.startswith(b"\x89PNG")


def test_a_file_is_saved_and_never_opened(vic):
    run = vic.post("/api/functions/classify", data={"photo": sent()}).json["run"]
    answer = get(vic, vic.get(f"/api/runs/{run}").json["arguments"]["photo"]["$file"])
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "cat.jpg" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.content_type == "image/jpeg"


def test_a_file_of_html_is_just_bytes(eve):
    result = eve.post("/api/functions/page", json={"html": "<script>1</script>"}).json["result"]
    answer = get(eve, result["$file"])
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert eve.get(result["$file"].replace("/api", "") + "/preview").status_code == 404


def test_a_preview_is_made_anew(vic):
    hidden = CAT + pictures.HTML
    run = vic.post("/api/functions/classify", data={"photo": sent(hidden)}).json["run"]
    address = vic.get(f"/api/runs/{run}").json["arguments"]["photo"]["$file"]
    answer = get(vic, address.replace("/api", "") + "/preview")
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert b"<script" not in answer.data
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    again = get(vic, address.replace("/api", "") + "/preview", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_file_is_there_for_those_who_may_see_its_run_and_for_nobody_else(shared, vic, eve):
    data = pictures.picture(size=(91, 61))
    run = vic.post("/api/functions/classify", data={"photo": sent(data)}).json["run"]
    address = vic.get(f"/api/runs/{run}").json["arguments"]["photo"]["$file"]
    for path in (address, address.replace("/api", "") + "/preview"):
        assert [get(shared[who], path).status_code for who in ("viewer", "editor", "other")] == [200, 200, 404]
        assert shared["nobody"].get(path).status_code in {303, 401}
    assert shared["other"].post("/api/functions/classify", json={"photo": {"$file": address}}).status_code == 422


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fstate.db", "A" * 64])
def test_what_is_no_kept_file_is_404(eve, name):
    assert eve.get(f"/api/files/{name}").status_code == 404
    assert eve.get(f"/files/{name}/preview").status_code == 404


def test_the_api_page_shows_how_a_picture_is_sent(vic):
    text = vic.get("/functions/classify/api").get_data(as_text=True)
    for words in ("-F photo=@cat.jpg", "--data-binary @cat.jpg", "frontdesk call classify photo=@cat.jpg"):
        assert words in text
    text = vic.get("/functions/turn/api").get_data(as_text=True)
    assert "-F degrees=90" in text
    assert "--data-binary" not in text


def test_previews_of_what_is_not_sent_yet_may_be_seen_and_nothing_else_is_let_in(vic):
    policy = vic.get("/functions/classify").headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob:;" in policy
    assert policy.count("blob:") == 1


def test_a_picture_sent_twice_with_one_key_makes_one_run(vic):
    headers = {"Idempotency-Key": "cat"}
    first = vic.post("/api/functions/classify", data={"photo": sent()}, headers=headers)
    again = vic.post("/api/functions/classify", data={"photo": sent()}, headers=headers)
    assert first.json["run"] == again.json["run"]


def test_without_pillow_the_page_says_which_command_adds_it(vic, monkeypatch):
    monkeypatch.setattr("frontdesk.functions.media.can_read_images", lambda: False)
    assert "pip install &#39;frontdesk[models]&#39;" in vic.get("/functions/classify").text.replace("'", "&#39;")
