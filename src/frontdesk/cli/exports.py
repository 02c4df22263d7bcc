"""`frontdesk export DATABASE [TABLE]`: rows of a table, or a whole database, as a file."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from frontdesk.cli import options
from frontdesk.database import files
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.errors import ConfigError, InputError
from frontdesk.tables import exports
from frontdesk.upkeep import dumps


@click.command("export")
@click.argument("database")
@click.argument("table", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(exports.FORMATS)),
    help="Default: as --output ends, else csv; of a database sqlite.",
)
@click.option("--where", multiple=True, metavar="FILTER", help="Such as age__gt=30; more are all asked for.")
@click.option("--sort", default="", metavar="COLUMNS", help="Such as name,-age.")
@click.option("--search", default="", metavar="WORDS", help="Words that all stand in a row, in whatever column.")
@click.option("--columns", default="", metavar="COLUMNS", help="Only these, with commas between.")
@click.option("--raw", is_flag=True, help="Leave texts that begin like formulas (= + - @) as they are.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Default: stdout."
)
@click.option("--json", "form", flag_value="json", help="As --format json.")
@options.with_desk
def command(
    desk: Desk,
    database: str,
    table: str | None,
    form: str | None,
    where: tuple[str, ...],
    sort: str,
    search: str,
    columns: str,
    raw: bool,
    output: Path | None,
) -> None:
    """Writes the rows of TABLE, however many, to stdout or a FILE; without TABLE all of DATABASE, as sqlite or sql.

    DATABASE is a name of the desk's, or the path of a SQLite file.
    """
    chosen: dict[str, Any] = {"where": _pairs(where), "sort": sort, "search": search, "shown": columns, "raw": raw}
    with opened(desk, database) as place:
        found: exports.Export | dumps.Dump
        if table is None:
            found = _whole(place, form or _ending(output, "sqlite"), chosen)
        else:
            found = exports.export(place, table, form or _ending(output, "csv"), **chosen)
        if output is None:
            with click.open_file("-", "wb") as stdout:
                stdout.writelines(found)
        else:
            _write(found, output)


def _ending(output: Path | None, usual: str) -> str:
    """The format that the file's name ends in, or the usual one."""
    ending = output.suffix[1:].lower() if output else ""
    return "sqlite" if ending == "db" else ending if ending in exports.FORMATS else usual


def _whole(place: Database, form: str, chosen: dict[str, Any]) -> dumps.Dump:
    if any(chosen.values()):
        raise InputError("Filters choose rows of a table.", "Name the TABLE, or leave them out.")
    if form not in dumps.FORMATS:
        raise InputError(f"{form} holds one table.", "Name the TABLE, or take --format sqlite or sql.")
    return dumps.dump(place, form)


def _pairs(where: tuple[str, ...]) -> list[tuple[str, str]]:
    """`age__gt=30` as name and text. Raises InputError for a filter without `=`."""
    for text in where:
        if "=" not in text:
            raise InputError(f"{text!r} is no filter.", "Write column=value or column__gt=value.")
    return [(text.partition("=")[0], text.partition("=")[2]) for text in where]


def _write(found: Iterable[bytes], output: Path) -> None:
    """Writes beside the file first: what does not end leaves the old one as it was."""
    new = output.with_name(f"{output.name}.new")
    try:
        with new.open("wb") as file:
            file.writelines(found)
        os.replace(new, output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def opened(desk: Desk, name: str, *, writes: bool = False) -> Iterator[Database]:
    """A database of the desk, or a file by its path, opened for reading unless `writes`. Raises NotFoundError."""
    path = Path(name)
    if name in desk.databases or not path.is_file() or files.problem(path):
        yield desk.database(name)
        return
    known = next((one for one in desk.databases.values() if one.place == path.resolve()), None)
    if known is not None:
        yield known
        return
    with closing(Database(path.stem, path.resolve(), read_only=not writes)) as database:
        yield database
