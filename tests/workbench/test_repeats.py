"""A run with several cells in one column: each ends, is stored and is stopped by its own key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.runs.drafts import Drafts
from playground.runs.events import Ended, RunStarted
from playground.runs.runner import Delta
from playground.types.grid import Case, RunSpec, Variant, Work
from playground.types.prompt import Check, Prompt, Turn
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk
from playground.workbench.run_plan import planned
from playground.workbench.service import Workbench
from tests.works import at

MakeWorkbench = Callable[..., Workbench]
HOUR = 3600.0
WANTED = RunSpec.comparison(
    prompt=Prompt(turns=(Turn(role="user", template="Hi"),)),
    variants=(Variant(model="scripted:a"), Variant(model="scripted:b")),
)


@pytest.fixture
def thrice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column is planned three times."""

    async def thrice(spec: RunSpec, models: ModelDesk, prompts: PromptDesk) -> list[Work]:
        return await planned(spec.model_copy(update={"repeats": 3}), models, prompts)

    monkeypatch.setattr("playground.workbench.runs.planned", thrice)


@pytest.mark.usefixtures("thrice")
async def test_each_repeat_of_a_column_is_told_and_stored_by_its_own_number(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": "one", "b": "two"})
    events = [event async for event in workbench.runs.compare(WANTED)]
    assert isinstance(events[0], RunStarted)
    assert events[0].columns == 2
    ends = sorted((e.cell.key.variant, e.cell.key.repeat) for e in events if isinstance(e, Ended))
    assert ends == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    run = await workbench.runs.get(events[0].run_id)
    cells = (*run.earlier, *run.cells)
    assert sorted((cell.column, cell.repeat, cell.status) for cell in cells) == [
        (*key, "done") for key in ends
    ]


@pytest.mark.usefixtures("thrice")
async def test_one_repeat_is_stopped_and_the_others_write_on(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", 0.1, "y"], "b": "two"})
    run_id = ""
    async for event in workbench.runs.compare(WANTED):
        run_id = run_id or (event.run_id if isinstance(event, RunStarted) else "")
        if isinstance(event, Delta) and (event.cell.key.variant, event.cell.key.repeat, event.text) == (
            0,
            1,
            "x",
        ):
            workbench.runs.stop(run_id, 0, 1)
    run = await workbench.runs.get(run_id)
    texts = {
        c.repeat: (c.status, c.completion and c.completion.text)
        for c in (*run.earlier, *run.cells)
        if c.column == 0
    }
    assert texts == {0: ("done", "xy"), 1: ("cancelled", "x"), 2: ("done", "xy")}


@pytest.mark.usefixtures("thrice")
async def test_leaving_stores_an_end_for_every_repeat(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", HOUR], "b": ["y", HOUR]})
    run_id = ""
    async with asyncio.timeout(20), aclosing(workbench.runs.compare(WANTED)) as events:
        async for event in events:
            run_id = run_id or (event.run_id if isinstance(event, RunStarted) else "")
            if isinstance(event, Delta):
                break
    run = await workbench.runs.get(run_id)
    assert [cell.status for cell in (*run.earlier, *run.cells)] == ["cancelled"] * 6
    assert workbench.runs._drafts._texts == {}


async def test_drafts_of_one_column_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    drafts = Drafts(kept.append)  # type: ignore[arg-type]
    monkeypatch.setattr("playground.runs.drafts.DRAFT_S", 0.01)
    drafts.add("r", at(0), "first")
    drafts.add("r", at(0, 1), "second")
    drafts.drop("r", at(0))
    await asyncio.sleep(0.05)
    assert [draft.text for draft in kept[0].drafts] == ["second"]
    drafts.close()


async def test_every_case_of_a_run_is_asked_with_its_own_values_and_checked_by_them(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": "{last}", "b": "Oslo"})
    prompt = Prompt(
        turns=(Turn(role="user", template="{{ land }}"),),
        checks=(Check(scorer="contains", options={"text": "{{ expected }}"}),),
    )
    cases = tuple(Case(values={"land": land, "expected": "Oslo"}) for land in ("Oslo", "Rome"))
    spec = RunSpec(prompt=prompt, variants=WANTED.variants, cases=cases, kind="comparison")
    ends = [e.cell async for e in workbench.runs.compare(spec) if isinstance(e, Ended)]
    told = {tuple(cell.key): (cell.completion.text, cell.scores[0].value) for cell in ends if cell.completion}
    assert told == {
        (0, 0, 0): ("Oslo", 1), (0, 1, 0): ("Oslo", 1), (1, 0, 0): ("Rome", 0), (1, 1, 0): ("Oslo", 1),
    }  # fmt: skip
