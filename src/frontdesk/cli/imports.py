"""`frontdesk import FILE… DATABASE`: files of rows become tables, or rows of them."""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from frontdesk.cli import options
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.desk import Desk
from frontdesk.errors import Error
from frontdesk.tables import imports, reports, sources
from frontdesk.tables.formats import encodings, inputs, separated
from frontdesk.tables.imports import Loaded, Wish


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.argument("database")
@click.option("--table", default="", metavar="T", help="The table (default: the file's name without its ending).")
@click.option("--key", multiple=True, metavar="C", help="The column whose values are unique; more for several.")
@click.option(
    "--on-conflict", type=click.Choice(imports.ON_CONFLICT), default="error", help="A key that is there already."
)
@click.option(
    "--bad-lines",
    type=click.Choice(imports.BAD_LINES),
    default="error",
    help="Lines that cannot be loaded: nothing is, or they are kept in a table of their own.",
)
@click.option(
    "--type", "types", multiple=True, metavar="C=TYPE", help="A type instead of the one found, such as zip=TEXT."
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="C=NAME",
    help="The table's column for one of the file's; C= leaves it out.",
)
@click.option("--encoding", default="", help=f"One of {', '.join(encodings.ENCODINGS)} (default: found).")
@click.option("--delimiter", default="", metavar="MARK", help="Of a CSV file: , ; | or tab (default: found).")
@click.option("--empty-text", is_flag=True, help="Empty cells in columns of texts are empty text, not NULL.")
@click.option("--sheet", default="", metavar="NAME", help="The sheet of a spreadsheet, or the file in a zip.")
@options.with_json
@options.with_desk
def command(
    desk: Desk,
    files: tuple[Path, ...],
    database: str,
    table: str,
    key: tuple[str, ...],
    on_conflict: str,
    bad_lines: str,
    types: tuple[str, ...],
    columns: tuple[str, ...],
    encoding: str,
    delimiter: str,
    empty_text: bool,
    sheet: str,
    as_json: bool,
) -> None:
    """Imports FILEs (CSV, TSV, JSON, NDJSON, packed ones, Parquet, xlsx) into DATABASE: all rows, or none.

    A table that is not there is made, with types that all rows fit. DATABASE is a name of the desk's, or the path of a
    SQLite file, made when it is not there.
    """
    chosen, mapped = (dict(text.partition("=")[::2] for text in given) for given in (types, columns))
    with _opened(desk, database) as place:
        for file in files:
            source = sources.open(file, encoding=encoding, delimiter=separated.mark(delimiter), sheet=sheet)
            target = table or sources.table_name(file.name)
            create = target not in schema.tables(place)
            with bar(file.name) as tell, _without_pauses():
                wish = Wish(chosen, create, key, on_conflict, mapped, empty_text, bad_lines, tell)
                done = imports.load(place, source, target, options.caller(), wish)
            if as_json:
                options.print_json(done.json())
            else:
                click.echo(_told(file, done))
                for column in done.columns:
                    if "changed" in column:
                        click.echo(f"{column['name']}: {column['changed']}", err=True)


def _told(file: Path, done: Loaded) -> str:
    rows = "row" if done.inserted == 1 else "rows"
    more = [f", {count:,} {what}" for count, what in ((done.updated, "updated"), (done.ignored, "ignored")) if count]
    told = f"{file.name}: {done.inserted:,} {rows} imported{''.join(more)} into {done.table}."
    return f"{told} {reports.bad(done)}".strip()


@contextmanager
def _opened(desk: Desk, name: str) -> Iterator[Database]:
    """A database of the desk, or a file by its path; one that is made is gone again when nothing could be loaded."""
    if name in desk.databases or not ("." in name or os.sep in name):
        yield desk.database(name)
        return
    path = Path(name)
    files = (one for one in desk.databases.values() if one.dialect == "sqlite")
    known = next((one for one in files if one.path == path.resolve()), None)
    if known is not None:
        yield known
        return
    made = not path.exists()
    database = Database(path.stem, path.resolve(), create=True)
    try:
        yield database
    except Error:
        if made and not schema.tables(database):
            database.close()
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise
    finally:
        database.close()


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Rows hold no rings: looking for such a quarter of the time would find nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def bar(name: str) -> Iterator[imports.Progress]:
    """A bar with rate and time left on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield inputs.silent
        return
    shown = [0.0]
    began = time.monotonic()

    def tell(done: int, size: int, rows: int) -> None:
        now = time.monotonic()
        if now - shown[0] < 0.1 and done < size:
            return
        shown[0] = now
        click.echo("\r" + line(name, done, size, rows, now - began), nl=False, err=True)

    try:
        yield tell
    finally:
        if shown[0]:
            click.echo("\r\x1b[K", nl=False, err=True)


def line(name: str, done: int, size: int, rows: int, seconds: float) -> str:
    """The bar: how much of the file is read, rows, rate and time left."""
    share = min(1.0, done / size) if size else 1.0
    rate = rows / seconds if seconds > 0 else 0.0
    left = seconds * (1 - share) / share if share else 0.0
    filled = round(share * 20)
    return (
        f"{name} [{'#' * filled}{'.' * (20 - filled)}] {share:4.0%}  {rows:,} rows"
        f"  {rate:,.0f} rows/s  {int(left) // 60}:{int(left) % 60:02d} left\x1b[K"
    )
