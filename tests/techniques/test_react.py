"""ReAct: exact calls and messages, malformed actions, tools that fail, and a model that never finishes."""

from __future__ import annotations

import asyncio
import time

import pytest

from playground.errors import BackendUnavailable, PromptError
from playground.techniques.asking import Ask
from playground.techniques.base import Document, Row, Task, Tool, Tools
from playground.techniques.calls import StepFailed
from playground.techniques.react import Action, read_action
from playground.types.generation import Message
from tests.techniques.scripted import play

PARK = Task(
    messages=(Message("user", "How high is the tallest tree?"),),
    documents=(Document("park.txt", "The tallest tree in the park is an oak, 31 metres high."),),
)
SEARCH = "Thought: I must look it up.\nAction: search[tallest tree]"
FINISH = "Thought: I know it.\nAction: finish[31 metres]"
RULE = 'Write one line "Action: tool[input]" with one of: calculator, search, finish.'


def tool(run: object) -> Tools:
    return {"slow": Tool("slow", "anything", run)}  # type: ignore[arg-type]


async def test_thoughts_actions_and_observations_grow_until_it_finishes() -> None:
    played = await play("react", [SEARCH, "Thought: In feet?\nAction: calculator[31 * 3.28]", FINISH], PARK)
    answer = played.answer
    assert (answer.text, answer.extracted, answer.finish) == ("31 metres", "31 metres", "stop")
    assert (answer.calls, answer.prompt_tokens, answer.completion_tokens) == (3, 30, 23)
    assert dict(answer.facts) == {"steps": "3 of 6"}
    assert [(step.label, step.kind, step.parent, step.state) for step in answer.steps] == [
        ("think 1", "call", None, ""),
        ("search", "tool", 1, ""),
        ("think 2", "call", None, ""),
        ("calculator", "tool", 3, ""),
        ("think 3", "call", None, "answer"),
    ]
    assert played.scripted.texts == [
        "Question: How high is the tallest tree?",
        "Question: How high is the tallest tree?\n"
        "Thought: I must look it up.\nAction: search[tallest tree]\n"
        "Observation: [1] The tallest tree in the park is an oak, 31 metres high.",
        "Question: How high is the tallest tree?\n"
        "Thought: I must look it up.\nAction: search[tallest tree]\n"
        "Observation: [1] The tallest tree in the park is an oak, 31 metres high.\n"
        "Thought: In feet?\nAction: calculator[31 * 3.28]\nObservation: 101.68",
    ]
    assert [call.sampling.stop for call in played.calls] == [("Observation:",)] * 3
    system = played.calls[0].messages[0].content
    assert "search[a few words to look up in the documents]\nfinish[the answer]: ends with it" in system


async def test_every_prompt_begins_with_the_one_before_so_that_a_server_reads_only_what_is_new() -> None:
    played = await play("react", [SEARCH, SEARCH, FINISH], PARK)
    for before, after in zip(played.calls, played.calls[1:], strict=False):
        assert after.messages[:-1] == before.messages[:-1]
        assert after.messages[-1].content.startswith(before.messages[-1].content)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", f"There is no action. {RULE}"),
        ("I think it is 31 metres.", f"There is no action. {RULE}"),
        ("Thought: hm\nAction: search tallest tree", f"The action has no input in square brackets. {RULE}"),
        ("Action: search(tallest tree)", f"The action has no input in square brackets. {RULE}"),
        ("Action: finish", f"The action has no input in square brackets. {RULE}"),
        ("Action:", f"The action has no input in square brackets. {RULE}"),
        ("Action: finish[]", f"The brackets of finish are empty. {RULE}"),
        ("Action: google[trees]", f'There is no tool "google". {RULE}'),
        ("Action: [trees]", f"The action has no input in square brackets. {RULE}"),
    ],
)
async def test_a_malformed_action_is_answered_with_the_rule(text: str, rule: str) -> None:
    played = await play("react", [text, FINISH], PARK)
    assert played.answer.text == "31 metres"
    assert played.scripted.texts[1].endswith(f"Observation: {rule}")
    assert played.answer.steps[0].state == "malformed"
    assert (played.answer.steps[1].label, played.answer.steps[1].output) == ("rule", rule)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Thought: a\nAction: search[b]", Action("Thought: a\nAction: search[b]", "search", "b")),
        ("Action: SEARCH[b]", Action("Action: SEARCH[b]", "search", "b")),
        ("**Action:** search[b]", Action("**Action:** search[b]", "search", "b")),
        ("Action 1: search[b]", Action("Action 1: search[b]", "search", "b")),
        ("思考：a\n行动：search[树有多高]", Action("思考：a\n行动：search[树有多高]", "search", "树有多高")),
        ("Action: search[a [b] c]", Action("Action: search[a [b] c]", "search", "a [b] c")),
        ("Action: search[cut off", Action("Action: search[cut off", "search", "cut off")),
        ("Action: `search[b]`", Action("Action: `search[b]`", "search", "b")),
        (
            "Action: search[b]\nAction: finish[c]",
            Action("Action: search[b]", "search", "b", has_more=True),
        ),
        ("Action: search[b]\nObservation: made up\nAction: finish[c]", Action("Action: search[b]", "search", "b")),
    ],
)  # fmt: skip
def test_an_action_is_read_as_it_was_meant(text: str, action: Action) -> None:
    assert read_action(text, ["search", "finish"]) == action


async def test_of_two_actions_the_first_is_done_and_what_the_model_made_up_is_left_out() -> None:
    both = f"{SEARCH}\nAction: finish[9 metres]"
    played = await play("react", [both, FINISH], PARK)
    assert played.answer.text == "31 metres"
    assert played.answer.steps[0].state == "first action only"
    assert "9 metres" not in played.scripted.texts[1]


async def test_a_model_that_never_finishes_is_a_result_of_so_many_steps() -> None:
    played = await play("react", [SEARCH] * 6, PARK)
    answer = played.answer
    assert (answer.calls, answer.finish, answer.extracted) == (6, "length", "")
    assert dict(answer.facts) == {"steps": "6 of 6, no finish"}
    played = await play("react", [SEARCH] * 2, PARK, steps=2)
    assert (played.answer.calls, played.answer.finish) == (2, "length")


async def test_a_bound_of_calls_or_tokens_ends_it_with_what_there_is() -> None:
    played = await play("react", [SEARCH] * 3, PARK, max_calls=3)
    assert (played.answer.calls, played.answer.finish, played.answer.text) == (3, "length", SEARCH)
    played = await play("react", [SEARCH] * 2, PARK, max_tokens=30)
    assert (played.answer.calls, played.answer.finish) == (2, "length")


async def test_a_tool_that_raises_is_an_observation() -> None:
    async def broken(text: str) -> str:
        raise RuntimeError("the disk is on fire")

    played = await play(
        "react", ["Action: slow[x]", "Action: calculator[1/0]", FINISH], PARK, tools=tool(broken)
    )
    assert "Observation: slow failed: RuntimeError: the disk is on fire" in played.scripted.texts[1]
    assert (
        "Observation: calculator failed: Division by zero. Change the expression." in played.scripted.texts[2]
    )
    assert [step.state for step in played.answer.steps if step.kind == "tool"] == ["failed", "failed"]


async def test_a_tool_that_hangs_is_an_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(text: str) -> str:
        await asyncio.sleep(60)
        return ""

    assert Ask.use.__kwdefaults__ is not None
    monkeypatch.setattr(Ask.use, "__kwdefaults__", {**Ask.use.__kwdefaults__, "seconds": 0.05})
    started = time.monotonic()
    played = await play("react", ["Action: slow[x]", FINISH], PARK, tools=tool(hangs))
    assert "Observation: slow timed out after 0.05 s." in played.scripted.texts[1]
    assert time.monotonic() - started < 30


async def test_a_tool_that_returns_ten_megabytes_is_cut_and_says_so() -> None:
    async def talks(text: str) -> str:
        return "x" * 10_000_000

    played = await play("react", ["Action: slow[x]", FINISH], PARK, tools=tool(talks))
    assert played.scripted.texts[1].endswith("(9,996,000 more characters were cut.)")
    assert len(played.scripted.texts[1]) < 5_000


async def test_a_step_that_fails_fails_the_answer_with_its_label() -> None:
    with pytest.raises(StepFailed, match="Step “think 2”: It does not answer"):
        await play("react", [SEARCH, BackendUnavailable("It does not answer.", "Start it.")], PARK)


async def test_stop_while_a_tool_runs_ends_the_tool_too() -> None:
    ended = asyncio.Event()

    async def hangs(text: str) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return ""

    running = asyncio.create_task(play("react", ["Action: slow[x]"], PARK, tools=tool(hangs)))
    for _ in range(50):
        await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set() and len(asyncio.all_tasks()) == 1


async def test_rows_of_a_data_set_can_be_looked_up() -> None:
    task = Task(
        messages=(Message("user", "What does tea cost?"),),
        rows=(Row({"item": "Tea", "price": "3"}, "", ""),),
    )
    played = await play("react", ["Action: lookup[tea]", "Action: finish[3]"], task)
    assert played.scripted.texts[1].endswith("Observation: item: Tea; price: 3")


async def test_the_answer_may_be_read_as_a_number() -> None:
    played = await play("react", ["Action: finish[It is 1,000 metres]"], PARK, answer="number")
    assert (played.answer.text, played.answer.extracted) == ("It is 1,000 metres", "1000")


async def test_documents_that_make_too_many_passages_are_refused_before_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("playground.techniques.tools.chunks.MAX_CHUNKS", 5)
    task = Task(messages=PARK.messages, documents=(Document("a", "x" * 6_000),))
    with pytest.raises(PromptError, match="more than 5 passages"):
        await play("react", [], task)
