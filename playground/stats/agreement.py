"""How far raters agree beyond chance: a judge with a person, or any number of raters with gaps.

agree([True, True, False], [True, False, False]).kappa   →  Estimate(0.4, …)
krippendorff([[1, 0, nan], [1, 1, 0]])                   →  alpha of two raters over three units
"""

from __future__ import annotations

from math import nan, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from playground.stats.distributions import normal_quantile
from playground.stats.estimates import Estimate, rate

Scale = Literal["nominal", "interval"]


class Agreement(NamedTuple):
    """A judge against a person on the same answers. `base_rate` is how many the person passes.

    `kappa` is None where one of the two gave only one mark: chance alone would agree as well. `sensitivity` is the
    share of good answers that the judge passes, `specificity` of bad ones that it fails; None without such answers.
    """

    cases: int
    agreeing: int
    kappa: Estimate | None
    base_rate: float
    sensitivity: Estimate | None
    specificity: Estimate | None


def agree(judge: ArrayLike, person: ArrayLike) -> Agreement:
    """Passes of a judge and a person, in the same order. Raises ValueError when there are none, or not as many.

    Kappa's interval has the large-sample error of Fleiss, Cohen and Everitt (Psychological Bulletin 72:323, 1969).
    """
    first, second = np.asarray(judge, dtype=bool), np.asarray(person, dtype=bool)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"{first.shape} and {second.shape} marks cannot be paired.")
    good, bad = int(second.sum()), int((~second).sum())
    caught, refused = int((first & second).sum()), int((~first & ~second).sum())
    return Agreement(
        cases=first.size,
        agreeing=caught + refused,
        kappa=_kappa(first, second),
        base_rate=good / first.size,
        sensitivity=rate(caught, good) if good else None,
        specificity=rate(refused, bad) if bad else None,
    )


def _kappa(
    first: np.ndarray[tuple[int], np.dtype[np.bool_]], second: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Estimate | None:
    n = first.size
    table = (
        np.array([[np.sum((first == a) & (second == b)) for b in (True, False)] for a in (True, False)]) / n
    )
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    seen, chance = float(np.trace(table)), float(rows @ columns)
    if max(rows.max(), columns.max()) >= 1 - 1e-12:
        return None
    kappa = (seen - chance) / (1 - chance)
    diagonal = sum(table[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    beside = sum(table[i, j] * (columns[i] + rows[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    variance = (diagonal + (1 - kappa) ** 2 * beside - (kappa - chance * (1 - kappa)) ** 2) / (
        (1 - chance) ** 2 * n
    )
    half = normal_quantile(0.975) * sqrt(max(float(variance), 0.0))
    return Estimate(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def krippendorff(ratings: ArrayLike, scale: Scale = "nominal") -> float:
    """Krippendorff's alpha of raters (rows) over units (columns), NaN for what was not rated; 1 is perfect, 0 is chance.

    NaN when no unit has two ratings, or all ratings are the same. Own: the kept library is under the GPL, so that it
    checks this one in the tests and does not ship with it.
    """
    marks = np.asarray(ratings, dtype=float)
    if marks.ndim != 2:
        raise ValueError("Ratings are rows of raters and columns of units.")
    counts = (~np.isnan(marks)).sum(axis=0)
    paired = marks[:, counts >= 2]
    if not paired.size:
        return nan
    seen = 0.0
    for unit in paired.T:
        there = unit[~np.isnan(unit)]
        seen += float(_apart(there[:, None], there[None, :], scale).sum()) / (there.size - 1)
    pool = paired[~np.isnan(paired)]
    values, many = np.unique(pool, return_counts=True)
    by_chance = float((_apart(values[:, None], values[None, :], scale) * np.outer(many, many)).sum()) / (
        pool.size - 1
    )
    return 1 - seen / by_chance if by_chance else nan


def _apart(
    first: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    second: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    scale: Scale,
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(first != second, dtype=float) if scale == "nominal" else (first - second) ** 2
