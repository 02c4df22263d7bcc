"""Draws what a training wrote: python plots.py OUT. The curve goes to curve.svg beside this file."""

import argparse
import json
from pathlib import Path

WIDE, HIGH, EDGE = 720, 320, 48
INK, LOSS, RIGHT = "#57606a", "#b35900", "#1f5fd0"
LOSSES, RIGHTS = (0.1, 0.9), (0.8, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the folder with curve.jsonl")
    lines = [json.loads(line) for line in (parser.parse_args().out / "curve.jsonl").read_text().splitlines()]
    Path(__file__).with_name("curve.svg").write_text(_curve(lines))


def _curve(lines: list[dict[str, float]]) -> str:
    last = lines[-1]["epoch"]
    marks = [f'<text x="{EDGE}" y="20" fill="{RIGHT}">right on 1,000 held-out photographs (left)</text>']
    marks += [f'<text x="{WIDE - EDGE}" y="20" fill="{LOSS}" text-anchor="end">training loss (right)</text>']
    for step in range(5):
        y = HIGH - EDGE - step / 4 * (HIGH - 2 * EDGE)
        right = RIGHTS[0] + step / 4 * (RIGHTS[1] - RIGHTS[0])
        loss = LOSSES[0] + step / 4 * (LOSSES[1] - LOSSES[0])
        marks += [f'<path d="M{EDGE} {y}H{WIDE - EDGE}" stroke="{INK}" stroke-opacity=".2"/>']
        marks += [f'<text x="{EDGE - 8}" y="{y + 4}" text-anchor="end" fill="{INK}">{right:.0%}</text>']
        marks += [f'<text x="{WIDE - EDGE + 8}" y="{y + 4}" fill="{INK}">{loss:.1f}</text>']
    for epoch in range(0, int(last) + 1, 10):
        marks += [
            f'<text x="{_across(epoch, last)}" y="{HIGH - EDGE + 20}" text-anchor="middle" fill="{INK}">{epoch}</text>'
        ]
    marks += [f'<text x="{WIDE / 2}" y="{HIGH - 8}" text-anchor="middle" fill="{INK}">epoch</text>']
    marks += [_line(lines, "held_out", RIGHTS, RIGHT, last), _line(lines, "loss", LOSSES, LOSS, last)]
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" {font}>{"".join(marks)}</svg>\n'


def _line(lines: list[dict[str, float]], name: str, scale: tuple[float, float], colour: str, last: float) -> str:
    points = []
    for line in lines:
        share = min(1.0, max(0.0, (line[name] - scale[0]) / (scale[1] - scale[0])))
        points.append(f"{_across(line['epoch'], last)},{HIGH - EDGE - share * (HIGH - 2 * EDGE):.1f}")
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _across(epoch: float, last: float) -> str:
    return f"{EDGE + epoch / last * (WIDE - 2 * EDGE):.1f}"


if __name__ == "__main__":
    main()
