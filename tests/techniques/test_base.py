"""Asking: steps, bounds, failures and cancellation, whatever the technique."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from playground.errors import BackendUnavailable, NotFoundError
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tool, Tools
from playground.techniques.calls import BoundReached, Bounds, StepFailed, together
from playground.techniques.registry import technique_of
from playground.techniques.technique import Technique, run_technique
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.trace import Answer, Step
from tests.techniques.scripted import Scripted, completion, play, render

WORDS = Prompt(turns=(Turn(role="user", template="Solve: {{ question }}"),))
HELLO = [Message("user", "Hello")]


def asking(script: Any, **rest: Any) -> tuple[Ask, Scripted]:
    scripted = Scripted(script)
    return Ask(scripted.send, render, {"solve": WORDS}, **rest), scripted


async def test_the_plain_prompt_is_one_call_with_its_messages() -> None:
    played = await play(
        "single", ["four"], Task(messages=(Message("system", "Be brief."), Message("user", "2 + 2?")))
    )
    assert [call.messages for call in played.calls] == [
        (Message("system", "Be brief."), Message("user", "2 + 2?"))
    ]
    answer = played.answer
    assert (answer.text, answer.extracted, answer.finish, answer.calls) == ("four", None, "stop", 1)
    assert (answer.prompt_tokens, answer.completion_tokens) == (10, 1)


async def test_every_call_is_a_step_that_is_told_when_it_begins_and_when_it_ends() -> None:
    told: list[Step] = []
    ask, scripted = asking(["4", "right"], watch=told.append)
    first = await ask("solve", {"question": "2 + 2?"}, label="solve", temperature=0.5)
    await ask(HELLO, label="look", parent=first)
    assert [(s.number, s.label, s.parent, s.text) for s in ask.steps] == [
        (1, "solve", None, "4"),
        (2, "look", 1, "right"),
    ]
    assert ask.steps[0].messages == (Message("user", "Solve: 2 + 2?"),)
    assert [call.sampling.temperature for call in scripted.calls] == [0.5, 0.0]
    assert [(s.number, s.completion is not None) for s in told] == [
        (1, False),
        (1, True),
        (2, False),
        (2, True),
    ]


async def test_marks_and_notes_stand_in_the_trace() -> None:
    ask, _ = asking(["4"])
    reply = await ask(HELLO, label="solve")
    ask.mark(reply, extracted="4", value=0.9, state="kept")
    ask.mark(reply, state="answer")
    thought = ask.note("memory", "Count first.", parent=reply, value=0.1)
    step, note = ask.steps
    assert (step.extracted, step.value, step.state) == ("4", 0.9, "answer")
    assert (note.number, note.kind, note.parent, note.text, note.completion) == (
        thought,
        "note",
        1,
        "Count first.",
        None,
    )
    assert ask.answer("4").calls == 1


async def test_samples_run_together_with_seeds_one_after_the_other_as_one_family() -> None:
    ask, scripted = asking(lambda call: str(call.sampling.seed), sampling=Sampling(seed=2**32 - 2))
    replies = await ask.samples(3, HELLO, label="try", temperature=1.0)
    assert [reply.text for reply in replies] == [str(2**32 - 2), "0", "1"]
    assert scripted.most_at_once == 3
    assert scripted.labels == ["try 1", "try 2", "try 3"]
    assert len({call.family for call in scripted.calls}) == 1
    assert scripted.calls[0].family != ""


async def test_a_step_keeps_its_prompt_s_sampling_and_the_longer_length() -> None:
    stated = WORDS.model_copy(update={"sampling": Sampling(temperature=0.7, max_tokens=16)})
    column = Sampling(temperature=0.2, top_k=40, max_tokens=300, seed=5)
    scripted = Scripted(["a", "b", "c"])
    ask = Ask(scripted.send, render, {"solve": stated}, sampling=column)
    await ask("solve", {"question": "?"})
    await ask("solve", {"question": "?"}, brief=True)
    await ask("solve", {"question": "?"}, temperature=0.0, max_tokens=9, stop=("\n",))
    assert [(c.sampling.temperature, c.sampling.max_tokens) for c in scripted.calls] == [
        (0.7, 300),
        (0.7, 16),
        (0.0, 9),
    ]
    assert {(c.sampling.top_k, c.sampling.seed) for c in scripted.calls} == {(40, 5)}
    assert scripted.calls[2].sampling.stop == ("\n",)


async def test_a_failing_step_names_its_label_and_keeps_its_cause() -> None:
    gone = BackendUnavailable("Ollama does not answer.", "Start it.")
    ask, _ = asking(["ok", gone])
    await ask(HELLO, label="propose")
    with pytest.raises(StepFailed) as failed:
        await ask(HELLO, label="value 1")
    assert failed.value.message == "Step “value 1”: Ollama does not answer."
    assert failed.value.hint == "Start it."
    assert failed.value.__cause__ is gone
    ask, _ = asking([gone])
    with pytest.raises(BackendUnavailable):
        await ask(HELLO)


async def test_a_failing_sample_ends_the_others_and_is_told_alone() -> None:
    ask, scripted = asking({"try 2": ValueError("odd"), "try": 60.0})
    with pytest.raises(ValueError, match="odd"):
        await ask.samples(4, HELLO, label="try")
    assert (scripted.cancelled, scripted.at_once) == (3, 0)
    assert len(asyncio.all_tasks()) == 1


async def test_stop_amid_parallel_steps_leaves_no_task_behind() -> None:
    ask, scripted = asking({"try": 60.0})
    running = asyncio.create_task(ask.samples(8, HELLO, label="try"))
    while scripted.at_once < 8:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (scripted.cancelled, scripted.at_once) == (8, 0)
    assert len(asyncio.all_tasks()) == 1
    assert [step.completion for step in ask.steps] == [None] * 8


async def test_past_a_bound_samples_are_those_that_came() -> None:
    ask, scripted = asking(["a", "b", "c"], bounds=Bounds(max_calls=3))
    replies = await ask.samples(5, HELLO, label="try")
    assert [reply.text for reply in replies] == ["a", "b", "c"]
    assert (ask.is_bounded, ask.calls_left, len(ask.steps)) == (True, 0, 3)
    assert ask.answer("b").finish == "length"
    with pytest.raises(BoundReached):
        await ask.samples(2, HELLO, label="more")


async def test_a_bound_of_tokens_shortens_the_last_call_and_refuses_the_next() -> None:
    ask, scripted = asking(["a b c d", "e"], bounds=Bounds(max_tokens=20))
    await ask(HELLO, label="first")
    assert scripted.calls[0].sampling.max_tokens == 20
    await ask(HELLO, label="second")
    assert scripted.calls[1].sampling.max_tokens == 6  # 10 in and 4 out were used
    with pytest.raises(BoundReached):
        await ask(HELLO, label="third")
    assert len(scripted.calls) == 2


async def test_a_bound_that_nobody_catches_is_an_answer_with_what_there_was() -> None:
    async def endless(task: Task, ask: Ask, tools: Tools, *, tells: bool = False) -> Answer:
        while True:
            reply = await ask(HELLO, label="step")
            if tells:
                ask.so_far(f"so far {reply.text}", "x")

    for tells, expected in ((False, ("c", None)), (True, ("so far c", "x"))):
        row = Technique(endless, "Endless", "无尽")
        ask, _ = asking(["a", "b", "c"])
        answer = await run_technique(row, Task(), ask, {}, row.read({"max_calls": 3, "tells": tells}))
        assert (answer.text, answer.extracted) == expected
        assert (answer.finish, answer.calls) == ("length", 3)


@pytest.mark.parametrize(
    ("run", "given"),
    [
        ("raise", "calc failed: ZeroDivisionError: division by zero"),
        ("hang", "calc timed out after 0.05 s."),
        ("huge", "x" * 4000 + "\n(9,996,000 more characters were cut.)"),
        ("fine", "7"),
    ],
)
async def test_what_a_tool_does_is_an_observation(run: str, given: str) -> None:
    async def calc(text: str) -> str:
        if run == "raise":
            raise ZeroDivisionError("division by zero")
        if run == "hang":
            await asyncio.sleep(60)
        return "x" * 10_000_000 if run == "huge" else "7"

    ask, _ = asking([])
    observation = await ask.use(Tool("calc", "a sum", calc), "3 + 4", parent=None, seconds=0.05)
    assert observation == given
    (step,) = ask.steps
    assert (step.kind, step.label, step.messages[0].content, step.output) == ("tool", "calc", "3 + 4", given)
    assert step.state == ("failed" if run in ("raise", "hang") else "")


async def test_together_keeps_the_order_of_what_is_different() -> None:
    async def after(seconds: float, value: int) -> int:
        await asyncio.sleep(seconds)
        return value

    assert await together([after(0.02, 1), after(0, 2)]) == [1, 2]


async def test_the_layer_costs_less_than_a_millisecond_a_call() -> None:
    async def send(call: Any) -> Any:
        return completion("4")

    ask = Ask(send, render, sampling=Sampling(), bounds=Bounds(max_calls=None))
    begun = time.process_time()  # not the clock: other programs want the cores too
    for _ in range(500):
        await ask(HELLO, label="x", temperature=0.5)
    assert (time.process_time() - begun) / 500 < 0.001


def test_a_task_tells_its_question_with_its_instructions() -> None:
    task = Task(
        messages=(
            Message("system", "Be brief."),
            Message("user", "a"),
            Message("assistant", "b"),
            Message("user", "c"),
        )
    )
    assert (task.instructions, task.text, task.question) == ("Be brief.", "c", "Be brief.\n\nc")
    assert Task(messages=(Message("user", "c"),)).question == "c"
    assert Task().question == ""


def test_an_answer_knows_its_work_and_its_time() -> None:
    steps = tuple(
        Step((), completion("x", total_s=1.0), number=n, start_s=start)
        for n, start in ((1, 0.0), (2, 1.0), (3, 1.25))
    )
    answer = Answer(steps)
    assert (answer.calls, answer.total_s, answer.wall_s) == (3, 3.0, 2.25)
    assert Answer().wall_s == 0


def test_an_unknown_technique_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match='There is no technique "singel". Do you mean "single"?'):
        technique_of("singel")
    assert technique_of("single").title == "The prompt as it is"
