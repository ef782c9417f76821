"""The few distributions that the verdicts ask for, from scipy's special functions: `scipy.stats` takes a second to import.

t_quantile(0.975, 19)          →  2.093
binomial_cdf(3, 10, 0.5)       →  0.172: so few heads, or fewer, of ten
wilson(7, 10, 0.05)            →  (0.397, 0.892)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb, exp, lgamma, log, sqrt
from statistics import NormalDist
from sys import float_info

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_WHOLE = 1_000  # tries that are counted in whole numbers


def normal_quantile(share: float) -> float:
    """The number that this share of the standard normal distribution is below."""
    return NormalDist().inv_cdf(share)


def t_quantile(share: float, freedom: int) -> float:
    """The number that this share of Student's t distribution is below; `freedom` is 1 or more."""
    return float(scipy.special.stdtrit(freedom, share))


def t_tail(value: float, freedom: int) -> float:
    """The share of Student's t distribution above that value."""
    return float(scipy.special.stdtr(freedom, -value))


def binomial_cdf(most: ArrayLike, tries: ArrayLike, chance: float) -> Floats:
    """How likely so many successes or fewer are; arrays of one shape, none of them for a number below 0."""
    k, n = np.asarray(most, dtype=float), np.asarray(tries, dtype=float)
    inside = (k >= 0) & (k < n)
    share = scipy.special.betainc(np.where(inside, n - k, 1.0), np.where(inside, k + 1, 1.0), 1 - chance)
    return np.where(inside, share, np.where(k < 0, 0.0, 1.0))


def mid_p(fewer: ArrayLike, tries: ArrayLike) -> Floats:
    """Twice the chance of so few heads of a coin on the rarer side, the split that was seen counted by half; 1 at most."""
    k = np.asarray(fewer, dtype=float)
    # The split that was seen is the difference of the two, so that it counts once in twice its half.
    return np.minimum(1.0, binomial_cdf(k, tries, 0.5) + binomial_cdf(k - 1, tries, 0.5))


def mid_p_of(fewer: int, tries: int) -> float:
    """`mid_p` of one number: without scipy, whose special functions take a third of a second to import."""
    if 2 * fewer == tries:
        return 1.0
    here = (
        comb(tries, fewer) / 2**tries if tries <= _WHOLE else exp(log_choose(tries, fewer) - tries * log(2))
    )
    # Each chance is this share of the one above it.
    shares = np.arange(fewer, 0, -1) / np.arange(tries - fewer + 1, tries + 1)
    return min(1.0, here * (1 + 2 * float(np.cumprod(shares).sum())))


def log_choose(tries: int, chosen: int) -> float:
    """The natural logarithm of how many ways there are to choose so many."""
    return lgamma(tries + 1) - lgamma(chosen + 1) - lgamma(tries - chosen + 1)


def wilson(passes: int, cases: int, alpha: float) -> tuple[float, float]:
    """Wilson's interval of a share (JASA 22:209, 1927), without correction for continuity."""
    z, share = normal_quantile(1 - alpha / 2), passes / cases
    centre = (share + z * z / (2 * cases)) / (1 + z * z / cases)
    half = z / (1 + z * z / cases) * sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(passes: int, cases: int, alpha: float) -> tuple[float, float]:
    """The exact interval of a share (Biometrika 26:404, 1934)."""
    if passes in (0, cases):
        least = (alpha / 2) ** (1 / cases)
        return (least, 1.0) if passes else (0.0, 1 - least)
    quantile = scipy.special.betaincinv
    low = float(quantile(passes, cases - passes + 1, alpha / 2))
    return low, float(quantile(passes + 1, cases - passes, 1 - alpha / 2))


def false_discoveries(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted by Benjamini and Hochberg's steps (JRSS B 57:289, 1995), in their order."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(each) for each in adjusted]


def root(function: Callable[[float], float], start: float, end: float, within: float = 1e-12) -> float:
    """Where the function passes zero between two points on whose sides it stands (Chandrupatla, 1997).

    Raises ValueError where both are on one side. `scipy.optimize` has the like, and takes a third of a second to import.
    """
    a, b = end, start
    at_a, at_b = function(a), function(b)
    if at_a * at_b > 0:
        raise ValueError("The function does not pass zero between the two points.")
    if not at_a or not at_b:
        return b if not at_b else a
    c, at_c, step = a, at_a, 0.5
    while True:
        x = a + step * (b - a)
        at_x = function(x)
        if (at_x > 0) == (at_a > 0):
            c, at_c = a, at_a
        else:
            c, b, at_c, at_b = b, a, at_b, at_a
        a, at_a = x, at_x
        best, at_best = (a, at_a) if abs(at_a) < abs(at_b) else (b, at_b)
        least = (2 * float_info.epsilon * abs(best) + within / 2) / abs(b - c) if b != c else 1.0
        if at_best == 0 or least > 0.5:
            return best
        xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:  # the inverse parabola through the three is to be trusted
            step = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            step += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        else:
            step = 0.5
        step = min(1 - least, max(least, step))
