"""Guesses: what is drawn of which columns where nobody has chosen."""

from collections.abc import Mapping

from frontdesk.database.schema import Table
from frontdesk.errors import InputError
from frontdesk.tables.figures import Chart, Wish
from frontdesk.tables.scales import Scale


def plan(table: Table, wish: Wish, known: Mapping[str, Scale]) -> Chart:
    """What is drawn of which columns, before anything is counted. Raises InputError."""
    kind, x, y = _columns_of(table, wish, known)
    if kind == "scatter":
        return Chart(table, kind, x, y, None, known[wish.colour] if wish.colour else None)
    aggregate = "count" if kind == "histogram" else wish.aggregate or ("sum" if y else "count")
    if aggregate != "count" and y is None:
        y = next(iter(_quantities(known, x)), None)
        if y is None:
            raise InputError(errors={"_y": f"Choose a column of numbers to take the {aggregate} of."})
    if aggregate != "count" and y and y.kind != "number":
        raise InputError(errors={"_y": f"{y.name} holds no numbers to take the {aggregate} of: count its rows."})
    colour = known[wish.colour] if wish.colour else None
    return Chart(table, kind, x, None if kind == "histogram" else y, aggregate, colour)


def _columns_of(table: Table, wish: Wish, known: Mapping[str, Scale]) -> tuple[str, Scale, Scale | None]:
    """The kind, x and y, guessed where nothing is chosen."""
    if not known:
        raise InputError(f"{table.name} has no column that can be drawn.", "Charts need numbers, dates or texts.")
    y = known[wish.y] if wish.y else None
    if not (wish.kind or wish.x):
        guessed = _guess(known)
        if not (wish.y or wish.aggregate or wish.colour):
            return guessed
        x = guessed[1] if y is None or guessed[1] != y else next((one for one in known.values() if one != y), y)
        return ("line" if x.kind == "time" else "bar", x, y)
    x = known[wish.x] if wish.x else _x_for(wish.kind, known)
    kind = wish.kind or _kind_for(x, y)
    if kind == "scatter" and y is None:
        y = next(iter(_quantities(known, x)), None)
        if y is None:
            raise InputError(errors={"_y": "A scatter chart needs a second column of numbers."})
    if kind == "scatter" and y and y.kind == "category":
        raise InputError(errors={"_y": f"{y.name} holds texts: choose a column of numbers or dates."})
    if kind == "histogram" and x.kind == "category":
        raise InputError(errors={"_x": f"A histogram needs numbers or dates, and {x.name} holds neither: choose bar."})
    return kind, x, y


def _guess(known: Mapping[str, Scale]) -> tuple[str, Scale, Scale | None]:
    every = list(known.values())
    times = [one for one in every if one.kind == "time"]
    groups = [one for one in every if one.groups and not one.names_rows] or [one for one in every if one.groups]
    numbers = _quantities(known)
    if times:
        return "line", times[0], numbers[0] if numbers else None
    if groups:
        return "bar", groups[0], None
    if len(numbers) > 1:
        return "scatter", numbers[0], numbers[1]
    if numbers:
        return "histogram", numbers[0], None
    return "bar", next((one for one in every if one.kind == "category" and not one.names_rows), every[0]), None


def _quantities(known: Mapping[str, Scale], besides: Scale | None = None) -> list[Scale]:
    return [one for one in known.values() if one.kind == "number" and not one.names_rows and one != besides]


def _kind_for(x: Scale, y: Scale | None) -> str:
    if x.kind == "time":
        return "line"
    if x.kind == "number":
        return "scatter" if y and y.kind == "number" else "histogram"
    return "bar"


def _x_for(kind: str, known: Mapping[str, Scale]) -> Scale:
    """The column that suits a kind best."""
    every = list(known.values())
    numbers = _quantities(known)
    times = [one for one in every if one.kind == "time"]
    groups = [one for one in every if one.groups]
    texts = [one for one in every if one.kind == "category"]
    order = {"histogram": [*numbers, *times], "scatter": [*numbers, *times], "bar": [*groups, *times, *texts, *numbers]}
    best = order.get(kind, [*times, *numbers, *groups, *texts]) or every
    if kind == "histogram" and best[0].kind == "category":
        raise InputError(errors={"_x": "A histogram needs a column of numbers or dates."})
    return best[0]
