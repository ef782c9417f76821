"""Evidence that stays valid however often one looks: e-values, which decide at 20 with 5 % false alarms."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

_ALPHA = 0.05
_MOST = 1.0  # a single case then takes at most half of what a bettor has


def of_wins(only_a: int, only_b: int) -> float:
    """The e-value of so many wins on each side against an even chance: the mean over every share of wins."""
    return exp((only_a + only_b) * log(2) + float(betaln(1 + only_a, 1 + only_b)))


def betting(differences: NDArray[np.float64]) -> float:
    """The e-value of differences from -1 to 1 against "none on average", in the order in which the cases came.

    Two bettors, one for each side, stake on the next difference by the spread of those before; their capital is
    averaged (Waudby-Smith and Ramdas, JRSS B 86:1, 2024). At 20 the difference is decided at 5 %.
    """
    up = down = 0.0  # logarithms of what each has
    total, squares = 0.5, 0.25
    for seen, value in enumerate((np.asarray(differences, dtype=float) + 1) / 2, start=1):
        spread = squares / seen
        stake = min(sqrt(2 * log(2 / _ALPHA) / (spread * seen * log(1 + seen))), _MOST)
        gain = float(value) - 0.5
        up += log(1 + stake * gain)
        down += log(1 - stake * gain)
        total += float(value)
        squares += (float(value) - total / (seen + 1)) ** 2
    return float(np.exp(np.logaddexp(up, down) - log(2)))
