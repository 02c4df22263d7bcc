"""The roles by which typed SQL reads PostgreSQL: from the settings, or as `frontdesk check --fix` wrote them down."""

import json
import os
import secrets
import tomllib
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from frontdesk.config import Config
from frontdesk.database.connections import Database

FILE = "readers.toml"


def find(config: Config, database: Database) -> str | None:
    """The URL by which typed SQL reads this PostgreSQL database; None where no role was set up."""
    given = config.queries.readers.get(database.name)
    if given:
        return given
    kept = _kept(config).get(database.name)
    if not isinstance(kept, dict) or not {"user", "password"} <= kept.keys():
        return None
    url = make_url(str(database.place)).set(username=str(kept["user"]), password=str(kept["password"]))
    return url.render_as_string(hide_password=False)


def keep(config: Config, name: str, user: str, password: str) -> Path:
    """Writes down the role of a database, for nobody else to read, and gives the file."""
    path = path_of(config)
    kept = _kept(config) | {name: {"user": user, "password": password}}
    config.state_folder.mkdir(mode=0o700, exist_ok=True)
    new = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("# By `frontdesk check --fix`: the roles by which typed SQL reads.\n")
        file.writelines(_section(*item) for item in sorted(kept.items()))
    os.replace(new, path)
    return path


def path_of(config: Config) -> Path:
    """The file that holds the roles."""
    return config.state_folder / FILE


def _kept(config: Config) -> dict[str, Any]:
    try:
        return tomllib.loads(path_of(config).read_text("utf-8"))
    except (OSError, ValueError):  # as if there were none: `frontdesk check --fix` writes it anew
        return {}


def _section(name: str, role: dict[str, Any]) -> str:
    lines = [f"{key} = {_written(role[key])}" for key in ("user", "password")]
    return "\n".join([f"\n[{_written(name)}]", *lines, ""])


def _written(value: Any) -> str:
    """The text as TOML, which takes JSON's spelling."""
    return json.dumps(str(value), ensure_ascii=False)
