"""Programs that a model writes, in runs: run only where the sandbox is on, stored with their level, ended by Stop."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable

from playground.runs.events import Ended
from playground.sandbox.run import level_here
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Input, Prompt, TechniqueChoice, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
PROMPT = Prompt(
    name="Sum",
    turns=(Turn(role="user", template="{{ question }}"),),
    inputs=(Input(name="question"),),
    checks=(Check(scorer="equals", options={"text": "8"}),),
)


def spec(model: str) -> RunSpec:
    variant = Variant(model=f"scripted:{model}", technique=TechniqueChoice(name="pal"))
    return RunSpec.comparison(prompt=PROMPT, values={"question": "3 + 5?"}, variants=(variant,))


async def end_of(workbench: Workbench, model: str) -> Ended:
    end = [event async for event in workbench.runs.compare(spec(model))][-1]
    assert isinstance(end, Ended)
    return end


async def test_what_a_models_program_prints_is_the_answer_that_is_checked_and_kept(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"coder": "```python\nprint('so:')\nprint(3 + 5)\n```"}, sandbox=True)
    end = await end_of(workbench, "coder")
    answer = end.cell.answer
    assert (answer.text, answer.extracted, answer.calls) == ("so:\n8", "8", 1)
    assert dict(answer.facts) == {"programs": "1 of 1", "sandbox": (await level_here()).name}
    assert [score.value for score in end.cell.scores] == [1.0]
    assert [step.kind for step in answer.steps] == ["call", "tool"]
    assert (await workbench.runs.get(end.run_id)).cells == (end.cell,)


async def test_without_the_switch_nothing_is_asked_and_the_switch_is_named(
    make_workbench: MakeWorkbench,
) -> None:
    cell = (await end_of(make_workbench({"coder": "print(8)"}), "coder")).cell
    assert (cell.status, cell.answer.text) == ("error", "")
    assert "PAL needs the sandbox for code, which is off." in str(cell.error)
    assert "--sandbox" in f"{cell.error} {cell.hint}"


async def test_stop_ends_a_program_that_would_go_on(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"coder": "import time\ntime.sleep(60)\nprint(8)"}, sandbox=True)
    await level_here()
    live = await workbench.runs.begin(spec("coder"))
    while not _keepers():
        await asyncio.sleep(0.05)
    began = time.monotonic()
    workbench.runs.stop(live.run.id)
    while not live.is_over:
        await asyncio.sleep(0.01)
    assert time.monotonic() - began < 20  # of the 60 that it would sleep
    assert live.run.cells[0].status == "cancelled"
    assert _keepers() == 0


def _keepers() -> int:
    children = subprocess.run(
        ["ps", "-ww", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return children.stdout.count("playground.sandbox.keeper")
