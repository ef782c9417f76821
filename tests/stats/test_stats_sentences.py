"""What may be said of a comparison, word by word."""

from __future__ import annotations

from playground.stats import Paired, compare_passes
from playground.stats.sentences import p_words, points, verdict


def paired(difference: float, low: float, high: float, p: float) -> Paired:
    return Paired(difference, low, high, p, 1.0)


def test_a_difference_that_is_decided_names_the_better_one_first() -> None:
    better = paired(-0.12, -0.2, -0.05, 0.001)
    assert verdict("A", "B", better, 80, repeats=3) == (
        "B beats A by 12 points (95 %: 5 to 20; 80 cases, 3 repeats; p = 0.001)."
    )


def test_no_verdict_says_how_far_and_what_would_settle_it() -> None:
    more = "About 170 more cases would settle a difference of 5 points."
    assert verdict("D", "B", paired(0.02, -0.04, 0.08, 0.4), 80, more=more) == (
        "No verdict: D is 2 points higher than B (95 %: \u22124 to 8; 80 cases). "
        "About 170 more cases would settle a difference of 5 points."
    )


def test_the_same_is_said_only_within_a_margin() -> None:
    level = paired(-0.005, -0.03, 0.02, 0.6)
    assert verdict("A", "B", level, 400, margin=0.05) == (
        "A and B are the same within 5 points (95 %: \u22123 to 2; 400 cases)."
    )
    assert verdict("A", "B", level, 400, margin=0.02).startswith("No verdict: A is 0.5 points lower than B")


def test_too_few_cases_have_no_verdict_however_clear() -> None:
    assert verdict("A", "B", compare_passes(12, 0, 12), 12) == (
        "Too few cases for a verdict: 12 paired cases, 15 are the least."
    )
    assert verdict("A", "B", compare_passes(20, 0, 29), 29).endswith("p < 0.001). Few cases.")


def test_level_is_said_of_no_difference_at_all() -> None:
    assert verdict("A", "B", compare_passes(3, 3, 40), 40).startswith("No verdict: A and B are level (95 %: ")


def test_numbers_are_never_rounded_into_significance() -> None:
    assert [p_words(p) for p in (0.0004, 0.0496, 0.0504, 0.012)] == [
        "p < 0.001",
        "p = 0.0496",
        "p = 0.050",
        "p = 0.012",
    ]
    assert [points(x) for x in (0.004, -0.004, 0.12, -0.0001, 0)] == ["0.4", "\u22120.4", "12", "0", "0"]
