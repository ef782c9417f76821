"""What the papers found, reproduced in kind: techniques on a simulated model whose accuracy is known.

The model answers each question rightly with a chance that the test sets, independently for every seed. Shares are of
QUESTIONS questions; MARGIN is more than three standard errors of such a share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from playground.techniques.asking import Ask
from playground.techniques.base import Task
from playground.techniques.calls import Call
from playground.techniques.registry import technique_of
from playground.techniques.technique import run_technique
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling
from tests.techniques.scripted import Scripted, prompts_of

QUESTIONS = 250
MARGIN = 0.1
RIGHT, USUAL_MISTAKE, OTHERS = "42", "24", ("7", "13", "99", "101", "65")


def chance(*of: object) -> float:
    """A number from 0 to 1 that is always the same for the same things."""
    return Random(repr(of)).random()


def model(right: float, mistake: float = 0.0) -> Callable[[Call], str]:
    """Right with that chance, the one usual mistake with the other, else one of many."""

    def answer(call: Call) -> str:
        draw = chance(call.messages[-1].content, call.sampling.seed)
        if draw < right:
            said = RIGHT
        elif draw < right + mistake:
            said = USUAL_MISTAKE
        else:
            said = OTHERS[int(1000 * draw) % len(OTHERS)]
        return f"The answer is {said}."

    return answer


async def plainly(prompt: Prompt, values: Mapping[str, Any]) -> tuple[Message, ...]:
    """What a step is given without its words, which this model does not need."""
    return (Message("user", "\n".join(f"{name}: {value}" for name, value in values.items())),)


async def share_right(name: str, script: Callable[[Call], str], **options: object) -> float:
    """The share of questions that a technique answers rightly."""
    row = technique_of(name)
    chosen = row.read(options, name)
    prompts = prompts_of(row, chosen)
    right = 0
    for number in range(QUESTIONS):
        task = Task(
            messages=(Message("user", f"Question {number}: how many?"),),
            sampling=Sampling(seed=1000 * number),
        )
        ask = Ask(Scripted(script).send, plainly, prompts, sampling=task.sampling)
        answer = await run_technique(row, task, ask, {}, chosen)
        said = answer.extracted or answer.text
        right += re.search(rf"\b{RIGHT}\b", said) is not None
    return right / QUESTIONS


# --- self-consistency -----------------------------------------------------------------------------------


async def test_self_consistency_helps_where_the_right_answer_is_the_most_frequent_one() -> None:
    shares = [
        await share_right("self-consistency", model(0.4, 0.2), samples=n, words="prompt") for n in (1, 5, 15)
    ]
    assert shares[0] == pytest.approx(0.4, abs=MARGIN)
    assert shares[0] + MARGIN < shares[1] < shares[2] - MARGIN


async def test_self_consistency_harms_where_a_mistake_is_more_frequent() -> None:
    shares = [
        await share_right("self-consistency", model(0.4, 0.6), samples=n, words="prompt") for n in (1, 15)
    ]
    assert shares[0] == pytest.approx(0.4, abs=MARGIN)
    assert shares[1] < shares[0] - MARGIN


async def test_self_consistency_changes_nothing_where_the_model_always_says_the_same() -> None:
    for right in (0.0, 1.0):
        assert (
            await share_right("self-consistency", model(right, 1 - right), samples=5, words="prompt") == right
        )


# --- best of n ------------------------------------------------------------------------------------------


def judged_model(right: float, judge: float) -> Callable[[Call], str]:
    """That model, and a judge who marks an answer as it deserves with that chance, else as it does not."""
    answer = model(right)

    def play_both(call: Call) -> str:
        if not call.label.startswith("judge"):
            return answer(call)
        text = call.messages[-1].content
        good = f"answer: The answer is {RIGHT}" in text
        if chance("judge", text, call.label) >= judge:
            good = not good
        return f"It is {'right' if good else 'wrong'}. Score: {9 if good else 2}"

    return play_both


async def test_best_of_n_is_as_good_as_its_judge() -> None:
    shares = [
        await share_right("best-of-n", judged_model(0.4, judge), samples=5, by="judge")
        for judge in (1.0, 0.8, 0.5, 0.0)
    ]
    perfect, good, guessing, perverse = shares
    assert perfect == pytest.approx(1 - 0.6**5, abs=MARGIN)
    assert guessing == pytest.approx(0.4, abs=MARGIN)  # no better than one answer, at ten times the calls
    assert perverse == pytest.approx(0.4**5, abs=MARGIN)
    assert perfect > good + 0.05 > guessing + MARGIN + 0.05
    assert guessing > perverse + MARGIN


async def test_more_samples_help_a_good_judge_and_harm_with_a_perverse_one() -> None:
    good = [await share_right("best-of-n", judged_model(0.4, 1.0), samples=n, by="judge") for n in (1, 3, 8)]
    perverse = [await share_right("best-of-n", judged_model(0.4, 0.0), samples=n, by="judge") for n in (1, 8)]
    assert good[0] + MARGIN < good[1] < good[2] - MARGIN
    assert perverse[1] < perverse[0] - MARGIN


# --- reflexion ------------------------------------------------------------------------------------------


def reflecting_model(right: float, evaluator: float) -> Callable[[Call], str]:
    """A model whose tries are right with one chance and whose verdicts are right with the other."""
    answer = model(right)

    def play_all(call: Call) -> str:
        if call.label.startswith("act"):
            return answer(call)
        if call.label.startswith("reflect"):
            return "I guessed. Next time I will count."
        text = call.messages[-1].content
        passed = re.search(rf"\b{RIGHT}\b", text) is not None
        if chance("evaluate", text, call.label) >= evaluator:
            passed = not passed
        return f"Verdict: {'pass' if passed else 'fail'}"

    return play_all


async def test_reflexion_is_as_good_as_its_evaluator_and_a_wrong_one_makes_it_worse() -> None:
    shares = [
        await share_right("reflexion", reflecting_model(0.5, evaluator), trials=3, evaluator="model")
        for evaluator in (1.0, 0.5, 0.0)
    ]
    perfect, guessing, wrong = shares
    assert perfect == pytest.approx(1 - 0.5**3, abs=MARGIN)
    assert guessing == pytest.approx(0.5, abs=MARGIN)
    assert wrong == pytest.approx(0.5**3, abs=MARGIN)  # far below the 0.5 of a single try
