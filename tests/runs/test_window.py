"""A run of many cells: a window of tasks, news that merge, pause and stop by key, calls that are made again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from playground.backends.base import Backend
from playground.backends.scripted import ScriptedBackend
from playground.errors import BackendBusy, BackendError, BackendUnavailable
from playground.runs.cells import Delta, End, Failed, Finished, Waits
from playground.runs.outbox import CROWDED, Outbox
from playground.runs.runner import Execution
from playground.types.generation import Chunk, GenerationRequest, Message
from playground.types.grid import Work
from tests.works import at, work

HOUR = 3600.0


def cell(repeat: int, model: str = "a") -> Work:
    return work(0, f"scripted:{model}", repeat=repeat, messages=(Message("user", "x"),))


async def as_it_is(end: End) -> End:
    return end


def execution(backend: Backend, cells: Iterator[Work], **more: object) -> Execution[End]:
    gates = {"scripted": asyncio.Semaphore(64)}
    return Execution(cells, lambda _: backend, gates, as_it_is, **more)  # type: ignore[arg-type]


class Source:
    """Cells that are counted as they are taken."""

    def __init__(self, number: int) -> None:
        self.taken = 0
        self.number = number

    def __iter__(self) -> Iterator[Work]:
        for repeat in range(self.number):
            self.taken += 1
            yield cell(repeat)


async def test_no_more_cells_are_begun_than_the_window_holds() -> None:
    backend, source, most = ScriptedBackend({"a": [0.001, "x"]}), Source(200), 0
    run = execution(backend, iter(source), window=8)
    ended = 0
    async with asyncio.timeout(20):
        async for event in run.events():
            if isinstance(event, Finished):
                ended += 1
                most = max(most, source.taken - ended)
    assert ended == 200
    assert most <= 9


async def test_a_reader_that_stands_still_keeps_the_rest_from_beginning() -> None:
    source = Source(500)
    run = execution(ScriptedBackend({"a": "x"}), iter(source), window=8, tells="whole")
    async with asyncio.timeout(20), aclosing(run.events()) as events:
        await anext(events)
        await asyncio.sleep(0.1)
        assert source.taken <= 9
        source.number = source.taken  # enough
    assert run._tasks == {}


async def test_leaving_settles_all_that_was_never_begun_as_cancelled() -> None:
    source, ends = Source(100), []

    async def settle(end: End) -> End:
        ends.append(end.completion.finish)
        return end

    backend = ScriptedBackend({"a": ["x", HOUR]})
    run = Execution(iter(source), lambda _: backend, {"scripted": asyncio.Semaphore(4)}, settle, window=8)
    async with asyncio.timeout(20), aclosing(run.events()) as events:
        await anext(events)
    assert ends == ["cancelled"] * 100
    assert len(backend.requests) <= 4


async def test_without_streams_only_starts_and_ends_are_told() -> None:
    run = execution(ScriptedBackend({"a": "one two three"}), iter([cell(0)]), tells="whole")
    events = [event async for event in run.events()]
    assert not any(isinstance(event, Delta) for event in events)
    assert isinstance(events[-1], Finished)
    assert events[-1].completion.text == "one two three"


async def test_a_paused_run_begins_nothing_and_goes_on_when_it_is_resumed() -> None:
    backend = ScriptedBackend({"a": [0.005, "x"]})
    run = execution(backend, iter(Source(40)), window=4)
    ended: list[int] = []

    async def read() -> None:
        async for event in run.events():
            if isinstance(event, Finished):
                ended.append(event.cell.key.repeat)
                if len(ended) == 4:
                    run.pause()

    reader = asyncio.create_task(read())
    async with asyncio.timeout(20):
        while len(ended) < 4 or backend.running:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        asked = len(backend.requests)
        await asyncio.sleep(0.05)
        assert len(backend.requests) == asked < 40
        run.resume()
        await reader
    assert sorted(ended) == list(range(40))


async def test_a_paused_run_can_be_stopped() -> None:
    run = execution(ScriptedBackend({"a": "x"}), iter(Source(40)), window=4)
    run.pause()
    reader = asyncio.create_task(_finishes(run))
    await asyncio.sleep(0.01)
    run.stop()
    assert (await asyncio.wait_for(reader, 20)) == ["cancelled"] * 40


async def test_a_cell_that_has_not_begun_is_stopped_by_its_key() -> None:
    backend = ScriptedBackend({"a": "x"})
    run = execution(backend, iter(Source(20)), window=2)
    run.stop(0, 17)
    finishes = await _finishes(run)
    assert finishes.count("cancelled") == 1
    assert len(backend.requests) == 19


async def _finishes(run: Execution[End]) -> list[str]:
    return [event.completion.finish async for event in run.events() if isinstance(event, Finished)]


@pytest.mark.parametrize("error", [BackendBusy("Full."), BackendUnavailable("Nobody answers.")])
async def test_a_busy_or_silent_server_is_asked_again_where_that_is_wanted(error: BackendError) -> None:
    class Shaky(ScriptedBackend):
        tries = 0

        async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
            self.tries += 1
            if self.tries < 3:
                raise error
            async for chunk in super().stream(request):
                yield chunk

    backend = Shaky({"a": "x"})
    events = [e async for e in execution(backend, iter([cell(0)]), retry=(0.01, 0.02)).events()]
    assert isinstance(events[-1], Finished)
    assert [e.what for e in events if isinstance(e, Waits)] == [
        f"{error.message} Asked again in {pause} s." for pause in ("0.01", "0.02")
    ]
    backend = Shaky({"a": "x"})
    (end,) = [e async for e in execution(backend, iter([cell(0)])).events() if isinstance(e, Failed)]
    assert (end.message, backend.tries) == (error.message, 1)


async def test_an_answer_that_broke_off_is_not_asked_for_again() -> None:
    backend = ScriptedBackend({"a": ["half", BackendUnavailable("Gone.")]})
    (end,) = [
        e async for e in execution(backend, iter([cell(0)]), retry=(0.01,)).events() if isinstance(e, Failed)
    ]
    assert (end.completion.text, len(backend.requests)) == ("half", 1)


@pytest.mark.parametrize(("said", "calls"), [((), 2), (("half",), 1)])
async def test_a_call_that_takes_longer_than_it_may_fails_and_is_made_again_where_nothing_had_come(
    said: tuple[str, ...], calls: int
) -> None:
    backend = ScriptedBackend({"a": [*said, HOUR, "never"], "quick": "x"})
    run = execution(backend, iter([cell(0), cell(1, "quick")]), retry=(0.001,), timeout_s=0.1)
    ends = {e.cell.model: e async for e in run.events() if isinstance(e, Finished | Failed)}
    slow = ends["scripted:a"]
    assert isinstance(slow, Failed)
    assert slow.message == "The answer took longer than 0.1 s."
    assert slow.completion.text == "".join(said), "what had come is kept"
    assert isinstance(ends["scripted:quick"], Finished)
    assert [r.model for r in backend.requests].count("scripted:a") == calls
    assert backend.running == 0, "its work on the server has ended"


async def test_waiting_for_a_place_does_not_count_as_taking_long() -> None:
    backend = ScriptedBackend({"a": [0.06, "x"]})
    gates = {"scripted": asyncio.Semaphore(1)}
    run = Execution((cell(n) for n in range(4)), lambda _: backend, gates, as_it_is, timeout_s=0.2)
    assert await _finishes(run) == ["stop"] * 4


async def test_what_one_cell_writes_for_a_slow_reader_is_one_event() -> None:
    box: Outbox[Delta | str] = Outbox()
    mine, other = cell(0), cell(1)
    for number in range(10 * CROWDED):
        box.put(Delta(mine, f"{number} "), mine.key)
        box.put(Delta(other, "y", "t"), other.key)
    box.put("end", mine.key, is_end=True)
    assert len(box._held) <= CROWDED + 2
    read: list[Delta | str] = [await box.get() for _ in range(len(box._held))]
    text = "".join(e.text for e in read if isinstance(e, Delta) and e.cell is mine)
    assert text == "".join(f"{number} " for number in range(10 * CROWDED))
    assert sum(len(e.reasoning) for e in read if isinstance(e, Delta) and e.cell is other) == 10 * CROWDED
    assert read[-1] == "end"
    assert box.ends == 0
    assert at(0) == mine.key
