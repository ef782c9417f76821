"""Whether marks lean on something that they should not, such as the length of an answer.

leaning(marks, truth, lengths, units)   →  Estimate(0.02, -0.03, 0.07) more of a mark for one more of length
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from playground.stats.distributions import t_quantile
from playground.stats.estimates import Estimate


def leaning(
    marks: ArrayLike, truth: ArrayLike, lengths: ArrayLike, units: Sequence[Hashable], alpha: float = 0.05
) -> Estimate | None:
    """How much a mark grows with one more of `lengths` where the truth is the same: the slope of a linear regression.

    marks = a + b truth + c lengths; c with its interval. The truth stands in it because good answers may be the longer
    ones. Errors are robust and clustered by `units` (CR1, as Stata and statsmodels have it), bounds of the t distribution
    with units − 1 degrees of freedom. None where lengths do not vary beside the truth, or with fewer than four units.
    Raises ValueError when the four are not as many.
    """
    y, t, x = (np.asarray(values, dtype=float) for values in (marks, truth, lengths))
    if not (y.shape == t.shape == x.shape and y.ndim == 1 and y.size == len(units)):
        raise ValueError(
            f"{y.size} marks, {t.size} truths, {x.size} lengths and {len(units)} units do not fit."
        )
    names = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    many = len(names)
    columns = [np.ones(y.size), t, x] if y.size and (t != t[0]).any() else [np.ones(y.size), x]
    design = np.column_stack(columns)
    if many < 4 or np.linalg.matrix_rank(design) < design.shape[1] or y.size <= design.shape[1]:
        return None
    bread = np.linalg.inv(design.T @ design)
    found = bread @ design.T @ y
    left = design * (y - design @ found)[:, None]
    sums = np.zeros((many, design.shape[1]))
    np.add.at(sums, [names[unit] for unit in units], left)
    small = many / (many - 1) * (y.size - 1) / (y.size - design.shape[1])
    variance = small * float((bread @ sums.T @ sums @ bread)[-1, -1])
    half = t_quantile(1 - alpha / 2, many - 1) * float(np.sqrt(max(variance, 0.0)))
    slope = float(found[-1])
    return Estimate(slope, slope - half, slope + half)
