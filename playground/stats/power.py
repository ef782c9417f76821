"""What a number of cases can find, before they are run, and how many more would settle what they left open.

    power(160, difference=0.10)                       →  0.66: found 7 times in 10
    more_cases(b, c, n, difference=0.05)              →  400

Simulated with a seed: the same question has the same answer. Until data exist 30 % of the cases are taken to differ.
"""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, exp, log, sqrt
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from playground.stats.distributions import mid_p, normal_quantile, root, t_quantile
from playground.stats.paired import ALPHA

Looking = Literal["end", "any time"]
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

DISCORDANCE = 0.30
DRAWS = 2_000
PROMISED = 0.80
MOST_MORE = 100_000
"""Of more cases than these "more than" is said."""
_LEAST = 15
_LOOKS = 400
_MOST_DRAWN = 1_000_000


def power(
    cases: int,
    repeats: int = 1,
    difference: float = 0.10,
    discordance: float = DISCORDANCE,
    looking: Looking = "end",
    comparisons: int = 1,
    *,
    alpha: float = ALPHA,
    draws: int = DRAWS,
    seed: int = 1,
) -> float:
    """How often so many cases find a difference of pass rates, 0 to 1; `discordance` is the share of single answers that differ.

    With repeats the case means are compared: cases then have a difficulty of their own, spread so that two answers of
    one variant differ as often as `discordance` says. `comparisons` divides alpha, as the strictest of them is judged.
    """
    if cases < _LEAST:
        return 0.0
    random = np.random.default_rng(seed)
    level = alpha / max(1, comparisons)
    apart = max(min(discordance, 1.0), abs(difference))
    if repeats == 1 and looking == "end":
        total = random.binomial(cases, apart, draws)
        wins = random.binomial(total, (1 + difference / apart) / 2 if apart else 0.5)
        return float(_told_apart(wins, total - wins, level).mean())
    if repeats == 1:
        every = max(1, cases // _LOOKS)
        steps = [every] * (cases // every) + ([cases % every] if cases % every else [])
        wins, losses = (np.zeros(draws, dtype=np.int64) for _ in range(2))
        decided = np.zeros(draws, dtype=bool)
        for step in steps:
            new = random.multinomial(
                step, [(apart + difference) / 2, (apart - difference) / 2, 1 - apart], draws
            )
            wins, losses = wins + new[:, 0], losses + new[:, 1]
            decided |= _log_evidence(wins, losses) >= log(1 / level)
        return float(decided.mean())
    draws = min(draws, max(200, _MOST_DRAWN // cases))
    means = _case_differences(random, (draws, cases), repeats, difference, apart)
    if looking == "end":
        spread = means.std(axis=1, ddof=1) / sqrt(cases)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(means.mean(axis=1)) / spread
        return float((ratio > t_quantile(1 - level / 2, cases - 1)).mean())
    return float((_Bettors(draws).crossing(means.T, level) <= cases).mean())


def exact_power(
    cases: int, difference: float, discordance: float = DISCORDANCE, alpha: float = ALPHA
) -> float:
    """The closed form of `power` for one answer a case: every split of every number of differing cases, by its chance."""
    apart = max(discordance, abs(difference))
    found = 0.0
    for total in range(cases + 1):
        wins = np.arange(total + 1)
        chances = scipy.stats.binom.pmf(wins, total, (1 + difference / apart) / 2)
        found += float(scipy.stats.binom.pmf(total, cases, apart)) * float(
            chances[_told_apart(wins, total - wins, alpha)].sum()
        )
    return found


def more_cases(
    only_a: int,
    only_b: int,
    cases: int,
    difference: float = 0.05,
    looking: Looking = "end",
    *,
    alpha: float = ALPHA,
    draws: int = DRAWS,
    seed: int = 1,
) -> int | None:
    """How many more cases settle a difference of this size 8 times in 10, going by how many differed so far.

    The true difference is taken to be `difference` to the one side or the other, as likely as the cases so far make it;
    how many differ is drawn from what they leave open. None for more than `MOST_MORE`.
    """
    random = np.random.default_rng(seed)
    size = abs(difference)
    shares = np.linspace(size, 1, 402)[1:-1]
    first, second = (shares + size) / 2, (shares - size) / 2
    rest = (cases - only_a - only_b) * np.log1p(-shares)
    likely = np.concatenate(
        [only_a * np.log(p) + only_b * np.log(q) + rest for p, q in ((first, second), (second, first))]
    )
    weights = np.exp(likely - likely.max())
    drawn = random.choice(likely.size, draws, p=weights / weights.sum())
    apart = shares[drawn % shares.size]
    win_share = np.where(drawn < shares.size, (1 + size / apart) / 2, (1 - size / apart) / 2)
    steps = _growing(cases)
    if looking == "end":

        def is_enough(more: int) -> bool:
            total = random.binomial(more, apart)
            wins = random.binomial(total, win_share)
            return float(_told_apart(only_a + wins, only_b + total - wins, alpha).mean()) >= PROMISED

        at = bisect_left(steps, True, key=is_enough)
        return _rounded(steps[at]) if at < len(steps) else None
    wins, losses = np.full(draws, only_a), np.full(draws, only_b)
    decided, before = np.zeros(draws, dtype=bool), 0
    for more in steps:
        total = random.binomial(more - before, apart)
        new = random.binomial(total, win_share)
        wins, losses, before = wins + new, losses + total - new, more
        decided |= _log_evidence(wins, losses) >= log(1 / alpha)
        if decided.mean() >= PROMISED:
            return _rounded(more)
    return None


def more_scored_cases(
    differences: ArrayLike,
    difference: float = 0.05,
    looking: Looking = "end",
    *,
    alpha: float = ALPHA,
    draws: int = DRAWS,
    seed: int = 1,
) -> int | None:
    """The same for scores: from the differences of the cases (or clusters) so far, one a case."""
    random = np.random.default_rng(seed)
    known = np.asarray(differences, dtype=float)
    known = known[~np.isnan(known)]
    count, size = known.size, abs(difference)
    if count < 2:
        return None
    centre, spread = float(known.mean()), max(float(known.std(ddof=1)), 1e-6)
    up = 1 / (1 + exp(min(700.0, max(-700.0, -2 * count * centre * size / spread**2))))
    true = np.where(random.random(draws) < up, size, -size)
    spreads = spread * np.sqrt((count - 1) / random.chisquare(count - 1, draws))
    if looking == "any time":
        return _more_bets(random, known, true[:400], spreads[:400], alpha)
    sums, squares, before = np.full(draws, known.sum()), np.full(draws, float((known**2).sum())), 0
    for more in _growing(count):
        step = more - before
        means = random.normal(true, spreads / sqrt(step))
        inner = spreads**2 * random.chisquare(step - 1, draws) if step > 1 else np.zeros(draws)
        sums, squares, before = sums + step * means, squares + inner + step * means**2, more
        total = count + more
        error = np.sqrt(np.maximum(squares - sums**2 / total, 1e-12) / (total - 1) / total)
        if (np.abs(sums / total) > t_quantile(1 - alpha / 2, total - 1) * error).mean() >= PROMISED:
            return _rounded(more)
    return None


def tenths(share: float) -> str:
    """A share of runs in words: "6 times in 10", "less than 1 time in 10", "more than 9 times in 10"."""
    if share < 0.05:
        return "less than 1 time in 10"
    if share > 0.95:
        return "more than 9 times in 10"
    count = max(1, min(9, round(10 * share)))
    return f"{count} {'time' if count == 1 else 'times'} in 10"


# --- the rules of decision, for many runs at once -------------------------------------------------------


def _told_apart(wins: Counts, losses: Counts, alpha: float) -> NDArray[np.bool_]:
    """Where mid-p and the score of the difference both find one, as `compare_passes` wants it."""
    few, total = np.minimum(wins, losses), wins + losses
    p = mid_p(few, total)
    score = np.abs(wins - losses) > normal_quantile(1 - alpha / 2) * np.sqrt(total)
    return np.asarray((p < alpha) & (wins != losses) & score)


def _log_evidence(wins: Counts, losses: Counts) -> Floats:
    return np.asarray((wins + losses) * log(2) + scipy.special.betaln(1 + wins, 1 + losses))


class _Bettors:
    """The two bettors of `evidence.betting`, for many runs at once."""

    def __init__(self, runs: int) -> None:
        self.seen = 0
        self.total, self.squares = np.full(runs, 0.5), np.full(runs, 0.25)
        self.up, self.down = np.zeros(runs), np.zeros(runs)

    def take(self, differences: Floats) -> Floats:
        """The logarithm of their capital after one more case of each run."""
        self.seen += 1
        values = (differences + 1) / 2
        spread = self.squares / self.seen
        stake = np.minimum(np.sqrt(2 * log(2 / ALPHA) / (spread * self.seen * log(1 + self.seen))), 1.0)
        self.up += np.log1p(stake * (values - 0.5))
        self.down += np.log1p(-stake * (values - 0.5))
        self.total += values
        self.squares += (values - self.total / (self.seen + 1)) ** 2
        return np.asarray(np.logaddexp(self.up, self.down) - log(2))

    def crossing(self, cases: Floats, alpha: float) -> Floats:
        """After which case each run is decided, infinite where it is not; `cases` has a row a case."""
        found = np.full(self.up.size, np.inf)
        for number, row in enumerate(cases, start=1):
            new = (self.take(row) >= log(1 / alpha)) & np.isinf(found)
            found[new] = number
        return found


def _more_bets(
    random: np.random.Generator, known: Floats, true: Floats, spreads: Floats, alpha: float
) -> int | None:
    bettors = _Bettors(true.size)
    for value in known:
        bettors.take(np.full(true.size, value))
    decided, most = np.zeros(true.size, dtype=bool), 20_000  # a step a case: more take too long to count
    for number in range(1, most + 1):
        decided |= bettors.take(np.clip(random.normal(true, spreads), -1, 1)) >= log(1 / alpha)
        if number % 10 == 0 and decided.mean() >= PROMISED:
            return _rounded(number)
    return None


def _growing(cases: int) -> list[int]:
    """Numbers of further cases to try, each some percent more than the one before."""
    found, more = [], max(5.0, cases * 0.05)
    while more <= MOST_MORE:
        found.append(round(more))
        more = max(more * 1.04, more + 1)
    return found


def _rounded(more: int) -> int:
    """Up to two digits: nobody knows it better."""
    power_of_ten: int = 10 ** max(0, len(str(more)) - 2)
    return ceil(more / power_of_ten) * power_of_ten


def _case_differences(
    random: np.random.Generator, shape: tuple[int, int], repeats: int, difference: float, apart: float
) -> Floats:
    """Case means of the better variant minus those of the other."""
    share = min(apart, 0.499)
    spread = share / (1 - 2 * share)  # two answers of one Beta(x, x) differ x / (2x + 1) of the time
    easy = random.beta(spread, spread, shape)
    wanted = min(0.5 + abs(difference), 0.999)
    bend = (
        root(
            lambda g: (
                exp(scipy.special.betaln(spread + g, spread) - scipy.special.betaln(spread, spread)) - wanted
            ),
            1e-9,
            1.0,
        )
        if difference
        else 1.0
    )
    better = easy**bend
    return np.asarray((random.binomial(repeats, better) - random.binomial(repeats, easy)) / repeats)
