"""What holds for every technique of the registry: bounds, failures, nonsense from the model, Stop, the same answer again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from playground.errors import BackendUnavailable, PlaygroundError
from playground.techniques.base import Document, Row, Task, Verdict
from playground.techniques.calls import Call, StepFailed
from playground.techniques.registry import SINGLE, rows
from playground.techniques.technique import check_step, run_technique
from playground.templating.rendering import variables
from playground.types.generation import Message
from playground.types.prompt import Sampling
from tests.techniques.scripted import LIBRARY, Line, Scripted, make_ask, play, prompts_of

QUESTION = "Tom has 3 apples and buys 5 more.\nAna - Ben\nBen - Cleo\nHow many apples has he?"
TASK = Task(
    messages=(Message("system", "Be exact."), Message("user", QUESTION)),
    values={"edges": [["Ana", "Ben"], ["Ben", "Cleo"]]},
    images=("iVBORw0KGgo=",),
    documents=(Document("fruit.txt", "Tom has eight apples."),),
    rows=tuple(
        Row({"q": n}, f"How many are {n} and {n}?", str(2 * n))._replace(
            values={"rationale": f"{n} + {n} = {2 * n}."}
        )
        for n in range(1, 13)
    ),
    check=lambda text, values: Verdict(0.0, "The number is wrong."),
    sampling=Sampling(seed=7),
)
NAMES = [name for name, row in rows().items() if not row.needs & {"sandbox", "tools"}]
GO_ON = ("react", "function-calling")
"""These go on until the model says that it is finished, or as often as they may."""
each = pytest.mark.parametrize("name", NAMES)
NONSENSE = (
    "",
    "   \n\n",
    "I cannot help with that.",
    "}{ <|im_end|> {{ x }}",
    "1.\n2.\n3.",
    "?" * 3000,
    "是",
    "Value: Verdict: Score:",
)


def fluent(call: Call) -> Line:
    """Something that each step can read."""
    forms = {"think": "Action: finish[8]", "write": "answer: 8", "turn": '{"answer": "8"}'}
    if form := forms.get(call.label.partition(" ")[0]):
        return form
    return "1. 3 + 5 = 8 (left: 8)\n2. 5 + 3 = 8\nThis is sure. Value: sure\nVerdict: fail\nScore: 7\nThe answer is 8."


@each
async def test_its_steps_are_prompts_that_have_what_the_steps_give(name: str) -> None:
    row = rows()[name]
    for step in row.prompted(row.read({})):
        prompt = LIBRARY.get(step.slug).prompt
        listed = variables(prompt.turns)
        optional = {field.name for field in prompt.inputs if not field.required or field.default is not None}
        names = {variable.name for variable in listed}
        check_step(step, names, names - optional, prompt.name)


@each
async def test_it_answers_within_its_bounds_and_knows_its_totals(name: str) -> None:
    played = await play(name, fluent, TASK)
    answer = played.answer
    assert answer.text.strip()
    assert answer.finish == "stop"
    assert answer.calls == len(played.calls) <= rows()[name].max_calls
    assert answer.prompt_tokens == 10 * answer.calls
    assert answer.completion_tokens == sum(len(fluent(call).split()) for call in played.calls)  # type: ignore[union-attr]
    assert [step.number for step in answer.steps] == list(range(1, len(answer.steps) + 1))
    numbers = {step.number for step in answer.steps}
    assert all(
        step.parent is None or (step.parent in numbers and step.parent < step.number) for step in answer.steps
    )
    assert all(step.label for step in answer.steps) or name == SINGLE


@each
async def test_the_same_seed_gives_the_same_calls_and_the_same_answer(name: str) -> None:
    first, second = [
        await play(name, lambda call: f"{fluent(call)} {call.sampling.seed}", TASK) for _ in range(2)
    ]
    assert first.answer.text == second.answer.text
    assert [(c.label, c.messages, c.sampling) for c in first.calls] == [
        (c.label, c.messages, c.sampling) for c in second.calls
    ]


@each
@pytest.mark.parametrize("most", [1, 2, 3])
async def test_a_bound_of_calls_is_a_result_and_never_passed(name: str, most: int) -> None:
    whole = await play(name, fluent, TASK)
    played = await play(name, fluent, TASK, max_calls=most)
    assert len(played.calls) == min(most, len(whole.calls))
    assert played.answer.finish == ("length" if len(whole.calls) > most else "stop")
    assert played.answer.text.strip()


@each
async def test_a_bound_of_tokens_is_a_result(name: str) -> None:
    whole = await play(name, fluent, TASK)
    played = await play(name, fluent, TASK, max_tokens=11)
    assert played.answer.text.strip()
    assert len(played.calls) <= len(whole.calls)
    if len(played.calls) < len(whole.calls):
        assert played.answer.finish == "length"


@each
async def test_a_step_that_fails_fails_all_and_is_named(name: str) -> None:
    whole = await play(name, fluent, TASK)
    for failing in {0, len(whole.calls) // 2, len(whole.calls) - 1}:
        count = iter(range(10_000))

        def script(call: Call, failing: int = failing, count: Any = count) -> Line:
            return (
                BackendUnavailable("It does not answer.", "Start it.")
                if next(count) == failing
                else fluent(call)
            )

        with pytest.raises(PlaygroundError) as failed:
            await play(name, script, TASK)
        assert "It does not answer." in str(failed.value)
        assert isinstance(failed.value, StepFailed) or name == SINGLE
        if isinstance(failed.value, StepFailed):
            assert any(f"“{call.label}”" in failed.value.message for call in whole.calls)
    assert len(asyncio.all_tasks()) == 1


@each
@pytest.mark.parametrize("text", NONSENSE, ids=repr)
async def test_whatever_the_model_writes_there_is_an_answer(name: str, text: str) -> None:
    try:
        played = await play(name, lambda call: text, TASK)
    except PlaygroundError as exc:
        assert name == "automatic-prompt-engineer" and not text.strip() and "no instruction" in exc.message
        return
    assert played.answer.finish == ("length" if name in GO_ON else "stop")
    assert len(played.calls) <= rows()[name].max_calls


@each
@pytest.mark.parametrize("text", NONSENSE, ids=repr)
async def test_nonsense_at_any_one_step_is_survived(name: str, text: str) -> None:
    whole = await play(name, fluent, TASK)
    for kind in {call.label.rstrip("0123456789. ") for call in whole.calls}:

        def script(call: Call, kind: str = kind) -> Line:
            return text if call.label.startswith(kind) else fluent(call)

        if kind == "propose" and name == "automatic-prompt-engineer" and not text.strip():
            with pytest.raises(PlaygroundError, match="no instruction"):
                await play(name, script, TASK)
            continue
        assert (await play(name, script, TASK)).answer.finish == ("length" if name in GO_ON else "stop")


@each
async def test_stop_amid_its_calls_leaves_no_task_behind(name: str) -> None:
    row = rows()[name]
    scripted = Scripted(lambda call: 60.0)
    options = row.read({})
    ask = make_ask(scripted, row, options, sampling=TASK.sampling, images=TASK.images, values=TASK.values)
    running = asyncio.create_task(run_technique(row, TASK, ask, {}, options))
    while not scripted.at_once:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (scripted.at_once, len(asyncio.all_tasks())) == (0, 1)
    assert scripted.cancelled == len(scripted.calls) > 0


@each
async def test_a_fork_of_a_step_is_what_is_sent(name: str) -> None:
    row = rows()[name]
    options = row.read({})
    forks = {
        step: prompt.model_copy(update={"turns": (*prompt.turns[:-1], prompt.turns[-1].model_copy(update={"template": prompt.turns[-1].template + "\nMine."}))})
        for step, prompt in prompts_of(row, options).items()
    }  # fmt: skip
    played = await play(name, fluent, TASK, prompts=forks)
    plain = {call.label for call in played.calls if call.messages == TASK.messages}
    assert all(
        call.messages[-1].content.endswith("Mine.") for call in played.calls if call.label not in plain
    )
