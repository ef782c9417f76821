"""A judge beside people: the halves, what it lets through, and its score put right by the labels."""

from __future__ import annotations

import numpy as np

from playground.stats import corrected_difference
from playground.verdicts import align, is_held_out, labelling_order

CASES = [f"row{n}" for n in range(100)]


def test_cases_are_labelled_in_a_drawn_order_whose_every_other_one_is_held_out() -> None:
    order = labelling_order(CASES)
    assert sorted(order) == list(range(100)) and order != sorted(order)
    assert order == labelling_order(CASES)
    held = is_held_out(order)
    assert [held[case] for case in order[:4]] == [False, True, False, True]
    assert sum(held.values()) == 50


def test_agreement_is_that_of_the_held_out_half_and_disagreements_are_those_of_the_working_half() -> None:
    order = list(range(60))
    labels = {(0, case): case % 4 < 2 for case in range(60)}
    judge = dict(labels) | {(0, 0): False, (0, 2): True, (0, 3): True, (0, 5): False}
    found = align(judge, labels, order)
    assert found.disagreements == ((0, 2), (0, 0)), "what it lets through comes first"
    assert found.counts == (14, 1, 1, 14)
    agreement = found.agreement
    assert agreement is not None and agreement.kappa is not None
    assert agreement.cases == 30 and round(agreement.kappa.value, 2) == 0.87


def test_few_labels_make_no_card() -> None:
    few = {(0, case): True for case in range(20)}
    found = align(few, few, list(range(20)))
    assert found.agreement is None
    bias = found.bias(few, few, 0)
    assert bias is not None and (bias.judged, bias.judged_on, bias.labels, bias.corrected) == (
        1.0,
        20,
        10,
        None,
    )
    assert found.bias(few, few, 7) is None


def test_a_lenient_judge_is_corrected_by_the_held_out_labels_alone() -> None:
    drawn = np.random.default_rng(4)
    truth = {(0, case): bool(drawn.random() < 0.6) for case in range(400)}
    judge = {at: good or bool(drawn.random() < 0.5) for at, good in truth.items()}
    labels = {at: good for at, good in truth.items() if at[1] < 120}
    # Labels of the working half would say that nothing is good: they must not count.
    labels |= {at: False for at in labels if at[1] % 2 == 0}
    found = align(judge, labels, list(range(400)))
    bias = found.bias(judge, labels, 0)
    assert bias is not None and bias.corrected is not None and bias.labels == 60
    low, high = bias.corrected.estimate[1:]
    assert bias.judged > 0.75 and low < np.mean(list(truth.values())) < high < bias.judged + 0.05


def test_the_corrected_difference_covers_the_true_one() -> None:
    drawn = np.random.default_rng(7)
    rates, hits = (0.6, 0.75), 0
    for _ in range(300):
        both = []
        for rate in rates:
            good = drawn.random(160) < rate
            marks = np.where(good, drawn.random(160) < 0.9, drawn.random(160) < 0.3)
            found = align(
                {(0, n): bool(mark) for n, mark in enumerate(marks)},
                {(0, n): bool(each) for n, each in enumerate(good[:80])},
                list(range(160)),
            )
            bias = found.bias(found.judge, found.labels, 0)
            assert bias is not None and bias.corrected is not None
            both.append(bias.corrected)
        apart = corrected_difference(both[1], both[0])
        hits += apart.low <= rates[1] - rates[0] <= apart.high
    assert hits >= 0.93 * 300


def test_a_corrected_share_and_its_difference_stay_within_what_there_can_be() -> None:
    # The judge fails a good answer among the labels and none of the rest: corrected it is more than all of them.
    good = {(v, case): v == 0 or case % 19 == 0 for v in range(2) for case in range(240)}
    judge = {at: mark and at not in ((0, 1), (0, 3)) for at, mark in good.items()}
    labels = {at: mark for at, mark in good.items() if at[1] < 40} | {(0, 3): False, (0, 5): False}
    found = align(judge, labels, list(range(240)))
    both = []
    for variant in range(2):
        bias = found.bias(judge, labels, variant)
        assert bias is not None and bias.corrected is not None
        both.append(bias.corrected)
    assert both[0].estimate.high > 1 and both[1].estimate.low < 0, "by the formula alone"
    assert both[0].share.high == 1 and both[1].share.low == 0
    apart = corrected_difference(*both)
    assert apart.low <= apart.value <= apart.high == 1


def test_the_farthest_apart_comes_first_where_the_judge_told_how_sure_it_was() -> None:
    labels = {(0, case): case % 4 < 2 for case in range(12)}
    judge = {at: not good for at, good in labels.items()}
    sure = {(0, 0): 0.3, (0, 2): 0.9, (0, 6): 0.99, (0, 8): 0.02}
    found = align(judge, labels, list(range(12)), sure=sure)
    assert found.disagreements[:4] == ((0, 6), (0, 8), (0, 2), (0, 0)), "then those without a value"
    assert [round(found.distance(at) or 0, 2) for at in found.disagreements[:4]] == [0.99, 0.98, 0.9, 0.7]
    assert found.distance((0, 4)) is None


def test_how_often_people_say_the_same_twice_is_counted_over_what_was_shown_again() -> None:
    labels = {(0, case): True for case in range(30)}
    found = align(labels, labels, list(range(30)), again={(0, 0): True, (0, 1): False, (0, 2): True})
    assert found.same_twice is not None and round(found.same_twice.value, 2) == 0.67
    assert align(labels, labels, list(range(30))).same_twice is None


def test_a_judge_that_likes_long_answers_has_a_slope_and_one_that_does_not_has_none() -> None:
    drawn = np.random.default_rng(12)
    words = {(v, case): int(drawn.integers(10, 300)) for v in range(2) for case in range(160)}
    # Good answers are the longer ones: that alone is no leaning.
    labels = {at: bool(drawn.random() < count / 300) for at, count in words.items()}
    fair = {at: bool(drawn.random() < (0.85 if good else 0.25)) for at, good in labels.items()}
    fond = {
        at: bool(drawn.random() < (0.5 if good else 0.1) + 0.0015 * words[at]) for at, good in labels.items()
    }
    order = list(range(160))
    even, leans = (align(judge, labels, order).length_slope(words) for judge in (fair, fond))
    assert even is not None and even.low < 0 < even.high
    assert leans is not None and leans.low > 0 and leans.low < 0.15 < leans.high
    assert align(fair, labels, order).length_slope(dict.fromkeys(words, 40)) is None
    assert align(fair, labels, order).length_slope({}) is None
