"""Runs that go on for all who look: late comers get the state, then the news; nobody's leaving ends them."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import PlaygroundError, TemplateError
from playground.runs.live import Growing, Live
from playground.types.generation import Chunk
from playground.types.grid import CellKey, RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
HOUR = 3600.0


def wanted(*models: str, template: str = "Hi") -> RunSpec:
    prompt = Prompt(name="P", turns=(Turn(role="user", template=template),))
    many = Sampling(max_tokens=100_000)
    columns = tuple(Variant(model=f"scripted:{name}", sampling=many) for name in models)
    return RunSpec.comparison(prompt=prompt, variants=columns)


def shown(live: Live) -> dict[tuple[int, int], tuple[str, str]]:
    return {(key.variant, key.repeat): (cell.phase, str(cell.text)) for key, cell in live.cells.items()}


async def until(live: Live, is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        with live.watch("until") as watch:
            while not is_true():
                await watch.news(1)


async def over(workbench: Workbench) -> None:
    async with asyncio.timeout(20):
        await asyncio.gather(*workbench.runs.live.driving)


def running(workbench: Workbench) -> int:
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    return backend.running


async def test_a_run_that_nobody_looks_at_goes_on_to_its_end_and_is_stored(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["one ", 0.05, "two"]})
    live = await workbench.runs.begin(wanted("a"))
    assert [each.run.id for each in workbench.runs.live] == [live.run.id]
    await over(workbench)
    assert list(workbench.runs.live) == []
    (cell,) = (await workbench.runs.get(live.run.id)).cells
    assert (cell.status, cell.completion and cell.completion.text) == ("done", "one two")


async def test_who_waits_for_the_beginning_and_leaves_does_not_end_the_run(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["one ", 0.05, "two"]})
    waiting = asyncio.create_task(workbench.runs.begin(wanted("a")))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await over(workbench)
    (row,) = workbench.store.history().rows
    assert [column.status for column in row.columns] == ["done"]


async def test_a_run_that_cannot_begin_raises_to_whoever_began_it(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": "x"})
    with pytest.raises(TemplateError):
        await workbench.runs.begin(wanted("a", template="{{ missing }}"))
    with pytest.raises(PlaygroundError, match="no such run"):
        await workbench.runs.begin_again("nothing", 0)
    assert list(workbench.runs.live) == []


async def test_a_late_comer_finds_what_came_before_and_then_the_news(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["early ", 0.2, "late"], "b": "b"})
    live = await workbench.runs.begin(wanted("a", "b"))
    await until(live, lambda: shown(live).get((1, 0)) == ("ended", "b"))
    same = workbench.runs.live.get(live.run.id)
    assert same is live
    assert shown(live)[0, 0] == ("running", "early ")
    await until(live, lambda: shown(live)[0, 0] == ("ended", "early late"))
    await over(workbench)


async def test_stopping_by_anybody_keeps_what_had_come(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["kept", HOUR], "b": ["too", HOUR]})
    live = await workbench.runs.begin(wanted("a", "b"))
    await until(live, lambda: [text for _, text in shown(live).values()] == ["kept", "too"])
    workbench.runs.stop(live.run.id, 0)
    await until(live, lambda: shown(live)[0, 0][0] == "ended")
    assert running(workbench) == 1
    workbench.runs.stop(live.run.id)
    await over(workbench)
    run = await workbench.runs.get(live.run.id)
    assert [(c.status, c.completion and c.completion.text) for c in run.cells] == [
        ("cancelled", "kept"),
        ("cancelled", "too"),
    ]


async def test_the_end_of_the_program_keeps_what_had_come_of_a_run_that_nobody_looks_at(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["kept", HOUR]})
    live = await workbench.runs.begin(wanted("a"))
    await until(live, lambda: bool(shown(live)) and shown(live)[0, 0][1] == "kept")
    store, settings = workbench.store, workbench.settings
    async with asyncio.timeout(10):
        await workbench.close()
    assert live.is_over
    assert store is not None
    from playground.store import open_store

    again = open_store(settings)
    (cell,) = again.run(live.run.id).cells
    again.close()
    assert (cell.status, cell.completion and cell.completion.text) == ("cancelled", "kept")


async def test_a_run_that_is_planned_while_the_program_ends_is_ended_too(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["x", HOUR]})
    beginning = asyncio.create_task(workbench.runs.begin(wanted("a")))
    for _ in range(3):
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await workbench.close()
        await asyncio.gather(beginning, return_exceptions=True)
    assert running(workbench) == 0


async def test_a_column_runs_again_in_the_run_that_still_goes_on(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", HOUR], "b": "b"})
    live = await workbench.runs.begin(wanted("a", "b"))
    await until(live, lambda: shown(live).get((1, 0)) == ("ended", "b"))
    again = await workbench.runs.begin_again(live.run.id, 1)
    assert again is live
    await until(live, lambda: shown(live).get((1, 1)) == ("ended", "b"))
    assert (1, 0) not in shown(live), "the answer before is over"
    await until(live, lambda: live.parts == 1)
    workbench.runs.stop(live.run.id)
    await over(workbench)
    assert live.is_over


async def test_one_who_never_reads_costs_no_memory_and_keeps_nobody_waiting(
    make_workbench: MakeWorkbench,
) -> None:
    text = ["x" * 50] * 10_000
    workbench = make_workbench({"a": [0.01, *text]})
    live = await workbench.runs.begin(wanted("a"))
    tracemalloc.start()
    with live.watch("frozen"), live.watch("other") as watch:
        read = 0
        while not live.is_over:
            await watch.news(1)
            read += 1
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert live.cells[CellKey(0, 0, 0)].text.length == 50 * 10_000
    assert (
        peak < 4e6
    )  # the text is 0.5 MB, kept in pieces while it comes; a queue a watcher would be ten times that
    await over(workbench)


async def test_thoughts_and_text_that_turned_out_to_be_thought_are_where_they_belong(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["Let me", 0.02, Chunk(text="Blue", rethought=True), HOUR]})
    live = await workbench.runs.begin(wanted("a"))
    await until(live, lambda: bool(shown(live)) and shown(live)[0, 0][1] == "Blue")
    (cell,) = live.cells.values()
    assert (str(cell.thoughts), str(cell.text), cell.text.epoch) == ("Let me", "Blue", 1)
    workbench.runs.stop_all()
    await over(workbench)


def test_a_growing_text_tells_when_it_was_replaced() -> None:
    text = Growing()
    text.add("one ")
    text.add("two")
    text.become("one two three")
    assert (str(text), text.length, text.epoch) == ("one two three", 13, 0)
    text.become("other")
    assert (str(text), text.length, text.epoch) == ("other", 5, 1)
