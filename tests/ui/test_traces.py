"""The trace of a technique as the page shows it, and the choice of one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.cli.running import totals
from playground.types.generation import Chunk, Completion, Finish, GenerationRequest, Message
from playground.types.grid import CellKey
from playground.types.prompt import TechniqueChoice
from playground.types.trace import Answer, Step
from playground.ui.forms import CompareForm, form_of_run, to_comparison
from playground.ui.stream import stream_run
from playground.ui.traces import opened, trace
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
KEY = CellKey(0, 1, 2)
HOSTILE = "<script>1</script>"


def done(text: str) -> Completion:
    return Completion(text, "stop", prompt_tokens=5, completion_tokens=2, total_s=0.5)


def test_a_trace_is_a_tree_of_rows_that_open() -> None:
    steps = [
        Step(number=1, label="propose", completion=done("1. a\n2. b")),
        Step(number=2, label="thought 1", kind="note", output="a", value=0.5, state="kept"),
        Step(number=3, label="thought 2", kind="note", output="b", value=0.0, state="pruned"),
        Step(number=4, label="value 1", parent=2, completion=done("likely"), value=0.5),
        Step(number=5, label="answer", parent=2),
    ]
    html = str(trace(steps, KEY, Answer(tuple(steps), "7", "So 7", "length", (("votes", "3 of 5"),))))
    labels = [part.partition("</b>")[0] for part in html.split("<b>")[1:]]
    assert labels == ["propose", "thought 1", "value 1", "answer", "thought 2"]
    assert [part[0] for part in html.split("--level:")[1:]] == ["0", "0", "1", "1", "0"]
    assert 'data-column="1" data-repeat="2" data-number="4"' in html
    assert "writing" in html.partition("<b>answer</b>")[2]
    assert '<b class="mono">7</b>' in html and "votes 3 of 5, ended at a bound" in html
    assert "valued stated" in html
    assert trace([], KEY) == ""


def test_nothing_of_a_model_is_markup() -> None:
    step = Step(
        (Message("user", HOSTILE),),
        done(HOSTILE),
        1,
        HOSTILE,
        extracted=HOSTILE,
        state=HOSTILE,
        model=HOSTILE,
    )
    answer = Answer((step,), HOSTILE, HOSTILE, "stop", ((HOSTILE, HOSTILE),))
    assert "<script" not in trace([step], KEY, answer) + opened(step)


def test_an_opened_step_shows_what_was_sent_and_what_came() -> None:
    call = Step((Message("system", "Be brief."), Message("user", "2 + 2?")), done("4"), 1, "solve", value=0.9)
    html = opened(call)
    for text in ("System", "Be brief.", "2 + 2?", "4", "value 0.90", "5 tokens in, 2 out"):
        assert text in html
    tool = opened(Step((Message("user", "2 + 2"),), kind="tool", label="calculator", output="4"))
    assert "Input" in tool and "Result" in tool


def test_the_form_keeps_a_technique_and_an_older_one_has_none(form: dict[str, Any]) -> None:
    assert CompareForm.model_validate(form).columns[0].technique is None
    choice = {"name": "self-consistency", "options": {"samples": 3}, "prompts": {}}
    form["columns"][1] = {**form["columns"][1], "technique": choice}
    spec = to_comparison(CompareForm.model_validate(form))
    assert [variant.technique for variant in spec.variants] == [None, TechniqueChoice.model_validate(choice)]


async def test_a_run_of_the_page_shows_its_steps_and_comes_back(
    call: Call, workbench: Workbench, form: dict[str, Any]
) -> None:
    form["columns"][1] = {
        **form["columns"][1],
        "technique": {"name": "self-consistency", "options": {"samples": 2}},
    }
    paints = [
        json.loads(paint)
        async for paint in stream_run(workbench, {"form": json.dumps(form), "stream": "s"})
        if isinstance(paint, str)
    ]
    run_id = paints[-1]["run"]
    last: dict[str, Any] = {}
    for paint in paints:
        last |= paint["columns"].get("1", {})
    assert last["trace"].count('class="step ') == 2
    assert "<dd>2</dd>" in last["foot"] and "×" in last["foot"]
    step = await call("step", run=run_id, column="1", repeat="0", number="2")
    assert step["drawer"]["title"] == "Sample 2, column 2"
    assert "Say hello" in step["drawer"]["body"]
    gone = await call("step", run=run_id, column="1", repeat="0", number="9")
    assert gone["alert"]["message"] == "This trace has no such step."
    again = form_of_run(await workbench.runs.get(run_id))
    assert again.columns[1].technique == TechniqueChoice(name="self-consistency", options={"samples": 2})


class LatePlain(ScriptedBackend):
    """Answers the prompt as it is a while after it has answered the step of a technique."""

    answered: asyncio.Event

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        is_plain = request.messages[-1].content == "Say hello"
        if is_plain:
            await self.answered.wait()
            await asyncio.sleep(0.5)
        async for chunk in super().stream(request):
            yield chunk
        if not is_plain:
            self.answered.set()


async def test_the_price_is_told_when_the_plain_call_ends_after_the_technique(
    make_workbench: Callable[..., Workbench], form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = make_workbench()
    backend = LatePlain()
    backend.answered = asyncio.Event()
    monkeypatch.setattr(workbench.models, "backend_of", lambda _: backend)
    form["columns"][1] = {**form["columns"][1], "technique": {"name": "say-it-twice"}}
    feet = []
    async for paint in stream_run(workbench, {"form": json.dumps(form), "stream": "s"}):
        if isinstance(paint, str) and (foot := json.loads(paint)["columns"].get("1", {}).get("foot")):
            feet.append(foot)
    assert len(feet) == 2
    assert "<dt>price</dt><dd>–</dd>" in feet[0] and "<dt>price</dt><dd>×" in feet[1]


async def test_what_a_technique_lacks_is_said_in_the_list(call: Call, form: dict[str, Any]) -> None:
    def lacks(reply: dict[str, Any]) -> dict[str, str]:
        return {row["name"]: row["lacks"] for row in reply["techniques"]}

    before = await call("technique_choices", form=form, column=0)
    assert "single" not in lacks(before)
    assert lacks(before)["self-consistency"] == ""
    assert lacks(before)["few-shot"] == "needs further cases with an expected answer"
    assert lacks(before)["pal"] == "needs the sandbox for code, which is off"
    row = next(row for row in before["techniques"] if row["name"] == "self-consistency")
    assert row["options"][0] == {
        "name": "samples", "label": "Samples", "kind": "integer", "default": 5, "help": "Answers that vote.",
        "choices": [], "low": 1, "high": 100,
    }  # fmt: skip
    assert row["steps"] == [{"name": "sample", "slug": "techniques/self-consistency/sample"}]
    form["prompt"]["cases"] = [{"word": "bye", "expected": "x"}]
    assert lacks(await call("technique_choices", form=form, column=0))["few-shot"] == ""


async def test_a_technique_is_offered_with_steps_in_the_language_of_the_reader(
    call: Call, form: dict[str, Any]
) -> None:
    async def offered(**more: str) -> dict[str, str]:
        reply = await call("technique_choices", form=form, column=0, **more)
        return next(row["prompts"] for row in reply["techniques"] if row["name"] == "self-consistency")

    assert await offered(lang="en") == {}
    assert await offered(lang="zh") == {"sample": "techniques/self-consistency/sample.zh"}
    form["prompt"]["turns"][0]["template"] = "说 {{ word }}"
    assert await offered(lang="en") == {"sample": "techniques/self-consistency/sample.zh"}


async def test_a_wrong_option_is_said_while_it_is_typed(call: Call, form: dict[str, Any]) -> None:
    form["columns"][0] = {
        **form["columns"][0],
        "technique": {"name": "self-consistency", "options": {"samples": 0}},
    }
    reply = await call("technique_problem", form=form, column=0)
    assert reply["technique_problem"].startswith(
        'The option "samples" of self-consistency is 0: this must be at least 1.'
    )
    form["columns"][0]["technique"]["options"]["samples"] = 2
    assert await call("technique_problem", form=form, column=0) == {"technique_problem": ""}
    assert await call("technique_problem", form=form, column=1) == {"technique_problem": ""}


def test_a_bound_and_a_cut_call_are_told_apart() -> None:
    def ended(finish: Finish) -> str:
        step = Step(number=1, completion=Completion("x", finish))
        answer = Answer((step,), final="x", ended="length")
        return str(trace(answer.steps, CellKey(0, 0, 0), answer)) + totals(answer)

    assert "ended at a bound" in ended("stop") and "a bound ended it" in ended("stop")
    assert ended("length").count("its last call was cut") == 2
