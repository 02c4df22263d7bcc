"""`frontdesk serve`: a folder, or single files of one, as a web app."""

import functools
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import click

from frontdesk import config as settings
from frontdesk.accounts import links, users
from frontdesk.cli import options
from frontdesk.config import Config
from frontdesk.database import files, schema
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.errors import ConfigError
from frontdesk.tables import imports, sources
from frontdesk.web import create_app, serving

SUFFIXES = (*files.SUFFIXES, *imports.SUFFIXES, ".py")
Tell = Callable[[str], object]
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Plan:
    """What each process needs to know to serve the same desk."""

    folder: Path
    overrides: Mapping[str, Any]
    hosts: tuple[str, ...] | None  #: names that may stand in a request's Host header; None is any


@click.command("serve")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option(
    "--desk", default=".", envvar="FRONTDESK_DESK", metavar="FOLDER", help="The folder, where no PATH is given."
)
@click.option("--host", help="Address to listen on (default: 127.0.0.1, this machine only).")
@click.option("--port", type=int, help="Port to listen on (default: 8000).")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes for functions, of each web process (2).")
@click.option("--processes", type=click.IntRange(min=1), help="Web processes over one port (default: 1).")
@click.option("--read-only", is_flag=True, default=None, help="Nothing in the databases can be changed.")
@click.option("--reload", is_flag=True, help="Replace the table of a CSV file that is newer; it can be undone.")
@click.option("--server", type=click.Choice(["waitress", "granian"]), help="Which server answers (default: waitress).")
@options.with_json
def command(
    paths: tuple[Path, ...],
    desk: str,
    host: str | None,
    port: int | None,
    workers: int | None,
    processes: int | None,
    read_only: bool | None,
    reload: bool,
    server: str | None,
    as_json: bool,
) -> None:
    """Serves a desk: the folder PATH, or only the files named by PATH. A CSV file becomes a table of a database."""
    tell = _tell_aside if as_json else click.echo
    folder, only = find(paths or (Path(desk),), reload=reload, read_only=bool(read_only), tell=tell)
    given = {"host": host, "port": port, "processes": processes, "server": server}
    overrides: dict[str, Any] = {"server": {name: value for name, value in given.items() if value is not None}}
    overrides |= {"functions": {"workers": workers}} if workers else {}
    overrides |= {"only": only} if only else {}
    overrides |= {"read_only": True} if read_only else {}
    opened = Desk(folder, **overrides)
    try:
        listener = serving.listen(opened.config.server.host, opened.config.server.port)
        address = serving.address(listener)
        link = None if users.exist(opened.state) else first_link(address, links.create(opened.state))
        _tell_start(as_json, opened.folder, address, link)
        config = opened.config
    finally:
        opened.close()
    run(config, overrides, listener, bool if as_json else tell_ready)


def _tell_start(as_json: bool, folder: Path, address: str, link: str | None) -> None:
    if as_json:
        options.print_json({"folder": folder, "address": address, "first_admin": link})
        return
    click.echo(f"Frontdesk serves {folder} at {address}")
    if link:
        click.echo(f"Make the first admin here, within 30 minutes: {link}")


def tell_ready() -> None:
    """Said when signals are heard and requests answered."""
    click.echo("Ctrl-C stops it.")


def _tell_aside(sentence: str) -> None:
    click.echo(sentence, err=True)


def find(
    paths: tuple[Path, ...], *, reload: bool = False, read_only: bool = False, tell: Tell = click.echo
) -> tuple[Path, tuple[str, ...]]:
    """The desk's folder and the names of the files to show, all when empty. Raises ConfigError.

    `reload` puts the rows of a CSV file that is newer than its database in place of those of its table. Where the desk
    is `read_only`, by this or by its settings, no database that is there is written: PermissionDenied.
    """
    for path in paths:
        if not path.exists():
            raise ConfigError(f"There is no file or folder {path}.", "Name a folder, or files of one.")
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0], ()
    folder = paths[0].parent
    for path in paths:
        if path.is_dir() or path.suffix.lower() not in SUFFIXES:
            raise ConfigError(f"{path} cannot be served by itself.", f"Files end in {', '.join(SUFFIXES)}.")
        if path.parent.resolve() != folder.resolve():
            raise ConfigError(f"{path} lies in another folder than {paths[0]}.", "Serve files of one folder at a time.")
        if path.suffix.lower() in files.SUFFIXES and (problem := files.problem(path)):
            raise ConfigError(problem, "Name a database, or a CSV file to make one of.")
    read_only = read_only or settings.load(folder).read_only
    loads = [path.suffix.lower() in imports.SUFFIXES for path in paths]
    return folder, tuple(
        _load(path, reload, read_only, tell) if loaded else path.name for path, loaded in zip(paths, loads, strict=True)
    )


def _load(path: Path, reload: bool, read_only: bool, tell: Tell) -> str:
    """The name of the database beside the CSV file that has it as a table; made when it is not there."""
    target = path.with_suffix(".db")
    name = path.stem
    if target.exists():
        with closing(Database(name, target, read_only=read_only)) as database:
            if name in schema.tables(database):
                if path.stat().st_mtime > target.stat().st_mtime:
                    _tell_newer(database, path, reload, tell)
                return target.name
            rows = _load_into(database, path)
    else:
        rows = _load_new(path, target)
    tell(f"Loaded {rows:,} rows of {path.name} into {target.name}.")
    return target.name


def _tell_newer(database: Database, path: Path, reload: bool, tell: Tell) -> None:
    target = database.path
    if not reload:
        click.echo(f"{path.name} is newer than {target.name}, which is served as it is; --reload loads it.", err=True)
        return
    done = imports.replace(database, sources.open(path), path.stem, options.caller())
    os.utime(target)  # a change may stay beside the file, in its write-ahead log
    tell(f"Replaced the rows of {path.stem} by the {done.inserted:,} of {path.name}, which can be undone.")


def _load_new(path: Path, target: Path) -> int:
    """Loads under another name first, so that what cannot be loaded leaves no half of a database."""
    new = target.with_name(target.name + ".new")
    try:
        with closing(Database(path.stem, new, create=True)) as database:
            rows = _load_into(database, path)
        os.replace(new, target)
    finally:
        for suffix in ("", "-wal", "-shm"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)
    return rows


def _load_into(database: Database, path: Path) -> int:
    wish = imports.Wish(create=True)
    return imports.load(database, sources.open(path), path.stem, options.caller(), wish).inserted


def first_link(address: str, secret: str) -> str:
    """Where the first admin is made."""
    return f"{address}welcome/{secret}"


def run(
    config: Config, overrides: Mapping[str, Any], listener: socket.socket, ready: Callable[[], object] = bool
) -> None:
    """Serves the desk until it is told to stop."""
    server = config.server
    plan = Plan(config.folder, overrides, _hosts(config, listener))
    alone = server.processes == 1 and server.server == "waitress"
    around: Callable[[], AbstractContextManager[object]] = nullcontext if alone else functools.partial(kept, plan)
    serving.serve(
        functools.partial(opened, plan, alone),
        listener,
        server=server.server,
        processes=server.processes,
        limits=serving.Limits(server.threads, server.max_body),
        around=around,
        ready=ready,
    )


@contextmanager
def opened(plan: Plan, alone: bool) -> Iterator[WSGIApplication]:
    """The application of one web process; the only one (`alone`) also does what goes by the clock."""
    desk = Desk(plan.folder, **plan.overrides)
    try:
        desk.start("web", empties=alone)
        if alone:
            desk.keep()
        yield create_app(desk, trusted_hosts=list(plan.hosts) if plan.hosts else None)
    finally:
        desk.close()


@contextmanager
def kept(plan: Plan) -> Iterator[None]:
    """What the parent of several web processes does: the clock's work, and the emptying of the log file."""
    desk = Desk(plan.folder, **plan.overrides)
    try:
        desk.watch("main", empties=True)
        desk.keep()
        yield
    finally:
        desk.close()


def _hosts(config: Config, listener: socket.socket) -> tuple[str, ...] | None:
    """Who listens on this machine only is asked by its names only: another name is a site that points here."""
    named = tuple(config.server.trusted_hosts)
    loopback = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    return (*LOOPBACK, *named) if loopback or named else None
