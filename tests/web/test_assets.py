"""The front end as it is installed and served: its bundles, and what a strict policy forbids in templates."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment, nodes

from frontdesk.web import rendering

ROOT = Path(__file__).parents[2]
DIST = Path("src/frontdesk/web/static/dist")
TEMPLATES = sorted(rendering.STATIC.with_name("templates").rglob("*.html"))
ICON_PLACE = {"icon": 0, "button": 1, "link_button": 2, "entry": 2}
TAG = re.compile(r"<[a-zA-Z][^<>]*>")
ATTRIBUTE = re.compile(r'\s[\w:-]+="[^"]*"')

pytestmark = pytest.mark.skipif(not (ROOT / "hatch_build.py").exists(), reason="no source tree: run it in a clone")


# The build


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the package is built from, without bundles."""
    made = tmp_path / "tree"
    unwanted = shutil.ignore_patterns("__pycache__", "dist", "node_modules", "templates")
    for name in ("src", "frontend"):
        shutil.copytree(ROOT / name, made / name, ignore=unwanted)
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, made / name)
    return made


def build(tree: Path, assets: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Builds a wheel on a machine without Node, as pip would."""
    (tree / "no-programs").mkdir(exist_ok=True)
    given = {**os.environ, "PATH": str(tree / "no-programs"), "FRONTDESK_ASSETS": assets, **environment}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "made"]
    return subprocess.run(command, cwd=tree, env=given, capture_output=True, text=True, timeout=60)


def wheel_names(tree: Path) -> list[str]:
    (wheel,) = (tree / "made").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


def put_bundles(tree: Path) -> None:
    """Bundles as a build with Node leaves them."""
    code = "import hatch_build, json; print(json.dumps({'inputs': hatch_build.stamp()}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=True)
    (tree / DIST).mkdir()
    (tree / DIST / "stamp.json").write_text(done.stdout)
    (tree / DIST / "manifest.json").write_text('{"app.js": "app-1.js"}')
    (tree / DIST / "app-1.js").write_text("built before")


def test_without_node_the_package_is_built_and_one_line_says_what_it_lacks(tree):
    done = build(tree)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "bundles" in line]
    assert len(said) == 1
    assert "Node.js 20 or newer with npm was not found" in said[0]
    assert "frontdesk/web/static/frontdesk.js" in wheel_names(tree)


def test_a_required_bundle_that_is_missing_fails_the_build(tree):
    done = build(tree, "require")
    assert done.returncode != 0
    assert "The bundles of the front end are missing" in done.stderr
    assert not list(tree.glob("made/*.whl"))


def test_bundles_of_the_same_sources_are_taken_as_they_are(tree):
    put_bundles(tree)
    done = build(tree, "require")
    assert done.returncode == 0, done.stderr
    assert "frontdesk/web/static/dist/app-1.js" in wheel_names(tree)
    assert (tree / DIST / "app-1.js").read_text() == "built before"


def test_bundles_of_changed_sources_are_built_anew(tree):
    put_bundles(tree)
    (tree / "frontend" / "src" / "app.js").write_text("// changed")
    assert build(tree, "require").returncode != 0


def test_a_bundle_that_was_deleted_is_built_anew(tree):
    put_bundles(tree)
    (tree / DIST / "app-1.js").unlink()
    assert build(tree, "require").returncode != 0


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is missing: sudo apt-get install npm")
def test_a_registry_that_cannot_be_reached_costs_a_line_and_not_the_installation(tree):
    npm = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_cache": str(tree / "cache")}
    done = build(tree, PATH=os.environ["PATH"], **npm)
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stderr.splitlines() if "bundles" in line]) == 1
    assert not (tree / DIST).exists()


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (ROOT / "frontend" / "package-lock.json").read_text()


# Pages without bundles


def test_every_page_opens_without_bundles(client: Callable[[str], FlaskClient], monkeypatch):
    monkeypatch.setattr(rendering, "_manifest", dict)
    admin = client("admin")
    seen: set[str] = set()
    waiting = ["/"]
    while waiting and len(seen) < 60:
        path = waiting.pop(0)
        if path in seen or path.startswith("/api/"):
            continue
        seen.add(path)
        with admin.get(path) as answer:
            assert answer.status_code in {200, 303}, f"{path}: {answer.status}"
            text = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        assert "/dist/" not in text
        waiting += [unescape(link).partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', text)]
    assert len(seen) > 10


# Templates under a strict policy


def _tags(path: Path) -> Iterator[str]:
    """The HTML tags of a template; what Jinja fills in is left out."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", path.read_text(), flags=re.DOTALL)
    yield from TAG.findall(re.sub(r"\{\{.*?\}\}", "X", text, flags=re.DOTALL))


def _each(parameter: str = "path") -> pytest.MarkDecorator:
    folder = rendering.STATIC.with_name("templates")
    return pytest.mark.parametrize(
        parameter, TEMPLATES, ids=[path.relative_to(folder).as_posix() for path in TEMPLATES]
    )


@_each()
def test_a_template_has_neither_inline_style_nor_inline_script(path):
    for tag in _tags(path):
        assert not re.match(r"<style\b", tag), tag
        assert not re.match(r"<script\b(?!.*\bsrc=)", tag), tag
        assert not re.search(r'\s(style|on\w+|hx-on[\w:-]*)=|="\s*javascript:', tag, re.IGNORECASE), tag


@_each()
def test_every_attribute_of_a_template_is_quoted(path):
    for tag in _tags(path):
        assert "=" not in ATTRIBUTE.sub("", tag), tag


@_each()
def test_no_template_turns_escaping_off(path):
    tree = Environment(autoescape=True).parse(path.read_text())
    assert "safe" not in {one.name for one in tree.find_all(nodes.Filter)}
    assert "autoescape" not in path.read_text()


@_each()
def test_no_link_of_a_template_leaves_the_host(path):
    for tag in _tags(path):
        assert not re.search(r'="\s*(\w+:)?//', tag), tag


@_each()
def test_every_icon_that_a_template_names_is_in_the_sprite(path):
    known = (ROOT / "frontend" / "src" / "icons.txt").read_text().split()
    for call in Environment().parse(path.read_text()).find_all(nodes.Call):
        name = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
        place = ICON_PLACE.get(name, len(call.args))
        given = call.args[place:][:1] + [one.value for one in call.kwargs if one.key == "icon_name"]
        for one in given:
            if isinstance(one, nodes.Const) and one.value:
                assert one.value in known
