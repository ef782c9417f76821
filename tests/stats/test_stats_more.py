"""Power, clusters, looking any time, raters, corrected scores and ratings, beside other programs' figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from krippendorff import alpha as their_alpha

from playground.stats import (
    Vote,
    agree,
    compare_clusters,
    compare_passes,
    compare_scores,
    corrected_mean,
    davidson,
    davidson_votes,
    effect_size,
    krippendorff,
    leaning,
    mean_of_clusters,
    more_cases,
    more_scored_cases,
    permutation_p,
    power,
    tenths,
    win_chance,
)
from playground.stats.evidence import betting, look_at_passes, look_at_scores, of_wins
from playground.stats.power import exact_power


def test_power_is_that_of_the_closed_form() -> None:
    for cases, difference in ((40, 0.2), (160, 0.1), (300, 0.05)):
        assert power(cases, 1, difference) == pytest.approx(exact_power(cases, difference), abs=0.03)
    assert power(14) == 0, "under 15 cases there is no verdict to find"
    assert power(160) == power(160), "asked twice it says the same"


def test_more_cases_repeats_and_larger_differences_find_more_and_looking_any_time_finds_less() -> None:
    usual = power(120)
    assert power(120, difference=0.2) > power(240) > usual
    assert power(120, repeats=3) > usual
    assert power(120, looking="any time") < usual
    assert power(120, comparisons=3) < usual
    assert power(60, repeats=3, difference=0.2, looking="any time") > 0.1


def test_power_in_words() -> None:
    assert [tenths(share) for share in (0.01, 0.13, 0.62, 0.99)] == [
        "less than 1 time in 10",
        "1 time in 10",
        "6 times in 10",
        "more than 9 times in 10",
    ]


def test_so_many_more_cases_as_are_promised_decide_what_they_promise() -> None:
    random = np.random.default_rng(3)
    kept: list[bool] = []
    chances = [0.2, 0.1, 0.7]
    while len(kept) < 60:
        b, c, _ = (int(n) for n in random.multinomial(60, chances))
        more = None if compare_passes(b, c, 60).is_decided else more_cases(b, c, 60, 0.1, draws=500)
        if more is not None:
            b2, c2, _ = (int(n) for n in random.multinomial(more, chances))
            kept.append(compare_passes(b + b2, c + c2, 60 + more).is_decided)
    assert 0.62 <= np.mean(kept) <= 0.94, "80 % was promised; three standard errors of 60 are 16 points"


def test_the_smaller_the_difference_the_more_cases_it_takes() -> None:
    assert (more_cases(30, 25, 160, 0.1) or 0) < (more_cases(30, 25, 160, 0.05) or 0)
    assert more_cases(30, 25, 160, 0.001) is None
    assert (more_cases(30, 25, 160, 0.1, "any time") or 0) > (more_cases(30, 25, 160, 0.1) or 0)
    apart = np.random.default_rng(2).normal(0.02, 0.3, 80).clip(-1, 1)
    fixed = more_scored_cases(apart, 0.1) or 0
    assert 20 < fixed < 200 and (more_scored_cases(apart, 0.1, "any time") or 0) > fixed


def test_clusters_have_the_error_of_statsmodels() -> None:
    import statsmodels.api as sm

    random = np.random.default_rng(5)
    groups = random.integers(0, 18, 90)
    a, b = random.random(90) + groups / 40, random.random(90)
    found, count = compare_clusters(a, b, list(groups))
    theirs = sm.OLS(a - b, np.ones(90)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = theirs.conf_int()[0]
    assert (found.low, found.high, found.p, count) == pytest.approx((low, high, theirs.pvalues[0], 18))
    alone = mean_of_clusters(a - b, list(groups))
    assert tuple(alone) == pytest.approx((found.difference, low, high))


def test_clusters_of_one_case_are_no_clusters() -> None:
    random = np.random.default_rng(6)
    a, b = random.random((2, 40))
    assert compare_clusters(a, b, range(40))[0] == pytest.approx(compare_scores(a, b))
    with pytest.raises(ValueError, match="Two clusters"):
        compare_clusters(a, b, ["x"] * 40)


def test_signs_that_are_flipped_at_random_agree_with_the_t_test() -> None:
    random = np.random.default_rng(7)
    a, b = random.random(50) + 0.12, random.random(50)
    assert permutation_p(a, b) == pytest.approx(compare_scores(a, b).p, abs=0.01)
    assert permutation_p(a, b) == permutation_p(a, b)
    assert effect_size(a, b) == pytest.approx((a - b).mean() / (a - b).std(ddof=1))
    assert math.isnan(effect_size([1.0, 1.0], [0.0, 0.0]))


def test_interval_and_evidence_agree_at_every_look() -> None:
    random = np.random.default_rng(8)
    for _ in range(200):
        signs = random.choice([-1, 0, 1], 60, p=[0.1, 0.55, 0.35])
        for looked in (look_at_passes(signs), look_at_scores(random.random(60) - 0.7 * random.random(60))):
            assert looked.low <= looked.difference <= looked.high
            assert (looked.evidence >= 20) == (not looked.low <= 0 <= looked.high)
    wins, losses = int((signs > 0).sum()), int((signs < 0).sum())
    assert look_at_passes(signs).evidence == pytest.approx(of_wins(wins, losses))
    assert look_at_scores([0.5, -0.2, 0.1]).evidence == pytest.approx(betting([0.5, -0.2, 0.1]))


def test_kappa_is_that_of_statsmodels_and_is_none_for_one_class() -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    random = np.random.default_rng(9)
    person = random.random(80) < 0.7
    judge = person ^ (random.random(80) < 0.2)
    found = agree(judge, person)
    table = [[int(((judge == a) & (person == b)).sum()) for b in (True, False)] for a in (True, False)]
    theirs = cohens_kappa(table)
    assert found.kappa is not None
    assert tuple(found.kappa) == pytest.approx((theirs.kappa, theirs.kappa_low, theirs.kappa_upp))
    assert found.sensitivity is not None and found.sensitivity.value == table[0][0] / person.sum()
    assert found.base_rate == person.mean()
    one = agree([True] * 9 + [False], [True] * 10)
    assert one.kappa is None and one.specificity is None and one.agreeing == 9


def test_alpha_of_raters_with_gaps_is_that_of_the_library() -> None:
    random = np.random.default_rng(10)
    ratings = random.integers(1, 4, (4, 30)).astype(float)
    ratings[1] = ratings[0]
    ratings[random.random((4, 30)) < 0.25] = math.nan
    for scale in ("nominal", "interval"):
        theirs = their_alpha(reliability_data=ratings, level_of_measurement=scale)
        assert krippendorff(ratings, scale) == pytest.approx(theirs)  # type: ignore[arg-type]
    assert math.isnan(krippendorff([[1, math.nan], [math.nan, 1]]))


def test_a_judge_that_is_too_kind_is_put_right() -> None:
    random = np.random.default_rng(14)
    covered = 0
    for _ in range(300):
        truth = (random.random(400) < 0.6).astype(float)
        judge = np.where(random.random(400) < 0.85, truth, 1.0)
        found = corrected_mean(truth[:60], judge[:60], judge[60:])
        covered += found.estimate.low < 0.6 < found.estimate.high
    assert covered / 300 == pytest.approx(0.95, abs=0.04)
    assert judge.mean() > 0.62, "the judge alone"
    alone = corrected_mean(truth[:60], judge[:60], [])
    assert alone.weight == 0 and found.weight > 0.5
    assert found.estimate.high - found.estimate.low < alone.estimate.high - alone.estimate.low
    # The closed form, by hand: lambda, the estimate and its error.
    h, f, rest = truth[:60], judge[:60], judge[60:]
    weight = np.cov(h, f)[0, 1] / ((1 + 60 / 340) * f.var(ddof=1))
    assert found.weight == pytest.approx(weight)
    assert found.estimate.value == pytest.approx(h.mean() + weight * (rest.mean() - f.mean()))


def iterated(wins: np.ndarray, ties: np.ndarray) -> tuple[np.ndarray, float]:
    """Davidson's model by another way: minorisation (Hunter, Annals of Statistics 32:384, 2004)."""
    count = len(wins)
    strength, tie = np.ones(count), 1.0
    games = wins + wins.T + ties
    for _ in range(20_000):
        root = np.sqrt(np.outer(strength, strength))
        total = strength[:, None] + strength[None, :] + tie * root
        share = games / total
        np.fill_diagonal(share, 0)
        scored = wins.sum(axis=1) + ties.sum(axis=1) / 2
        new = scored / (share * (1 + tie * np.sqrt(strength[None, :] / strength[:, None]) / 2)).sum(axis=1)
        new /= np.exp(np.log(new).mean())
        tie = ties.sum() / 2 / (np.triu(share, 1) * root).sum()
        if np.abs(new - strength).max() < 1e-12:
            break
        strength = new
    return np.log(strength), tie


def test_ratings_are_those_of_a_second_way_to_them() -> None:
    wins = np.array([[0, 12, 20, 9], [8, 0, 14, 7], [3, 6, 0, 5], [4, 9, 11, 0]], dtype=float)
    ties = np.array([[0, 6, 3, 2], [6, 0, 4, 5], [3, 4, 0, 6], [2, 5, 6, 0]], dtype=float)
    found = davidson(wins, ties)
    values, tie = iterated(wins, ties)
    assert found.values == pytest.approx(values, abs=2e-4)
    assert found.tie == pytest.approx(tie, abs=2e-3)
    win, level = win_chance(found, 0, 2)
    assert 0.6 < win < 0.8 and 0 < level < 0.3


def test_who_never_loses_is_ahead_and_finite() -> None:
    found = davidson([[0, 5], [0, 0]], [[0, 0], [0, 0]])
    assert found.values[0] > 2 and np.isfinite(found.values).all() and found.tie == 0
    with pytest.raises(ValueError, match="square"):
        davidson([[0, 5]], [[0, 0]])


def test_votes_have_bounds_and_a_side_that_is_liked_is_taken_out() -> None:
    random = np.random.default_rng(12)
    true = np.array([0.5, 0.0, -0.5])
    votes = []
    for n in range(400):
        left, right = random.choice(3, 2, replace=False)
        gap = true[left] - true[right] + 0.8
        votes.append(
            Vote(
                int(left),
                int(right),
                "left" if random.random() < 1 / (1 + math.exp(-gap)) else "right",
                n % 40,
                n,
            )
        )
    found = davidson_votes(votes, 3, np.ones((400, 1)), draws=40)
    assert found.effects[0] == pytest.approx(0.8, abs=0.3)
    assert (found.low < true).all() and (true < found.high).all()


def test_the_slope_of_a_leaning_is_that_of_statsmodels_with_errors_by_unit() -> None:
    import statsmodels.api as sm

    drawn = np.random.default_rng(5)
    units = np.repeat(np.arange(40), 2)
    truth = (drawn.random(80) < 0.6).astype(float)
    words = drawn.gamma(4, 0.3, 80)
    marks = (drawn.random(80) < 0.3 + 0.4 * truth + 0.1 * words).astype(float)
    found = leaning(marks, truth, words, units.tolist())
    design = sm.add_constant(np.column_stack([truth, words]))
    fitted = sm.OLS(marks, design).fit(cov_type="cluster", cov_kwds={"groups": units}, use_t=True)
    low, high = fitted.conf_int()[2]
    assert found is not None and np.allclose(found, (fitted.params[2], low, high))
    assert leaning(marks, np.ones(80), words, units.tolist()) is not None, (
        "people who pass all say nothing beside length"
    )
    assert leaning(marks, truth, np.full(80, 7.0), units.tolist()) is None
    assert leaning(marks[:6], truth[:6], words[:6], units[:6].tolist()) is None
    with pytest.raises(ValueError, match="do not fit"):
        leaning(marks, truth[:5], words, units.tolist())
