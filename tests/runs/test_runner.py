"""Cells run at the same time; each ends once, in words, whatever happens to the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress

import pytest

from playground.backends.base import Backend
from playground.backends.scripted import Script, ScriptedBackend
from playground.errors import BackendError
from playground.runs.runner import Delta, End, Execution, Failed, Finished, Started, Waits
from playground.types.generation import Chunk, GenerationRequest, Message
from playground.types.grid import CellKey, Work
from playground.types.prompt import Sampling
from playground.waiting import waits
from tests.works import at, work

Event = Started | Waits | Delta | End
HOUR = 3600.0


def cell(column: int, model: str, repeat: int = 0) -> Work:
    return work(column, f"scripted:{model}", repeat=repeat, messages=(Message("user", "hello"),))


async def as_it_is(end: End) -> End:
    return end


def execution(
    backend: Backend, *models: str, slots: int = 64, settle: Callable[[End], Awaitable[End]] = as_it_is
) -> Execution[End]:
    cells = [cell(column, model) for column, model in enumerate(models)]
    return Execution(cells, lambda _: backend, {"scripted": asyncio.Semaphore(slots)}, settle)


class Book:
    """Settles by keeping the end of each column."""

    def __init__(self) -> None:
        self.ends: dict[int, End] = {}

    async def settle(self, end: End) -> End:
        assert end.cell.key.variant not in self.ends
        self.ends[end.cell.key.variant] = end
        return end


async def all_events(run: Execution, on_event: Callable[[Event], None] = lambda _: None) -> list[Event]:
    """Every event; a run that hangs fails the test."""
    seen = []
    async with asyncio.timeout(20):
        async for event in run.events():
            seen.append(event)
            on_event(event)
    return seen


async def events_of(scripts: Mapping[str, Script]) -> list[Event]:
    return await all_events(execution(ScriptedBackend(scripts), *scripts))


def ends(events: list[Event]) -> dict[int, Finished | Failed]:
    """The end of each column; a column that ended twice fails the test."""
    found: dict[int, Finished | Failed] = {}
    for event in events:
        if isinstance(event, Finished | Failed):
            assert event.cell.key.variant not in found
            found[event.cell.key.variant] = event
    return found


class Bare:
    """A backend whose stream is the given function."""

    name = "scripted"

    def __init__(self, stream: Callable[[GenerationRequest], AsyncIterator[Chunk]]) -> None:
        self.stream = stream


# --- order ------------------------------------------------------------------------------------------------


async def test_a_cell_tells_its_start_its_text_and_its_end_in_this_order():
    events = await events_of({"a": "one two", "b": "three"})
    for column, text in ((0, "one two"), (1, "three")):
        mine = [event for event in events if event.cell.key.variant == column]
        assert [type(event) for event in mine] == [Started, *[Delta] * len(text.split()), Finished]
        assert "".join(event.text for event in mine if isinstance(event, Delta)) == text
        assert ends(events)[column].completion.text == text


async def test_columns_write_at_the_same_time():
    texts = [
        e.cell.key.variant for e in await events_of({"a": "1 2 3", "b": "1 2 3"}) if isinstance(e, Delta)
    ]
    assert texts.index(1) < 2, "the second column waited for the first to end"


async def test_the_events_carry_the_cell_they_were_given():
    backend = ScriptedBackend({"a": "x"})
    given = cell(3, "a", repeat=7)
    run = Execution([given], lambda _: backend, {"scripted": asyncio.Semaphore(1)}, as_it_is)
    events = await all_events(run)
    assert len(events) == 3
    assert all(event.cell is given for event in events)


async def test_no_cells_end_at_once():
    assert await all_events(execution(ScriptedBackend({}))) == []


async def test_a_chunk_without_text_is_no_news():
    async def stream(_: GenerationRequest) -> AsyncIterator[Chunk]:
        yield Chunk(prompt_tokens=3)
        yield Chunk(text="x")
        yield Chunk(finish="stop")

    events = await all_events(execution(Bare(stream), "a"))
    assert [type(event) for event in events] == [Started, Delta, Finished]
    assert ends(events)[0].completion.prompt_tokens == 3


async def test_an_answer_cut_at_its_limit_is_finished_and_says_so():
    cells = [work(0, "scripted:a", sampling=Sampling(max_tokens=1), messages=(Message("user", "x"),))]
    backend = ScriptedBackend({"a": "one two"})
    events = await all_events(
        Execution(cells, lambda _: backend, {"scripted": asyncio.Semaphore(1)}, as_it_is)
    )
    assert isinstance(ends(events)[0], Finished)
    assert ends(events)[0].completion.finish == "length"


async def test_slots_limit_how_many_cells_of_a_backend_run():
    backend = ScriptedBackend({"a": "one two three", "b": "one two three", "c": "one two three"})
    most = 0

    def watch(_: Event) -> None:
        nonlocal most
        most = max(most, backend.running)

    events = await all_events(execution(backend, "a", "b", "c", slots=2), watch)
    assert len(ends(events)) == 3
    assert most == 2


async def test_a_cell_that_waited_for_its_turn_has_not_been_slow():
    backend = ScriptedBackend({"slow": ["x", 0.3, "y"], "quick": "z"})
    done = ends(await all_events(execution(backend, "slow", "quick", slots=1)))
    assert done[1].completion.total_s < done[0].completion.total_s


# --- failures ---------------------------------------------------------------------------------------------


async def test_a_failing_cell_leaves_its_neighbours_alone():
    fault = BackendError("The server is gone.", "Start it again.")
    done = ends(await events_of({"a": ["half ", fault], "b": "one two", "c": [0.01, "late"]}))
    assert isinstance(done[0], Failed)
    assert (done[0].message, done[0].hint) == ("The server is gone.", "Start it again.")
    assert (done[0].completion.text, done[0].completion.finish) == ("half ", "error")
    assert [type(done[column]) for column in (1, 2)] == [Finished, Finished]
    assert [done[column].completion.text for column in (1, 2)] == ["one two", "late"]


async def test_an_exception_that_nobody_foresaw_becomes_words_and_goes_to_the_log(caplog):
    with caplog.at_level(logging.ERROR):
        done = ends(await events_of({"a": ["half", ZeroDivisionError("secret detail")], "b": "fine"}))
    assert isinstance(done[0], Failed)
    assert done[0].message == "scripted:a failed with ZeroDivisionError."
    assert done[0].hint
    assert "secret" not in done[0].message + done[0].hint
    assert done[0].completion.text == "half"
    assert "secret detail" in caplog.text
    assert isinstance(done[1], Finished)


async def test_a_stream_that_ends_without_saying_why_is_an_error():
    async def stream(_: GenerationRequest) -> AsyncIterator[Chunk]:
        yield Chunk(text="half an ans")

    end = ends(await all_events(execution(Bare(stream), "a")))[0]
    assert isinstance(end, Failed)
    assert "without saying why" in end.message
    assert (end.completion.text, end.completion.finish) == ("half an ans", "aborted")


async def test_a_column_whose_backend_is_not_there_fails_alone():
    backend = ScriptedBackend({"a": "x"})

    def backend_of(model: str) -> Backend:
        if model == "nobody:a":
            raise BackendError('No backend is called "nobody".', "Choose another model.")
        return backend

    lost = work(0, "nobody:a")
    run = Execution([lost, cell(1, "a")], backend_of, {"scripted": asyncio.Semaphore(1)}, as_it_is)
    events = await all_events(run)
    assert [type(event) for event in events if event.cell.key.variant == 0] == [Failed]
    assert isinstance(ends(events)[1], Finished)


async def test_a_failed_cell_gives_its_slot_back():
    backend = ScriptedBackend({"bad": [BackendError("no")], "a": "x", "b": "y"})
    done = ends(await all_events(execution(backend, "bad", "a", "b", slots=1)))
    assert [type(done[column]) for column in range(3)] == [Failed, Finished, Finished]


# --- stopping ---------------------------------------------------------------------------------------------


async def test_stopping_a_column_keeps_what_it_wrote_and_the_others_go_on():
    backend = ScriptedBackend({"a": ["kept ", HOUR, "never"], "b": ["one ", 0.05, "two"]})
    run = execution(backend, "a", "b")

    def stop_a(event: Event) -> None:
        if isinstance(event, Delta) and event.cell.key.variant == 0:
            run.stop(0)

    done = ends(await all_events(run, stop_a))
    assert isinstance(done[0], Finished)
    assert (done[0].completion.text, done[0].completion.finish) == ("kept ", "cancelled")
    assert (done[1].completion.text, done[1].completion.finish) == ("one two", "stop")
    assert backend.running == 0


async def test_stopping_everything_ends_every_column():
    backend = ScriptedBackend({"a": ["x", HOUR], "b": [HOUR, "y"]})
    run = execution(backend, "a", "b")

    def stop_all(event: Event) -> None:
        if isinstance(event, Delta):
            run.stop()

    done = ends(await all_events(run, stop_all))
    assert [(done[n].completion.text, done[n].completion.finish) for n in (0, 1)] == [
        ("x", "cancelled"),
        ("", "cancelled"),
    ]
    assert backend.running == 0


async def test_a_column_can_be_stopped_while_it_waits_for_a_slot():
    backend = ScriptedBackend({"a": ["x", 0.05, "y"], "b": "never"})
    run = execution(backend, "a", "b", slots=1)

    def stop_b(event: Event) -> None:
        if isinstance(event, Delta) and event.text == "x":
            run.stop(1)

    events = await all_events(run, stop_b)
    assert [type(event) for event in events if event.cell.key.variant == 1] == [Waits, Finished]
    assert ends(events)[1].completion.finish == "cancelled"
    assert ends(events)[0].completion.text == "xy"
    assert [request.model for request in backend.requests] == ["scripted:a"]


async def test_a_column_can_be_stopped_before_its_task_has_run():
    backend = ScriptedBackend({"a": "one", "b": "two"})
    run = execution(backend, "a", "b")
    reader = asyncio.create_task(all_events(run))
    # The reader's first step makes the tasks of the cells; this call is queued before any of them.
    reader_began = asyncio.get_running_loop().call_soon
    reader_began(run.stop, 1)
    events = await reader
    assert [type(event) for event in events if event.cell.key.variant == 1] == [Finished]
    assert ends(events)[1].completion.finish == "cancelled"
    assert ends(events)[0].completion.text == "one"


async def test_a_column_stopped_before_the_run_begins_never_asks_its_model():
    backend = ScriptedBackend({"a": "one two", "b": "three"})
    run = execution(backend, "a", "b")
    run.stop(0)
    done = ends(await all_events(run))
    assert done[0].completion.finish == "cancelled"
    assert done[1].completion.text == "three"
    assert [request.model for request in backend.requests] == ["scripted:b"]


async def test_an_answer_that_its_backend_calls_an_error_is_one():
    class Faulty(ScriptedBackend):
        async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
            yield Chunk(text="half")
            yield Chunk(finish="error")

    (event,) = [e for e in await all_events(execution(Faulty(), "echo")) if isinstance(e, Finished | Failed)]
    assert isinstance(event, Failed)
    assert event.completion.text == "half"


async def test_stopping_a_column_that_is_unknown_or_has_ended_is_no_error():
    run = execution(ScriptedBackend({"a": "x", "b": ["y", 0.02, "z"]}), "a", "b")

    def stop(event: Event) -> None:
        run.stop(9)
        if isinstance(event, Finished) and event.cell.key.variant == 0:
            run.stop(0)

    done = ends(await all_events(run, stop))
    assert [done[n].completion.finish for n in (0, 1)] == ["stop", "stop"]
    run.stop()


async def test_a_column_stopped_twice_ends_once():
    backend = ScriptedBackend({"a": ["x", HOUR]})
    run = execution(backend, "a")

    def stop_twice(event: Event) -> None:
        if isinstance(event, Delta):
            run.stop(0)
            run.stop()

    assert ends(await all_events(run, stop_twice))[0].completion.finish == "cancelled"


async def test_of_five_cells_in_one_column_stop_ends_one_or_all_of_them():
    backend = ScriptedBackend({"a": ["x", HOUR]})
    cells = [cell(0, "a", repeat) for repeat in range(5)]
    told: list[Event] = []
    run = Execution(cells, lambda _: backend, {"scripted": asyncio.Semaphore(8)}, as_it_is)

    def stop(event: Event) -> None:
        told.append(event)
        begun = [e for e in told if isinstance(e, Delta)]
        over = [e for e in told if isinstance(e, Finished)]
        if isinstance(event, Delta) and len(begun) == 5:
            run.stop(0, 2)
        elif isinstance(event, Finished) and len(over) == 1:
            assert event.cell.key.repeat == 2
            assert backend.running == 4
            run.stop()

    events = await all_events(run, stop)
    over = [
        (e.cell.key.repeat, e.completion.text, e.completion.finish) for e in events if isinstance(e, Finished)
    ]
    assert sorted(over) == [(repeat, "x", "cancelled") for repeat in range(5)]
    assert backend.running == 0


async def test_one_case_is_stopped_in_all_columns_and_one_cell_alone():
    backend = ScriptedBackend({"a": ["x", HOUR], "b": ["y", HOUR]})
    cells = [
        work(column, f"scripted:{name}", case=case) for column, name in enumerate("ab") for case in range(3)
    ]
    run = Execution(cells, lambda _: backend, {"scripted": asyncio.Semaphore(8)}, as_it_is)
    ended: set[CellKey] = set()
    async with asyncio.timeout(20), aclosing(run.events()) as events:
        async for event in events:
            if isinstance(event, Delta) and backend.running == 6:
                run.stop(case=1)
                run.stop(0, 0, case=2)
            if isinstance(event, Finished):
                ended.add(event.cell.key)
            if len(ended) == 3:
                break
    assert ended == {at(0, 0, 1), at(1, 0, 1), at(0, 0, 2)}


async def test_stopping_a_column_ends_all_its_cells_and_leaving_outlives_none():
    backend = ScriptedBackend({"a": ["x", HOUR], "b": ["y", HOUR]})
    cells = [cell(column, name, repeat) for column, name in enumerate("ab") for repeat in range(3)]
    run = Execution(cells, lambda _: backend, {"scripted": asyncio.Semaphore(8)}, as_it_is)
    ended: set[CellKey] = set()
    async with asyncio.timeout(20), aclosing(run.events()) as events:
        async for event in events:
            if isinstance(event, Delta) and backend.running == 6:
                run.stop(0)
            if isinstance(event, Finished):
                ended.add(event.cell.key)
            if len(ended) == 3:
                break
    assert ended == {at(0), at(0, 1), at(0, 2)}
    assert backend.running == 0


# --- leaving ----------------------------------------------------------------------------------------------


async def test_leaving_early_stops_the_work_and_settles_the_ends_of_all_cells():
    backend, book = ScriptedBackend({"a": ["kept ", HOUR], "b": [HOUR, "never"]}), Book()
    run = execution(backend, "a", "b", settle=book.settle)
    async with aclosing(run.events()) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    assert backend.running == 0
    left = {column: (end.completion.text, end.completion.finish) for column, end in book.ends.items()}
    assert left == {0: ("kept ", "cancelled"), 1: ("", "cancelled")}
    await run.finish()
    assert len(book.ends) == 2


async def test_leaving_keeps_an_answer_that_was_complete_but_not_taken():
    backend, book = ScriptedBackend({"a": "whole answer", "b": ["x", HOUR]}), Book()
    run = execution(backend, "a", "b", settle=book.settle)
    async with aclosing(run.events()) as events:
        assert isinstance(await anext(events), Started)
        await asyncio.sleep(0.05)  # the first column ends while nobody looks
    assert {column: end.completion.finish for column, end in book.ends.items()} == {0: "stop", 1: "cancelled"}


async def test_a_run_that_was_never_begun_settles_every_cell_as_cancelled():
    book = Book()
    await execution(ScriptedBackend({"a": "x"}), "a", "a", settle=book.settle).finish()
    assert [end.completion.finish for end in book.ends.values()] == ["cancelled", "cancelled"]


async def test_cancelling_the_reader_stops_the_work():
    backend, book = ScriptedBackend({"a": ["x", HOUR], "b": [HOUR]}), Book()
    run = execution(backend, "a", "b", settle=book.settle)
    reader = asyncio.create_task(all_events(run))
    while backend.running < 2:
        await asyncio.sleep(0)
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    assert reader.cancelled()
    assert backend.running == 0
    assert {end.completion.finish for end in book.ends.values()} == {"cancelled"}


# --- settling ---------------------------------------------------------------------------------------------


async def test_a_column_goes_on_while_another_one_is_being_settled():
    gate = asyncio.Event()

    async def settle(end: End) -> End:
        if end.cell.key.variant == 0:
            await gate.wait()
        return end

    run = execution(ScriptedBackend({"a": "x", "b": "y"}), "a", "b", settle=settle)
    order = []

    def open_gate(event: Event) -> None:
        if isinstance(event, Finished):
            order.append(event.cell.key.variant)
            gate.set()

    await all_events(run, open_gate)
    assert order == [1, 0]


async def test_what_settling_raises_ends_the_run_and_stops_the_work():
    async def full(end: End) -> End:
        raise OSError("disk full")

    backend = ScriptedBackend({"a": "x", "b": ["y", HOUR]})
    run = execution(backend, "a", "b", settle=full)
    with pytest.raises(OSError, match="disk full"):
        await all_events(run)
    assert backend.running == 0


async def test_stopping_does_not_undo_an_end_that_is_being_settled():
    began, gate, book = asyncio.Event(), asyncio.Event(), Book()

    async def settle(end: End) -> End:
        began.set()
        await gate.wait()
        return await book.settle(end)

    run = execution(ScriptedBackend({"a": "whole"}), "a", settle=settle)
    reader = asyncio.create_task(all_events(run))
    await began.wait()
    run.stop()
    gate.set()
    assert ends(await reader)[0].completion.finish == "stop"
    assert book.ends[0].completion.text == "whole"


async def test_the_slot_is_free_again_after_leaving():
    slots = {"scripted": asyncio.Semaphore(1)}
    backend = ScriptedBackend({"a": ["x", HOUR]})
    run = Execution([cell(0, "a")], lambda _: backend, slots, as_it_is)
    async with aclosing(run.events()) as events:
        await anext(events)
    assert not slots["scripted"].locked()


# --- waiting --------------------------------------------------------------------------------------------


async def test_a_cell_says_what_it_waits_for_until_its_text_comes():
    class Busy(ScriptedBackend):
        async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
            waits("The server is busy; asked again in 1 s.")
            async for chunk in super().stream(request):
                yield chunk

    backend = Busy({"m": ["one ", 0.01, "two"]})
    events = await all_events(execution(backend, "m", "m", slots=1))
    told = [[e.what for e in events if isinstance(e, Waits) and e.cell.key.variant == n] for n in (0, 1)]
    busy = "The server is busy; asked again in 1 s."
    assert told[0] == [busy]
    assert told[1] == [
        f"Waits for a free place at scripted, which answers {backend.parallel} at a time.",
        busy,
    ]


def test_what_is_told_where_nobody_listens_is_lost_without_harm():
    waits("Nobody hears this.")


@pytest.mark.parametrize("rank", [0, 1])
async def test_a_backend_is_told_what_nobody_waits_for(rank: int) -> None:
    backend = ScriptedBackend({"a": "done"})
    run = Execution(
        [cell(0, "a")], lambda _: backend, {"scripted": asyncio.Semaphore(1)}, as_it_is, lambda: rank
    )
    await all_events(run)
    assert [request.background for request in backend.requests] == [rank > 0]
