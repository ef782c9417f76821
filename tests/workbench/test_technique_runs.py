"""Techniques in runs: steps told, stored and read back; stopped, failed, refused before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from playground.runs.events import Ended, Event
from playground.runs.runner import Delta, Started, Stepped
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Input, Prompt, Sampling, TechniqueChoice, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
STEPS = "3 and 5 are 8. Answer: 8"
PROMPT = Prompt(
    name="Sum",
    turns=(Turn(role="system", template="Be exact."), Turn(role="user", template="{{ question }}")),
    inputs=(Input(name="question"),),
    checks=(Check(scorer="equals", options={"text": "8"}),),
)
VALUES = {"question": "3 + 5?"}


def spec(
    technique: str,
    model: str = "steps",
    prompt: Prompt = PROMPT,
    images: tuple[str, ...] = (),
    **options: Any,
) -> RunSpec:
    prompts = options.pop("prompts", {})
    choice = TechniqueChoice(name=technique, options=options, prompts=prompts)
    variant = Variant(model=f"scripted:{model}", sampling=Sampling(seed=3), technique=choice)
    return RunSpec.comparison(prompt=prompt, values=VALUES, variants=(variant,), images=images)


async def events_of(workbench: Workbench, spec: RunSpec) -> list[Event]:
    return [event async for event in workbench.runs.compare(spec)]


async def end_of(workbench: Workbench, spec: RunSpec) -> Ended:
    end = (await events_of(workbench, spec))[-1]
    assert isinstance(end, Ended)
    return end


async def test_a_technique_s_steps_are_told_stored_and_read_back_as_they_were(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"steps": STEPS})
    events = await events_of(workbench, spec("self-consistency", samples=3))
    assert sum(isinstance(event, Started) for event in events) == 1
    assert not any(isinstance(event, Delta) for event in events)
    told = [event.step for event in events if isinstance(event, Stepped)]
    assert {step.label for step in told} == {"sample 1", "sample 2", "sample 3"}
    end = events[-1]
    assert isinstance(end, Ended)
    cell = end.cell
    assert (cell.status, cell.answer.text, cell.answer.extracted, cell.answer.calls) == (
        "done",
        STEPS,
        "8",
        3,
    )
    assert dict(cell.answer.facts) == {"votes": "3 of 3"}
    assert [step.state for step in cell.answer.steps] == ["answer", "kept", "kept"]
    assert all(len(step.request_hash) == 64 for step in cell.answer.steps)
    assert len({step.request_hash for step in cell.answer.steps}) == 3
    assert cell.completion is not None
    assert cell.completion.completion_tokens == sum(
        s.completion.completion_tokens or 0 for s in cell.answer.steps if s.completion
    )
    stored = await workbench.runs.get(end.run_id)
    assert stored.cells == (cell,)
    assert stored.spec.variants[0].technique == TechniqueChoice(
        name="self-consistency", options={"samples": 3}
    )


async def test_checks_look_at_the_extracted_answer(make_workbench: MakeWorkbench) -> None:
    end = await end_of(make_workbench({"steps": STEPS}), spec("chain-of-thought"))
    assert [score.value for score in end.cell.scores] == [1.0]


async def test_notes_values_and_the_tree_come_back(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": "1. first\n2. second\nValue: impossible\nAnswer: 8"})
    end = await end_of(workbench, spec("tree-of-thoughts", depth=1, thoughts=2, keep=1))
    notes = [step for step in end.cell.answer.steps if step.kind == "note"]
    assert [(note.label, note.text, note.value, note.state) for note in notes] == [
        ("thought 1", "first", 0.0, "answer"),
        ("thought 2", "second", 0.0, "pruned"),
    ]
    assert (await workbench.runs.get(end.run_id)).cells == (end.cell,)


async def test_a_list_of_cells_shows_the_answer_and_not_the_last_step(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": STEPS, "second": "Answer: 9"})
    run = spec("mixture-of-agents", proposers=["scripted:second"])
    end = await end_of(workbench, run)
    page = await workbench.history.cells(end.run_id)
    assert [row.begins for row in page.rows] == [end.cell.answer.text]
    best = await end_of(workbench, spec("best-of-n", samples=2, by="judge"))
    page = await workbench.history.cells(best.run_id)
    assert [row.begins for row in page.rows] == [best.cell.answer.text]


async def test_a_bound_is_a_result_that_is_kept(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": STEPS})
    end = await end_of(workbench, spec("self-consistency", samples=5, max_calls=2))
    assert (end.cell.status, end.cell.answer.finish, end.cell.answer.calls) == ("done", "length", 2)
    assert (await workbench.runs.get(end.run_id)).cells == (end.cell,)


async def test_stop_ends_every_step_within_a_second_and_keeps_the_trace(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"steps": ["begun ", 60.0, "never"]})
    live = await workbench.runs.begin(spec("self-consistency", samples=8))
    backend = workbench.models.backend_of("scripted:steps")
    while backend.running < 8:  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    workbench.runs.stop(live.run.id)
    async with asyncio.timeout(1):
        while not live.is_over:
            await asyncio.sleep(0.01)
    assert backend.running == 0  # type: ignore[attr-defined]
    (cell,) = live.run.cells
    assert (cell.status, cell.answer.finish) == ("cancelled", "cancelled")
    assert [step.text for step in cell.answer.steps] == ["begun "] * 8
    await workbench.runs.deposits.all_stored()
    assert (await workbench.runs.get(live.run.id)).cells == (cell,)


async def test_who_comes_late_finds_the_trace_as_it_stands(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": ["1. a\nAnswer: 8", 0.3]})
    live = await workbench.runs.begin(spec("chain-of-verification"))
    while not any(step.completion for cell in live.cells.values() for step in cell.steps.values()):
        await asyncio.sleep(0.01)
    (cell,) = live.cells.values()
    assert cell.phase == "running"
    assert [step.label for step in cell.steps.values()][:2] == ["draft", "plan"][: len(cell.steps)]
    workbench.runs.stop(live.run.id)


async def test_a_failing_step_is_named_and_its_neighbour_goes_on(make_workbench: MakeWorkbench) -> None:
    from playground.errors import BackendError

    workbench = make_workbench(
        {"steps": STEPS, "broken": ["half ", BackendError("It fell over.", "Choose another.")]}
    )
    run = spec("mixture-of-agents", proposers=["scripted:steps", "scripted:broken"])
    plain = Variant(model="scripted:steps", sampling=Sampling())
    run = run.model_copy(update={"variants": (*run.variants, plain)})
    ends = {
        event.cell.column: event.cell for event in await events_of(workbench, run) if isinstance(event, Ended)
    }
    failed, other = ends[0], ends[1]
    assert (failed.status, failed.error, failed.hint) == (
        "error",
        "Step “answer 1.2”: It fell over.",
        "Choose another.",
    )
    assert [(s.label, s.text) for s in failed.answer.steps if s.label == "answer 1.2"] == [
        ("answer 1.2", "half ")
    ]
    assert (other.status, other.answer.text) == ("done", STEPS)
    stored = await workbench.runs.get(next(iter([e.run_id for e in [await end_of(workbench, run)]])))
    assert stored.cells[0].error == failed.error


FORK = Prompt(name="Mine", turns=(Turn(role="user", template="Solve {{ question }} shortly."),))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (spec("self-consistensy"), 'There is no technique "self-consistensy".'),
        (spec("self-consistency", sampels=3), 'There is no option "sampels" of self-consistency.'),
        (spec("self-consistency", samples=0), 'The option "samples" of self-consistency is 0: this must be at least 1.'),
        (spec("few-shot"), "Few-shot needs further cases with an expected answer."),
        (spec("multimodal-chain-of-thought"), "Multimodal chain of thought needs an image and a model that can see."),
        (spec("multimodal-chain-of-thought", images=("aGk=",)), "Multimodal chain of thought needs an image and a model that can see."),
        (spec("self-consistency", prompts={"sample": "Nobody"}), 'The step "sample" has no prompt "Nobody".'),
        (spec("self-consistency", prompts={"smple": "Mine"}), 'Self-consistency has no step "smple".'),
        (spec("tree-of-thoughts", prompts={"propose": "Mine"}), '"Mine" cannot be the step "propose": it has no {{ problem }}.'),
    ],
)  # fmt: skip
async def test_what_cannot_run_is_refused_before_anything_is_sent(
    make_workbench: MakeWorkbench, run: RunSpec, message: str
) -> None:
    workbench = make_workbench({"steps": STEPS})
    await workbench.prompts.save(FORK, message="")
    end = await end_of(workbench, run)
    assert (end.cell.status, end.cell.error) == ("error", message)
    assert end.cell.hint
    assert workbench.models.backend_of("scripted:steps").requests == []  # type: ignore[attr-defined]


async def test_a_fork_of_a_step_is_what_the_model_sees(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": STEPS})
    await workbench.prompts.save(FORK, message="")
    end = await end_of(workbench, spec("self-consistency", samples=2, prompts={"sample": "Mine@1"}))
    assert {step.messages[-1].content for step in end.cell.answer.steps} == {
        "Solve Be exact.\n\n3 + 5? shortly."
    }


async def test_other_cases_of_the_prompt_are_its_demonstrations(make_workbench: MakeWorkbench) -> None:
    cases = ({"question": "3 + 5?", "expected": "8"}, {"question": "1 + 1?", "expected": "2"}, {"other": 1})
    workbench = make_workbench({"steps": STEPS})
    end = await end_of(workbench, spec("few-shot", prompt=PROMPT.model_copy(update={"cases": cases})))
    sent = [(m.role, m.content) for m in end.cell.answer.steps[0].messages[1:]]
    assert sent == [("user", "Be exact.\n\n1 + 1?"), ("assistant", "2"), ("user", "Be exact.\n\n3 + 5?")]


async def test_a_column_with_a_technique_runs_again_from_its_prompt(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": STEPS})
    first = await end_of(workbench, spec("chain-of-thought"))
    again = [event async for event in workbench.runs.rerun(first.run_id, 0)][-1]
    assert isinstance(again, Ended)
    assert again.cell.repeat == 1
    assert [s.messages for s in again.cell.answer.steps] == [s.messages for s in first.cell.answer.steps]


async def test_samples_of_a_technique_are_each_a_trace(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"steps": STEPS})
    run = spec("self-consistency", samples=2)
    run = run.model_copy(update={"variants": (run.variants[0].model_copy(update={"samples": 2}),)})
    ends = [event.cell for event in await events_of(workbench, run) if isinstance(event, Ended)]
    assert [len(cell.answer.steps) for cell in ends] == [2, 2]
