"""A judge's score put right by the labels of people: the prediction-powered mean.

corrected_mean(labels=h, judged=f, more=f_unlabelled)   →  Corrected(Estimate(0.77, 0.68, 0.86), weight=0.7)
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from playground.stats.distributions import Floats, t_quantile
from playground.stats.estimates import Estimate


class Corrected(NamedTuple):
    """The corrected mean; `weight`, 0 to 1, is how much of the judge was of use (0: the labels alone).

    The correction and its bounds may pass the ends of the scale: `share` is what is shown where marks are from 0 to 1.
    """

    estimate: Estimate
    weight: float

    @property
    def share(self) -> Estimate:
        """The estimate of marks from 0 to 1, none of it beyond what there can be."""
        return self.estimate.within(0.0, 1.0)


def corrected_mean(labels: ArrayLike, judged: ArrayLike, more: ArrayLike, alpha: float = 0.05) -> Corrected:
    """The mean of what people would say of all rows: their `labels`, the judge on the same rows, and on `more` rows.

    PPI++ in closed form (Angelopoulos, Duchi and Zrnic, 2023). Labels are few: the bounds are of the t distribution, and
    of marks that are 0 or 1 the error counts one row more, a quarter of it for each way to agree or not. Without that a
    judge that erred on none of 30 rows would be taken for one that never errs, and 88 to 93 % are covered where 95 were
    asked. Raises ValueError with fewer than two labels.
    """
    people, judge, rest = (np.asarray(values, dtype=float) for values in (labels, judged, more))
    if people.shape != judge.shape or people.ndim != 1 or people.size < 2:
        raise ValueError(f"{people.size} labels and {judge.size} judged rows: two of each are the least.")
    n, further = people.size, rest.size
    spread = float(judge.var(ddof=1))
    weight = 0.0
    if further and spread > 0:
        weight = float(np.cov(people, judge)[0, 1]) / ((1 + n / further) * spread)
        weight = min(max(weight, 0.0), 1.0)
    centre = float(people.mean()) + (weight * (float(rest.mean()) - float(judge.mean())) if further else 0.0)
    variance = _variance(people, judge, weight) / n
    if further > 1:
        variance += weight**2 * float(rest.var(ddof=1)) / further
    half = t_quantile(1 - alpha / 2, n - 1) * sqrt(variance)
    return Corrected(Estimate(centre, centre - half, centre + half), weight)


def corrected_difference(first: Corrected, second: Corrected) -> Estimate:
    """The first corrected share minus the second; its bounds by those of the two (square-and-add, Zou and Donner, 2008).

    As if the two were independent, which is never too narrow where good cases are good for both. Marks are from 0 to 1:
    the difference and its bounds end at -1 and 1.
    """
    a, b = first.estimate, second.estimate
    apart = a.value - b.value
    return Estimate(
        apart,
        apart - sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2),
        apart + sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2),
    ).within(-1.0, 1.0)


def _variance(people: Floats, judge: Floats, weight: float) -> float:
    """The variance of what the judge leaves to the labels."""
    left = people - weight * judge
    if not (np.isin(people, (0, 1)).all() and np.isin(judge, (0, 1)).all()):
        return float(left.var(ddof=1))
    whole = np.concatenate([left, [0.0, 1.0, -weight, 1.0 - weight]])
    shares = np.concatenate([np.ones(left.size), np.full(4, 0.25)])
    centre = float((shares * whole).sum()) / (left.size + 1)
    return float((shares * (whole - centre) ** 2).sum()) / left.size
