"""What is read out of what a model wrote: lists, values, verdicts, marks, answers."""

from __future__ import annotations

import pytest

from playground.techniques.reading import answer_in, listed, score_in, value_in, verdict_in


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. a\n2. b", ["a", "b"]),
        ("Sure, here:\n\n1) a\n2) b\nHope it helps", ["a", "b"]),
        ("- a\n* b\n• c", ["a", "b", "c"]),
        ("（1）甲\n2、乙\n３．丙", ["甲", "乙", "丙"]),
        ("a\n\nb", ["a", "b"]),
        ("1. a\n1. a", ["a"]),
        ("1.\n2.", ["1.", "2."]),
        ("3.5 - 1 = 2.5", ["3.5 - 1 = 2.5"]),
        ("", []),
    ],
)
def test_lists(text: str, items: list[str]) -> None:
    assert listed(text) == items


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Value: sure", 1.0), ("It may be sure. Value: likely", 0.5), ("Value: Impossible.", 0.0),
        ("I am sure it is impossible", 0.0), ("Value:\n**likely**", 0.5), ("不可能", 0.0), ("评价：可能", 0.5),
        ("肯定", 1.0), ("unlikely", None), ("", None), ("Value:", None), ("7", None),
    ],
)  # fmt: skip
def test_values(text: str, value: float | None) -> None:
    assert value_in(text) == value


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("Verdict: pass", True), ("Verdict: FAIL", False), ("It passes most. Verdict: fail", False),
        ("It did not pass.", False), ("It failed before, now Verdict: pass", True), ("结论：通过", True),
        ("不通过", False), ("passage", None), ("Fine.", None), ("", None),
    ],
)  # fmt: skip
def test_verdicts(text: str, passed: bool | None) -> None:
    assert verdict_in(text) is passed


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Good. Score: 7", 0.7), ("Score: **8.5**/10", 0.85), ("score is 10", 1.0), ("评分：6", 0.6),
        ("Score: 11", None), ("Score: high", None), ("7", None), ("", None), ("Score: 2, no, Score: 3", 0.3),
    ],
)  # fmt: skip
def test_marks(text: str, score: float | None) -> None:
    assert score_in(text) == score


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("3 + 5 = 8.\nAnswer: 8 apples", "8"), ("Answer: (B)", "B"), ("The answer is Paris.", "Paris"),
        ("Yes, it does.", "yes"), ("答案是：八", "8"), ("Answer: (10 - 4) * 4 = 24", "(10 - 4) * 4 = 24"),
        ("I cannot help with that.", None), ("", None), ("Answer: half past 3:30", "half past 3:30"),
    ],
)  # fmt: skip
def test_answers(text: str, answer: str | None) -> None:
    found = answer_in(text)
    assert (found.text if found else None) == answer
