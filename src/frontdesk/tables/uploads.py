"""Files that were sent for import, kept between the preview and the import under names that nobody guesses."""

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.errors import GoneError

SECONDS = 3600
"""How long a file waits for its import."""
PART = 1 << 20

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True)
class Upload:
    """A kept file, and what its sender calls it."""

    token: str
    path: Path
    name: str

    def remove(self) -> None:
        """Forgets it."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".json").unlink(missing_ok=True)


def keep(config: Config, read: Callable[[int], bytes], name: str, by: Caller) -> Upload:
    """Keeps what `read` gives, part by part, until it gives nothing."""
    folder = _folder(config)
    folder.mkdir(mode=0o700, exist_ok=True)
    token = secrets.token_urlsafe(24)
    upload = Upload(token, folder / f"{token}.data", name)
    try:
        with upload.path.open("xb") as file:
            while part := read(PART):
                file.write(part)
        upload.path.with_suffix(".json").write_text(json.dumps({"name": name, "user": by.name}), "utf-8")
    except BaseException:
        upload.remove()
        raise
    return upload


def find(config: Config, token: str, by: Caller) -> Upload:
    """The file of this token. Raises GoneError when it is not there any more, or is another one's."""
    path = _folder(config) / f"{token}.data"
    if _TOKEN.fullmatch(token) and path.exists():
        known = json.loads(path.with_suffix(".json").read_text("utf-8"))
        if known["user"] == by.name:
            return Upload(token, path, known["name"])
    raise GoneError("The file that you sent is not here any more.", "Send it again.")


def forget(config: Config, seconds: float = SECONDS) -> None:
    """Removes files that nobody imported in time."""
    folder = _folder(config)
    old = time.time() - seconds
    for path in folder.iterdir() if folder.exists() else ():
        if path.stat().st_mtime < old:
            path.unlink(missing_ok=True)


def _folder(config: Config) -> Path:
    return config.state_folder / "uploads"
