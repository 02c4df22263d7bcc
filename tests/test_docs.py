import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import click
import pytest
from flask import Flask

from frontdesk import cli
from frontdesk.config import HIDDEN, Config

ROOT = Path(__file__).parent.parent
DOCS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
}
EVERYTHING = "\n".join(DOCS.values())


def settings() -> dict[tuple[str, str], object]:
    """Each setting by its section and key, with its default."""
    found: dict[tuple[str, str], object] = {}
    for item in fields(Config):
        section = getattr(Config(Path()), item.name)
        if is_dataclass(section):
            found |= {(item.name, inner.name): getattr(section, inner.name) for inner in fields(section)}
        else:
            found["", item.name] = section
    return {names: default for names, default in found.items() if names[1] not in HIDDEN}


def test_every_setting_stands_in_the_docs_with_its_default_and_its_variable() -> None:
    parts = dict(part.split("\n", 1) for part in DOCS["docs/settings.md"].split("\n## ")[1:])
    for (section, key), default in settings().items():
        lines = parts[f"`[{section}]`" if section else "Top level"].splitlines()
        line = next((line for line in lines if line.startswith(f"| `{key}` |")), "")
        assert line, (section, key)
        if not isinstance(default, Mapping):
            assert "_".join(filter(None, ["FRONTDESK", section.upper(), key.upper()])) in line
            written = repr(default).replace("'", '"')
            assert f"`{written}`" in line.replace("100_000_000", "100000000"), (key, default)


def test_no_setting_that_the_docs_name_is_gone() -> None:
    variables = {"_".join(filter(None, ["FRONTDESK", *names])).upper() for names in settings()}
    named = set(re.findall(r"`(FRONTDESK_[A-Z_]+)`", DOCS["docs/settings.md"]))
    assert named <= variables


def written(rule: str) -> str:
    """A route as the docs write it: `/api/databases/D/tables/T/rows/KEY`."""
    letters = {
        "database": "D",
        "table": "T",
        "key": "KEY",
        "function": "F",
        "run": "ID",
        "change": "CHANGE",
        "sha256": "SHA256",
    }
    rule = rule.replace("<form>", "csv").replace("<kind>", "sqlite")
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda found: letters.get(found[1], "NAME"), rule)


def test_every_route_of_the_api_stands_in_the_docs(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert f"`{method} {written(rule.rule)}`" in DOCS["docs/api.md"], (method, rule.rule)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_stands_in_the_docs(name: str) -> None:
    assert f"frontdesk {name}" in EVERYTHING
    command: click.Command = import_module(cli.COMMANDS[name]).command
    assert command.help


def options_of(command: click.Command) -> set[str]:
    """The long names of its options, those of its commands included."""
    found = {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union(*(options_of(one) for one in below))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_of_every_command_stands_in_the_docs(name: str) -> None:
    command: click.Command = import_module(cli.COMMANDS[name]).command
    lines = [line for line in DOCS["docs/commands.md"].splitlines() if line.startswith(f"    frontdesk {name} ")]
    assert lines
    named = set(re.findall(r"--[a-z-]+", " ".join(lines)))
    assert named == options_of(command)


def test_every_command_that_the_docs_name_is_there() -> None:
    for name, text in DOCS.items():
        for command in re.findall(r"(?:^    |`|\$ )frontdesk ([a-z]+)", text, re.MULTILINE):
            assert command in cli.COMMANDS, (name, command)


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for name, text in DOCS.items():
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / name).parent.joinpath(target).exists(), (name, target)


def test_every_test_that_the_docs_name_is_there() -> None:
    for name, text in DOCS.items():
        for path, test in re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", text):
            assert (ROOT / path).exists(), (name, path)
            assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), (name, test)
