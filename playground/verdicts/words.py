"""Numbers of a verdict in words, as the page, the terminal and reports write them.

value_words(Estimate(0.82, 0.75, 0.87), …)  →  "82 %"        bounds_words(…)  →  "75 to 87"
"""

from __future__ import annotations

from math import inf, isfinite, isnan

from playground.stats import Estimate
from playground.stats.sentences import e_words, limit_words, p_words, points
from playground.types.experiment import PASSES, Rule
from playground.verdicts.comparing import Comparison
from playground.verdicts.judging import VariantRow

NOTHING = "\u2013"


def value_words(row: VariantRow, rule: Rule) -> str:
    """The pass rate or the mean score in points of a hundred."""
    if row.estimate is None:
        return NOTHING
    share = row.estimate.value
    shown = 100 * share
    text = f"{shown:.0f}" if share in (0, 1) or 1 <= shown <= 99 else f"{shown:.1f}"
    return f"{text} %" if rule.metric == PASSES else text


def bounds_words(estimate: Estimate | None) -> str:
    """Such as "62 to 77"; at none or all "at most 12", "at least 88"; a dash when it is unbounded."""
    if estimate is None or not (isfinite(estimate.low) and isfinite(estimate.high)):
        return NOTHING
    if estimate.value <= 0:
        return f"at most {points(estimate.high)}"
    if estimate.value >= 1:
        return f"at least {points(estimate.low)}"
    return f"{points(estimate.low)} to {points(estimate.high)}"


def difference_words(comparison: Comparison | None) -> str:
    """Such as "+12" or "−4"; "0" for none."""
    found = comparison.found if comparison else None
    return NOTHING if found is None else points(found.difference, signed=True)


def difference_bounds(comparison: Comparison | None) -> str:
    """Such as "−3 to 14"."""
    found = comparison.found if comparison else None
    return NOTHING if found is None else f"{points(found.low)} to {points(found.high)}"


def p_cell(comparison: Comparison | None, rule: Rule) -> str:
    """The p of the pair by itself, or the evidence and where it decides, looking any time."""
    if comparison is None or comparison.found is None:
        return NOTHING
    if rule.looking == "any time":
        return f"{e_words(comparison.found.evidence)}, decided at {limit_words(comparison.decided_at)}"
    return bare_p(comparison.found.p)


def adjusted_cell(comparison: Comparison | None) -> str:
    """The p that allows for the other comparisons."""
    return NOTHING if comparison is None or comparison.found is None else bare_p(comparison.p)


def bare_p(p: float) -> str:
    """Such as "0.012" or "< 0.001"."""
    return p_words(p).removeprefix("p = ").removeprefix("p ")


def outcome_words(row: VariantRow, rule: Rule) -> str:
    """The verdict on one variant in a word or two."""
    if row.is_baseline:
        return "baseline"
    if row.entry.twin_of:
        return f"twin of {row.entry.twin_of}"
    if row.against is None:
        return "no verdict yet"
    if row.against.outcome == "same" and rule.margin:
        return f"the same within {points(rule.margin)}"
    return "too few cases" if row.against.outcome == "too few" else row.against.outcome


def ratio_words(value: float) -> str:
    """Such as "×5.4"."""
    return NOTHING if isnan(value) or value == inf else f"\u00d7{value:.1f}"


def count_words(value: float) -> str:
    """Such as "1,163"; small ones with a digit."""
    return NOTHING if isnan(value) else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def second_words(value: float) -> str:
    """Such as "0.42 s", "7.4 s"."""
    return NOTHING if isnan(value) else f"{value:.2f} s" if value < 0.995 else f"{value:,.1f} s"
