"""Variants told apart by shape, and their values with intervals in the rows of a table.

    axis = Axis.around([(0.62, 0.77), (0.75, 0.87)])      # one scale for all rows, in steps of 5 or 10 points
    forest(Interval(0.70, 0.62, 0.77), axis, number=0)    # the picture of one row; its numbers stand beside it
    ticks(axis)                                           # the same scale's numbers, for the table's head

Experiments call their variants A, B, C…; the shapes go round after four.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from markupsafe import Markup

from playground.ui.html import join
from playground.ui.plots import at, mark

HIGH = 20
SIDE = 8
"""Room left and right of the scale: half a mark, or an arrow."""
CAP = 4
Look = Literal["", "part", "best", "worse"]
"""How an interval is drawn: as it is, still growing, the winner's, one that is worse."""


class Interval(NamedTuple):
    """A value from 0 to 1, or a difference of two of them, with the ends of its interval."""

    value: float
    low: float
    high: float


class Axis(NamedTuple):
    """A scale from `low` to `high` with a tick at every `step`; `reference` is where a dashed line stands."""

    low: float
    high: float
    step: float
    width: int = 200
    reference: float | None = None

    @classmethod
    def around(
        cls,
        ends: Iterable[tuple[float, float]],
        *,
        within: tuple[float, float] = (0.0, 1.0),
        reference: float | None = None,
        width: int = 200,
    ) -> Axis:
        """The narrowest scale of whole tens (or twenties) of points around the intervals, at least thirty points wide."""
        known = [(low, high) for low, high in ends if math.isfinite(low) and math.isfinite(high)]
        lowest = min((low for low, _ in known), default=within[0])
        highest = max((high for _, high in known), default=within[1])
        if reference is not None:
            lowest, highest = min(lowest, reference), max(highest, reference)
        step = 0.1 if highest - lowest <= 0.6 else 0.2 if highest - lowest <= 1.2 else 0.5
        low = max(within[0], math.floor(lowest / step + 1e-9) * step)
        high = min(within[1], math.ceil(highest / step - 1e-9) * step)
        while high - low < 3 * step - 1e-9 and (low > within[0] or high < within[1]):
            low, high = max(within[0], low - step), min(within[1], high + step)
        return cls(round(low, 6), round(high, 6), step, width, reference)

    def x(self, value: float) -> float:
        """Where a value stands; those outside of the scale stand at its ends."""
        inside = min(max(value, self.low), self.high)
        return SIDE + (self.width - 2 * SIDE) * (inside - self.low) / ((self.high - self.low) or 1.0)

    @property
    def marks(self) -> list[float]:
        """The values that have a tick, from the lowest to the highest."""
        count = round((self.high - self.low) / self.step)
        return [round(self.low + self.step * number, 6) for number in range(count + 1)]


def letter(number: int) -> str:
    """What an experiment calls its variant: A to Z, then AA."""
    more, rest = divmod(number, 26)
    return (letter(more - 1) if more else "") + chr(ord("A") + rest)


def shape(number: int, look: Look = "") -> Markup:
    """The mark of a variant, 16 px, for a row or a legend."""
    return Markup('<svg class="shape {}" width="16" height="16" aria-hidden="true">{}</svg>').format(
        look, mark(number, 8, 8)
    )


def named(number: int, look: Look = "", *, name: str = "") -> Markup:
    """The mark and name of a variant; the name is a letter unless told otherwise."""
    return Markup('<span class="variant">{}<b translate="no">{}</b></span>').format(
        shape(number, look), name or letter(number)
    )


def forest(
    interval: Interval | None,
    axis: Axis,
    *,
    number: int | None = None,
    look: Look = "",
    beside: float | None = None,
) -> Markup:
    """The picture of a value and its interval: the variant's shape, or a dot; an end beyond the scale is an arrow.

    `beside` is another value of the same, a hollow dot. Only the reference where there is no value yet. The numbers stand in the table, so a screen reader is told nothing.
    """
    middle = HIGH / 2
    parts = []
    if axis.reference is not None:
        line = Markup('<line class="ref" x1="{x}" x2="{x}" y1="0" y2="{}"/>')
        parts.append(line.format(HIGH, x=at(axis.x(axis.reference))))
    if interval is not None and math.isfinite(interval.value):
        left, right = axis.x(interval.low), axis.x(interval.high)
        parts.append(
            Markup('<line x1="{}" x2="{}" y1="{y}" y2="{y}"/>{}{}').format(
                at(left),
                at(right),
                _end(left, middle, outside=interval.low < axis.low - 1e-9, turn=1),
                _end(right, middle, outside=interval.high > axis.high + 1e-9, turn=-1),
                y=at(middle),
            )
        )
        x = axis.x(interval.value)
        parts.append(
            Markup('<circle class="mark dot" cx="{}" cy="{}" r="3.5"/>').format(at(x), at(middle))
            if number is None
            else mark(number, x, middle)
        )
    if beside is not None:
        ring = Markup('<circle class="mark ring" cx="{}" cy="{}" r="3.5"/>')
        parts.append(ring.format(at(axis.x(beside)), at(middle)))
    return Markup('<svg class="forest {}" width="{}" height="{}" aria-hidden="true">{}</svg>').format(
        look, axis.width, HIGH, join(parts)
    )


def ticks(axis: Axis) -> Markup:
    """The numbers of a scale, for the head of the column that the pictures stand in; whole points."""
    return Markup('<svg class="forest" width="{}" height="16" aria-hidden="true">{}</svg>').format(
        axis.width,
        join(
            Markup('<text x="{}" y="12">{}</text>').format(at(axis.x(value)), _tick(axis, value))
            for value in axis.marks
        ),
    )


LABEL_PX = 34
"""Room for the number of a tick, so that two of them never touch."""


def _tick(axis: Axis, value: float) -> str:
    """The number of a tick in points, with a sign where the scale has two sides; none where it would touch its neighbour."""
    step_px = axis.step / ((axis.high - axis.low) or 1.0) * (axis.width - 2 * SIDE)
    every = max(1, math.ceil(LABEL_PX / step_px))
    centre = 0.0 if axis.reference is not None else axis.low
    if round((value - centre) / axis.step) % every:
        return ""
    sign = "+" if axis.reference is not None and value > 0 else ""
    return sign + f"{100 * value:.0f}".replace("-", "\u2212")


def _end(x: float, y: float, *, outside: bool, turn: int) -> Markup:
    if outside:
        points = (
            f"{at(x + 4 * turn)},{at(y - CAP)} {at(x - 2 * turn)},{at(y)} {at(x + 4 * turn)},{at(y + CAP)}"
        )
        return Markup('<polyline points="{}"/>').format(points)
    return Markup('<line x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(at(y - CAP), at(y + CAP), x=at(x))
