"""What the next page says about what was just done."""

from flask import flash

from frontdesk import context
from frontdesk.history import changes
from frontdesk.web import current


def say(text: str, undo: str | None = None) -> None:
    """A message for the next page, with a change that can be undone from there."""
    flash({"text": text, "undo": undo}, "done")  # type: ignore[arg-type]


def say_changed(text: str, database: str) -> None:
    """A message with the change that this request made in a database."""
    made = changes.search(current.desk().database(database), request=context.request.get(), size=1).changes
    say(text, made[0].id if made else None)


def say_undone(rows: int, undo: str | None = None, *, redone: bool = False) -> None:
    """A message that so many rows are what they were before; `redone` when what was undone was an undo itself."""
    counted = f": {rows:,} {'row' if rows == 1 else 'rows'}" if rows else ""
    say(f"{'Redone' if redone else 'Undone'}{counted}.", undo)
