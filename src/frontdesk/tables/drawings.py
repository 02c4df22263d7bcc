"""Drawings: a chart as a Vega-Lite specification, whose field names are ours alone and need no escape."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontdesk.tables.figures import Chart

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MOST_BARS = 50
"""Bars of texts that are drawn, the largest; the table beneath has all."""
LONGEST = 60
"""Characters of a text beside a bar or in a legend."""
HEIGHT = 340
BAR = 24
"""Pixels of height that a bar to the right takes."""
TICKS = 40
"""Marks at an axis of times."""
OTHER = "(other)"

INHERITED = {
    *("__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"),
    *("toString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
}
"""Names that every object has in JavaScript: Vega takes a title of such a name for what the object has under it, and
a space of no width makes it a plain text again."""

_FORMS = {"hour": "%d %b %Y %H:%M", "day": "%d %b %Y", "week": "week of %d %b %Y", "month": "%b %Y", "year": "%Y"}
_DAYS = {"day": 1, "week": 7}


def spec(chart: "Chart") -> dict[str, Any]:
    """The drawing, with its data; it fills the width that it is given."""
    drawn = _drawn(chart)
    encoding: dict[str, Any] = {"tooltip": {"field": "tip"}} | _axes(chart, drawn)
    if chart.kind not in {"line", "area"}:  # of these a text of its own would make every point a line
        encoding["description"] = {"field": "tip"}
    if chart.colour:
        # A domain is taken as it is; sorted by a list, each label would become part of an expression.
        scale = {"scale": {"domain": _order(chart)}}
        encoding["color"] = {"field": "colour", "type": "nominal", "title": chart.colour.name, **scale}
        if chart.kind not in {"line", "scatter"}:
            encoding["order"] = {"field": "rank", "type": "quantitative"}
    _title(encoding)
    return {
        "$schema": SCHEMA,
        "description": description(chart),
        "width": "container",
        "height": {"step": BAR // 2 if "yOffset" in encoding else BAR} if _lies(chart) else HEIGHT,
        "autosize": {"type": "fit-x" if _lies(chart) else "fit", "contains": "padding"},
        "data": {"values": drawn},
        "mark": _mark(chart),
        "encoding": encoding,
    }


def _title(encoding: dict[str, Any]) -> None:
    """Has axes and the legend carry their titles themselves; a field's own becomes a key of an object in Vega-Lite."""
    for channel, guide in (("x", "axis"), ("y", "axis"), ("color", "legend")):
        if "title" in encoding.get(channel, {}):
            title = encoding[channel].pop("title")
            title = f"{title}\u200b" if title in INHERITED else title
            encoding[channel][guide] = encoding[channel].get(guide, {}) | {"title": title}


def description(chart: "Chart") -> str:
    """The chart in a few words: `sum of sales by month of date`."""
    what = f"{chart.measure} by {f'{chart.bucket} of ' if chart.bucket else ''}{chart.x.name}"
    what = f"{chart.measure} against {chart.x.name}" if chart.kind == "scatter" else what
    return what + (f" and {chart.colour.name}" if chart.colour else "")


def _lies(chart: "Chart") -> bool:
    """Whether bars go to the right, so that texts beside them can be read."""
    return chart.kind == "bar" and chart.x.kind == "category"


def _mark(chart: "Chart") -> dict[str, Any]:
    if chart.kind in {"bar", "histogram"}:
        return {"type": "bar"} if _lies(chart) else {"type": "bar", "orient": "vertical"}
    if chart.kind == "scatter":
        return {"type": "point", "filled": True}
    return {"type": chart.kind, "point": len(chart.data) <= 60, "invalid": "filter"}


def _axes(chart: "Chart", drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    x: dict[str, Any] = {"field": "x", "title": chart.x.name}
    y: dict[str, Any] = {"field": "y", "type": "quantitative", "title": chart.measure}
    if all(isinstance(one["y"], int) for one in chart.data if one["y"] is not None):
        y["axis"] = {"tickMinStep": 1, "format": ",d"}
    if chart.x.kind == "time":
        x["axis"] = _time_axis(chart, drawn)
    elif chart.x.whole and chart.x.kind == "number":
        x["axis"] = {"tickMinStep": 1}
    if chart.kind == "scatter":
        y |= {"scale": {"zero": False}}
        assert chart.y
        if chart.y.kind == "time":
            y |= {"type": "temporal", "scale": {"type": "utc"}, "axis": {}}
    elif chart.aggregate in {"count", "sum"}:
        y |= {"stack": "zero"} if chart.kind != "line" else {}
    else:
        y |= {"stack": None}
    if _lies(chart):
        return {"y": x | {"type": "nominal", "sort": None, "title": None}, "x": y, **_beside(chart)}
    if chart.x.kind == "time":
        ends = {"x2": {"field": "x_end"}} if chart.kind in {"bar", "histogram"} else {}
        return {"x": x | {"type": "temporal", "scale": {"type": "utc"}}, "y": y, **ends}
    if chart.step is not None and chart.kind in {"bar", "histogram"}:
        return {"x": x | {"type": "quantitative", "bin": "binned"}, "x2": {"field": "x_end"}, "y": y}
    if chart.x.kind == "number" and chart.kind == "bar":
        return {"x": x | {"type": "ordinal"}, "y": y, **_beside(chart)}
    if chart.x.kind == "number":
        return {"x": x | {"type": "quantitative", "scale": {"zero": False}}, "y": y}
    return {"x": x | {"type": "nominal", "sort": None, "axis": {"labelAngle": -40}}, "y": y}


def _time_axis(chart: "Chart", drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Ticks where buckets begin, no closer than can be read."""
    axis: dict[str, Any] = {"labelOverlap": "greedy", "labelSeparation": 10}
    if chart.bucket is None:
        return axis
    begins = sorted({one["x"] for one in drawn})
    seldom = begins[:: -(-len(begins) // TICKS)] if begins else []
    return axis | {
        "values": [_tick(datetime.fromisoformat(one)) for one in seldom],
        "format": _FORMS[chart.bucket].removeprefix("week of "),
    }


def _tick(moment: datetime) -> dict[str, Any]:
    """A time as Vega-Lite's own object: its interpreter does not read milliseconds."""
    return {"year": moment.year, "month": moment.month, "date": moment.day, "hours": moment.hour, "utc": True}


def _beside(chart: "Chart") -> dict[str, Any]:
    """Bars that do not add up stand beside each other."""
    if not chart.colour or chart.aggregate in {"count", "sum"}:
        return {}
    return {"yOffset" if _lies(chart) else "xOffset": {"field": "colour", "scale": {"domain": _order(chart)}}}


def _order(chart: "Chart") -> list[str]:
    """The labels of the colours in the order of their sums, the largest first and all others last."""
    assert chart.colour
    totals: dict[str, float] = {}
    for one in chart.data:
        label = _cut(_colour(chart, one))
        totals[label] = totals.get(label, 0) + (one["y"] if isinstance(one["y"], (int, float)) else 0)
    return sorted(totals, key=lambda label: (label == OTHER, -totals[label], label))


def _drawn(chart: "Chart") -> list[dict[str, Any]]:
    data = chart.data
    if _lies(chart):
        totals: dict[str, float] = {}
        for one in data:
            label = category(one["x"])
            totals[label] = totals.get(label, 0) + abs(one["y"] or 0)
        kept = sorted(totals, key=lambda label: -totals[label])[:MOST_BARS]
        order = {label: place for place, label in enumerate(kept)}
        data = sorted((one for one in data if category(one["x"]) in order), key=lambda one: order[category(one["x"])])
    elif chart.x.kind != "category":
        data = [one for one in data if one["x"] is not None]
    if not chart.colour:
        return [_value(chart, one) for one in data]
    ranks = {label: rank for rank, label in enumerate(_order(chart))}
    return [_value(chart, one) | {"rank": ranks[_cut(_colour(chart, one))]} for one in data]


def _value(chart: "Chart", one: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"x": one["x"], "y": one["y"]}
    if chart.x.kind == "category":
        made["x"] = _cut(category(one["x"]))
    if chart.x.kind == "time":
        made |= {"x": _moment(one["x"]), "x_end": _end(chart, one["x"])}
    if "x_end" in one:
        # A line has one place for each bin: its middle.
        between = chart.kind not in {"bar", "histogram"}
        made |= {"x": (one["x"] + one["x_end"]) / 2} if between else {"x_end": one["x_end"]}
    if chart.kind == "scatter" and chart.y and chart.y.kind == "time":
        made["y"] = _moment(one["y"])
    if chart.colour:
        made["colour"] = _cut(_colour(chart, one))
    return made | {"tip": "\n".join(": ".join(pair) for pair in told(chart, one))}


def told(chart: "Chart", one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a group or point is, as pairs of a name and a text, the measure last."""
    found = [(chart.x.name, place(chart, one))]
    if chart.colour:
        found.append((chart.colour.name, _colour(chart, one)))
    value = one["y"]
    return [*found, (chart.measure, _text_of(value) if isinstance(value, str) else number(value))]


def place(chart: "Chart", one: Mapping[str, Any]) -> str:
    """The x of a group or point as a text."""
    value = one["x"]
    if "x_end" in one and value is not None:
        last = one["x_end"] - 1 if chart.x.whole else None
        if last is not None and last == value:
            return number(value)
        return f"{number(value)} – {number(one['x_end'] if last is None else last)}"
    if value is None or chart.x.kind == "category":
        return category(value)
    if chart.x.kind == "time":
        return _moment_text(value, chart.bucket)
    return number(value)


def colour(chart: "Chart", one: Mapping[str, Any]) -> str:
    """The value by which a group or point is coloured, as a text."""
    return _colour(chart, one)


def _colour(chart: "Chart", one: Mapping[str, Any]) -> str:
    return OTHER if one["other"] else category(one["colour"])


def category(value: Any) -> str:
    """A value of a category as a text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "(bytes)"
    return "(empty)" if value == "" else str(value)


def number(value: Any) -> str:
    """A number as a person reads it: `1,234.5`; empty for none."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.6g}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _text_of(value: str) -> str:
    return _moment_text(value, None)


def _moment_text(value: str, bucket: str | None) -> str:
    """A time as a person reads it."""
    form = _FORMS[bucket or ("hour" if len(value) > 10 else "day")]
    return datetime.fromisoformat(value).strftime(form)


def _moment(value: str) -> str:
    """A time as JavaScript reads it in UTC."""
    return f"{value}Z" if len(value) > 10 else value


def _end(chart: "Chart", value: str) -> str:
    """Where a bucket ends."""
    if len(value) > 10:
        return value[:11] + value[11:13] + ":59:59Z"
    start = date.fromisoformat(value)
    try:
        if chart.bucket in _DAYS:
            return date.fromordinal(start.toordinal() + _DAYS[chart.bucket]).isoformat()
        if chart.bucket == "year":
            return start.replace(year=start.year + 1).isoformat()
        later = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return later.isoformat()
    except ValueError:  # the year 9999
        return value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
