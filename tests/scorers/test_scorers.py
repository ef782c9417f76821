"""Checks as a whole: options, names, negation, weight, placeholders, what does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from playground.errors import PromptError
from playground.scorers import (
    SCORERS,
    Group,
    check_name,
    check_problem,
    is_quick,
    is_unfilled,
    options_of,
    passed,
    score,
    score_all,
    summary,
)
from playground.scorers.options import Option
from playground.types.generation import Finish
from playground.types.prompt import Check
from playground.types.scores import Sample, Score


def valued(value: float | None, weight: float = 1.0) -> Score:
    return Score("", value, "", "", weight)


def test_the_options_of_a_scorer_come_from_its_signature() -> None:
    assert options_of("length") == (
        Option("min", "integer", None, False, (), "Min"),
        Option("max", "integer", None, False, (), "Max"),
        Option("unit", "choice", "words", False, ("words", "characters", "sentences", "lines"), "Unit"),
    )
    assert options_of("levenshtein")[:2] == (
        Option("text", "long_text", None, True, (), "Text"),
        Option("at_least", "number", None, False, (), "At least"),
    )


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_has_options_that_a_form_can_ask_for(name: str) -> None:
    assert all(option.label and option.kind for option in options_of(name))
    assert SCORERS[name].label


@pytest.mark.parametrize("name", SCORERS)
def test_a_check_that_was_just_added_is_unfilled_or_usable(name: str) -> None:
    empty = {"list": [], "number": 0, "integer": 0, "boolean": False, "json": {}}
    options = {option.name: empty.get(option.kind, "") for option in options_of(name) if option.required}
    check = Check(scorer=name, options=options)
    assert is_unfilled(check) or check_problem(check) is None


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_is_told_in_one_sentence_in_its_group(name: str) -> None:
    row = SCORERS[name]
    assert row.group in get_args(Group)
    assert row.about.endswith(".") and "\n" not in row.about
    assert row.function.__doc__


def test_the_groups_of_the_list_are_in_order() -> None:
    groups = list(dict.fromkeys(row.group for row in SCORERS.values()))
    assert groups == list(get_args(Group))


SEARCHES = ("equals", "contains", "contains_any", "contains_all", "starts_with", "json")


@pytest.mark.parametrize(
    ("check", "longest"),
    [
        *((Check(scorer=name), 20_000) for name in SEARCHES),
        (Check(scorer="number"), 2_000),
        (Check(scorer="length"), 10_000),
        (Check(scorer="regex", options={"pattern": "[Pp]aris"}), 20_000),
        (Check(scorer="regex", options={"pattern": "(a+)+b"}), -1),
        *((Check(scorer=name), -1) for name in ("contains_json", "json_schema", "levenshtein", "unheard of")),
    ],
    ids=lambda value: value.scorer if isinstance(value, Check) else None,
)
def test_what_surely_takes_less_than_a_moment_needs_no_thread(check: Check, longest: int) -> None:
    assert is_quick([check], Sample("x" * max(longest, 0))) is (longest >= 0)
    assert not is_quick([check], Sample("x" * (longest + 1)))


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (Check(scorer="contains", options={"text": "Paris"}), 'contains "Paris"'),
        (Check(scorer="equals", options={"text": "a\n b"}), 'equals "a b"'),
        (Check(scorer="contains_any", options={"texts": ["a", "b"]}), 'contains any of "a", "b"'),
        (
            Check(scorer="contains_all", options={"texts": list("abcde")}),
            'contains all of "a", "b", "c" and 2 more',
        ),
        (Check(scorer="starts_with", options={"text": "x" * 50}), f'starts with "{"x" * 39}…"'),
        (Check(scorer="regex", options={"pattern": "a+"}), "matches a+"),
        (Check(scorer="number", options={"expected": 1142}), "number 1,142"),
        (Check(scorer="number", options={"expected": -2, "tolerance": 0.5}), "number −2 within 0.5"),
        (Check(scorer="json", negate=True), "not: valid JSON"),
        (Check(scorer="contains_json"), "contains JSON"),
        (
            Check(scorer="contains_json", options={"schema": {"title": "Order"}}),
            'contains JSON matching "Order"',
        ),
        (Check(scorer="json_schema", options={"schema": {"title": "Order"}}), 'JSON matching "Order"'),
        (Check(scorer="json_schema", options={"schema": {}}), "JSON matching a schema"),
        (Check(scorer="levenshtein", options={"text": "abc"}), 'similar to "abc"'),
        (
            Check(scorer="levenshtein", options={"text": "abc", "at_least": 0.8}),
            'at least 0.8 similar to "abc"',
        ),
        (Check(scorer="length", options={"max": 70}), "at most 70 words"),
        (Check(scorer="length", options={"min": 1, "unit": "lines"}), "at least 1 line"),
        (Check(scorer="length", options={"min": 5, "max": 70}), "5 to 70 words"),
        (Check(scorer="length", options={"min": 5, "max": 5}), "exactly 5 words"),
        (Check(scorer="length", options={"max": "{{ limit }}"}), "at most {{ limit }} words"),
        (Check(scorer="equals", options={"text": "{{expected}}"}), 'equals "{{ expected }}"'),
        (Check(scorer="contains_any", options={"texts": ["{{ a }}", "b"]}), 'contains any of "{{ a }}", "b"'),
        (Check(scorer="number", options={"expected": "{{ n }}"}), "number {{ n }}"),
        (Check(scorer="contains", options={"text": "{{ a.b }}"}), 'contains "{{ a.b }}"'),
        (Check(scorer="length"), "length"),
        (Check(scorer="nonsense"), "nonsense"),
    ],
)
def test_a_check_is_named_by_a_short_sentence(check: Check, name: str) -> None:
    assert check_name(check) == name


@pytest.mark.parametrize(
    ("scorer", "options", "message"),
    [
        ("contain", {}, 'There is no check "contain". Did you mean "contains"?'),
        ("zzz", {}, 'There is no check "zzz". The checks are: equals, contains,'),
        ("contains", {}, 'The check "Contains" cannot be used. The option "text" is missing.'),
        ("contains", {"text": " "}, 'The option "text" is empty.'),
        ("contains", {"text": ["a"]}, 'The option "text" must be text.'),
        (
            "contains",
            {"text": "a", "case": 1},
            'There is no option "case"; the options are: text, ignore_case.',
        ),
        ("contains", {"text": "a", "ignore_case": "no"}, 'The option "ignore_case" must be true or false.'),
        ("contains_any", {"texts": []}, 'The option "texts" is empty.'),
        ("contains_any", {"texts": ["a", ""]}, 'An item of the option "texts" is empty or not text.'),
        ("contains_any", {"texts": 3}, 'The option "texts" must be a list of texts.'),
        ("number", {"expected": "abc"}, 'The option "expected" must be a number.'),
        ("number", {"expected": True}, 'The option "expected" must be a number.'),
        ("number", {"expected": float("nan")}, 'The option "expected" must be a number.'),
        ("number", {"expected": 1, "tolerance": -1}, 'The option "tolerance" must not be negative.'),
        ("number", {"expected": 1, "which": "best"}, "must be one of: last, first, only."),
        ("levenshtein", {"text": "a", "at_least": 80}, "must be above 0 and at most 1."),
        ("length", {}, 'Set "min", "max" or both.'),
        ("length", {"min": 5, "max": 2}, '"min" is 5, above "max", which is 2.'),
        ("length", {"max": 2.5}, 'The option "max" must be a whole number.'),
        ("length", {"max": -1}, "must not be negative"),
    ],
)
def test_a_check_that_cannot_be_meant_is_a_prompt_error_with_a_hint(
    scorer: str, options: dict[str, Any], message: str
) -> None:
    check = Check(scorer=scorer, options=options)
    assert message in (check_problem(check) or "")
    with pytest.raises(PromptError) as caught:
        score(check, Sample("a"))
    assert caught.value.hint


def test_an_empty_optional_field_of_a_form_counts_as_not_given() -> None:
    check = Check(scorer="length", options={"min": "", "max": "3", "unit": None})
    assert score(check, Sample("a b c d")).explanation == "4 words, 1 over"


@pytest.mark.parametrize(
    ("answer", "value", "explanation"),
    [
        ("Paris", 0, 'found "Paris", which is not wanted'),
        ("Rome", 1, 'did not find "Paris", as wanted'),
    ],
)
def test_a_negated_check_turns_the_verdict_and_keeps_the_fact(
    answer: str, value: float, explanation: str
) -> None:
    check = Check(scorer="contains", options={"text": "Paris"}, negate=True, weight=2.5)
    assert score(check, Sample(answer)) == Score('not: contains "Paris"', value, answer, explanation, 2.5)


def test_a_negated_part_score_is_one_minus_it() -> None:
    check = Check(scorer="levenshtein", options={"text": "abcd"}, negate=True)
    result = score(check, Sample("abcx"))
    assert (result.value, result.explanation) == (0.25, "similarity 0.75")


@pytest.mark.parametrize("finish", ["cancelled", "error", "aborted"])
@pytest.mark.parametrize("negate", [False, True])
def test_an_incomplete_answer_is_not_scored(finish: Finish, negate: bool) -> None:
    result = score(Check(scorer="json", negate=negate, weight=3), Sample("{}", finish))
    assert (result.value, result.explanation, result.weight) == (
        None,
        "does not apply: the answer is incomplete",
        3,
    )


@pytest.mark.parametrize(
    ("scorer", "options", "values", "value", "explanation"),
    [
        ("equals", {"text": "{{ expected }}"}, {"expected": "42"}, 1, 'the answer is "42"'),
        ("equals", {"text": "{{expected}}"}, {"expected": 42}, 1, 'the answer is "42"'),
        ("contains", {"text": "4{{ last }}"}, {"last": "2"}, 1, 'found "42"'),
        ("contains", {"text": "{{ a }}"}, {"a": "{{ b }}"}, 0, 'did not find "{{ b }}"'),
        ("number", {"expected": "{{ n }}", "tolerance": 1}, {"n": 41}, 1, "found 42, 1 away from 41"),
        (
            "number",
            {"expected": "{{ n }}"},
            {"n": "many"},
            None,
            'does not apply: The option "expected" must be a number',
        ),
        ("length", {"max": "{{ n }}"}, {"n": "3"}, 1, "1 word"),
        ("contains_any", {"texts": ["{{ all }}"]}, {"all": ["x", "42"]}, 1, 'found "42"'),
        ("contains_any", {"texts": "{{ all }}"}, {"all": ["x", 42]}, 1, 'found "42"'),
        (
            "regex",
            {"pattern": "{{ p }}"},
            {"p": "(a"},
            None,
            "does not apply: The pattern is not valid at character 3: missing )",
        ),
        ("equals", {"text": "{{ expected }}"}, {}, None, "does not apply: no expected"),
        ("equals", {"text": "{{ expected }}"}, None, None, "does not apply: no expected"),
        ("equals", {"text": "{{ expected }}"}, {"expected": None}, None, "does not apply: no expected"),
        ("equals", {"text": "{{ expected }}"}, {"expected": " "}, None, "does not apply: no expected"),
        ("contains_any", {"texts": "{{ all }}"}, {"all": []}, None, "does not apply: no all"),
        ("equals", {"text": "{{ who.age }}"}, {"who": {"age": 42}}, 1, 'the answer is "42"'),
        ("equals", {"text": "{{ who.age }}"}, {"who": '{"age": 42}'}, 1, 'the answer is "42"'),
        ("number", {"expected": "{{ a.b.c }}"}, {"a": {"b": {"c": 42}}}, 1, "found 42"),
        ("contains_any", {"texts": ["{{ a.b }}"]}, {"a": {"b": ["x", 42]}}, 1, 'found "42"'),
        ("equals", {"text": "{{ who.name }}"}, {"who": {"age": 42}}, None, "does not apply: no who.name"),
        ("equals", {"text": "{{ who }}"}, {"who": {"a": "é"}}, 0, 'the answer is "42", not "{"a": "é"}"'),
    ],
)
def test_an_option_takes_the_values_of_the_case(
    scorer: str, options: dict[str, Any], values: dict[str, Any] | None, value: float | None, explanation: str
) -> None:
    check = Check(scorer=scorer, options=options)
    assert check_problem(check) is None
    result = score(check, Sample("42", values=values))
    assert (result.value, result.explanation) == (value, explanation)


def test_the_summary_weighs_what_applies_and_leaves_out_what_does_not() -> None:
    assert summary([valued(1, 3), valued(0, 1), valued(None, 100)]) == 0.75
    assert summary([valued(None)]) is None
    assert summary([]) is None


def test_a_part_score_has_not_passed_and_none_is_neither() -> None:
    assert [passed(valued(value)) for value in (1.0, 0.99, 0.0, None)] == [True, False, False, None]


def test_all_checks_are_scored_in_their_order() -> None:
    checks = [Check(scorer="json"), Check(scorer="contains", options={"text": "a"})]
    assert [result.name for result in score_all(checks, Sample("a"))] == ["valid JSON", 'contains "a"']


def test_a_check_of_the_example_does_not_apply_to_other_values() -> None:
    check = Check(scorer="contains", options={"text": "Paris"}, example=True)
    assert [s.value for s in score_all([check], Sample("Rome", is_example=True))] == [0.0]
    (verdict,) = score_all([check], Sample("Rome", is_example=False))
    assert (verdict.value, verdict.name) == (None, 'contains "Paris"')
    assert verdict.explanation == "does not apply: it belongs to the example values"


@pytest.mark.parametrize(
    ("scorer", "options"),
    [
        ("contains", {"text": " "}),
        ("contains_any", {"texts": []}),
        ("length", {}),
        ("regex", {"pattern": ""}),
    ],
)
def test_a_check_half_filled_in_does_not_apply_yet(scorer: str, options: dict[str, Any]) -> None:
    check = Check(scorer=scorer, options=options)
    assert is_unfilled(check)
    (verdict,) = score_all([check], Sample("Rome"))
    assert (verdict.value, verdict.explanation) == (None, "does not apply: it is not filled in yet")


@pytest.mark.parametrize(
    ("scorer", "options"),
    [("contains", {"text": "a"}), ("length", {"max": 3}), ("json", {}), ("nothing", {})],
)
def test_a_check_that_says_what_it_looks_for_is_filled_in(scorer: str, options: dict[str, Any]) -> None:
    assert not is_unfilled(Check(scorer=scorer, options=options))


def test_what_is_the_same_for_every_answer_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    row = SCORERS["contains"]

    def sentence(options: Mapping[str, Any]) -> str:
        asked.append(options)
        return row.sentence(options)

    monkeypatch.setitem(SCORERS, "contains", replace(row, sentence=sentence))
    check = Check(scorer="contains", options={"text": "{{ word }}"})
    samples = [Sample(f"say {n}", values={"word": str(n % 2)}) for n in range(50)]
    found = [score_all([check], sample)[0] for sample in samples]
    assert [each.value for each in found[:3]] == [1.0, 1.0, 0.0]
    assert {each.name for each in found} == {'contains "{{ word }}"'}
    assert len(asked) == 1
