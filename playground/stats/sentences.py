"""The sentences of a verdict, and no others: numbers filled in, never rounded into significance."""

from __future__ import annotations

from playground.stats.paired import Paired

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


def p_words(p: float) -> str:
    """The p-value as "p = 0.012" or "p < 0.001"; never shortened across 0.05."""
    if p < 0.001:
        return "p < 0.001"
    text = f"{p:.3f}"
    return f"p = {p:.4f}" if text == "0.050" and p < 0.05 else f"p = {text}"


def verdict(
    a: str,
    b: str,
    found: Paired,
    cases: int,
    *,
    repeats: int = 1,
    margin: float | None = None,
    more: str = "",
) -> str:
    """What may be said of A against B over so many paired cases.

    `margin`, a share, is the difference that counts as the same; `more` a sentence on further cases.
    """
    if cases < LEAST:
        return f"Too few cases for a verdict: {cases} paired {'case' if cases == 1 else 'cases'}, {LEAST} are the least."
    over = f"{cases} cases" + (f", {repeats} repeats" if repeats > 1 else "")
    few = " Few cases." if cases < FEW else ""
    inside = f"95 %: {points(found.low)} to {points(found.high)}; {over}"
    if margin is not None and -margin < found.low and found.high < margin:
        return f"{a} and {b} are the same within {points(margin)} points ({inside}).{few}"
    if found.is_decided:
        first, second, turned = (a, b, found) if found.difference > 0 else (b, a, _turned(found))
        ahead = points(turned.difference)
        inside = f"95 %: {points(turned.low)} to {points(turned.high)}; {over}; {p_words(found.p)}"
        return f"{first} beats {second} by {ahead} {'point' if ahead == '1' else 'points'} ({inside}).{few}"
    higher = f"{points(abs(found.difference))} points {'higher' if found.difference > 0 else 'lower'} than"
    what = f"{a} is {higher} {b}" if found.difference else f"{a} and {b} are level"
    return f"No verdict: {what} ({inside}).{few}{' ' + more if more else ''}"


def _turned(found: Paired) -> Paired:
    """B minus A."""
    return found._replace(difference=-found.difference, low=-found.high, high=-found.low)
