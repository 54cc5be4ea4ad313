"""A program: a chart as JSON comes in on stdin, a PNG goes out on stdout.

    {"title": "...", "days": ["2026-11-22", ...], "stacks": [{"name": "haiku", "costs": [0, ...]}]}

One bar for each day, in which the models are stacked in the order given; costs are micro-USD.
It is a process of its own, so that the library's memory is not the bridge's and drawing never
holds up its loop: nothing may import this file. Sizes are for a phone, which shows the picture
at a third of its width.
"""

import json
import math
import sys
from collections.abc import Sequence
from datetime import date
from typing import Any, BinaryIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from budgets.money import usd

Json = dict[str, Any]

SIZE = (10.0, 6.4)  # inches, of 100 pixels each
INK, FAINT, LINES = "#1b1f24", "#57606a", "#d0d7de"
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc3d7a", "#7b5bd6", "#8c6d46")  # for any eyes
HEADING: Json = {"fontsize": 21, "fontweight": "bold"}
LEFT, RIGHT, BOTTOM, TOP = 0.03, 0.97, 0.1, 0.925  # parts of the picture, as all places here
ROW, CHARACTER = 0.06, 0.0145
WEEK = 7
STEPS = 4  # of the axis of dollars, about
NOTHING = "Nothing was spent in these days."


def main() -> None:
    mpl.rcdefaults()  # a user's own matplotlibrc is for the user's own pictures
    mpl.rc("font", family="DejaVu Sans", size=18)
    mpl.rc("text", color=INK, parse_math=False)  # two dollars in a line are no formula
    write(json.load(sys.stdin), sys.stdout.buffer)


def write(chart: Json, out: BinaryIO) -> None:
    figure = Figure(figsize=SIZE, dpi=100, facecolor="white")
    figure.text(LEFT, TOP, chart["title"], **HEADING)
    stacks = chart["stacks"]
    totals = [sum(costs) for costs in zip(*(stack["costs"] for stack in stacks), strict=True)]
    if any(totals):
        figure.text(RIGHT, TOP, usd(sum(totals)), ha="right", **HEADING)
        steps = MaxNLocator(STEPS, steps=[1, 2, 2.5, 5, 10]).tick_values(0, max(totals) / 1e6)
        axes = paper(figure, chart["days"], steps, legend(figure, stacks))
        bars(axes, stacks)
        peak(axes, totals)
    else:
        paper(figure, chart["days"], [0.0], 0)
        figure.text(0.5, 0.5, NOTHING, ha="center", fontsize=21)
    figure.savefig(out, format="png")


def paper(figure: Figure, days: Sequence[str], steps: Sequence[float], rows: int) -> Axes:
    """The empty axes. One day of each week is named, and always the last, which is today."""
    labels = dollars(steps)
    left = LEFT + CHARACTER * max(map(len, labels))
    top = TOP - 0.06 - ROW * rows
    axes = figure.add_axes((left, BOTTOM, RIGHT - 0.02 - left, top - BOTTOM))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LINES, linewidth=1.2)
    axes.tick_params(length=0, pad=9, labelcolor=FAINT)
    axes.set_yticks(steps, labels)
    named = range(len(days) - 1, -1, -WEEK)
    axes.set_xticks(list(named), [spoken(days[place]) for place in named])
    axes.set_xlim(-0.7, len(days) - 0.3)
    return axes


def spoken(day: str) -> str:
    at = date.fromisoformat(day)
    return f"{at.day} {at:%b}"


def dollars(steps: Sequence[float]) -> list[str]:
    """All with as many places as the step between them needs."""
    if len(steps) == 1:
        return [""]
    places = len(f"{steps[1] - steps[0]:.6f}".rstrip("0").partition(".")[2])
    return ["$0", *(f"${amount:,.{max(2, places) if places else 0}f}" for amount in steps[1:])]


def bars(axes: Axes, stacks: Sequence[Json]) -> None:
    floor = [0.0] * len(stacks[0]["costs"])
    for stack, color in zip(stacks, COLORS, strict=False):
        heights = [cost / 1e6 for cost in stack["costs"]]
        axes.bar(range(len(heights)), heights, 0.8, floor, color=color)
        floor = [low + height for low, height in zip(floor, heights, strict=True)]


def peak(axes: Axes, totals: Sequence[int]) -> None:
    """The dearest day has its amount above it."""
    dearest = max(range(len(totals)), key=lambda day: totals[day])
    most = totals[dearest] / 1e6
    axes.set_ylim(0, max(axes.get_yticks()[-1], most * 1.12))
    axes.annotate(
        usd(totals[dearest]),
        (dearest, most),
        xytext=(0, 6),
        textcoords="offset points",
        ha="left" if dearest < 2 else "right" if dearest > len(totals) - 3 else "center",
        fontsize=16,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
    )


def legend(figure: Figure, stacks: Sequence[Json]) -> int:
    """How many rows it takes. A model that cost nothing is left out, and keeps its color."""
    named = [
        (Patch(color=color), f"{stack['name']}  {usd(sum(stack['costs']))}")
        for stack, color in zip(stacks, COLORS, strict=False)
        if any(stack["costs"])
    ]
    longest = max(len(label) for _, label in named)
    columns = max(1, min(len(named), 74 // (longest + 5)))
    figure.legend(
        *zip(*named, strict=True),
        loc="upper left",
        bbox_to_anchor=(LEFT - 0.01, TOP - 0.015),
        ncols=columns,
        frameon=False,
        fontsize=17,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.3,
        borderaxespad=0,
    )
    return math.ceil(len(named) / columns)


if __name__ == "__main__":
    main()
