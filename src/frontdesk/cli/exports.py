"""`frontdesk export DATABASE TABLE`: rows of a table as a file."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from frontdesk.cli import options
from frontdesk.database import files
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.errors import ConfigError, InputError
from frontdesk.tables import exports


@click.command("export")
@click.argument("database")
@click.argument("table")
@click.option("--format", "form", type=click.Choice(list(exports.FORMATS)), help="Default: as --output ends, else csv.")
@click.option("--where", multiple=True, metavar="FILTER", help="Such as age__gt=30; more are all asked for.")
@click.option("--sort", default="", metavar="COLUMNS", help="Such as name,-age.")
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
    table: str,
    form: str | None,
    where: tuple[str, ...],
    sort: str,
    columns: str,
    raw: bool,
    output: Path | None,
) -> None:
    """Writes the rows of TABLE, however many, to stdout or a FILE.

    DATABASE is a name of the desk's, or the path of a SQLite file.
    """
    form = form or (output.suffix[1:] if output and output.suffix[1:] in exports.FORMATS else "csv")
    with opened(desk, database) as place:
        found = exports.export(place, table, form, where=_pairs(where), sort=sort, shown=columns, raw=raw)
        if output is None:
            with click.open_file("-", "wb") as stdout:
                stdout.writelines(found)
        else:
            _write(found, output)


def _pairs(where: tuple[str, ...]) -> list[tuple[str, str]]:
    """`age__gt=30` as name and text. Raises InputError for a filter without `=`."""
    for text in where:
        if "=" not in text:
            raise InputError(f"{text!r} is no filter.", "Write column=value or column__gt=value.")
    return [(text.partition("=")[0], text.partition("=")[2]) for text in where]


def _write(found: exports.Export, output: Path) -> None:
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
