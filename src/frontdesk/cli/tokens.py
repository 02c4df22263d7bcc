"""`frontdesk tokens`: how programs sign in."""

import click

from frontdesk.accounts import audit, tokens
from frontdesk.cli import options
from frontdesk.context import ROLES
from frontdesk.desk import Desk


@click.group("tokens")
def command() -> None:
    """Creates, lists and revokes the tokens of a desk."""


@command.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the token may do.")
@click.option("--days", type=int, metavar="N", help="It ends after so many days (default: never).")
@options.with_json
@options.with_desk
def create(desk: Desk, name: str, role: str, days: int | None, as_json: bool) -> None:
    """Creates a token and prints it, this once."""
    secret = tokens.create(desk.state, name, role, options.caller(), days)
    audit.record(desk.state, options.caller().name, "token created", f"{name} ({role})")
    if as_json:
        options.print_json({**vars(tokens.show(desk.state, name)), "token": secret})
    else:
        click.echo(secret)


@command.command("list")
@options.with_json
@options.with_desk
def list_tokens(desk: Desk, as_json: bool) -> None:
    """Lists the tokens, never their secrets."""
    listed = tokens.list_all(desk.state)
    if as_json:
        options.print_json({"tokens": [vars(token) for token in listed], "next": None})
    for token in listed if not as_json else ():
        ends = f" until {token.expires:%Y-%m-%d}" if token.expires else ""
        used = f" used {token.used:%Y-%m-%d %H:%M} UTC" if token.used else " never used"
        click.echo(f"{token.name:30} {token.role:8} {token.prefix}… by {token.maker}{ends}{used}")


@command.command("revoke")
@click.argument("name")
@options.with_json
@options.with_desk
def revoke(desk: Desk, name: str, as_json: bool) -> None:
    """Ends a token at once."""
    tokens.revoke(desk.state, name)
    audit.record(desk.state, options.caller().name, "token revoked", name)
    if as_json:
        options.print_json({"name": name})
    else:
        click.echo(f"Revoked {name}.")
