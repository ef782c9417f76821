"""A run with several cells in one column: each ends, is stored and is stopped by its own key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.runs.drafts import Drafts
from playground.runs.planning import Planned
from playground.runs.runner import Delta
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Turn
from playground.workbench.service import Ended, RunStarted, Workbench

MakeWorkbench = Callable[..., Workbench]
HOUR = 3600.0
WANTED = RunSpec.comparison(
    prompt=Prompt(turns=(Turn(role="user", template="Hi"),)),
    variants=(Variant(model="scripted:a"), Variant(model="scripted:b")),
)


@pytest.fixture
def thrice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column is planned three times."""
    plan = Workbench._plan

    async def planned(self: Workbench, comparison: RunSpec) -> list[Planned]:
        return [each for each in await plan(self, comparison) for _ in range(3)]

    monkeypatch.setattr(Workbench, "_plan", planned)


@pytest.mark.usefixtures("thrice")
async def test_each_repeat_of_a_column_is_told_and_stored_by_its_own_number(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": "one", "b": "two"})
    events = [event async for event in workbench.compare(WANTED)]
    assert isinstance(events[0], RunStarted)
    assert events[0].columns == 2
    ends = sorted((e.cell.column, e.cell.repeat) for e in events if isinstance(e, Ended))
    assert ends == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    run = await workbench.run(events[0].run_id)
    cells = (*run.earlier, *run.cells)
    assert sorted((cell.column, cell.repeat, cell.status) for cell in cells) == [
        (*key, "done") for key in ends
    ]


@pytest.mark.usefixtures("thrice")
async def test_one_repeat_is_stopped_and_the_others_write_on(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", 0.1, "y"], "b": "two"})
    run_id = ""
    async for event in workbench.compare(WANTED):
        run_id = run_id or (event.run_id if isinstance(event, RunStarted) else "")
        if isinstance(event, Delta) and (event.cell.column, event.cell.repeat, event.text) == (0, 1, "x"):
            workbench.stop(run_id, 0, 1)
    run = await workbench.run(run_id)
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
    async with asyncio.timeout(20), aclosing(workbench.compare(WANTED)) as events:
        async for event in events:
            run_id = run_id or (event.run_id if isinstance(event, RunStarted) else "")
            if isinstance(event, Delta):
                break
    run = await workbench.run(run_id)
    assert [cell.status for cell in (*run.earlier, *run.cells)] == ["cancelled"] * 6
    assert workbench._drafts._texts == {}


async def test_drafts_of_one_column_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    drafts = Drafts(kept.append)  # type: ignore[arg-type]
    monkeypatch.setattr("playground.runs.drafts.DRAFT_S", 0.01)
    drafts.add("r", 0, 0, "first")
    drafts.add("r", 0, 1, "second")
    drafts.drop("r", 0, 0)
    await asyncio.sleep(0.05)
    assert [draft.text for draft in kept[0].drafts] == ["second"]
    drafts.close()
