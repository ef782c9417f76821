"""Checks that must be told something: a likelihood, vectors, what a program gives."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from playground.scorers import check_problem, questions, score
from playground.types.prompt import Check
from playground.types.scores import Question, Sample, Told

PERPLEXITY = Check(scorer="perplexity", options={"text": "{{ expected }}"})
EMBEDDING = Check(scorer="embedding", options={"text": "a dog", "model": "m:e"})
PYTHON = Check(scorer="python", options={"expression": "len(answer) < 5"})
SAMPLE = Sample("the hound", values={"expected": "Paris"})


def told(check: Check, value: Any = None, lacks: str = "") -> Sample:
    [question] = questions([check], SAMPLE)
    return replace(SAMPLE, told={question: Told(value, lacks)})


def test_a_check_says_what_it_must_be_told() -> None:
    assert questions([PERPLEXITY, EMBEDDING, PYTHON, PYTHON], SAMPLE) == (
        Question("likelihood", ("Paris",)),
        Question("vectors", ("the hound", "a dog"), "m:e"),
        Question("program", ("len(answer) < 5",)),
    )


def test_what_does_not_apply_asks_nothing() -> None:
    assert questions([PERPLEXITY], replace(SAMPLE, values={})) == ()
    assert questions([PERPLEXITY], replace(SAMPLE, finish="cancelled")) == ()
    of_example = PERPLEXITY.model_copy(update={"example": True})
    assert questions([of_example], replace(SAMPLE, is_example=False)) == ()
    assert questions([Check(scorer="python"), Check(scorer="contains", options={"text": "x"})], SAMPLE) == ()


def test_perplexity_is_the_inverse_of_the_mean_probability() -> None:
    sample = told(PERPLEXITY, [math.log(0.5), math.log(0.125)])
    found = score(PERPLEXITY, sample)
    assert found.value == pytest.approx(0.25)
    assert found.explanation == "perplexity 4.00 over 2 tokens"
    bound = Check(scorer="perplexity", options={"text": "{{ expected }}", "at_most": 3})
    assert score(bound, sample).value == 0.0


def test_similar_vectors_have_a_cosine_near_1() -> None:
    found = score(EMBEDDING, told(EMBEDDING, [[3.0, 4.0], [4.0, 3.0]]))
    assert found.value == pytest.approx(0.96)
    assert score(EMBEDDING, told(EMBEDDING, [[1.0, 0.0], [-1.0, 0.0]])).value == 0.0
    assert score(EMBEDDING, told(EMBEDDING, [[1.0], [1.0, 2.0]])).value is None
    assert score(EMBEDDING, Sample("")).value == 0.0


@pytest.mark.parametrize(
    ("given", "value"),
    [(True, 1.0), (False, 0.0), (0.25, 0.25), (1, 1.0), (7, None), ("'yes'", None), (None, None)],
)
def test_a_python_expression_is_a_verdict_or_a_share(given: Any, value: float | None) -> None:
    assert score(PYTHON, told(PYTHON, given)).value == value


@pytest.mark.parametrize("check", [PERPLEXITY, EMBEDDING, PYTHON])
def test_what_could_not_be_found_out_does_not_apply_and_says_why(check: Check) -> None:
    found = score(check, told(check, lacks="the server offers none"))
    assert (found.value, found.explanation) == (None, "does not apply: the server offers none")
    assert score(check, SAMPLE).value is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("len(answer) <", "This is not one Python expression"),
        ("answer is 5 now", "This is not one Python expression at line 1, character"),
        ('answer == "{{ expected }}"', 'write values["expected"] in place of "{{ expected }}"'),
        ("len(answer) < 5", ""),
        (" all(\n  word in answer for word in ('a', 'b')\n)", ""),
    ],
)
def test_an_expression_is_read_before_anything_runs(expression: str, problem: str) -> None:
    found = check_problem(Check(scorer="python", options={"expression": expression})) or ""
    assert (problem in found) if problem else not found
