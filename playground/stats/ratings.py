"""Ratings from votes with ties: Davidson's extension of Bradley and Terry (JASA 65:317, 1970), by maximum likelihood.

    davidson(wins, ties).values                     # wins[i][j]: how often i beat j; ties[i][j] = ties[j][i]
    davidson_votes(votes, 3, covariates).values     # Vote(left, right, outcome, voter, case), with bounds by bootstrap

Values are logarithms of strength that add up to 0; a difference of 1 wins e times as often as it loses.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import log
from typing import Literal, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_HOLD = 1e-4
"""A slight pull to 0: who never loses has no largest likelihood, and the pull decides instead of the end of the search."""
_NEVER = -60.0  # the logarithm of how likely a tie is where there was none


class Ratings(NamedTuple):
    """One value for each, `tie` is how likely ties are (0: never), `effects` of the covariates. Bounds of 95 %.

    `low` and `high` are the values themselves where no votes were drawn again.
    """

    values: Floats
    low: Floats
    high: Floats
    tie: float
    effects: Floats


class Vote(NamedTuple):
    """One vote: who stood left and right, and who won; votes of one voter on one case are drawn together."""

    left: int
    right: int
    outcome: Literal["left", "right", "tie"]
    voter: Hashable = ""
    case: Hashable = ""


def davidson(wins: ArrayLike, ties: ArrayLike) -> Ratings:
    """Ratings from counts: `wins[i][j]` is how often i beat j, `ties[i][j]` how often neither (as `ties[j][i]`)."""
    won, tied = np.asarray(wins, dtype=float), np.asarray(ties, dtype=float)
    if won.ndim != 2 or won.shape[0] != won.shape[1] or tied.shape != won.shape:
        raise ValueError(f"{won.shape} wins and {tied.shape} ties are no square tables of the same size.")
    if (won < 0).any() or (tied < 0).any() or not np.array_equal(tied, tied.T):
        raise ValueError("Counts are 0 or more, and a tie is a tie on both sides.")
    first, second = np.triu_indices(won.shape[0], 1)
    counts = np.stack([won[first, second], won[second, first], tied[first, second]], axis=1)
    there = counts.sum(axis=1) > 0
    values, tie, effects = _fit(
        first[there], second[there], counts[there], np.zeros((int(there.sum()), 0)), won.shape[0]
    )
    return Ratings(values, values, values, tie, effects)


def davidson_votes(
    votes: Sequence[Vote],
    count: int,
    covariates: ArrayLike | None = None,
    *,
    draws: int = 200,
    seed: int = 1,
    against: int | None = None,
) -> Ratings:
    """Ratings of `count` rivals; `covariates` has a row a vote (left minus right: a difference of length, 1 for the side).

    Bounds are by drawing (voter, case) again: votes of one voter on one case are one observation. `against` one rival
    the values are differences from its own.
    """
    marks = {"left": 0, "right": 1, "tie": 2}
    left = np.array([vote.left for vote in votes], dtype=np.int64)
    right = np.array([vote.right for vote in votes], dtype=np.int64)
    counts = np.zeros((len(votes), 3))
    counts[np.arange(len(votes)), [marks[vote.outcome] for vote in votes]] = 1
    design = (
        np.zeros((len(votes), 0))
        if covariates is None
        else np.asarray(covariates, dtype=float).reshape(len(votes), -1)
    )
    fitted, tie, effects = _fit(left, right, counts, design, count)
    values = _from(fitted, against)
    blocks: dict[tuple[Hashable, Hashable], int] = {}
    of = np.array([blocks.setdefault((vote.voter, vote.case), len(blocks)) for vote in votes], dtype=np.int64)
    if not draws or len(blocks) < 2:
        return Ratings(values, values, values, tie, effects)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        times = np.bincount(random.integers(0, len(blocks), len(blocks)), minlength=len(blocks))[of]
        kept = times > 0
        again, _, _ = _fit(
            left[kept], right[kept], counts[kept] * times[kept, None], design[kept], count, fitted
        )
        drawn.append(_from(again, against))
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    return Ratings(values, low, high, tie, effects)


def _from(values: Floats, against: int | None) -> Floats:
    return values if against is None else values - values[against]


def _fit(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    counts: Floats,
    design: Floats,
    count: int,
    start: Floats | None = None,
) -> tuple[Floats, float, Floats]:
    """Values, how likely a tie is, and effects: the largest likelihood."""
    has_ties = bool(counts[:, 2].sum())

    def loss(point: Floats) -> tuple[float, Floats]:
        strength, effects, tie = point[:count], point[count:-1], point[-1]
        gap = (strength[left] - strength[right] + design @ effects) / 2
        terms = np.stack([gap, -gap, np.full(gap.shape, tie if has_ties else _NEVER)], axis=1)
        most = terms.max(axis=1, keepdims=True)
        total = most[:, 0] + np.log(np.exp(terms - most).sum(axis=1))
        chances = np.exp(terms - total[:, None])
        all_votes = counts.sum(axis=1)
        seen = (counts * (terms - total[:, None])).sum()
        slope = (counts[:, 0] - counts[:, 1] - all_votes * (chances[:, 0] - chances[:, 1])) / 2
        gradient = np.zeros(point.size)
        np.add.at(gradient, left, slope)
        np.add.at(gradient, right, -slope)
        gradient[count:-1] = design.T @ slope
        gradient[-1] = (counts[:, 2] - all_votes * chances[:, 2]).sum() if has_ties else 0.0
        held = _HOLD * float(point @ point)
        return float(-seen + held), np.asarray(-gradient + 2 * _HOLD * point)

    begin = np.zeros(count + design.shape[1] + 1)
    if start is not None:
        begin[:count] = start
    found = scipy.optimize.minimize(
        loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8}
    )
    values = np.asarray(found.x[:count] - found.x[:count].mean())
    return values, float(np.exp(found.x[-1])) if has_ties else 0.0, np.asarray(found.x[count:-1])


def win_chance(ratings: Ratings, first: int, second: int) -> tuple[float, float]:
    """How often the first beats the second, and how often neither does."""
    gap = float(ratings.values[first] - ratings.values[second]) / 2
    parts = np.exp([gap, -gap, log(ratings.tie) if ratings.tie > 0 else -np.inf])
    return float(parts[0] / parts.sum()), float(parts[2] / parts.sum())
