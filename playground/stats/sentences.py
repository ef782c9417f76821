"""The sentences of a verdict, and no others: numbers filled in, never rounded into significance."""

from __future__ import annotations

from math import ceil
from typing import Literal

from playground.plurals import plural
from playground.stats.paired import Paired

Outcome = Literal["better", "worse", "same", "no verdict", "too few", "not yet"]

LEAST = 15
"""Paired cases under which there is no verdict at all."""
FEW = 30
"""Paired cases under which a verdict says that they are few."""


def points(share: float, *, signed: bool = False) -> str:
    """A share as percentage points with a true minus sign: "12", "−4", "0.4"."""
    value = 100 * share
    text = f"{abs(value):.1f}" if 0 < abs(value) < 1 else f"{abs(value):.0f}"
    text = "0" if text == "0.0" else text
    sign = "\u2212" if value < 0 and text != "0" else "+" if signed and text != "0" else ""
    return sign + text


def coefficient(value: float) -> str:
    """A kappa or an alpha with a true minus sign: "0.66", "−0.12"."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "\u2212")


def p_words(p: float) -> str:
    """The p-value as "p = 0.012" or "p < 0.001"; never shortened across 0.05."""
    if p < 0.001:
        return "p < 0.001"
    text = f"{p:.3f}"
    return f"p = {p:.4f}" if text == "0.050" and p < 0.05 else f"p = {text}"


def e_words(evidence: float) -> str:
    """The evidence as "E = 38.7"; of much only that it is."""
    return f"E = {evidence:,.1f}" if evidence < 1e6 else "E over 1,000,000"


def limit_words(limit: float) -> str:
    """Where evidence decides: "20", "33.4"; rounded up, so that nothing below it is taken for decided."""
    return f"{ceil(limit * 10 - 1e-6) / 10:,.10g}"


def outcome_of(
    found: Paired, units: int, *, margin: float | None = None, is_decided: bool | None = None
) -> Outcome:
    """What may be said of A against B over so many cases (or clusters); `is_decided` after a correction."""
    if units < LEAST:
        return "too few"
    if margin is not None and -margin < found.low and found.high < margin:
        return "same"
    if found.is_decided if is_decided is None else is_decided:
        return "better" if found.difference > 0 else "worse"
    return "no verdict"


def verdict(
    a: str,
    b: str,
    found: Paired,
    cases: int,
    *,
    repeats: int = 1,
    margin: float | None = None,
    more: str = "",
    is_decided: bool | None = None,
    level: int | float = 95,
    clusters: int = 0,
) -> str:
    """What may be said of A against B over so many paired cases.

    `margin`, a share, is the difference that counts as the same; `more` a sentence on further cases. `is_decided` says
    what a correction left of p. Where cases belong together `clusters` are the unit.
    """
    units, unit = (clusters, "cluster") if clusters else (cases, "case")
    said = outcome_of(found, units, margin=margin, is_decided=is_decided)
    if said == "too few":
        return f"Too few {unit}s for a verdict: {units} paired {unit}{'' if units == 1 else 's'}, {LEAST} are the least."
    over = plural(cases, "case") + (f" in {plural(clusters, 'cluster')}" if clusters else "")
    over += f", {repeats} repeats" if repeats > 1 else ""
    few = f" Few {unit}s." if units < FEW else ""
    inside = f"{level:g} %: {points(found.low)} to {points(found.high)}; {over}"
    if said == "same":
        return f"{a} and {b} are the same within {points(margin or 0)} points ({inside}).{few}"
    if said != "no verdict":
        first, second, turned = (a, b, found) if said == "better" else (b, a, _turned(found))
        ahead = points(turned.difference)
        inside = f"{level:g} %: {points(turned.low)} to {points(turned.high)}; {over}; {p_words(found.p)}"
        return f"{first} beats {second} by {ahead} {'point' if ahead == '1' else 'points'} ({inside}).{few}"
    apart = points(abs(found.difference))
    higher = f"{apart} {'point' if apart == '1' else 'points'} {'higher' if found.difference > 0 else 'lower'} than"
    what = f"{a} is {higher} {b}" if found.difference else f"{a} and {b} are level"
    return f"No verdict: {what} ({inside}).{few}{' ' + more if more else ''}"


def ahead(leader: str, evidence: float, limit: float, seen: int, of: int, *, unit: str = "case") -> str:
    """Decided while one looks: who is ahead, the evidence, and after how many of the cases."""
    few = f" Few {unit}s." if seen < FEW else ""
    return (
        f"{leader} is ahead, looking as it runs: {e_words(evidence)}, decided at {limit_words(limit)} "
        f"({seen:,} of {plural(of, unit)}).{few}"
    )


def more_words(more: int | None, difference: float, *, unit: str = "case") -> str:
    """How many more cases would settle a difference; None is more than anybody runs."""
    many = (
        f"More than 100,000 more {unit}s"
        if more is None
        else f"About {more:,} more {unit}{'' if more == 1 else 's'}"
    )
    size = points(difference)
    return f"{many} would settle a difference of {size} {'point' if size == '1' else 'points'}."


def ruled_out(difference: float) -> str:
    """What so many cases have settled without a winner: more of them would not tell anything of such a difference."""
    size = points(difference)
    return f"A difference of {size} {'point' if size == '1' else 'points'} is ruled out."


def _turned(found: Paired) -> Paired:
    """B minus A."""
    return found._replace(difference=-found.difference, low=-found.high, high=-found.low)
