"""The program's end, and what happens to a run that is left or scored at a bad moment: nothing hangs, nothing stays open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import wraps
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import PlaygroundError, StoreError
from playground.runs.events import Ended
from playground.runs.runner import Delta
from playground.scorers import SCORERS
from playground.settings import Settings
from playground.store import open_store
from playground.store.changes import Change, CreateRun
from playground.store.records import StoredRun
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Prompt, Turn
from playground.types.scores import Sample, Score
from playground.workbench import scoring
from playground.workbench.service import Workbench

HOUR = 3600.0
MakeWorkbench = Callable[..., Workbench]


def comparison(*models: str, checks: tuple[Check, ...] = ()) -> RunSpec:
    prompt = Prompt(turns=(Turn(role="user", template="Say hello"),), checks=checks)
    return RunSpec.comparison(
        prompt=prompt, variants=tuple(Variant(model=f"scripted:{name}") for name in models)
    )


async def ends_of(workbench: Workbench, wanted: RunSpec) -> list[Ended]:
    async with asyncio.timeout(20), aclosing(workbench.runs.compare(wanted)) as events:
        return [event async for event in events if isinstance(event, Ended)]


def stored(settings: Settings) -> list[StoredRun]:
    """All runs, newest first, as the next start of the program finds them."""
    store = open_store(settings)
    runs = [store.run(row.id) for row in store.history().rows]
    store.close()
    return runs


def scorer(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[[Sample], Score]) -> None:
    """Let the scorer of that name be this function."""

    @wraps(SCORERS[name].function)
    def other(sample: Sample, **_: Any) -> Score:
        return function(sample)

    monkeypatch.setitem(SCORERS, name, replace(SCORERS[name], function=other))


SLOW = Check(scorer="levenshtein", options={"text": "x"})  # is scored in a thread


# --- the end ------------------------------------------------------------------------------------------------


async def test_closing_while_an_answer_is_scored_in_a_thread_ends_and_keeps_the_answer(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench({"a": "the answer"})
    scoring = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Sample) -> Score:
        loop.call_soon_threadsafe(scoring.set)
        time.sleep(0.7)
        return Score("slow", 1.0, "", "")

    scorer(monkeypatch, "levenshtein", slow)
    running = asyncio.create_task(ends_of(workbench, comparison("a", checks=(SLOW,))))
    await scoring.wait()
    async with asyncio.timeout(10):
        await workbench.close()
        await running
    (run,) = stored(workbench.settings)
    assert [(c.status, c.completion and c.completion.text) for c in run.cells] == [("done", "the answer")]
    assert run.cells[0].scores[0].value == 1.0


async def test_closing_ends_the_cells_of_a_run_that_nobody_reads_any_more(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["half", HOUR]})
    broken = Variant(model="scripted:a", prompt=Prompt(turns=(Turn(role="user", template="{{ missing }}"),)))
    wanted = comparison("a", "a")
    wanted = wanted.model_copy(update={"variants": (*wanted.variants, broken)})
    events = workbench.runs.compare(wanted)
    await anext(events)  # and never again
    async with asyncio.timeout(10):
        await workbench.close()
    (run,) = stored(workbench.settings)
    assert [cell.status for cell in run.cells] == ["cancelled", "cancelled", "error"]
    await events.aclose()


async def test_closing_ends_the_cells_of_a_run_whose_reader_is_stuck_in_the_middle(
    make_workbench: MakeWorkbench,
):
    workbench = make_workbench({"a": ["half", HOUR]})
    events = workbench.runs.compare(comparison("a", "a"))
    async for event in events:
        if isinstance(event, Delta):
            break
    async with asyncio.timeout(10):
        await workbench.close()
    (run,) = stored(workbench.settings)
    assert {cell.status for cell in run.cells} == {"cancelled"}
    assert "half" in [cell.completion and cell.completion.text for cell in run.cells]
    await events.aclose()


async def test_closing_twice_and_at_once_is_closing_once(make_workbench: MakeWorkbench):
    workbench = make_workbench()
    async with asyncio.timeout(10):
        await asyncio.gather(workbench.close(), workbench.close())
        await workbench.close()


async def test_a_run_that_comes_after_the_end_is_refused(make_workbench: MakeWorkbench):
    workbench = make_workbench()
    await workbench.close()
    with pytest.raises(PlaygroundError, match="program is ending"):
        await ends_of(workbench, comparison("echo"))


async def test_what_is_put_after_the_close_fails_and_never_waits(make_workbench: MakeWorkbench):
    workbench = make_workbench()
    await workbench.close()
    late = workbench.store.submit(CreateRun(comparison("echo"), [], "Late"))
    with pytest.raises(StoreError, match="program is ending"):
        late.result(1)


class _Broken(ScriptedBackend):
    async def close(self) -> None:
        raise RuntimeError("a connection is gone")


class _Stuck(ScriptedBackend):
    async def close(self) -> None:
        await asyncio.sleep(HOUR)


@pytest.mark.parametrize("kind", [_Broken, _Stuck])
async def test_a_backend_that_cannot_close_leaves_neither_the_others_nor_the_database_open(
    make_workbench: MakeWorkbench,
    kind: type[ScriptedBackend],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("playground.workbench.models.MODELS_END_S", 0.2)
    closed: list[str] = []

    class Good(ScriptedBackend):
        async def close(self) -> None:
            closed.append("good")

    workbench = make_workbench()
    workbench.models.backends = {"bad": kind(), "good": Good()}
    async with asyncio.timeout(10):
        await workbench.close()
    assert closed == ["good"]
    with pytest.raises(StoreError, match="program is ending"):
        workbench.store.submit(CreateRun(comparison("echo"), [], "Late")).result(1)
    assert "backend bad" in caplog.text


# --- left at a bad moment -----------------------------------------------------------------------------------


async def test_a_tab_closed_while_the_run_is_being_stored_leaves_its_cells_cancelled(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench()
    submit = workbench.store.submit
    storing = asyncio.Event()

    def slowly(change: Change[Any]) -> Future[Any]:
        if not isinstance(change, CreateRun):
            return submit(change)
        storing.set()
        slow: Future[Any] = Future()
        submit(change)
        return slow

    monkeypatch.setattr(workbench.store, "submit", slowly)
    reader = asyncio.create_task(ends_of(workbench, comparison("echo", "echo")))
    await storing.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    await workbench.close()
    (run,) = stored(workbench.settings)
    assert ([cell.status for cell in run.cells], run.status) == (["cancelled", "cancelled"], "done")


async def test_a_tab_closed_while_a_repeat_is_being_stored_leaves_it_cancelled(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench()
    (first,) = await ends_of(workbench, comparison("echo"))
    add, loop, storing = workbench.store.add_repeat, asyncio.get_running_loop(), asyncio.Event()

    def slowly(*arguments: Any, **more: Any) -> int:
        loop.call_soon_threadsafe(storing.set)
        time.sleep(0.3)
        return add(*arguments, **more)

    monkeypatch.setattr(workbench.store, "add_repeat", slowly)
    events = workbench.runs.rerun(first.run_id, 0)
    reader = asyncio.create_task(anext(events))
    await storing.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    await workbench.close()
    (run,) = stored(workbench.settings)
    assert [cell.status for cell in (*run.earlier, *run.cells)] == ["done", "cancelled"]


# --- checks that fail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_a_thread", [True, False])
@pytest.mark.parametrize(
    "wrong", [ZeroDivisionError("x"), RecursionError(), MemoryError(), None, float("nan"), 7.0]
)
async def test_a_check_that_fails_unforeseen_costs_only_its_score(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch, wrong: Any, in_a_thread: bool
):
    workbench = make_workbench({"a": "the answer", "b": ["late", 0.2, "r"]})

    def bad(sample: Sample) -> Any:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong if wrong is None else Score("bad", wrong, "", "")

    name = "levenshtein" if in_a_thread else "equals"
    scorer(monkeypatch, name, bad)
    checks = (
        Check(scorer="contains", options={"text": "answer"}),
        Check(scorer=name, options={"text": "x"}),
        Check(scorer="length", options={"max": 5}),
    )
    ends = await ends_of(workbench, comparison("a", "b", checks=checks))
    run = await workbench.runs.get(ends[0].run_id)
    assert [(c.status, c.completion and c.completion.text) for c in run.cells] == [
        ("done", "the answer"),
        ("done", "later"),
    ]
    assert [[score.value for score in cell.scores] for cell in run.cells] == [
        [1.0, None, 1.0],
        [0.0, None, 1.0],
    ]
    assert "this check failed with" in run.cells[0].scores[1].explanation


async def test_scoring_that_fails_as_a_whole_does_not_cost_the_answer(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench({"a": "the answer", "b": "other"})

    def broken(*_: Any) -> Any:
        raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr(scoring, "is_quick", broken)
    ends = await ends_of(workbench, comparison("a", "b", checks=(SLOW,)))
    run = await workbench.runs.get(ends[0].run_id)
    assert [(c.status, c.completion and c.completion.text) for c in run.cells] == [
        ("done", "the answer"),
        ("done", "other"),
    ]
    assert "checks failed with RuntimeError" in run.cells[0].error
