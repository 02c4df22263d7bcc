"""`frontdesk loggers`: the levels of loggers, shown and set."""

import click

from frontdesk.accounts import audit
from frontdesk.cli import options
from frontdesk.desk import Desk
from frontdesk.logs import loggers


@click.command("loggers")
@click.argument("name", required=False)
@click.argument("level", required=False)
@click.option("--minutes", type=int, metavar="N", help="Only for so long.")
@click.option("--reset", is_flag=True, help="Take back what was set.")
@options.with_json
@options.with_desk
def command(desk: Desk, name: str | None, level: str | None, minutes: int | None, reset: bool, as_json: bool) -> None:
    """Shows the levels of all loggers or of NAME; with LEVEL it sets one, within a second in every process."""
    if name and (level or reset):
        _set(desk, name, None if reset else level, minutes)
    elif minutes is not None or reset:
        raise click.UsageError("--minutes and --reset need the NAME of a logger, --minutes a LEVEL too.")
    listed = loggers.list_all(desk.config, desk.state, desk.read_logs(), [name] if name else [])
    shown = [one for one in listed if name in {None, one.name}]
    if as_json and name and (level or reset):
        options.print_json(vars(shown[0]))
    elif as_json:
        options.print_json({"loggers": [vars(one) for one in shown], "next": None})
    for one in shown if not as_json else ():
        click.echo(f"{one.name:40} {one.effective:8} {one.source}")


def _set(desk: Desk, name: str, level: str | None, minutes: int | None) -> None:
    who = options.caller().name
    if level:
        loggers.set_level(desk.state, name, level, who, minutes)
    else:
        loggers.reset(desk.state, name)
    audit.record(desk.state, who, "logger level", f"{name} {level or 'reset'}")
