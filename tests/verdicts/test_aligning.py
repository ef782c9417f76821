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
