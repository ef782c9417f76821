"""Techniques by tokens and accuracy, as a drawing that stands by itself: the line is what self-consistency buys.

Path("techniques.svg").write_text(figure(report))
"""

from __future__ import annotations

import math
from collections.abc import Callable

from markupsafe import Markup

from playground.bench.technique_report import CURVE, Report, Tried
from playground.plurals import plural
from playground.ui.html import join
from playground.ui.plots import at, mark, spread

Scale = Callable[[float], float]

WIDE, HIGH = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 190, 40, 48
STYLE = """
svg { --ink: #16181d; --soft: #5a6270; --line: #dfe2e7; --paper: #fff; --accent: #1d4fd7; background: var(--paper);
  font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 12px; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e9ebef; --soft: #a4abb8; --line: #2d323b; --paper: #121418; --accent: #8fb0ff; } }
text { fill: var(--soft); } .name { fill: var(--ink); } .title { fill: var(--ink); font-weight: 600; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
line { stroke: var(--line); } .whisker { stroke: var(--soft); }
polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.mark { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; } .curve .mark { fill: var(--accent); stroke: none; }
"""


def figure(report: Report) -> Markup:
    """Accuracy with its 95 % interval over the tokens of a case, on a scale that doubles; the verdict is in the title."""
    shown = [t for t in report.tried if t.accuracy and t.mean_tokens > 0 and t.name != CURVE]
    tokens = [each.mean_tokens for each in shown] + [p.tokens for p in report.curve if p.tokens > 0]
    if not tokens:
        raise ValueError("No technique has tokens and an accuracy.")
    low, high = math.floor(math.log2(min(tokens))), math.ceil(math.log2(max(tokens)) + 1e-9)
    tops = [t.accuracy.high for t in shown if t.accuracy] + [p.accuracy for p in report.curve]
    top = min(1.0, math.ceil(max(tops) * 10) / 10) or 0.1

    def x_of(count: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (math.log2(count) - low) / max(1, high - low)

    def y_of(share: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (1 - share / top)

    places = spread([y_of(t.accuracy.value) for t in shown if t.accuracy], 15, TOP, HIGH - BOTTOM)
    parts = [
        *(_level(y_of(top * step / 5), f"{100 * top * step / 5:.0f} %") for step in range(6)),
        *(_tick(x_of(2.0**power), f"{2**power:,}") for power in range(low, high + 1)),
        _curve(report, x_of, y_of),
        *(
            _technique(n, each, x_of, y_of, place)
            for n, (each, place) in enumerate(zip(shown, places, strict=True))
        ),
    ]
    title = report.sentence()
    about = f"{report.model.partition(':')[2]}, {plural(report.cases, 'case')}; tokens of a case, in and out; 95 % intervals"
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
        "<title>{title}</title><style>{style}</style>"
        '<text class="title" x="{left}" y="18">{title}</text>{parts}'
        '<text x="{left}" y="{foot}">{about}</text></svg>\n'
    ).format(
        wide=WIDE,
        high=HIGH,
        title=title if len(title) < 100 else title[:99] + "…",
        style=Markup(STYLE),
        left=LEFT,
        parts=join(parts),
        foot=HIGH - 8,
        about=about,
    )


def _level(y: float, word: str) -> Markup:
    return Markup('<line x1="{}" x2="{}" y1="{}" y2="{}"/><text class="end" x="{}" y="{}">{}</text>').format(
        LEFT, WIDE - RIGHT, at(y), at(y), LEFT - 8, at(y + 4), word
    )


def _tick(x: float, word: str) -> Markup:
    return Markup('<text class="middle" x="{}" y="{}">{}</text>').format(at(x), HIGH - BOTTOM + 18, word)


def _curve(report: Report, x_of: Scale, y_of: Scale) -> Markup:
    points = [(x_of(p.tokens), y_of(p.accuracy), p.samples) for p in report.curve if p.tokens > 0]
    if not points:
        return Markup("")
    path = " ".join(f"{at(x)},{at(y)}" for x, y, _ in points)
    dots = join(
        Markup('<circle class="mark" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
            at(x), at(y), f"self-consistency of {count}"
        )
        for x, y, count in points
    )
    x, y, count = points[-1]
    return Markup(
        '<g class="curve"><polyline points="{}"/>{}<text class="name" x="{}" y="{}">self-consistency ×{}</text></g>'
    ).format(path, dots, at(x + 8), at(y - 6), count)


def _technique(number: int, each: Tried, x_of: Scale, y_of: Scale, place: float) -> Markup:
    assert each.accuracy is not None
    x, y = x_of(each.mean_tokens), y_of(each.accuracy.value)
    return Markup(
        '<g><title>{}</title><line class="whisker" x1="{x}" x2="{x}" y1="{}" y2="{}"/>{}'
        '<text class="name" x="{}" y="{}">{}</text></g>'
    ).format(
        f"{each.title}: {100 * each.accuracy.value:.0f} % at {each.mean_tokens:,.0f} tokens",
        at(y_of(each.accuracy.low)),
        at(y_of(each.accuracy.high)),
        mark(number, x, y),
        at(x + 9),
        at(place + 4),
        each.title,
        x=at(x),
    )
