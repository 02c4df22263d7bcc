"""`frontdesk copy SOURCE TARGET`: a database or a whole desk from SQLite to PostgreSQL, and back."""

import json
import re
from contextlib import ExitStack, closing
from pathlib import Path

import click

from frontdesk import config, urls
from frontdesk.cli import imports, options
from frontdesk.database import files
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.errors import ConfigError, InputError, NotFoundError
from frontdesk.upkeep import copies
from frontdesk.upkeep.copies import Copied


@click.command("copy")
@click.argument("source")
@click.argument("target")
@click.option("--as-text", is_flag=True, help="Keep columns as text whose values fit no type of the other engine.")
@options.with_json
@options.with_desk
def command(desk: Desk, source: str, target: str, as_text: bool, as_json: bool) -> None:
    """Carries SOURCE to TARGET: from SQLite to PostgreSQL or back, all or nothing, and proves that both are equal.

    SOURCE is a database by its name in the desk, the path of a SQLite file or a URL, or a desk's folder. TARGET is a
    new file, a URL or a name in the desk; of a desk a URL or a new folder. SOURCE stays as it is.
    """
    place = _target(desk, target)
    if _is_folder(desk, source):
        done = copies.copy_desk(config.load(source), place, imports.bar, as_text=as_text)
    elif isinstance(place, Path) and place.is_dir():
        raise InputError(f"{target} is a folder.", "Name a file for the database, such as shop.db.")
    else:
        with ExitStack() as stack:
            done = [copies.copy(_source(desk, source, stack), place, imports.bar, as_text=as_text)]
    if as_json:
        options.print_json({"databases": [one.json() | {"place": urls.masked(one.place)} for one in done]})
    else:
        _show(done, place, whole=len(done) > 1)


def _is_folder(desk: Desk, name: str) -> bool:
    return name not in desk.databases and not urls.names_one(name) and Path(name).is_dir()


def _source(desk: Desk, name: str, stack: ExitStack) -> Database:
    """A database of the desk, a file, or one on a server."""
    if name in desk.databases:
        return desk.database(name)
    if urls.names_one(name):
        url = urls.postgresql("SOURCE", name)
        return stack.enter_context(closing(Database(urls.database(url), url, read_only=True)))
    path = Path(name)
    if not path.is_file():
        raise NotFoundError(f"There is no database {name!r}.", "Write a name of the desk's, a file, a folder or a URL.")
    if problem := files.problem(path):
        raise ConfigError(problem)
    return stack.enter_context(closing(Database(path.stem, path.resolve(), read_only=True)))


def _target(desk: Desk, name: str) -> Path | str:
    if urls.names_one(name):
        return urls.postgresql("TARGET", name)
    if name in desk.databases:
        place = desk.database(name).place
        return place if isinstance(place, Path) or urls.is_server(place) else Path(place)
    return Path(name).absolute()


def _show(done: list[Copied], place: Path | str, *, whole: bool) -> None:
    width = max((len(one.table) for copied in done for one in copied.tables), default=5)
    for copied in done:
        if copied.tables:
            click.echo(f"{copied.database}\n  {'table':{width}}  {'rows':>12}  {'checksum':32}  same")
        for proof in copied.tables:
            click.echo(f"  {proof.table:{width}}  {proof.rows:>12,}  {proof.checksum}  {'yes' if proof.same else 'no'}")
        if copied.changes:
            click.echo(f"  and {copied.changes:,} {'change' if copied.changes == 1 else 'changes'} of its history")
        for note in copied.notes:
            click.echo(f"{copied.database}: {note}", err=True)
    if whole:
        _tell_settings(done, place)


def _tell_settings(done: list[Copied], place: Path | str) -> None:
    if isinstance(place, Path):
        click.echo(f"\nPut function files, models, pages and frontdesk.toml without its URLs into {place.name}.")
        return
    click.echo(
        "\nWrite into frontdesk.toml (the password in place of ***), and move the .db files away:\n\n[databases]"
    )
    for copied in done:
        click.echo(f'{_key(copied.database)} = "{urls.masked(copied.place)}"')


def _key(name: str) -> str:
    """The name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
