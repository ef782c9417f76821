"""Plots as SVG, drawn in the page's own colours: series differ by shape, the winner is filled.

    lines(("alone", "4 at once"), [Series("Ollama", "34 tokens/s …", (34.1, 79.5)), …], best=0, title="Tokens/s")
    dots([Series("Ollama", "0.61 s", (0.61,)), …], best=1, unit="s", title="First token")

Positions are in units of a drawing of `WIDTH`; on a narrow screen it shrinks and its style sheet enlarges the words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from playground.ui.html import join

WIDTH, HEIGHT = 520, 232
TOP, BOTTOM, LEFT, RIGHT = 14, 30, 56, 128
"""Room for the words around a plot of lines."""
NAMES, VALUES = 136, 84
"""Room for the names left of a row of dots, and for the value right of the last."""
APART = 18
"""Between the middles of two labels, so that they stay readable on a narrow screen too."""


@dataclass(frozen=True, slots=True)
class Series:
    """Something that was measured: a short name, a sentence for who hovers it, a value a position (None where unknown)."""

    name: str
    told: str
    values: tuple[float | None, ...]


def lines(ticks: Sequence[str], series: Sequence[Series], *, best: int | None, title: str) -> Markup:
    """Values over named positions; each line carries its name at its end."""
    top, step = scale([value for row in series for value in row.values if value is not None])
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_of(position: int) -> float:
        return LEFT + wide * (position + 0.5) / len(ticks)

    def y_of(value: float) -> float:
        return TOP + high * (1 - value / top)

    grid = join(
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="end" x="{}" y="{}">{}</text>'
        ).format(
            LEFT,
            WIDTH - RIGHT,
            at(y_of(value)),
            at(y_of(value)),
            LEFT - 8,
            at(y_of(value) + 4),
            worded(value, step),
        )
        for value in steps_to(top, step)
    )
    names = join(
        Markup('<text class="middle" x="{}" y="{}">{}</text>').format(at(x_of(number)), HEIGHT - 10, tick)
        for number, tick in enumerate(ticks)
    )
    drawn, ends = [], []
    for number, row in enumerate(series):
        points = [(x_of(i), y_of(value)) for i, value in enumerate(row.values) if value is not None]
        if not points:
            continue
        path = " ".join(f"{at(x)},{at(y)}" for x, y in points)
        marks = join(mark(number, x, y) for x, y in points)
        drawn.append(
            Markup('<g class="{}"><title>{}</title><polyline points="{}"/>{}</g>').format(
                "best" if number == best else "", row.told, path, marks
            )
        )
        ends.append((number, points[-1]))
    places = spread([y for _, (_, y) in ends], APART, TOP, HEIGHT - BOTTOM)
    labels = join(
        Markup('<text class="name {}" x="{}" y="{}">{}</text>').format(
            "best" if number == best else "", at(x + 10), at(y + 4), series[number].name
        )
        for (number, (x, _)), y in zip(ends, places, strict=True)
    )
    return svg(title, join((grid, names, *drawn, labels)))


def dots(series: Sequence[Series], *, best: int | None, unit: Callable[[float], str], title: str) -> Markup:
    """One value a row, from zero: a dot with the value beside it; `unit` words a value."""
    known = [row.values[0] for row in series if row.values[0] is not None]
    top, step = scale(known)
    wide = WIDTH - NAMES - VALUES
    tall = min(44.0, (HEIGHT - TOP - BOTTOM) / max(1, len(series)))

    def x_of(value: float) -> float:
        return NAMES + wide * value / top

    foot = TOP + tall * len(series)
    ticks = join(
        Markup('<text class="middle" x="{}" y="{}">{}</text>').format(
            at(x_of(value)), at(foot + 20), unit(value)
        )
        for value in steps_to(top, step)
    )
    drawn = []
    for number, row in enumerate(series):
        y, value = TOP + tall * (number + 0.5), row.values[0]
        winner = "best" if number == best else ""
        shown = (
            Markup('<text class="value" x="{}" y="{}">–</text>').format(NAMES + 4, at(y + 4))
            if value is None
            else Markup('{}<text class="value {}" x="{}" y="{}">{}</text>').format(
                mark(number, x_of(value), y), winner, at(x_of(value) + 12), at(y + 4), unit(value)
            )
        )
        drawn.append(
            Markup(
                '<g class="{}"><title>{}</title><line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<text class="name end {}" x="{}" y="{}">{}</text>{}</g>'
            ).format(
                winner,
                row.told,
                NAMES,
                WIDTH - VALUES,
                at(y),
                at(y),
                winner,
                NAMES - 12,
                at(y + 4),
                row.name,
                shown,
            )
        )
    return svg(title, join((*drawn, ticks)), foot + BOTTOM)


def svg(title: str, content: Markup, height: float = HEIGHT) -> Markup:
    """The drawing with its name; what it shows stands in a table too."""
    return Markup(
        '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}</svg>'
    ).format(title, WIDTH, at(height), WIDTH, at(height), content)


# --- pieces ---------------------------------------------------------------------------------------------


def mark(number: int, x: float, y: float) -> Markup:
    """Circle, square, triangle, diamond in turn, around a point."""
    if number % 4 == 0:
        return Markup('<circle class="mark" cx="{}" cy="{}" r="5"/>').format(at(x), at(y))
    corners: dict[int, list[tuple[float, float]]] = {
        1: [(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)],
        2: [(0, -5.5), (5.5, 4.5), (-5.5, 4.5)],
        3: [(0, -6), (6, 0), (0, 6), (-6, 0)],
    }
    points = " ".join(f"{at(x + dx)},{at(y + dy)}" for dx, dy in corners[number % 4])
    return Markup('<polygon class="mark" points="{}"/>').format(points)


def scale(values: Sequence[float]) -> tuple[float, float]:
    """End of an axis from zero that holds the values, and the step of its lines: 1, 2 or 5 times a power of ten."""
    most = max((value for value in values if math.isfinite(value)), default=0.0)
    if most <= 0:
        return 1.0, 0.5
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return step * math.ceil(most / step - 1e-9), step


def steps_to(top: float, step: float) -> list[float]:
    """The values of the lines from zero to the end of an axis."""
    return [step * number for number in range(round(top / step) + 1)]


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in their order, none closer than `apart`; within the limits where there is room."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [0.0] * len(wanted)
    last = low - apart
    for i in order:
        places[i] = last = max(wanted[i], last + apart)
    last = high + apart
    for i in reversed(order):
        places[i] = last = min(places[i], last - apart)
    return places


def worded(value: float, step: float) -> str:
    """A number of an axis, with as many digits as its step needs."""
    return f"{value:,.{max(0, -math.floor(math.log10(step)))}f}"


def at(value: float) -> str:
    """A position with one digit, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")
