"""`frontdesk logs`: what was logged, and what is being logged."""

import signal
import threading
from types import FrameType

import click

from frontdesk.cli import options
from frontdesk.desk import Desk
from frontdesk.logs import filters, handlers, records
from frontdesk.logs.filters import Filter
from frontdesk.logs.records import Record

SECONDS = 0.25
"""How often `--follow` looks for new records."""

_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command("logs")
@click.option("--level", default="", metavar="LEVEL", help="At least this level, such as WARNING.")
@click.option("--logger", default="", metavar="NAME", help="This logger and its children.")
@click.option("--text", default="", metavar="TEXT", help="Text in the message, whatever its capitals.")
@click.option("--since", default="", metavar="TIME", help="Such as 15m, 2h, 7d or 2026-01-31T14:30:00Z.")
@click.option("--until", default="", metavar="TIME", help="As --since.")
@click.option("--run", default="", metavar="N", help="What one run logged.")
@click.option("--request", default="", metavar="ID", help="What was logged during one web request.")
@click.option("--size", default=100, type=click.IntRange(1, 100_000), help="The latest so many (default: 100).")
@click.option("--follow", is_flag=True, help="Go on with new records until Ctrl-C.")
@options.with_json
@options.with_desk
def command(desk: Desk, size: int, follow: bool, as_json: bool, **given: str) -> None:
    """Shows log records, the latest last; with --json a line of JSON for each."""
    wanted = filters.parse(given)
    database = desk.read_logs()
    last = records.newest(database)
    for record in reversed(records.search(database, wanted, size=size).records):
        _show(record, as_json)
        last = max(last, record.id)
    if follow:
        _follow(desk, wanted, last, as_json)


def _follow(desk: Desk, wanted: Filter, last: int, as_json: bool) -> None:
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    while not stop.wait(SECONDS):
        for record in records.search(desk.read_logs(), wanted, size=1000, after=last).records:
            _show(record, as_json)
            last = record.id


def _show(record: Record, as_json: bool) -> None:
    if as_json:
        options.print_json(vars(record))
        return
    ids = "".join(f" {name}={value}" for name, value in (("run", record.run), ("request", record.request)) if value)
    level = click.style(f"{record.level:8}", fg=_COLOURS.get(record.level))
    when = record.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    text = "\n".join(part for part in (record.message, record.exception) if part)
    click.echo(f"{when} {level} {record.logger} - {handlers.printable(text)}{click.style(ids, dim=True)}")
