"""Techniques that ask several times and choose: exact votes, values, calls."""

from __future__ import annotations

import math

import pytest

from playground.techniques.base import Row, Task, Verdict
from playground.techniques.calls import Call
from playground.types.generation import Message, TokenLogprob
from playground.types.prompt import Sampling
from tests.techniques.scripted import completion, play

CASE = Task(
    messages=(Message("system", "Be brief."), Message("user", "3 + 5?")),
    sampling=Sampling(seed=10, temperature=0),
)


async def test_self_consistency_takes_the_answer_of_most() -> None:
    played = await play(
        "self-consistency", ["Answer: 7", "Answer: 8", "So it is eight.\nAnswer: 8.0", "Answer: 9", ""], CASE
    )
    assert played.scripted.labels == [f"sample {n}" for n in range(1, 6)]
    assert [call.sampling.seed for call in played.calls] == [10, 11, 12, 13, 14]
    assert {call.sampling.temperature for call in played.calls} == {0.7}
    assert {call.messages[-1].content for call in played.calls} == {"Be brief.\n\n3 + 5?"}
    answer = played.answer
    assert (answer.text, answer.extracted, dict(answer.facts)) == ("Answer: 8", "8", {"votes": "2 of 5"})
    assert [(s.extracted, s.state) for s in answer.steps] == [
        ("7", ""), ("8", "answer"), ("8", "kept"), ("9", ""), ("", ""),
    ]  # fmt: skip


async def test_a_tie_goes_to_the_earliest() -> None:
    played = await play(
        "self-consistency", ["Answer: 9", "Answer: 8", "Answer: 8", "Answer: 9"], CASE, samples=4
    )
    assert (played.answer.extracted, played.answer.text) == ("9", "Answer: 9")


async def test_samples_without_any_answer_give_the_first_text_and_nothing_extracted() -> None:
    played = await play("self-consistency", ["I cannot help with that.", ""], CASE, samples=2)
    assert (played.answer.text, played.answer.extracted) == ("I cannot help with that.", None)
    assert dict(played.answer.facts) == {"votes": "0 of 2"}


async def test_self_consistency_over_the_prompt_as_it_is() -> None:
    played = await play(
        "self-consistency", ["yes", "no", "Yes."], CASE, samples=3, words="prompt", temperature=1.0
    )
    assert {call.messages for call in played.calls} == {CASE.messages}
    assert played.answer.extracted == "yes"


async def test_a_bound_leaves_the_vote_to_those_that_came() -> None:
    played = await play("self-consistency", ["Answer: 7", "Answer: 8", "Answer: 8"], CASE, max_calls=3)
    assert (played.answer.extracted, played.answer.finish, played.answer.calls) == ("8", "length", 3)
    assert dict(played.answer.facts) == {"votes": "2 of 3"}


async def test_eight_samples_wait_together() -> None:
    played = await play("self-consistency", lambda call: 0.02, CASE, samples=8)
    assert (played.scripted.most_at_once, played.answer.calls) == (8, 8)


def sure(text: str, *probabilities: float) -> object:
    return completion(text, logprobs=tuple(TokenLogprob("x", math.log(p)) for p in probabilities))


async def test_generated_knowledge_takes_the_surest_answer() -> None:
    script = {
        "knowledge": ["Ice floats.", "Ice is cold.", "Water is wet."],
        "answer 1": sure("No, it floats.", 0.9, 0.4),
        "answer 2": sure("Yes, it sinks.", 0.8, 0.8),
        "answer 3": sure("No.", 0.7),
    }
    played = await play("generated-knowledge", script, "Does ice sink?")  # type: ignore[arg-type]
    assert sorted(played.scripted.labels) == [
        "answer 1", "answer 2", "answer 3", "knowledge 1", "knowledge 2", "knowledge 3",
    ]  # fmt: skip
    answers = played.calls[3:]
    assert [call.messages[-1].content for call in answers] == [
        f"Knowledge: {text}\nQuestion: Does ice sink?"
        for text in ("Ice floats.", "Ice is cold.", "Water is wet.")
    ]
    assert {call.top_logprobs for call in answers} == {0}
    assert (played.answer.text, played.answer.extracted) == ("Yes, it sinks.", "yes")
    values = [step.value for step in played.answer.steps[3:]]
    assert values == pytest.approx([0.6, 0.8, 0.7])
    assert [step.parent for step in played.answer.steps[3:]] == [1, 2, 3]


async def test_generated_knowledge_votes_where_there_are_no_log_probabilities() -> None:
    script = {"knowledge": ["a", " ", "c"], "answer": ["No.", "Yes."]}
    played = await play("generated-knowledge", script, "Does ice sink?")
    assert (played.answer.extracted, dict(played.answer.facts)) == (
        "no",
        {"votes": "1 of 2", "by": "majority"},
    )
    assert played.answer.steps[1].state == "empty"


async def test_best_of_n_follows_the_checks_of_the_prompt() -> None:
    case = Task(messages=CASE.messages, check=lambda text, values: Verdict(len(text) / 10, "length"))
    played = await play("best-of-n", ["a", "abc", "xyz", ""], case, samples=4)
    assert {call.messages for call in played.calls} == {CASE.messages}
    assert (played.answer.text, dict(played.answer.facts)) == ("abc", {"score": "0.30 by checks"})
    assert [s.value for s in played.answer.steps] == [0.1, 0.3, 0.3, 0.0]
    assert [s.state for s in played.answer.steps] == ["pruned", "answer", "pruned", "pruned"]


async def test_best_of_n_asks_a_judge_where_no_check_applies() -> None:
    case = Task(messages=CASE.messages, check=lambda text, values: None)
    script = {
        "sample": ["a", "b", "c"],
        "judge 1": "Fine. Score: 4",
        "judge 2": "Odd. 42",
        "judge 3": "Score: **9**",
    }
    played = await play("best-of-n", script, case, samples=3)
    assert (played.answer.text, played.answer.calls) == ("c", 6)
    assert [s.value for s in played.answer.steps] == [0.4, None, 0.9, 0.4, None, 0.9]
    assert [s.parent for s in played.answer.steps[3:]] == [1, 2, 3]
    assert played.calls[3].messages[-1].content == "Task: Be brief.\n\n3 + 5?\nAnswer: a"


async def test_best_of_n_without_a_readable_score_is_the_first() -> None:
    played = await play("best-of-n", {"sample": ["a", "b"], "judge": "Score: 11"}, CASE, samples=2)
    assert (played.answer.text, dict(played.answer.facts)) == ("a", {"score": "none could be read"})


async def test_active_prompt_shows_the_questions_that_answers_disagree_about() -> None:
    rows = (Row({}, "easy", ""), Row({}, "hard", ""), Row({}, "odd", ""))

    def script(call: Call) -> str:
        number = int(call.label.split()[1])
        sample = int(call.label.split()[2])
        return {1: "Answer: 1", 2: f"Answer: {sample}", 3: f"Answer: {sample % 2}"}[number]

    played = await play("active-prompt", script, Task(rows=rows), answers=4, show=2)
    assert played.answer.calls == 12
    assert [step.value for step in played.answer.steps if step.kind == "note"] == pytest.approx([0, 1, 1 / 3])
    assert played.answer.text.splitlines() == ["1.00  hard  (1, 2, 3, 4)", "0.33  odd  (1 ×2, 0 ×2)"]
    entropy = await play("active-prompt", script, Task(rows=rows), answers=4, show=1, by="entropy")
    assert [step.value for step in entropy.answer.steps if step.kind == "note"] == pytest.approx([0, 1, 0.5])
