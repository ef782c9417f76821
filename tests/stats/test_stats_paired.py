"""Verdicts on pairs: check values, other programs' figures, and no interval that its p contradicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from playground.stats import (
    ALPHA,
    benjamini_hochberg,
    compare_passes,
    compare_scores,
    holm,
    mean,
    rate,
)
from playground.stats.evidence import betting, of_wins
from playground.stats.paired import exact_p

# only A, only B, cases: difference, Tango's bounds, mid-p, exact p, E
CHECKED = [
    (30, 12, 80, 0.2250, 0.0685, 0.3703, 0.0054, 0.0079, 9.249),
    (12, 2, 30, 0.3333, 0.0998, 0.5346, 0.0074, 0.0129, 12.003),
    (7, 25, 60, -0.3000, -0.4591, -0.1216, 0.0013, 0.0021, 38.668),
    (5, 0, 20, 0.2500, 0.0486, 0.4687, 0.0313, 0.0625, 5.333),
    (10, 10, 100, 0.0, -0.0922, 0.0922, 1, 1, 0.270),
    (0, 0, 20, 0.0, -0.1611, 0.1611, 1, 1, 1),
]


@pytest.mark.parametrize("row", CHECKED, ids=str)
def test_the_check_values(row: tuple[float, ...]) -> None:
    only_a, only_b, cases = (int(value) for value in row[:3])
    found = compare_passes(only_a, only_b, cases)
    got = [found.difference, found.low, found.high, found.p, exact_p(only_a, only_b)]
    assert got == pytest.approx(row[3:8], abs=1e-4)
    assert found.evidence == pytest.approx(row[8], abs=1e-3)


def test_interval_and_p_never_contradict_each_other() -> None:
    random = np.random.default_rng(1)
    for _ in range(3_000):
        cases = int(random.integers(1, 400))
        apart = int(random.integers(0, cases + 1))
        only_a = int(random.binomial(apart, random.uniform(0.2, 0.8)))
        found = compare_passes(only_a, apart - only_a, cases)
        assert -1 <= found.low <= found.difference <= found.high <= 1
        assert found.is_decided == (not found.low <= 0 <= found.high), (only_a, apart - only_a, cases)


def test_all_cases_of_one_side_are_told_apart_and_stay_within_bounds() -> None:
    found = compare_passes(50, 0, 50)
    assert found.difference == 1
    assert 0.8 < found.low < 1 == found.high
    assert found.p == pytest.approx(2**-50, rel=1e-6)
    turned = compare_passes(0, 50, 50)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(("only_a", "only_b"), [(3, 9), (20, 41), (1, 0), (0, 8), (14, 15)])
def test_exact_p_is_mcnemars(only_a: int, only_b: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    theirs = mcnemar([[5, only_a], [only_b, 7]], exact=True).pvalue
    assert exact_p(only_a, only_b) == pytest.approx(theirs)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="cannot differ"):
        compare_passes(*counts)


@pytest.mark.parametrize(("passes", "cases"), [(1, 3), (7, 10), (99, 100), (40, 80)])
def test_a_rate_has_wilsons_interval(passes: int, cases: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    found = rate(passes, cases)
    assert (found.low, found.high) == pytest.approx(proportion_confint(passes, cases, method="wilson"))


@pytest.mark.parametrize(("passes", "cases"), [(0, 12), (12, 12), (0, 1)])
def test_none_or_all_have_clopper_and_pearsons_interval(passes: int, cases: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    found = rate(passes, cases)
    assert (found.low, found.high) == pytest.approx(proportion_confint(passes, cases, method="beta"))


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot pass"):
        rate(0, 0)


def test_scores_are_paired_by_case_and_missing_ones_drop_out_on_both_sides() -> None:
    a = [0.9, 0.8, math.nan, 0.7, 0.6, 1.0]
    b = [0.5, 0.6, 0.9, 0.4, math.nan, 0.7]
    found = compare_scores(a, b)
    assert found.difference == pytest.approx(0.3)
    assert found == pytest.approx(compare_scores([0.9, 0.8, 0.7, 1.0], [0.5, 0.6, 0.4, 0.7]))
    turned = compare_scores(b, a)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_the_t_interval_of_differences() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(3, 1, 40), random.normal(2.5, 1, 40)
    found = compare_scores(a, b)
    alone = mean(a - b)
    assert (found.difference, found.low, found.high) == pytest.approx(tuple(alone))
    assert math.isnan(found.evidence), "scores beyond 0 to 1 cannot be bet on"


def test_differences_that_are_all_the_same_have_the_p_of_their_signs() -> None:
    assert compare_scores([1.0] * 3, [0.5] * 3).p == 0.25
    assert not compare_scores([1.0] * 3, [0.5] * 3).is_decided
    sure = compare_scores([1.0] * 10, [0.5] * 10)
    assert (sure.low, sure.high, sure.p) == (0.5, 0.5, 0.5**9)
    assert compare_scores([0.5] * 4, [0.5] * 4).p == 1


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        compare_scores([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="Two paired cases"):
        compare_scores([1, math.nan], [1, 2])


def test_several_p_values_are_adjusted_as_statsmodels_does() -> None:
    from statsmodels.stats.multitest import multipletests

    p = [0.01, 0.04, 0.03, 0.2, 0.0005]
    assert holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))
    assert benjamini_hochberg(p) == pytest.approx(list(multipletests(p, method="fdr_bh")[1]))
    assert holm([]) == benjamini_hochberg([]) == []


def no_difference(random: np.random.Generator, cases: int) -> tuple[np.ndarray, np.ndarray]:
    """Two runs of one prompt: cases of different difficulty, two independent answers each."""
    chance = random.beta(1, 1, cases)
    return random.random(cases) < chance, random.random(cases) < chance


def test_the_same_prompt_twice_is_seldom_told_apart() -> None:
    random = np.random.default_rng(5)
    alarms = {"passes": 0, "scores": 0}
    for _ in range(1_000):
        a, b = no_difference(random, 100)
        alarms["passes"] += compare_passes(int((a & ~b).sum()), int((b & ~a).sum()), 100).is_decided
        shift = random.normal(0, 0.2, (2, 100))
        alarms["scores"] += compare_scores(shift[0], shift[1]).is_decided
    # 5 % is asked for; three standard errors of 1,000 runs are 2 points.
    assert all(25 <= count <= 71 for count in alarms.values()), alarms


def test_evidence_that_is_looked_at_after_every_case_seldom_decides_without_a_difference() -> None:
    random = np.random.default_rng(7)
    decided = {"passes": 0, "scores": 0}
    for _ in range(150):
        a, b = no_difference(random, 200)
        wins, losses = np.cumsum(a & ~b), np.cumsum(b & ~a)
        seen = [of_wins(int(wins[n]), int(losses[n])) for n in range(19, 200)]
        decided["passes"] += max(seen) >= 1 / ALPHA
        a, b = random.random((2, 200))
        seen = [betting(a[:n] - b[:n]) for n in range(20, 201, 10)]
        decided["scores"] += max(seen) >= 1 / ALPHA
    assert all(count <= 15 for count in decided.values()), decided


def test_evidence_finds_a_difference_that_is_there() -> None:
    random = np.random.default_rng(11)
    assert compare_passes(60, 20, 200).evidence > 1 / ALPHA
    a, b = random.beta(4, 2, 300), random.beta(2, 3, 300)
    assert compare_scores(a, b).evidence > 1 / ALPHA
