"""Evidence that stays valid however often one looks: e-values, which decide at 20 with 5 % false alarms.

    looked = look_at_passes([1, 0, 0, -1, 1, …])     # A minus B, case by case in the order in which they came
    looked.evidence, looked.cases                    # E, and after how many cases

What was decided once stays decided: where later cases weaken it, the evidence is that of the moment with the most of it
(if all cases together point to the same side). The interval may be looked at after every case too; it leaves 0 out
exactly when the evidence decides.
"""

from __future__ import annotations

from math import exp, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playground.stats.distributions import Floats, log_choose, root

MOST = 1e300
"""Evidence is said up to this: it is a number in every file, and one over it is none."""
_ALPHA = 0.05
_MOST = 0.5  # a single case then takes at most half of what a bettor has
_RATE_ALPHA = 0.01  # how often the share of cases that differ may lie outside of its own interval
_GRID = np.linspace(0, 1, 1001)


class Looked(NamedTuple):
    """A minus B with bounds that allow for every look before; `evidence` after `cases` of the cases that were seen."""

    difference: float
    low: float
    high: float
    evidence: float
    cases: int


def evidence_of(logarithm: float) -> float:
    """The e-value of this logarithm; `MOST` where there is more of it than a number can hold."""
    return exp(min(logarithm, log(MOST)))


def of_wins(only_a: int, only_b: int) -> float:
    """The e-value of so many wins on each side against an even chance: the mean over every share of wins."""
    apart = only_a + only_b
    return evidence_of(apart * log(2) - log_choose(apart, only_a) - log(apart + 1))


def betting(differences: ArrayLike) -> float:
    """The e-value of differences from -1 to 1 against "none on average", in the order in which the cases came.

    Two bettors, one for each side, stake on the next difference by the spread of those before; their capital is
    averaged (Waudby-Smith and Ramdas, JRSS B 86:1, 2024). At 20 the difference is decided at 5 %.
    """
    path = _betting_path(_halves(differences), 0.5)
    return evidence_of(float(path[-1])) if path.size else 1.0


def look_at_passes(signs: ArrayLike, alpha: float = _ALPHA) -> Looked:
    """One answer a case: 1 where A alone passes, -1 where B alone does, 0 where both or none do."""
    values = np.asarray(signs, dtype=float)
    wins, losses = np.cumsum(values > 0), np.cumsum(values < 0)
    # Each win is bet on by the share of wins before it, (wins + 1) / (wins + losses + 2), against an even chance: their
    # product is the mixture over all shares (Laplace's rule), without scipy, which takes a third of a second to import.
    lucky = np.where(values > 0, wins, np.where(values < 0, losses, 1))
    path = np.cumsum(np.where(values == 0, 0.0, np.log(2 * lucky / (wins + losses + 1))))
    at = _moment(path, wins - losses, alpha)

    def seen(number: int) -> Looked:
        b, c, n = int(wins[number]), int(losses[number]), number + 1
        low, high = _share_bounds(b, c, alpha)
        least, most = _share_bounds(b + c, n - b - c, _RATE_ALPHA)
        ends = [rate * (2 * share - 1) for rate in (least, most) for share in (low, high)]
        return Looked((b - c) / n, min(ends), max(ends), evidence_of(float(path[number])), n)

    return _together(seen(at), seen(values.size - 1))


def look_at_scores(differences: ArrayLike, alpha: float = _ALPHA) -> Looked:
    """Differences of scores from 0 to 1, one a case (or a cluster): the betting e-process and its interval."""
    values = _halves(differences)
    path = _betting_path(values, 0.5)
    at = _moment(path, np.cumsum(values - 0.5), alpha)

    def seen(number: int) -> Looked:
        known = values[: number + 1]
        inside = _GRID[_capital(known) < log(1 / alpha)]
        middle = float(known.mean())
        low, high = (float(inside.min()), float(inside.max())) if inside.size else (middle, middle)
        return Looked(2 * middle - 1, 2 * low - 1, 2 * high - 1, evidence_of(float(path[number])), number + 1)

    return _together(seen(at), seen(values.size - 1))


def _together(decided: Looked, last: Looked) -> Looked:
    """The difference of all cases within the bounds of both moments, with the evidence of the one that decided."""
    low, high = max(decided.low, last.low), min(decided.high, last.high)
    if not low <= last.difference <= high:
        return decided
    return Looked(last.difference, low, high, decided.evidence, decided.cases)


def _moment(path: Floats, sums: NDArray[Any], alpha: float) -> int:
    """The last case; where that does not decide and an earlier one did, the one with the most evidence.

    Not where all cases together point to the other side: what came first was then no sample of what came later.
    """
    if not path.size:
        raise ValueError("No case has a difference.")
    best, enough = int(np.argmax(path)), log(1 / alpha)
    is_early = path[-1] < enough <= path[best] and sums[best] * sums[-1] > 0
    return best if is_early else path.size - 1


def _halves(differences: ArrayLike) -> Floats:
    return (np.asarray(differences, dtype=float) + 1) / 2


def stakes(values: Floats) -> Floats:
    """What is staked on each value from 0 to 1, by those before it."""
    seen = np.arange(1, values.size + 1)
    means = (0.5 + np.cumsum(values)) / (seen + 1)
    squares = 0.25 + np.concatenate(([0.0], np.cumsum((values - means) ** 2)[:-1]))
    spread = squares / seen
    return np.asarray(np.sqrt(2 * log(2 / _ALPHA) / (spread * seen * np.log(1 + seen))))


def _betting_path(values: Floats, centre: float) -> Floats:
    """The logarithm of the capital after each value, against a mean of `centre`."""
    staked = stakes(values)
    gain = values - centre
    up = np.cumsum(np.log1p(np.minimum(staked, _MOST / centre) * gain))
    down = np.cumsum(np.log1p(-np.minimum(staked, _MOST / (1 - centre)) * gain))
    return np.asarray(np.logaddexp(up, down) - log(2))


def _capital(values: Floats) -> Floats:
    """The logarithm of the capital after all values, against every mean of the grid."""
    staked = stakes(values)
    up, down = np.zeros(_GRID.size), np.zeros(_GRID.size)
    with np.errstate(divide="ignore"):
        most_up, most_down = _MOST / _GRID, _MOST / (1 - _GRID)
    for value, stake in zip(values, staked, strict=True):
        gain = value - _GRID
        up += np.log1p(np.minimum(stake, most_up) * gain)
        down += np.log1p(-np.minimum(stake, most_down) * gain)
    return np.asarray(np.logaddexp(up, down) - log(2))


def _share_bounds(wins: int, losses: int, alpha: float) -> tuple[float, float]:
    """The shares against which so many wins and losses are no evidence: the mixture's interval, valid at every look."""
    of = wins + losses
    if not of:
        return 0.0, 1.0
    mixture = log(alpha) - log_choose(of, wins) - log(of + 1)

    def over(share: float) -> float:
        likely = (wins * log(share) if wins else 0.0) + (losses * log(1 - share) if losses else 0.0)
        return mixture - likely

    tiny = 1e-12
    best = min(max(wins / of, tiny), 1 - tiny)
    low = 0.0 if over(tiny) <= 0 else root(over, tiny, best)
    high = 1.0 if over(1 - tiny) <= 0 else root(over, best, 1 - tiny)
    return low, high
