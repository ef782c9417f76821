"""Two variants on the same cases: the difference A minus B, its 95 % interval, p, and the evidence while one looks."""

from __future__ import annotations

from math import copysign, sqrt
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from playground.stats.distributions import binomial_cdf, mid_p_of, normal_quantile, root, t_quantile, t_tail
from playground.stats.evidence import betting, of_wins

ALPHA = 0.05
_NEAR_ONE = 1 - 1e-12
_FAR = 1e9


class Paired(NamedTuple):
    """A minus B over paired cases; the interval belongs to the alpha that was asked for, 95 % for the usual 5 %.

    `evidence` is an e-value: it may be looked at after every case, and decides at 1 / ALPHA (20) and above. NaN where
    there is none (scores outside of 0 to 1).
    """

    difference: float
    low: float
    high: float
    p: float
    evidence: float

    @property
    def is_decided(self) -> bool:
        """Whether the difference is told from none; the interval says the same."""
        return self.p < ALPHA


def compare_passes(only_a: int, only_b: int, cases: int, alpha: float = ALPHA) -> Paired:
    """Pass or fail, one answer a case: `only_a` cases that A alone passes, `only_b` that B alone does, of `cases`.

    Tango's score interval (Statistics in Medicine 17:891, 1998), McNemar's mid-p, and the mixture e-value over the
    share of wins. Where score and mid-p fall on different sides of alpha, the more careful of the two counts in both.
    Raises ValueError for counts that cannot be.
    """
    if min(only_a, only_b) < 0 or only_a + only_b > cases or not cases:
        raise ValueError(f"{only_a} and {only_b} of {cases} cases cannot differ.")
    difference = (only_a - only_b) / cases
    low, high = _tango(only_a, only_b, cases, normal_quantile(1 - alpha / 2))
    p = mid_p_of(min(only_a, only_b), only_a + only_b)
    if p < alpha and low <= 0 <= high:
        p = alpha
    elif p >= alpha and not low <= 0 <= high:
        low, high = min(low, 0.0), max(high, 0.0)
    return Paired(difference, low, high, p, of_wins(only_a, only_b))


def compare_scores(a: ArrayLike, b: ArrayLike, alpha: float = ALPHA) -> Paired:
    """Numbers, or the means of repeats: arrays of one value a case in the same order, NaN where there is none.

    The paired t interval and test, and a betting e-process on the differences of scores from 0 to 1; of those the
    bounds end at -1 and 1, as no difference lies beyond. Where all differences are the same there is no spread to
    measure: p is that of their signs. Raises ValueError for arrays of different lengths or with fewer than two pairs.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"{first.shape} and {second.shape} values cannot be paired.")
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    if first.size < 2:
        raise ValueError("Two paired cases are the least.")
    apart = first - second
    error = float(apart.std(ddof=1) / sqrt(apart.size))
    if not (are_shares(first) and are_shares(second)):
        return by_t(float(apart.mean()), error, apart.size, float("nan"), alpha)
    return possible(by_t(float(apart.mean()), error, apart.size, betting(apart), alpha))


def by_t(difference: float, error: float, units: int, evidence: float, alpha: float = ALPHA) -> Paired:
    """A mean difference of so many units (cases, or clusters) with its standard error, by the t distribution.

    Without any spread p is that of the signs.
    """
    if error > 1e-12:
        half = t_quantile(1 - alpha / 2, units - 1) * error
        p = 2 * t_tail(abs(difference) / error, units - 1)
    else:
        half, p = 0.0, 1.0 if difference == 0 else 0.5 ** (units - 1)
        if p >= alpha:
            half = abs(difference)
    return Paired(difference, difference - half, difference + half, p, evidence)


def are_shares(values: ArrayLike) -> bool:
    """Whether all values lie from 0 to 1."""
    known = np.asarray(values, dtype=float)
    return bool(known.min() >= 0 and known.max() <= 1)


def possible(found: Paired) -> Paired:
    """A difference of scores from 0 to 1 with bounds that end where it does: p, and what is decided, stay.

    The t distribution knows no end of a scale; what is cut off holds no difference that there can be.
    """
    return found._replace(low=max(-1.0, found.low), high=min(1.0, found.high))


def effect_size(a: ArrayLike, b: ArrayLike) -> float:
    """Cohen's d of the paired differences: their mean in standard deviations; NaN without a spread."""
    apart = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    apart = apart[~np.isnan(apart)]
    spread = float(apart.std(ddof=1)) if apart.size > 1 else 0.0
    return float(apart.mean()) / spread if spread > 1e-12 else float("nan")


def permutation_p(a: ArrayLike, b: ArrayLike, *, draws: int = 9_999, seed: int = 0) -> float:
    """A second opinion on `compare_scores`: how often signs that are flipped at random give as large a difference."""
    apart = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    apart = apart[~np.isnan(apart)]
    found = scipy.stats.permutation_test(
        (apart,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _tango(b: int, c: int, n: int, z: float) -> tuple[float, float]:
    """Where the score of the difference passes ± z."""

    def score(delta: float) -> float:
        # The likeliest chance of "only B" under this difference, from its quadratic equation.
        linear = -b - c + (2 * n - b + c) * delta
        chance = (sqrt(max(linear**2 + 8 * n * c * delta * (1 - delta), 0.0)) - linear) / (4 * n)
        variance = n * (2 * chance + delta * (1 - delta))
        away = b - c - n * delta
        if abs(away) < 1e-9:
            return 0.0
        return away / sqrt(variance) if variance > 0 else copysign(_FAR, away)

    def crossing(start: float, end: float, wanted: float) -> float:
        if (score(end) - wanted) * wanted <= 0:  # it never gets there
            return end
        return root(lambda delta: score(delta) - wanted, start, end)

    here = (b - c) / n
    low = crossing(here, -_NEAR_ONE, z) if here > -1 else -1.0
    high = crossing(here, _NEAR_ONE, -z) if here < 1 else 1.0
    return low, high


def exact_p(b: int, c: int) -> float:
    """McNemar's exact p, more careful than it has to be: shown beside the mid-p, never used for a verdict."""
    few, apart = min(b, c), b + c
    return min(1.0, 2 * float(binomial_cdf(few, apart, 0.5)))


def sign_p(more: int, less: int) -> float:
    """The exact two-sided p of as many cases one way and the other (the sign test); 1 without any."""
    return exact_p(more, less) if more + less else 1.0
