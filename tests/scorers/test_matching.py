"""Answers to questions: normalised match, token F1, multiple choice."""

from __future__ import annotations

import pytest

from playground.scorers import check_problem, score
from playground.types.prompt import Check
from playground.types.scores import Sample


def value(scorer: str, answer: str, **options: object) -> float | None:
    return score(Check(scorer=scorer, options=options), Sample(answer)).value


@pytest.mark.parametrize(
    ("answer", "texts", "same"),
    [
        ("The Eiffel Tower.", ["eiffel tower"], True),
        ("  an   apple ", ["Apple!"], True),
        ("Oslo", ["Bergen", "Oslo"], True),
        ("Oslo, Norway", ["Oslo"], False),
        ("3.5", ["35"], False),
        ("1,000", ["1000"], True),
        ("-5", ["5"], False),
        ("北京。", ["北京"], True),
        ("北 京", ["北京"], True),
        ("北京市", ["北京"], False),
        ("Ｏｓｌｏ", ["oslo"], True),
        ("", ["the"], False),
        ("...", ["!"], False),
    ],
)
def test_a_normalised_match_passes_over_case_punctuation_spaces_and_articles(
    answer: str, texts: list[str], same: bool
) -> None:
    assert value("normalised", answer, texts=texts) == float(same)


@pytest.mark.parametrize(
    ("answer", "texts", "f1"),
    [
        ("in the Eiffel Tower", ["Eiffel Tower"], 0.8),  # 2 of 3 words, 2 of 2
        ("Eiffel Tower", ["Eiffel Tower", "tower"], 1.0),
        ("tower", ["Eiffel Tower", "the tower in Paris"], 2 / 3),
        ("cat cat cat", ["cat"], 0.5),
        ("London", ["Paris"], 0.0),
        ("", ["Paris"], 0.0),
        ("北京市", ["北京"], 0.8),  # by characters: 2 of 3, 2 of 2
        ("首都是北京", ["北京"], 4 / 7),
    ],
)
def test_token_f1_counts_shared_words_and_chinese_characters(
    answer: str, texts: list[str], f1: float
) -> None:
    assert value("token_f1", answer, texts=texts) == pytest.approx(f1)


def test_token_f1_with_a_threshold_passes_or_fails_and_says_both_shares() -> None:
    check = Check(scorer="token_f1", options={"texts": ["Eiffel Tower"], "at_least": 0.9})
    found = score(check, Sample("in the Eiffel Tower"))
    assert found.value == 0.0
    assert found.explanation == (
        'F1 0.80 against "Eiffel Tower": 67% of the answer\'s words are in it, '
        "100% of its words are in the answer; 0.9 is asked for"
    )


CITIES = ["Rome", "Oslo", "New York"]


@pytest.mark.parametrize(
    ("answer", "expected", "choices", "right"),
    [
        ("B", "B", None, True),
        ("(b)", "B", None, True),
        ("So the answer is (B).", "B", None, True),
        ("B) Oslo", "B", CITIES, True),
        ("It must be A. No: the answer is C.", "C", None, True),
        ("The correct option is C because B is wrong", "C", None, True),
        ("故选B。", "B", None, True),
        ("答案：Ｃ", "C", None, True),
        ("A、C", "AC", None, True),
        ("ACD", "AC", None, False),
        ("A dog barks.", "A", None, False),
        ("A or B", "A", None, False),
        ("It is Oslo.", "B", CITIES, True),
        ("Rome or Oslo", "B", CITIES, False),
        ("new york", "C", CITIES, True),
        ("Romeo", "A", CITIES, False),
        ("", "A", None, False),
    ],
)
def test_a_choice_is_read_in_whatever_words_it_is_made(
    answer: str, expected: str, choices: list[str] | None, right: bool
) -> None:
    assert value("choice", answer, expected=expected, choices=choices) == float(right)


@pytest.mark.parametrize(
    ("scorer", "options", "problem"),
    [
        ("choice", {"expected": "seven"}, '"seven" is no letter from A to J.'),
        ("choice", {"expected": "A", "choices": list("abcdefghijk")}, "There are 11 choices"),
        ("token_f1", {"texts": ["x"], "at_least": 2}, "must be above 0 and at most 1"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    scorer: str, options: dict[str, object], problem: str
) -> None:
    assert problem in (check_problem(Check(scorer=scorer, options=options)) or "")


def test_a_placeholder_may_stand_for_the_letter() -> None:
    check = Check(scorer="choice", options={"expected": "{{ expected }}"})
    assert check_problem(check) is None
    assert score(check, Sample("B", values={"expected": "b"})).value == 1.0
    strange = score(check, Sample("B", values={"expected": "seven"}))
    assert strange.value is None
    assert "no letter" in strange.explanation
