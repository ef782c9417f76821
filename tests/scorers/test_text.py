"""Tables for the scorers that read the answer as text."""

from __future__ import annotations

from typing import Any

import pytest

from playground.scorers import check_problem, score
from playground.types.prompt import Check
from playground.types.scores import Sample, Score


def judged(scorer: str, answer: str, **options: Any) -> Score:
    return score(Check(scorer=scorer, options=options), Sample(answer))


@pytest.mark.parametrize(
    ("scorer", "options", "answer", "value", "explanation"),
    [
        ("equals", {"text": "Paris"}, "  paris\n", 1, 'the answer is "paris"'),
        ("equals", {"text": "Paris", "ignore_case": False}, "paris", 0, 'the answer is "paris", not "Paris"'),
        ("equals", {"text": "Paris"}, "", 0, 'the answer is nothing, not "Paris"'),
        ("equals", {"text": "a" * 70}, "a" * 69 + "b", 0, "the answer differs from the text at character 70"),
        ("equals", {"text": 42}, "42", 1, 'the answer is "42"'),
        ("contains", {"text": "Paris"}, "It is PARIS.", 1, 'found "Paris"'),
        ("contains", {"text": "Paris", "ignore_case": False}, "It is PARIS.", 0, 'did not find "Paris"'),
        ("contains", {"text": "STRASSE"}, "Hauptstraße", 1, 'found "STRASSE"'),
        ("contains_any", {"texts": ["cat", "dog"]}, "a dog", 1, 'found "dog"'),
        ("contains_any", {"texts": ["cat", "dog"]}, "a cow", 0, 'found none of "cat", "dog"'),
        ("contains_any", {"texts": "cat\ndog\n"}, "a dog", 1, 'found "dog"'),
        ("contains_all", {"texts": ["cat", "dog"]}, "a dog", 0, 'found 1 of 2, did not find "cat"'),
        ("contains_all", {"texts": ["cat", "dog"]}, "dog, cat", 1, 'found "cat", "dog"'),
        ("contains_any", {"texts": list("bcdef")}, "a", 0, 'found none of "b", "c", "d" and 2 more'),
        ("starts_with", {"text": "Yes"}, "\n yes, it is", 1, 'the answer starts with "yes, it is"'),
        ("starts_with", {"text": "Yes"}, "Oh yes", 0, 'the answer starts with "Oh yes"'),
        ("regex", {"pattern": r"\d{4}"}, "in 1889", 1, '"1889" matches the pattern'),
        ("regex", {"pattern": "paris"}, "PARIS", 0, "nothing matches the pattern"),
        ("regex", {"pattern": "paris", "ignore_case": True}, "PARIS", 1, '"PARIS" matches the pattern'),
        ("regex", {"pattern": "^$"}, "  ", 1, "an empty stretch matches the pattern"),
        ("length", {"max": 70}, "w " * 77, 0, "77 words, 7 over"),
        ("length", {"max": 70}, "w " * 70, 1, "70 words"),
        ("length", {"min": 2}, "one", 0, "1 word, 1 too few"),
        ("length", {"min": 1}, "", 0, "0 words, 1 too few"),
        ("length", {"max": 4, "unit": "characters"}, " héé ", 1, "3 characters"),
        ("length", {"min": 2, "max": 2, "unit": "lines"}, "a\n\nb\n", 1, "2 lines"),
        ("length", {"max": 3}, "東京 is big", 0, "4 words, 1 over"),
        ("levenshtein", {"text": "kitten"}, "sitting", pytest.approx(4 / 7), "similarity 0.57"),
        ("levenshtein", {"text": "kitten", "at_least": 0.5}, "sitting", 1, "similarity 0.57, not below 0.5"),
        ("levenshtein", {"text": "kitten", "at_least": 0.9}, "sitting", 0, "similarity 0.57, below 0.9"),
        (
            "levenshtein",
            {"text": "abc" * 333, "at_least": 1},
            "abc" * 332 + "abd",
            0,
            "similarity 0.999, below 1",
        ),
        ("levenshtein", {"text": "ABC", "ignore_case": True}, " abc ", 1, "similarity 1.00"),
    ],
)
def test_a_text_scorer_gives_its_value_and_says_why(
    scorer: str, options: dict[str, Any], answer: str, value: float, explanation: str
) -> None:
    result = judged(scorer, answer, **options)
    assert (result.value, result.explanation) == (value, explanation)


COMPOSED, UNSEEN = ", with letters composed differently", ", apart from characters that cannot be seen"
LOOKS = "; only the look of quotation marks, hyphens or wide letters differs"


@pytest.mark.parametrize(
    ("scorer", "options", "answer", "value", "explanation"),
    [
        ("equals", {"text": "caf\u00e9"}, "cafe\u0301", 1, f'the answer is "cafe\u0301"{COMPOSED}'),
        ("equals", {"text": "cafe\u0301"}, "CAF\u00c9", 1, f'the answer is "CAF\u00c9"{COMPOSED}'),
        ("equals", {"text": "\uac00"}, "\u1100\u1161", 1, f'the answer is "\u1100\u1161"{COMPOSED}'),
        ("equals", {"text": "\u212b", "ignore_case": False}, "\u00c5", 1, f'the answer is "\u00c5"{COMPOSED}'),
        ("equals", {"text": "New York"}, "New\u00a0York", 1, f'the answer is "New York"{UNSEEN}'),
        ("equals", {"text": "a\nb"}, "a\r\nb", 1, f'the answer is "a b"{UNSEEN}'),
        ("equals", {"text": "Paris"}, "\ufeffPa\u00adris\u200b\n", 1, f'the answer is "Pa\u00adris"{UNSEEN}'),
        ("equals", {"text": "istanbul"}, "\u0130STANBUL", 1, 'the answer is "\u0130STANBUL"'),
        ("equals", {"text": "I\u011eDIR"}, "I\u011fd\u0131r", 1, 'the answer is "I\u011fd\u0131r"'),
        ("equals", {"text": "\u039f\u0394\u039f\u03a3"}, "\u03bf\u03b4\u03bf\u03c2", 1, 'the answer is "\u03bf\u03b4\u03bf\u03c2"'),
        ("equals", {"text": "don't"}, "don\u2019t", 0, f'the answer is "don\u2019t", not "don\'t"{LOOKS}'),
        ("equals", {"text": "ABC"}, "\uff21\uff22\uff23", 0, f'the answer is "\uff21\uff22\uff23", not "ABC"{LOOKS}'),
        ("equals", {"text": "cafe"}, "caf\u00e9", 0, 'the answer is "caf\u00e9", not "cafe"'),
        ("contains", {"text": "caf\u00e9"}, "un cafe\u0301.", 1, f'found "caf\u00e9"{COMPOSED}'),
        ("contains", {"text": "cafe"}, "un cafe\u0301.", 0, 'did not find "cafe"'),
        ("contains", {"text": "don't"}, "I don\u2019t", 0, f'did not find "don\'t"{LOOKS}'),
        ("contains_any", {"texts": ["x", "\u00e9"]}, "e\u0301", 1, f'found "\u00e9"{COMPOSED}'),
        ("contains_any", {"texts": ["e", "\u00e9"]}, "e e\u0301", 1, 'found "e", "\u00e9"'),
        ("contains_all", {"texts": ["a", "\u00e9"]}, "a e\u0301", 1, f'found "a", "\u00e9"{COMPOSED}'),
        ("starts_with", {"text": "\u00e9t\u00e9"}, "e\u0301te\u0301 2", 1, f'the answer starts with "e\u0301te\u0301 2"{COMPOSED}'),
        ("starts_with", {"text": "Yes"}, "\u200byes", 1, 'the answer starts with "yes"'),
        ("regex", {"pattern": "caf\u00e9$"}, "cafe\u0301\n", 1, f'"caf\u00e9" matches the pattern{COMPOSED}'),
        ("regex", {"pattern": "e\u0301$"}, "caf\u00e9", 1, f'"\u00e9" matches the pattern{COMPOSED}'),
        ("regex", {"pattern": "STRASSE", "ignore_case": True}, "stra\u00dfe", 1, '"stra\u00dfe" matches the pattern'),
        ("levenshtein", {"text": "caf\u00e9"}, "cafe\u0301", 1, f"similarity 1.00{COMPOSED}"),
        ("levenshtein", {"text": "caf\u00e9"}, "kafe\u0301", 0.75, "similarity 0.75"),
        ("length", {"max": 4, "unit": "characters"}, "cafe\u0301", 1, "4 characters"),
        ("length", {"max": 2, "unit": "characters"}, "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1eb\U0001f1f7", 1, "2 characters"),
        ("length", {"max": 3, "unit": "characters"}, "a\r\nb", 1, "3 characters"),
        ("length", {"max": 1, "unit": "lines"}, "a\n\u200b\n", 1, "1 line"),
    ],
)  # fmt: skip
def test_what_a_reader_sees_as_the_same_is_the_same_and_what_differed_is_said(
    scorer: str, options: dict[str, Any], answer: str, value: float, explanation: str
) -> None:
    result = judged(scorer, answer, **options)
    assert (result.value, result.explanation) == (value, explanation)


def test_case_counts_when_asked_for_in_composed_letters_too() -> None:
    assert judged("equals", "CAFE\u0301", text="caf\u00e9", ignore_case=False).value == 0
    assert judged("equals", "cafe\u0301", text="caf\u00e9", ignore_case=False).value == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"),
        ("\u2764\ufe0f", "\u2764\u200d\U0001f525"),
    ],
)
def test_joiners_that_change_what_is_seen_count(one: str, other: str) -> None:
    assert judged("equals", one, text=other).value == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It is 1,142 in all.", 1142),
        ("1,234,567.5", 1234567.5),
        ("about 12,5", 12.5),
        ("−2", -2),
        ("x = -2.", -2),
        ("the answer is 42.", 42),
        ("between 3-5", 5),
        ("on 2024-05-06", 6),
        ("83 %", 83),
        ("-$5", -5),
        ("6.02e23", 6.02e23),
        ("1.5E−3", 0.0015),
        (".5", 0.5),
        ("0.1 + 0.2 = 0.30000000000000004", 0.3),
        ("first 7, then 8", 8),
    ],
)
def test_the_last_number_of_an_answer_is_read_as_people_write_it(answer: str, expected: float) -> None:
    assert judged("number", answer, expected=expected).value == 1
    assert judged("number", answer, expected=expected * 1.001 + 1).value == 0


@pytest.mark.parametrize(
    ("options", "answer", "value", "explanation"),
    [
        ({"expected": 42}, "none", 0, "there is no number in the answer"),
        ({"expected": 42}, "41", 0, "found 41, 1 away from 42"),
        ({"expected": 42, "tolerance": 1}, "41", 1, "found 41, 1 away from 42"),
        ({"expected": 0.3, "tolerance": 0.1}, "0.2", 1, "found 0.2, 0.1 away from 0.3"),
        ({"expected": 7, "which": "first"}, "7 or 8", 1, "found 7"),
        ({"expected": 8, "which": "only"}, "7 or 8", 0, "there are 2 numbers in the answer"),
        ({"expected": "1,142"}, "1142", 1, "found 1,142"),
        ({"expected": 1}, "9" * 1_000_000, 0, "found a number too large to compare"),
        ({"expected": 1_000_000_007}, "1,000,000,008", 0, "found 1,000,000,008, 1 away from 1,000,000,007"),
        ({"expected": 42, "tolerance": 0.1}, "41.9", 1, "found 41.9, 0.1 away from 42"),
        ({"expected": -2}, "2", 0, "found 2, 4 away from −2"),
    ],
)
def test_a_number_is_compared_within_its_tolerance(
    options: dict[str, Any], answer: str, value: float, explanation: str
) -> None:
    result = judged("number", answer, **options)
    assert (result.value, result.explanation) == (value, explanation)


def test_the_answer_of_a_number_score_is_the_number_that_counted() -> None:
    assert judged("number", "first 7, then 8", expected=8).answer == "8"


def test_a_pattern_that_explodes_is_stopped_and_does_not_apply() -> None:
    result = judged("regex", "a" * 60 + "!", pattern="(a|aa)+$")
    assert (result.value, result.explanation) == (None, "does not apply: the pattern took longer than 1 s")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(b", "The pattern is not valid at character 4: missing )."),
        ("[a-", "The pattern is not valid at character 4: unterminated character set."),
        ("(" * 900 + ")" * 900, "too deeply nested"),
        ("(?:(?:(?:a{1000}){1000}){1000}){1000}", "multiply to more than 100,000"),
        ("a(?R)b", "calls itself"),
        ("(?au)x", "flags that exclude each other"),
        ("a" * 2001, "2,001 characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_before_any_answer(pattern: str, reason: str) -> None:
    problem = check_problem(Check(scorer="regex", options={"pattern": pattern}))
    assert problem is not None
    assert reason in problem


def test_similarity_of_very_long_texts_says_how_much_was_compared() -> None:
    result = judged("levenshtein", "a" * 1_000_000, text="a" * 20_000 + "b" * 980_000)
    assert (result.value, result.explanation) == (1, "similarity 1.00 (of the first 20,000 characters)")


def test_control_characters_and_half_surrogates_never_reach_an_explanation() -> None:
    result = judged("equals", "a\0b\ud800c", text="x")
    assert result.explanation == 'the answer is "a\N{REPLACEMENT CHARACTER}b?c", not "x"'
