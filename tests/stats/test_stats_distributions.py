"""Our few distributions against those of scipy.stats, which takes a second to import."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy

from playground.stats.distributions import (
    binomial_cdf,
    clopper_pearson,
    false_discoveries,
    mid_p,
    mid_p_of,
    normal_quantile,
    root,
    t_quantile,
    t_tail,
    wilson,
)


def test_quantiles_and_tails_are_those_of_scipy() -> None:
    for share in (0.5, 0.9, 0.975, 0.9995):
        assert normal_quantile(share) == pytest.approx(scipy.stats.norm.ppf(share), rel=1e-12)
        for freedom in (1, 2, 19, 399, 99_999):
            assert t_quantile(share, freedom) == pytest.approx(scipy.stats.t.ppf(share, freedom), rel=1e-9)
    for value, freedom in [(0.0, 3), (2.1, 19), (-1.5, 7), (40.0, 99)]:
        assert t_tail(value, freedom) == pytest.approx(scipy.stats.t.sf(value, freedom), rel=1e-9)


def test_so_few_heads_are_as_likely_as_scipy_has_it() -> None:
    most = np.array([-1, 0, 3, 10, 12, 0, 49, 1000])
    tries = np.array([5, 0, 10, 10, 10, 40, 99, 2040])
    for chance in (0.5, 0.2):
        theirs = scipy.stats.binom.cdf(most, tries, chance)
        assert binomial_cdf(most, tries, chance) == pytest.approx(theirs, rel=1e-9)
    theirs = 2 * scipy.stats.binom.cdf(most, tries, 0.5) - scipy.stats.binom.pmf(most, tries, 0.5)
    assert mid_p(most, tries) == pytest.approx(np.minimum(theirs, 1), rel=1e-9)


@pytest.mark.parametrize(
    ("fewer", "tries"),
    [
        (0, 0),
        (0, 1),
        (3, 10),
        (5, 10),
        (17, 60),
        (40, 99),
        (499, 1000),
        (499, 1001),
        (990, 2040),
        (0, 3000),
        (49_800, 100_000),
    ],
)
def test_one_number_is_what_the_arrays_give(fewer: int, tries: int) -> None:
    assert mid_p_of(fewer, tries) == pytest.approx(float(mid_p(fewer, tries)), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("passes", "cases"), [(0, 1), (0, 40), (3, 7), (39, 40), (40, 40), (600, 1000)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_intervals_of_a_share_are_those_of_scipy(passes: int, cases: int, alpha: float) -> None:
    asked = scipy.stats.binomtest(passes, cases)
    theirs = asked.proportion_ci(1 - alpha, method="exact")
    assert clopper_pearson(passes, cases, alpha) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    theirs = asked.proportion_ci(1 - alpha, method="wilson")
    assert wilson(passes, cases, alpha) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)


def test_false_discoveries_are_adjusted_as_scipy_does() -> None:
    p = [0.04, 0.001, 0.9, 0.03, 0.03, 0.2, 1.0]
    assert false_discoveries(p) == pytest.approx(scipy.stats.false_discovery_control(p))


def test_a_root_is_found_as_exactly_as_by_brent() -> None:
    steps = 0

    def bent(x: float) -> float:
        nonlocal steps
        steps += 1
        return math.exp(9 * x) - 2000 if x > 0.1 else -2001.0  # with a jump, too

    assert root(bent, -1, 1) == pytest.approx(math.log(2000) / 9, abs=1e-12)
    assert steps < 30
    assert root(lambda x: x - 0.25, 0.25, 1) == 0.25
    with pytest.raises(ValueError, match="does not pass zero"):
        root(lambda x: 1.0 + x, 0, 1)
