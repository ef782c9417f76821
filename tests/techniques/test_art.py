"""ART: programs that pause at tool calls, and what is written instead of them."""

from __future__ import annotations

import pytest

from playground.errors import PlaygroundError, PromptError
from playground.techniques.art import Pause, nearest_tasks, read_program
from playground.techniques.art_tasks import TASKS
from playground.techniques.options import OptionsError
from playground.techniques.tools.calculator import calculate
from playground.types.generation import Message
from tests.techniques.scripted import play

EGGS = "A farm fills 4 boxes with 12 eggs each. 5 eggs break. How many eggs are whole?"
SCRIPT = [
    "step 1: count all eggs\ncalculator: 4 * 12\n",
    "step 2: take away the broken ones\ncalculator: 48 - 5\n",
    "answer: 43",
]


async def test_it_pauses_at_each_tool_call_and_goes_on_with_the_result() -> None:
    played = await play("art", SCRIPT, EGGS)
    answer = played.answer
    assert (answer.extracted, answer.finish, answer.calls) == ("43", "stop", 3)
    assert (answer.prompt_tokens, answer.completion_tokens) == (30, 9 + 11 + 2)
    assert answer.text == (
        "step 1: count all eggs\ncalculator: 4 * 12\nresult: 48\n"
        "step 2: take away the broken ones\ncalculator: 48 - 5\nresult: 43\nanswer: 43"
    )
    assert dict(answer.facts) == {"tools": "2 used"}
    assert [(step.label, step.kind, step.parent) for step in answer.steps] == [
        ("write 1", "call", None),
        ("calculator", "tool", 1),
        ("write 2", "call", None),
        ("calculator", "tool", 3),
        ("write 3", "call", None),
    ]
    assert played.scripted.texts == [
        f"Task: {EGGS}",
        f"Task: {EGGS}\nstep 1: count all eggs\ncalculator: 4 * 12\nresult: 48",
        f"Task: {EGGS}\nstep 1: count all eggs\ncalculator: 4 * 12\nresult: 48\n"
        "step 2: take away the broken ones\ncalculator: 48 - 5\nresult: 43",
    ]
    assert all(call.sampling.stop == ("result:",) for call in played.calls)


async def test_the_two_nearest_tasks_are_shown() -> None:
    played = await play("art", ["answer: 1"], "A shop sells 3 bags of apples. How many apples are good?")
    shown = [message.content for message in played.calls[0].messages if message.role == "user"]
    assert len(shown) == 3 and shown[0].startswith("Task: A shop sells 6 bags")
    assert nearest_tasks("还剩多少支铅笔？", TASKS, 1)[0]["task"].startswith("小红")
    assert nearest_tasks("zzz", TASKS, 2) == [TASKS[0], TASKS[1]]
    assert len((await play("art", ["answer: 1"], EGGS, demonstrations=0)).calls[0].messages) == 2


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("answer: 5", Pause("answer: 5", answer="5")),
        ("Answer： 5", Pause("Answer： 5", answer="5")),
        ("答案：五", Pause("答案：五", answer="五")),
        ("calculator: 1+1\nresult: 3\nanswer: 3", Pause("calculator: 1+1", "calculator", "1+1")),
        ("result: 7\nanswer: 7", Pause("answer: 7", answer="7")),
        ("**calculator**: `1+1`", Pause("**calculator**: `1+1`", "calculator", "1+1")),
        ("- calculator: 1+1", Pause("- calculator: 1+1", "calculator", "1+1")),
        ("calculator:\nstep 2: go on", Pause("calculator:\nstep 2: go on")),
        ("python: 1+1", Pause("python: 1+1")),
        ("I think it is 5.", Pause("I think it is 5.")),
        ("```\ncalculator: 1+1\n```", Pause("calculator: 1+1", "calculator", "1+1")),
        ("", Pause("")),
    ],
)
def test_a_program_is_read_up_to_its_first_pause(text: str, pause: Pause) -> None:
    assert read_program(text, ["calculator"]) == pause


async def test_a_program_without_an_answer_ends_with_its_last_line() -> None:
    played = await play("art", ["step 1: so there are\n43 eggs"], EGGS)
    assert (played.answer.extracted, played.answer.calls, played.answer.finish) == ("43 eggs", 1, "stop")
    assert played.answer.steps[0].state == "no answer line"
    assert (await play("art", [""], EGGS)).answer.extracted == ""


async def test_a_wrong_expression_is_a_result_and_the_program_goes_on() -> None:
    played = await play("art", ["calculator: 4 boxes", "answer: 4"], EGGS)
    assert played.scripted.texts[1].endswith(
        'result: calculator failed: "4 boxes" is no arithmetic expression. Write one such as 3 * (4 + 1).'
    )


async def test_tool_calls_without_end_are_bounded() -> None:
    played = await play("art", ["calculator: 1+1"] * 9, EGGS)
    assert (played.answer.calls, played.answer.finish, played.answer.extracted) == (9, "length", "")
    played = await play("art", ["calculator: 1+1"] * 2, EGGS, max_calls=2)
    assert (played.answer.calls, played.answer.finish) == (2, "length")
    assert played.answer.text == "calculator: 1+1\nresult: 2\ncalculator: 1+1\nresult: 2"


async def test_solved_tasks_of_ones_own_are_shown_instead() -> None:
    own = [{"task": "Say hello", "program": "answer: hello"}]
    played = await play("art", ["answer: 1"], EGGS, library=own)
    assert played.calls[0].messages[1] == Message("user", "Task: Say hello")
    with pytest.raises(PromptError, match='lacks its "task" or its "program"'):
        await play("art", [], EGGS, library=[{"task": "Say hello"}])
    with pytest.raises(OptionsError):
        await play("art", [], EGGS, library="no JSON")


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task["task"][:20])
def test_the_shipped_programs_hold_what_the_tools_really_give(task: dict[str, str]) -> None:
    lines = task["program"].splitlines()
    for line, after in zip(lines, lines[1:], strict=False):
        if line.startswith("calculator: "):
            assert after == f"result: {calculate(line.removeprefix('calculator: '))}"
    assert lines[-1].startswith("answer: ")
    with pytest.raises(PlaygroundError):
        calculate(task["task"])
