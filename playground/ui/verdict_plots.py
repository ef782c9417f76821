"""What a score costs: the variants by their tokens and by their time, each picture with its table and CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from markupsafe import Markup

from playground.ui.html import icon, join
from playground.ui.plots import at, mark, scale, spread, steps_to, worded
from playground.ui.verdict_look import Look
from playground.verdicts import VariantRow, Verdict
from playground.verdicts.words import bounds_words, count_words, second_words, value_words

WIDE, HIGH = 520, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 84, 14, 40


def plots(experiment_id: str, found: Verdict, look: Look) -> Markup:
    """Both pictures; one that no variant has numbers for is left out."""
    drawn = [
        _figure(
            experiment_id,
            found,
            look,
            "Score against tokens",
            "tokens a case",
            lambda row: row.tokens,
            count_words,
        ),
        _figure(
            experiment_id,
            found,
            look,
            "Score against time",
            "seconds a case",
            lambda row: row.seconds,
            second_words,
        ),
    ]
    return (
        Markup('<section class="plots v-plots" aria-label="What a score takes">{}</section>').format(
            join(drawn)
        )
        if any(drawn)
        else Markup("")
    )


def _figure(
    experiment_id: str,
    found: Verdict,
    look: Look,
    title: str,
    unit: str,
    of: Callable[[VariantRow], float],
    words: Callable[[float], str],
) -> Markup:
    rows = [row for row in found.rows if row.estimate is not None and isfinite(of(row))]
    if not rows:
        return Markup("")
    table = join(
        Markup(
            '<tr><td>{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>'
        ).format(row.entry.name, words(of(row)), value_words(row, found.rule), bounds_words(row.estimate))
        for row in rows
    )
    return Markup(
        '<figure><figcaption>{} <span class="hint">{}, with 95 % intervals</span></figcaption>{}<details><summary>Table</summary><table class="table"><thead><tr><th></th><th class="num">{}</th><th class="num">Score</th><th class="num">95 %</th></tr></thead><tbody>{}</tbody></table></details>'
        '<a class="btn quiet small" download href="files/experiment/{}/variants.csv{}">{}CSV</a></figure>'
    ).format(
        title,
        unit,
        _scatter(rows, found, of, title),
        unit.capitalize(),
        table,
        experiment_id,
        look.files(),
        icon("download"),
    )


def _scatter(
    rows: Sequence[VariantRow], found: Verdict, of: Callable[[VariantRow], float], title: str
) -> Markup:
    most, step = scale([of(row) for row in rows])
    estimates = {row.number: row.estimate for row in rows}
    low = min((max(0.0, each.low) for each in estimates.values() if each and isfinite(each.low)), default=0.0)
    high = max(
        (min(1.0, each.high) for each in estimates.values() if each and isfinite(each.high)), default=1.0
    )
    low, high = max(0.0, int(low * 10) / 10), min(1.0, -(-high * 10 // 1) / 10)
    high = high if high > low else min(1.0, low + 0.1)

    def x_of(value: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * value / most

    def y_of(share: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (1 - (min(max(share, low), high) - low) / (high - low))

    count = max(1, round((high - low) * 10))
    every = 1 if count <= 5 else 2
    parts = [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/><text class="end" x="{}" y="{}">{:.0f}</text>'
        ).format(
            LEFT,
            WIDE - RIGHT,
            LEFT - 8,
            at(y_of(low + n / 10) + 4),
            100 * (low + n / 10),
            y=at(y_of(low + n / 10)),
        )
        for n in range(0, count + 1, every)
    ]
    parts += [
        Markup('<text class="middle" x="{}" y="{}">{}</text>').format(
            at(x_of(value)), HIGH - BOTTOM + 18, worded(value, step)
        )
        for value in steps_to(most, step)
    ]
    places = spread([y_of(row.estimate.value) for row in rows if row.estimate], 16, TOP, HIGH - BOTTOM)
    for row, place in zip(rows, places, strict=True):
        assert row.estimate is not None
        x, y = x_of(of(row)), y_of(row.estimate.value)
        parts.append(
            Markup(
                '<g class="{}"><title>{}</title><line class="whisker" x1="{x}" x2="{x}" y1="{}" y2="{}"/>{}<text class="name {}" x="{}" y="{}">{}</text></g>'
            ).format(
                "best" if row.entry.name == found.winner else "",
                f"{row.entry.name}: {value_words(row, found.rule)} ({bounds_words(row.estimate)})",
                at(y_of(row.estimate.low)),
                at(y_of(row.estimate.high)),
                mark(row.number, x, y),
                "best" if row.entry.name == found.winner else "",
                at(x + 10),
                at(place + 4),
                row.entry.name,
                x=at(x),
            )
        )
    return Markup(
        '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {w} {h}" width="{w}" height="{h}">{}</svg>'
    ).format(title, join(parts), w=WIDE, h=HIGH)
