"""What a page is painted of runs that go on: in two tabs, after a reload, with paints that were lost; and the head."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.settings import Settings
from playground.store import open_store
from playground.store.changes import CreateRun, StartCell
from playground.types.generation import Chunk
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.trace import Answer
from playground.ui.actions import make_call
from playground.ui.app import ACTIONS
from playground.ui.stream import stream_run
from playground.workbench.service import Workbench
from tests.ui.paints import Shown
from tests.works import at

HOUR = 3600.0
MakeWorkbench = Callable[..., Workbench]
Call = Callable[..., Awaitable[dict[str, Any]]]


def wanted(*models: str, name: str = "A story") -> RunSpec:
    prompt = Prompt(name=name, turns=(Turn(role="user", template="Hi"),))
    many = Sampling(max_tokens=100_000)
    columns = tuple(Variant(model=f"scripted:{each}", sampling=many) for each in models)
    return RunSpec.comparison(prompt=prompt, variants=columns)


def calls(workbench: Workbench) -> Call:
    answer = make_call(workbench, ACTIONS)

    async def ask(action: str, **arguments: Any) -> dict[str, Any]:
        update = json.loads(await answer(json.dumps({"action": action, **arguments})))
        assert isinstance(update, dict)
        return update

    return ask


class Tab:
    """One page that looks at a run."""

    def __init__(self, workbench: Workbench, run: str, stream: str) -> None:
        self.paints: list[Any] = []
        self.shown = Shown()
        self.stream: AsyncGenerator[Any, None] = stream_run(workbench, {"stream": stream, "run": run})

    async def until(self, is_true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What it shows once that is so."""
        async with asyncio.timeout(20):
            while not (self.paints and is_true(self.shown.page)):
                await self.next()
        return self.shown.page

    async def next(self) -> Any:
        """The next paint."""
        self.paints.append(await anext(self.stream))
        self.shown.take(self.paints[-1])
        return self.paints[-1]


def text_is(column: str, text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda page: bool(page["columns"].get(column, {}).get("text") == text)


async def test_two_tabs_and_a_late_one_are_shown_the_same(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["one ", 0.1, "two ", 0.2, "three"], "b": "b"})
    live = await workbench.runs.begin(wanted("a", "b"))
    first, second = (Tab(workbench, live.run.id, name) for name in ("1", "2"))
    await first.until(text_is("0", "one two "))
    await second.until(text_is("0", "one two "))
    late = Tab(workbench, live.run.id, "3")
    began = await late.until(text_is("0", "one two "))
    assert (began["columns"]["0"]["state"]["kind"], began["columns"]["1"]["text"]) == ("running", "b")
    assert began["columns"]["0"]["state"]["for"] > 0.05, "the clock of a late comer starts at the beginning"
    ends = [await tab.until(lambda page: bool(page.get("over"))) for tab in (first, second, late)]
    assert {end["columns"]["0"]["text"] for end in ends} == {"one two three"}
    assert {end["columns"]["0"]["state"]["kind"] for end in ends} == {"done"}


async def test_who_comes_when_it_is_over_is_shown_what_is_stored(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": "whole"})
    live = await workbench.runs.begin(wanted("a"))
    await asyncio.gather(*workbench.runs.live.driving)
    page = await Tab(workbench, live.run.id, "1").until(lambda page: True)
    assert (page["over"], page["columns"]["0"]["text"]) == (True, "whole")
    assert page["live"] == []


async def test_a_page_that_lost_a_paint_is_shown_everything_again(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["one ", 0.1, Chunk(reasoning="hm"), "two", HOUR], "b": "b"})
    live = await workbench.runs.begin(wanted("a", "b"))
    tab = Tab(workbench, live.run.id, "1")
    await tab.until(text_is("0", "one two"))
    assert await calls(workbench)("lost", stream="1") == {}
    paint = json.loads(await tab.next())
    assert paint["whole"] is True
    assert {name: column["text"] for name, column in paint["columns"].items()} == {"0": "one two", "1": "b"}
    assert paint["columns"]["0"]["think"] == [0, "hm"]
    assert await calls(workbench)("lost", stream="gone") == {"anew": True}
    workbench.runs.stop_all()
    await tab.until(lambda page: bool(page.get("over")))


async def test_a_page_that_leaves_ends_its_view_and_not_the_run(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", HOUR]})
    live = await workbench.runs.begin(wanted("a"))
    tab = Tab(workbench, live.run.id, "1")
    await tab.until(text_is("0", "x"))
    await calls(workbench)("leave", stream="1")
    with pytest.raises(StopAsyncIteration):
        await anext(tab.stream)
    assert [each.run.id for each in workbench.runs.live] == [live.run.id]
    workbench.runs.stop_all()


@pytest.mark.parametrize("kind", ["text", "thoughts"])
async def test_news_beside_finished_answers_costs_little_more_than_its_own_bytes(
    make_workbench: MakeWorkbench, kind: str
) -> None:
    answer = "word " * 8000
    words = [f"news{n:04d} " for n in range(700)]  # 7 kB
    pieces: list[Any] = [Chunk(text=w) if kind == "text" else Chunk(reasoning=w) for w in words]
    script: list[Any] = [0.4]
    for number in range(0, 700, 10):
        script += [*pieces[number : number + 10], 0.03]
    workbench = make_workbench({"done": [answer], "writes": [*script, "end"]})
    live = await workbench.runs.begin(wanted("done", "done", "done", "writes"))
    tab = Tab(workbench, live.run.id, "1")
    await tab.until(lambda page: all(page["columns"][n].get("text") == answer for n in "012"))
    before = len(tab.paints)
    page = await tab.until(lambda page: bool(page.get("over")))
    assert page["columns"]["3"]["text"].endswith("end")
    assert len(tab.paints) - before > 20
    painted = sum(len(paint.encode()) for paint in tab.paints[before:] if isinstance(paint, str))
    assert painted <= 5 * sum(map(len, words))


# --- the head ---------------------------------------------------------------------------------------------


async def test_the_head_says_how_many_run_and_the_list_opens_and_stops_them(
    make_workbench: MakeWorkbench, read_html: Callable[[str], Any]
) -> None:
    workbench = make_workbench({"a": ["x", HOUR], "b": "b"})
    call = calls(workbench)
    assert (await call("running"))["html"]["running"] == ""
    story = await workbench.runs.begin(wanted("a", "b", name="<b>Story</b>"))
    await workbench.runs.begin(wanted("a"))
    update = await call("running")
    assert read_html(update["html"]["running"]).text.strip() == "2 running"
    assert update["live"] == [each.run.id for each in workbench.runs.live]
    listed = await call("open_running")
    rows = read_html(listed["drawer"]["body"])
    assert "<b>Story</b>" in rows.text and "a, b" in rows.text
    assert [row["data-id"] for row in rows.find("button", data_act="stop_run")][-1] == story.run.id
    await call("stop_run", id=story.run.id)
    await asyncio.sleep(0.1)
    assert read_html((await call("running"))["html"]["running"]).text.strip() == "1 running"
    opened = await call("open_run", id=update["live"][1])
    assert opened["columns"]["0"]["state"]["kind"] in ("running", "pending")
    assert opened["run"] in opened["live"] and not opened["elsewhere"]
    workbench.runs.stop_all()


async def test_running_a_column_again_that_cannot_be_leaves_the_others_alone(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": ["x", HOUR]})
    live = await workbench.runs.begin(wanted("a"))
    call = calls(workbench)
    refused = await call("again", run=live.run.id, column="3")
    assert refused["not_started"] == [3] and refused["alert"]["message"]
    assert live.run.id in (await call("again", run=live.run.id, column="0"))["live"]
    workbench.runs.stop_all()


async def test_a_run_of_another_program_is_shown_as_running_and_looked_at_again(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"a": "x"})
    other = open_store(Settings(data_dir=workbench.settings.data_dir, database_url=""))
    comparison = wanted("a")
    from playground.runs.planning import plan_variant

    created = CreateRun(comparison, plan_variant(comparison, 0, ()), "Theirs")
    other.submit(created).result()
    other.submit(StartCell(created.run_id, at(0))).result()
    call = calls(workbench)
    update = await call("load", query={"run": created.run_id})
    assert update["elsewhere"] is True
    assert update["columns"]["0"]["state"]["kind"] == "elsewhere", (
        "a column that is not busy: nothing to stop here"
    )
    again = await call("look_again", run=created.run_id)
    assert again["elsewhere"] is True and "vote" not in again
    other.save_cell(created.run_id, at(0), status="done", answer=Answer.of_one_call((), None))
    last = await call("look_again", run=created.run_id)
    assert last["elsewhere"] is False and last["columns"]["0"]["state"]["kind"] == "done"
    other.close()


async def test_a_run_that_waits_to_be_stored_is_found_by_its_address(make_workbench: MakeWorkbench) -> None:
    from concurrent.futures import Future

    workbench = make_workbench({"a": ["x", HOUR]})
    submit = workbench.store.submit
    waiting: list[Any] = []

    def later(change: Any) -> Any:
        if isinstance(change, CreateRun):
            waiting.append((change, Future()))
            return waiting[-1][1]
        return submit(change)

    import playground.runs.deposits as deposits

    patience = deposits.PATIENCE_S
    deposits.PATIENCE_S = 0.05
    try:
        workbench.store.submit = later  # type: ignore[method-assign]
        live = await workbench.runs.begin(wanted("a"))
        update = await calls(workbench)("load", query={"run": live.run.id})
        assert update["run"] == live.run.id and live.run.id in update["live"]
        assert "alert" not in update
    finally:
        deposits.PATIENCE_S = patience
        workbench.store.submit = submit  # type: ignore[method-assign]
        for change, future in waiting:
            future.set_result(submit(change).result())
        workbench.runs.stop_all()


async def test_paints_end_when_their_reader_is_gone(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["x", HOUR]})
    live = await workbench.runs.begin(wanted("a"))
    async with aclosing(stream_run(workbench, {"stream": "1", "run": live.run.id})) as paints:
        await anext(paints)
        assert len(workbench.runs.live.watches("1")) == 1
    assert workbench.runs.live.watches("1") == []
    workbench.runs.stop_all()
