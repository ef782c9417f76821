"""Several comparisons at once: p-values that allow for their number."""

from __future__ import annotations

from collections.abc import Sequence

from playground.stats.distributions import false_discoveries


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted by Holm's steps: below 5 % in any of them is wrong in at most 5 % of all runs. For what gates."""
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that of those below 5 % at most 5 % are wrong on average. For what is browsed."""
    return false_discoveries(p_values)
