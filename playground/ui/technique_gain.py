"""Techniques by their gain over one zero-shot answer and their tokens; the dashed line is what voting buys.

gain_plot(report)   →  an SVG in the page's own colours, nothing where there is nothing to draw
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from markupsafe import Markup

from playground.bench.technique_report import Equal, Report, Tried
from playground.stats.sentences import points
from playground.ui.html import join
from playground.ui.plots import at, mark, spread

Scale = Callable[[float], float]
By = Literal["tokens", "time"]
"""What lies along: the tokens of a case, or its seconds."""

WIDE, HIGH = 920, 340
LEFT, RIGHT, TOP, BOTTOM = 44, 150, 28, 34
NAMED = (2, 3, 5, 8, 13, 20, 40)
"""Numbers of votes that are written into the plot; the last one is too."""
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5)


def gain_plot(report: Report, by: By = "tokens") -> Markup:
    """Gain with its 95 % interval over the tokens of a case, or its seconds, on a scale that doubles."""
    rows = [each for each in report.equals() if each.over_one and _taken(each.tried, by) > 0]
    voted = [
        (taken, pair, p.samples)
        for p in report.curve
        if (taken := p.tokens if by == "tokens" else p.seconds) > 0
        and p.samples <= len(report.votes)
        and (pair := report.over_one(p.samples))
    ]
    plain = _taken(report.tried[0], by)
    if not rows or not plain > 0:
        return Markup("")
    along = [plain, *(_taken(each.tried, by) for each in rows), *(count for count, _, _ in voted)]
    ends = [end for each in rows if each.over_one for end in (each.over_one.low, each.over_one.high)]
    ends += [end for _, pair, _ in voted for end in (pair.low, pair.high)]
    low, high = math.floor(math.log2(min(along))), math.ceil(math.log2(max(along)) + 1e-9)
    lowest, highest = min(0.0, *ends), max(0.0, *ends)
    step = next((step for step in STEPS if (highest - lowest) / step <= 6), 0.5)
    bottom, top = math.floor(lowest / step) * step, math.ceil(highest / step) * step or step

    def x_of(count: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (math.log2(count) - low) / max(1, high - low)

    def y_of(gain: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (top - gain) / ((top - bottom) or 1.0)

    places = spread(
        [y_of(each.over_one.difference) for each in rows if each.over_one], 15, TOP, HIGH - BOTTOM
    )
    levels = [bottom + step * n for n in range(round((top - bottom) / step) + 1)]
    parts = [
        *(_level(y_of(level), points(level, signed=True) if abs(level) > 1e-9 else "0") for level in levels),
        *(_tick(x_of(2.0**power), _round(2.0**power)) for power in range(low, high + 1)),
        _voted(
            [(x_of(plain), y_of(0), y_of(0), y_of(0), 1)]
            + [(x_of(c), y_of(p.difference), y_of(p.low), y_of(p.high), n) for c, p, n in voted if n > 1]
        ),
        *(_technique(each, by, x_of, y_of, place) for each, place in zip(rows, places, strict=True)),
    ]
    return Markup(
        '<svg class="plot gains" role="img" viewBox="0 0 {wide} {high}" preserveAspectRatio="xMinYMin meet">'
        "<title>{title}; the table below has the numbers</title>{parts}"
        '<text x="{left}" y="14">points over one zero-shot answer</text><text class="end" x="{right}" y="{foot}">{unit}</text></svg>'
    ).format(
        title=f"Gain over one zero-shot answer against {by}",
        unit="tokens a case" if by == "tokens" else "seconds a case",
        wide=WIDE,
        high=HIGH,
        parts=join(parts),
        left=LEFT,
        right=WIDE - 4,
        foot=HIGH - BOTTOM + 18,
    )


def _level(y: float, word: str) -> Markup:
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/><text class="end" x="{}" y="{}">{}</text>'
    ).format(LEFT, WIDE - RIGHT, LEFT - 8, at(y + 4), word, y=at(y))


def _tick(x: float, word: str) -> Markup:
    return Markup('<text class="middle" x="{}" y="{}">{}</text>').format(at(x), HIGH - BOTTOM + 18, word)


def _voted(places: list[tuple[float, float, float, float, int]]) -> Markup:
    """The dashed line of zero-shot that is asked several times, its band, and how often at each point."""
    path = " ".join(f"{at(x)},{at(y)}" for x, y, _, _, _ in places)
    band = [f"{at(x)},{at(high)}" for x, _, _, high, _ in places]
    band += [f"{at(x)},{at(low)}" for x, _, low, _, _ in reversed(places)]
    dots = join(
        Markup('<circle cx="{}" cy="{}" r="2.5"/>{}').format(
            at(x),
            at(y),
            Markup('<text class="middle" x="{}" y="{}">×{}</text>').format(at(x), at(y - 8), n)
            if n in NAMED or n == places[-1][4] > 1
            else Markup("")
            if n > 1
            else Markup('<text class="end" x="{}" y="{}">zero-shot</text>').format(at(x + 24), at(y + 16)),
        )
        for x, y, _, _, n in places
    )
    return Markup('<g class="voted"><polygon points="{}"/><polyline points="{}"/>{}</g>').format(
        " ".join(band), path, dots
    )


def _taken(tried: Tried, by: By) -> float:
    """What a case takes; NaN where it is not known."""
    return tried.mean_tokens if by == "tokens" else tried.mean_seconds


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:.3g}"


def _technique(each: Equal, by: By, x_of: Scale, y_of: Scale, place: float) -> Markup:
    pair = each.over_one
    assert pair is not None
    x, y = x_of(_taken(each.tried, by)), y_of(pair.difference)
    worse = each.is_decided and each.gain is not None and each.gain.difference < 0
    told = f"{each.tried.title}: {points(pair.difference, signed=True)} points at {each.tried.mean_tokens:,.0f} tokens"
    if each.tried.mean_seconds > 0:
        told += f" and {each.tried.mean_seconds:.2f} s"
    return Markup(
        '<g class="{}" data-technique="{}"><title>{}</title><line class="whisker" x1="{x}" x2="{x}" y1="{}" y2="{}"/>{}'
        '<text class="name" x="{}" y="{}">{}</text></g>'
    ).format(
        "worse" if worse else "",
        each.tried.name,
        told,
        at(y_of(pair.low)),
        at(y_of(pair.high)),
        mark(3 if worse else 0, x, y),
        at(x + 9),
        at(place + 4),
        each.tried.title,
        x=at(x),
    )
