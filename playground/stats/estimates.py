"""One variant by itself: its pass rate or its mean score, with an interval (95 % unless asked for another)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from playground.stats.distributions import clopper_pearson, t_quantile, wilson


class Estimate(NamedTuple):
    """A value and the bounds of its interval, 95 % unless asked for another; a rate is 0 to 1."""

    value: float
    low: float
    high: float

    def within(self, least: float, most: float) -> Estimate:
        """What is possible of it, where nothing lies outside of these two."""
        return Estimate(*(min(max(each, least), most) for each in self))


def rate(passes: int, cases: int, alpha: float = 0.05) -> Estimate:
    """The share of cases that pass: Wilson's interval, at 0 % and 100 % Clopper and Pearson's ("at most", "at least").

    Raises ValueError without a case, or with more passes than cases.
    """
    if not 0 <= passes <= cases or not cases:
        raise ValueError(f"{passes} of {cases} cases cannot pass.")
    interval = wilson if 0 < passes < cases else clopper_pearson
    return Estimate(passes / cases, *interval(passes, cases, alpha))


def mean(values: ArrayLike, alpha: float = 0.05) -> Estimate:
    """The mean of the case means with its t interval; NaN stands for a case without a value.

    Of one case nothing is known of the spread: the bounds are infinite. Raises ValueError when there is none.
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not known.size:
        raise ValueError("No case has a value.")
    centre = float(known.mean())
    if known.size == 1:
        return Estimate(centre, -np.inf, np.inf)
    half = float(t_quantile(1 - alpha / 2, known.size - 1) * known.std(ddof=1) / np.sqrt(known.size))
    return Estimate(centre, centre - half, centre + half)
